// One side's counts of one metric, out of the series that a provider answered. A missing bad count beside a
// total is zero, a missing total is no traffic; what failed, was partial or is no count at all is unknown.

import type { EpochMs } from "../../base/time.ts";
import { epochMs } from "../../base/time.ts";
import type { Series } from "../../contracts/metrics.ts";
import type { Counts } from "./analysis/analysis.ts";
import type { CountedMetric, Side } from "./metric-queries.ts";
import { idOf } from "./metric-queries.ts";

export interface SideCounts {
  /** By the bin's start, oldest first. */
  readonly counts: ReadonlyMap<number, Counts>;
  /** Bins with a value that is no count. */
  readonly unknown: ReadonlySet<number>;
  /** false: this answer is not about this metric. */
  readonly isAsked: boolean;
  /** The whole side is unknown. */
  readonly problem?: string;
  /** Single bins are. */
  readonly strange?: string;
}

const NOTHING: SideCounts = { counts: new Map(), unknown: new Set(), isAsked: false };

export function countsOf(series: readonly Series[], metric: CountedMetric, side: Side): SideCounts {
  const roles = ["total", "bad", ...(metric.moreBad ?? []).map((_, index) => `bad.${index + 1}`)];
  const found = roles.map((role) => series.find(({ id }) => id === idOf(metric.name, side, role)));
  if (found.every((one) => one === undefined)) return NOTHING;
  const problem = problemIn(found, metric.name);
  if (problem !== undefined) return { ...NOTHING, isAsked: true, problem };
  const unknown = new Set<number>();
  const columns = found.map((one) => byBin(one, metric.periodMs, unknown));
  const starts = startsOf(found, columns, metric.periodMs);
  const known = starts.filter((at) => !unknown.has(at));
  const counts = new Map(known.map((at) => [at, countsAt(columns, at)]));
  if (unknown.size === 0) return { counts, unknown, isAsked: true };
  const strange = `metric ${metric.name}: ${unknown.size} values are no counts`;
  return { counts, unknown, isAsked: true, strange };
}

function problemIn(found: readonly (Series | undefined)[], metric: string): string | undefined {
  const failed = found.find((one) => one?.problem !== undefined)?.problem;
  if (failed !== undefined) return `metric ${metric}: ${failed}`;
  return found.includes(undefined) ? `metric ${metric}: a part of the answer is missing` : undefined;
}

/** More than any service has in a bin; what is larger is no count, and sums of it would lose single ones. */
const LARGEST_COUNT = 1e12;

type Column = ReadonlyMap<number, number>;

const binStart = (at: number, periodMs: number): EpochMs => epochMs(Math.floor(at / periodMs) * periodMs);

/** The first of two points of one bin counts; Prometheus extrapolates, so counts are rounded. */
function byBin(series: Series | undefined, periodMs: number, unknown: Set<number>): Column {
  const column = new Map<number, number>();
  for (const [at, value] of series?.points ?? []) {
    const start = binStart(at, periodMs);
    if (!(value >= 0 && value <= LARGEST_COUNT)) unknown.add(start);
    else if (!column.has(start)) column.set(start, Math.round(value));
  }
  return column;
}

/** Every bin that was asked for; without a window those that anything is known of. */
function startsOf(
  found: readonly (Series | undefined)[],
  columns: readonly Column[],
  periodMs: number,
): readonly number[] {
  const windows = found.flatMap((one) => (one?.window === undefined ? [] : [one.window]));
  if (windows.length === 0) {
    return [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  }
  const from = Math.max(...windows.map(([first]) => first));
  const until = Math.min(...windows.map(([, end]) => end));
  const starts: number[] = [];
  for (let at = binStart(from, periodMs); at + periodMs <= until; at = epochMs(at + periodMs))
    starts.push(at);
  return starts;
}

function countsAt([totals, ...bads]: readonly Column[], at: number): Counts {
  const bad = bads.reduce((sum, column) => sum + (column.get(at) ?? 0), 0);
  const total = totals?.get(at) ?? 0;
  // Totals and bad ones may fall into neighbouring bins. Bad ones alone were requests too, every one of them.
  return total === 0 ? { total: bad, bad } : { total, bad: Math.min(bad, total) };
}
