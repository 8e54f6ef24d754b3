// WorkQueue and DelayQueue over SQS: batches of at most 10 messages and 256 KB.

import type { SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import { GetQueueAttributesCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AppError, mayRetry } from "../../base/errors.ts";
import { fingerprint } from "../../base/fingerprint.ts";
import { groupIdOf } from "../../base/keys.ts";
import type { Doorbell } from "../../contracts/doorbells.ts";
import type { DelayQueue, WorkQueue } from "../../ports/queues.ts";
import type { AwsClient } from "./client.ts";
import { clientOptions, DATA_PLANE, send } from "./client.ts";
import { unpaced } from "./pace.ts";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const MAX_BATCH_MESSAGES = 10;
/** Queues take 1 MiB by now, but local ones and older Regions' settings 256 KiB; smaller batches cost nothing. */
const MAX_BATCH_BYTES = 256 * 1024;
const MAX_DELAY_SECONDS = 900;
/** Enough to keep a batch of 100 doorbells below 50 ms, few enough not to be throttled by one function. */
const PARALLEL_BATCHES = 10;

export interface Queue {
  readonly client: AwsClient;
  readonly url: string;
}

export const createSqsClient = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  // TLS already protects the bodies: comparing MD5 digests of each costs CPU and finds nothing.
  new SQSClient({ ...clientOptions(DATA_PLANE, environment), md5: false });

/**
 * One cheap signed read while the function starts: the first call costs 30 ms of CPU (TLS, signer, schemas), and
 * Lambda throttles the CPU of small functions in invocations, not while they start. Never throws.
 */
export async function warmQueue(queue: Queue): Promise<void> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ["QueueArn"] });
  await queue.client.send(command as never).catch(() => undefined);
}

interface Outgoing<T> {
  readonly source: T;
  readonly entry: Omit<SendMessageBatchRequestEntry, "Id">;
}

export function createWorkQueue(queue: Queue): WorkQueue {
  return {
    ring: async (doorbells) => {
      const refused = new Set<Doorbell>();
      for (const round of inRounds(doorbells)) {
        // A doorbell must not overtake an earlier one of its key that was not taken.
        const held = new Set([...refused].map(({ key }) => key));
        const free = round.filter(({ key }) => !held.has(key));
        for (const doorbell of round) if (held.has(doorbell.key)) refused.add(doorbell);
        for (const doorbell of await sendAll(queue, free.map(ringOf))) refused.add(doorbell);
      }
      return doorbells.filter((doorbell) => refused.has(doorbell));
    },
  };
}

/** The n-th doorbell of each key goes in the n-th round: batches run in parallel, a key's order stays. */
function inRounds(doorbells: readonly Doorbell[]): readonly (readonly Doorbell[])[] {
  const seen = new Map<string, number>();
  const rounds: Doorbell[][] = [];
  for (const doorbell of doorbells) {
    const round = seen.get(doorbell.key) ?? 0;
    seen.set(doorbell.key, round + 1);
    if (rounds[round] === undefined) rounds.push([doorbell]);
    else rounds[round].push(doorbell);
  }
  return rounds;
}

const ringOf = (doorbell: Doorbell): Outgoing<Doorbell> => ({
  source: doorbell,
  entry: {
    MessageBody: JSON.stringify(doorbell),
    MessageGroupId: groupIdOf(doorbell.key),
    MessageDeduplicationId: deduplicationIdOf(doorbell.id),
  },
});

/** At most 128 of these characters; longer or stranger ids keep their identity as a fingerprint. */
const deduplicationIdPattern = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

export const deduplicationIdOf = (id: string): string =>
  deduplicationIdPattern.test(id) ? id : fingerprint(id);

export function createDelayQueue(queue: Queue): DelayQueue {
  return {
    wakeLater: async (wakes) => {
      const refused = await sendAll(
        queue,
        wakes.map(({ wake, delayMs }) => ({
          source: wake,
          entry: { MessageBody: JSON.stringify(wake), DelaySeconds: delaySecondsOf(delayMs) },
        })),
      );
      if (refused.length > 0) {
        throw new AppError(
          "transient",
          `SQS took ${wakes.length - refused.length} of ${wakes.length} wake-ups`,
        );
      }
    },
  };
}

/** Rounded up: a wake-up before its time would only have to be sent again. */
const delaySecondsOf = (delayMs: number): number =>
  Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delayMs / 1_000)));

/** Returns what was not taken. Errors that no repetition mends are thrown. */
async function sendAll<T>(queue: Queue, outgoing: readonly Outgoing<T>[]): Promise<readonly T[]> {
  const batches = inBatches(outgoing);
  const refused: T[] = [];
  for (let from = 0; from < batches.length; from += PARALLEL_BATCHES) {
    const running = batches.slice(from, from + PARALLEL_BATCHES).map((batch) => sendBatch(queue, batch));
    for (const part of await Promise.all(running)) refused.push(...part);
  }
  return refused;
}

async function sendBatch<T>(queue: Queue, batch: readonly Outgoing<T>[]): Promise<readonly T[]> {
  const Entries = batch.map(({ entry }, index) => ({ ...entry, Id: String(index) }));
  try {
    const command = new SendMessageBatchCommand({ QueueUrl: queue.url, Entries });
    const output = await send({ client: queue.client, pace: unpaced }, command);
    return (output.Failed ?? []).flatMap(({ Id }) => batch[Number(Id)]?.source ?? []);
  } catch (error) {
    // A time-out may have taken effect: sending again with the same deduplication id does no harm.
    if (mayRetry(error)) return batch.map(({ source }) => source);
    throw error;
  }
}

function inBatches<T>(outgoing: readonly Outgoing<T>[]): readonly (readonly Outgoing<T>[])[] {
  const batches: Outgoing<T>[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of outgoing) {
    const size = Buffer.byteLength(one.entry.MessageBody ?? "");
    if (bytes + size > MAX_BATCH_BYTES || (batches.at(-1)?.length ?? 0) >= MAX_BATCH_MESSAGES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(one);
    bytes += size;
  }
  return batches;
}
