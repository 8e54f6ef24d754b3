// One look of the scheduler at a service of the EXTERNAL controller: each task set is kept at its share of the
// service's desired count: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html

import type { EcsContext } from "../context.ts";
import { emitServiceAction, noteOnService } from "../events.ts";
import { startTasks, stopPlanned } from "../filling.ts";
import type { ServiceRecord, TaskRecord, TaskSetRecord, WorkloadRecord } from "../model.ts";
import type { Standing } from "../rolling.ts";
import { planRolling } from "../rolling.ts";
import { changesAt, standingOf } from "../standing.ts";
import { computedDesiredCount, isStable } from "./stability.ts";

/** True when every task set runs exactly what it should. */
export function taskSetStep(context: EcsContext, service: ServiceRecord): boolean {
  const tasks = tasksBySet(service);
  let steady = true;
  for (const taskSet of service.taskSets) {
    fill(context, service, { taskSet, tasks: tasks.get(taskSet) ?? [] });
    const stable = isStable(context, service, taskSet);
    if (stable && !taskSet.steady) announceSteady(context, service, taskSet);
    taskSet.steady = stable;
    steady &&= stable;
  }
  forgetDrained(service);
  return steady;
}

function tasksBySet(service: ServiceRecord): Map<WorkloadRecord | undefined, TaskRecord[]> {
  const bySet = new Map<WorkloadRecord | undefined, TaskRecord[]>();
  for (const task of service.tasks) {
    const held = bySet.get(task.deployment);
    if (held === undefined) bySet.set(task.deployment, [task]);
    else held.push(task);
  }
  return bySet;
}

function fill(
  context: EcsContext,
  service: ServiceRecord,
  held: { readonly taskSet: TaskSetRecord; readonly tasks: readonly TaskRecord[] },
): void {
  const standings: Standing[] = held.tasks
    .filter((task) => task.desiredStatus === "RUNNING")
    .map((task) => standingOf(context, task, true));
  const plan = planRolling(standings, {
    desired: computedDesiredCount(service, held.taskSet),
    minimumHealthyPercent: service.configuration.minimumHealthyPercent ?? 100,
    maximumPercent: service.configuration.maximumPercent ?? 200,
  });
  stopPlanned(context, service, plan);
  startTasks(context, { service, workload: held.taskSet, count: plan.start });
  for (const standing of standings) {
    const at = changesAt(context, standing);
    if (at !== undefined) context.touch(service, at);
  }
}

function announceSteady(context: EcsContext, service: ServiceRecord, taskSet: TaskSetRecord): void {
  if (taskSet.status === "DRAINING") return;
  emitServiceAction(context, service, { eventType: "INFO", eventName: "TASKSET_STEADY_STATE" });
  noteOnService(context, service, `(taskSet ${taskSet.id}) has reached a steady state.`);
}

/** A deleted task set is DRAINING until its last task has stopped. */
function forgetDrained(service: ServiceRecord): void {
  if (!service.taskSets.some(({ status }) => status === "DRAINING")) return;
  const alive = new Set<WorkloadRecord | undefined>();
  for (const task of service.tasks) alive.add(task.deployment);
  service.taskSets = service.taskSets.filter((one) => one.status !== "DRAINING" || alive.has(one));
}
