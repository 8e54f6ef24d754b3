// S6: one rollout for a service at a time, and none disappears without an end. L1: in the end each has an
// outcome and a reason. S7: a version of the state is written once.

import type { RolloutState } from "../../../../shared/core/rollout/state.ts";
import type { CallStep, CommitStep, Invariant } from "../trace.ts";
import { memoryOfStates, rolloutOf } from "../trace.ts";

export const oneAtATime: Invariant = {
  id: "S6",
  create: () => {
    const states = memoryOfStates();
    return (step) => {
      if (step.kind === "call") return secondStart(step);
      if (step.kind !== "commit") return undefined;
      const before = states.of(step.key);
      states.note(step);
      return vanished(before, step);
    };
  },
};

const UNDER_WAY = new Set(["PENDING", "IN_PROGRESS"]);

/** Ours is never begun over another that we did not end: ECS would stop that one in the middle. */
function secondStart({ operation, before, after }: CallStep): string | undefined {
  const began = operation === "UpdateService" && after.deployments[0]?.arn !== before.deployments[0]?.arn;
  const open = began ? before.deployments.find(({ status }) => UNDER_WAY.has(status)) : undefined;
  return open === undefined ? undefined : `began a deployment over ${open.arn}, which is ${open.status}`;
}

function vanished(before: RolloutState | undefined, { state }: CommitStep): string | undefined {
  const former = rolloutOf(before);
  if (former === undefined || former.id === rolloutOf(state)?.id) return undefined;
  const end = state.past.find(({ id }) => id === former.id);
  if (end === undefined) return `rollout ${former.id} is gone without an end`;
  return end.reason === "" ? `rollout ${former.id} ended as ${end.outcome} without a reason` : undefined;
}

export const oneWriter: Invariant = {
  id: "S7",
  create: () => {
    const versions = new Map<string, number>();
    return (step) => {
      if (step.kind !== "commit") return undefined;
      const last = versions.get(step.key) ?? 0;
      versions.set(step.key, Math.max(last, step.version));
      return step.version === last + 1 ? undefined : `version ${step.version} was committed after ${last}`;
    };
  },
};
