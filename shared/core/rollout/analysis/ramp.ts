// The risk-budgeted ramp: the next weight follows from what has been learnt. Four limits, the least of them
// holds: what is at risk until the next look (budget), what the last weight has shown (twice as much), how long
// the revision has run (soak: leaks and slow failures show with time, not with requests), and, until it is known
// to be good, half: beyond half every further percent adds risk and takes away from the comparison.

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import type { DurationMs, EpochMs } from "../../../base/time.ts";
import { epochMs, seconds } from "../../../base/time.ts";
import type { AnalysisPolicy, AutoSteps } from "../../../contracts/rollout-policy.ts";
import type { AnalysisState, Verdict } from "./analysis.ts";
import { excessBound } from "./bounds.ts";
import { gridOf } from "./grid.ts";
import { isDeciding, judge } from "./judge.ts";

export interface RampInput {
  readonly auto: AutoSteps;
  readonly policy: AnalysisPolicy;
  readonly now: EpochMs;
  /** Percent on the new revision now; 0 = before the first. */
  readonly weight: number;
  /** When that weight was set: nothing is raised before bins that began after it were learnt. */
  readonly raisedAt?: EpochMs;
  /** Most that may be given now: maxWeight, healthy capacity, scale. */
  readonly cap: number;
  /** Percent that stays on the old revision until the verdict. */
  readonly controlShare: number;
  /** Publication delay of the slowest metric: from the end of a bin until it is complete. */
  readonly settleMs: DurationMs;
}

export interface NextWeight {
  /** Whole percent; equal to `weight` = stay. Never lower than `weight`. */
  readonly weight: number;
  readonly reason: Reason;
  /** When to ask again although no bin came (the soak's next rung). */
  readonly askAt?: EpochMs;
}

/** A raise changes the listener rule: smaller ones are not worth the calls. */
const LEAST_RAISE = 1.5;
/** Twice the weight at most: the failures of the next look are then at most twice those of the last. */
const LARGEST_RAISE = 2;
/** How sure the excess bound is, from which the budget follows. */
const RAMP_RISK = 0.1;
/** Users see a new weight act after about 15 s (argo-rollouts#3617). */
const ACTUATION_MS = seconds(15);
/** Evidence against the revision at which it gets no more, long before it goes back. */
const SUSPICION = 3;
/** Until the verdict is good. */
const UNDECIDED_WEIGHT = 50;
const WHOLE = 100;

export function nextWeight(state: AnalysisState, input: RampInput): NextWeight {
  const most = Math.floor(
    Math.max(0, Math.min(percentOr(input.cap, 0), WHOLE - percentOr(input.controlShare, 0))),
  );
  const stay = (code: string, text: string): NextWeight => ({
    weight: input.weight,
    reason: reason(code, text),
  });
  if (input.weight >= most)
    return stay("weight-at-most", `${input.weight} % is the most that it may have now.`);
  if (input.weight <= 0) return first(input, most);
  if (!isSeen(state, input)) return stay("awaiting-metrics", `What ${input.weight} % did is not known yet.`);
  const verdict = judge(state, input);
  if (verdict.kind !== "good" && verdict.kind !== "pending")
    return stay(`analysis-${verdict.kind}`, verdict.text);
  const suspect = verdict.metrics.find(
    (each) => each.eBad >= SUSPICION && isDeciding(each.metric, input.policy),
  );
  if (suspect !== undefined) return stay("under-suspicion", `${suspect.metric} looks worse: ${verdict.text}`);
  return raised(state, input, { verdict, most });
}

const percentOr = (value: number, otherwise: number): number => (Number.isFinite(value) ? value : otherwise);

function first(input: RampInput, most: number): NextWeight {
  const weight = Math.min(most, Math.max(1, Math.floor(input.auto.firstWeight)));
  const text = `${weight} % first: nothing is known of the new revision yet.`;
  return { weight, reason: reason("first-weight", text, { weight }) };
}

/** Bins that began after the last raise took effect were learnt, and the answer is fresh. */
function isSeen(state: AnalysisState, { raisedAt, policy, now }: RampInput): boolean {
  if (state.answeredAt === undefined || now - state.answeredAt > policy.freshnessMs) return false;
  if (state.trafficAt === undefined || state.problem !== undefined) return false;
  return raisedAt === undefined || state.trafficAt >= raisedAt + policy.periodMs;
}

interface Limit {
  readonly code: string;
  readonly weight: number;
  readonly text: string;
}

interface Standing {
  readonly verdict: Verdict;
  readonly most: number;
}

/** What is known to be good waits for its soak only. */
function limitsOf(state: AnalysisState, input: RampInput, { verdict, most }: Standing): readonly Limit[] {
  const always: readonly Limit[] = [
    { code: "at-most", weight: most, text: "the most that it may have" },
    { code: "soak", ...soakLimit(state, input) },
  ];
  if (verdict.kind === "good") return always;
  return [
    ...always,
    { code: "learnt", weight: input.weight * LARGEST_RAISE, text: "twice what has been seen" },
    { code: "budget", ...budgetLimit(state, input) },
    { code: "undecided", weight: UNDECIDED_WEIGHT, text: "half until the verdict" },
  ];
}

function raised(state: AnalysisState, input: RampInput, standing: Standing): NextWeight {
  const limits = limitsOf(state, input, standing);
  const least = limits.reduce((one, other) => (other.weight < one.weight ? other : one));
  const weight = Math.floor(least.weight);
  const inputs = { limit: least.code, weight, requestsPerSecond: Math.round(state.requestsPerSecond) };
  if (isWorthIt(weight, input.weight, standing.most)) {
    return {
      weight,
      reason: reason("weight-raised", `From ${input.weight} % to ${weight} %: ${least.text}.`, inputs),
    };
  }
  const at = least.code === "soak" ? rungAt(state, input) : undefined;
  const stays = reason(
    `weight-limited-by-${least.code}`,
    `Stays at ${input.weight} %: ${least.text}.`,
    inputs,
  );
  return { weight: input.weight, reason: stays, ...(at === undefined ? {} : { askAt: at }) };
}

/** Half, and all, are worth their own step however near. */
const isWorthIt = (weight: number, present: number, most: number): boolean =>
  weight > present && (weight >= present * LEAST_RAISE || weight === UNDECIDED_WEIGHT || weight >= most);

/** budget / (requests until a change would act * upper bound of the excess share), in percent. */
function budgetLimit(state: AnalysisState, input: RampInput): Omit<Limit, "code"> {
  const grid = state.grid ?? gridOf(input.policy);
  const bounds = Object.entries(state.metrics)
    .filter(([name]) => isDeciding(name, input.policy))
    .map(([, metric]) => excessBound(metric, grid, RAMP_RISK));
  const bound = bounds.length === 0 ? 1 : Math.max(...bounds);
  const blindSeconds = (input.policy.periodMs + input.settleMs + ACTUATION_MS) / 1_000;
  const atRisk = state.requestsPerSecond * blindSeconds * bound;
  const weight = atRisk > 0 ? (WHOLE * Math.max(0, input.auto.riskBudget)) / atRisk : WHOLE;
  const share = (bound * 100).toPrecision(2);
  const text = `up to ${share} % of its requests may fail more than before, for ${Math.round(blindSeconds)} s unseen, with ${input.auto.riskBudget} to risk`;
  return { weight: Number.isFinite(weight) ? weight : 0, text };
}

/** The weight grows by the same factor each minute, to `most` at the end of the soak. */
function soakLimit(state: AnalysisState, input: RampInput): Omit<Limit, "code"> {
  const soakMs = input.auto.soakMs ?? 0;
  const ranMs = input.now - (state.since ?? input.now);
  const start = Math.max(1, input.auto.firstWeight);
  const weight =
    soakMs <= 0 || ranMs >= soakMs ? WHOLE : start * (WHOLE / start) ** (Math.max(0, ranMs) / soakMs);
  return {
    weight,
    text: `${Math.round(ranMs / 60_000)} min of ${Math.round(soakMs / 60_000)} min have passed`,
  };
}

/** When the soak allows a raise that is worth it. */
function rungAt(state: AnalysisState, { auto, weight }: RampInput): EpochMs | undefined {
  const start = Math.max(1, auto.firstWeight);
  const rung = Math.max(Math.ceil(weight * LEAST_RAISE), weight + 1);
  if (state.since === undefined || auto.soakMs === undefined || rung >= WHOLE) return undefined;
  return epochMs(Math.ceil(state.since + auto.soakMs * (Math.log(rung / start) / Math.log(WHOLE / start))));
}
