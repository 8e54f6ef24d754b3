// Finds EventBridge events in whatever somebody has saved them in: JSON lines, a list, SQS messages, Lambda
// batches, SNS notifications, CloudWatch Logs in the forms of its API, its CLI and its exports.

import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, parseInstant } from "../../shared/base/time.ts";
import type { BusEvent } from "../world/kernel.ts";
import { isEnvelope } from "./format.ts";

export interface Received {
  readonly event: BusEvent;
  /** When it arrived, where the form tells. */
  readonly at: EpochMs | undefined;
}

export interface Found {
  readonly received: readonly Received[];
  /** Lines and entries in which there was no event. */
  readonly skipped: number;
  /** The first line of the text in which there was none, from 1. */
  readonly firstSkipped: number | undefined;
}

type Dict = Readonly<Record<string, unknown>>;

const isDict = (value: unknown): value is Dict =>
  typeof value === "object" && value !== null && !Array.isArray(value);

class Finder {
  readonly received: Received[] = [];
  skipped = 0;
  firstSkipped: number | undefined;

  /** The whole of what somebody saved. */
  file(text: string): void {
    const whole = parsed(text);
    const lines = whole === undefined ? text.split(/\r?\n/) : [];
    if (whole !== undefined) this.value(whole);
    for (const [index, line] of lines.entries()) {
      const before = this.skipped;
      if (line.trim() !== "") this.#logLine(line, undefined);
      if (this.skipped > before) this.firstSkipped ??= index + 1;
    }
  }

  /** A text within an entry. */
  #text(text: string, at?: EpochMs): void {
    const whole = parsed(text);
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
    if (whole !== undefined) this.value(whole, at);
    else for (const line of lines) this.#logLine(line, at);
  }

  /** `at`: what an enclosing form said of the time. */
  value(value: unknown, at?: EpochMs): void {
    if (Array.isArray(value)) {
      for (const one of value) this.value(one, at);
    } else if (isEnvelope(value)) {
      this.received.push({ event: value, at });
    } else if (isDict(value)) {
      this.#wrapped(value, at);
    } else {
      this.skipped += 1;
    }
  }

  #wrapped(value: Dict, at: EpochMs | undefined): void {
    const list = LISTS.find((name) => Array.isArray(value[name]));
    const text = TEXTS.find((name) => typeof value[name] === "string");
    if (list !== undefined) this.value(value[list], at);
    else if (Array.isArray(value["results"])) this.#insights(value["results"]);
    else if (isEnvelope(value["event"])) this.value(value["event"], at);
    else if (text !== undefined) this.#text(String(value[text]), timeOf(value) ?? at);
    else this.skipped += 1;
  }

  /** Rows of fields: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html */
  #insights(rows: readonly unknown[]): void {
    for (const row of rows) {
      const fields = Array.isArray(row) ? row.filter(isDict) : [];
      const fieldOf = (name: string) => fields.find(({ field }) => field === name)?.["value"];
      const message = fieldOf("@message");
      const at = parseInstant(utc(fieldOf("@timestamp")));
      if (typeof message === "string") this.#text(message, at);
      else this.skipped += 1;
    }
  }

  /** An event, or a time and perhaps a stream's name before it: exports to S3 and `aws logs tail`. */
  #logLine(line: string, at: EpochMs | undefined): void {
    const brace = line.indexOf("{");
    const content = brace < 0 ? undefined : parsed(line.slice(brace));
    if (content === undefined) {
      this.skipped += 1;
      return;
    }
    this.value(content, parseInstant(line.slice(0, brace).trim().split(/\s/)[0]) ?? at);
  }
}

/** Lambda and SQS, FilterLogEvents, a subscription's records. */
const LISTS = ["Records", "Messages", "events", "logEvents"] as const;
const TEXTS = ["Body", "body", "Message", "message", "@message"] as const;

/** Logs Insights writes UTC without saying so. */
const utc = (text: unknown): unknown => (typeof text === "string" ? `${text.replace(" ", "T")}Z` : undefined);

function timeOf(value: Dict): EpochMs | undefined {
  const attributes = value["attributes"] ?? value["Attributes"];
  const sent = isDict(attributes) ? Number(attributes["SentTimestamp"]) : Number.NaN;
  if (Number.isFinite(sent)) return epochMs(sent);
  const stamp = value["ingestionTime"] ?? value["timestamp"];
  if (typeof stamp === "number") return epochMs(stamp);
  return parseInstant(value["Timestamp"] ?? stamp);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function findEvents(text: string): Found {
  const finder = new Finder();
  finder.file(text);
  const { received, skipped, firstSkipped } = finder;
  return { received, skipped, firstSkipped };
}
