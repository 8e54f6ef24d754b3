// An SQS event source mapping: receives, gathers a batch, invokes, deletes what succeeded.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html

import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { settledMessageIds } from "./batch-response.ts";
import type { LambdaFunction } from "./lambda-function.ts";

export interface QueueMapping {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly region: string;
  readonly target: LambdaFunction;
  readonly batchSize: number;
  /** How long a batch may gather; 0 hands over what one receive brought. */
  readonly windowMs: number;
  readonly reportsFailures: boolean;
  readonly maximumConcurrency?: number;
  /** Hears of a poller that cannot reach its queue; it goes on trying. */
  readonly onError?: (error: unknown) => void;
}

export interface QueuePoller {
  /** Waits for running invocations, takes no new messages. */
  stop(): Promise<void>;
}

/** SQS's own limit for one receive or delete. */
const CALL_LIMIT = 10;
const LONG_POLL_SECONDS = 20;
const GATHER_PAUSE_MS = 40;
const ERROR_PAUSE_MS = 500;
/** A standard mapping starts with five concurrent batches. */
const DEFAULT_CONCURRENCY = 5;

export function startQueuePoller(mapping: QueueMapping): QueuePoller {
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  const limit = Math.min(
    mapping.maximumConcurrency ?? DEFAULT_CONCURRENCY,
    mapping.target.settings.reservedConcurrency ?? Number.POSITIVE_INFINITY,
  );
  const loop = async () => {
    while (!abort.signal.aborted) {
      if (running.size >= limit) {
        await (limit === 0 ? pause(ERROR_PAUSE_MS, abort.signal) : Promise.race(running));
        continue;
      }
      const batch = await gather(mapping, abort.signal);
      if (batch.length === 0) continue;
      const work: Promise<void> = serve(mapping, batch).finally(() => running.delete(work));
      running.add(work);
    }
  };
  const finished = loop();
  return {
    stop: async () => {
      abort.abort();
      await finished;
      await Promise.all(running);
    },
  };
}

async function gather(mapping: QueueMapping, signal: AbortSignal): Promise<readonly Message[]> {
  const batch: Message[] = [
    ...(await receive(mapping, { signal, limit: mapping.batchSize, isWaiting: true })),
  ];
  if (mapping.windowMs === 0 || batch.length === 0) return batch;
  const endsAt = performance.now() + mapping.windowMs;
  while (batch.length < mapping.batchSize && !signal.aborted) {
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) break;
    const more = await receive(mapping, {
      signal,
      limit: mapping.batchSize - batch.length,
      isWaiting: false,
    });
    batch.push(...more);
    if (more.length === 0) await pause(Math.min(leftMs, GATHER_PAUSE_MS), signal);
  }
  return batch;
}

interface ReceiveOptions {
  readonly signal: AbortSignal;
  readonly limit: number;
  readonly isWaiting: boolean;
}

async function receive(mapping: QueueMapping, options: ReceiveOptions): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: mapping.queueUrl,
    MaxNumberOfMessages: Math.min(options.limit, CALL_LIMIT),
    WaitTimeSeconds: options.isWaiting ? LONG_POLL_SECONDS : 0,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  try {
    return (await mapping.sqs.send(command, { abortSignal: options.signal })).Messages ?? [];
  } catch (error) {
    if (options.signal.aborted) return [];
    mapping.onError?.(error);
    await pause(ERROR_PAUSE_MS, options.signal);
    return [];
  }
}

async function serve(mapping: QueueMapping, batch: readonly Message[]): Promise<void> {
  const ids = batch.map((message) => message.MessageId ?? "");
  try {
    const invocation = await mapping.target.invoke({
      Records: batch.map((message) => recordOf(mapping, message)),
    });
    const settled = new Set(settledMessageIds(ids, invocation, mapping.reportsFailures));
    await remove(
      mapping,
      batch.filter((message) => settled.has(message.MessageId ?? "")),
    );
  } catch (error) {
    // Throttled or stopped: the messages come back when their visibility time-out ends.
    mapping.onError?.(error);
  }
}

async function remove(mapping: QueueMapping, messages: readonly Message[]): Promise<void> {
  for (let start = 0; start < messages.length; start += CALL_LIMIT) {
    const Entries = messages.slice(start, start + CALL_LIMIT).map((message, index) => ({
      Id: String(index),
      ReceiptHandle: message.ReceiptHandle ?? "",
    }));
    await mapping.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: mapping.queueUrl, Entries }));
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event */
function recordOf(mapping: QueueMapping, message: Message): object {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
      ...(value.BinaryValue === undefined
        ? {}
        : { binaryValue: Buffer.from(value.BinaryValue).toString("base64") }),
      stringListValues: [],
      binaryListValues: [],
      dataType: value.DataType,
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: mapping.queueArn,
    awsRegion: mapping.region,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish);
  });
}
