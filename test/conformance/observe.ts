// Reads paths of an answer, compares what is there with what is expected, and says differences in words that
// are the same in every run: ids, times and account numbers are replaced by what they are.

import { isDeepStrictEqual } from "node:util";
import type { Expected, Observations, Rule, Value } from "./scenario.ts";
import { isRule } from "./scenario.ts";

export type Saved = ReadonlyMap<string, Value>;

/** A name that no earlier step saved: the step cannot be compared. */
export class MissingName extends Error {}

/** Puts saved values in the place of `<name>`; `\\<name>` stays as it is, without its backslash. */
export function fill(value: Value, saved: Saved): Value {
  if (typeof value === "string") return fillText(value, saved);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array)
    return value;
  if (Array.isArray(value)) return value.map((item: Value) => fill(item, saved));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item as Value, saved)]));
}

const NAME = /\\?<([a-zA-Z][a-zA-Z0-9]*)>/g;

function fillText(text: string, saved: Saved): Value {
  const whole = /^<([a-zA-Z][a-zA-Z0-9]*)>$/.exec(text)?.[1];
  if (whole !== undefined) return known(whole, saved);
  return text.replaceAll(NAME, (found, name: string) =>
    found.startsWith("\\") ? found.slice(1) : String(known(name, saved)),
  );
}

function known(name: string, saved: Saved): Value {
  const value = saved.get(name);
  if (value === undefined) throw new MissingName(name);
  return value;
}

/** `*` gives the list of what the rest of the path gives for each entry. */
export function at(answer: unknown, path: string): unknown {
  const steps = path.split(/\.(?![^[]*\])/).flatMap((step) => step.split(/(?=\[)/));
  return walk(answer, steps);
}

function walk(value: unknown, steps: readonly string[]): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || value === undefined || value === null) return value ?? undefined;
  if (step === "*") {
    return Array.isArray(value) ? value.map((item: unknown) => walk(item, rest)) : undefined;
  }
  return walk(member(value, step), rest);
}

function member(value: unknown, step: string): unknown {
  const filter = /^\[([^=]+)=(.*)\]$/.exec(step);
  if (filter !== null) {
    const [, name = "", wanted] = filter;
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    return list.find((item) => String((item as Record<string, unknown>)[name]) === wanted);
  }
  if (step === "length") return (value as { length?: number }).length;
  if (typeof value === "string") return parsedMember(value, step);
  return (value as Record<string, unknown>)[step];
}

/** A text that holds JSON (a queue's message) is looked into. */
function parsedMember(text: string, step: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[step];
  } catch {
    return undefined;
  }
}

/** One line for each observation that is not as expected. */
export function differences(answer: unknown, expected: Observations, saved: Saved): string[] {
  return Object.entries(expected).flatMap(([path, wanted]) => {
    const filledPath = String(fill(path, saved));
    const found = at(answer, filledPath);
    const target = isRule(wanted) ? { ...wanted, of: fillAll(wanted.of, saved) } : fill(wanted, saved);
    if (holds(found, target)) return [];
    return [`${path}: ${show(found, saved)} instead of ${describe(wanted, saved)}`];
  });
}

const fillAll = (values: Rule["of"], saved: Saved): Rule["of"] => values.map((value) => fill(value, saved));

function holds(found: unknown, wanted: Expected): boolean {
  if (!isRule(wanted)) return isDeepStrictEqual(plain(found), plain(wanted));
  const [first, second] = wanted.of;
  switch (wanted.rule) {
    case "absent":
      return found === undefined;
    case "present":
      return found !== undefined;
    case "matches":
      return typeof found === "string" && new RegExp(String(first)).test(found);
    case "between":
      return typeof found === "number" && found >= Number(first) && found <= Number(second);
    case "anyOrder":
      return Array.isArray(found) && isDeepStrictEqual(sorted(found), sorted(wanted.of));
  }
}

const sorted = (list: readonly unknown[]): string[] =>
  list.map((item) => JSON.stringify(plain(item))).toSorted();

/** Without members that are undefined and without the SDK's own classes. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value, ordered));

const ordered = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

function describe(wanted: Expected, saved: Saved): string {
  if (!isRule(wanted)) return show(wanted, saved);
  const { rule, of } = wanted;
  if (rule === "matches") return `/${String(of[0])}/`;
  if (rule === "between") return `${String(of[0])} to ${String(of[1])}`;
  if (rule === "anyOrder") return `${show(of, saved)} in any order`;
  return rule === "absent" ? "nothing" : "a value";
}

const LONGEST = 90;

function show(value: unknown, saved: Saved): string {
  if (value === undefined) return "nothing";
  const text = steady(JSON.stringify(plain(value)), saved);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const SHORTEST_SAVED = 5;

/** The same words in every run. */
export function steady(text: string, saved: Saved): string {
  const names = [...saved]
    .filter(([, value]) => typeof value === "string" && value.length >= SHORTEST_SAVED)
    .toSorted(([, a], [, b]) => String(b).length - String(a).length);
  const named = names.reduce((all, [name, value]) => all.replaceAll(String(value), `<${name}>`), text);
  return named
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?/g, "<time>")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uuid>")
    .replaceAll(/\b[0-9a-f]{16,}\b/g, "<hex>")
    .replaceAll(/\b(ns|srv|eni|tg|lb)-[0-9a-z]{8,}\b/g, "<$1>")
    .replaceAll(/\/hostedzone\/[A-Z0-9]+/g, "/hostedzone/<zone>")
    .replaceAll(/127\.0\.0\.1:\d+/g, "<host>")
    .replaceAll(/\b\d{10,13}(\.\d+)?\b/g, "<number>");
}
