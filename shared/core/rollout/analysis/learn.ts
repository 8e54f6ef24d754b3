// What a rollout has learnt from its metrics so far: one fold over complete bins, each learnt once.

import type { EpochMs } from "../../../base/time.ts";
import type { AnalysisPolicy } from "../../../contracts/rollout-policy.ts";
import type { AnalysisState, Bin, Counts, MetricState } from "./analysis.ts";
import { dispersionOfScatter, scatterOf, withScatter } from "./dispersion.ts";
import { countsOf, noSums, withBin } from "./evidence.ts";
import { gridOf } from "./grid.ts";
import { guardStep } from "./guard.ts";

/** Requests a second follow the last few bins: half of the newest one counts. */
const RATE_SMOOTHING = 0.5;

/** CloudWatch's finest resolution is a second; a bin of more than a day is none. */
const SHORTEST_BIN_MS = 1_000;
const LONGEST_BIN_MS = 86_400_000;

export interface LearnContext {
  readonly policy: AnalysisPolicy;
  readonly now: EpochMs;
  /** The provider's answer was partial or failed: nothing is concluded from what is missing. */
  readonly problem?: string;
}

/** Before the first bin. `since` = traffic on the new revision since. */
export function initialAnalysis(policy: AnalysisPolicy, since?: EpochMs): AnalysisState {
  return {
    ...(since === undefined ? {} : { since }),
    metrics: {},
    grid: gridOf(policy),
    requestsPerSecond: 0,
  };
}

const initialMetric = (state: AnalysisState, policy: AnalysisPolicy): MetricState => ({
  sums: noSums(state.grid ?? gridOf(policy)),
  guard: 0,
  phi: 1,
  candidate: { total: 0, bad: 0 },
  control: { total: 0, bad: 0 },
});

/** The old revision's counts by minute before the rollout: how much they scatter and how many fail. */
export function learnBaseline(
  state: AnalysisState,
  perMinute: Readonly<Record<string, readonly Counts[]>>,
  policy: AnalysisPolicy,
): AnalysisState {
  const metrics: Record<string, MetricState> = { ...state.metrics };
  for (const [name, counts] of Object.entries(perMinute)) {
    const before = metrics[name] ?? initialMetric(state, policy);
    const scatter = scatterOf(counts);
    const history = counts.map(countsOf).reduce(plus, { total: 0, bad: 0 });
    metrics[name] = { ...before, scatter, phi: dispersionOfScatter(scatter), history };
  }
  const first = Object.values(perMinute)[0] ?? [];
  const requests = first.map(countsOf).reduce(plus, { total: 0, bad: 0 }).total;
  const isRateKnown = state.requestsPerSecond > 0 || first.length === 0;
  return {
    ...state,
    metrics,
    requestsPerSecond: isRateKnown ? state.requestsPerSecond : requests / (first.length * 60),
  };
}

/** Bins that are not newer than what was learnt are dropped: a fact may be told twice. */
export function learn(
  state: AnalysisState,
  bins: Readonly<Record<string, readonly Bin[]>>,
  context: LearnContext,
): AnalysisState {
  const metrics: Record<string, MetricState> = { ...state.metrics };
  let next: AnalysisState = { ...state, grid: state.grid ?? gridOf(context.policy) };
  let isFirst = true;
  for (const [name, list] of Object.entries(bins)) {
    const before = metrics[name] ?? initialMetric(next, context.policy);
    const fresh = freshBins(list, before.lastBinAt);
    metrics[name] = fresh.reduce(
      (metric, bin) => withOneBin(metric, bin, { state: next, policy: context.policy }),
      before,
    );
    if (isFirst) next = { ...next, requestsPerSecond: fresh.reduce(smoothedRate, next.requestsPerSecond) };
    isFirst = isFirst && fresh.length === 0;
    next = withTraffic(next, fresh);
  }
  return answered({ ...next, metrics }, context);
}

function answered(state: AnalysisState, { now, problem }: LearnContext): AnalysisState {
  const { problem: _solved, ...rest } = state;
  return problem === undefined ? { ...rest, answeredAt: now } : { ...rest, problem };
}

function freshBins(bins: readonly Bin[], lastBinAt: EpochMs | undefined): readonly Bin[] {
  const seen = new Set<number>();
  return bins
    .filter(({ at, spanMs }) => Number.isFinite(at) && spanMs >= SHORTEST_BIN_MS && spanMs <= LONGEST_BIN_MS)
    .filter(({ at }) => lastBinAt === undefined || at > lastBinAt)
    .toSorted((one, other) => one.at - other.at)
    .filter((bin) => !seen.has(bin.at) && seen.add(bin.at).size > 0);
}

interface Learning {
  readonly state: AnalysisState;
  readonly policy: AnalysisPolicy;
}

function withOneBin(metric: MetricState, raw: Bin, { state, policy }: Learning): MetricState {
  const bin = { ...raw, candidate: countsOf(raw.candidate), control: countsOf(raw.control) };
  const ratios = (state.grid ?? gridOf(policy)).ratios;
  const scatter = bin.control.total > 0 ? withScatter(metric.scatter, bin.control) : metric.scatter;
  // This bin is judged by what was known before it: otherwise a clump would excuse itself.
  const phi = metric.phi;
  return {
    ...metric,
    sums: withBin(metric.sums, bin, { ratios, phi }),
    guard: metric.guard + guardStep(metric, bin, policy),
    ...(scatter === undefined ? {} : { scatter }),
    phi: dispersionOfScatter(scatter),
    candidate: plus(metric.candidate, bin.candidate),
    control: plus(metric.control, bin.control),
    lastBinAt: bin.at,
    lastRequests: { candidate: bin.candidate.total, control: bin.control.total + stableOf(bin) },
  };
}

const plus = (one: Counts, other: Counts): Counts => ({
  total: one.total + other.total,
  bad: one.bad + other.bad,
});

const requestsOf = (bin: Bin): number =>
  countsOf(bin.candidate).total + countsOf(bin.control).total + stableOf(bin);

const stableOf = ({ stable = 0 }: Bin): number => (Number.isFinite(stable) && stable > 0 ? stable : 0);

function smoothedRate(before: number, bin: Bin): number {
  const rate = (requestsOf(bin) * 1_000) / bin.spanMs;
  return before === 0 ? rate : before * (1 - RATE_SMOOTHING) + rate * RATE_SMOOTHING;
}

function withTraffic(state: AnalysisState, bins: readonly Bin[]): AnalysisState {
  const last = bins.findLast((bin) => requestsOf(bin) > 0);
  if (last === undefined) return state;
  const end = (last.at + last.spanMs) as EpochMs;
  return {
    ...state,
    trafficAt: state.trafficAt !== undefined && state.trafficAt > end ? state.trafficAt : end,
  };
}
