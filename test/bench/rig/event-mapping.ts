// Lambda's pollers of an SQS queue in virtual time: batch size, window and concurrency as infra/ sets them.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html

import type { QueueShape } from "../../../infra/pipeline.ts";
import type { MemoryQueue, ReceivedMessage } from "../../../local/faces/ports/memory-queues.ts";
import type { Timeline } from "../../../local/world/kernel.ts";
import { sleep } from "../../simulation/engine.ts";

/** Standard queues begin with five pollers. */
const POLLERS = 5;
const POLL_MS = 5;
/** Within a window: SQS is asked again so often. */
const WINDOW_POLL_MS = 100;

/** Ids of the messages that failed. */
export type RunBatch = (messages: readonly ReceivedMessage[], worker: number) => Promise<readonly string[]>;

export interface Mapping {
  stop(): void;
}

export function mapQueue(
  kernel: Timeline,
  { queue, shape }: { readonly queue: MemoryQueue; readonly shape: QueueShape },
  run: RunBatch,
): Mapping {
  let open = true;
  let idle: (() => void)[] = [];
  queue.onReady(() => {
    const woken = idle;
    idle = [];
    for (const wake of woken) wake();
  });
  const workers = shape.fifo ? shape.maxConcurrency : Math.min(POLLERS, shape.maxConcurrency);
  const work = async (worker: number): Promise<void> => {
    while (open) {
      const messages = await gather(kernel, queue, shape);
      if (messages.length === 0) {
        await new Promise<void>((wake) => idle.push(wake));
        continue;
      }
      const failed = new Set(await run(messages, worker));
      queue.deleteBatch(
        messages.filter(({ messageId }) => !failed.has(messageId)).map(({ receipt }) => receipt),
      );
    }
  };
  for (let worker = 0; worker < workers; worker += 1) void work(worker);
  return {
    stop: () => {
      open = false;
    },
  };
}

/** Until the batch is full or the window of its first message has passed. SQS hands out ten at a time. */
async function gather(
  kernel: Timeline,
  queue: MemoryQueue,
  { batchSize, windowSeconds }: QueueShape,
): Promise<readonly ReceivedMessage[]> {
  await sleep(kernel, POLL_MS);
  const messages = [...queue.receive(Math.min(10, batchSize))];
  if (messages.length === 0) return messages;
  const taken = (): number => {
    const more = queue.receive(Math.min(10, batchSize - messages.length));
    messages.push(...more);
    return more.length;
  };
  while (windowSeconds > 0 && messages.length < batchSize && taken() > 0);
  const until = kernel.now() + windowSeconds * 1_000;
  while (messages.length < batchSize && kernel.now() < until) {
    await sleep(kernel, WINDOW_POLL_MS);
    while (messages.length < batchSize && taken() > 0);
  }
  return messages;
}
