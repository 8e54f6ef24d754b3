// When to look at an operation again, and when to try a failed write again: bounded, jittered, by code.

import type { DurationMs, EpochMs } from "../../base/time.ts";
import { addMs, elapsedMs, millis, minutes, seconds } from "../../base/time.ts";

/** The delay queue's precision: asking sooner than this cannot be scheduled. */
const FIRST_POLL_MS = seconds(1);
const LONGEST_POLL_MS = seconds(30);
/** DNS operations take seconds; one that is pending for so long is looked up by listing instead. */
export const OPERATION_PATIENCE_MS = minutes(5);

/** Polls at 1 s, 2 s, 4 s … 30 s: the next instant is as far away as the operation is old. */
export function nextPollAt(since: EpochMs, now: EpochMs): EpochMs {
  const age = elapsedMs(since, now);
  const wait = Math.min(Math.max(age, FIRST_POLL_MS), LONGEST_POLL_MS);
  return addMs(now, millis(wait));
}

const FIRST_RETRY_MS = seconds(2);
const LONGEST_RETRY_MS = minutes(5);

/**
 * Failures that waiting does not mend: an operator or the account's owner must act. They are tried again
 * at the longest interval, so that the repair is noticed without anybody telling us.
 * https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html (ErrorCode)
 */
const needsHands: ReadonlySet<string> = new Set([
  "ACCESS_DENIED",
  "HOSTED_ZONE_NOT_FOUND",
  "CANNOT_CREATE_HOSTED_ZONE",
  "denied",
  "missing",
  "input",
  "limit",
]);

/** Doubles from 2 s to 5 min with up to 25 % of jitter from the seed; at once the longest for `needsHands`. */
export function retryAfter(failure: { code: string; attempt: number; seed: number }): DurationMs {
  const doubled = FIRST_RETRY_MS * 2 ** Math.min(failure.attempt - 1, 10);
  const base = needsHands.has(failure.code) ? LONGEST_RETRY_MS : Math.min(doubled, LONGEST_RETRY_MS);
  return millis(Math.round(base * (1 + ((failure.seed >>> 0) % 256) / 1024)));
}

/** Whether waiting mends it; if not, looking again soon only costs. */
export const mendsItself = (code: string): boolean => !needsHands.has(code);

/** Cloud Map's own word and that of an operation which Route 53 throttled. */
export const isThrottle = (code: string): boolean => code === "throttled" || code === "THROTTLED_REQUEST";

/** After a throttle nothing is written to that registry for so long; doubles with the attempts. */
export const slowDownMs = (attempt: number): DurationMs => millis(Math.min(1_000 * 2 ** attempt, 60_000));
