// When an act that failed is tried again: bounded, jittered, by code.

import type { DurationMs } from "../../base/time.ts";
import { millis, minutes, seconds } from "../../base/time.ts";

const FIRST_RETRY_MS = seconds(2);
const LONGEST_RETRY_MS = minutes(5);
/** What is refused so often in a row while it goes back needs a person: about a quarter of an hour. */
const HOPELESS_TRIES = 10;

/** An operator or the account's owner must act. Tried again at the longest interval, so that a repair is noticed. */
const needsHands: ReadonlySet<string> = new Set(["denied", "missing", "input", "limit", "ACCESS_DENIED"]);

export interface Failure {
  readonly code: string;
  readonly tries: number;
  readonly seed: number;
}

/** Doubles from 2 s to 5 min with up to 25 % of jitter from the seed; at once the longest for `needsHands`. */
export function retryAfter({ code, tries, seed }: Failure): DurationMs {
  const doubled = FIRST_RETRY_MS * 2 ** Math.min(Math.max(0, tries - 1), 10);
  const base = needsHands.has(code) ? LONGEST_RETRY_MS : Math.min(doubled, LONGEST_RETRY_MS);
  return millis(Math.round(base * (1 + ((seed >>> 0) % 256) / 1024)));
}

/** Waiting does not mend it. */
export const isHopeless = ({ code, tries }: { readonly code: string; readonly tries: number }): boolean =>
  needsHands.has(code) || tries >= HOPELESS_TRIES;
