// The closing line must never read better than the run was.
import { describe, expect, it } from "vitest";
import type { TalliedModule } from "./reporter.ts";
import { closingLine, tallyOf } from "./reporter.ts";

const moduleOf = (states: readonly string[], state: "passed" | "failed", errors = 0): TalliedModule => ({
  children: { allTests: () => states.map((each) => ({ result: () => ({ state: each }) })) },
  state: () => state,
  errors: () => Array.from({ length: errors }, () => ({ name: "Error", message: "planted" })),
});

describe("the closing line", () => {
  it("counts tests by their state", () => {
    const tally = tallyOf([moduleOf(["passed", "failed", "skipped", "passed"], "failed")], 0);
    expect(closingLine(tally)).toBe("2 passed, 1 failed, 1 skipped");
  });

  it("counts a file that did not load as failed", () => {
    expect(tallyOf([moduleOf([], "failed", 1), moduleOf(["passed"], "passed")], 0)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it("counts a failed hook, whose tests are all skipped, as failed", () => {
    expect(tallyOf([moduleOf(["skipped"], "failed")], 0).failed).toBe(1);
  });

  it("counts unhandled errors as failed", () => {
    expect(tallyOf([moduleOf(["passed"], "passed")], 2).failed).toBe(2);
  });

  it("counts a test that never ended as skipped, not as passed", () => {
    expect(tallyOf([moduleOf(["pending"], "passed")], 0)).toEqual({ passed: 0, failed: 0, skipped: 1 });
  });
});
