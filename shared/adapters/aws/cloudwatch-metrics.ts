// MetricReader over GetMetricData: 500 queries a call, to the last page.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html

import type {
  GetMetricDataCommandOutput,
  MetricDataQuery,
  MetricDataResult,
} from "@aws-sdk/client-cloudwatch";
import { CloudWatchClient, GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { AppError, isCode } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import { epochMs } from "../../base/time.ts";
import type { MetricQuery, Series } from "../../contracts/metrics.ts";
import type { MetricReader, MetricWindow } from "../../ports/metrics.ts";
import type { AwsClient, Paced } from "./client.ts";
import { CONTROL_PLANE, clientOptions, send } from "./client.ts";

export const createCloudWatchClient = (
  environment: Readonly<Record<string, string | undefined>>,
): AwsClient => new CloudWatchClient(clientOptions(CONTROL_PLANE, environment));

const MAX_QUERIES = 500;
const MS_PER_SECOND = 1_000;

export const createCloudWatchReader = (to: Paced): MetricReader => ({
  read: async (queries, window) => {
    const faulty = queries.filter((query) => faultOf(query) !== undefined);
    const sound = queries.filter((query) => faultOf(query) === undefined);
    const chunks: MetricQuery[][] = [];
    for (let at = 0; at < sound.length; at += MAX_QUERIES) chunks.push(sound.slice(at, at + MAX_QUERIES));
    const search = { to, window, callsLeft: MAX_SEARCH_CALLS };
    const read = await Promise.all(chunks.map((chunk) => readChunk(search, chunk)));
    const failure = read.find((one) => one instanceof AppError);
    if (failure !== undefined && read.every((one) => one instanceof AppError)) throw failure;
    const series = read.flatMap((one, index) =>
      one instanceof AppError ? (chunks[index] ?? []).map((query) => unread(query, one.message)) : one,
    );
    return [...series, ...faulty.map((query) => unread(query, faultOf(query) ?? ""))];
  },
});

const unread = ({ id }: MetricQuery, problem: string): Series => ({ id, points: [], problem });

/** 1, 5, 10, 20, 30 s or whole minutes: API_MetricStat. One query that AWS refuses would fail all of its call. */
const FINE_PERIODS: ReadonlySet<number> = new Set([1, 5, 10, 20, 30]);
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html */
const statisticPattern =
  /^(SampleCount|Average|Sum|Minimum|Maximum|IQM|p\d{1,3}(\.\d{1,10})?|(TM|WM|PR|TC|TS|tm|wm|tc|ts)\S{1,60})$/;
const MAX_DIMENSIONS = 30;

function faultOf({ source, periodMs }: MetricQuery): string | undefined {
  if (source.provider !== "cloudwatch") return `${source.provider} is not CloudWatch`;
  const period = periodMs / MS_PER_SECOND;
  const isPeriod = FINE_PERIODS.has(period) || (period > 0 && period % 60 === 0);
  if (!isPeriod) return `CloudWatch has no period of ${period} s`;
  if (!statisticPattern.test(source.statistic)) return `CloudWatch has no statistic ${source.statistic}`;
  const dimensions = Object.entries(source.dimensions);
  const isEmpty =
    source.namespace === "" || source.metricName === "" || dimensions.some((pair) => pair.includes(""));
  if (isEmpty) return "namespace, metric and dimensions must not be empty";
  return dimensions.length > MAX_DIMENSIONS ? `more than ${MAX_DIMENSIONS} dimensions` : undefined;
}

/** Halving finds one refused query of 500 in 18 calls; where every half is refused, halving is no help. */
const MAX_SEARCH_CALLS = 40;

interface Search {
  readonly to: Paced;
  readonly window: MetricWindow;
  callsLeft: number;
}

/** An AppError as a value: the other calls' answers count. */
async function readChunk(
  search: Search,
  queries: readonly MetricQuery[],
): Promise<readonly Series[] | AppError> {
  try {
    return await readPages(search.to, queries, search.window);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!isCode(error, "input") || queries.length === 1 || search.callsLeft < 2) return error;
    search.callsLeft -= 2;
    return readHalves(search, queries);
  }
}

/** One after the other, so that the search stays within its calls. */
async function readHalves(search: Search, queries: readonly MetricQuery[]): Promise<readonly Series[]> {
  const middle = Math.ceil(queries.length / 2);
  const series: Series[] = [];
  for (const half of [queries.slice(0, middle), queries.slice(middle)]) {
    const read = await readChunk(search, half);
    series.push(...(read instanceof AppError ? half.map((query) => unread(query, read.message)) : read));
  }
  return series;
}

async function readPages(
  to: Paced,
  queries: readonly MetricQuery[],
  { from, until }: MetricWindow,
): Promise<readonly Series[]> {
  const results = new Map<string, Gathered>();
  let next: string | undefined;
  do {
    const command = new GetMetricDataCommand({
      MetricDataQueries: queries.map(queryOf),
      StartTime: new Date(from),
      EndTime: new Date(until),
      ScanBy: "TimestampAscending",
      ...(next === undefined ? {} : { NextToken: next }),
    });
    const output: GetMetricDataCommandOutput = await send(to, command);
    for (const result of output.MetricDataResults ?? []) gather(results, result);
    next = output.NextToken;
  } while (next !== undefined);
  return queries.map((query, index) => seriesOf(query, results.get(idAt(index))));
}

/** Must begin with a lower-case letter and hold no slash: so not ours. */
const idAt = (index: number): string => `q${index}`;

function queryOf({ source, periodMs }: MetricQuery, index: number): MetricDataQuery {
  if (source.provider !== "cloudwatch") throw new AppError("defect", `${source.provider} is not CloudWatch`);
  const { namespace, metricName, dimensions, statistic } = source;
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: idAt(index),
    MetricStat: {
      Metric: { Namespace: namespace, MetricName: metricName, Dimensions },
      Period: periodMs / MS_PER_SECOND,
      Stat: statistic,
    },
  };
}

interface Gathered {
  readonly points: [EpochMs, number][];
  /** Of the last page: earlier ones of a long series say PartialData. */
  status: string;
}

function gather(results: Map<string, Gathered>, result: MetricDataResult): void {
  const {
    Id: id = "",
    Timestamps: times = [],
    Values: values = [],
    StatusCode: status = "Complete",
  } = result;
  const known = results.get(id) ?? { points: [], status };
  known.status = status;
  for (const [index, time] of times.entries()) {
    const value = values[index];
    if (value !== undefined) known.points.push([epochMs(time.getTime()), value]);
  }
  results.set(id, known);
}

function seriesOf({ id }: MetricQuery, gathered: Gathered | undefined): Series {
  if (gathered === undefined) return { id, points: [], problem: "CloudWatch left it out" };
  const { points, status } = gathered;
  return status === "Complete" ? { id, points } : { id, points, problem: `CloudWatch answered ${status}` };
}
