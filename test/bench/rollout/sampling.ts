// Counts by chance, fast: exact where the mean is small, the rounded normal where it is large and nobody can
// tell the difference. Every draw comes from the given generator: a seed replays a run.

import type { Prng } from "../../../shared/base/prng.ts";

const LARGE_MEAN = 40;

function normal(chance: Prng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - chance.next()));
  return radius * Math.cos(2 * Math.PI * chance.next());
}

export function poisson(mean: number, chance: Prng): number {
  if (!(mean > 0)) return 0;
  if (mean > LARGE_MEAN) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(chance)));
  const end = Math.exp(-mean);
  let count = 0;
  for (let product = chance.next(); product > end; product *= chance.next()) count += 1;
  return count;
}

export function binomial(trials: number, share: number, chance: Prng): number {
  if (trials <= 0 || share <= 0) return 0;
  if (share >= 1) return trials;
  if (share > 0.5) return trials - binomial(trials, 1 - share, chance);
  const mean = trials * share;
  if (mean > LARGE_MEAN) {
    const drawn = Math.round(mean + Math.sqrt(mean * (1 - share)) * normal(chance));
    return Math.min(trials, Math.max(0, drawn));
  }
  return bySkipping(trials, share, chance);
}

/** Jumps from success to success: as many draws as there are successes. */
function bySkipping(trials: number, share: number, chance: Prng): number {
  const log = Math.log1p(-share);
  let count = 0;
  let at = 0;
  for (;;) {
    at += Math.floor(Math.log(1 - chance.next()) / log) + 1;
    if (at > trials) return count;
    count += 1;
  }
}

/** 1, 2, 3 …, with the given mean. */
export function clump(mean: number, chance: Prng): number {
  if (mean <= 1) return 1;
  return 1 + Math.floor(Math.log(1 - chance.next()) / Math.log(1 - 1 / mean));
}

/** Mean 1 and variance 1/shape (Marsaglia and Tsang, 2000; shape from 1). */
export function gamma(shape: number, chance: Prng): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(chance);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - chance.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (d * v) / shape;
  }
}
