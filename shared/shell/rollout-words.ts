// Steps in the words of the manifest.

import { durationText } from "../contracts/manifest/duration.ts";
import type { AutoSteps, RolloutPolicy, RolloutStep } from "../contracts/rollout-policy.ts";

export function stepText(step: RolloutStep): string {
  switch (step.kind) {
    case "setWeight":
      return `setWeight ${step.weight}`;
    case "setScale":
      return `setScale ${step.percent}`;
    case "pause":
      return step.durationMs === undefined
        ? "pause until promoted"
        : `pause ${durationText(step.durationMs)}`;
    case "analysis":
      return step.durationMs === undefined ? "analysis" : `analysis ${durationText(step.durationMs)}`;
    case "headerRoute":
      return step.values.length === 0
        ? `headerRoute ${step.header} ends`
        : `headerRoute ${step.header}: ${step.values.join(", ")}`;
    case "webhook":
      return `webhook ${URL.parse(step.url)?.host ?? step.url}`;
    case "approve":
      return `approve within ${durationText(step.expiresMs)}`;
  }
}

const isAuto = (steps: RolloutPolicy["steps"]): steps is AutoSteps => "kind" in steps;

/** Presets are written out by then, so steps are told apart by what they are. */
export function strategyOf(steps: RolloutPolicy["steps"]): string {
  if (isAuto(steps)) return `auto (risk budget ${steps.riskBudget})`;
  if (steps.length === 0) return "all at once";
  return `${steps.length} ${steps.length === 1 ? "step" : "steps"}`;
}
