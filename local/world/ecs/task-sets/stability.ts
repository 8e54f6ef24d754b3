// How many tasks a task set should have, and whether it has them:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html

import type { EcsContext } from "../context.ts";
import type { ServiceRecord, TaskRecord, TaskSetRecord } from "../model.ts";
import { isHealthy } from "../standing.ts";
import { isBalanced } from "../target-registration.ts";

/** Above the error of a product of a count and a percentage in doubles, below any share of one task. */
const ROUNDING_ERROR = 1e-9;

/** "The result is always rounded up. For example, if the computed desired count is 1.2, it rounds up to 2 tasks." */
export function computedDesiredCount(service: ServiceRecord, taskSet: TaskSetRecord): number {
  if (taskSet.status === "DRAINING") return 0;
  return Math.max(Math.ceil((service.desiredCount * taskSet.scale.value) / 100 - ROUNDING_ERROR), 0);
}

export interface TaskSetCounts {
  readonly running: number;
  readonly pending: number;
  /** None on a draining instance, none that a health check finds ill or has not found well yet. */
  readonly allWell: boolean;
}

const PENDING: readonly string[] = ["PROVISIONING", "PENDING", "ACTIVATING"];

export function countTaskSet(
  context: EcsContext,
  service: ServiceRecord,
  taskSet: TaskSetRecord,
): TaskSetCounts {
  let running = 0;
  let pending = 0;
  let allWell = true;
  for (const task of service.tasks) {
    if (task.deployment !== taskSet) continue;
    if (PENDING.includes(task.lastStatus)) pending += 1;
    if (task.lastStatus !== "RUNNING") continue;
    running += 1;
    allWell &&= isWell(context, task);
  }
  return { running, pending, allWell };
}

/** "All tasks are reporting a healthy status": what has no check reports nothing, and is not waited for. */
function isWell(context: EcsContext, task: TaskRecord): boolean {
  if (task.instance?.status === "DRAINING") return false;
  const isChecked = task.definition.checksHealth || isBalanced(task);
  return !isChecked || isHealthy(context, task);
}

/** The four conditions of `stabilityStatus`. */
export function isStable(context: EcsContext, service: ServiceRecord, taskSet: TaskSetRecord): boolean {
  const { running, pending, allWell } = countTaskSet(context, service, taskSet);
  return running === computedDesiredCount(service, taskSet) && pending === 0 && allWell;
}
