// How much more the old revision's bad counts scatter than chance alone: errors come in clumps (retries, one
// unlucky user). Each count is held against the one before it, so that a slow drift or a shared incident, which
// the comparison of both sides cancels anyhow, does not make the test blind.

import type { Counts, Scatter } from "./analysis.ts";
import { countsOf } from "./evidence.ts";

/**
 * Standard deviations above what chance gives before clumps are believed: a dispersion that is only estimated as
 * 1.2 by chance would cost a fifth of the evidence in every rollout.
 */
const CHANCE_DEVIATIONS = 2;
/** Of a chi-square with one degree of freedom. */
const VARIANCE = 2;
/** A single pair counts at most so many times the present dispersion: an incident's two edges are not clumps. */
const LARGEST_TERM = 9;

const noScatter: Scatter = { chiSquare: 0, pairs: 0 };

/**
 * Pearson's chi-square of two bins under one common rate. Given their sum, its expectation is exactly 1 for
 * independent errors, however few they are.
 */
function chiSquareOf(one: Counts, other: Counts): number | undefined {
  const bad = one.bad + other.bad;
  if (bad === 0 || one.total === 0 || other.total === 0) return undefined;
  return (one.bad * other.total - other.bad * one.total) ** 2 / (one.total * other.total * bad);
}

export function dispersionOfScatter({ chiSquare, pairs }: Scatter = noScatter): number {
  if (pairs === 0) return 1;
  const byChance = 1 + CHANCE_DEVIATIONS * Math.sqrt(VARIANCE / pairs);
  const seen = chiSquare / pairs;
  return seen > byChance ? seen : 1;
}

export function withScatter(before: Scatter | undefined, raw: Counts): Scatter {
  const scatter = before ?? noScatter;
  const last = countsOf(raw);
  const term = scatter.last === undefined ? undefined : chiSquareOf(scatter.last, last);
  if (term === undefined) return { ...scatter, last };
  const most = LARGEST_TERM * dispersionOfScatter(scatter);
  return { chiSquare: scatter.chiSquare + Math.min(term, most), pairs: scatter.pairs + 1, last };
}

export const scatterOf = (counts: readonly Counts[]): Scatter =>
  counts.reduce<Scatter>((scatter, each) => withScatter(scatter, each), noScatter);

/** Variance over mean of the old revision's bad counts by minute; at least 1. */
export const dispersionOf = (counts: readonly Counts[]): number => dispersionOfScatter(scatterOf(counts));
