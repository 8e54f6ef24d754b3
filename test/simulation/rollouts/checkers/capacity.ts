// S1: what serves never shrinks below what there was, or what is wanted, by an act of ours. S5: nothing that has
// traffic, or is primary, is deleted or scaled to nothing. S11: how many tasks there shall be is not ours to say.

import type { TaskSetNow } from "../snapshot.ts";
import type { CallStep, Invariant } from "../trace.ts";
import { setOf, weightOf } from "../trace.ts";

interface Scale {
  readonly unit?: string;
  readonly value?: number;
}

const scaleIn = ({ input }: CallStep): number | undefined => (input["scale"] as Scale | undefined)?.value;

/** PERCENT counts round up: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Scale.html */
const tasksAt = (percent: number, desired: number): number => Math.ceil((percent * desired) / 100);

const isShrinking = (call: CallStep): boolean =>
  call.refused === undefined && (call.operation === "UpdateTaskSet" || call.operation === "DeleteTaskSet");

export const enoughCapacity: Invariant = {
  id: "S1",
  create:
    ({ mayBeStale }) =>
    (step) =>
      step.kind === "call" && isShrinking(step) ? shortOf(step, mayBeStale()) : undefined,
};

/** Tasks that get traffic, counted as ECS says that they run, with the call's own cut taken off. */
function shortOf(call: CallStep, mayBeStale: boolean): string | undefined {
  const set = setOf(call);
  if (set === undefined) return undefined;
  const { before } = call;
  const left =
    call.operation === "DeleteTaskSet" ? 0 : tasksAt(scaleIn(call) ?? set.scale, before.desiredCount);
  if (left >= set.computed) return undefined;
  const serving = before.taskSets.filter((one) => one.status !== "DRAINING" && hasTraffic(one, call));
  const then = (one: TaskSetNow): number => (one === set ? Math.min(one.running, left) : one.running);
  const now = serving.reduce((all, one) => all + one.running, 0);
  const after = serving.reduce((all, one) => all + then(one), 0);
  const needed = Math.min(before.desiredCount, now);
  if (after >= needed) return undefined;
  // A task that died a moment ago is one that a stale answer still shows: the scale, which is ours, must do.
  const scaled = serving.reduce((all, one) => all + (one === set ? left : one.computed), 0);
  if (mayBeStale && scaled >= needed) return undefined;
  return `left ${after} tasks with traffic of ${now}; ${needed} are needed`;
}

/** Without a load balancer every task takes work. */
const hasTraffic = (set: TaskSetNow, { before }: CallStep): boolean =>
  set.group === undefined || weightOf(before, set.group) > 0;

export const nothingServingGoes: Invariant = {
  id: "S5",
  create: () => (step) => (step.kind === "call" && isShrinking(step) ? removed(step) : undefined),
};

function removed(call: CallStep): string | undefined {
  const set = setOf(call);
  if (set === undefined) return undefined;
  const isGone = call.operation === "DeleteTaskSet" || scaleIn(call) === 0;
  if (!isGone) return undefined;
  const verb = call.operation === "DeleteTaskSet" ? "deleted" : "scaled to 0";
  if (call.input["force"] === true) return `${verb} ${set.arn} by force`;
  if (set.status === "PRIMARY") return `${verb} ${set.arn}, which is PRIMARY`;
  const weight = weightOf(call.before, set.group);
  return set.group !== undefined && weight > 0
    ? `${verb} ${set.arn} with ${weight} % of the traffic`
    : undefined;
}

export const countUntouched: Invariant = {
  id: "S11",
  create: () => (step) =>
    step.kind === "call" && step.operation === "UpdateService" && step.input["desiredCount"] !== undefined
      ? `wrote desiredCount ${String(step.input["desiredCount"])}`
      : undefined,
};
