// CreateCluster, DescribeClusters, ListClusters.

import type {
  Cluster,
  CreateClusterRequest,
  CreateClusterResponse,
  DescribeClustersRequest,
  DescribeClustersResponse,
  Failure,
  ListClustersRequest,
  ListClustersResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import type { EcsContext } from "../context.ts";
import { addCluster } from "../context.ts";
import { atMost } from "../lookup.ts";
import type { ClusterRecord } from "../model.ts";

function describeCluster(context: EcsContext, cluster: ClusterRecord): Cluster {
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
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
  };
}

export const clusterOperations = (context: EcsContext) => ({
  CreateCluster(input: CreateClusterRequest): CreateClusterResponse {
    const name = input.clusterName ?? "default";
    const cluster = context.clusters.get(name) ?? addCluster(context, name);
    if (input.tags !== undefined) context.tagsByArn.set(cluster.arn, input.tags);
    return { cluster: describeCluster(context, cluster) };
  },

  DescribeClusters(input: DescribeClustersRequest): DescribeClustersResponse {
    atMost(input.clusters, 100, "clusters");
    const clusters: Cluster[] = [];
    const failures: Failure[] = [];
    for (const reference of input.clusters ?? ["default"]) {
      const cluster = context.clusters.get(arnName(reference));
      if (cluster !== undefined) clusters.push(describeCluster(context, cluster));
      else
        failures.push({ arn: context.kernel.arn("ecs", `cluster/${arnName(reference)}`), reason: "MISSING" });
    }
    return { clusters, failures };
  },

  ListClusters(_input: ListClustersRequest): ListClustersResponse {
    return { clusterArns: [...context.clusters.values()].map(({ arn }) => arn) };
  },
});
