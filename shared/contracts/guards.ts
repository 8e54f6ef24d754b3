// Hand-written guards over decoded JSON for hot functions: each reads one field or throws an `input`
// error that names the path, what was found and what is allowed. Paths are only built when a read fails
// (a schema library costs a cold start more than all of these together).

import { AppError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import { epochMs } from "../base/time.ts";

export type Dict = Readonly<Record<string, unknown>>;

export const isDict = (value: unknown): value is Dict =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const MAX_SHOWN_LENGTH = 60;

/** A value as an error message may show it: short, and never the inside of an object. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`;
}

/** The error of a body that has the wrong shape; `detail.path` is what the log names. */
export function malformed(path: string, found: unknown, allowed: string): AppError {
  const detail = { path, found: shown(found), allowed };
  return new AppError("input", `${path}: found ${detail.found}, expected ${allowed}`, { detail });
}

export const joined = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);

/** Decodes JSON text; `what` names it in the error. */
export function decodeJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(what, text, "JSON");
  }
}

/** A required object. */
export function dictAt(parent: Dict, name: string, at: string): Dict {
  const value = parent[name];
  if (isDict(value)) return value;
  throw malformed(joined(at, name), value, "an object");
}

/** A list; absent and null are the empty list. */
export function listAt(parent: Dict, name: string, at: string): readonly unknown[] {
  const value = parent[name];
  if (Array.isArray(value)) return value;
  if (value === undefined || value === null) return [];
  throw malformed(joined(at, name), value, "a list");
}

/** A list of objects; absent and null are the empty list. */
export function dictsAt(parent: Dict, name: string, at: string): readonly Dict[] {
  const list = listAt(parent, name, at);
  for (let index = 0; index < list.length; index += 1) {
    if (!isDict(list[index])) throw malformed(`${joined(at, name)}[${index}]`, list[index], "an object");
  }
  return list as readonly Dict[];
}

/** A required text that is not empty. */
export function textAt(parent: Dict, name: string, at: string): string {
  const value = parent[name];
  if (typeof value === "string" && value !== "") return value;
  throw malformed(joined(at, name), value, "a text");
}

/** A text; absent, null and empty are undefined. */
export function maybeTextAt(parent: Dict, name: string, at: string): string | undefined {
  const value = parent[name];
  if (typeof value === "string") return value === "" ? undefined : value;
  if (value === undefined || value === null) return undefined;
  throw malformed(joined(at, name), value, "a text");
}

/** Reasons are prose of any length: facts keep what fits into a state item shared with 1,000 tasks. */
const MAX_REASON_LENGTH = 512;

export function maybeReasonAt(parent: Dict, name: string, at: string): string | undefined {
  const text = maybeTextAt(parent, name, at);
  return text === undefined || text.length <= MAX_REASON_LENGTH ? text : text.slice(0, MAX_REASON_LENGTH);
}

/** A whole number, not negative; digits in a text count (AWS is not consistent). Absent is undefined. */
export function maybeWholeAt(parent: Dict, name: string, at: string): number | undefined {
  const value = parent[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
  throw malformed(joined(at, name), value, "a whole number, 0 or more");
}

export function wholeAt(parent: Dict, name: string, at: string): number {
  const value = maybeWholeAt(parent, name, at);
  if (value === undefined) throw malformed(joined(at, name), undefined, "a whole number, 0 or more");
  return value;
}

export function booleanAt(parent: Dict, name: string, at: string): boolean {
  const value = parent[name];
  if (typeof value === "boolean") return value;
  throw malformed(joined(at, name), value, "true or false");
}

/**
 * An instant as a Date (SDK), ISO 8601 with any precision or zone form, or RFC 1123 text. What cannot be
 * read is undefined: times are notes, AWS's own samples hold placeholders.
 */
export function instantOf(value: unknown): EpochMs | undefined {
  const ms =
    value instanceof Date ? value.getTime() : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return ms >= 0 ? epochMs(ms) : undefined;
}

/** Sets an optional property only when there is a value (exactOptionalPropertyTypes). */
export function keep<T, Name extends keyof T>(target: T, name: Name, value: T[Name] | undefined): void {
  if (value !== undefined) target[name] = value;
}

export type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
