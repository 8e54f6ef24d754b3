// DescribeContainerInstances, ListContainerInstances, UpdateContainerInstancesState, DeregisterContainerInstance.

import type {
  ContainerInstance,
  DeregisterContainerInstanceRequest,
  DeregisterContainerInstanceResponse,
  DescribeContainerInstancesRequest,
  DescribeContainerInstancesResponse,
  Failure,
  ListContainerInstancesRequest,
  ListContainerInstancesResponse,
  UpdateContainerInstancesStateRequest,
  UpdateContainerInstancesStateResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import type { EcsContext } from "../context.ts";
import { describeInstance, healthView } from "../describe-instance.ts";
import { removeHost, setInstanceStatus } from "../instances.ts";
import { atMost, clusterOf, findInstance, invalid, limitOf, pageOf } from "../lookup.ts";
import { endWhenDrained } from "../managed-instances.ts";
import type { ClusterRecord, InstanceRecord } from "../model.ts";

interface Found {
  readonly instances: readonly InstanceRecord[];
  readonly failures: Failure[];
}

function find(context: EcsContext, cluster: ClusterRecord, references: readonly string[]): Found {
  const instances: InstanceRecord[] = [];
  const failures: Failure[] = [];
  for (const reference of new Set(references)) {
    const instance = findInstance(cluster, reference);
    if (instance !== undefined) instances.push(instance);
    else {
      const arn = context.kernel.arn("ecs", `container-instance/${cluster.name}/${arnName(reference)}`);
      failures.push({ arn, reason: "MISSING" });
    }
  }
  return { instances, failures };
}

const describeAll = (context: EcsContext, instances: readonly InstanceRecord[]): ContainerInstance[] =>
  instances.map((instance) => describeInstance(instance, context.tagsByArn.get(instance.arn) ?? []));

const withHealth = (context: EcsContext, instances: readonly InstanceRecord[]): ContainerInstance[] =>
  describeAll(context, instances).map((view, index) => ({
    ...view,
    healthStatus: healthView(instances[index] as InstanceRecord, context.kernel.now()),
  }));

/**
 * Of the cluster query language, the subject ec2InstanceId:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
 */
function hostIdsOf(filter: string): readonly string[] {
  const match = /^ec2InstanceId\s*(?:==\s*(\S+)|in\s*\[(.*)\])$/.exec(filter.trim());
  if (match === null)
    throw invalid("Only the subject ec2InstanceId with `==` or `in [...]` is modelled here.");
  return (match[1] ?? match[2] ?? "").split(",").map((id) => id.trim().replaceAll(/^'|'$/g, ""));
}

export const containerInstanceOperations = (context: EcsContext) => ({
  DescribeContainerInstances(input: DescribeContainerInstancesRequest): DescribeContainerInstancesResponse {
    const cluster = clusterOf(context, input.cluster);
    const references = input.containerInstances ?? [];
    if (references.length === 0) throw invalid("Container instances cannot be empty.");
    atMost(references, 100, "containerInstances");
    const { instances, failures } = find(context, cluster, references);
    const describe = input.include?.includes("CONTAINER_INSTANCE_HEALTH") === true ? withHealth : describeAll;
    return { containerInstances: describe(context, instances), failures };
  },

  /** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html */
  DeregisterContainerInstance(
    input: DeregisterContainerInstanceRequest,
  ): DeregisterContainerInstanceResponse {
    const cluster = clusterOf(context, input.cluster);
    const instance = findInstance(cluster, input.containerInstance ?? "");
    if (instance === undefined || instance.status === "INACTIVE")
      throw invalid("Referenced container instance not found.");
    if (instance.tasks.size > 0 && input.force !== true)
      throw invalid("Found running tasks on the instance.");
    const reason = "Container instance deregistration forced by user";
    removeHost(context, instance, { code: "UserInitiated", reason });
    return { containerInstance: describeInstance(instance, []) };
  },

  ListContainerInstances(input: ListContainerInstancesRequest): ListContainerInstancesResponse {
    const cluster = clusterOf(context, input.cluster);
    const hostIds = input.filter === undefined ? undefined : hostIdsOf(input.filter);
    const page = pageOf(cluster.instances, {
      nextToken: input.nextToken,
      limit: limitOf(input.maxResults, 100),
      accepts: (instance) =>
        (input.status === undefined || instance.status === input.status) &&
        (hostIds === undefined || hostIds.includes(instance.hostId)),
    });
    return {
      containerInstanceArns: page.items.map(({ arn }) => arn),
      ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
    };
  },

  /** At most 10 a call: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html */
  UpdateContainerInstancesState(
    input: UpdateContainerInstancesStateRequest,
  ): UpdateContainerInstancesStateResponse {
    const cluster = clusterOf(context, input.cluster);
    atMost(input.containerInstances, 10, "containerInstances");
    const { status } = input;
    if (status !== "ACTIVE" && status !== "DRAINING")
      throw invalid("Container instance status should be one of [ACTIVE,DRAINING]");
    const { instances, failures } = find(context, cluster, input.containerInstances ?? []);
    for (const instance of instances) {
      setInstanceStatus(context, instance, status);
      if (status === "DRAINING") endWhenDrained(context, instance);
    }
    return { containerInstances: describeAll(context, instances), failures };
  },
});
