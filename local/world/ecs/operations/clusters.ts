// CreateCluster, DeleteCluster, DescribeClusters, ListClusters.

import type {
  Cluster,
  CreateClusterRequest,
  CreateClusterResponse,
  DeleteClusterRequest,
  DeleteClusterResponse,
  DescribeClustersRequest,
  DescribeClustersResponse,
  Failure,
  ListClustersRequest,
  ListClustersResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import { AwsError } from "../../kernel.ts";
import { putProviders } from "../capacity-providers.ts";
import type { EcsContext } from "../context.ts";
import { addCluster } from "../context.ts";
import { describeCluster } from "../describe-cluster.ts";
import { atMost, clusterOf, invalid } from "../lookup.ts";
import type { ClusterRecord } from "../model.ts";

/** What keeps a cluster from being deleted, each with its own error (API_DeleteCluster). */
function checkEmpty(cluster: ClusterRecord): void {
  const refuse = (name: string, what: string) =>
    new AwsError(`ClusterContains${name}Exception`, `The Cluster cannot be deleted while ${what}.`);
  if (cluster.instances.size > 0)
    throw refuse("ContainerInstances", "Container Instances are active or draining");
  if ([...cluster.services.values()].some(({ status }) => status !== "INACTIVE")) {
    throw refuse("Services", "Services are active");
  }
  for (const task of cluster.tasks) {
    if (task.lastStatus !== "STOPPED") throw refuse("Tasks", "Tasks are active");
  }
}

/** An ACTIVE cluster is answered as it is, not changed; text as users report it: https://github.com/hashicorp/terraform/issues/24615 */
function checkRepetition(known: ClusterRecord, input: CreateClusterRequest): void {
  const names = input.capacityProviders?.map(arnName) ?? known.capacityProviders;
  const strategy = input.defaultCapacityProviderStrategy ?? known.defaultStrategy;
  const isSame =
    JSON.stringify([names, strategy]) === JSON.stringify([known.capacityProviders, known.defaultStrategy]);
  if (isSame) return;
  throw invalid(
    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
  );
}

export const clusterOperations = (context: EcsContext) => ({
  CreateCluster(input: CreateClusterRequest): CreateClusterResponse {
    const name = input.clusterName ?? "default";
    const known = context.clusters.get(name);
    const cluster = known?.status === "ACTIVE" ? known : addCluster(context, name);
    const { capacityProviders, defaultCapacityProviderStrategy } = input;
    if (known === cluster) checkRepetition(known, input);
    else if (capacityProviders !== undefined || defaultCapacityProviderStrategy !== undefined) {
      const names = (capacityProviders ?? []).map(arnName);
      putProviders(context, cluster, { names, strategy: defaultCapacityProviderStrategy ?? [] });
    }
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

  /** The cluster stays visible as INACTIVE: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html */
  DeleteCluster(input: DeleteClusterRequest): DeleteClusterResponse {
    const cluster = clusterOf(context, input.cluster);
    checkEmpty(cluster);
    cluster.status = "INACTIVE";
    return { cluster: describeCluster(context, cluster) };
  },

  ListClusters(_input: ListClustersRequest): ListClustersResponse {
    return {
      clusterArns: [...context.clusters.values()]
        .filter(({ status }) => status === "ACTIVE")
        .map(({ arn }) => arn),
    };
  },
});
