// Upper bounds: the largest share of bad requests, and the largest excess over the old revision, that what was
// seen does not yet exclude. The ramp risks by them.

import type { Counts, Grid, MetricState } from "./analysis.ts";
import { logEvidence } from "./evidence.ts";

/** To within one request in ten million. */
const BISECTIONS = 24;

/** p such that n KL(seen, p)/phi = ln(1/risk) + ln(1+n/phi)/2: a confidence sequence, valid at every look. */
export function upperShare(
  counts: Counts,
  { phi, risk }: { readonly phi: number; readonly risk: number },
): number {
  if (counts.total <= 0) return 1;
  const weight = counts.total / phi;
  const seen = counts.bad / counts.total;
  const allowed = (Math.log(1 / risk) + Math.log(1 + weight) / 2) / weight;
  let low = seen;
  let high = 1;
  for (let round = 0; round < BISECTIONS; round += 1) {
    const middle = (low + high) / 2;
    if (divergence(seen, middle) > allowed) high = middle;
    else low = middle;
  }
  return high;
}

/** Kullback-Leibler divergence of two coins, in nats. */
export function divergence(p: number, q: number): number {
  const part = (a: number, b: number): number =>
    a === 0 ? 0 : b === 0 ? Number.POSITIVE_INFINITY : a * Math.log(a / b);
  return part(p, q) + part(1 - p, 1 - q);
}

/**
 * The largest rate ratio that is not excluded: the log-likelihood l(r) = E_c ln r - S_r, known at eight points, is
 * taken as a parabola of ln r through the three around its highest; l(best) - l(r) = ln(1/risk) + ln(1+information)/2
 * ends it. Undefined: the highest is at the grid's end, or nothing was seen.
 */
function upperRatio(sums: readonly number[], grid: Grid, risk: number): number | undefined {
  const ratios = [1, ...grid.ratios].toSorted((left, right) => left - right);
  const points = ratios.map((ratio) => ({ x: Math.log(ratio), y: logEvidence(sums, grid, [ratio, 1]) }));
  const highest = points.reduce((best, { y }, index) => (y > (points[best]?.y ?? 0) ? index : best), 0);
  const [left, middle, right] = points.slice(Math.max(0, highest - 1)).slice(0, 3);
  if (left === undefined || middle === undefined || right === undefined) return undefined;
  const rise = (middle.y - left.y) / (middle.x - left.x);
  const bend = ((right.y - middle.y) / (right.x - middle.x) - rise) / (right.x - left.x);
  if (!(bend < 0)) return undefined;
  const best = (left.x + middle.x) / 2 - rise / (2 * bend);
  const information = -2 * bend;
  const far = Math.sqrt((2 * (Math.log(1 / risk) + Math.log1p(information) / 2)) / information);
  return Math.exp(best + far);
}

/**
 * How many of its requests the new revision may fail beyond what the old one does, at most. From its own counts
 * and, where both sides ran, from the comparison's sums; the smaller one holds.
 */
export function excessBound(metric: MetricState, grid: Grid, risk: number): number {
  const alone = upperShare(metric.candidate, { phi: metric.phi, risk });
  if (metric.control.total <= 0) return alone;
  const ratio = upperRatio(metric.sums, grid, risk);
  const usual = upperShare(metric.control, { phi: metric.phi, risk });
  return ratio === undefined ? alone : Math.min(alone, Math.max(0, ratio - 1) * usual);
}
