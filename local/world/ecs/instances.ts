// Container instances: EC2, Managed Instances and ECS Anywhere hosts that join, drain, fall silent or vanish.

import { killPrograms } from "./containers.ts";
import type { EcsContext } from "./context.ts";
import { emitInstance } from "./events.ts";
import { DYNAMIC_PORTS } from "./host-ports.ts";
import type { StopCause } from "./lifecycle.ts";
import { resumeTask, vanishTask } from "./lifecycle.ts";
import type { ClusterRecord, InstanceRecord } from "./model.ts";
import { Roster } from "./roster.ts";
import { draw, HOST_LOSS_NOTICE } from "./timing.ts";

export interface InstanceRegistration {
  /** Default: `default`. */
  readonly cluster?: string;
  /** Default: EXTERNAL for a `mi-…` id, else EC2. */
  readonly kind?: InstanceRecord["kind"];
  readonly ec2InstanceId?: string;
  readonly availabilityZone?: string;
  readonly instanceType?: string;
  readonly osType?: "linux" | "windows";
  readonly cpuArchitecture?: string;
  readonly capacityProvider?: string;
  readonly privateIp?: string;
  readonly ipv6?: string;
  readonly publicIp?: string;
  /** CPU units and MiB; default: an m7g.2xlarge. */
  readonly cpu?: number;
  readonly memory?: number;
}

export const DEFAULT_HOST = { instanceType: "m7g.2xlarge", cpu: 8_192, memory: 31_000 } as const;

export function registerInstance(
  context: EcsContext,
  cluster: ClusterRecord,
  given: InstanceRegistration,
): InstanceRecord {
  const { kernel } = context;
  const id = kernel.hex(32);
  const kind = given.kind ?? (given.ec2InstanceId?.startsWith("mi-") === true ? "EXTERNAL" : "EC2");
  const cpu = given.cpu ?? DEFAULT_HOST.cpu;
  const memory = given.memory ?? DEFAULT_HOST.memory;
  const zones = context.zones.filter((name) => !context.lostZones.has(name));
  const zone = given.availabilityZone ?? zones[cluster.instances.size % zones.length];
  const instance: InstanceRecord = {
    order: context.nextOrder(),
    id,
    arn: kernel.arn("ecs", `container-instance/${cluster.name}/${id}`),
    cluster,
    kind,
    hostId: given.ec2InstanceId ?? `${kind === "EXTERNAL" ? "mi" : "i"}-0${kernel.hex(16)}`,
    // A host outside AWS lies in no zone.
    availabilityZone: kind === "EXTERNAL" ? given.availabilityZone : zone,
    instanceType: given.instanceType ?? DEFAULT_HOST.instanceType,
    osType: given.osType ?? "linux",
    cpuArchitecture: given.cpuArchitecture ?? "arm64",
    capacityProvider: given.capacityProvider,
    privateIp: given.privateIp ?? context.addresses.nextHostAddress(),
    ipv6: given.ipv6,
    publicIp: given.publicIp,
    registeredAt: kernel.now(),
    cpu,
    memory,
    status: "ACTIVE",
    agentConnected: true,
    checks: new Map(),
    agentAwaySince: undefined,
    repair: undefined,
    isLeaving: false,
    version: 0,
    cpuLeft: cpu,
    memoryLeft: memory,
    ports: new Set(),
    nextPort: DYNAMIC_PORTS.first,
    tasks: new Roster(),
  };
  cluster.instances.add(instance);
  cluster.instanceById.set(id, instance);
  context.hosts.set(instance.hostId, instance);
  if (kind === "MANAGED_INSTANCES" && instance.capacityProvider !== undefined)
    cluster.managedProviders.set(instance.capacityProvider, instance);
  emitInstance(context, instance);
  touchDaemons(context, cluster);
  return instance;
}

function touchDaemons(context: EcsContext, cluster: ClusterRecord): void {
  for (const service of cluster.daemons) context.touch(service);
}

/**
 * DRAINING: nothing new is placed, pending service tasks stop at once, running ones are replaced within the
 * service's percentages, standalone tasks stay:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
 */
export function setInstanceStatus(
  context: EcsContext,
  instance: InstanceRecord,
  status: "ACTIVE" | "DRAINING",
): void {
  if (instance.status === status || instance.status === "INACTIVE") return;
  instance.status = status;
  emitInstance(context, instance);
  for (const task of instance.tasks) if (task.service !== undefined) context.touch(task.service);
  touchDaemons(context, instance.cluster);
}

/** While the agent is away its tasks neither start nor stop, and ECS goes on showing what it last knew. */
export function setAgentConnected(context: EcsContext, instance: InstanceRecord, connected: boolean): void {
  if (instance.agentConnected === connected || instance.status === "INACTIVE") return;
  instance.agentConnected = connected;
  emitInstance(context, instance);
  for (const task of instance.tasks) {
    if (connected) resumeTask(context, task);
    else {
      task.cancelStep?.();
      task.cancelStep = undefined;
    }
  }
  if (connected) touchDaemons(context, instance.cluster);
}

/**
 * The host is gone. EC2 tells ECS, which stops the tasks and forgets the instance; nobody tells ECS about a
 * host outside AWS: its agent stays silent and its tasks stay as they are.
 */
export function loseHost(context: EcsContext, instance: InstanceRecord): void {
  setAgentConnected(context, instance, false);
  context.endpoints.lose(instance);
  for (const task of instance.tasks) killPrograms(context, task);
  if (instance.kind === "EXTERNAL") return;
  const reason = `Host EC2 (instance ${instance.hostId}) terminated.`;
  context.kernel.after(draw(context.kernel.chance, HOST_LOSS_NOTICE), () =>
    removeHost(context, instance, { code: "TerminationNotice", reason }),
  );
}

/** The instance leaves the cluster, and what still runs there ends for that cause. */
export function removeHost(context: EcsContext, instance: InstanceRecord, cause: StopCause): void {
  if (instance.status === "INACTIVE") return;
  instance.status = "INACTIVE";
  instance.cluster.instances.remove(instance);
  context.hosts.delete(instance.hostId);
  emitInstance(context, instance);
  for (const task of instance.tasks) vanishTask(context, task, cause);
  touchDaemons(context, instance.cluster);
}
