// Metrics as the feed carries them: queries of a rollout, read together with those of all others, and the
// points that came back. Unknown, missing and zero are different: a failed read has a problem, a missing
// point is not in the list, zero is a point.

import type { Key } from "../base/keys.ts";
import type { DurationMs, EpochMs } from "../base/time.ts";
import type { MetricProvider } from "./rollout-policy.ts";

/** Placeholders are filled in. `id` is unique within its subscription: `errors/candidate/bad`. */
export interface MetricQuery {
  readonly id: string;
  readonly source: MetricProvider;
  readonly periodMs: DurationMs;
  /** Where the provider publishes sooner or later than the subscription's others: its own `settleMs`. */
  readonly settleMs?: DurationMs;
}

export interface Series {
  readonly id: string;
  /** Start of the bin and its value, oldest first. */
  readonly points: readonly (readonly [EpochMs, number])[];
  /** The read failed or was partial: what is missing is unknown, not zero. */
  readonly problem?: string;
  /** [from, until): the bins that were asked for; one of them without a point is missing. */
  readonly window?: readonly [EpochMs, EpochMs];
}

/** A rollout's standing order to the feed. Ends by itself, so that a dead rollout costs nothing. */
export interface Subscription {
  readonly key: Key;
  readonly rollout: string;
  readonly queries: readonly MetricQuery[];
  /** Start of the first bin that is wanted. */
  readonly from: EpochMs;
  /** A bin is complete so long after its end: the provider's publication delay. */
  readonly settleMs: DurationMs;
  readonly until: EpochMs;
  /** Listener rules, or listeners: the key hears of every change that CloudTrail tells of one of them. */
  readonly rules?: readonly string[];
}
