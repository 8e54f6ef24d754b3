// What a rollout costs in calls to ECS and ELB: none while it waits, few for each step.

import type { Stage } from "./stage.ts";
import { rolloutOf } from "./trace.ts";

/** The sweep's resync reads every service's tasks, rollout or not; those are counted there. */
const OF_THE_SWEEP: ReadonlySet<string> = new Set(["ListTasks", "DescribeTasks", "ListContainerInstances"]);

export const rolloutCalls = ({ calls }: Stage): Stage["calls"] =>
  calls.filter(({ name }) => !OF_THE_SWEEP.has(name));

/** Calls by `phase step`, as the table had it when the call was made. */
export function callsByStep(stage: Stage): ReadonlyMap<string, readonly string[]> {
  const commits = stage.trace.flatMap((step) => (step.kind === "commit" ? [step] : []));
  const groups = new Map<string, string[]>();
  for (const { at, name, key } of rolloutCalls(stage)) {
    const known = commits.findLast((commit) => commit.at <= at && (key === undefined || commit.key === key));
    const rollout = rolloutOf(known?.state);
    if (known === undefined || rollout === undefined) continue;
    const where = known.state.phase === "stepping" ? `step ${rollout.step}` : known.state.phase;
    groups.set(where, [...(groups.get(where) ?? []), name]);
  }
  return groups;
}
