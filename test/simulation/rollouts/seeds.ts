// Runs a share of the rollouts' seeds and says which failed, with the command that replays them.

import { readFileSync } from "node:fs";
import type { RolloutRunResult } from "./run.ts";
import { runRollouts } from "./run.ts";

export const ROLLOUT_SEEDS = Number(process.env["FAIRLEAD_ROLLOUT_SEEDS"] ?? 100);

export async function runRolloutSeeds(seeds: readonly number[]): Promise<readonly RolloutRunResult[]> {
  const results: RolloutRunResult[] = [];
  for (const seed of seeds) results.push(await runRollouts({ seed }));
  return results;
}

export const failuresOf = (results: readonly RolloutRunResult[]): readonly string[] =>
  results.flatMap(({ seed, faults }) =>
    faults.length === 0 ? [] : [`npm run simulate -- --rollouts --seed ${seed}: ${faults[0]}`],
  );

/** seeds.txt: the number first, then what it found. */
export const pastFailures = (): readonly number[] =>
  readFileSync(new URL("./seeds.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => Number.parseInt(line, 10));
