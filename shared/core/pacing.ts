// How soon a key may have its next pass. A single change is acted on at once; in a burst the passes of one
// key are spaced, so that what arrives in between is folded into the next one: three writes for a pass
// instead of three for an event. Latency is bounded by one interval.

import type { DurationMs, EpochMs } from "../base/time.ts";
import { elapsedMs, millis } from "../base/time.ts";

/** Passes that a quiet key has in hand before it is paced. */
const BURST_PASSES = 3;
/** At 25 events a second for one service this keeps the writes below a quarter of the events (`npm run bench`, P6). */
const PASS_INTERVAL_MS = 650;

export interface Pacing {
  /** To wait before this pass. */
  readonly waitMs: DurationMs;
  /** Passes left in hand after this one: stored with the decision. */
  readonly credit: number;
}

export function pacingOf(
  last: { readonly credit?: number; readonly decidedAt: EpochMs },
  now: EpochMs,
): Pacing {
  const earned = Math.max(0, elapsedMs(last.decidedAt, now)) / PASS_INTERVAL_MS;
  const inHand = Math.min(BURST_PASSES, (last.credit ?? BURST_PASSES) + earned);
  const waitMs = inHand >= 1 ? 0 : Math.ceil((1 - inHand) * PASS_INTERVAL_MS);
  return { waitMs: millis(waitMs), credit: Math.max(0, inHand - 1) };
}
