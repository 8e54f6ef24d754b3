// The options of a break as people type them (`--share 50 --for 60s`), checked: every refusal names the option,
// what was found and what is allowed.

import { AppError } from "../../shared/base/errors.ts";
import type { DurationMs } from "../../shared/base/time.ts";
import { millis } from "../../shared/base/time.ts";

export type ParameterKind = "service" | "share" | "duration" | "count" | "text";

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  /** A few words, for people. */
  readonly about: string;
  /** Absent: nothing is assumed; what must be named says so itself. */
  readonly default?: string;
}

/** What was typed, by the option's name without its dashes. */
export type Typed = Readonly<Record<string, string>>;

/** The options of one break, read by name and kind. */
export interface Given {
  /** In [0, 1]; typed as a percentage. */
  share(name?: string): number;
  duration(name: string): DurationMs;
  count(name: string): number;
  text(name: string): string | undefined;
}

const SHARE = "share";

/** How long the break lasts; without it until it is mended. Every break has it. */
export const FOR: Parameter = { name: "for", kind: "duration", about: "ends by itself after that time" };

export const shareOf = (about: string, percent = 100): Parameter => ({
  name: SHARE,
  kind: "share",
  about,
  default: String(percent),
});

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

const refusal = (name: string, found: string, allowed: string): AppError =>
  new AppError("input", `--${name}: found "${found}", expected ${allowed}`);

/** `500ms`, `60s`, `5m`, `1h`; a bare number is seconds. */
export function durationFrom(text: string, name: string): DurationMs {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw refusal(name, text, "a time such as 500ms, 60s, 5m or 1h");
  return millis(Number(match[1]) * (UNITS_MS[match[2] ?? "s"] ?? 1_000));
}

function percentFrom(text: string, name: string): number {
  const value = Number(text.replace(/%$/, ""));
  if (!/^\d/.test(text) || !(value >= 0 && value <= 100))
    throw refusal(name, text, "a percentage from 0 to 100");
  return value / 100;
}

function countFrom(text: string, name: string): number {
  if (!/^\d{1,6}$/.test(text)) throw refusal(name, text, "a whole number");
  return Number(text);
}

/** Checks every option at once, so that a wrong one is told before anything is broken. */
export function readOptions(parameters: readonly Parameter[], typed: Typed): Given {
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  for (const name of Object.keys(typed)) {
    if (known.has(name)) continue;
    const names = [...known.keys()].map((one) => `--${one}`).join(", ");
    throw new AppError("input", `--${name} is no option of this break, which takes ${names}`);
  }
  const textOf = (name: string): string | undefined => typed[name] ?? known.get(name)?.default;
  const read = <T>(name: string, parse: (text: string, name: string) => T): T => {
    const text = textOf(name);
    if (text === undefined) throw new AppError("input", `--${name} is missing: ${known.get(name)?.about}`);
    return parse(text, name);
  };
  const given: Given = {
    share: (name = SHARE) => read(name, percentFrom),
    duration: (name) => read(name, durationFrom),
    count: (name) => read(name, countFrom),
    text: textOf,
  };
  for (const { name, kind } of parameters) {
    if (textOf(name) !== undefined && kind !== "text" && kind !== "service") given[kind](name);
  }
  return given;
}
