// The plan of a REPLICA service as a pure function: cases and properties.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskRecord } from "./model.ts";
import type { Standing } from "./rolling.ts";
import { planRolling } from "./rolling.ts";

// The plan reads nothing of a task but its zone -- reason: a whole record would hide that.
const task = (zone: string): TaskRecord => ({ availabilityZone: zone }) as unknown as TaskRecord;

/** `young` runs, but not long enough to count as healthy. */
type State = "healthy" | "young" | "starting" | "unhealthy";

const standing = (state: State, current = true, zone = "a"): Standing => ({
  task: task(zone),
  current,
  running: state !== "starting",
  healthy: state === "healthy",
  unhealthy: state === "unhealthy",
});
const many = (count: number, make: () => Standing): Standing[] => Array.from({ length: count }, make);
const limits = (desired: number, minimumHealthyPercent = 100, maximumPercent = 200) => ({
  desired,
  minimumHealthyPercent,
  maximumPercent,
});

describe("planRolling", () => {
  it("starts what is missing and then rests", () => {
    expect(planRolling([], limits(3))).toEqual({ stop: [], start: 3, steady: false });
    expect(
      planRolling(
        many(3, () => standing("starting")),
        limits(3),
      ),
    ).toEqual({ stop: [], start: 0, steady: false });
    expect(
      planRolling(
        many(3, () => standing("healthy")),
        limits(3),
      ),
    ).toEqual({ stop: [], start: 0, steady: true });
  });

  it("starts replacements first at 100/200, stops first at 50/100", () => {
    const old = many(4, () => standing("healthy", false));
    expect(planRolling(old, limits(4))).toMatchObject({ stop: [], start: 4 });
    const tight = planRolling(old, limits(4, 50, 100));
    expect(tight.stop).toHaveLength(2);
    expect(tight.start).toBe(2);
  });

  it("takes surplus tasks from the fullest zone", () => {
    const tasks = [
      standing("healthy", true, "a"),
      standing("healthy", true, "b"),
      standing("healthy", true, "b"),
    ];
    expect(planRolling(tasks, limits(2)).stop).toMatchObject([
      { because: "surplus", task: { availabilityZone: "b" } },
    ]);
  });

  it("stops an unhealthy task after its replacement runs, or first where there is no room", () => {
    const ill = standing("unhealthy");
    const well = standing("healthy");
    expect(planRolling([ill, well], limits(2))).toMatchObject({ stop: [], start: 1 });
    expect(planRolling([ill, well, standing("young")], limits(2)).stop).toEqual([]);
    expect(planRolling([ill, well, well], limits(2)).stop).toMatchObject([{ because: "unhealthy" }]);
    expect(planRolling([ill, ill, well], limits(3, 0, 100))).toMatchObject({
      stop: [{ because: "unhealthy" }],
      start: 1,
    });
  });

  it("never goes below the healthy minimum by its own stops, nor above the maximum", () => {
    const anyStanding = fc
      .tuple(
        fc.constantFrom<State>("healthy", "young", "starting", "unhealthy"),
        fc.boolean(),
        fc.constantFrom("a", "b"),
      )
      .map(([state, current, zone]) => standing(state, current, zone));
    const cases = [
      fc.array(anyStanding, { maxLength: 20 }),
      fc.nat(10),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 100, max: 200 }),
    ] as const;
    fc.assert(
      fc.property(...cases, (standings, desired, least, most) => {
        const plan = planRolling(standings, limits(desired, least, most));
        const stopped = new Set(plan.stop.map((one) => one.task));
        const healthyAfter = standings.filter((one) => one.healthy && !stopped.has(one.task)).length;
        const healthyBefore = standings.filter((one) => one.healthy).length;
        expect(healthyAfter).toBeGreaterThanOrEqual(
          Math.min(healthyBefore, Math.ceil((desired * least) / 100)),
        );
        const activeAfter = standings.length - stopped.size + plan.start;
        if (plan.start > 0)
          expect(activeAfter).toBeLessThanOrEqual(Math.max(Math.floor((desired * most) / 100), desired));
        expect(stopped.size).toBe(plan.stop.length);
        if (plan.steady) expect(plan).toMatchObject({ stop: [], start: 0 });
      }),
    );
  });
});
