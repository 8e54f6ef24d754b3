// Which numbers judge a rollout, and what the feed's answers mean. Without a word of configuration they are
// those of the target groups: failed and slow requests out of all. Unknown, missing and zero are different
// things: a side without a total had no requests, but only where the read was complete.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

import type { Key } from "../../base/keys.ts";
import type { DurationMs, EpochMs } from "../../base/time.ts";
import { addMs, epochMs, minutes } from "../../base/time.ts";
import type { MetricsFact } from "../../contracts/facts.ts";
import type { MetricQuery, Series, Subscription } from "../../contracts/metrics.ts";
import type { MetricProvider, RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { Bin, Counts } from "./analysis/analysis.ts";
import { countsOf } from "./metric-counts.ts";
import type { CountedMetric, Judged, MetricQueries } from "./metric-queries.ts";
import { COARSE_PERIOD_MS, idOf, queriesOfMetric, SETTLE_MS } from "./metric-queries.ts";
import type { Rollout } from "./state.ts";

export interface Judging {
  readonly rollout: Judged;
  readonly policy: RolloutPolicy;
}

// --- which metrics --------------------------------------------------------------------------------------

const ALB = "AWS/ApplicationELB";
/** `TC(x:)` takes decimals; a millisecond is finer than what load balancers tell apart. */
const MS_PER_SECOND = 1_000;

const albMetric = (metricName: string, statistic: string): MetricProvider => ({
  provider: "cloudwatch",
  namespace: ALB,
  metricName,
  dimensions: { TargetGroup: "{{target_group}}", LoadBalancer: "{{load_balancer}}" },
  statistic,
});

/**
 * A target's own 5XX, and connections that it refused or broke (the client saw a 502 or 504 of the load
 * balancer, which is counted for no group).
 */
const errorsMetric = (periodMs: DurationMs): CountedMetric => ({
  name: "errors",
  periodMs,
  total: albMetric("RequestCount", "Sum"),
  bad: albMetric("HTTPCode_Target_5XX_Count", "Sum"),
  moreBad: [albMetric("TargetConnectionErrorCount", "Sum")],
  dryRun: false,
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html TC */
const slowMetric = (periodMs: DurationMs, slowSeconds: number): CountedMetric => ({
  name: "slow",
  periodMs,
  total: albMetric("RequestCount", "Sum"),
  bad: albMetric("TargetResponseTime", `TC(${Math.ceil(slowSeconds * MS_PER_SECOND) / MS_PER_SECOND}:)`),
  dryRun: false,
});

/** The metrics of a rollout; by default those of its target groups. Empty where nothing counts requests. */
export function metricPoliciesOf(rollout: Judged, policy: RolloutPolicy): readonly CountedMetric[] {
  const { metrics, periodMs } = policy.analysis;
  if (metrics !== "default") return metrics;
  if (!isCountedByRequest(rollout.places)) return [];
  const { slowSeconds } = rollout.analysis;
  const knowsSlow = slowSeconds !== undefined && Number.isFinite(slowSeconds) && slowSeconds > 0;
  return knowsSlow ? [errorsMetric(periodMs), slowMetric(periodMs, slowSeconds)] : [errorsMetric(periodMs)];
}

/** Network Load Balancers (`net/…`) count connections, not requests. */
const isCountedByRequest = ({ stableGroup, candidateGroup, loadBalancer }: Rollout["places"]): boolean =>
  (stableGroup ?? candidateGroup) !== undefined && loadBalancer?.startsWith("app/") === true;

// --- the subscription -----------------------------------------------------------------------------------

/** A rollout that died costs the feed half an hour; one that lives renews a few times an hour. */
export const SUBSCRIPTION_LIFE_MS = minutes(30);
const RENEW_WITHIN_MS = minutes(10);

/** Whether the order at the feed is missing or ends soon. */
export const isRenewalDue = (subscribedUntil: EpochMs | undefined, now: EpochMs): boolean =>
  subscribedUntil === undefined || subscribedUntil - now <= RENEW_WITHIN_MS;

export interface Subscribing {
  /** undefined: nothing counts this service's requests. */
  readonly subscription: Subscription | undefined;
  readonly problems: readonly string[];
}

/** The rollout's order to the feed; the same one, only later, while nothing changes. */
export function subscriptionOf(of: Judging & { readonly key: Key; readonly now: EpochMs }): Subscribing {
  const perMetric = queriesOf(of);
  const queries = perMetric.flatMap((one) => one.queries);
  const problems = perMetric.flatMap((one) => one.problems);
  if (queries.length === 0) return { subscription: undefined, problems };
  const { key, rollout, now } = of;
  const begun = rollout.analysis.since ?? rollout.trafficSince ?? now;
  const subscription: Subscription = {
    key,
    rollout: rollout.id,
    queries,
    from: binStart(begun, COARSE_PERIOD_MS),
    settleMs: SETTLE_MS,
    until: addMs(now, SUBSCRIPTION_LIFE_MS),
  };
  return { subscription, problems };
}

const queriesOf = ({ rollout, policy }: Judging): readonly MetricQueries[] =>
  metricPoliciesOf(rollout, policy).map((metric) => queriesOfMetric(metric, rollout));

const binStart = (at: EpochMs, periodMs: DurationMs): EpochMs => epochMs(at - (at % periodMs));

// --- the watch over rules -------------------------------------------------------------------------------

/** Stands where a rollout's id would: the service's standing wish to hear of its rules. */
export const WATCH = "watch";
const WATCH_LIFE_MS = minutes(7 * 24 * 60);

/**
 * A wish to hear of every change of these rules and listeners, also while nothing rolls out. It is an order
 * like any other, without queries: propose it as `subscribe-metrics` when the rules are known for the first
 * time or have changed, and again in the last day of `until`; the answer is a `traffic-change` fact. One for
 * each load balancer, because that is where CloudTrail's events are sorted.
 */
export function watchOf({
  key,
  rules,
  now,
}: {
  readonly key: Key;
  readonly rules: readonly string[];
  readonly now: EpochMs;
}): readonly Subscription[] {
  const byBalancer = Map.groupBy(rules, balancerOf);
  return [...byBalancer.values()].map((own) => ({
    key,
    rollout: WATCH,
    queries: [],
    from: now,
    settleMs: SETTLE_MS,
    until: addMs(now, WATCH_LIFE_MS),
    rules: own,
  }));
}

/** `…:listener-rule/app/name/id/listener/rule` and `…:listener/app/name/id/listener` → `app/name/id`. */
const balancerOf = (arn: string): string => arn.split("/").slice(1, 4).join("/");

// --- the baseline ---------------------------------------------------------------------------------------

/** One read of the metrics port. */
export interface Reading {
  readonly queries: readonly MetricQuery[];
  readonly window: { readonly from: EpochMs; readonly until: EpochMs };
}

const DAY_MS = minutes(24 * 60);
/** Long enough for the variance of counts by minute, short enough to be of the same hour's traffic. */
const HISTORY_MS = minutes(30);
const LATENCY_ID = "latency/control/p99";

/** The old revision's response time of the last day; undefined where nothing tells it. */
export function latencyReading({
  rollout,
  policy,
  now,
}: Judging & { readonly now: EpochMs }): Reading | undefined {
  if (policy.analysis.metrics !== "default" || !isCountedByRequest(rollout.places)) return undefined;
  const p99 = { ...errorsMetric(DAY_MS), total: albMetric("TargetResponseTime", "p99") };
  const { queries } = queriesOfMetric({ ...p99, bad: p99.total, moreBad: [] }, rollout);
  const query = queries.find(({ id }) => id === idOf(p99.name, "control", "total")) ?? queries[0];
  if (query === undefined) return undefined;
  const until = binStart(now, COARSE_PERIOD_MS);
  return {
    queries: [{ ...query, id: LATENCY_ID }],
    window: { from: epochMs(until - DAY_MS), until },
  };
}

/** The larger one where midnight divides the day in two. Seconds; undefined: no traffic, or unknown. */
export function p99Of(series: readonly Series[]): number | undefined {
  const found = series.find(({ id }) => id === LATENCY_ID);
  if (found === undefined || found.problem !== undefined) return undefined;
  const values = found.points
    .map(([, value]) => value)
    .filter((value) => Number.isFinite(value) && value > 0);
  return values.length === 0 ? undefined : Math.max(...values);
}

/**
 * Half an hour of the old revision's counts by minute, for the dispersion. Slow requests are among them only if
 * the rollout knows `analysis.slowSeconds`, so the latency is read first.
 */
export function baselineQueries({ rollout, policy, now }: Judging & { readonly now: EpochMs }): Reading {
  const until = binStart(epochMs(now - SETTLE_MS), COARSE_PERIOD_MS);
  const metrics = metricPoliciesOf(rollout, policy).map(byMinute);
  const queries = metrics.flatMap((metric) => controlQueries(queriesOfMetric(metric, rollout)));
  return { queries, window: { from: epochMs(until - HISTORY_MS), until } };
}

const byMinute = (metric: CountedMetric): CountedMetric => ({ ...metric, periodMs: COARSE_PERIOD_MS });

/** Where both sides are one group, it was the old revision's alone up to now. */
function controlQueries({ metric, queries, hasControl }: MetricQueries): readonly MetricQuery[] {
  const own = `${metric.name}/${hasControl ? "control" : "candidate"}/`;
  return queries.flatMap((query) =>
    query.id.startsWith(own)
      ? [{ ...query, id: `${metric.name}/control/${query.id.slice(own.length)}` }]
      : [],
  );
}

/** The answer to `baselineQueries`, by metric: minutes with requests, oldest first. Unknown ones are left out. */
export function historyOf(
  series: readonly Series[],
  { rollout, policy }: Judging,
): Readonly<Record<string, readonly Counts[]>> {
  const histories = metricPoliciesOf(rollout, policy).map((metric) => {
    const minutesOf = [...countsOf(series, byMinute(metric), "control").counts.values()];
    return [metric.name, minutesOf.filter(({ total }) => total > 0)] as const;
  });
  return Object.fromEntries(histories);
}

// --- the feed's answer ----------------------------------------------------------------------------------

export interface Answer {
  /** By metric, oldest first, only bins that were not learnt from yet. */
  readonly bins: Readonly<Record<string, readonly Bin[]>>;
  /** When the provider was asked; undefined while no metric could be read. */
  readonly answeredAt: EpochMs | undefined;
  /** What is unknown and why: it made no bin. */
  readonly problem: string | undefined;
  /** Requests of both sides in these bins. */
  readonly requestsSeen: number;
  /** Metrics that ask the same of both sides: their control counts are zero because nobody counts them. */
  readonly withoutControl: readonly string[];
}

/** Call it for each fact with what was learnt from the one before: bins that were learnt from are left out. */
export function binsOf(fact: MetricsFact, { rollout, policy }: Judging): Answer {
  const bins: Record<string, readonly Bin[]> = {};
  const problems: string[] = [];
  let answered = false;
  let requestsSeen = 0;
  const all = queriesOf({ rollout, policy });
  for (const one of all) {
    problems.push(...one.problems);
    const read = metricBins(fact.series, one);
    if (read.problem !== undefined) problems.push(read.problem);
    answered ||= read.isAnswered;
    const fresh = read.bins.filter(({ at }) => isFresh(at, one.metric, rollout));
    if (fresh.length > 0) bins[one.metric.name] = fresh;
    requestsSeen = Math.max(requestsSeen, requestsOf(fresh));
  }
  return {
    bins,
    answeredAt: answered ? fact.at : undefined,
    problem: problems.length === 0 ? undefined : [...new Set(problems)].join("; "),
    requestsSeen,
    withoutControl: all.filter(({ hasControl }) => !hasControl).map(({ metric }) => metric.name),
  };
}

const requestsOf = (bins: readonly Bin[]): number =>
  bins.reduce((sum, { candidate, control, stable = 0 }) => sum + candidate.total + control.total + stable, 0);

function isFresh(at: EpochMs, { name, periodMs }: CountedMetric, { analysis }: Judged): boolean {
  const last = analysis.metrics[name]?.lastBinAt;
  if (last !== undefined && at <= last) return false;
  return analysis.since === undefined || at >= binStart(analysis.since, periodMs);
}

interface MetricBins {
  readonly bins: readonly Bin[];
  readonly isAnswered: boolean;
  readonly problem?: string;
}

const NO_COUNTS: Counts = { total: 0, bad: 0 };

function metricBins(series: readonly Series[], queries: MetricQueries): MetricBins {
  const { metric, hasControl, hasBaseline, problems } = queries;
  if (problems.length > 0) return { bins: [], isAnswered: false };
  const candidate = countsOf(series, metric, "candidate");
  const control = hasControl ? countsOf(series, metric, "control") : undefined;
  const twin = hasBaseline ? countsOf(series, metric, "baseline") : undefined;
  // An order from before the twin was known has no counts of it.
  const baseline = twin?.isAsked === true ? twin : undefined;
  // Metrics of another period have their own answers.
  if (!candidate.isAsked && control?.isAsked !== true) return { bins: [], isAnswered: false };
  const sides = [candidate, control, baseline].filter((side) => side !== undefined);
  const problem = sides.find((side) => side.problem !== undefined)?.problem;
  if (problem !== undefined) return { bins: [], isAnswered: false, problem };
  const starts = new Set(sides.flatMap(({ counts }) => [...counts.keys()]));
  const bins = [...starts]
    .sort((a, b) => a - b)
    .map((at) => ({
      at: epochMs(at),
      spanMs: metric.periodMs,
      candidate: candidate.counts.get(at) ?? NO_COUNTS,
      control: (baseline ?? control)?.counts.get(at) ?? NO_COUNTS,
      ...(baseline === undefined ? {} : { stable: control?.counts.get(at)?.total ?? 0 }),
    }))
    .filter((bin) => !sides.some(({ unknown }) => unknown.has(bin.at)));
  const strange = sides.find((side) => side.strange !== undefined)?.strange;
  return {
    bins: withoutLate(bins),
    isAnswered: true,
    ...(strange === undefined ? {} : { problem: strange }),
  };
}

/**
 * The newest bin may be empty because the provider is late: it counts when the next answer shows it again
 * and still empty. The feed reads one bin back for this.
 */
function withoutLate(bins: readonly Bin[]): readonly Bin[] {
  const last = bins.at(-1);
  return last !== undefined && requestsOf([last]) === 0 ? bins.slice(0, -1) : bins;
}
