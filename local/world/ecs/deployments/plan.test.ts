// The steps of each strategy, forward and back.

import type { DeploymentConfiguration } from "@aws-sdk/client-ecs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../../shared/base/time.ts";
import type { Surroundings } from "./plan.ts";
import { backwardSteps, forwardSteps, sharesOf } from "./plan.ts";

const SHIFT = seconds(30);
const AROUND: Surroundings = { reconcile: false, hasBase: true, split: false, daemon: false, shiftMs: SHIFT };

const stagesOf = (configuration: DeploymentConfiguration, change: Partial<Surroundings> = {}): string[] =>
  forwardSteps(configuration, { ...AROUND, ...change }).map(({ stage }) => stage);

const LIFE = [
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
];

describe("forwardSteps", () => {
  it("has every stage of a blue/green deployment in AWS's order", () => {
    expect(stagesOf({ strategy: "BLUE_GREEN" })).toEqual(LIFE);
    expect(new Set(stagesOf({ strategy: "BLUE_GREEN" }, { reconcile: true }))).toEqual(
      new Set(["RECONCILE_SERVICE", ...LIFE]),
    );
  });

  it("runs the hooks of RECONCILE_SERVICE once", () => {
    for (const hasBase of [true, false]) {
      const steps = forwardSteps({ strategy: "CANARY" }, { ...AROUND, reconcile: true, hasBase });
      expect(steps.filter(({ stage, hooks }) => stage === "RECONCILE_SERVICE" && hooks)).toHaveLength(1);
    }
  });

  it.each<[string, DeploymentConfiguration, Partial<Surroundings>, string[]]>([
    ["plain", {}, {}, ["SCALE_UP"]],
    [
      "with alarms",
      { alarms: { alarmNames: ["a"], enable: true, rollback: true } },
      {},
      ["SCALE_UP", "BAKE_TIME"],
    ],
    [
      "with a hook before",
      { lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["PRE_SCALE_UP", "POST_SCALE_UP"] }] },
      {},
      ["PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP"],
    ],
    [
      "that ends early",
      {
        earlySuccessCriteria: { enable: true, healthyPercent: 50, sourceServiceRevisionCleanup: "BLOCKING" },
      },
      {},
      ["SCALE_UP", "CLEAN_UP"],
    ],
    [
      "after a traffic split",
      {},
      { reconcile: true, split: true },
      ["RECONCILE_SERVICE", "RECONCILE_SERVICE", "RECONCILE_SERVICE", "SCALE_UP"],
    ],
    [
      "of daemons",
      { lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["PRE_SCALE_UP"] }] },
      { daemon: true },
      ["SCALE_UP"],
    ],
  ])("a rolling deployment %s", (_what, configuration, change, stages) => {
    expect(stagesOf(configuration, change)).toEqual(stages);
  });
});

describe("sharesOf", () => {
  it("uses AWS's defaults", () => {
    expect(sharesOf({ strategy: "CANARY" })).toEqual([
      { percent: 5, bakeMs: 600_000 },
      { percent: 100, bakeMs: 0 },
    ]);
    const linear = sharesOf({ strategy: "LINEAR" });
    expect(linear.map(({ percent }) => percent)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(linear.map(({ bakeMs }) => bakeMs)).toEqual([...Array<number>(9).fill(360_000), 0]);
  });

  it("rises to exactly 100 in tenths, in equal steps but for the last", () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 1_000 }), (tenths) => {
        const shares = sharesOf({ strategy: "LINEAR", linearConfiguration: { stepPercent: tenths / 10 } });
        const parts = shares.map(({ percent }) => Math.round(percent * 10));
        expect(parts.at(-1)).toBe(1_000);
        expect(shares.every(({ percent }) => Number(percent.toFixed(1)) === percent)).toBe(true);
        const rises = parts.map((part, at) => part - (parts[at - 1] ?? 0));
        expect(rises.slice(0, -1).every((rise) => rise === tenths)).toBe(true);
        expect(rises.at(-1)).toBeGreaterThan(0);
        expect(rises.at(-1)).toBeLessThanOrEqual(tenths);
      }),
    );
  });
});

describe("backwardSteps", () => {
  it.each([
    [{ staged: true, tested: false, shifted: false }, ["SCALE_UP", "CLEAN_UP"]],
    [{ staged: true, tested: true, shifted: false }, ["SCALE_UP", "TEST_TRAFFIC_SHIFT", "CLEAN_UP"]],
    [
      { staged: true, tested: true, shifted: true },
      ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT", "CLEAN_UP"],
    ],
    [{ staged: false, tested: false, shifted: false }, ["SCALE_UP"]],
  ])("undo what was done: %j", (progress, stages) => {
    expect(backwardSteps({ ...progress, shiftMs: SHIFT }).map(({ stage }) => stage)).toEqual(stages);
  });
});
