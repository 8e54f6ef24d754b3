// S2: weights that we write are whole numbers, sum to 100, and somebody healthy gets the traffic. S3: a weight is
// never raised towards tasks that are not there or not steady.

import type { RolloutState } from "../../../../shared/core/rollout/state.ts";
import type { CallStep, Invariant, Known } from "../trace.ts";
import { memoryOfStates, weightOf, weightsIn } from "../trace.ts";

const MAX_WEIGHT = 999;

export const wholeWeights: Invariant = {
  id: "S2",
  create: () => (step) => (step.kind === "call" && step.refused === undefined ? misweighed(step) : undefined),
};

function misweighed(call: CallStep): string | undefined {
  const weights = weightsIn(call);
  if (weights === undefined) return undefined;
  const text = weights.map(([, weight]) => weight).join("/");
  const isWhole = weights.every(
    ([, weight]) => Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT,
  );
  if (!isWhole) return `wrote weights that are no whole numbers: ${text}`;
  const sum = weights.reduce((all, [, weight]) => all + weight, 0);
  if (sum !== 100) return `wrote weights ${text}: they sum to ${sum}`;
  const anyHealthy = call.before.groups.some(({ healthy }) => healthy > 0);
  const isServed = weights.some(
    ([group, weight]) =>
      weight > 0 && (call.before.groups.find(({ arn }) => arn === group)?.healthy ?? 0) > 0,
  );
  return anyHealthy && !isServed ? `wrote weights ${text}: no group with traffic is healthy` : undefined;
}

export const steadyFirst: Invariant = {
  id: "S3",
  create: ({ mayBeStale, wasReadHealthy }) => {
    const states = memoryOfStates();
    return (step) => {
      states.note(step);
      return step.kind === "call" && step.refused === undefined && !mayBeStale()
        ? raisedTooEarly(step, { state: states.of(step.key), wasReadHealthy })
        : undefined;
    };
  },
};

interface Around extends Pick<Known, "wasReadHealthy"> {
  readonly state: RolloutState | undefined;
}

/** A task that dies between the read of its health and the write that follows is seen by the next read. */
function raisedTooEarly(call: CallStep, { state, wasReadHealthy }: Around): string | undefined {
  for (const [group, weight] of weightsIn(call) ?? []) {
    const raised = weight > weightOf(call.before, group) + 0.5;
    if (!raised || wasReadHealthy(group, call.at)) continue;
    const healthy = call.before.groups.find(({ arn }) => arn === group)?.healthy ?? 0;
    // Where both are empty no weight is worse than another.
    const nobody = call.before.groups.every((one) => one.healthy === 0);
    if (healthy === 0 && !nobody) return `raised ${group} to ${weight} with no healthy target`;
    // The way back counts on what answers: one task of the old set that is being replaced must not stop it.
    const unsteady = call.before.taskSets.find(
      (set) => set.group === group && set.status !== "DRAINING" && set.stability !== "STEADY_STATE",
    );
    if (unsteady !== undefined && state?.phase !== "aborting")
      return `raised ${group} to ${weight} while its task set is ${unsteady.stability}`;
  }
  return undefined;
}
