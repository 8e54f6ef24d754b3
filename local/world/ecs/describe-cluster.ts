// Clusters as the ECS API shows them.

import type { Cluster } from "@aws-sdk/client-ecs";
import type { EcsContext } from "./context.ts";
import type { ClusterRecord } from "./model.ts";

export function describeCluster(context: EcsContext, cluster: ClusterRecord): Cluster {
  let running = 0;
  let pending = 0;
  for (const task of cluster.tasks) {
    if (task.lastStatus === "RUNNING") running += 1;
    else if (task.lastStatus === "PENDING") pending += 1;
  }
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: cluster.instances.size,
    runningTasksCount: running,
    pendingTasksCount: pending,
    activeServicesCount: [...cluster.services.values()].filter(({ status }) => status === "ACTIVE").length,
    statistics: [],
    tags: [...(context.tagsByArn.get(cluster.arn) ?? [])],
    settings: [],
    capacityProviders: [...cluster.capacityProviders],
    defaultCapacityProviderStrategy: [...cluster.defaultStrategy],
  };
}
