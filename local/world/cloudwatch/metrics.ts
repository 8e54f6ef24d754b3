// Metric samples as CloudWatch keeps them: by series, in buckets of one second (high resolution) or one
// minute, and the statistics over any window of them.

import type { Dimension, MetricDatum, PutMetricDataInput } from "@aws-sdk/client-cloudwatch";
import type { EpochMs } from "../../../shared/base/time.ts";
import { AwsError } from "../kernel.ts";
import type { CountedValue, Sample } from "./statistics.ts";
import { measureOf } from "./statistics.ts";

export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly Dimension[];
}

interface Series {
  /** By the second in which the bucket begins, oldest first as long as data arrives in order. */
  readonly samples: Map<number, Sample>;
  /** Seconds of the finest bucket. */
  resolution: number;
}

export interface MetricStore {
  put(input: PutMetricDataInput): void;
  /** Also for AWS's own namespaces, which PutMetricData refuses. */
  add(metric: MetricName, datum: MetricDatum): void;
  /** undefined: no data in the window, or a statistic that its data cannot give. */
  statistic(metric: MetricName, stat: string, window: Window): number | undefined;
}

/** [start, end) in epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** Quotas of PutMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const MAX_DATA = 1_000;
const MAX_VALUES = 150;
const MAX_DIMENSIONS = 30;
/** Data points with a period below 60 s are kept for 3 hours; the world forgets all older ones alike. */
const RETENTION_SECONDS = 3 * 3_600;
const PRUNE_ABOVE = 4 * RETENTION_SECONDS;

export const invalid = (message: string): AwsError => new AwsError("InvalidParameterValue", message);

const seriesKey = (metric: MetricName): string =>
  [
    metric.namespace,
    metric.name,
    ...metric.dimensions.map((dimension) => `${dimension.Name}=${dimension.Value}`).sort(),
  ].join("\u0000");

export function createMetricStore(now: () => EpochMs): MetricStore {
  const series = new Map<string, Series>();
  const add = (metric: MetricName, datum: MetricDatum): void => {
    const key = seriesKey(metric);
    let found = series.get(key);
    if (found === undefined) {
      found = { samples: new Map(), resolution: 60 };
      series.set(key, found);
    }
    addDatum(found, datum, now());
  };
  return {
    add,
    put: (input) => {
      validate(input);
      for (const datum of input.MetricData ?? []) {
        add(
          {
            namespace: input.Namespace ?? "",
            name: datum.MetricName ?? "",
            dimensions: datum.Dimensions ?? [],
          },
          datum,
        );
      }
    },
    statistic: (metric, stat, window) => {
      const found = series.get(seriesKey(metric));
      return found === undefined ? undefined : statisticOf(samplesIn(found, window), stat);
    },
  };
}

function validate(input: PutMetricDataInput): void {
  if (!input.Namespace) throw missing("Namespace");
  if (input.Namespace.startsWith("AWS/")) throw invalid("The value AWS/ for parameter Namespace is invalid.");
  const data = input.MetricData ?? [];
  if (data.length > MAX_DATA) throw invalid(`At most ${MAX_DATA} metrics are allowed.`);
  for (const datum of data) validateDatum(datum);
}

const missing = (parameter: string): AwsError =>
  new AwsError("MissingParameter", `The parameter ${parameter} is required.`);

function validateDatum(datum: MetricDatum): void {
  const { MetricName: name, Dimensions: dimensions = [] } = datum;
  if (!name) throw missing("MetricName");
  if (dimensions.length > MAX_DIMENSIONS) throw invalid(`At most ${MAX_DIMENSIONS} dimensions are allowed.`);
  if (datum.Value !== undefined && datum.Values !== undefined) {
    throw new AwsError(
      "InvalidParameterCombination",
      `The parameters Value and Values of ${name} are mutually exclusive and you have specified both.`,
    );
  }
  const values = countedValues(datum).map(({ value }) => value);
  if (values.length > MAX_VALUES) throw invalid(`At most ${MAX_VALUES} values are allowed.`);
  if (values.length === 0 && datum.StatisticValues === undefined)
    throw missing("Value, Values or StatisticValues");
  if (!values.every(Number.isFinite)) throw invalid(`The value of ${name} is not a finite number.`);
}

function countedValues(datum: MetricDatum): readonly CountedValue[] {
  if (datum.Values === undefined) return datum.Value === undefined ? [] : [{ value: datum.Value, count: 1 }];
  return datum.Values.map((value, index) => ({ value, count: datum.Counts?.[index] ?? 1 }));
}

function addDatum(series: Series, datum: MetricDatum, now: EpochMs): void {
  const sample = sampleFor(series, datum, now);
  const set = datum.StatisticValues;
  if (set !== undefined) {
    const { Sum: sum = 0, SampleCount: count = 0, Minimum: min = 0, Maximum: max = 0 } = set;
    merge(sample, { sum, count, min, max });
    // A set of equal values is as good as the values: Statistics-definitions, percentiles.
    if (min === max && sum === min * count) sample.values?.push({ value: min, count });
    else sample.values = undefined;
    return;
  }
  for (const { value, count } of countedValues(datum)) {
    merge(sample, { sum: value * count, count, min: value, max: value });
    sample.values?.push({ value, count });
  }
}

function sampleFor(series: Series, datum: MetricDatum, now: EpochMs): Sample {
  const resolution = datum.StorageResolution === 1 ? 1 : 60;
  series.resolution = Math.min(resolution, series.resolution);
  const second = Math.floor((datum.Timestamp?.getTime() ?? now) / 1_000);
  const start = second - (second % resolution);
  const known = series.samples.get(start);
  if (known !== undefined) return known;
  const sample = {
    sum: 0,
    count: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    values: [],
  };
  series.samples.set(start, sample);
  if (series.samples.size > PRUNE_ABOVE) prune(series, start - RETENTION_SECONDS);
  return sample;
}

function merge(sample: Sample, added: Omit<Sample, "values">): void {
  sample.sum += added.sum;
  sample.count += added.count;
  sample.min = Math.min(sample.min, added.min);
  sample.max = Math.max(sample.max, added.max);
}

function prune(series: Series, before: number): void {
  for (const start of series.samples.keys()) if (start < before) series.samples.delete(start);
}

function samplesIn(series: Series, window: Window): readonly Sample[] {
  const found: Sample[] = [];
  const step = series.resolution;
  const first = Math.ceil(window.start / 1_000 / step) * step;
  for (let second = first; second < window.end / 1_000; second += step) {
    const sample = series.samples.get(second);
    if (sample !== undefined) found.push(sample);
  }
  return found;
}

function statisticOf(samples: readonly Sample[], stat: string): number | undefined {
  if (samples.length === 0) return undefined;
  const measure = measureOf(stat);
  if (measure === undefined) throw invalid(`The statistic ${stat} is not modelled.`);
  return measure(samples);
}

export const isStatistic = (stat: string | undefined): boolean =>
  stat !== undefined && measureOf(stat) !== undefined;
