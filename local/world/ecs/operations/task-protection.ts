// UpdateTaskProtection and GetTaskProtection: tasks that neither scaling in nor a deployment stops.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html

import type {
  Failure,
  GetTaskProtectionRequest,
  GetTaskProtectionResponse,
  ProtectedTask,
  UpdateTaskProtectionRequest,
  UpdateTaskProtectionResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import type { EpochMs } from "../../../../shared/base/time.ts";
import { addMs, minutes } from "../../../../shared/base/time.ts";
import type { EcsContext } from "../context.ts";
import { atMost, clusterOf, findTask, invalid } from "../lookup.ts";
import type { ClusterRecord, ServiceRecord, TaskRecord } from "../model.ts";
import { isProtected } from "../standing.ts";

/** Range, default and number of tasks: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html */
const EXPIRY_MINUTES = { least: 1, most: 2_880, unsaid: 120 } as const;
const MAX_TASKS = 10;
/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_GetTaskProtection.html */
const MAX_READ_TASKS = 100;

const viewOf = (context: EcsContext, task: TaskRecord): ProtectedTask => {
  const expiresAt = isProtected(context, task) ? task.protectedUntil : undefined;
  return {
    taskArn: task.arn,
    protectionEnabled: expiresAt !== undefined,
    ...(expiresAt !== undefined && { expirationDate: new Date(expiresAt) }),
  };
};

function expiryOf(context: EcsContext, input: UpdateTaskProtectionRequest): EpochMs | undefined {
  const { protectionEnabled, expiresInMinutes = EXPIRY_MINUTES.unsaid } = input;
  if (protectionEnabled === undefined) throw invalid("protectionEnabled cannot be empty.");
  const { least, most } = EXPIRY_MINUTES;
  if (!Number.isInteger(expiresInMinutes) || expiresInMinutes < least || expiresInMinutes > most) {
    throw invalid(`expiresInMinutes must be between ${least} and ${most}.`);
  }
  return protectionEnabled ? addMs(context.kernel.now(), minutes(expiresInMinutes)) : undefined;
}

/** Protected tasks of an older deployment keep the newest from its end: no more of them then. */
function blocksDeployment(context: EcsContext, service: ServiceRecord): boolean {
  const isNewest = (task: TaskRecord) => task.deployment === service.deployments[0];
  if (service.deployments.length < 2) return false;
  for (const task of service.tasks) if (!isNewest(task) && isProtected(context, task)) return true;
  return false;
}

interface Change {
  readonly cluster: ClusterRecord;
  readonly until: EpochMs | undefined;
}

/** The reason of a failure, or nothing: the protection is set. */
function protect(context: EcsContext, reference: string, { cluster, until }: Change): string | undefined {
  const task = findTask(cluster, reference);
  if (task === undefined) return "MISSING";
  const { service } = task;
  if (service === undefined || task.lastStatus === "STOPPED") return "TASK_NOT_VALID";
  if (until !== undefined && !isProtected(context, task) && blocksDeployment(context, service)) {
    return "DEPLOYMENT_BLOCKED";
  }
  task.protectedUntil = until;
  context.touch(service);
  if (until !== undefined) context.kernel.at(until, () => context.touch(service));
  return undefined;
}

function missingArn(context: EcsContext, cluster: ClusterRecord, reference: string): string {
  return (
    findTask(cluster, reference)?.arn ??
    context.kernel.arn("ecs", `task/${cluster.name}/${arnName(reference)}`)
  );
}

function needTasks(tasks: readonly string[] | undefined, limit: number): readonly string[] {
  if (tasks === undefined || tasks.length === 0) throw invalid("Tasks cannot be empty.");
  atMost(tasks, limit, "tasks");
  return [...new Set(tasks)];
}

export const taskProtectionOperations = (context: EcsContext) => ({
  UpdateTaskProtection(input: UpdateTaskProtectionRequest): UpdateTaskProtectionResponse {
    const cluster = clusterOf(context, input.cluster);
    const references = needTasks(input.tasks, MAX_TASKS);
    const until = expiryOf(context, input);
    const failures: Failure[] = [];
    const protectedTasks: ProtectedTask[] = [];
    for (const reference of references) {
      const reason = protect(context, reference, { cluster, until });
      const task = findTask(cluster, reference);
      if (reason === undefined && task !== undefined) protectedTasks.push(viewOf(context, task));
      else failures.push({ arn: missingArn(context, cluster, reference), reason });
    }
    return { protectedTasks, failures };
  },

  GetTaskProtection(input: GetTaskProtectionRequest): GetTaskProtectionResponse {
    const cluster = clusterOf(context, input.cluster);
    const failures: Failure[] = [];
    const protectedTasks: ProtectedTask[] = [];
    for (const reference of needTasks(input.tasks, MAX_READ_TASKS)) {
      const task = findTask(cluster, reference);
      if (task?.service !== undefined) protectedTasks.push(viewOf(context, task));
      else {
        const reason = task === undefined ? "MISSING" : "TASK_NOT_VALID";
        failures.push({ arn: missingArn(context, cluster, reference), reason });
      }
    }
    return { protectedTasks, failures };
  },
});
