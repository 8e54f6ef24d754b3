// Events from a queue that a rule of the user's fills. A message is deleted once its event is on disk, not before:
// who ends the recording, or whose disk is full, loses nothing.

import { open, rm } from "node:fs/promises";
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { findEvents } from "./read-events.ts";
import type { Recorder } from "./recorder.ts";

export interface QueueSource {
  readonly client: Pick<SQSClient, "send">;
  readonly url: string;
  readonly file: string;
  readonly recorder: Recorder;
  /** Ends the recording after what was received is written and deleted. */
  readonly signal: AbortSignal;
  readonly onBatch?: (events: number) => void;
}

/** SQS's own limits. */
const MAX_MESSAGES = 10;
const LONGEST_POLL_SECONDS = 20;

/** Returns how many messages held no event: they are deleted too, or they would come for ever. */
export async function recordQueue(source: QueueSource): Promise<number> {
  const { recorder, signal } = source;
  const file = await open(source.file, "wx");
  let skipped = 0;
  try {
    while (!signal.aborted) {
      const messages = await receive(source);
      if (messages.length === 0) continue;
      const found = messages.map(eventsOf);
      skipped += found.filter(({ received }) => received.length === 0).length;
      await file.appendFile(recorder.take(found.flatMap(({ received }) => received)));
      await file.datasync();
      await remove(source, messages);
      source.onBatch?.(recorder.summary.events);
    }
  } finally {
    await file.close();
    // Without a line it is no recording, and would be in the way of the next try.
    if (recorder.summary.events === 0) await rm(source.file, { force: true });
  }
  return skipped;
}

const eventsOf = ({ Body = "", Attributes }: Message) =>
  findEvents(JSON.stringify({ Body, Attributes: { ...Attributes } }));

async function receive({ client, url, signal }: QueueSource): Promise<readonly Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: MAX_MESSAGES,
    WaitTimeSeconds: LONGEST_POLL_SECONDS,
    MessageSystemAttributeNames: ["SentTimestamp"],
  });
  try {
    return (await client.send(command, { abortSignal: signal })).Messages ?? [];
  } catch (error) {
    if (signal.aborted) return [];
    throw error;
  }
}

async function remove({ client, url }: QueueSource, messages: readonly Message[]): Promise<void> {
  const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
}
