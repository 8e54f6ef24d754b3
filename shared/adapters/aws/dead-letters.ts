// DeadLetters over SQS: what gave up, how often it was sent back, and where it came from.

import type { Message } from "@aws-sdk/client-sqs";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { AppError } from "../../base/errors.ts";
import { fingerprint } from "../../base/fingerprint.ts";
import type { DeadLetter, DeadLetters } from "../../ports/queues.ts";
import type { AwsClient, Paced } from "./client.ts";
import { send } from "./client.ts";
import { unpaced } from "./pace.ts";

/** Message attribute that survives a redrive and the next death. */
const REDRIVES = "redrives";
/** Long enough for one sweep to decide about what it received. */
const HOLD_SECONDS = 60;
/** SQS counts its 12 h from the receipt, so the full 43,200 is refused a second later. */
const PARK_SECONDS = 12 * 3_600 - 300;

export interface DeadLetterOptions {
  readonly client: AwsClient;
  /** Source queue URL by dead-letter queue URL. */
  readonly sources: ReadonlyMap<string, string>;
}

export function createDeadLetters(options: DeadLetterOptions): DeadLetters {
  const to: Paced = { client: options.client, pace: unpaced };
  return {
    receive: async (limit) => {
      const letters: DeadLetter[] = [];
      for (const queue of options.sources.keys())
        letters.push(...(await receive(to, queue, limit - letters.length)));
      return letters;
    },
    redrive: async (letter) => {
      await send(to, new SendMessageCommand(redriveOf(letter, sourceOf(options, letter))));
      await send(to, new DeleteMessageCommand({ QueueUrl: letter.queue, ReceiptHandle: letter.receipt }));
    },
    park: async (letter) => {
      const hide = { QueueUrl: letter.queue, ReceiptHandle: letter.receipt, VisibilityTimeout: PARK_SECONDS };
      await send(to, new ChangeMessageVisibilityCommand(hide));
    },
  };
}

async function receive(to: Paced, queue: string, limit: number): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  while (letters.length < limit) {
    const output = await send(
      to,
      new ReceiveMessageCommand({
        QueueUrl: queue,
        MaxNumberOfMessages: Math.min(10, limit - letters.length),
        VisibilityTimeout: HOLD_SECONDS,
        MessageSystemAttributeNames: ["MessageGroupId"],
        MessageAttributeNames: [REDRIVES],
      }),
    );
    if ((output.Messages ?? []).length === 0) break;
    letters.push(...(output.Messages ?? []).map((message) => letterOf(queue, message)));
  }
  return letters;
}

function letterOf(queue: string, message: Message): DeadLetter {
  const group = message.Attributes?.MessageGroupId;
  const redrives = Number(message.MessageAttributes?.[REDRIVES]?.StringValue ?? 0);
  return {
    queue,
    body: message.Body ?? "",
    receipt: message.ReceiptHandle ?? "",
    redrives: Number.isInteger(redrives) ? redrives : 0,
    ...(group !== undefined && { group }),
  };
}

function sourceOf(options: DeadLetterOptions, letter: DeadLetter): string {
  const source = options.sources.get(letter.queue);
  if (source === undefined) throw new AppError("input", `no source queue is known for ${letter.queue}`);
  return source;
}

function redriveOf(letter: DeadLetter, source: string) {
  const redrives = letter.redrives + 1;
  return {
    QueueUrl: source,
    MessageBody: letter.body,
    MessageAttributes: { [REDRIVES]: { DataType: "Number", StringValue: String(redrives) } },
    // A new id: FIFO would swallow the first one's for 5 minutes after its first sending.
    ...(source.endsWith(".fifo") && {
      MessageGroupId: letter.group ?? fingerprint(letter.body),
      MessageDeduplicationId: fingerprint(`${redrives} ${letter.body}`),
    }),
  };
}
