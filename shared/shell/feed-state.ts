// Who gets numbers from a feed, and how far each has been served. Pure: orders come in, what is due comes out.

import type { Key } from "../base/keys.ts";
import type { DurationMs, EpochMs } from "../base/time.ts";
import { addMs, earliest, epochMs, minutes, seconds } from "../base/time.ts";
import type { Json, KeyState } from "../contracts/aggregate.ts";
import type { Fact, SubscriptionFact } from "../contracts/facts.ts";
import type { MetricQuery, Subscription } from "../contracts/metrics.ts";

/** How far one rhythm of a subscription got: bins up to `read` are known, up to `tried` were asked for. */
interface Progress {
  readonly read: EpochMs;
  readonly tried: EpochMs;
  /** The newest bin had numbers: if the next one has none, the provider may only be late. */
  readonly flows?: boolean;
  /** The bin after `tried` was late so often, and is looked for again then. */
  readonly late?: { readonly times: number; readonly retryAt: EpochMs };
}

export interface Standing {
  readonly order: Subscription;
  /** By rhythm, see `rhythmOf`. */
  readonly progress: Readonly<Record<string, Progress>>;
}

/** By `key rollout`. */
export type FeedState = Readonly<Record<string, Standing>>;

/** The state item's capability under which a feed keeps its orders. */
const FEED = "feed";

export const feedStateOf = (state: KeyState): FeedState =>
  // -- reason: written by `withFeed` alone, the store validated the item's frame
  (state.capabilities[FEED] ?? {}) as unknown as FeedState;

export const withFeed = (state: KeyState, feed: FeedState): KeyState => ({
  ...state,
  // -- reason: orders and instants are plain JSON
  capabilities: { ...state.capabilities, [FEED]: feed as unknown as Json },
});

const idOf = ({ key, rollout }: { readonly key: string; readonly rollout: string }): string =>
  `${key} ${rollout}`;

/** Begins, renews and ends what the facts say, and forgets what nobody renewed. */
export function merged(feed: FeedState, facts: readonly Fact[], now: EpochMs): FeedState {
  const next = new Map(Object.entries(feed));
  for (const fact of facts) if (fact.kind === "subscription") mergeOrder(next, fact);
  for (const [id, { order }] of next) if (order.until <= now) next.delete(id);
  return Object.fromEntries(next);
}

/**
 * A hundred orders of the default metrics take 13 KB of the state item, which may have 350. Beyond it a rollout
 * gets no numbers, which it takes for no proof, and orders again; the others go on.
 */
export const MAX_ORDERS = 2_000;

function mergeOrder(feed: Map<string, Standing>, { subscription, ends }: SubscriptionFact): void {
  if (ends !== undefined) feed.delete(idOf(ends));
  if (subscription === undefined) return;
  const id = idOf(subscription);
  const known = feed.get(id);
  if (known === undefined) {
    if (feed.size < MAX_ORDERS) feed.set(id, { order: subscription, progress: {} });
    return;
  }
  // A later start must not skip bins, an earlier one must not send the old ones again.
  const until = epochMs(Math.max(known.order.until, subscription.until));
  feed.set(id, { ...known, order: { ...subscription, from: known.order.from, until } });
}

// --- what is due ----------------------------------------------------------------------------------------

/** Queries with one length of bins and one delay are due together. */
interface Rhythm {
  readonly name: string;
  readonly periodMs: DurationMs;
  readonly settleMs: DurationMs;
  readonly queries: readonly MetricQuery[];
}

function rhythmsOf({ queries, settleMs }: Subscription): readonly Rhythm[] {
  const byName = Map.groupBy(queries, (query) => `${query.periodMs}+${query.settleMs ?? settleMs}`);
  return [...byName].map(([name, own]) => {
    const first = own[0] as MetricQuery;
    return { name, periodMs: first.periodMs, settleMs: first.settleMs ?? settleMs, queries: own };
  });
}

const binStart = (at: number, periodMs: DurationMs): EpochMs => epochMs(Math.floor(at / periodMs) * periodMs);

/** Older bins are not asked for again: whoever could not be read for so long starts anew. */
const LOOK_BACK_MS = minutes(60);

/**
 * CloudWatch promises no delay. Where numbers flowed and the newest bin has none at all, it is looked for again
 * two times before the next bin is due, instead of a whole minute later.
 */
const LATE_RETRY_MS = seconds(20);
const MAX_LATE_RETRIES = 2;
const COARSE_MS = minutes(1);

export interface DueRead {
  readonly id: string;
  readonly order: Subscription;
  readonly rhythm: string;
  readonly periodMs: DurationMs;
  readonly queries: readonly MetricQuery[];
  /** [from, until): complete bins only, one known bin included, because its numbers may have come late. */
  readonly from: EpochMs;
  readonly until: EpochMs;
  /** Bins from here on are news. */
  readonly newsFrom: EpochMs;
  /** Without any news it is looked for again: this read does not count yet. */
  readonly isPatient: boolean;
}

export const dueReads = (feed: FeedState, now: EpochMs): readonly DueRead[] =>
  Object.entries(feed).flatMap(([id, standing]) =>
    rhythmsOf(standing.order).flatMap((rhythm) => dueRead({ id, standing, rhythm, now })),
  );

interface Asked {
  readonly id: string;
  readonly standing: Standing;
  readonly rhythm: Rhythm;
  readonly now: EpochMs;
}

function dueRead({ id, standing: { order, progress }, rhythm, now }: Asked): readonly DueRead[] {
  const { name, periodMs, settleMs, queries } = rhythm;
  const begin = binStart(order.from, periodMs);
  const until = binStart(now - settleMs, periodMs);
  const { read, tried, flows, late } = progress[name] ?? { read: begin, tried: begin };
  if (until <= tried || (late !== undefined && late.retryAt > now)) return [];
  const from = epochMs(Math.max(begin, read - periodMs, until - LOOK_BACK_MS));
  const isPatient = flows === true && periodMs >= COARSE_MS && (late?.times ?? 0) < MAX_LATE_RETRIES;
  return [{ id, order, rhythm: name, periodMs, queries, from, until, newsFrom: read, isPatient }];
}

export interface Served {
  readonly due: DueRead;
  /** Every series was complete. */
  readonly isComplete: boolean;
  /** Some new bin has a number in some series; the newest one has. */
  readonly hasNews: boolean;
  readonly flows: boolean;
}

/** Not handed on: it is expected to come soon. */
export const isLate = ({ due, isComplete, hasNews }: Served): boolean =>
  due.isPatient && isComplete && !hasNews;

/** What was handed on is not read again, but for one bin; what failed is asked for again with the next bin. */
export function progressed(feed: FeedState, served: readonly Served[], now: EpochMs): FeedState {
  const next: Record<string, Standing> = { ...feed };
  for (const one of served) {
    const { id, rhythm, periodMs } = one.due;
    const standing = next[id];
    if (standing === undefined) continue;
    const begin = binStart(standing.order.from, periodMs);
    const before = standing.progress[rhythm] ?? { read: begin, tried: begin };
    next[id] = { ...standing, progress: { ...standing.progress, [rhythm]: afterRead(before, one, now) } };
  }
  return next;
}

function afterRead(before: Progress, one: Served, now: EpochMs): Progress {
  if (isLate(one)) {
    const times = (before.late?.times ?? 0) + 1;
    return { ...before, late: { times, retryAt: addMs(now, LATE_RETRY_MS) } };
  }
  const { due, isComplete, flows } = one;
  return { read: isComplete ? due.until : before.read, tried: due.until, flows };
}

/** When the next bin of anybody is complete; undefined when nobody waits for one. */
export const nextDue = (feed: FeedState): EpochMs | undefined =>
  earliest(
    ...Object.values(feed).flatMap(({ order, progress }) => rhythmsOf(order).map(dueAt(order, progress))),
  );

const dueAt =
  (order: Subscription, progress: Standing["progress"]) =>
  ({ name, periodMs, settleMs }: Rhythm): EpochMs => {
    const { tried, late } = progress[name] ?? { tried: binStart(order.from, periodMs), late: undefined };
    return late?.retryAt ?? addMs(addMs(tried, periodMs), settleMs);
  };

// --- who watches ----------------------------------------------------------------------------------------

/** Keys that want to hear of changes of this rule or listener. */
export const watchersOf = (feed: FeedState, resource: string): readonly Key[] => [
  ...new Set(
    Object.values(feed).flatMap(({ order }) => (order.rules?.includes(resource) === true ? [order.key] : [])),
  ),
];
