// Memory queues behind an SQS client's `send`, so that simulation runs the real SQS adapters.

import type {
  MessageAttributeValue,
  SendMessageBatchRequestEntry,
  SendMessageCommandInput,
} from "@aws-sdk/client-sqs";
import type { AwsClient } from "../../../shared/adapters/aws/client.ts";
import type { DurationMs } from "../../../shared/base/time.ts";
import { seconds } from "../../../shared/base/time.ts";
import { AwsError } from "../../world/kernel.ts";
import type { MemoryQueue, OutgoingMessage, ReceivedMessage } from "./memory-queues.ts";
import { createWorldClient } from "./world-client.ts";

interface ByQueue {
  readonly QueueUrl: string;
}

interface ByReceipt extends ByQueue {
  readonly ReceiptHandle: string;
}

interface VisibilityInput extends ByReceipt {
  readonly VisibilityTimeout: number;
}

interface ReceiveInput extends ByQueue {
  readonly MaxNumberOfMessages?: number;
  readonly VisibilityTimeout?: number;
}

type SendInput = SendMessageCommandInput | SendMessageBatchRequestEntry;
type Operations = Readonly<Record<string, (queue: MemoryQueue, input: never) => object>>;

export function createQueueClient(queues: readonly MemoryQueue[]): AwsClient {
  const byUrl = new Map(queues.map((queue) => [queue.url, queue]));
  const call = (_service: "sqs", operation: string, input: ByQueue): object => {
    const queue = byUrl.get(input.QueueUrl);
    const run = operations[operation];
    if (queue === undefined) throw new AwsError("QueueDoesNotExist", `no queue ${input.QueueUrl}`);
    if (run === undefined) throw new AwsError("UnsupportedOperation", `memory queues have no ${operation}`);
    return run(queue, input as never);
  };
  return createWorldClient({ call }, "sqs");
}

const operations: Operations = {
  SendMessage: (queue, input: SendMessageCommandInput) => {
    queue.send(outgoingOf(input));
    return {};
  },
  SendMessageBatch: (queue, input: { readonly Entries: readonly SendMessageBatchRequestEntry[] }) => {
    for (const entry of input.Entries) queue.send(outgoingOf(entry));
    return { Successful: input.Entries.map(({ Id }) => ({ Id })), Failed: [] };
  },
  ReceiveMessage: (queue, { MaxNumberOfMessages = 1, VisibilityTimeout }: ReceiveInput) => {
    const visibilityMs = VisibilityTimeout === undefined ? undefined : seconds(VisibilityTimeout);
    return { Messages: queue.receive(MaxNumberOfMessages, visibilityMs).map(messageOf) };
  },
  DeleteMessage: (queue, input: ByReceipt) => {
    queue.deleteBatch([input.ReceiptHandle]);
    return {};
  },
  DeleteMessageBatch: (queue, { Entries }: { readonly Entries: readonly ByReceipt[] }) => {
    queue.deleteBatch(Entries.map(({ ReceiptHandle }) => ReceiptHandle));
    return { Successful: [], Failed: [] };
  },
  ChangeMessageVisibilityBatch: (queue, { Entries }: { readonly Entries: readonly VisibilityInput[] }) => {
    for (const entry of Entries)
      queue.changeVisibility(entry.ReceiptHandle, seconds(entry.VisibilityTimeout));
    return { Successful: [], Failed: [] };
  },
  ChangeMessageVisibility: (queue, input: VisibilityInput) => {
    queue.changeVisibility(input.ReceiptHandle, seconds(input.VisibilityTimeout));
    return {};
  },
};

function outgoingOf(input: SendInput): OutgoingMessage {
  const attributes = Object.entries(input.MessageAttributes ?? {}).map(
    ([name, { StringValue }]: [string, MessageAttributeValue]) => [name, StringValue ?? ""],
  );
  return {
    body: input.MessageBody ?? "",
    attributes: Object.fromEntries(attributes) as Record<string, string>,
    delayMs: seconds(input.DelaySeconds ?? 0) satisfies DurationMs,
    ...(input.MessageGroupId !== undefined && { group: input.MessageGroupId }),
    ...(input.MessageDeduplicationId !== undefined && { deduplicationId: input.MessageDeduplicationId }),
  };
}

const messageOf = (message: ReceivedMessage): object => ({
  MessageId: message.messageId,
  ReceiptHandle: message.receipt,
  Body: message.body,
  Attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    ...(message.group !== undefined && { MessageGroupId: message.group }),
  },
  MessageAttributes: Object.fromEntries(
    Object.entries(message.attributes).map(([name, value]) => [
      name,
      { DataType: "String", StringValue: value },
    ]),
  ),
});
