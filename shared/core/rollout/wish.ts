// Where the rollout shall be now, in the drivers' independent words.

import { assertNever } from "../../base/assert.ts";
import type { RolloutPolicy, RolloutStep } from "../../contracts/rollout-policy.ts";
import type { Wish } from "./driver.ts";
import { weightCap, wholePercent } from "./policy.ts";
import type { Active, Rollout } from "./state.ts";

/** Some capacity comes before the first request. */
const LEAST_SCALE = 1;

export function wishOf({ phase, rollout }: Active, policy: RolloutPolicy): Wish {
  switch (phase) {
    case "starting":
    case "preparing":
      return { kind: "ready", scale: firstScale(rollout, policy) };
    case "stepping":
      return wishAtStep(rollout, policy);
    case "finishing":
      return { kind: "finished" };
    case "aborting":
      return { kind: "rolled-back" };
    case "stuck":
      return { kind: rollout.cause === undefined ? "finished" : "rolled-back" };
    default:
      return assertNever(phase);
  }
}

/** Equal wishes have equal names. */
export const wishName = (wish: Wish): string => {
  switch (wish.kind) {
    case "ready":
      return `ready ${wish.scale}`;
    case "weight":
      return `weight ${wish.weight} ${wish.scale}`;
    case "header-route":
      return `header-route ${wish.header}=${wish.values.join()}`;
    case "finished":
    case "rolled-back":
      return wish.kind;
    default:
      return assertNever(wish);
  }
};

function wishAtStep(rollout: Rollout, policy: RolloutPolicy): Wish {
  const current = rollout.steps[rollout.step];
  if (current?.kind === "headerRoute") {
    return { kind: "header-route", header: current.header, values: current.values };
  }
  const taken = rollout.steps.slice(0, rollout.step + 1);
  const scaled = taken.findLast((step) => step.kind === "setScale");
  const asked = scaled === undefined ? 0 : wholePercent(scaled.percent, 0);
  const weight = weightOf(taken, weightCap(policy, rollout), rollout.weight);
  if (weight === undefined) return { kind: "ready", scale: Math.max(asked, firstScale(rollout, policy)) };
  return { kind: "weight", weight, scale: Math.max(asked, weight, LEAST_SCALE) };
}

/** The weight of the last step that sets one; a cap that came down later takes nothing back. */
function weightOf(taken: readonly RolloutStep[], cap: number, present: number): number | undefined {
  const set = taken.findLast((step) => step.kind === "setWeight");
  if (set === undefined) return undefined;
  const asked = wholePercent(set.weight, 0);
  return Math.min(asked, Math.max(cap, Math.min(present, asked)));
}

/** Capacity for the first share of the traffic: what the first step needs. */
function firstScale({ steps, isAuto }: Rollout, policy: RolloutPolicy): number {
  const first = steps.find((step) => step.kind === "setScale" || step.kind === "setWeight");
  if (first?.kind === "setScale") return Math.max(LEAST_SCALE, wholePercent(first.percent, LEAST_SCALE));
  if (first?.kind === "setWeight") return Math.max(LEAST_SCALE, wholePercent(first.weight, LEAST_SCALE));
  if (isAuto && "kind" in policy.steps)
    return Math.max(LEAST_SCALE, wholePercent(policy.steps.firstWeight, LEAST_SCALE));
  return isAuto ? LEAST_SCALE : 100;
}
