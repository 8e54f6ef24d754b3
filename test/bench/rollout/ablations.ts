// What each part is worth: our ramp with the alarm that others use, our test without its dispersion, and our test
// at the pace of others.

import { epochMs } from "../../../shared/base/time.ts";
import type { AnalysisState, MetricState } from "../../../shared/core/rollout/analysis/analysis.ts";
import { judge } from "../../../shared/core/rollout/analysis/judge.ts";
import { initialAnalysis, learn, learnBaseline } from "../../../shared/core/rollout/analysis/learn.ts";
import { baselineOf, binsOf, completeUntil, composed, policyFor } from "./composed.ts";
import { alarm } from "./peers/alarm.ts";
import { staged } from "./peers/staged.ts";
import type { Algorithm, Setting, View } from "./replay.ts";

const clumpsAreUnknown = (state: AnalysisState): AnalysisState => ({
  ...state,
  metrics: Object.fromEntries(Object.entries(state.metrics).map(([name, metric]) => [name, plain(metric)])),
});

function plain({ scatter: _forgotten, ...metric }: MetricState): MetricState {
  return { ...metric, phi: 1 };
}

/** The test alone, whatever the weights. */
function testAlone({ feed, baseline }: Setting): (view: View) => boolean {
  const policy = policyFor(feed);
  let state = learnBaseline(initialAnalysis(policy, epochMs(0)), baselineOf(baseline), policy);
  let learntUntil = 0;
  return (view) => {
    const until = completeUntil(view.now, feed);
    const bins = until > learntUntil ? binsOf(view, [learntUntil, until], feed) : undefined;
    if (bins === undefined) return false;
    const now = epochMs(view.now * 1_000);
    state = learn(state, bins, { policy, now });
    learntUntil = until;
    return judge(state, { policy, now }).kind === "bad";
  };
}

export const ablations: readonly Algorithm[] = [
  {
    name: "ablation-static-alarm",
    source: "Fairlead's ramp; rolled back by an alarm over 1 % in 1 of 1 minute in place of the test",
    role: "ablation",
    begin: composed({ isBad: alarm({ on: "green", threshold: 0.01, points: 1, of: 1 }) }),
  },
  {
    name: "ablation-no-dispersion",
    source: "Fairlead, every error counted as if independent",
    role: "ablation",
    begin: composed({ forget: clumpsAreUnknown }),
  },
  {
    ...staged({
      name: "ablation-fixed-pace",
      source: "Fairlead's test at the pace of the ECS canary: 5 % for 10 min, then 95 % for 10 min",
      stages: [
        { weight: 5, seconds: 600 },
        { weight: 95, seconds: 600 },
      ],
      breach: testAlone,
    }),
    role: "ablation",
  },
];
