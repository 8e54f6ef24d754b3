// The rank test that PipeCD and Kayenta use, with midranks for ties and the normal approximation.

export interface Ranked {
  /** Of the first sample. */
  readonly u: number;
  readonly mean: number;
  readonly deviation: number;
}

function mannWhitney(first: readonly number[], second: readonly number[]): Ranked {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ];
  all.sort((left, right) => left.value - right.value);
  let rankSum = 0;
  let ties = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1;
    const size = to - from;
    ties += size ** 3 - size;
    for (let index = from; index < to; index += 1)
      if (all[index]?.isFirst === true) rankSum += (from + to + 1) / 2;
    from = to;
  }
  const [n, m, sum] = [first.length, second.length, all.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const variance = ((n * m) / 12) * (sum + 1 - ties / (sum * Math.max(1, sum - 1)));
  return { u, mean: (n * m) / 2, deviation: Math.sqrt(Math.max(0, variance)) };
}

/** z of "the first sample is larger", with continuity correction; 0 where all are tied. */
export function zOfLarger(first: readonly number[], second: readonly number[]): number {
  const { u, mean, deviation } = mannWhitney(first, second);
  return deviation === 0 ? 0 : (u - mean - 0.5) / deviation;
}

export interface Shift {
  /** Hodges-Lehmann: the median of all differences. */
  readonly estimate: number;
  readonly lower: number;
}

/** The shift from the second sample to the first, and the lower end of its two-sided interval. */
export function shiftOf(first: readonly number[], second: readonly number[], z: number): Shift {
  const differences = Float64Array.from(first.flatMap((one) => second.map((other) => one - other))).sort();
  const { mean, deviation } = mannWhitney(first, second);
  const place = Math.max(0, Math.round(mean - z * deviation));
  const middle = differences.length / 2;
  const estimate = ((differences[Math.ceil(middle) - 1] ?? 0) + (differences[Math.floor(middle)] ?? 0)) / 2;
  return { estimate, lower: differences[place] ?? 0 };
}
