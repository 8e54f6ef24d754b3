// The queries behind a metric: placeholders filled in for each side, ids that tell metric, side and role
// apart, and how long each provider takes until a bin is complete.

import type { DurationMs } from "../../base/time.ts";
import { minutes, seconds } from "../../base/time.ts";
import type { MetricPlaceholder } from "../../contracts/metric-placeholders.ts";
import type { MetricQuery } from "../../contracts/metrics.ts";
import type { MetricPolicy, MetricProvider } from "../../contracts/rollout-policy.ts";
import type { Revision, Rollout } from "./state.ts";

/** baseline: the old version's fresh twin (`policy.baseline`), with a group of its own. */
export type Side = "candidate" | "control" | "baseline";
const SIDES: readonly Side[] = ["candidate", "control", "baseline"];

/** A metric whose bad events are counted in more than one place. */
export interface CountedMetric extends MetricPolicy {
  readonly moreBad?: readonly MetricProvider[];
}

/** What of a rollout its queries depend on. */
export type Judged = Pick<Rollout, "id" | "places" | "analysis" | "source" | "target" | "trafficSince">;

const MS_PER_SECOND = 1_000;

/** `arn:…:targetgroup/name/id` → the dimension's value `targetgroup/name/id`. */
const targetGroupDimension = (arn: string): string => arn.slice(arn.indexOf(":targetgroup/") + 1);

// --- placeholders ---------------------------------------------------------------------------------------

const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

function groupOf(side: Side, places: Rollout["places"]): string | undefined {
  const { stableGroup, candidateGroup, baselineGroup } = places;
  if (side === "baseline" && baselineGroup !== undefined) return baselineGroup;
  return side === "candidate" ? (candidateGroup ?? stableGroup) : (stableGroup ?? candidateGroup);
}

type Values = Readonly<Record<MetricPlaceholder, string | undefined>>;

/** `family:7` and the service revision's id, as an application's own metrics may name its version. */
function valuesOf(side: Side, rollout: Judged, periodMs: DurationMs): Values {
  const revision: Revision = side === "candidate" ? rollout.target : rollout.source;
  const group = groupOf(side, rollout.places);
  return {
    // The twin is told from the control by its group alone: both are the old version.
    side: side === "candidate" ? side : "control",
    target_group: group === undefined ? undefined : targetGroupDimension(group),
    load_balancer: rollout.places.loadBalancer,
    revision: revision.revisionArn === undefined ? undefined : lastPart(revision.revisionArn),
    task_definition: lastPart(revision.taskDefinition),
    period: String(periodMs / MS_PER_SECOND),
  };
}

type Filled =
  | { readonly source: MetricProvider }
  /** Why the placeholders cannot be filled in. */
  | { readonly problem: string };

const placeholderPattern = /\{\{([^{}]*)\}\}/g;
const isPlaceholder = (name: string, values: Values): name is MetricPlaceholder =>
  Object.hasOwn(values, name);

function filled(source: MetricProvider, values: Values): Filled {
  const problems: string[] = [];
  const fill = (text: string): string =>
    text.replace(placeholderPattern, (whole, inner: string) => {
      const name = inner.trim();
      const value = isPlaceholder(name, values) ? values[name] : undefined;
      if (value === undefined) problems.push(problemOf(whole, name, values));
      return value ?? whole;
    });
  const done = filledBy(source, fill);
  return problems.length === 0 ? { source: done } : { problem: problems.join("; ") };
}

function problemOf(whole: string, name: string, values: Values): string {
  if (Object.hasOwn(values, name))
    return `${whole} has no value: the service has no ${name.replaceAll("_", " ")} on this side`;
  const known = Object.keys(values).map((one) => `{{${one}}}`);
  return `${whole} is no placeholder: ${known.join(", ")} are`;
}

function filledBy(source: MetricProvider, fill: (text: string) => string): MetricProvider {
  switch (source.provider) {
    case "cloudwatch": {
      const entries = Object.entries(source.dimensions).map(([name, value]) => [name, fill(value)] as const);
      return { ...source, metricName: fill(source.metricName), dimensions: Object.fromEntries(entries) };
    }
    case "prometheus":
      return { ...source, query: fill(source.query) };
    case "webhook":
      // The only place where a value becomes part of an address.
      return { ...source, url: fill(source.url) };
  }
}

// --- queries --------------------------------------------------------------------------------------------

/**
 * Load balancers report every 60 s; a minute later the report is there.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export const SETTLE_MS = seconds(60);
/** High-resolution metrics are sent by the application itself, every few seconds. */
const FINE_SETTLE_MS = seconds(10);
/** One scrape interval, as most installations set it, so that the bin's last scrape is in. */
const SCRAPE_SETTLE_MS = seconds(15);
export const COARSE_PERIOD_MS = minutes(1);

function settleMsOf(source: MetricProvider, periodMs: DurationMs): DurationMs {
  if (source.provider === "prometheus") return SCRAPE_SETTLE_MS;
  if (source.provider === "webhook" || periodMs < COARSE_PERIOD_MS) return FINE_SETTLE_MS;
  return SETTLE_MS;
}

export interface MetricQueries {
  readonly metric: CountedMetric;
  readonly queries: readonly MetricQuery[];
  /** Both sides would ask the same: a rolling update has one group for both revisions. */
  readonly hasControl: boolean;
  /** The old version's fresh twin is counted by itself: it is what the new revision is compared with. */
  readonly hasBaseline: boolean;
  readonly problems: readonly string[];
}

export function queriesOfMetric(metric: CountedMetric, rollout: Judged): MetricQueries {
  const [candidate, control, baseline] = SIDES.map((side) => sideQueries(metric, side, rollout));
  const own = candidate?.queries ?? [];
  const other = control?.queries ?? [];
  const twin = baseline?.queries ?? [];
  const problems = [...new Set([candidate, control, baseline].flatMap((one) => one?.problems ?? []))];
  const hasControl = sourcesOf(own) !== sourcesOf(other);
  const hasBaseline = hasControl && sourcesOf(twin) !== sourcesOf(other);
  const all = [...own, ...(hasControl ? other : []), ...(hasBaseline ? twin : [])];
  return { metric, hasControl, hasBaseline, problems, queries: problems.length > 0 ? [] : all };
}

const sourcesOf = (queries: readonly MetricQuery[]): string =>
  JSON.stringify(queries.map(({ source }) => source));

function sideQueries(
  metric: CountedMetric,
  side: Side,
  rollout: Judged,
): { readonly queries: readonly MetricQuery[]; readonly problems: readonly string[] } {
  const values = valuesOf(side, rollout, metric.periodMs);
  const queries: MetricQuery[] = [];
  const problems: string[] = [];
  for (const [role, source] of sourcesByRole(metric)) {
    const result = filled(source, values);
    if ("problem" in result) {
      problems.push(`metric ${metric.name}: ${result.problem}`);
      continue;
    }
    const settleMs = settleMsOf(source, metric.periodMs);
    queries.push({
      id: idOf(metric.name, side, role),
      source: result.source,
      periodMs: metric.periodMs,
      settleMs,
    });
  }
  return { queries, problems };
}

const sourcesByRole = (metric: CountedMetric): readonly (readonly [string, MetricProvider])[] => [
  ["total", metric.total],
  ["bad", metric.bad],
  ...(metric.moreBad ?? []).map((source, index) => [`bad.${index + 1}`, source] as const),
];

export const idOf = (metric: string, side: Side, role: string): string => `${metric}/${side}/${role}`;
