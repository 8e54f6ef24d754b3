// What a rollout costs in calls to ECS and ELB: none while it waits, few for each step.

import type { Key } from "../../../shared/base/keys.ts";
import type { RolloutState } from "../../../shared/core/rollout/state.ts";
import type { Stage } from "./stage.ts";
import { rolloutOf } from "./trace.ts";

/** The sweep's resync reads every service's tasks, rollout or not; those are counted there. */
const OF_THE_SWEEP: ReadonlySet<string> = new Set(["ListTasks", "DescribeTasks", "ListContainerInstances"]);

export const rolloutCalls = ({ calls }: Stage): Stage["calls"] =>
  calls.filter(({ name }) => !OF_THE_SWEEP.has(name));

/**
 * Calls by `phase step`, as the pass that made them left it: a read belongs to the step that it leads to. Of one
 * service, or of all.
 */
export function callsByStep(stage: Stage, of?: Key): ReadonlyMap<string, readonly string[]> {
  const isAsked = (key: Key | undefined): boolean => of === undefined || key === of;
  const commits = stage.trace.flatMap((step) => (step.kind === "commit" && isAsked(step.key) ? [step] : []));
  const byKey = Map.groupBy(commits, ({ key }) => key);
  const groups = new Map<string, string[]>();
  for (const call of rolloutCalls(stage).filter(({ key }) => isAsked(key))) {
    const own = call.key === undefined ? commits : (byKey.get(call.key) ?? []);
    const after = own.findIndex(({ at }) => at >= call.at);
    const where = whereIs(own[after]?.state, call.write ? undefined : own[after - 1]?.state);
    if (where !== undefined) groups.set(where, [...(groups.get(where) ?? []), call.name]);
  }
  return groups;
}

/** The look that finds the new revision ready ends the preparation, and the first step begins in the same pass. */
function whereIs(after: RolloutState | undefined, before: RolloutState | undefined): string | undefined {
  const rollout = rolloutOf(after);
  if (after === undefined || rollout === undefined) return undefined;
  if (before?.phase === "preparing" && after.phase === "stepping") return before.phase;
  return after.phase === "stepping" ? `step ${rollout.step}` : after.phase;
}
