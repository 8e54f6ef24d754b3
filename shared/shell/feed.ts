// The feed: one key of an account and Region reads the metrics of all rollouts together, as soon as bins are
// complete, and rings each rollout with its own. A hundred rollouts cost the calls of one. Rings go out before
// the progress is committed: a crash in between delivers twice, and who gets numbers drops what it knows.

import { AppError } from "../base/errors.ts";
import { fingerprint } from "../base/fingerprint.ts";
import type { Key } from "../base/keys.ts";
import { feedKeyOf, parseKey, trafficFeedKeyOf } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import { addMs, epochMs, seconds } from "../base/time.ts";
import type { KeyState } from "../contracts/aggregate.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import type { Fact, MetricsFact, SubscriptionFact, TrafficChangeFact } from "../contracts/facts.ts";
import type { Series } from "../contracts/metrics.ts";
import type { ReadDone } from "./feed-reads.ts";
import { readDue } from "./feed-reads.ts";
import type { FeedState } from "./feed-state.ts";
import {
  dueReads,
  feedStateOf,
  isLate,
  merged,
  nextDue,
  progressed,
  watchersOf,
  withFeed,
} from "./feed-state.ts";
import type { PassPorts } from "./ports.ts";
import { setWake } from "./wake.ts";

export interface FeedInput {
  readonly key: Key;
  readonly facts: readonly Fact[];
  /** Identifies the doorbells that caused this: the ids of those sent on derive from it. */
  readonly cause: string;
}

export type FeedResult = "fed" | "settled";

/** A second worker on the key is rare and brief; more collisions than this are left to SQS. */
const MAX_CONFLICTS = 3;
/**
 * The feed's own wake-ups start a new chain of hops each, because a rollout may last for days; so this, and not
 * the hop budget, bounds how often it can wake itself.
 */
const MIN_INTERVAL_MS = seconds(5);
const NEW_CHAIN = 0;

/** The doorbell of an order, to be rung by an act. Orders about rules go to the feed of their load balancer. */
export function feedDoorbellOf(fact: SubscriptionFact): Doorbell {
  const { subscription, ends } = fact;
  const of = subscription ?? ends;
  if (of === undefined) throw new AppError("defect", "an order to the feed names no rollout");
  const rule = subscription?.rules?.[0];
  const traffic = rule === undefined ? undefined : trafficFeedKeyOf(rule);
  return {
    key: traffic ?? feedKeyOf(parseKey(of.key)),
    id: fingerprint(`subscription ${of.key} ${of.rollout} ${fact.at}`),
    facts: [fact],
    hops: NEW_CHAIN,
    sentAt: fact.at,
  };
}

export async function feedPass(input: FeedInput, ports: PassPorts): Promise<FeedResult> {
  await ringWatchers(input, ports);
  for (let collision = 0; collision < MAX_CONFLICTS; collision += 1) {
    const result = await attemptFeed(input, ports);
    if (result !== "conflict") return result;
  }
  throw new AppError("conflict", `${input.key} is being worked on elsewhere`, { detail: { key: input.key } });
}

async function attemptFeed(input: FeedInput, ports: PassPorts): Promise<FeedResult | "conflict"> {
  const { state } = await ports.store.load(input.key);
  const now = ports.clock.now();
  const ordered = merged(feedStateOf(state), input.facts, now);
  const done = await readDue(dueReads(ordered, now), ports);
  const late = done.filter(isLate);
  const arrived = done.filter((one) => !isLate(one));
  const rung = await ringRollouts(arrived, { key: input.key, now }, ports);
  const feed = progressed(ordered, [...rung, ...late], now);
  const wakeAt = wakeAtOf(feed, now);
  if (isSettled(state, feed, { wakeAt, now })) return "settled";
  if ((await commitFeed({ key: input.key, state, feed, wakeAt, now }, ports)) === "conflict")
    return "conflict";
  await setWake({ key: input.key, wakeAt, hops: NEW_CHAIN }, ports);
  if (done.length > 0) report(feed, done, ports);
  return rung.length > 0 ? "fed" : "settled";
}

function wakeAtOf(feed: FeedState, now: EpochMs): EpochMs | undefined {
  const due = nextDue(feed);
  return due === undefined ? undefined : epochMs(Math.max(due, addMs(now, MIN_INTERVAL_MS)));
}

interface Timer {
  readonly wakeAt: EpochMs | undefined;
  readonly now: EpochMs;
}

/** Nothing was learnt and the timer stands: writing would only cost. */
function isSettled(state: KeyState, feed: FeedState, { wakeAt, now }: Timer): boolean {
  const timerStands =
    wakeAt === undefined
      ? state.wakeAt === undefined
      : state.wakeAt !== undefined && state.wakeAt > now && state.wakeAt <= wakeAt;
  return timerStands && state.failures === 0 && JSON.stringify(feedStateOf(state)) === JSON.stringify(feed);
}

interface Commit extends Timer {
  readonly key: Key;
  readonly state: KeyState;
  readonly feed: FeedState;
}

function commitFeed(
  { key, state, feed, wakeAt, now }: Commit,
  { store }: PassPorts,
): Promise<"committed" | "conflict"> {
  const { wakeAt: _former, ...rest } = state;
  const next: KeyState = {
    ...withFeed(rest, feed),
    version: state.version + 1,
    decidedAt: now,
    failures: 0,
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
  return store.commit(key, state.version, next);
}

function report(feed: FeedState, done: readonly ReadDone[], { log }: PassPorts): void {
  const series = done.flatMap((one) => one.series);
  const failed = series.filter(({ problem }) => problem !== undefined);
  log.info("metrics fed", {
    orders: Object.keys(feed).length,
    due: done.length,
    series: series.length,
    failed: failed.length,
    ...(failed[0]?.problem === undefined ? {} : { problem: failed[0].problem }),
  });
  log.count({ FeedSeries: series.length, FeedSeriesFailed: failed.length });
}

// --- to the rollouts ------------------------------------------------------------------------------------

/** One doorbell for each rollout. Returns the reads whose rollout was rung: the others are read again. */
async function ringRollouts(
  done: readonly ReadDone[],
  { key, now }: { readonly key: Key; readonly now: EpochMs },
  { work, log }: PassPorts,
): Promise<readonly ReadDone[]> {
  if (done.length === 0) return [];
  const byOrder = Map.groupBy(done, ({ due }) => due.id);
  const doorbells = [...byOrder].map(([, reads]) => doorbellOf(reads, { key, now }));
  const unsent = new Set((await work.ring(doorbells)).map((doorbell) => doorbell.id));
  if (unsent.size > 0) log.warn("metrics not taken", { unsent: unsent.size });
  const rung = [...byOrder.values()].filter((_, index) => !unsent.has(doorbells[index]?.id ?? ""));
  return rung.flat();
}

/** The same bins have the same id, however often they are sent: FIFO takes them once in five minutes. */
function doorbellOf(
  reads: readonly ReadDone[],
  { key, now }: { readonly key: Key; readonly now: EpochMs },
): Doorbell {
  const first = reads[0] as ReadDone;
  const { order } = first.due;
  const series: readonly Series[] = reads.flatMap((read) => read.series);
  const fact: MetricsFact = { kind: "metrics", rollout: order.rollout, series, at: now };
  const bins = reads.map(({ due }) => `${due.rhythm}<${due.until}`).join();
  return {
    key: order.key,
    id: fingerprint(`${key} ${first.due.id} ${bins}`),
    facts: [fact],
    hops: NEW_CHAIN,
    sentAt: now,
  };
}

// --- to those who watch a rule --------------------------------------------------------------------------

async function ringWatchers(input: FeedInput, ports: PassPorts): Promise<void> {
  const foreign = input.facts.filter(
    (fact) => fact.kind === "traffic-change" && !isOurs(fact, ports.settings.installation),
  ) as readonly TrafficChangeFact[];
  if (foreign.length === 0) return;
  const feed = feedStateOf((await ports.store.load(input.key)).state);
  const now = ports.clock.now();
  const news = foreign.flatMap((fact) => watchersOf(feed, fact.resource).map((key) => ({ key, fact })));
  const doorbells = [...Map.groupBy(news, ({ key }) => key)].map(([key, own]) => ({
    key,
    id: fingerprint(`${input.cause}>${key}`),
    facts: own.map(({ fact }) => fact),
    hops: NEW_CHAIN,
    sentAt: now,
  }));
  if (doorbells.length === 0) return;
  const unsent = await ports.work.ring(doorbells);
  if (unsent.length > 0) throw new AppError("transient", `${unsent.length} doorbells were not taken`);
}

/**
 * A function's session is named after it: `…:assumed-role/<role>/<installation>-reconcile`. What we wrote
 * ourselves is no news.
 */
const isOurs = ({ by }: TrafficChangeFact, installation: string): boolean =>
  by.endsWith(`/${installation}-reconcile`);
