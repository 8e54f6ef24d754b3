// One run of one algorithm on one seeded feed, in ticks of five seconds. Weights and rollbacks act ten seconds
// after they were asked for, for everybody alike.

import type { Prng } from "../../../shared/base/prng.ts";
import { prng } from "../../../shared/base/prng.ts";
import { binomial, clump, gamma, poisson } from "./sampling.ts";
import type { FeedKind, Scenario } from "./scenarios.ts";

const TICK_SECONDS = 5;
export const ACTUATION_SECONDS = 10;
/** The replay ends here: long enough for the slowest peer's first word (an hour) and its act. */
const HORIZON_SECONDS = 70 * 60;
const BASELINE_MINUTES = 30;
const FACTOR_SECONDS = 10;

export interface Tally {
  readonly total: number;
  readonly bad: number;
  readonly slow: number;
}

export interface Window {
  readonly candidate: Tally;
  readonly control: Tally;
}

export interface View {
  /** Seconds since the new revision got its first traffic. */
  readonly now: number;
  /** Share of it that was asked for last, percent. */
  readonly weight: number;
  /** Sums from (included) to (excluded), seconds. Undefined: the metrics do not answer. */
  window(from: number, to: number): Window | undefined;
}

export type Move = { readonly weight: number } | "rollback" | "promote";

export interface Setting {
  readonly feed: FeedKind;
  readonly rps: number;
  /** The old revision alone, by minute, half an hour before. */
  readonly baseline: readonly Tally[];
  readonly seed: number;
}

/** An algorithm under way: asked every tick, once everything visible by then is visible. */
export interface Run {
  readonly firstWeight: number;
  step(view: View): Move | undefined;
}

export interface Algorithm {
  readonly name: string;
  /** Page or file that it follows. */
  readonly source: string;
  readonly role: "ours" | "peer" | "ablation";
  begin(setting: Setting): Run;
}

export interface Outcome {
  readonly end: "rolled-back" | "promoted" | "open";
  readonly seconds: number;
  /** Failed (for the latency scenario: slow) requests of the new revision. */
  readonly failed: number;
  /** Requests of both revisions until the end. */
  readonly requests: number;
}

export interface Cell {
  readonly scenario: Scenario;
  readonly feed: FeedKind;
  readonly rps: number;
}

/** Arrivals and shared factors are the same for every algorithm; which request falls where depends on its weights. */
class Feed {
  readonly #sums = new Float64Array(6 * (HORIZON_SECONDS / TICK_SECONDS + 1));
  readonly #arrivals: Prng;
  readonly #falls: Prng;
  readonly #cell: Cell;
  #factor = 1;
  ticks = 0;

  constructor(cell: Cell, seed: number) {
    this.#cell = cell;
    this.#arrivals = prng(seed);
    this.#falls = prng(seed ^ 0x5bd1e995);
  }

  /** One tick more with this share of the traffic on the new revision. */
  pass(weight: number): void {
    const at = this.ticks * TICK_SECONDS;
    const { scenario, rps } = this.#cell;
    if (at % FACTOR_SECONDS === 0) this.#factor = this.#drawFactor();
    const all = scenario.noTraffic ? 0 : poisson(rps * TICK_SECONDS, this.#arrivals);
    const onNew = binomial(all, weight / 100, this.#falls);
    const errors = scenario.errors(at);
    const slow = scenario.slow(at);
    this.#add([
      onNew,
      this.#failed(onNew, errors.new),
      binomial(onNew, slow.new, this.#falls),
      all - onNew,
      this.#failed(all - onNew, errors.old),
      binomial(all - onNew, slow.old, this.#falls),
    ]);
  }

  #drawFactor(): number {
    const { sharedVariance } = this.#cell.scenario;
    return sharedVariance === undefined ? 1 : gamma(1 / sharedVariance, this.#arrivals);
  }

  #failed(requests: number, share: number): number {
    const mean = this.#cell.scenario.clumpMean ?? 1;
    const now = Math.min(1, share * this.#factor);
    if (mean <= 1) return binomial(requests, now, this.#falls);
    let failed = 0;
    for (let left = binomial(requests, now / mean, this.#falls); left > 0; left -= 1)
      failed += clump(mean, this.#falls);
    return Math.min(requests, failed);
  }

  #add(counts: readonly number[]): void {
    const base = 6 * this.ticks;
    for (let index = 0; index < 6; index += 1) {
      this.#sums[base + 6 + index] = (this.#sums[base + index] ?? 0) + (counts[index] ?? 0);
    }
    this.ticks += 1;
  }

  window(from: number, to: number): Window {
    const first = 6 * Math.max(0, Math.round(from / TICK_SECONDS));
    const last = 6 * Math.min(this.ticks, Math.max(0, Math.round(to / TICK_SECONDS)));
    const sum = (index: number): number =>
      Math.max(0, (this.#sums[last + index] ?? 0) - (this.#sums[first + index] ?? 0));
    return {
      candidate: { total: sum(0), bad: sum(1), slow: sum(2) },
      control: { total: sum(3), bad: sum(4), slow: sum(5) },
    };
  }
}

function baselineOf(cell: Cell, seed: number): readonly Tally[] {
  const before: Scenario = {
    ...cell.scenario,
    errors: () => {
      // An incident or a leak is still to come: before the rollout both are as they are when nothing happens.
      const { old } = cell.scenario.errors(HORIZON_SECONDS);
      return { old, new: old };
    },
  };
  const feed = new Feed({ ...cell, scenario: before }, seed ^ 0x2c1b3c6d);
  for (let tick = 0; tick < (BASELINE_MINUTES * 60) / TICK_SECONDS; tick += 1) feed.pass(0);
  return Array.from(
    { length: BASELINE_MINUTES },
    (_, minute) => feed.window(minute * 60, (minute + 1) * 60).control,
  );
}

/** What was asked for acts after a while; what is asked for last counts, and a rollback is the end. */
class Lever {
  acting: number;
  asked: number;
  isGoingBack = false;
  #due: { readonly at: number; readonly weight: number } | undefined;

  constructor(weight: number) {
    this.acting = weight;
    this.asked = weight;
  }

  pull(move: Exclude<Move, "promote">, now: number): void {
    this.isGoingBack = move === "rollback";
    const weight = move === "rollback" ? 0 : move.weight;
    this.#due = { at: now + ACTUATION_SECONDS, weight };
    this.asked = weight;
  }

  /** True when it has gone back. */
  acts(now: number): boolean {
    if (this.#due === undefined || now < this.#due.at) return false;
    this.acting = this.#due.weight;
    this.#due = undefined;
    return this.isGoingBack;
  }
}

export function replay(algorithm: Algorithm, cell: Cell, seed: number): Outcome {
  const feed = new Feed(cell, seed);
  const run = algorithm.begin({ feed: cell.feed, rps: cell.rps, baseline: baselineOf(cell, seed), seed });
  const lever = new Lever(run.firstWeight);
  const silentUntil = cell.scenario.silentUntil ?? 0;
  for (let now = TICK_SECONDS; now <= HORIZON_SECONDS; now += TICK_SECONDS) {
    feed.pass(lever.acting);
    if (lever.acts(now)) return outcome(feed, cell, { end: "rolled-back", seconds: now });
    if (lever.isGoingBack) continue;
    const window: View["window"] = (from, to) => (now < silentUntil ? undefined : feed.window(from, to));
    const move = run.step({ now, weight: lever.asked, window });
    if (move === "promote") return outcome(feed, cell, { end: "promoted", seconds: now });
    if (move !== undefined) lever.pull(move, now);
  }
  return outcome(feed, cell, { end: "open", seconds: HORIZON_SECONDS });
}

/** A bad version that was promoted goes on failing until the replay ends: in expectation, to save the draws. */
function outcome(feed: Feed, cell: Cell, { end, seconds }: Pick<Outcome, "end" | "seconds">): Outcome {
  const { candidate, control } = feed.window(0, seconds);
  const isSlow = cell.scenario.name === "latency";
  let failed = isSlow ? candidate.slow : candidate.bad;
  if (end === "promoted" && cell.scenario.noTraffic !== true) {
    for (let at = seconds; at < HORIZON_SECONDS; at += 60) {
      const share = isSlow ? cell.scenario.slow(at).new : cell.scenario.errors(at).new;
      failed += share * cell.rps * Math.min(60, HORIZON_SECONDS - at);
    }
  }
  return { end, seconds, failed, requests: candidate.total + control.total };
}
