// The policy that simulated rollouts run by: the manifest's defaults, with waits that fit a short run.

import { minutes } from "../../../shared/base/time.ts";
import { defaultAnalysisPolicy, defaultRolloutPolicy } from "../../../shared/contracts/rollout-defaults.ts";
import type { RolloutPolicy, RolloutStep } from "../../../shared/contracts/rollout-policy.ts";

/** Three weights with a look at the metrics between them. */
export const STEPS: readonly RolloutStep[] = [
  { kind: "setWeight", weight: 5 },
  { kind: "pause", durationMs: minutes(1) },
  { kind: "setWeight", weight: 25 },
  { kind: "analysis", durationMs: minutes(2) },
  { kind: "setWeight", weight: 60 },
  { kind: "pause", durationMs: minutes(1) },
];

export const POLICY: RolloutPolicy = {
  ...defaultRolloutPolicy,
  mode: "act",
  steps: STEPS,
  progressDeadlineMs: minutes(15),
  rollbackWindow: 0,
  drainSlices: 1,
  onDrift: "repair",
  analysis: {
    ...defaultAnalysisPolicy,
    deadlineMs: minutes(10),
    // Thin traffic must not keep a simulated rollout for hours.
    onInconclusive: "continue",
  },
};

export const AUTO: RolloutPolicy["steps"] = { kind: "auto", riskBudget: 20, firstWeight: 1 };
