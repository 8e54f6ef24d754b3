// Capacity providers as records: FARGATE and FARGATE_SPOT are always there, those of Auto Scaling groups belong
// to the account, those of Managed Instances to one cluster.

import type {
  CapacityProvider,
  CapacityProviderStrategyItem,
  CapacityProviderUpdateStatus,
  CreateCapacityProviderRequest,
  Tag,
} from "@aws-sdk/client-ecs";
import { AwsError } from "../kernel.ts";
import { checkWeights } from "./capacity-strategies.ts";
import type { EcsContext } from "./context.ts";
import { invalid } from "./lookup.ts";
import type { CapacityProviderRecord, ClusterRecord } from "./model.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html */
const MAX_PER_CLUSTER = 20;

export const FARGATE_PROVIDERS: readonly string[] = ["FARGATE", "FARGATE_SPOT"];

export const isFargateProvider = (name: string): boolean => FARGATE_PROVIDERS.includes(name);

const keyOf = (name: string, cluster: ClusterRecord | undefined): string =>
  cluster === undefined ? name : `${cluster.name}/${name}`;

/** One of the cluster, or of the account. */
export function findProvider(
  context: EcsContext,
  name: string,
  cluster: ClusterRecord | undefined,
): CapacityProviderRecord | undefined {
  const own = cluster === undefined ? undefined : context.capacityProviders.get(keyOf(name, cluster));
  return own ?? context.capacityProviders.get(name);
}

/** Name rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html */
function checkName(name: string): void {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalid("The capacity provider name is invalid.");
  if (/^(aws|ecs|fargate)/i.test(name)) {
    throw invalid(
      "The specified capacity provider name is invalid. It cannot be prefixed with aws, ecs or fargate.",
    );
  }
}

export function createProvider(
  context: EcsContext,
  input: CreateCapacityProviderRequest,
  cluster: ClusterRecord | undefined,
): CapacityProviderRecord {
  const { name = "", autoScalingGroupProvider: autoScaling, managedInstancesProvider: managed } = input;
  checkName(name);
  if ((autoScaling === undefined) === (managed === undefined)) {
    throw invalid("Specify exactly one of autoScalingGroupProvider and managedInstancesProvider.");
  }
  if (managed !== undefined && cluster === undefined) {
    throw invalid("A cluster must be specified for a Managed Instances capacity provider.");
  }
  const owner = managed === undefined ? undefined : cluster;
  if (findProvider(context, name, owner) !== undefined) {
    throw invalid(
      "The specified capacity provider already exists. To change the configuration, update the capacity provider.",
    );
  }
  checkGroupIsFree(context, autoScaling?.autoScalingGroupArn);
  const provider: CapacityProviderRecord = {
    name,
    arn: context.kernel.arn("ecs", `capacity-provider/${keyOf(name, owner)}`),
    cluster: owner,
    autoScaling,
    managed,
    updateStatus: "CREATE_COMPLETE",
  };
  context.capacityProviders.set(keyOf(name, owner), provider);
  if (input.tags !== undefined) context.tagsByArn.set(provider.arn, input.tags);
  // "it becomes available only within the specified cluster": no PutClusterCapacityProviders is needed.
  if (owner !== undefined) {
    owner.capacityProviders = [...owner.capacityProviders, name];
    owner.managedProviders.set(name, undefined);
  }
  return provider;
}

function checkGroupIsFree(context: EcsContext, group: string | undefined): void {
  if (group === undefined) return;
  for (const { autoScaling } of context.capacityProviders.values()) {
    if (autoScaling?.autoScalingGroupArn !== group) continue;
    throw invalid("The specified Auto Scaling group ARN is already being used by another capacity provider.");
  }
}

/** Refused while a cluster or one of its services uses it. */
export function deleteProvider(context: EcsContext, provider: CapacityProviderRecord): void {
  for (const cluster of context.clusters.values()) {
    const isOwn = provider.cluster === cluster;
    if (!isOwn && cluster.capacityProviders.includes(provider.name)) throw inUse();
    if ((isOwn || provider.cluster === undefined) && servesIn(cluster, provider.name)) throw inUse();
  }
  const { cluster } = provider;
  if (cluster !== undefined) {
    cluster.capacityProviders = cluster.capacityProviders.filter((name) => name !== provider.name);
    cluster.managedProviders.delete(provider.name);
  }
  context.capacityProviders.delete(keyOf(provider.name, cluster));
}

const inUse = (): AwsError =>
  new AwsError("ClientException", "The capacity provider cannot be deleted because it is in use.");

function servesIn(cluster: ClusterRecord, name: string): boolean {
  for (const service of cluster.services.values()) {
    if (service.status === "INACTIVE") continue;
    if (service.launch.strategy.some(({ capacityProvider }) => capacityProvider === name)) return true;
  }
  return false;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html */
export function putProviders(
  context: EcsContext,
  cluster: ClusterRecord,
  given: { readonly names: readonly string[]; readonly strategy: readonly CapacityProviderStrategyItem[] },
): void {
  // Those of Managed Instances belong to the cluster, named or not.
  const names = [...new Set([...given.names, ...cluster.managedProviders.keys()])];
  if (names.length > MAX_PER_CLUSTER)
    throw invalid(`capacityProviders can have at most ${MAX_PER_CLUSTER} items.`);
  for (const name of names) {
    if (!isFargateProvider(name) && findProvider(context, name, cluster) === undefined) {
      throw invalid(`The specified capacity provider '${name}' was not found.`);
    }
  }
  checkDefault(given.strategy, names);
  const left = cluster.capacityProviders.filter((name) => !names.includes(name));
  if (left.some((name) => servesIn(cluster, name))) {
    throw new AwsError(
      "ResourceInUseException",
      "The specified capacity provider is in use and cannot be removed.",
    );
  }
  cluster.capacityProviders = names;
  cluster.defaultStrategy = given.strategy;
}

function checkDefault(strategy: readonly CapacityProviderStrategyItem[], names: readonly string[]): void {
  if (strategy.some(({ capacityProvider = "" }) => !names.includes(capacityProvider))) {
    throw invalid(
      "The specified default capacity provider strategy contains a capacity provider that is not associated with the cluster.",
    );
  }
  checkWeights(strategy);
}

interface Shown {
  readonly status?: "ACTIVE" | "INACTIVE" | "DEPROVISIONING";
  readonly updateStatus?: CapacityProviderUpdateStatus;
  readonly tags?: readonly Tag[];
}

export function describeProvider(provider: CapacityProviderRecord, shown: Shown = {}): CapacityProvider {
  const { autoScaling, managed, cluster } = provider;
  const { infrastructureRoleArn, instanceLaunchTemplate, propagateTags } = managed ?? {};
  return {
    capacityProviderArn: provider.arn,
    name: provider.name,
    status: shown.status ?? "ACTIVE",
    type: managed === undefined ? "EC2_AUTOSCALING" : "MANAGED_INSTANCES",
    ...(cluster !== undefined && { cluster: cluster.arn }),
    ...(autoScaling !== undefined && { autoScalingGroupProvider: autoScaling }),
    ...(managed !== undefined && {
      managedInstancesProvider: {
        infrastructureRoleArn,
        instanceLaunchTemplate,
        propagateTags: propagateTags ?? "NONE",
        autoRepairConfiguration: managed.autoRepairConfiguration ?? { actionsStatus: "ENABLED" },
      },
    }),
    updateStatus: shown.updateStatus ?? provider.updateStatus,
    tags: [...(shown.tags ?? [])],
  };
}

export const describeFargate = (context: EcsContext, name: string): CapacityProvider => ({
  capacityProviderArn: context.kernel.arn("ecs", `capacity-provider/${name}`),
  name,
  status: "ACTIVE",
  type: name === "FARGATE" ? "FARGATE" : "FARGATE_SPOT",
  tags: [],
});
