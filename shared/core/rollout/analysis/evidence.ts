// The test itself: how well each rate ratio explains which side the bad requests fell on. Given that a bin has
// e bad requests on n_c and n_b requests, each of them fell on the new revision with p(r) = r n_c/(r n_c + n_b).
// What raises both sides cancels, weights may change from bin to bin, and no baseline is configured.
// Lindon & Malek, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022.
//
// L(r, r') = sum of [e_c ln(p(r)/p(r')) + e_b ln((1-p(r))/(1-p(r')))]/phi = E_c ln(r/r') - (S_r - S_r')
// with S_r = sum of e/phi ln((r n_c + n_b)/(n_c + n_b)) and E_c = sum of e_c/phi. So one memory serves both
// directions. A weighted mean of exp L over alternatives is at most 1 in expectation under the hypothesis at
// every moment: it may be looked at after each bin, and is over 1/alpha with a probability of at most alpha (Ville).

import type { Bin, Counts, Grid } from "./analysis.ts";
import { sharesAbove } from "./grid.ts";

/** No ratio is on the grid for it: the sums are taken relative to 1, whose own sum is therefore zero. */
const EQUAL = 1;
/** exp of more than this is infinite. */
const LARGEST_EXPONENT = 700;

/** More requests than any service has in a bin; sums of them stay exact enough. */
const LARGEST_COUNT = 1e12;

const countOf = (value: number): number =>
  Number.isFinite(value) ? Math.min(LARGEST_COUNT, Math.max(0, value)) : 0;

/** Counts out of whatever came: bad ones are never more than all. */
export function countsOf(counts: Counts): Counts {
  const total = countOf(counts.total);
  return { total, bad: Math.min(countOf(counts.bad), total) };
}

export const noSums = (grid: Grid): readonly number[] => [...grid.ratios.map(() => 0), 0];

/** The sums with one bin more; its errors count 1/phi each, because errors that come in clumps say less. */
export function withBin(
  sums: readonly number[],
  bin: Pick<Bin, "candidate" | "control">,
  { ratios, phi }: { readonly ratios: readonly number[]; readonly phi: number },
): readonly number[] {
  const candidate = countsOf(bin.candidate);
  const control = countsOf(bin.control);
  const all = candidate.total + control.total;
  const bad = (candidate.bad + control.bad) / phi;
  if (all === 0 || bad === 0) return sums;
  const next = ratios.map(
    (ratio, index) => (sums[index] ?? 0) + bad * Math.log((ratio * candidate.total + control.total) / all),
  );
  return [...next, (sums[ratios.length] ?? 0) + candidate.bad / phi];
}

/** ln of how much better `ratio` explains what was seen than `than` does. Both are on the grid, or 1. */
export function logEvidence(
  sums: readonly number[],
  grid: Grid,
  [ratio, than]: readonly [number, number],
): number {
  const at = (value: number): number => (value === EQUAL ? 0 : (sums[grid.ratios.indexOf(value)] ?? 0));
  return (sums[grid.ratios.length] ?? 0) * Math.log(ratio / than) - (at(ratio) - at(than));
}

/** Mean of exp L over `alternatives`, with these weights (which sum to 1). */
function mixture(
  sums: readonly number[],
  grid: Grid,
  against: {
    readonly hypothesis: number;
    readonly alternatives: readonly (readonly [ratio: number, share: number])[];
  },
): number {
  let sum = 0;
  for (const [ratio, share] of against.alternatives) {
    const log = logEvidence(sums, grid, [ratio, against.hypothesis]);
    sum += share * Math.exp(Math.min(log, LARGEST_EXPONENT));
  }
  return Number.isFinite(sum) ? sum : 0;
}

const evenly = (ratios: readonly number[]): readonly (readonly [number, number])[] =>
  ratios.map((ratio) => [ratio, 1 / ratios.length] as const);

/** Evidence that the new revision fails more than `allowed` times as often. */
export const evidenceOfWorse = (sums: readonly number[], grid: Grid, metric?: string): number =>
  mixture(sums, grid, { hypothesis: grid.allowed, alternatives: sharesAbove(grid, metric) });

/** Evidence that it fails less than `hypothesis` times as often; `worse` where none is named. */
export const evidenceOfBetter = (sums: readonly number[], grid: Grid, hypothesis = grid.worse): number =>
  mixture(sums, grid, {
    hypothesis,
    alternatives: evenly([EQUAL, ...grid.ratios].filter((ratio) => ratio < hypothesis)),
  });
