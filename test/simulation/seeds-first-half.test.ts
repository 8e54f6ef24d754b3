// The first half of the seeds: two files, so that both cores work.

import { expect, it } from "vitest";
import { failuresOf, range, runSeeds, SEEDS } from "./seeds.ts";

it(`converges and stays safe under faults, seeds 1..${SEEDS / 2}`, async () => {
  expect(failuresOf(await runSeeds(range(1, SEEDS / 2)))).toEqual([]);
});
