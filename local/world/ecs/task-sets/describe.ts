// Task sets as the ECS API shows them.

import type { TaskSet } from "@aws-sdk/client-ecs";
import type { EcsContext } from "../context.ts";
import type { ServiceRecord, TaskSetRecord } from "../model.ts";
import { computedDesiredCount, countTaskSet } from "./stability.ts";

/** STEADY_STATE once the scheduler has seen it so after the last change, and while it still is. */
function isSteady(counts: ReturnType<typeof countTaskSet>, desired: number, taskSet: TaskSetRecord): boolean {
  return taskSet.steady && counts.running === desired && counts.pending === 0 && counts.allWell;
}

export function describeTaskSet(
  context: EcsContext,
  service: ServiceRecord,
  taskSet: TaskSetRecord,
): TaskSet {
  const counts = countTaskSet(context, service, taskSet);
  const desired = computedDesiredCount(service, taskSet);
  const { launch, externalId } = taskSet;
  return {
    id: taskSet.id,
    taskSetArn: taskSet.arn,
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    ...(externalId !== undefined && { externalId }),
    status: taskSet.status,
    taskDefinition: taskSet.definition.arn,
    computedDesiredCount: desired,
    pendingCount: counts.pending,
    runningCount: counts.running,
    createdAt: new Date(taskSet.createdAt),
    updatedAt: new Date(taskSet.updatedAt),
    ...(launch.strategy.length > 0
      ? { capacityProviderStrategy: [...launch.strategy] }
      : { launchType: launch.launchType ?? "EC2" }),
    ...(launch.platformVersion !== undefined && {
      platformVersion: launch.platformVersion,
      platformFamily: "Linux",
    }),
    ...(launch.network !== undefined && { networkConfiguration: launch.network }),
    loadBalancers: [...taskSet.loadBalancers],
    serviceRegistries: [...taskSet.serviceRegistries],
    scale: { ...taskSet.scale },
    stabilityStatus: isSteady(counts, desired, taskSet) ? "STEADY_STATE" : "STABILIZING",
    stabilityStatusAt: new Date(context.kernel.now()),
    tags: [],
  };
}

/** With tags: `include: TAGS`, and the answers of CreateTaskSet. */
export const describeWithTags = (
  context: EcsContext,
  service: ServiceRecord,
  taskSet: TaskSetRecord,
): TaskSet => ({
  ...describeTaskSet(context, service, taskSet),
  tags: [...(context.tagsByArn.get(taskSet.arn) ?? [])],
});
