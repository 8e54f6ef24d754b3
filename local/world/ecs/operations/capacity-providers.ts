// CreateCapacityProvider, DescribeCapacityProviders, UpdateCapacityProvider, DeleteCapacityProvider,
// PutClusterCapacityProviders.

import type {
  CapacityProvider,
  CreateCapacityProviderRequest,
  CreateCapacityProviderResponse,
  DeleteCapacityProviderRequest,
  DeleteCapacityProviderResponse,
  DescribeCapacityProvidersRequest,
  DescribeCapacityProvidersResponse,
  Failure,
  PutClusterCapacityProvidersRequest,
  PutClusterCapacityProvidersResponse,
  UpdateCapacityProviderRequest,
  UpdateCapacityProviderResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import {
  createProvider,
  deleteProvider,
  describeFargate,
  describeProvider,
  FARGATE_PROVIDERS,
  findProvider,
  isFargateProvider,
  putProviders,
} from "../capacity-providers.ts";
import type { EcsContext } from "../context.ts";
import { describeCluster } from "../describe-cluster.ts";
import { atMost, clusterOf, invalid } from "../lookup.ts";
import type { CapacityProviderRecord, ClusterRecord } from "../model.ts";

const clusterFor = (context: EcsContext, reference: string | undefined): ClusterRecord | undefined =>
  reference === undefined ? undefined : clusterOf(context, reference);

function providerOf(
  context: EcsContext,
  reference: string | undefined,
  cluster: string | undefined,
): CapacityProviderRecord {
  const name = arnName(reference ?? "");
  if (isFargateProvider(name)) throw invalid("The Fargate capacity providers cannot be changed or deleted.");
  const found = findProvider(context, name, clusterFor(context, cluster));
  if (found === undefined)
    throw invalid("The specified capacity provider does not exist. Specify a valid name or ARN.");
  return found;
}

/** All that the cluster can use; without a cluster, all of the account. */
function namesOf(context: EcsContext, cluster: ClusterRecord | undefined): readonly string[] {
  if (cluster !== undefined) return cluster.capacityProviders;
  const own = [...context.capacityProviders.values()].filter((one) => one.cluster === undefined);
  return [...FARGATE_PROVIDERS, ...own.map(({ name }) => name)];
}

function describeAll(
  context: EcsContext,
  input: DescribeCapacityProvidersRequest,
): DescribeCapacityProvidersResponse {
  atMost(input.capacityProviders, 100, "capacityProviders");
  const cluster = clusterFor(context, input.cluster);
  const capacityProviders: CapacityProvider[] = [];
  const failures: Failure[] = [];
  for (const reference of input.capacityProviders ?? namesOf(context, cluster)) {
    const name = arnName(reference);
    const provider = findProvider(context, name, cluster);
    if (isFargateProvider(name)) capacityProviders.push(describeFargate(context, name));
    else if (provider === undefined) {
      failures.push({ arn: context.kernel.arn("ecs", `capacity-provider/${name}`), reason: "MISSING" });
    } else {
      const tags = input.include?.includes("TAGS") === true ? context.tagsByArn.get(provider.arn) : undefined;
      capacityProviders.push(describeProvider(provider, { tags: tags ?? [] }));
    }
  }
  return { capacityProviders, failures };
}

function update(provider: CapacityProviderRecord, input: UpdateCapacityProviderRequest): void {
  if (provider.autoScaling !== undefined && input.autoScalingGroupProvider !== undefined) {
    provider.autoScaling = { ...provider.autoScaling, ...input.autoScalingGroupProvider };
  } else if (provider.managed !== undefined && input.managedInstancesProvider !== undefined) {
    const { infrastructureRoleArn, autoRepairConfiguration, propagateTags } = input.managedInstancesProvider;
    provider.managed = {
      ...provider.managed,
      ...(infrastructureRoleArn !== undefined && { infrastructureRoleArn }),
      ...(autoRepairConfiguration !== undefined && { autoRepairConfiguration }),
      ...(propagateTags !== undefined && { propagateTags }),
    };
  } else throw invalid("The update does not match the type of the capacity provider.");
  provider.updateStatus = "UPDATE_COMPLETE";
}

export const capacityProviderOperations = (context: EcsContext) => ({
  CreateCapacityProvider(input: CreateCapacityProviderRequest): CreateCapacityProviderResponse {
    const provider = createProvider(context, input, clusterFor(context, input.cluster));
    return { capacityProvider: describeProvider(provider, { tags: input.tags ?? [] }) };
  },

  DescribeCapacityProviders: (input: DescribeCapacityProvidersRequest): DescribeCapacityProvidersResponse =>
    describeAll(context, input),

  UpdateCapacityProvider(input: UpdateCapacityProviderRequest): UpdateCapacityProviderResponse {
    const provider = providerOf(context, input.name, input.cluster);
    update(provider, input);
    return { capacityProvider: describeProvider(provider) };
  },

  DeleteCapacityProvider(input: DeleteCapacityProviderRequest): DeleteCapacityProviderResponse {
    const provider = providerOf(context, input.capacityProvider, input.cluster);
    deleteProvider(context, provider);
    return {
      capacityProvider: describeProvider(provider, { status: "INACTIVE", updateStatus: "DELETE_COMPLETE" }),
    };
  },

  PutClusterCapacityProviders(
    input: PutClusterCapacityProvidersRequest,
  ): PutClusterCapacityProvidersResponse {
    const cluster = clusterOf(context, input.cluster);
    const { capacityProviders, defaultCapacityProviderStrategy: strategy } = input;
    if (capacityProviders === undefined || strategy === undefined) {
      throw invalid("capacityProviders and defaultCapacityProviderStrategy must be given.");
    }
    putProviders(context, cluster, { names: capacityProviders.map(arnName), strategy });
    return { cluster: describeCluster(context, cluster) };
  },
});
