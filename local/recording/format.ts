// The file of a recording, for `fairlead record` and `npm run simulate -- --replay`: JSON lines. The first is the
// header, each further one an event with the time at which it was received, or what is known of a host.

import { AppError } from "../../shared/base/errors.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { isoInstant, parseInstant } from "../../shared/base/time.ts";
import type { BusEvent } from "../world/kernel.ts";

const FORMAT = "fairlead-recording";
/** Raised when an older reader would misunderstand a newer file. */
const VERSION = 1;

export interface RecordingHeader {
  readonly startedAt: EpochMs;
  readonly account: string;
  readonly region: string;
}

export interface RecordedEvent {
  /** Since `startedAt`: when it was received, which is not when it happened (`event.time`). */
  readonly atMs: number;
  readonly event: BusEvent;
}

/** Events never tell the address of a host; a recording may. */
export interface RecordedHost {
  readonly hostId: string;
  readonly privateIp?: string;
  readonly publicIp?: string;
}

export interface Recording {
  readonly header: RecordingHeader;
  readonly events: readonly RecordedEvent[];
  readonly hosts: readonly RecordedHost[];
}

export const headerLine = ({ startedAt, account, region }: RecordingHeader): string =>
  `${JSON.stringify({ format: FORMAT, version: VERSION, startedAt: isoInstant(startedAt), account, region })}\n`;

export const eventLine = ({ atMs, event }: RecordedEvent): string => `${JSON.stringify({ atMs, event })}\n`;

const hostLine = (host: RecordedHost): string => `${JSON.stringify({ host })}\n`;

export const writeRecording = ({ header, events, hosts }: Recording): string =>
  [headerLine(header), ...hosts.map(hostLine), ...events.map(eventLine)].join("");

type Line = Readonly<Record<string, unknown>>;

/** Throws an `input` error that names the line. */
export function readRecording(text: string, fileName: string): Recording {
  const [first = "", ...rest] = text.split(/\r?\n/);
  const header = headerFrom(lineFrom(first, `${fileName}:1`), `${fileName}:1`);
  const events: RecordedEvent[] = [];
  const hosts: RecordedHost[] = [];
  for (const [index, textLine] of rest.entries()) {
    if (textLine === "") continue;
    const place = `${fileName}:${index + 2}`;
    const line = lineFrom(textLine, place);
    if (line["host"] !== undefined) hosts.push(line["host"] as RecordedHost);
    else events.push(eventFrom(line, place));
  }
  return { header, events, hosts };
}

const wrong = (place: string, expected: string): AppError =>
  new AppError("input", `${place}: expected ${expected}`);

function lineFrom(text: string, place: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Line;
  } catch {
    // Told below.
  }
  throw wrong(place, "a JSON object: is it a recording made by `fairlead record`?");
}

function headerFrom(line: Line, place: string): RecordingHeader {
  const { format, version, startedAt, account, region } = line;
  if (format !== FORMAT)
    throw wrong(place, `"format":"${FORMAT}": make one of your events by \`fairlead record\``);
  if (version !== VERSION)
    throw wrong(place, `"version":${VERSION}, found ${String(version)}: record anew, or update fairlead`);
  const at = parseInstant(startedAt);
  if (at === undefined || typeof account !== "string" || typeof region !== "string")
    throw wrong(place, "startedAt as an ISO time, account and region");
  return { startedAt: at, account, region };
}

function eventFrom({ atMs, event }: Line, place: string): RecordedEvent {
  if (typeof atMs !== "number" || !(atMs >= 0)) throw wrong(place, "atMs, the milliseconds since startedAt");
  if (!isEnvelope(event)) throw wrong(place, "an EventBridge event in event");
  return { atMs, event };
}

/** What every event has, and a replay needs: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export function isEnvelope(value: unknown): value is BusEvent {
  if (typeof value !== "object" || value === null) return false;
  const { detail, resources } = value as Line;
  return (
    ["source", "detail-type", "account", "region"].every(
      (name) => typeof (value as Line)[name] === "string",
    ) &&
    Array.isArray(resources) &&
    typeof detail === "object" &&
    detail !== null &&
    !Array.isArray(detail)
  );
}
