// Metric data queries: metrics and expressions over windows of time, for GetMetricData and for alarms.

import type {
  GetMetricDataInput,
  GetMetricDataOutput,
  MetricDataQuery,
  MetricDataResult,
} from "@aws-sdk/client-cloudwatch";
import { AwsError } from "../kernel.ts";
import { parseExpression } from "./expression.ts";
import type { MetricStore, Window } from "./metrics.ts";
import { invalid, isStatistic } from "./metrics.ts";

/** Values by the beginning of their window, in epoch milliseconds; windows without data are left out. */
export type Points = ReadonlyMap<number, number>;

export interface QuerySet {
  readonly store: MetricStore;
  readonly queries: readonly MetricDataQuery[];
  /** The windows of a period (seconds), oldest first. */
  readonly windows: (period: number) => readonly Window[];
}

const MAX_QUERIES = 500;

export function validateQueries(queries: readonly MetricDataQuery[]): void {
  const ids = new Set<string>();
  for (const query of queries) {
    const id = query.Id ?? "";
    if (!/^[a-z][a-zA-Z0-9_]*$/.test(id))
      throw invalid(`The id "${id}" must begin with a lower-case letter.`);
    if (ids.has(id)) throw invalid(`The id "${id}" is used twice.`);
    ids.add(id);
  }
  for (const query of queries) validateQuery(query, ids);
}

function validateQuery(query: MetricDataQuery, ids: ReadonlySet<string>): void {
  const { MetricStat: metric, Expression: expression } = query;
  if ((metric === undefined) === (expression === undefined)) {
    throw invalid(`Query ${query.Id} needs a MetricStat or an Expression.`);
  }
  if (metric !== undefined) {
    if (!isStatistic(metric.Stat)) throw invalid(`The statistic ${metric.Stat} is not modelled.`);
    validatePeriod(metric.Period);
  }
  for (const id of expression === undefined ? [] : parseExpression(expression).ids) {
    if (!ids.has(id)) throw invalid(`The expression of ${query.Id} names ${id}, which is not a query.`);
  }
}

export function validatePeriod(period: number | undefined): asserts period is number {
  const fine = [1, 5, 10, 20, 30];
  if (period === undefined || !(fine.includes(period) || (period > 0 && period % 60 === 0))) {
    throw invalid(`The period ${period} must be 1, 5, 10, 20, 30 or a multiple of 60.`);
  }
}

export function pointsOf(set: QuerySet, id: string, path: readonly string[] = []): Points {
  if (path.includes(id)) throw invalid(`The expression of ${id} refers to itself.`);
  const query = set.queries.find((one) => one.Id === id);
  if (query === undefined) throw invalid(`There is no query ${id}.`);
  return query.Expression === undefined
    ? metricPoints(set, query)
    : expressionPoints(set, query, [...path, id]);
}

function metricPoints(set: QuerySet, query: MetricDataQuery): Points {
  const { Metric: metric, Period: period, Stat: stat } = query.MetricStat ?? {};
  const name = {
    namespace: metric?.Namespace ?? "",
    name: metric?.MetricName ?? "",
    dimensions: metric?.Dimensions ?? [],
  };
  const points = new Map<number, number>();
  for (const window of set.windows(period ?? 60)) {
    const value = set.store.statistic(name, stat ?? "Average", window);
    if (value !== undefined) points.set(window.start, value);
  }
  return points;
}

function expressionPoints(set: QuerySet, query: MetricDataQuery, path: readonly string[]): Points {
  const expression = parseExpression(query.Expression ?? "");
  const inputs = new Map(expression.ids.map((id) => [id, pointsOf(set, id, path)]));
  const points = new Map<number, number>();
  for (const at of [...inputs.values()][0]?.keys() ?? []) {
    const value = expression.evaluate((id) => inputs.get(id)?.get(at));
    if (value !== undefined) points.set(at, value);
  }
  return points;
}

/** The period of a query: its own, or that of the first metric of its expression. */
export function periodOf(queries: readonly MetricDataQuery[], id: string): number {
  const query = queries.find((one) => one.Id === id);
  if (query?.MetricStat !== undefined) return query.MetricStat.Period ?? 60;
  const [first] = query?.Expression === undefined ? [] : parseExpression(query.Expression).ids;
  return first === undefined ? (query?.Period ?? 60) : periodOf(queries, first);
}

export function getMetricData(store: MetricStore, input: GetMetricDataInput): GetMetricDataOutput {
  const queries = input.MetricDataQueries ?? [];
  const start = input.StartTime?.getTime() ?? 0;
  const end = input.EndTime?.getTime() ?? 0;
  if (queries.length === 0 || queries.length > MAX_QUERIES)
    throw invalid(`Give 1 to ${MAX_QUERIES} queries.`);
  if (start >= end)
    throw new AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.");
  validateQueries(queries);
  const windows = (period: number): readonly Window[] => alignedWindows(period, start, end);
  const results = queries
    .filter((query) => query.ReturnData !== false)
    .map((query) => resultOf(query, pointsOf({ store, queries, windows }, query.Id ?? ""), input.ScanBy));
  return { MetricDataResults: results, Messages: [] };
}

function alignedWindows(period: number, start: number, end: number): readonly Window[] {
  const length = period * 1_000;
  const windows: Window[] = [];
  for (let at = Math.floor(start / length) * length; at < end; at += length)
    windows.push({ start: at, end: at + length });
  return windows;
}

/** Newest first unless asked otherwise. */
function resultOf(query: MetricDataQuery, points: Points, scanBy: string | undefined): MetricDataResult {
  const entries = [...points];
  if (scanBy !== "TimestampAscending") entries.reverse();
  return {
    Id: query.Id,
    Label: query.Label ?? query.MetricStat?.Metric?.MetricName ?? query.Id,
    Timestamps: entries.map(([at]) => new Date(at)),
    Values: entries.map(([, value]) => value),
    StatusCode: "Complete",
  };
}
