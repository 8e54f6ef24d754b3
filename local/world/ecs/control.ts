// What tests and demos do to the virtual ECS from outside its API, and what they may look at.

import type { EpochMs } from "../../../shared/base/time.ts";
import type { PortBinding, TaskHealth } from "../../../shared/contracts/facts.ts";
import type { Subnet } from "./addresses.ts";
import type { EcsContext } from "./context.ts";
import type { Endpoint } from "./endpoints.ts";
import { imposeHealth } from "./health.ts";
import type { InfrastructureControl } from "./infrastructure-control.ts";
import { createInfrastructureControl } from "./infrastructure-control.ts";
import type { InstanceRegistration } from "./instances.ts";
import { registerInstance } from "./instances.ts";
import { exitContainer } from "./lifecycle.ts";
import { clusterOf, serviceOf } from "./lookup.ts";
import type {
  ClusterRecord,
  FailurePlan,
  InstanceRecord,
  LaunchTypeName,
  LiveStatus,
  NetworkModeName,
  TaskRecord,
} from "./model.ts";
import { taskAnywhere } from "./references.ts";

/** A task that is not STOPPED, as plain data for invariants. */
export interface RunningTask {
  readonly taskArn: string;
  readonly taskId: string;
  readonly clusterArn: string;
  /** `service:NAME`, `family:NAME` or the RunTask caller's own. */
  readonly group: string;
  readonly taskDefinitionArn: string;
  readonly networkMode: NetworkModeName;
  readonly launchType: LaunchTypeName;
  readonly lastStatus: LiveStatus;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly health: TaskHealth;
  readonly version: number;
  readonly availabilityZone: string | undefined;
  readonly containerInstanceArn: string | undefined;
  readonly hostId: string | undefined;
  /** Of the task's own interface, else of its host. */
  readonly addresses: {
    readonly ipv4: string | undefined;
    readonly ipv6: string | undefined;
    readonly publicIp: string | undefined;
  };
  /** Empty for awsvpc and until the containers run. */
  readonly bindings: readonly (PortBinding & { readonly container: string })[];
  readonly createdAt: EpochMs;
  readonly startedAt: EpochMs | undefined;
}

/** A host as EC2 and SSM know it. */
export interface Host {
  /** `i-…`, or `mi-…` on ECS Anywhere. */
  readonly ec2InstanceId: string;
  readonly containerInstanceArn: string;
  readonly clusterArn: string;
  readonly kind: InstanceRecord["kind"];
  readonly privateIp: string;
  readonly ipv6?: string;
  readonly publicIp?: string;
  readonly availabilityZone?: string;
  readonly instanceType: string;
  readonly osType: "linux" | "windows";
  readonly agentConnected: boolean;
}

/** A task's network interface as EC2 knows it, while it exists. */
export interface NetworkInterfaceView {
  readonly eniId: string;
  readonly subnetId: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly publicIp?: string;
}

export interface EcsControl extends InfrastructureControl {
  /** The essential container ends by itself: exit code and, e.g., `OutOfMemoryError: …` as its reason. */
  killTask(
    taskId: string,
    exit: { readonly exitCode: number; readonly reason?: string; readonly container?: string },
  ): void;
  /** Applies to tasks of the service that start from now on; undefined ends it. */
  failTasksOf(
    service: { readonly cluster?: string; readonly service: string },
    plan: FailurePlan | undefined,
  ): void;
  /** Only containers with a health check have a health. ECS sends no event for it. */
  setTaskHealth(taskId: string, health: TaskHealth, container?: string): void;
  registerContainerInstance(registration: InstanceRegistration): Host;
  defineSubnet(subnet: Subnet): void;
  runningTasks(cluster?: string): Iterable<RunningTask>;
  hosts(): Iterable<Host>;
  host(ec2InstanceId: string): Host | undefined;
  networkInterface(eniId: string): NetworkInterfaceView | undefined;
  publicIpOf(eniId: string): string | undefined;
  /** The Availability Zone of a subnet. */
  zoneOf(subnetId: string): string;
  /** The program that listens at an address (or at a host's id) and port now. */
  taskAt(id: string, port: number): Endpoint | undefined;
  /** Whether packets to the address go nowhere: its host or zone is lost. */
  isSilent(id: string): boolean;
}

function hostView(instance: InstanceRecord): Host {
  return {
    ec2InstanceId: instance.hostId,
    containerInstanceArn: instance.arn,
    clusterArn: instance.cluster.arn,
    kind: instance.kind,
    privateIp: instance.privateIp,
    ...(instance.ipv6 !== undefined && { ipv6: instance.ipv6 }),
    ...(instance.publicIp !== undefined && { publicIp: instance.publicIp }),
    ...(instance.availabilityZone !== undefined && { availabilityZone: instance.availabilityZone }),
    instanceType: instance.instanceType,
    osType: instance.osType,
    agentConnected: instance.agentConnected,
  };
}

function interfaceView(context: EcsContext, eniId: string): NetworkInterfaceView | undefined {
  const eni = context.addresses.interface(eniId);
  if (eni === undefined) return undefined;
  return {
    eniId,
    subnetId: eni.subnetId,
    ...(eni.ipv4 !== undefined && { ipv4: eni.ipv4 }),
    ...(eni.ipv6 !== undefined && { ipv6: eni.ipv6 }),
    ...(eni.publicIp !== undefined && { publicIp: eni.publicIp }),
  };
}

function bindingsOf(task: TaskRecord): RunningTask["bindings"] {
  return task.containers.flatMap(({ template, bindings, runtimeId }) =>
    runtimeId === undefined
      ? []
      : bindings.map(({ containerPort = 0, hostPort = 0, protocol = "tcp" }) => ({
          container: template.name,
          containerPort,
          hostPort,
          protocol,
        })),
  );
}

function taskView(task: TaskRecord): RunningTask {
  const { eni, instance } = task;
  const attached = eni === undefined || eni.status === "PRECREATED" ? undefined : eni;
  const source = eni === undefined ? instance : attached;
  return {
    taskArn: task.arn,
    taskId: task.id,
    clusterArn: task.cluster.arn,
    group: task.group,
    taskDefinitionArn: task.definition.arn,
    networkMode: task.definition.networkMode,
    launchType: task.launchType,
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    health: task.health,
    version: task.version,
    availabilityZone: task.availabilityZone,
    containerInstanceArn: instance?.arn,
    hostId: instance?.hostId,
    addresses: {
      ipv4: eni === undefined ? instance?.privateIp : attached?.ipv4,
      ipv6: source?.ipv6,
      publicIp: source?.publicIp,
    },
    bindings: bindingsOf(task),
    createdAt: task.createdAt,
    startedAt: task.startedAt,
  };
}

function* runningIn(clusters: Iterable<ClusterRecord>): Generator<RunningTask> {
  for (const cluster of clusters) {
    for (const task of cluster.tasks) if (task.lastStatus !== "STOPPED") yield taskView(task);
  }
}

function* hostsOf(context: EcsContext): Generator<Host> {
  for (const instance of context.hosts.values()) yield hostView(instance);
}

export function createControl(context: EcsContext): EcsControl {
  return {
    ...createInfrastructureControl(context),
    killTask: (taskId, exit) => exitContainer(context, taskAnywhere(context, taskId), exit),
    failTasksOf: ({ cluster, service }, plan) => {
      serviceOf(clusterOf(context, cluster), service).failurePlan = plan;
    },
    setTaskHealth: (taskId, health, container) =>
      imposeHealth(context, taskAnywhere(context, taskId), {
        health,
        ...(container !== undefined && { container }),
      }),
    registerContainerInstance: (registration) =>
      hostView(registerInstance(context, clusterOf(context, registration.cluster), registration)),
    defineSubnet: (subnet) => context.addresses.defineSubnet(subnet),
    runningTasks: (cluster) =>
      runningIn(cluster === undefined ? context.clusters.values() : [clusterOf(context, cluster)]),
    hosts: () => hostsOf(context),
    host: (ec2InstanceId) => {
      const instance = context.hosts.get(ec2InstanceId);
      return instance === undefined ? undefined : hostView(instance);
    },
    networkInterface: (eniId) => interfaceView(context, eniId),
    publicIpOf: (eniId) => context.addresses.interface(eniId)?.publicIp,
    zoneOf: (subnetId) => context.addresses.subnet(subnetId).availabilityZone,
    taskAt: (id, port) => context.endpoints.at(context, id, port),
    isSilent: (id) => context.endpoints.isSilent(context, id),
  };
}
