// Seeded rollouts under faults: safe at every step, ended once faults stop; and every fault was really met.

import { expect, it } from "vitest";
import { range } from "../seeds.ts";
import { failuresOf, pastFailures, ROLLOUT_SEEDS, runRolloutSeeds } from "./seeds.ts";

/** A busy machine takes its time. */
const LONG_MS = 900_000;

it(
  `stays safe under faults and ends, seeds 1..${ROLLOUT_SEEDS}`,
  async () => {
    const results = await runRolloutSeeds(range(1, ROLLOUT_SEEDS));
    expect(failuresOf(results)).toEqual([]);
    const met = new Set(results.flatMap((result) => [...result.met.keys()]));
    for (const fault of [
      "throttle",
      "serverError",
      "timeoutAfterEffect",
      "staleRead",
      "crashBefore",
      "crashAfter",
      "stall",
    ]) {
      expect(met).toContain(fault);
    }
    const outcomes = new Set(results.flatMap((result) => result.outcomes));
    for (const driver of ["native", "task-sets"]) {
      expect(outcomes).toContain(`${driver} promoted`);
      expect(outcomes).toContain(`${driver} rolled-back`);
    }
  },
  LONG_MS,
);

it("passes the seeds that once found a bug", async () => {
  expect(failuresOf(await runRolloutSeeds(pastFailures()))).toEqual([]);
});
