// The second half of the seeds, those that once failed, and the proof that every fault was really met.

import { expect, it } from "vitest";
import { failuresOf, pastFailures, range, runSeeds, SEEDS } from "./seeds.ts";

it(`converges and stays safe under faults, seeds ${SEEDS / 2 + 1}..${SEEDS}`, async () => {
  const results = await runSeeds(range(SEEDS / 2 + 1, SEEDS));
  expect(failuresOf(results)).toEqual([]);
  const met = new Set(results.flatMap((result) => [...result.met.keys()]));
  const faults = ["throttle", "serverError", "timeoutAfterEffect", "staleRead", "crashBefore", "crashAfter"];
  expect([...met].sort()).toEqual([...faults, "stall", "skipSweep", "poisonMessage"].sort());
  for (const counter of ["dropped", "duplicated", "delayed", "reordered"] as const) {
    expect(
      results.some((result) => result.bus[counter] > 0),
      counter,
    ).toBe(true);
  }
});

it("passes the seeds that once found a bug", async () => {
  expect(failuresOf(await runSeeds(pastFailures()))).toEqual([]);
});
