// Parts that every section of the manifest is made of. Their messages say what is allowed: the error of a
// manifest is "found …, expected <message>".

import { z } from "zod";
import type { DurationMs } from "../../base/time.ts";
import { durationText, parseDuration } from "./duration.ts";

/** A closed object: a misspelt name is an error that lists the right ones. */
export const closed = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      const names = Object.keys(shape).join(", ");
      return issue.code === "unrecognized_keys" ? names : `an object with ${names}`;
    },
  });

export function wholeNumber(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
}

export const yesOrNo = () => z.boolean("true or false");

export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, words.join(" | "));

/** A share between two bounds, both left out. */
export function between(above: number, below: number) {
  const allowed = `a number above ${above} and below ${below}`;
  return z.number(allowed).gt(above, allowed).lt(below, allowed);
}

export function atLeast(min: number, max: number) {
  const allowed = `a number from ${min} to ${max}`;
  return z.number(allowed).min(min, allowed).max(max, allowed);
}

/** `90s`, `10m`, `2h`; comes out in milliseconds. */
export function duration(min: DurationMs, max: DurationMs) {
  const allowed = `a duration such as 90s, 10m or 2h, from ${durationText(min)} to ${durationText(max)}`;
  // `unit` is for the reference page.
  const written = z.string(allowed).meta({ unit: "duration" });
  return written.transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= min && ms <= max) return ms;
    context.addIssue({ code: "custom", message: allowed });
    return z.NEVER;
  });
}

const callable = "an https URL without a password in it";

/** Plain http leads only to this machine, for local runs; a deployed function refuses that and inner networks. */
export function isCallable(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
  );
}

export const webUrl = () => z.string(callable).refine(isCallable, callable);

export const MODES = ["observe", "approve", "act"] as const;
