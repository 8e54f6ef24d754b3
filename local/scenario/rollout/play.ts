// What the demo shows of rollouts, on real HTTP: a good version comes in under load and nobody notices, a bad one
// is taken back with its failures counted, and an abort in mid-shift brings all traffic back at once.

import type { Clients } from "../fleet.ts";
import { pause } from "../wall-time.ts";
import type { Customers, Sums } from "./customers.ts";
import { registerVersion } from "./shop.ts";

/** Fairlead, as an operator has it before them. */
export interface Desk {
  start(taskDefinition: string): Promise<void>;
  abort(): Promise<void>;
  look(): Promise<Look>;
}

export interface Look {
  /** Of the rollout under way; `idle` when there is none. */
  readonly phase: string;
  readonly weight: number;
  /** The newest one that is over. */
  readonly last?: { readonly taskDefinition: string; readonly outcome: string; readonly verdict: string };
  readonly reason: string;
}

export interface RolloutFigures {
  readonly good: { readonly requests: number; readonly failed: number };
  readonly bad: { readonly requests: number; readonly failed: number; readonly verdict: string };
  /** From the operator's word to the new version's last answer. */
  readonly abortMs: number;
}

export interface PlayOptions {
  readonly clients: Clients;
  readonly customers: Customers;
  readonly desk: Desk;
  /** The good version must live through at least so many. */
  readonly requests: number;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
}

export interface Played {
  readonly figures?: RolloutFigures;
  readonly failures: readonly string[];
}

const ABORT_GOAL_MS = 2_000;
/** A rollout of the demo takes a minute or two; a metric feed that stands still must not hold it for ever. */
const PATIENCE_MS = 600_000;
const LOOK_EVERY_MS = 200;
/** Shares at which an abort is one in mid-shift. */
const MID_SHIFT = { least: 20, most: 99 };
/** So long without an answer of the new version, and it has none. */
const QUIET_MS = 3_000;

const GOOD = 2;
const BAD = 3;
const ABORTED = 4;

export async function play(options: PlayOptions): Promise<Played> {
  const good = await playGood(options);
  if (typeof good === "string") return { failures: [good] };
  const bad = await playBad(options);
  if (typeof bad === "string") return { failures: [bad] };
  const abortMs = await playAbort(options);
  if (typeof abortMs === "string") return { failures: [abortMs] };
  const figures = { good, bad, abortMs };
  return { figures, failures: complaintsOf(figures, options) };
}

function complaintsOf({ good, abortMs }: RolloutFigures, { requests }: PlayOptions): readonly string[] {
  const complaints: string[] = [];
  if (good.failed > 0) complaints.push(`rollout of version ${GOOD}: ${good.failed} requests failed`);
  if (good.requests < requests) complaints.push(`rollout of version ${GOOD}: only ${good.requests} requests`);
  if (abortMs > ABORT_GOAL_MS) complaints.push(`abort: all traffic was back after ${abortMs} ms`);
  return complaints;
}

// --- the three acts -------------------------------------------------------------------------------------

async function playGood(options: PlayOptions): Promise<RolloutFigures["good"] | string> {
  const { customers, onStep, requests, signal } = options;
  onStep(`version ${GOOD} of the shop rolls out under load`);
  const before = customers.sums();
  const ended = await rollOut(options, GOOD);
  if (typeof ended === "string") return ended;
  if (ended.outcome !== "promoted") return `version ${GOOD} ended ${ended.outcome}: ${ended.verdict}`;
  await customers.load.until(before.requests + requests, signal);
  const { requests: answered, failed } = since(before, await settledSums(options));
  onStep(`version ${GOOD} has all traffic: ${failed} of ${answered} requests failed meanwhile`);
  return { requests: answered, failed };
}

async function playBad(options: PlayOptions): Promise<RolloutFigures["bad"] | string> {
  const { customers, onStep } = options;
  onStep(`version ${BAD} fails 5 % of its requests: it rolls out`);
  const before = customers.sums();
  const ended = await rollOut(options, BAD, { FAIL_PERCENT: "5" });
  if (typeof ended === "string") return ended;
  if (ended.outcome !== "rolled-back") return `version ${BAD} ended ${ended.outcome}: ${ended.verdict}`;
  const { requests, failed } = since(before, await settledSums(options));
  onStep(`version ${BAD} is rolled back: ${failed} of ${requests} requests failed. ${ended.verdict}`);
  return { requests, failed, verdict: ended.verdict };
}

async function playAbort(options: PlayOptions): Promise<number | string> {
  const { clients, customers, desk, onStep, signal } = options;
  onStep(`version ${ABORTED} rolls out, and an operator aborts it in mid-shift`);
  await desk.start(await registerVersion(clients, ABORTED));
  const shifted = await seen(
    options,
    (look) => look.weight >= MID_SHIFT.least && look.weight <= MID_SHIFT.most,
  );
  if (typeof shifted === "string") return `version ${ABORTED} never had traffic: ${shifted}`;
  while (customers.lastAnswerOf(ABORTED) === undefined && !signal.aborted) await pause(LOOK_EVERY_MS, signal);
  const saidAt = Date.now();
  await desk.abort();
  await quiet(options, saidAt);
  const abortMs = Math.max(0, (customers.lastAnswerOf(ABORTED) ?? saidAt) - saidAt);
  const ended = await seen(options, ({ phase, last }) => phase === "idle" && last?.outcome === "rolled-back");
  if (typeof ended === "string") return `version ${ABORTED} was not taken back: ${ended}`;
  onStep(`aborted at ${shifted.weight} %: all traffic was back after ${abortMs} ms`);
  return abortMs;
}

/** The new version has given no answer for a while. */
async function quiet({ customers, signal }: PlayOptions, saidAt: number): Promise<void> {
  const deadline = saidAt + PATIENCE_MS;
  const newest = () => Math.max(saidAt, customers.lastAnswerOf(ABORTED) ?? 0);
  while (Date.now() - newest() < QUIET_MS && Date.now() < deadline && !signal.aborted)
    await pause(LOOK_EVERY_MS, signal);
}

// --- parts ----------------------------------------------------------------------------------------------

async function rollOut(
  options: PlayOptions,
  version: number,
  behaviour: Readonly<Record<string, string>> = {},
): Promise<NonNullable<Look["last"]> | string> {
  const { clients, desk } = options;
  const taskDefinition = await registerVersion(clients, version, behaviour);
  await desk.start(taskDefinition);
  const ended = await seen(
    options,
    ({ phase, last }) => phase === "idle" && last?.taskDefinition.endsWith(taskDefinition) === true,
  );
  if (typeof ended === "string") return `version ${version} did not come to an end: ${ended}`;
  return ended.last ?? "no rollout was remembered";
}

/** Looks until it holds; a text says what was seen last when it did not in time. */
async function seen(
  { desk, signal, onStep }: PlayOptions,
  holds: (look: Look) => boolean,
): Promise<Look | string> {
  const deadline = performance.now() + PATIENCE_MS;
  let weight = 0;
  for (;;) {
    const look = await desk.look();
    if (holds(look)) return look;
    if (signal.aborted) return "interrupted";
    if (performance.now() > deadline) return `${look.phase} at ${look.weight} %: ${look.reason}`;
    if (look.phase !== "idle" && look.weight !== weight) onStep(`  ${look.weight} %: ${look.reason}`);
    weight = look.weight;
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** The counts come once a second. */
async function settledSums({ customers, signal }: PlayOptions): Promise<Sums> {
  await pause(2_000, signal);
  return customers.sums();
}

const since = (before: Sums, after: Sums): { requests: number; failed: number } => ({
  requests: after.requests - before.requests,
  failed: after.failed - before.failed,
});
