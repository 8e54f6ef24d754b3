// Spinnaker's Kayenta: a baseline of the same size beside the canary; per metric the Mann-Whitney interval (98 %)
// must lie above a quarter of the estimated shift, and the effect above 1, to be High; one High fails the canary.
// https://spinnaker.io/docs/guides/user/canary/best-practices/

import { prng } from "../../../../shared/base/prng.ts";
import type { Setting, View, Window } from "../replay.ts";
import { binomial } from "../sampling.ts";
import { shiftOf } from "./mann-whitney.ts";
import { staged } from "./staged.ts";

const STEP_SECONDS = 60;
/** Two-sided 98 %. */
const Z = 2.326;
const TOLERANCE = 0.25;
/** Ratio of means under which a difference does not matter. */
const EFFECT = 1;

function judgeAfter(lifetimeSeconds: number, share: number): (setting: Setting) => (view: View) => boolean {
  return ({ feed, seed }) => {
    const chance = prng(seed ^ 0x41c64e6d);
    /** The baseline is a sample of the old revision, as large as the canary. */
    const thinned = (count: number): number => binomial(count, share / (100 - share), chance);
    const isDue = (view: View): boolean => view.now === lifetimeSeconds + Math.ceil(feed.lagSeconds / 5) * 5;
    return (view) => isDue(view) && isHigh(pointsOf(view, lifetimeSeconds), thinned);
  };
}

function pointsOf(view: View, lifetimeSeconds: number): readonly Window[] {
  const points: Window[] = [];
  for (let at = 0; at + STEP_SECONDS <= lifetimeSeconds; at += STEP_SECONDS) {
    const window = view.window(at, at + STEP_SECONDS);
    if (window !== undefined && window.candidate.total > 0) points.push(window);
  }
  return points;
}

function isHigh(points: readonly Window[], thinned: (count: number) => number): boolean {
  return (["bad", "slow"] as const).some((what) => {
    const canary = points.map(({ candidate }) => candidate[what]);
    const baseline = points.map(({ control }) => thinned(control[what]));
    const { estimate, lower } = shiftOf(canary, baseline, Z);
    return lower > TOLERANCE * Math.abs(estimate) && meanOf(canary) > EFFECT * meanOf(baseline);
  });
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const SHARE = 10;
const HOUR = 3_600;
/** The least number of points that the best practices name, a minute each. */
const FIFTY_POINTS = 50 * STEP_SECONDS;
/** Until the judgement is in: the metric store's lag, and a tick. */
const stages = (seconds: number) => [{ weight: SHARE, seconds: seconds + 65 }];

export const kayenta = [
  staged({
    name: "kayenta",
    source: "Kayenta best practices: an hour of 1-min points, 10 % beside a baseline of 10 %",
    stages: stages(HOUR),
    breach: judgeAfter(HOUR, SHARE),
  }),
  staged({
    name: "kayenta-tuned",
    source: "The same with the least that they advise: 50 points",
    stages: stages(FIFTY_POINTS),
    breach: judgeAfter(FIFTY_POINTS, SHARE),
  }),
];
