// From received events to the lines of a recording: once each, redacted, in the order in which they came.

import { AppError } from "../../shared/base/errors.ts";
import { fingerprint } from "../../shared/base/fingerprint.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, parseInstant } from "../../shared/base/time.ts";
import { eventLine, headerLine } from "./format.ts";
import type { Received } from "./read-events.ts";
import { AccountMask, redact } from "./redact.ts";

export interface RecorderOptions {
  /** Takes the place of the account's own number. */
  readonly account?: string;
}

export interface RecordingSummary {
  events: number;
  duplicates: number;
  redacted: number;
  /** Events that happened before one that was received earlier. */
  outOfOrder: number;
}

export interface Recorder {
  /** The text to append for these events; the header comes before the first. */
  take(received: readonly Received[]): string;
  readonly summary: Readonly<RecordingSummary>;
}

export function createRecorder(options: RecorderOptions = {}): Recorder {
  const summary: RecordingSummary = { events: 0, duplicates: 0, redacted: 0, outOfOrder: 0 };
  const mask = options.account === undefined ? undefined : new AccountMask(options.account);
  const seen = new Set<string>();
  let startedAt: EpochMs | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  const line = ({ event: raw, at }: Received): string => {
    // At-least-once delivery repeats the id and the content; documentation repeats ids alone.
    const name = fingerprint(`${raw.id} ${JSON.stringify(raw.detail)}`);
    if (seen.has(name)) {
      summary.duplicates += 1;
      return "";
    }
    seen.add(name);
    const { event, count } = redact(mask === undefined ? raw : mask.event(raw));
    const happened = parseInstant(event.time) ?? at ?? epochMs(Math.max(lastAt, 0));
    if (happened < newest) summary.outOfOrder += 1;
    newest = Math.max(newest, happened);
    // Without a time of its arrival an event came after those before it, and after it happened.
    lastAt = Math.max(lastAt, at ?? happened);
    summary.redacted += count;
    summary.events += 1;
    const isFirst = startedAt === undefined;
    startedAt ??= epochMs(lastAt);
    const head = isFirst ? headerLine({ startedAt, account: event.account, region: event.region }) : "";
    return head + eventLine({ atMs: lastAt - startedAt, event });
  };
  return { summary, take: (received) => inOrderOfArrival(received).map(line).join("") };
}

/** Several streams of a log are listed one after the other. */
function inOrderOfArrival(received: readonly Received[]): readonly Received[] {
  if (received.some(({ at }) => at === undefined)) return received;
  return [...received].sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
}

export function requireAccount(account: string | undefined): void {
  if (account === undefined || /^\d{12}$/.test(account)) return;
  throw new AppError("input", `--account: found "${account}", expected 12 digits`);
}
