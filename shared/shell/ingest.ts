// One batch from the urgent, ingress or delay queue: parse each record, fold, ring once for each key.
// A bad record fails alone; a doorbell that could not be sent fails the records that rang it. Nothing is
// written and nothing is described here: the facts ride in the doorbell.

import { AppError } from "../base/errors.ts";
import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Wake } from "../contracts/doorbells.ts";
import { failingPath, parseEvent } from "../contracts/events.ts";
import { decodeJson } from "../contracts/guards.ts";
import { isWake, parseWake } from "../contracts/parse-doorbell.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { WorkQueue } from "../ports/queues.ts";
import type { Folded, Ring, Stimulus } from "./fold.ts";
import { fold } from "./fold.ts";

export interface IngestRecord {
  readonly messageId: string;
  readonly body: string;
}

export interface IngestPorts {
  readonly work: WorkQueue;
  readonly clock: Clock;
  readonly log: Log;
}

export interface IngestSummary {
  readonly in: number;
  /** By the code of the reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly malformed: number;
  readonly doorbells: number;
  readonly unsent: number;
  /** Facts that newer ones of the same batch replaced. */
  readonly folded: number;
}

export interface IngestResult {
  /** SQS redelivers these, and moves them to the dead-letter queue in the end. */
  readonly failedMessageIds: readonly string[];
  readonly summary: IngestSummary;
}

export async function ingestBatch(
  records: readonly IngestRecord[],
  ports: IngestPorts,
): Promise<IngestResult> {
  const now = ports.clock.now();
  const sorted = sortRecords(records, now);
  logMalformed(sorted.malformed, ports.log);
  const folded = fold(sorted.stimuli, now);
  const unsent = await ring(folded.rings, ports);
  const failed = new Set(sorted.malformed.map(({ messageId }) => messageId));
  for (const { messageIds } of unsent) for (const messageId of messageIds) failed.add(messageId);
  const summary = { in: records.length, ...summaryOf(sorted, folded, unsent.length) };
  logSummary(summary, sorted.dropped, ports.log);
  return { failedMessageIds: [...failed], summary };
}

interface Malformed {
  readonly messageId: string;
  readonly error: unknown;
}

interface Sorted {
  readonly stimuli: Stimulus[];
  readonly dropped: Reason[];
  readonly malformed: Malformed[];
}

function sortRecords(records: readonly IngestRecord[], now: EpochMs): Sorted {
  const sorted: Sorted = { stimuli: [], dropped: [], malformed: [] };
  for (const record of records) {
    try {
      sortRecord(record, now, sorted);
    } catch (error) {
      sorted.malformed.push({ messageId: record.messageId, error });
    }
  }
  return sorted;
}

function sortRecord({ messageId, body }: IngestRecord, now: EpochMs, sorted: Sorted): void {
  const decoded = decodeJson(body, "(body)");
  if (isWake(decoded)) {
    sorted.stimuli.push(wakeStimulus(messageId, parseWake(decoded)));
    return;
  }
  const parsed = parseEvent(decoded, now);
  if (parsed.kind === "dropped") {
    sorted.dropped.push(parsed.reason);
    return;
  }
  for (const { key, facts } of parsed.routed) {
    sorted.stimuli.push({ messageId, id: parsed.eventId, key, facts, hops: 0 });
  }
}

/** The same timer rings once however often its wake-up is sent; a later hop of it is another stimulus. */
function wakeStimulus(messageId: string, wake: Wake): Stimulus {
  const hops = wake.hops + 1;
  return {
    messageId,
    id: `wake ${wake.wakeAt} ${hops}`,
    key: wake.key,
    facts: [{ kind: "wake", cause: "timer", at: wake.wakeAt }],
    hops,
  };
}

/** Rings all doorbells; returns those that were not taken. A queue that throws took none for sure. */
async function ring(rings: readonly Ring[], ports: IngestPorts): Promise<readonly Ring[]> {
  if (rings.length === 0) return [];
  try {
    const unsent = await ports.work.ring(rings.map(({ doorbell }) => doorbell));
    if (unsent.length === 0) return [];
    const ids = new Set(unsent.map(({ id }) => id));
    return rings.filter(({ doorbell }) => ids.has(doorbell.id));
  } catch (error) {
    ports.log.error("work queue did not answer: the batch is returned", { error: messageOf(error) });
    return rings;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One line for each would let a flood of bad records write a flood of lines. */
const MAX_MALFORMED_LINES = 10;

function logMalformed(malformed: readonly Malformed[], log: Log): void {
  for (const { messageId, error } of malformed.slice(0, MAX_MALFORMED_LINES)) {
    log.error("malformed record: goes to the dead-letter queue", {
      messageId,
      path: failingPath(error) ?? "(unknown)",
      code: error instanceof AppError ? error.code : "defect",
      error: messageOf(error),
    });
  }
}

function summaryOf(sorted: Sorted, folded: Folded, unsent: number): Omit<IngestSummary, "in"> {
  const dropped: Record<string, number> = {};
  for (const { code } of sorted.dropped) dropped[code] = (dropped[code] ?? 0) + 1;
  return {
    dropped,
    malformed: sorted.malformed.length,
    doorbells: folded.rings.length - unsent,
    unsent,
    folded: folded.superseded,
  };
}

function logSummary(summary: IngestSummary, dropped: readonly Reason[], log: Log): void {
  const codes = Object.entries(summary.dropped).map(([code, count]) => `${code}=${count}`);
  log.info("batch ingested", {
    in: summary.in,
    dropped: dropped.length,
    ...(dropped.length > 0 && { droppedBy: codes.join(" "), firstDropped: dropped[0]?.text ?? "" }),
    malformed: summary.malformed,
    doorbells: summary.doorbells,
    unsent: summary.unsent,
    folded: summary.folded,
  });
  log.count({
    EventsIn: summary.in,
    EventsDropped: dropped.length,
    EventsMalformed: summary.malformed,
    DoorbellsRung: summary.doorbells,
    DoorbellsUnsent: summary.unsent,
    FactsFolded: summary.folded,
  });
}
