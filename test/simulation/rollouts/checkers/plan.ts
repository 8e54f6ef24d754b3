// S4: the new revision's weight goes up only as far as the step under way says, and no step is left out unless an
// operator ordered it; it never goes up on the way back.

import type { RolloutStep } from "../../../../shared/contracts/rollout-policy.ts";
import type { Active, RolloutState } from "../../../../shared/core/rollout/state.ts";
import type { CallStep, CommitStep, Invariant, OrderStep } from "../trace.ts";
import { isActive, memoryOfStates, weightOf, weightsIn } from "../trace.ts";

export const alongThePlan: Invariant = {
  id: "S4",
  create: () => {
    const states = memoryOfStates();
    const orders = new Map<string, OrderStep[]>();
    return (step) => {
      if (step.kind === "order") orders.set(step.key, [...(orders.get(step.key) ?? []), step]);
      if (step.kind === "call") return offThePlan(step, states.of(step.key));
      if (step.kind !== "commit") return undefined;
      const before = states.of(step.key);
      states.note(step);
      return skipped(before, step, orders.get(step.key) ?? []);
    };
  },
};

/** What the steps up to the one under way allow; the last weight stands until another is set. */
function planned({ rollout, phase }: Active): number {
  if (phase === "finishing") return 100;
  if (phase !== "stepping") return 0;
  const passed = rollout.steps.slice(0, rollout.step + 1);
  const last = passed.findLast((step) => step.kind === "setWeight");
  return rollout.step >= rollout.steps.length ? 100 : (last?.weight ?? 0);
}

function offThePlan(call: CallStep, state: RolloutState | undefined): string | undefined {
  if (!isActive(state) || call.refused !== undefined) return undefined;
  const candidate = state.rollout.places.candidateGroup;
  const wanted = weightsIn(call)?.find(([group]) => group === candidate)?.[1];
  if (wanted === undefined) return undefined;
  const before = weightOf(call.before, candidate);
  if (wanted <= before + 0.5) return undefined;
  if (state.phase === "aborting") return `raised the new revision to ${wanted} % on the way back`;
  const most = planned(state);
  return wanted > most ? `raised the new revision to ${wanted} %, the plan allows ${most} %` : undefined;
}

/** Steps that take time or a word: one commit cannot pass over them. */
const isGate = (step: RolloutStep | undefined): boolean =>
  step !== undefined && step.kind !== "setWeight" && step.kind !== "setScale" && step.kind !== "headerRoute";

function skipped(
  before: RolloutState | undefined,
  { state }: CommitStep,
  orders: readonly OrderStep[],
): string | undefined {
  if (!isActive(before) || !isActive(state) || before.rollout.id !== state.rollout.id) return undefined;
  if (before.phase !== "stepping" || state.phase === "aborting" || state.phase === "stuck") return undefined;
  const heard = orders.filter(
    ({ command }) => !before.heard.includes(command.id) && state.heard.includes(command.id),
  );
  if (heard.some(({ command }) => command.verb === "promote-full" || command.verb === "promote"))
    return undefined;
  const { steps, step } = state.rollout;
  const over = steps.slice(before.rollout.step + 1, step).find(isGate);
  if (over !== undefined) return `passed over ${over.kind} between steps ${before.rollout.step} and ${step}`;
  return step < before.rollout.step ? `went back from step ${before.rollout.step} to ${step}` : undefined;
}
