// The queues' contract over every implementation: memory queues in virtual time, fauxqs over HTTP.

import type { AddressInfo } from "node:net";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { afterAll, beforeAll, describe } from "vitest";
import { createMemoryQueue } from "../../local/faces/ports/memory-queues.ts";
import { createQueueClient } from "../../local/faces/ports/queue-client.ts";
import { createKernel } from "../../local/world/kernel.ts";
import { seconds } from "../../shared/base/time.ts";
import type { Queues } from "./queues.suite.ts";
import { describeQueues, MAX_RECEIVE_COUNT } from "./queues.suite.ts";
import { START } from "./samples.ts";

const VISIBILITY_SECONDS = 60;

async function memoryQueues(): Promise<Queues> {
  const kernel = createKernel({ seed: 1, startAt: START });
  const visibilityMs = seconds(VISIBILITY_SECONDS);
  const dead = createMemoryQueue(kernel, { name: "work-dead.fifo", fifo: true, visibilityMs });
  const redrive = { maxReceiveCount: MAX_RECEIVE_COUNT, to: dead };
  const work = createMemoryQueue(kernel, { name: "work.fifo", fifo: true, visibilityMs, redrive });
  const delay = createMemoryQueue(kernel, { name: "delay", fifo: false, visibilityMs });
  const client = createQueueClient([dead, work, delay]);
  return { client, workUrl: work.url, workDeadUrl: dead.url, delayUrl: delay.url };
}

describeQueues("memory queues", memoryQueues);

describe("fauxqs", () => {
  const app = buildApp({ logger: false });
  let client: SQSClient;
  let sets = 0;

  beforeAll(async () => {
    await app.listen({ port: 0, host: "127.0.0.1" });
    client = new SQSClient({
      endpoint: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
  });

  afterAll(async () => {
    client.destroy();
    await app.close();
  });

  const create = async (name: string, attributes: Record<string, string>): Promise<string> => {
    const Attributes = { VisibilityTimeout: String(VISIBILITY_SECONDS), ...attributes };
    const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    return QueueUrl;
  };

  describeQueues("fauxqs", async () => {
    sets += 1;
    const workDeadUrl = await create(`dead-${sets}.fifo`, { FifoQueue: "true" });
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:dead-${sets}.fifo`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: MAX_RECEIVE_COUNT });
    const workUrl = await create(`work-${sets}.fifo`, { FifoQueue: "true", RedrivePolicy });
    return { client, workUrl, workDeadUrl, delayUrl: await create(`delay-${sets}`, {}) };
  });
});
