// Interleaved rounds and paired ratios: neighbours slow a whole round down, not one variant of it.

import type { Prng } from "../../../shared/base/prng.ts";

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the per-round ratios of two series of the same rounds. */
export const pairedRatio = (of: readonly number[], to: readonly number[]): number =>
  median(of.map((value, round) => value / (to[round] ?? Number.NaN)));

function shuffled<T>(items: readonly T[], chance: Prng): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = chance.int(0, last);
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}

/** Runs every variant once a round, in random order; samples by variant name, in the order of rounds. */
export async function inRounds<T>(
  plan: { readonly rounds: number; readonly variants: readonly string[]; readonly chance: Prng },
  sample: (variant: string) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const samples = new Map<string, T[]>(plan.variants.map((variant) => [variant, []]));
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const variant of shuffled(plan.variants, plan.chance))
      samples.get(variant)?.push(await sample(variant));
  }
  return samples;
}
