// Container instances as the ECS API and its events show them.

import type {
  Attribute,
  ContainerInstance,
  ContainerInstanceHealthStatus,
  Resource,
  Tag,
} from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../../shared/base/time.ts";
import { isoInstant } from "../../../shared/base/time.ts";
import { checksOf, overallStatus } from "./instance-health.ts";
import type { InstanceRecord } from "./model.ts";

/** Ports that the agent and SSH keep for themselves, as in AWS's sample event. */
const RESERVED_PORTS = ["22", "2376", "2375", "51678", "51679"];

function resources(cpu: number, memory: number, ports: readonly string[]): Resource[] {
  return [
    { name: "CPU", type: "INTEGER", integerValue: cpu },
    { name: "MEMORY", type: "INTEGER", integerValue: memory },
    { name: "PORTS", type: "STRINGSET", stringSetValue: [...ports] },
    { name: "PORTS_UDP", type: "STRINGSET", stringSetValue: [] },
  ];
}

const registered = (instance: InstanceRecord): Resource[] =>
  resources(instance.cpu, instance.memory, RESERVED_PORTS);

const remaining = (instance: InstanceRecord): Resource[] =>
  resources(instance.cpuLeft, instance.memoryLeft, [...RESERVED_PORTS, ...[...instance.ports].map(String)]);

function attributes(instance: InstanceRecord): Attribute[] {
  const list: Attribute[] = [
    { name: "ecs.os-type", value: instance.osType },
    { name: "ecs.cpu-architecture", value: instance.cpuArchitecture },
    { name: "ecs.capability.task-eni" },
  ];
  if (instance.kind === "EXTERNAL") list.push({ name: "ecs.capability.external" });
  else list.push({ name: "ecs.instance-type", value: instance.instanceType });
  if (instance.availabilityZone !== undefined) {
    list.push({ name: "ecs.availability-zone", value: instance.availabilityZone });
  }
  return list;
}

export const attributeOf = (instance: InstanceRecord, name: string): string | undefined => {
  const found = attributes(instance).find((attribute) => attribute.name === name);
  return found === undefined ? undefined : (found.value ?? "");
};

const VERSION_INFO = {
  agentVersion: "1.103.0",
  agentHash: "4ba8c2f1",
  dockerVersion: "DockerVersion: 25.0.8",
};

/** `detail` of an ECS Container Instance State Change. */
export function instanceDetail(instance: InstanceRecord, now: EpochMs): Readonly<Record<string, unknown>> {
  return {
    agentConnected: instance.agentConnected,
    attributes: attributes(instance),
    clusterArn: instance.cluster.arn,
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.hostId,
    registeredResources: registered(instance),
    remainingResources: remaining(instance),
    status: instance.status,
    version: instance.version,
    versionInfo: VERSION_INFO,
    updatedAt: isoInstant(now),
  };
}

/** With `include: CONTAINER_INSTANCE_HEALTH`: API_DescribeContainerInstances. */
export const healthView = (instance: InstanceRecord, now: EpochMs): ContainerInstanceHealthStatus => ({
  overallStatus: overallStatus(instance),
  details: checksOf(instance).map(({ type, status, reason, changedAt }) => ({
    type,
    status,
    lastStatusChange: new Date(changedAt),
    lastUpdated: new Date(now),
    ...(reason !== undefined && { statusReason: reason }),
  })),
});

export function describeInstance(instance: InstanceRecord, tags: readonly Tag[]): ContainerInstance {
  let running = 0;
  let pending = 0;
  for (const task of instance.tasks) {
    if (task.lastStatus === "RUNNING") running += 1;
    else if (task.lastStatus === "PENDING") pending += 1;
  }
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.hostId,
    ...(instance.capacityProvider !== undefined && { capacityProviderName: instance.capacityProvider }),
    version: instance.version,
    versionInfo: VERSION_INFO,
    registeredResources: registered(instance),
    remainingResources: remaining(instance),
    status: instance.status,
    agentConnected: instance.agentConnected,
    runningTasksCount: running,
    pendingTasksCount: pending,
    attributes: attributes(instance),
    registeredAt: new Date(instance.registeredAt),
    attachments: [],
    tags: [...tags],
  };
}
