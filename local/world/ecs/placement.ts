// Where a task goes: a Fargate zone, or a host with room. Default strategy of the service scheduler: spread
// over zones, then over hosts: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html

import type { CapacityProviderStrategyItem } from "@aws-sdk/client-ecs";
import type { Subnet } from "./addresses.ts";
import { isFargateProvider } from "./capacity-providers.ts";
import type { EcsContext } from "./context.ts";
import { portsFit } from "./host-ports.ts";
import { requestHost } from "./managed-instances.ts";
import type { InstanceRecord, LaunchTypeName, TaskDefinitionRecord } from "./model.ts";
import { chooseHost } from "./placement-strategies.ts";
import type { TaskOrder } from "./tasks.ts";

export interface Place {
  readonly launchType: LaunchTypeName;
  readonly capacityProvider?: string;
  readonly availabilityZone?: string;
  readonly subnet?: Subnet;
  readonly instance?: InstanceRecord;
  /** None yet: the task waits for a host. */
  readonly isAwaited?: boolean;
}

/** Why there is none, in ECS's words, e.g. `RESOURCE:CPU`, `RESOURCE:FARGATE`, `AGENT`. */
export interface NoPlace {
  readonly failure: string;
  readonly capacityProvider?: string;
}

export const NO_HOSTS = "No Container Instances were found in your cluster.";

/** Hosts with room that are compared before one is taken. Assumed: bounds the cost of one placement. */
const COMPARED_HOSTS = 64;

/**
 * Bases first, then by weight: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 */
function chooseProvider(
  strategy: readonly CapacityProviderStrategyItem[],
  launched: ReadonlyMap<string, number>,
): string | undefined {
  let best: string | undefined;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (const { capacityProvider = "", base = 0, weight = 0 } of strategy) {
    const beyond = (launched.get(capacityProvider) ?? 0) - base;
    const load = beyond < 0 ? -1 : weight > 0 ? (beyond + 1) / weight : Number.POSITIVE_INFINITY;
    if (load < bestLoad) {
      best = capacityProvider;
      bestLoad = load;
    }
  }
  return best;
}

/** The place for one more task. `launched` counts the strategy's launches so far. */
export function findPlace(
  context: EcsContext,
  order: TaskOrder,
  launched: Map<string, number>,
): Place | NoPlace {
  const provider = chooseProvider(order.launch.strategy, launched);
  if (provider === undefined) return placeByLaunchType(context, order);
  const place = placeWith(context, order, provider);
  if (!("failure" in place)) launched.set(provider, (launched.get(provider) ?? 0) + 1);
  return place;
}

export function placeWith(context: EcsContext, order: TaskOrder, provider: string): Place | NoPlace {
  const place = isFargateProvider(provider)
    ? placeOnFargate(context, order, provider)
    : placeOnHost(context, order, (instance) => instance.capacityProvider === provider);
  if ("failure" in place) requestHost(context, order, provider);
  return { ...place, capacityProvider: provider };
}

function placeByLaunchType(context: EcsContext, order: TaskOrder): Place | NoPlace {
  const launchType = order.launch.launchType ?? "EC2";
  if (launchType === "FARGATE") return placeOnFargate(context, order, "FARGATE");
  return placeOnHost(context, order, (instance) => instance.kind === launchType);
}

function placeOnFargate(context: EcsContext, order: TaskOrder, provider: string): Place | NoPlace {
  if (context.exhaustedProviders.has(provider)) return { failure: "RESOURCE:FARGATE" };
  const wanted = context.addresses.subnetsOf(order.launch.network?.awsvpcConfiguration);
  const subnets =
    context.lostZones.size === 0
      ? wanted
      : wanted.filter(({ availabilityZone }) => !context.lostZones.has(availabilityZone));
  if (subnets.length === 0) return { failure: "RESOURCE:FARGATE" };
  const subnet = emptiestSubnet(context, order, subnets);
  return { launchType: "FARGATE", availabilityZone: subnet.availabilityZone, subnet };
}

function emptiestSubnet(context: EcsContext, order: TaskOrder, subnets: readonly Subnet[]): Subnet {
  if (order.service === undefined) return context.kernel.chance.pick(subnets);
  const counts = order.service.tasksByZone;
  return subnets.reduce((best, subnet) =>
    (counts.get(subnet.availabilityZone) ?? 0) < (counts.get(best.availabilityZone) ?? 0) ? subnet : best,
  );
}

/** undefined when the host has room. */
export function lackOf(instance: InstanceRecord, definition: TaskDefinitionRecord): string | undefined {
  if (!instance.agentConnected) return "AGENT";
  if (instance.cpuLeft < definition.cpu) return "RESOURCE:CPU";
  if (instance.memoryLeft < definition.memory) return "RESOURCE:MEMORY";
  return portsFit(instance, definition) ? undefined : "RESOURCE:PORTS";
}

function placeOnHost(
  context: EcsContext,
  order: TaskOrder,
  eligible: (instance: InstanceRecord) => boolean,
): Place | NoPlace {
  if (order.strategy !== undefined) return placeByStrategy(context, order, eligible);
  const { cluster, definition } = order;
  let best: InstanceRecord | undefined;
  let compared = 0;
  let failure = NO_HOSTS;
  for (const instance of roundTrip(cluster.instances, cluster.placementCursor)) {
    if (instance.status !== "ACTIVE" || !eligible(instance)) continue;
    const lack = order.unfit?.(instance) ?? lackOf(instance, definition);
    if (lack !== undefined) {
      failure = lack;
      continue;
    }
    if (best === undefined || isEmptier(order, instance, best)) best = instance;
    compared += 1;
    if (compared >= COMPARED_HOSTS) break;
  }
  if (best === undefined) return { failure };
  if (compared >= COMPARED_HOSTS) cluster.placementCursor = best.order;
  return placeAt(context, order, best);
}

/** All hosts with room are compared: the strategy wants the best of them. */
function placeByStrategy(
  context: EcsContext,
  order: TaskOrder,
  eligible: (instance: InstanceRecord) => boolean,
): Place | NoPlace {
  const fitting: InstanceRecord[] = [];
  let failure = NO_HOSTS;
  for (const instance of order.cluster.instances) {
    if (instance.status !== "ACTIVE" || !eligible(instance)) continue;
    const lack = order.unfit?.(instance) ?? lackOf(instance, order.definition);
    if (lack === undefined) fitting.push(instance);
    else failure = lack;
  }
  return fitting.length === 0 ? { failure } : placeAt(context, order, chooseHost(context, order, fitting));
}

/** Every instance once, beginning behind the cursor. */
function* roundTrip(
  instances: Iterable<InstanceRecord> & { after(order: number): Iterable<InstanceRecord> },
  cursor: number,
): Generator<InstanceRecord> {
  yield* instances.after(cursor);
  for (const instance of instances) {
    if (instance.order > cursor) return;
    yield instance;
  }
}

function isEmptier(order: TaskOrder, a: InstanceRecord, b: InstanceRecord): boolean {
  const { service } = order;
  if (service === undefined) return a.tasks.size < b.tasks.size;
  const zone = (instance: InstanceRecord) => service.tasksByZone.get(instance.availabilityZone ?? "") ?? 0;
  const own = (instance: InstanceRecord) => service.tasksByInstance.get(instance) ?? 0;
  return (
    zone(a) - zone(b) < 0 || (zone(a) === zone(b) && (own(a) - own(b) || a.tasks.size - b.tasks.size) < 0)
  );
}

/** On that very host: daemons, and what a search has found. */
export function placeAt(context: EcsContext, order: TaskOrder, instance: InstanceRecord): Place {
  const place: Place = {
    launchType: instance.kind,
    instance,
    ...(instance.availabilityZone !== undefined && { availabilityZone: instance.availabilityZone }),
    ...(instance.capacityProvider !== undefined && { capacityProvider: instance.capacityProvider }),
  };
  if (order.definition.networkMode !== "awsvpc") return place;
  const subnets = context.addresses.subnetsOf(order.launch.network?.awsvpcConfiguration);
  const near = subnets.find((subnet) => subnet.availabilityZone === instance.availabilityZone) ?? subnets[0];
  return near === undefined ? place : { ...place, subnet: near };
}
