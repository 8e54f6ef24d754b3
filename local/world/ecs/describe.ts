// Records as the ECS API shows them. Events show the same task with ISO dates and without health and tags.

import type { Attachment, Container, KeyValuePair, Task } from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../../shared/base/time.ts";
import { isoInstant } from "../../../shared/base/time.ts";
import type { ContainerRecord, InterfaceRecord, TaskRecord } from "./model.ts";

const date = (at: EpochMs | undefined): Date | undefined => (at === undefined ? undefined : new Date(at));

/** Addresses appear once the interface is attached: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
function attachmentDetails(eni: InterfaceRecord): KeyValuePair[] {
  const details: KeyValuePair[] = [{ name: "subnetId", value: eni.subnetId }];
  if (eni.status === "PRECREATED") return details;
  details.push(
    { name: "networkInterfaceId", value: eni.eniId },
    { name: "macAddress", value: eni.macAddress },
  );
  if (eni.ipv4 !== undefined) {
    details.push({ name: "privateDnsName", value: `ip-${eni.ipv4.replaceAll(".", "-")}.ec2.internal` });
    details.push({ name: "privateIPv4Address", value: eni.ipv4 });
  }
  if (eni.ipv6 !== undefined) details.push({ name: "ipv6Address", value: eni.ipv6 });
  return details;
}

const attachments = (eni: InterfaceRecord | undefined): Attachment[] =>
  eni === undefined
    ? []
    : [{ id: eni.attachmentId, type: "eni", status: eni.status, details: attachmentDetails(eni) }];

function networkInterfaces(eni: InterfaceRecord | undefined): NonNullable<Container["networkInterfaces"]> {
  if (eni === undefined || eni.status === "PRECREATED") return [];
  return [
    {
      attachmentId: eni.attachmentId,
      ...(eni.ipv4 !== undefined && { privateIpv4Address: eni.ipv4 }),
      ...(eni.ipv6 !== undefined && { ipv6Address: eni.ipv6 }),
    },
  ];
}

function containerView(task: TaskRecord, container: ContainerRecord): Container {
  const { template } = container;
  const started = container.runtimeId !== undefined;
  return {
    containerArn: container.arn,
    lastStatus: container.lastStatus,
    name: template.name,
    image: template.image,
    ...(started && { imageDigest: template.digest, runtimeId: container.runtimeId }),
    taskArn: task.arn,
    ...(container.exitCode !== undefined && { exitCode: container.exitCode }),
    ...(container.reason !== undefined && { reason: container.reason }),
    ...(task.eni === undefined && { networkBindings: started ? [...container.bindings] : [] }),
    networkInterfaces: networkInterfaces(task.eni),
    cpu: template.cpu,
    ...(template.memory !== undefined && { memory: template.memory }),
    ...(template.memoryReservation !== undefined && { memoryReservation: template.memoryReservation }),
  };
}

/** What events and DescribeTasks have in common; all of it is plain and free of dates. */
function taskFacts(task: TaskRecord): Omit<Task, "containers" | "overrides"> {
  return {
    attachments: attachments(task.eni),
    attributes: [{ name: "ecs.cpu-architecture", value: task.instance?.cpuArchitecture ?? "x86_64" }],
    ...(task.availabilityZone !== undefined && { availabilityZone: task.availabilityZone }),
    ...(task.capacityProvider !== undefined && { capacityProviderName: task.capacityProvider }),
    clusterArn: task.cluster.arn,
    ...(task.connectivityAt !== undefined && {
      connectivity: task.instance?.agentConnected === false ? "DISCONNECTED" : "CONNECTED",
    }),
    ...(task.instance !== undefined && { containerInstanceArn: task.instance.arn }),
    cpu: String(task.definition.cpu),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.executeCommand,
    group: task.group,
    launchType: task.launchType,
    lastStatus: task.lastStatus,
    memory: String(task.definition.memory),
    ...(task.platformVersion !== undefined && { platformVersion: task.platformVersion }),
    ...(task.startedBy !== undefined && { startedBy: task.startedBy }),
    ...(task.stopCode !== undefined && { stopCode: task.stopCode }),
    ...(task.stoppedReason !== undefined && { stoppedReason: task.stoppedReason }),
    taskArn: task.arn,
    taskDefinitionArn: task.definition.arn,
    version: task.version,
  };
}

const overridesOf = (task: TaskRecord): NonNullable<Task["overrides"]> => ({
  ...task.overrides,
  containerOverrides: task.definition.containers.map(
    ({ name }) => task.overrides?.containerOverrides?.find((entry) => entry.name === name) ?? { name },
  ),
});

const INSTANTS = [
  "connectivityAt",
  "pullStartedAt",
  "pullStoppedAt",
  "startedAt",
  "stoppingAt",
  "stoppedAt",
  "executionStoppedAt",
] as const;

/** Events call it `eni`: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attachment.html */
const ATTACHMENT_TYPE = "ElasticNetworkInterface";

/** A task as DescribeTasks answers. */
export function describeTask(task: TaskRecord, options: { readonly tags: boolean }): Task {
  const instants: Record<string, Date> = {};
  for (const name of INSTANTS) {
    const at = date(task[name]);
    if (at !== undefined) instants[name] = at;
  }
  return {
    ...taskFacts(task),
    attachments: attachments(task.eni).map((one) => ({ ...one, type: ATTACHMENT_TYPE })),
    ...instants,
    containers: task.containers.map((container) => ({
      ...containerView(task, container),
      healthStatus: container.health,
    })),
    createdAt: new Date(task.createdAt),
    healthStatus: task.health,
    overrides: overridesOf(task),
    inferenceAccelerators: [],
    ...(task.launchType === "FARGATE" && { platformFamily: "Linux" }),
    tags: options.tags ? [...task.tags] : [],
  };
}

/** An instant never changes once it is set, so its text is made once for each task. */
function instantTexts(task: TaskRecord): Readonly<Record<string, string>> {
  const texts = task.instantTexts;
  texts["updatedAt"] = isoInstant(task.updatedAt);
  for (const name of INSTANTS) {
    const at = task[name];
    if (at === undefined || texts[name] !== undefined) continue;
    texts[name] = at === task.updatedAt ? texts["updatedAt"] : isoInstant(at);
  }
  texts["createdAt"] ??= isoInstant(task.createdAt);
  return texts;
}

/**
 * `detail` of an ECS Task State Change. It carries neither healthStatus nor tags:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export const taskDetail = (task: TaskRecord): Readonly<Record<string, unknown>> => ({
  ...taskFacts(task),
  ...instantTexts(task),
  containers: task.containers.map((container) => containerView(task, container)),
  overrides: overridesOf(task),
});
