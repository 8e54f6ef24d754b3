// The words of the analysis: what is counted, what is remembered, what is said. A verdict is never a bare
// yes or no: it carries the evidence, the counts and the least that any test would have needed.

import type { DurationMs, EpochMs } from "../../../base/time.ts";

export interface Counts {
  readonly total: number;
  readonly bad: number;
}

/** One bin of one metric, complete. A side that is absent had no traffic; unknown bins are not made at all. */
export interface Bin {
  readonly at: EpochMs;
  readonly spanMs: DurationMs;
  readonly candidate: Counts;
  readonly control: Counts;
  /** Requests of the old group where `control` is its fresh twin alone: they are compared with nothing. */
  readonly stable?: number;
}

export interface MetricState {
  /**
   * The whole memory of the test, 8 numbers: for each of the 7 rate ratios r of the grid the sum of
   * bad/phi * ln((r n_c + n_b) / (n_c + n_b)), and last the candidate's bad/phi. Every log-likelihood ratio
   * between two points of the grid follows from them (see evidence.ts).
   */
  readonly sums: readonly number[];
  /** Log-likelihood ratio of the absolute guard (SPRT). */
  readonly guard: number;
  /** Variance of the old revision's bad counts over their mean, at least 1. */
  readonly phi: number;
  /** For people and for the ramp. */
  readonly candidate: Counts;
  readonly control: Counts;
  readonly lastBinAt?: EpochMs;
  /**
   * Requests of the last bin, of the new revision and of everything old: which share it really gets, and whether
   * the old one still gets any.
   */
  readonly lastRequests?: { readonly candidate: number; readonly control: number };
  /** How much the old revision's counts scatter, so far: see dispersion.ts. */
  readonly scatter?: Scatter;
  /** The old revision before the rollout: what is expected where nothing runs beside the new one. */
  readonly history?: Counts;
}

/** Sum of Pearson's chi-square of each bin against the one before it, and of how many pairs. */
export interface Scatter {
  readonly chiSquare: number;
  readonly pairs: number;
  /** The last bin, which the next is held against. */
  readonly last?: Counts;
}

/** Rate ratios, new to old, that the test knows. */
export interface Grid {
  /** Allowed at most (policy.maxRatio): the null hypothesis of going back. */
  readonly allowed: number;
  /** Not to be promoted early (policy.badRatio): the null hypothesis of going on. */
  readonly worse: number;
  /** Seven, ascending; `allowed` and `worse` are among them. */
  readonly ratios: readonly number[];
}

export interface AnalysisState {
  readonly since?: EpochMs;
  readonly metrics: Readonly<Record<string, MetricState>>;
  /** The ratios of the grid, fixed when the rollout began: a policy that changes later does not mix two grids. */
  readonly grid?: Grid;
  /** Requests a second over both sides, smoothed: for the ramp. */
  readonly requestsPerSecond: number;
  /** Seconds; slower counts as slow. */
  readonly slowSeconds?: number;
  /** When the last complete bin with traffic ended, and when the last answer of the provider came. */
  readonly trafficAt?: EpochMs;
  readonly answeredAt?: EpochMs;
  readonly problem?: string;
}

export type VerdictKind =
  /** Worse than allowed: go back. */
  | "bad"
  /** Not worse than allowed: go on without waiting. */
  | "good"
  /** Neither yet. */
  | "pending"
  /** Neither at the deadline. */
  | "inconclusive"
  /** The metrics answer, nobody asks the service. */
  | "no-traffic"
  /** The metrics do not answer, or only with old points. */
  | "no-data";

export interface MetricVerdict {
  readonly metric: string;
  readonly kind: "bad" | "good" | "pending";
  /** Evidence that it is worse, and what ends it; likewise that it is not. */
  readonly eBad: number;
  readonly eGood: number;
  readonly needed: number;
  readonly candidate: Counts;
  readonly control: Counts;
  readonly phi: number;
  /** Upper bound of the candidate's excess share of bad requests, at the ramp's confidence. */
  readonly excessBound: number;
}

export interface Verdict {
  readonly kind: VerdictKind;
  /** One sentence with the numbers: "14 of 61 requests failed …; 2 was the least possible". */
  readonly text: string;
  /** e-process | guard | hard-bound | tasks | deadline | … */
  readonly by: string;
  readonly metric?: string;
  readonly metrics: readonly MetricVerdict[];
  readonly since?: EpochMs;
  readonly at: EpochMs;
  /** Failed requests of the candidate up to now, and the information-theoretic least for such a difference. */
  readonly failed: number;
  readonly leastFailed?: number;
}
