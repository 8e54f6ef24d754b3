// Argo Rollouts: a background analysis of the success rate beside timed steps. A measurement under the condition
// is Failed; more than failureLimit of them abort (analysis/analysis.go). A query that fails is an Error: it is
// asked again after 10 s, and more than four in a row abort. 0/0 requests are NaN, which no condition holds for.
// https://argo-rollouts.readthedocs.io/en/stable/features/analysis/

import type { Setting, View } from "../replay.ts";
import type { Stage } from "./staged.ts";
import { staged } from "./staged.ts";

interface Analysis {
  readonly startSeconds: number;
  readonly intervalSeconds: number;
  readonly success: number;
  readonly failureLimit: number;
  readonly slowLimit?: number;
}

const CONSECUTIVE_ERROR_LIMIT = 4;
const RETRY_SECONDS = 10;

function analysis(given: Analysis): (setting: Setting) => (view: View) => boolean {
  return ({ feed }) => {
    // The query's window must be visible: the first measurement waits for the lag.
    let next = given.startSeconds + feed.queryLagSeconds;
    let failed = 0;
    let errors = 0;
    return (view) => {
      if (view.now < next) return false;
      const until = view.now - feed.queryLagSeconds;
      const window = view.window(until - given.intervalSeconds, until);
      next = view.now + (window === undefined ? RETRY_SECONDS : given.intervalSeconds);
      errors = window === undefined ? errors + 1 : 0;
      if (window !== undefined && !isSuccess(window.candidate, given)) failed += 1;
      return failed > given.failureLimit || errors > CONSECUTIVE_ERROR_LIMIT;
    };
  };
}

const isSuccess = (
  { total, bad, slow }: { readonly total: number; readonly bad: number; readonly slow: number },
  { success, slowLimit }: Analysis,
): boolean => 1 - bad / total >= success && (slowLimit === undefined || slow / total <= slowLimit);

const MINUTE = 60;
const even = (weights: readonly number[], seconds: number): readonly Stage[] =>
  weights.map((weight) => ({ weight, seconds }));

export const argo = [
  staged({
    name: "argo-docs",
    source:
      "Argo Rollouts docs, features/analysis: 20/40/60/80 % of 10 min, from 40 % each 5 min, 95 %, failureLimit 3",
    stages: even([20, 40, 60, 80], 10 * MINUTE),
    breach: analysis({
      startSeconds: 10 * MINUTE,
      intervalSeconds: 5 * MINUTE,
      success: 0.95,
      failureLimit: 3,
    }),
  }),
  staged({
    name: "argo-spec-defaults",
    source:
      "The same steps; 99 % each minute from the start, failureLimit 0 as the specification defaults to",
    stages: even([20, 40, 60, 80], 10 * MINUTE),
    breach: analysis({ startSeconds: MINUTE, intervalSeconds: MINUTE, success: 0.99, failureLimit: 0 }),
  }),
  staged({
    name: "argo-tuned",
    source: "5/25/50/75 % of 5 min; 98 % and twice the usual slow requests each minute, failureLimit 2",
    stages: even([5, 25, 50, 75], 5 * MINUTE),
    breach: analysis({
      startSeconds: MINUTE,
      intervalSeconds: MINUTE,
      success: 0.98,
      failureLimit: 2,
      slowLimit: 0.02,
    }),
  }),
];
