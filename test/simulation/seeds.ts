// Runs a share of the seeds and says which failed, with the command that replays them.

import { readFileSync } from "node:fs";
import type { RunResult } from "./run.ts";
import { runSeed } from "./run.ts";

export const SEEDS = Number(process.env["FAIRLEAD_SEEDS"] ?? 1_000);

export async function runSeeds(seeds: readonly number[]): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  for (const seed of seeds) results.push(await runSeed({ seed }));
  return results;
}

export const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

export const failuresOf = (results: readonly RunResult[]): readonly string[] =>
  results.flatMap(({ seed, faults }) =>
    faults.length === 0 ? [] : [`npm run simulate -- --seed ${seed}: ${faults[0]}`],
  );

/** seeds.txt: the number first, then what it found. */
export const pastFailures = (): readonly number[] =>
  readFileSync(new URL("./seeds.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => Number.parseInt(line, 10));
