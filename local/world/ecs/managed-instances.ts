// Hosts that ECS itself launches, drains, repairs and ends: Managed Instances.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ManagedInstances.html

import { findProvider } from "./capacity-providers.ts";
import type { EcsContext } from "./context.ts";
import type { InstanceRegistration } from "./instances.ts";
import { DEFAULT_HOST, registerInstance, removeHost, setInstanceStatus } from "./instances.ts";
import type { ClusterRecord, InstanceRecord, TaskDefinitionRecord } from "./model.ts";
import { draw, MANAGED_HOST_LAUNCH, MANAGED_HOST_SWEEP_MS, REPAIR_DRAIN_LIMIT_MS } from "./timing.ts";

/** At most a fifth of a provider's hosts at once, one if that is none: container-instance-health. */
const REPAIR_SHARE = 0.2;

const INFRASTRUCTURE_CODE = "InfrastructureHealth" as const;

function hostsOf(cluster: ClusterRecord, provider: string | undefined): readonly InstanceRecord[] {
  return [...cluster.instances].filter(
    (one) => one.kind === "MANAGED_INSTANCES" && one.capacityProvider === provider,
  );
}

/** A task found no room with a provider of Managed Instances: one host more that has it, unless one is on its way. */
export function requestHost(
  context: EcsContext,
  { cluster, definition }: { readonly cluster: ClusterRecord; readonly definition: TaskDefinitionRecord },
  provider: string,
): void {
  if (!cluster.managedProviders.has(provider) || cluster.hostsAwaited.has(provider)) return;
  // Room is not what the task lacks: a constraint keeps it from an idle host, and would from another like it.
  if (hostsOf(cluster, provider).some((host) => isIdle(host) && hasRoom(host, definition))) return;
  cluster.hostsAwaited.add(provider);
  context.kernel.after(draw(context.kernel.chance, MANAGED_HOST_LAUNCH), () => {
    cluster.hostsAwaited.delete(provider);
    if (cluster.status !== "ACTIVE" || !cluster.managedProviders.has(provider)) return;
    const like = cluster.managedProviders.get(provider);
    registerInstance(context, cluster, {
      ...shapeOf(like),
      cpu: Math.max(like?.cpu ?? DEFAULT_HOST.cpu, definition.cpu),
      memory: Math.max(like?.memory ?? DEFAULT_HOST.memory, definition.memory),
      capacityProvider: provider,
    });
    for (const service of cluster.services.values()) {
      const uses = service.launch.strategy.some(({ capacityProvider }) => capacityProvider === provider);
      if (uses && service.status === "ACTIVE") context.touch(service);
    }
  });
}

/** In the same zone, unless that is out. */
const placeOf = (context: EcsContext, { availabilityZone: zone }: InstanceRecord): InstanceRegistration =>
  zone === undefined || context.lostZones.has(zone) ? {} : { availabilityZone: zone };

const isIdle = ({ status, agentConnected, tasks }: InstanceRecord): boolean =>
  status === "ACTIVE" && agentConnected && tasks.size === 0;

const hasRoom = ({ cpuLeft, memoryLeft }: InstanceRecord, { cpu, memory }: TaskDefinitionRecord): boolean =>
  cpuLeft >= cpu && memoryLeft >= memory;

const shapeOf = (like: InstanceRecord | undefined): InstanceRegistration => ({
  kind: "MANAGED_INSTANCES",
  ...(like !== undefined && {
    instanceType: like.instanceType,
    cpuArchitecture: like.cpuArchitecture,
    cpu: like.cpu,
    memory: like.memory,
  }),
});

/** ECS ends a managed host of its own once it is drained of tasks. */
export function endWhenDrained(context: EcsContext, instance: InstanceRecord): void {
  if (instance.kind !== "MANAGED_INSTANCES" || instance.isLeaving) return;
  instance.isLeaving = true;
  sweep(context, instance);
}

function sweep(context: EcsContext, instance: InstanceRecord): void {
  context.kernel.after(MANAGED_HOST_SWEEP_MS, () => {
    if (instance.status !== "DRAINING") {
      instance.isLeaving = false;
      return;
    }
    if (instance.tasks.size > 0) {
      sweep(context, instance);
      return;
    }
    removeHost(context, instance, { code: INFRASTRUCTURE_CODE, reason: "" });
    repairNext(context, instance.cluster, instance.capacityProvider);
  });
}

const isRepairOn = (context: EcsContext, instance: InstanceRecord): boolean => {
  const provider = findProvider(context, instance.capacityProvider ?? "", instance.cluster);
  return provider?.managed?.autoRepairConfiguration?.actionsStatus !== "DISABLED";
};

/** An impaired managed host is replaced: the new one first, then the old one drains and ends. */
export function repair(context: EcsContext, instance: InstanceRecord): void {
  if (instance.kind !== "MANAGED_INSTANCES" || instance.status === "INACTIVE") return;
  if (!isRepairOn(context, instance) || instance.repair !== undefined) return;
  instance.repair = "waiting";
  repairNext(context, instance.cluster, instance.capacityProvider);
}

/** The host is well again before its turn came. */
export function cancelRepair(instance: InstanceRecord): void {
  if (instance.repair === "waiting") instance.repair = undefined;
}

function repairNext(context: EcsContext, cluster: ClusterRecord, provider: string | undefined): void {
  const hosts = hostsOf(cluster, provider);
  const limit = Math.max(Math.floor(hosts.length * REPAIR_SHARE), 1);
  let running = hosts.filter((one) => one.repair === "running").length;
  for (const host of hosts) {
    if (host.repair !== "waiting" || running >= limit) continue;
    running += 1;
    begin(context, host);
  }
}

function begin(context: EcsContext, instance: InstanceRecord): void {
  instance.repair = "running";
  context.kernel.after(draw(context.kernel.chance, MANAGED_HOST_LAUNCH), () => {
    if (instance.status === "INACTIVE") return;
    registerInstance(context, instance.cluster, {
      ...shapeOf(instance),
      ...(instance.capacityProvider !== undefined && { capacityProvider: instance.capacityProvider }),
      ...placeOf(context, instance),
    });
    setInstanceStatus(context, instance, "DRAINING");
    endWhenDrained(context, instance);
    context.kernel.after(REPAIR_DRAIN_LIMIT_MS, () => force(context, instance));
  });
}

/** What could not leave in time ends with the host. */
function force(context: EcsContext, instance: InstanceRecord): void {
  if (instance.status === "INACTIVE" || instance.repair !== "running") return;
  const reason = `Container instance ${instance.id} was replaced because it is impaired.`;
  removeHost(context, instance, { code: INFRASTRUCTURE_CODE, reason });
  repairNext(context, instance.cluster, instance.capacityProvider);
}
