// What would become of the events of a file, for `fairlead events explain`: the rules that take each, its
// keys and facts, or why it goes no further. Pure; who knows the rules passes the matching in.

import { AppError } from "../base/errors.ts";
import type { Reason } from "../base/reasons.ts";
import { reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Parsed, Routed } from "../contracts/events.ts";
import { detailTypeOf, failingPath, parseEvent } from "../contracts/events.ts";

export interface ExplainOptions {
  /** Stands in for a time that an event does not tell. */
  readonly receivedAt: EpochMs;
  /** Names of the rules whose pattern takes the event; absent = rules are not looked at. */
  readonly rulesFor?: (event: unknown) => readonly string[];
}

export type Explained =
  | { readonly kind: "facts"; readonly routed: readonly Routed[] }
  | { readonly kind: "dropped"; readonly reason: Reason }
  /** Would go to the dead-letter queue. `path` is where the body is wrong. */
  | { readonly kind: "malformed"; readonly path: string; readonly message: string };

export interface ExplainedEvent {
  /** Place in the file, from 0. */
  readonly index: number;
  readonly detailType: string;
  readonly rules?: readonly string[];
  readonly outcome: Explained;
}

/** One event, a JSON list of events, or one event on each line. Throws `input` when it is none of these. */
export function explainEvents(fileText: string, options: ExplainOptions): readonly ExplainedEvent[] {
  return bodiesOf(fileText).map((body, index) => {
    const rules = body instanceof AppError ? undefined : options.rulesFor?.(body);
    const outcome = body instanceof AppError ? malformedBy(body) : explained(body, options.receivedAt, rules);
    return { index, detailType: detailTypeOf(body), ...(rules !== undefined && { rules }), outcome };
  });
}

function explained(body: unknown, receivedAt: EpochMs, rules: readonly string[] | undefined): Explained {
  const parsed = parsedOrError(body, receivedAt);
  if (parsed instanceof AppError) return malformedBy(parsed);
  if (parsed.kind === "dropped") return parsed;
  if (rules?.length === 0) return { kind: "dropped", reason: noRule };
  return { kind: "facts", routed: parsed.routed };
}

const noRule = reason("no-rule", "no rule takes it: it never reaches a queue");

function parsedOrError(body: unknown, receivedAt: EpochMs): Parsed | AppError {
  try {
    return parseEvent(body, receivedAt);
  } catch (error) {
    if (error instanceof AppError && error.code === "input") return error;
    throw error;
  }
}

const malformedBy = (error: AppError): Explained => ({
  kind: "malformed",
  path: failingPath(error) ?? "(body)",
  message: error.message,
});

/** A line that is no JSON is a malformed event of its own, so that one bad line does not hide the others. */
function bodiesOf(fileText: string): readonly unknown[] {
  if (fileText.trim() === "")
    throw new AppError("input", "the file is empty: expected one event, a list, or JSON lines");
  const whole = decoded(fileText);
  if (!(whole instanceof AppError)) return Array.isArray(whole) ? whole : [whole];
  const lines = fileText.split(/\r?\n/).filter((line) => line.trim() !== "");
  const bodies = lines.map(decoded);
  if (lines.length > 1 && !(bodies[0] instanceof AppError)) return bodies;
  throw new AppError("input", `neither JSON nor JSON lines: ${whole.message}`);
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return new AppError("input", message, { detail: { path: "(body)" } });
  }
}
