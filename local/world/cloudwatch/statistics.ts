// Statistics over the samples of a window: the five plain ones, percentiles, and those over a range of values.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

export interface CountedValue {
  readonly value: number;
  readonly count: number;
}

export interface Sample {
  sum: number;
  count: number;
  min: number;
  max: number;
  /** Single values with their counts; undefined once a statistic set was added, as percentiles are unknown then. */
  values: CountedValue[] | undefined;
}

type Measure = (samples: readonly Sample[]) => number | undefined;

const sumOf: Measure = (samples) => samples.reduce((total, sample) => total + sample.sum, 0);
const countOf: Measure = (samples) => samples.reduce((total, sample) => total + sample.count, 0);

const PLAIN: Readonly<Record<string, Measure>> = {
  Sum: sumOf,
  SampleCount: countOf,
  Average: (samples) => {
    const count = countOf(samples);
    return count === 0 || count === undefined ? undefined : (sumOf(samples) ?? 0) / count;
  },
  Minimum: (samples) => Math.min(...samples.map((sample) => sample.min)),
  Maximum: (samples) => Math.max(...samples.map((sample) => sample.max)),
};

export const isPlainStatistic = (stat: string): boolean => Object.hasOwn(PLAIN, stat);

const parsed = new Map<string, Measure | undefined>();

/** undefined: there is no such statistic here. */
export function measureOf(stat: string): Measure | undefined {
  if (!parsed.has(stat)) parsed.set(stat, parse(stat));
  return parsed.get(stat);
}

function parse(stat: string): Measure | undefined {
  if (isPlainStatistic(stat)) return PLAIN[stat];
  const percentile = /^p(\d{1,2}(?:\.\d{1,10})?|100)$/.exec(stat)?.[1];
  if (percentile !== undefined)
    return unlessNegative(overValues((values) => nearestRank(values, Number(percentile) / 100)));
  if (stat === "IQM") return overValues((values) => ranged("TM", values, parseRange("25%:75%")));
  const short = /^(tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?)$/.exec(stat);
  const long = /^(TM|TC|TS|WM|PR)\((.*:.*)\)$/.exec(stat);
  const kind = (short?.[1]?.toUpperCase() ?? long?.[1]) as RangeKind | undefined;
  if (kind === undefined) return undefined;
  const range = parseRange(short === null ? (long?.[2] ?? "") : `:${short[2]}%`);
  if (range === undefined || (kind === "PR" && range.isShare)) return undefined;
  return overValues((values) => ranged(kind, values, range));
}

type RangeKind = "TM" | "TC" | "TS" | "WM" | "PR";

interface Range {
  /** Of ranks (0 to 1) rather than of values. */
  readonly isShare: boolean;
  readonly low: number;
  readonly high: number;
}

/** `10%:90%`, `:0.5`, `0.1:`; both ends of the same kind. */
function parseRange(text: string): Range | undefined {
  const match = /^(-?\d*\.?\d*)(%?):(-?\d*\.?\d*)(%?)$/.exec(text);
  const [, low = "", lowSign = "", high = "", highSign = ""] = match ?? [];
  if (low === "" && high === "") return undefined;
  if (lowSign === "" && highSign === "") {
    return {
      isShare: false,
      low: low === "" ? Number.NEGATIVE_INFINITY : Number(low),
      high: high === "" ? Number.POSITIVE_INFINITY : Number(high),
    };
  }
  return shareRange(`${low}${lowSign}`, `${high}${highSign}`);
}

function shareRange(low: string, high: string): Range | undefined {
  const isBound = (text: string): boolean => text === "" || /\d%$/.test(text);
  if (!isBound(low) || !isBound(high)) return undefined;
  const share = (text: string, open: number): number =>
    text === "" ? open : Number(text.slice(0, -1)) / 100;
  return { isShare: true, low: share(low, 0), high: share(high, 1) };
}

/**
 * "Percentile statistics are not available for metrics when any of the metric values are negative numbers":
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
const unlessNegative =
  (measure: Measure): Measure =>
  (samples) =>
    samples.some(({ min }) => min < 0) ? undefined : measure(samples);

const overValues =
  (measure: (sorted: readonly CountedValue[]) => number | undefined): Measure =>
  (samples) => {
    if (samples.some((sample) => sample.values === undefined)) return undefined;
    const values = samples.flatMap((sample) => sample.values ?? []);
    return values.length === 0 ? undefined : measure(values.toSorted((a, b) => a.value - b.value));
  };

/** Over the single values; CloudWatch's own interpolation is not published. */
function nearestRank(sorted: readonly CountedValue[], share: number): number | undefined {
  const rank = Math.max(1, Math.ceil(share * totalOf(sorted)));
  let seen = 0;
  for (const one of sorted) {
    seen += one.count;
    if (seen >= rank) return one.value;
  }
  return sorted.at(-1)?.value;
}

const totalOf = (values: readonly CountedValue[]): number => values.reduce((sum, one) => sum + one.count, 0);

function ranged(
  kind: RangeKind,
  sorted: readonly CountedValue[],
  range: Range | undefined,
): number | undefined {
  if (range === undefined) return undefined;
  const total = totalOf(sorted);
  const inside = range.isShare ? byRank(sorted, range, total) : byValue(sorted, range);
  const count = totalOf(inside);
  switch (kind) {
    case "TC":
      return count;
    case "PR":
      return (100 * count) / total;
    case "TS":
      return weightedSum(inside);
    case "TM":
      return count === 0 ? undefined : weightedSum(inside) / count;
    case "WM":
      return winsorized(sorted, inside);
  }
}

const weightedSum = (values: readonly CountedValue[]): number =>
  values.reduce((sum, { value, count }) => sum + value * count, 0);

/** "Exclusive on the lower bound and inclusive on the upper bound" (same page). */
const byValue = (sorted: readonly CountedValue[], { low, high }: Range): readonly CountedValue[] =>
  sorted.filter(({ value }) => value > low && value <= high);

/** The part of each value's ranks that lies between the bounds. */
function byRank(sorted: readonly CountedValue[], range: Range, total: number): readonly CountedValue[] {
  const inside: CountedValue[] = [];
  let seen = 0;
  for (const { value, count } of sorted) {
    const kept = Math.min(seen + count, range.high * total) - Math.max(seen, range.low * total);
    if (kept > 0) inside.push({ value, count: kept });
    seen += count;
  }
  return inside;
}

/** What lies outside counts as the nearest value inside. */
function winsorized(sorted: readonly CountedValue[], inside: readonly CountedValue[]): number | undefined {
  const low = inside[0]?.value;
  const high = inside.at(-1)?.value;
  if (low === undefined || high === undefined) return undefined;
  const clamped = sorted.map(({ value, count }) => ({ value: Math.min(Math.max(value, low), high), count }));
  return weightedSum(clamped) / totalOf(sorted);
}
