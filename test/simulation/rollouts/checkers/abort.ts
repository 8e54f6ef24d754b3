// S10: after an operator's abort is in the table nothing leads forward any more. L4: the old revision has all
// traffic within a bound, and the abort of a rollout that has not ended is never refused.

import type { Key } from "../../../../shared/base/keys.ts";
import type { EpochMs } from "../../../../shared/base/time.ts";
import { millis } from "../../../../shared/base/time.ts";
import type { RolloutState } from "../../../../shared/core/rollout/state.ts";
import type { CallStep, Invariant, OrderStep, Step } from "../trace.ts";
import { isActive, memoryOfStates, rolloutOf, setOf, weightOf, weightsIn } from "../trace.ts";

/**
 * Orders are read, then an act is made: its own reads and the call itself take time, in which the abort may
 * come. Two slow calls and a lease.
 */
const IN_FLIGHT_MS = millis(5_000);

interface Abort {
  readonly at: EpochMs;
  readonly rollout: string | undefined;
  readonly id: string;
}

export const noneForward: Invariant = {
  id: "S10",
  create: () => {
    const states = memoryOfStates();
    const aborts = new Map<string, Abort>();
    return (step) => {
      states.note(step);
      noteAborts(aborts, step, states.of);
      const abort = step.kind === "call" ? aborts.get(step.key) : undefined;
      if (step.kind !== "call" || abort?.rollout === undefined) return undefined;
      const afterMs = step.at - abort.at;
      const forward = afterMs > IN_FLIGHT_MS ? forwardIn(step, states.of(step.key)) : undefined;
      return forward === undefined ? undefined : `${forward} ${afterMs} ms after the abort was durable`;
    };
  },
};

/** The first word counts, until its rollout is gone. */
function noteAborts(
  aborts: Map<string, Abort>,
  step: Step,
  stateOf: (key: Key) => RolloutState | undefined,
): void {
  if (step.kind === "commit" && isOver(step.state, aborts.get(step.key))) aborts.delete(step.key);
  if (step.kind !== "order" || step.command.verb !== "abort" || aborts.has(step.key)) return;
  const rollout = step.command.rollout ?? rolloutOf(stateOf(step.key))?.id;
  aborts.set(step.key, { at: step.at, rollout, id: step.command.id });
}

/** The rollout is not there any more, or the abort was answered while it stays: see `refusedAborts`. */
const isOver = (state: RolloutState, abort: Abort | undefined): boolean =>
  abort !== undefined &&
  (rolloutOf(state)?.id !== abort.rollout || (state.heard.includes(abort.id) && state.phase !== "aborting"));

const ALWAYS_FORWARD: ReadonlySet<string> = new Set(["UpdateService", "CreateTaskSet", "CreateRule"]);

function forwardIn(call: CallStep, state: RolloutState | undefined): string | undefined {
  if (call.refused !== undefined || !isActive(state)) return undefined;
  const { operation, input } = call;
  const { places, taskSets } = state.rollout;
  if (ALWAYS_FORWARD.has(operation)) return operation;
  if (operation === "ContinueServiceDeployment")
    return input["action"] === "ROLLBACK" ? undefined : "CONTINUE";
  const weight = weightsIn(call)?.find(([group]) => group === places.candidateGroup)?.[1] ?? 0;
  if (weight > weightOf(call.before, places.candidateGroup) + 0.5) return `weight ${weight} %`;
  return setOf(call)?.arn === taskSets.candidate ? onNewSet(call) : undefined;
}

function onNewSet(call: CallStep): string | undefined {
  if (call.operation === "UpdateServicePrimaryTaskSet") return "primary";
  if (call.operation !== "UpdateTaskSet") return undefined;
  const scale = (call.input["scale"] as { readonly value?: number } | undefined)?.value ?? 0;
  return scale > (setOf(call)?.scale ?? 0) ? `scale ${scale} %` : undefined;
}

/** An abort is refused only where there is nothing left to take back. */
export const abortsHeard: Invariant = {
  id: "L4",
  create: () => {
    const states = memoryOfStates();
    const open: OrderStep[] = [];
    return (step) => {
      if (step.kind === "order" && step.command.verb === "abort") open.push(step);
      if (step.kind !== "commit") return undefined;
      const before = states.of(step.key);
      states.note(step);
      const heard = open.find(
        ({ key, command }) =>
          key === step.key &&
          step.state.heard.includes(command.id) &&
          before?.heard.includes(command.id) !== true,
      );
      if (heard === undefined || !isActive(before)) return undefined;
      const aimed = heard.command.rollout ?? before.rollout.id;
      if (aimed !== before.rollout.id || before.phase === "finishing") return undefined;
      const isTaken =
        rolloutOf(step.state)?.id !== aimed ||
        step.state.phase === "aborting" ||
        step.state.phase === "stuck";
      return isTaken ? undefined : `refused to abort in phase ${before.phase}`;
    };
  },
};
