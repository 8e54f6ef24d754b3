// Exhaustive crash points: a recorded run is repeated with a crash before, and after, each outward call. All
// must end like the run without a crash.

import { expect, it } from "vitest";
import { noFaults } from "./faults.ts";
import { runSeed } from "./run.ts";

const SEED = 7;
/** What happens after the fleet has come up is the same sweep again and again. */
const CALLS_OF_INTEREST = 120;

it("ends in the same registries, wherever a function dies", async () => {
  const whole = await runSeed({ seed: SEED, profile: noFaults, quiet: true });
  expect(whole.faults).toEqual([]);
  expect(whole.calls).toBeGreaterThan(CALLS_OF_INTEREST);
  const differing: string[] = [];
  for (let at = 1; at <= CALLS_OF_INTEREST; at += 1) {
    for (const side of ["before", "after"] as const) {
      const run = await runSeed({ seed: SEED, profile: noFaults, quiet: true, crashPoint: { at, side } });
      if (run.faults.length > 0) differing.push(`${side} call ${at}: ${run.faults[0]}`);
      else if (namesIn(run.ending) !== namesIn(whole.ending))
        differing.push(`${side} call ${at}: other instances`);
    }
  }
  expect(differing).toEqual([]);
});

/** Task ids come from the world's chance, which a crash shifts: registries are compared by size and ports. */
const namesIn = (ending: string): string =>
  ending
    .replace(/[0-9a-f]{32}/g, "task")
    .replace(/10\.\d+\.\d+\.\d+/g, "ip")
    .replace(/"AWS_INSTANCE_PORT\\":\\"\d+/g, "port")
    .replace(/us-east-1[abc]/g, "az");
