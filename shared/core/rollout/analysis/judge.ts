// What may be said of the new revision now, and with which numbers. Bad counts whenever it is known; good only
// on fresh numbers of every metric that decides. Unknown, missing and zero are three answers.

import type { EpochMs } from "../../../base/time.ts";
import { minutes } from "../../../base/time.ts";
import type { AnalysisPolicy } from "../../../contracts/rollout-policy.ts";
import type { AnalysisState, Grid, MetricState, MetricVerdict, Verdict, VerdictKind } from "./analysis.ts";
import { excessBound } from "./bounds.ts";
import { evidenceOfBetter, evidenceOfWorse } from "./evidence.ts";
import { gridOf } from "./grid.ts";
import { guardRates } from "./guard.ts";
import { leastFailed } from "./least.ts";
import { goodText, pendingText, presenceText, worseText } from "./verdict-text.ts";

export interface JudgeContext {
  readonly policy: AnalysisPolicy;
  readonly now: EpochMs;
  /** From then on neither good nor bad is inconclusive. */
  readonly deadlineAt?: EpochMs;
}

/** What rolled back: the comparison, the absolute guard, or the bound that needs no test. */
export type Ground = "e-process" | "guard" | "hard-bound";

/** Of alpha; the rest is for slow requests. */
const ALPHA_OF_ERRORS = 0.85;
/** A share of fewer requests than this is no share. */
const HARD_BOUND_REQUESTS = 10;
/** A minute without a request is nothing rare; the policy for no traffic may promote. */
const QUIET_MS = minutes(5);
/** Of the deadline. */
const TIME_FOR_RATIO = 0.5;
/** Half an error: what stands for none where a ratio is told. */
const HALF = 0.5;

export function judge(state: AnalysisState, context: JudgeContext): Verdict {
  const grid = state.grid ?? gridOf(context.policy);
  const settling = { ...context, grid, isPatient: isPatient(state, context) };
  const all = Object.entries(state.metrics).map(([name, metric]) => one(name, metric, settling));
  const deciding = all.filter(({ verdict }) => isDeciding(verdict.metric, context.policy));
  const rest = { metrics: all.map(({ verdict }) => verdict), at: context.now, ...sinceOf(state) };
  const worst = deciding.filter(({ ground }) => ground !== undefined).toSorted(byGround)[0];
  if (worst?.ground !== undefined) return bad(worst, context.policy, rest);
  const failed = failedOf(deciding);
  const presence = presenceOf(state, context);
  if (presence !== undefined) return { ...rest, ...presence, failed };
  if (isGood(deciding, context.policy)) {
    return { ...rest, kind: "good", by: "e-process", text: goodText(deciding.map(verdictOf)), failed };
  }
  const isLate = context.deadlineAt !== undefined && context.now >= context.deadlineAt;
  const text = pendingText(deciding.map(verdictOf), context.policy, isLate);
  return {
    ...rest,
    kind: isLate ? "inconclusive" : "pending",
    by: isLate ? "deadline" : "e-process",
    text,
    failed,
  };
}

export function isDeciding(name: string, policy: AnalysisPolicy): boolean {
  return (
    policy.metrics === "default" || policy.metrics.every((metric) => metric.name !== name || !metric.dryRun)
  );
}

interface Judged {
  readonly verdict: MetricVerdict;
  readonly state: MetricState;
  readonly ground: Ground | undefined;
}

const verdictOf = ({ verdict }: Judged): MetricVerdict => verdict;

const sinceOf = ({ since }: AnalysisState): { readonly since?: EpochMs } =>
  since === undefined ? {} : { since };

const failedOf = (metrics: readonly Judged[]): number =>
  Math.max(0, ...metrics.map(({ state }) => state.candidate.bad));

/**
 * 1/alpha, spent over all that may roll back falsely (union bound): each deciding metric, half where the objective
 * is guarded beside the comparison. Known before the first bin, so that no metric's absence lowers the bar. Of the
 * default two, failures get most: a failed request is worse than a slow one, and should end a rollout sooner.
 */
export function neededEvidence(policy: AnalysisPolicy, metric: string): number {
  const tests = policy.sloErrorRate === undefined ? 1 : 2;
  return tests / (probability(policy.alpha) * spentOn(metric, policy));
}

function spentOn(metric: string, policy: AnalysisPolicy): number {
  if (policy.metrics !== "default")
    return 1 / Math.max(1, policy.metrics.filter((each) => !each.dryRun).length);
  return metric === "errors" ? ALPHA_OF_ERRORS : 1 - ALPHA_OF_ERRORS;
}

const probability = (value: number): number => Math.min(Math.max(value, Number.MIN_VALUE), 1);

/** Going on needs every metric: a bad one among them is passed with a probability of at most beta, undivided. */
const neededToGoOn = (policy: AnalysisPolicy): number => 1 / probability(policy.beta);

/** A ratio had its time: from then on an excess that is surely small is good enough. */
const isPatient = ({ since }: AnalysisState, { policy, now }: JudgeContext): boolean =>
  since !== undefined && now - since >= policy.deadlineMs * TIME_FOR_RATIO;

interface Settling extends JudgeContext {
  readonly grid: Grid;
  readonly isPatient: boolean;
}

function one(name: string, state: MetricState, context: Settling): Judged {
  const { policy, grid } = context;
  const needed = neededEvidence(policy, name);
  const eBad = evidenceOfWorse(state.sums, grid, name);
  const eGood = evidenceOfBetter(state.sums, grid);
  const bound = excessBound(state, grid, probability(policy.beta));
  const isBounded = isAbsolute(name, policy) && isBeyondBound(state, policy);
  const ground = isBounded ? "hard-bound" : groundOf(state, { policy, eBad, needed });
  const isNegligible = context.isPatient && bound <= (policy.negligibleExcess ?? 0);
  const isBetter = eGood >= neededToGoOn(policy) || isNegligible;
  const { candidate, control, phi } = state;
  const kind = ground !== undefined ? "bad" : isBetter ? "good" : "pending";
  return {
    verdict: { metric: name, kind, eBad, eGood, needed, candidate, control, phi, excessBound: bound },
    state,
    ground,
  };
}

function groundOf(
  state: MetricState,
  {
    policy,
    eBad,
    needed,
  }: { readonly policy: AnalysisPolicy; readonly eBad: number; readonly needed: number },
): Ground | undefined {
  if (eBad >= needed) return "e-process";
  if (guardRates(state, policy) !== undefined && state.guard >= Math.log(needed)) return "guard";
  return undefined;
}

/**
 * What is slow by default was learnt from the old revision, maybe from few requests: a share of it says nothing by
 * itself. With 12 requests a minute, 3 of 100 good versions were rolled back by it.
 */
const isAbsolute = (name: string, policy: AnalysisPolicy): boolean =>
  policy.metrics !== "default" || name !== "slow";

/** Clearly more than the old revision, which may be that bad itself. */
function isBeyondBound(state: MetricState, policy: AnalysisPolicy): boolean {
  const most = Math.max(policy.maxErrorRate, policy.maxRatio * usualAtMost(state));
  const { total, bad } = state.candidate;
  return total >= HARD_BOUND_REQUESTS * state.phi && bad / total > most;
}

/** Of a count: where few requests were counted, that the old revision did better may be luck. */
const STANDARD_DEVIATIONS = 3;

function usualAtMost({ control: { total, bad }, phi }: MetricState): number {
  return total === 0 ? 0 : (bad + STANDARD_DEVIATIONS * Math.sqrt(phi * bad)) / total;
}

const ORDER: readonly Ground[] = ["hard-bound", "e-process", "guard"];
const byGround = (left: Judged, right: Judged): number =>
  ORDER.indexOf(left.ground ?? "guard") - ORDER.indexOf(right.ground ?? "guard");

type Rest = Pick<Verdict, "metrics" | "at" | "since">;

function bad({ verdict, state, ground }: Judged, policy: AnalysisPolicy, rest: Rest): Verdict {
  const bound = leastFailed(shareOf(state.candidate), usualShare(state), policy);
  // The hard bound asks for no comparison, so it may be sooner than any comparing test could be: then none is named.
  const least = bound !== undefined && bound <= state.candidate.bad ? bound : undefined;
  const by = ground ?? "e-process";
  const text = worseText(verdict, { by, policy, ...(least === undefined ? {} : { least }) });
  const failed = state.candidate.bad;
  const told = { kind: "bad", by, text, metric: verdict.metric, failed } as const;
  return { ...rest, ...told, ...(least === undefined ? {} : { leastFailed: least }) };
}

const shareOf = ({ bad: failed, total }: MetricState["candidate"]): number =>
  total === 0 ? 0 : failed / total;

function usualShare(state: MetricState): number {
  const usual = state.control.total > 0 ? state.control : (state.history ?? { total: 0, bad: 0 });
  return usual.total === 0 ? 0 : Math.max(usual.bad, HALF) / usual.total;
}

function isGood(metrics: readonly Judged[], policy: AnalysisPolicy): boolean {
  const expected = policy.metrics === "default" ? 1 : policy.metrics.filter((each) => !each.dryRun).length;
  const isEnough = ({ state }: Judged): boolean => state.candidate.total >= Math.max(1, policy.minRequests);
  return (
    metrics.length >= Math.max(1, expected) &&
    metrics.every((each) => each.verdict.kind === "good" && isEnough(each))
  );
}

/** Whether there are numbers at all. Undefined = there are. */
function presenceOf(
  state: AnalysisState,
  { policy, now, deadlineAt }: JudgeContext,
): { readonly kind: VerdictKind; readonly by: string; readonly text: string } | undefined {
  const { since } = state;
  if (since === undefined)
    return { kind: "pending", by: "traffic", text: presenceText("not-begun", state, now) };
  const quietMs = (at: EpochMs | undefined): number => now - (at ?? since);
  if (quietMs(state.answeredAt) > policy.freshnessMs)
    return { kind: "no-data", by: "provider", text: presenceText("no-data", state, now) };
  // A deadline may come sooner than such a lull: where nobody ever asked, it is too late to wait for one.
  const isNobody = state.trafficAt === undefined && deadlineAt !== undefined && now >= deadlineAt;
  if (isNobody || quietMs(state.trafficAt) > Math.max(policy.freshnessMs, QUIET_MS))
    return { kind: "no-traffic", by: "traffic", text: presenceText("no-traffic", state, now) };
  return undefined;
}
