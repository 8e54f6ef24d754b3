// Flagger: each interval the success rate and the p99 of the last one; a failed check holds the weight, and at
// `threshold` of them the next tick rolls back (scheduler.go). No values are a failed check.
// https://docs.flagger.app/tutorials/istio-progressive-delivery

import type { Algorithm, Move, Run, Setting, Tally, View } from "../replay.ts";

interface Options {
  readonly name: string;
  readonly source: string;
  readonly weights: readonly number[];
  readonly threshold: number;
}

const INTERVAL_SECONDS = 60;
const SUCCESS = 0.99;
/** p99 under 500 ms: taken as at most twice the usual share of slow requests. */
const SLOW = 0.02;

function flagger({ name, source, weights, threshold }: Options): Algorithm {
  return { name, source, role: "peer", begin: (setting) => runOf(setting, weights, threshold) };
}

function runOf({ feed }: Setting, weights: readonly number[], threshold: number): Run {
  let at = 0;
  let failed = 0;
  const step = (view: View): Move | undefined => {
    if (view.now % INTERVAL_SECONDS !== 0) return undefined;
    if (failed >= threshold) return "rollback";
    const until = view.now - feed.queryLagSeconds;
    const passed = isPassed(view.window(until - INTERVAL_SECONDS, until)?.candidate);
    if (!passed) {
      failed += 1;
      return undefined;
    }
    at += 1;
    const weight = weights[at];
    return weight === undefined ? "promote" : { weight };
  };
  return { firstWeight: weights[0] ?? 100, step };
}

const isPassed = (tally: Tally | undefined): boolean =>
  tally !== undefined &&
  tally.total > 0 &&
  1 - tally.bad / tally.total >= SUCCESS &&
  tally.slow / tally.total <= SLOW;

export const flaggers = [
  flagger({
    name: "flagger-tutorial",
    source: "Flagger docs, Istio tutorial: each minute 10 % more up to 50 %, 99 %, p99 500 ms, threshold 5",
    weights: [10, 20, 30, 40, 50],
    threshold: 5,
  }),
  flagger({
    name: "flagger-default",
    source: "The same with the default threshold of 1",
    weights: [10, 20, 30, 40, 50],
    threshold: 1,
  }),
  flagger({
    name: "flagger-tuned",
    source: "stepWeights 1, 5, 10, 25, 50 each minute, threshold 2",
    weights: [1, 5, 10, 25, 50],
    threshold: 2,
  }),
];
