// PipeCD's analysis stage: every interval a Mann-Whitney test at a fixed 5 % over the points since the last one,
// new revision against old; it looks again each time, and failureLimit 0 ends at the first (metrics_analyzer.go).
// https://pipecd.dev/docs-v1.0.x/user-guide/managing-application/customizing-deployment/automated-deployment-analysis/

import type { Setting, Tally, View } from "../replay.ts";
import { zOfLarger } from "./mann-whitney.ts";
import { staged } from "./staged.ts";

const INTERVAL_SECONDS = 300;
const POINT_SECONDS = 15;
/** One-sided 5 %. */
const Z = 1.645;

type Series = readonly number[];

function analyzer(failureLimit: number): (setting: Setting) => (view: View) => boolean {
  return ({ feed }) => {
    let failed = 0;
    return (view) => {
      if (view.now % INTERVAL_SECONDS !== 0) return false;
      if (isWorse(view, view.now - feed.queryLagSeconds)) failed += 1;
      return failed > failureLimit;
    };
  };
}

/** A query that fails, or finds nothing (skipOnNoData is off), is a failed interval, too. */
function isWorse(view: View, until: number): boolean {
  const from = Math.max(0, until - INTERVAL_SECONDS);
  const points: { candidate: Tally; control: Tally }[] = [];
  for (let at = from; at + POINT_SECONDS <= until; at += POINT_SECONDS) {
    const window = view.window(at, at + POINT_SECONDS);
    if (window === undefined) return true;
    points.push(window);
  }
  if (points.every(({ candidate }) => candidate.total === 0)) return true;
  const shares = (side: "candidate" | "control", what: "bad" | "slow"): Series =>
    points
      .map((point) => point[side])
      .filter(({ total }) => total > 0)
      .map((tally) => tally[what] / tally.total);
  return (["bad", "slow"] as const).some(
    (what) => zOfLarger(shares("candidate", what), shares("control", what)) > Z,
  );
}

const stages = (weight: number) => [{ weight, seconds: 30 * 60 + 1 }];

export const pipecd = [
  staged({
    name: "pipecd",
    source: "PipeCD analysis, CANARY_PRIMARY: 10 % for 30 min, each 5 min, failureLimit 0",
    stages: stages(10),
    breach: analyzer(0),
  }),
  staged({
    name: "pipecd-tuned",
    source: "PipeCD analysis, CANARY_PRIMARY: 5 % for 30 min, each 5 min, failureLimit 1",
    stages: stages(5),
    breach: analyzer(1),
  }),
];
