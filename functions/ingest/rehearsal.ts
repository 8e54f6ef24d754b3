// The first invocation, played through while the function starts: Lambda throttles the CPU of small
// functions in invocations, not while they start, so what V8 compiles and TLS agrees on here is free.

import { rehearsing } from "../../shared/adapters/aws/client.ts";
import { silentLog } from "../../shared/adapters/aws/log.ts";
import type { Queue } from "../../shared/adapters/aws/sqs.ts";
import { createWorkQueue, warmQueue } from "../../shared/adapters/aws/sqs.ts";
import type { IngestPorts } from "../../shared/shell/ingest.ts";
import { ingestBatch } from "../../shared/shell/ingest.ts";

/** Reads one attribute of the queue; the doorbell of the made-up task is never sent. */
export async function rehearse(queue: Queue, ports: IngestPorts): Promise<void> {
  const work = createWorkQueue({ ...queue, client: rehearsing(queue.client) });
  await warmQueue(queue);
  await ingestBatch([{ messageId: "rehearsal", body: sampleEvent }], { ...ports, work, log: silentLog });
}

const cluster = "arn:aws:ecs:eu-central-1:111122223333:cluster/rehearsal";
const taskArn = "arn:aws:ecs:eu-central-1:111122223333:task/rehearsal/00000000000000000000000000000000";
const instant = "2026-01-01T00:00:00.000Z";

/** The shape of the event that comes most. */
const sampleEvent = JSON.stringify({
  version: "0",
  id: "00000000-0000-4000-8000-000000000000",
  "detail-type": "ECS Task State Change",
  source: "aws.ecs",
  account: "111122223333",
  time: instant,
  region: "eu-central-1",
  resources: [taskArn],
  detail: {
    attachments: [
      {
        id: "eni",
        type: "eni",
        status: "ATTACHED",
        details: [
          { name: "networkInterfaceId", value: "eni-0" },
          { name: "privateIPv4Address", value: "10.0.0.1" },
        ],
      },
    ],
    availabilityZone: "eu-central-1a",
    clusterArn: cluster,
    containers: [
      {
        containerArn: `${taskArn}/0`,
        lastStatus: "RUNNING",
        name: "app",
        taskArn,
        networkInterfaces: [{ attachmentId: "eni", privateIpv4Address: "10.0.0.1" }],
      },
    ],
    createdAt: instant,
    desiredStatus: "RUNNING",
    group: "service:rehearsal",
    launchType: "FARGATE",
    lastStatus: "RUNNING",
    startedAt: instant,
    taskArn,
    taskDefinitionArn: "arn:aws:ecs:eu-central-1:111122223333:task-definition/rehearsal:1",
    updatedAt: instant,
    version: 1,
  },
});
