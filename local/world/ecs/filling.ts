// What a plan for a deployment or task set says, done: tasks are stopped, and started where they find a place.

import type { EcsContext } from "./context.ts";
import { noteOnService } from "./events.ts";
import { orderFor, reportNoPlace } from "./launches.ts";
import { launchTask, stopTask } from "./lifecycle.ts";
import type { ServiceRecord, WorkloadRecord } from "./model.ts";
import { findPlace } from "./placement.ts";
import type { RollingPlan } from "./rolling.ts";
import { stopCause } from "./standing.ts";

export interface Filling {
  readonly service: ServiceRecord;
  readonly workload: WorkloadRecord;
  readonly count: number;
}

export function stopPlanned(context: EcsContext, service: ServiceRecord, plan: RollingPlan): void {
  for (const { task, because } of plan.stop) {
    stopTask(context, task, stopCause(context, task, because));
  }
  if (plan.stop.length > 0) noteOnService(context, service, `has stopped ${plan.stop.length} running tasks.`);
}

/** Not while launches are paused for failing; those without a place are tried again later. */
export function startTasks(context: EcsContext, { service, workload, count }: Filling): void {
  if (count === 0) return;
  service.steady = false;
  if (service.brake.blockedUntil > context.kernel.now()) {
    context.touch(service, service.brake.blockedUntil);
    return;
  }
  const order = orderFor(service, workload);
  for (let started = 0; started < count; started += 1) {
    const place = findPlace(context, order, workload.launched);
    if ("failure" in place) {
      reportNoPlace(context, service, place);
      return;
    }
    launchTask(context, order, place);
  }
  noteOnService(context, service, `has started ${count} tasks.`);
}
