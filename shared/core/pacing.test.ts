// Pacing: at once when quiet, spaced in a burst, never later than one interval.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EpochMs } from "../base/time.ts";
import { addMs, epochMs, millis } from "../base/time.ts";
import { pacingOf } from "./pacing.ts";

const T = epochMs(1_800_000_000_000);

/** Asks for a pass at each instant and returns when each may run. */
function runAt(asked: readonly number[]): readonly number[] {
  let last: { credit?: number; decidedAt: EpochMs } = { decidedAt: epochMs(0) };
  let free = T as number;
  return asked.map((at) => {
    const now = epochMs(Math.max(T + at, free));
    const { waitMs, credit } = pacingOf(last, now);
    const runs = addMs(now, waitMs);
    last = { credit, decidedAt: runs };
    free = runs;
    return runs - T;
  });
}

describe("pacing", () => {
  it("lets a quiet key act at once", () => {
    expect(runAt([0, 5_000, 9_000])).toEqual([0, 5_000, 9_000]);
  });

  it("gives three passes in hand, then one each interval", () => {
    expect(runAt([0, 0, 0, 0, 0, 0])).toEqual([0, 0, 0, 650, 1_300, 1_950]);
  });

  it("earns passes back while nothing happens", () => {
    expect(runAt([0, 0, 0, 1_300, 1_300, 1_300])).toEqual([0, 0, 0, 1_300, 1_300, 1_950]);
  });

  it("never waits longer than one interval, whatever the clock says", () => {
    fc.assert(
      fc.property(fc.integer(), fc.option(fc.double({ min: 0, max: 3, noNaN: true })), (ago, credit) => {
        const { waitMs } = pacingOf(
          { ...(credit !== null && { credit }), decidedAt: addMs(T, millis(-ago)) },
          T,
        );
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(650);
      }),
    );
  });
});
