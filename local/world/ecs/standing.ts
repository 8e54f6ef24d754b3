// How the scheduler judges a task that is meant to run, and the words with which it stops one.

import type { EpochMs } from "../../../shared/base/time.ts";
import { addMs, seconds } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import type { StopCause } from "./lifecycle.ts";
import type { TaskRecord } from "./model.ts";
import type { RollingPlan, Standing } from "./rolling.ts";
import {
  failedTargetGroups,
  isBalanced,
  isServing,
  noteTargetFailure,
  targetFailureReason,
} from "./target-registration.ts";
import { HEALTHY_AFTER_RUNNING_MS } from "./timing.ts";

export const isProtected = (context: EcsContext, task: TaskRecord): boolean =>
  task.protectedUntil !== undefined && task.protectedUntil > context.kernel.now();

const settledAt = (task: TaskRecord): EpochMs | undefined =>
  task.startedAt === undefined ? undefined : addMs(task.startedAt, HEALTHY_AFTER_RUNNING_MS);

/** When time alone changes the judgement: 40 s without any check, or the end of a grace period. */
export function changesAt(context: EcsContext, { task, running, healthy }: Standing): EpochMs | undefined {
  if (!running) return undefined;
  if (isIll(task)) return graceLeft(context, task);
  if (isBalanced(task)) return undefined;
  return healthy || task.definition.checksHealth ? undefined : settledAt(task);
}

/**
 * Container checks and load balancers must both find the task well; without either it is well after 40 s:
 * `minimumHealthyPercent` of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
 */
export function isHealthy(context: EcsContext, task: TaskRecord): boolean {
  if (task.lastStatus !== "RUNNING") return false;
  if (task.definition.checksHealth) return task.health === "HEALTHY" && isServing(task);
  if (isBalanced(task)) return isServing(task);
  return (settledAt(task) ?? Number.POSITIVE_INFINITY) <= context.kernel.now();
}

/** As checks of containers and load balancers find it. */
export const isIll = (task: TaskRecord): boolean =>
  task.health === "UNHEALTHY" || task.targets.some(({ state }) => state === "unhealthy");

/**
 * The end of the time in which "the service scheduler ignores unhealthy Elastic Load Balancing, VPC Lattice, and
 * container health checks after a task has first started": `healthCheckGracePeriodSeconds` of API_CreateService.
 */
export function graceLeft(context: EcsContext, task: TaskRecord): EpochMs | undefined {
  const grace = task.service?.healthCheckGracePeriodSeconds ?? 0;
  if (grace === 0 || task.startedAt === undefined) return undefined;
  const endsAt = addMs(task.startedAt, seconds(grace));
  return endsAt > context.kernel.now() ? endsAt : undefined;
}

/** The scheduler replaces it. */
export const isUnhealthy = (context: EcsContext, task: TaskRecord): boolean =>
  task.lastStatus === "RUNNING" && isIll(task) && graceLeft(context, task) === undefined;

/** `isNewest`: of the deployment or task set that the scheduler fills. */
export function standingOf(context: EcsContext, task: TaskRecord, isNewest: boolean): Standing {
  return {
    task,
    current: isNewest && task.instance?.status !== "DRAINING" && !task.isRetiring,
    running: task.lastStatus === "RUNNING",
    healthy: isHealthy(context, task),
    unhealthy: isUnhealthy(context, task),
    isProtected: isProtected(context, task),
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html */
export const RETIREMENT_REASON =
  "ECS is performing maintenance on the underlying infrastructure hosting the task.";

type Because = RollingPlan["stop"][number]["because"];

/** Texts: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
function stopReason(context: EcsContext, task: TaskRecord, because: Because): string {
  if (because === "unhealthy") return unhealthyReason(context, task);
  if (task.isRetiring) return RETIREMENT_REASON;
  if (task.instance?.repair === "running")
    return `Task stopped: container instance ${task.instance.id} is impaired and is replaced.`;
  if (task.instance?.status === "DRAINING")
    return `Task stopped: container instance ${task.instance.id} is draining.`;
  return `Scaling activity initiated by (deployment ${task.deployment?.id})`;
}

/** A host that ECS repairs gives its tasks a stop code of its own: API_Task `stopCode`. */
export function stopCause(context: EcsContext, task: TaskRecord, because: Because): StopCause {
  const isRepaired = because !== "unhealthy" && task.instance?.repair === "running";
  return {
    code: isRepaired ? "InfrastructureHealth" : "ServiceSchedulerInitiated",
    reason: stopReason(context, task, because),
  };
}

function unhealthyReason(context: EcsContext, task: TaskRecord): string {
  const groups = failedTargetGroups(task);
  if (task.health === "UNHEALTHY" || groups.length === 0) return "Task failed container health checks";
  noteTargetFailure(context, task);
  return targetFailureReason(groups);
}
