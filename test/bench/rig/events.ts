// Task events as EventBridge sends them, of the real shape and size (2.9 KB), and SQS's envelope of them.

import { createHash } from "node:crypto";

export interface TaskMoment {
  readonly service: string;
  readonly task: number;
  readonly version: number;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  /** Epoch milliseconds of the event. */
  readonly at: number;
}

export const ACCOUNT = "111122223333";
export const REGION = "eu-central-1";
const CLUSTER = "harbour";
const ecs = `arn:aws:ecs:${REGION}:${ACCOUNT}`;

const clusterArn = `${ecs}:cluster/${CLUSTER}`;
export const keyOfService = (service: string): string => `${ACCOUNT}/${REGION}/${CLUSTER}/${service}`;
const hex = (text: string, length: number): string =>
  createHash("md5").update(text).digest("hex").slice(0, length);
export const taskIdOf = ({ service, task }: Pick<TaskMoment, "service" | "task">): string =>
  hex(`${service} ${task}`, 32);

/** One IPv4 address for each task: 10.0.0.0/8 has room for 16 million. */
function addressOf(moment: Pick<TaskMoment, "service" | "task">): string {
  const number = Number.parseInt(hex(`address ${moment.service} ${moment.task}`, 6), 16);
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}

export function taskEvent(moment: TaskMoment): object {
  const taskId = taskIdOf(moment);
  const taskArn = `${ecs}:task/${CLUSTER}/${taskId}`;
  const iso = new Date(moment.at).toISOString();
  return {
    version: "0",
    id: uuidOf(`${taskId} ${moment.version}`),
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account: ACCOUNT,
    time: `${iso.slice(0, 19)}Z`,
    region: REGION,
    resources: [taskArn],
    detail: {
      attachments: [attachmentOf(moment, taskId)],
      attributes: [{ name: "ecs.cpu-architecture", value: "arm64" }],
      availabilityZone: `${REGION}${"abc"[moment.task % 3]}`,
      capacityProviderName: "FARGATE",
      clusterArn,
      connectivity: "CONNECTED",
      connectivityAt: iso,
      containers: ["app", "log-router"].map((name) => containerOf(name, moment, { taskArn, taskId })),
      cpu: "256",
      createdAt: iso,
      desiredStatus: moment.desiredStatus,
      enableExecuteCommand: false,
      ephemeralStorage: { sizeInGiB: 20 },
      group: `service:${moment.service}`,
      launchType: "FARGATE",
      lastStatus: moment.lastStatus,
      memory: "512",
      overrides: { containerOverrides: [{ name: "app" }, { name: "log-router" }] },
      platformFamily: "Linux",
      platformVersion: "1.4.0",
      pullStartedAt: iso,
      pullStoppedAt: iso,
      startedAt: iso,
      startedBy: `ecs-svc/${Number.parseInt(hex(moment.service, 12), 16)}`,
      taskArn,
      taskDefinitionArn: `${ecs}:task-definition/${moment.service}:12`,
      updatedAt: iso,
      version: moment.version,
    },
  };
}

const uuidOf = (text: string): string =>
  hex(text, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

function attachmentOf(moment: TaskMoment, taskId: string): object {
  const address = addressOf(moment);
  return {
    id: uuidOf(`attachment ${taskId}`),
    type: "eni",
    status: "ATTACHED",
    details: [
      { name: "subnetId", value: "subnet-0f11aa22bb33cc44d" },
      { name: "networkInterfaceId", value: `eni-0${taskId.slice(0, 16)}` },
      { name: "macAddress", value: "06:1f:2e:3d:4c:5b" },
      { name: "privateDnsName", value: `ip-${address.replaceAll(".", "-")}.${REGION}.compute.internal` },
      { name: "privateIPv4Address", value: address },
    ],
  };
}

function containerOf(
  name: string,
  moment: TaskMoment,
  { taskArn, taskId }: { readonly taskArn: string; readonly taskId: string },
): object {
  return {
    containerArn: `${ecs}:container/${CLUSTER}/${taskId}/${uuidOf(`${name} ${taskId}`)}`,
    taskArn,
    name,
    image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${moment.service}:2.4.0`,
    imageDigest: `sha256:${hex(name, 32)}${hex(moment.service, 32)}`,
    runtimeId: `${taskId}-0527074092`,
    lastStatus: moment.lastStatus,
    networkInterfaces: [
      { attachmentId: uuidOf(`attachment ${taskId}`), privateIpv4Address: addressOf(moment) },
    ],
    cpu: "128",
    memory: "256",
  };
}

export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  /** Set for FIFO queues. */
  readonly group?: string;
}

/** The event of an SQS event source mapping, as text. */
export const sqsEvent = (records: readonly QueueRecord[]): string =>
  JSON.stringify({ Records: records.map(sqsRecord) });

const sqsRecord = ({ messageId, body, group }: QueueRecord): object => ({
  messageId,
  receiptHandle: `AQEB${messageId.replaceAll("-", "")}`.repeat(4),
  body,
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: "1795353600000",
    SenderId: "AIDAEXAMPLE",
    ApproximateFirstReceiveTimestamp: "1795353600010",
    ...(group === undefined ? {} : { MessageGroupId: group, SequenceNumber: "18870000000000000000" }),
  },
  messageAttributes: {},
  md5OfBody: "00000000000000000000000000000000",
  eventSource: "aws:sqs",
  eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:ingress`,
  awsRegion: REGION,
});
