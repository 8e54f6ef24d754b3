// The replay is seeded, the peers decide when their documentation says they do, and ours is the product's.

import { describe, expect, it } from "vitest";
import { prng } from "../../../shared/base/prng.ts";
import { ALGORITHMS } from "./algorithms.ts";
import { allCells, measure } from "./cells.ts";
import { zOfLarger } from "./peers/mann-whitney.ts";
import { binomial, clump, gamma, poisson } from "./sampling.ts";

function measured(name: string, scenario: string, feed = "60s") {
  const algorithm = ALGORITHMS.find((one) => one.name === name);
  const cell = allCells().find(
    (one) =>
      one.scenario.name === scenario && one.feed.name === feed && (one.rps === 100 || one.scenario.noTraffic),
  );
  if (algorithm === undefined || cell === undefined) throw new Error(`no such cell: ${name} ${scenario}`);
  return measure(algorithm, cell, 3);
}

describe("when each first rolls back a version that fails half of its requests", () => {
  it.each([
    // A bin of 60 s, visible 60 s later, and 10 s until the rollback acts.
    ["fairlead", 130],
    ["ecs-canary-alarm", 130],
    ["codedeploy-linear", 130],
    // 2 of 3 minutes.
    ["ecs-express", 190],
    // The fourth failed measurement, 5 min apart from 10 min on: it aborts when more than three have failed.
    ["argo-docs", 1_525],
    // Five failed checks; the sixth tick rolls back.
    ["flagger-tutorial", 370],
    ["flagger-default", 130],
    ["pipecd", 310],
    ["kayenta", 3_670],
  ])("%s after %d s", (name, seconds) => {
    expect(measured(name, "bad-50")).toMatchObject({ rolledBackPct: 100, medianSeconds: seconds });
  });
});

describe("when each promotes a version that is no different", () => {
  it.each([
    ["fairlead", 29, 34],
    ["argo-docs", 40, 40],
    ["kayenta", 61, 62],
    ["flagger-tutorial", 5, 6],
  ])("%s after %d to %d min", (name, least, most) => {
    const { promoteMinutes, rolledBackPct } = measured(name, "N1");
    expect(rolledBackPct).toBe(0);
    expect(promoteMinutes).toBeGreaterThanOrEqual(least);
    expect(promoteMinutes).toBeLessThanOrEqual(most);
  });
});

describe("silence", () => {
  it("ours waits, and finds the bad version when the metrics are back", () => {
    expect(measured("fairlead", "outage")).toMatchObject({ falsePct: 0, promotedPct: 100 });
    expect(measured("fairlead", "outage-bad").medianSeconds).toBeGreaterThanOrEqual(600);
  });
  it("an alarm without points stays as it is, five failed queries of Argo Rollouts abort", () => {
    expect(measured("ecs-express", "outage")).toMatchObject({ falsePct: 0 });
    expect(measured("argo-tuned", "outage")).toMatchObject({ falsePct: 100 });
  });
});

it("the same seeds give the same figures", () => {
  expect(measured("fairlead", "bad-1.5", "10s")).toEqual(measured("fairlead", "bad-1.5", "10s"));
});

describe("sampling", () => {
  const DRAWS = 20_000;
  const momentsOf = (draw: () => number): { mean: number; variance: number } => {
    const all = Array.from({ length: DRAWS }, draw);
    const mean = all.reduce((sum, value) => sum + value, 0) / DRAWS;
    return { mean, variance: all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DRAWS };
  };
  const chance = prng(1);
  it.each([
    ["poisson 0.3", () => poisson(0.3, chance), 0.3, 0.3],
    ["poisson 500", () => poisson(500, chance), 500, 500],
    ["binomial 60 of 0.05", () => binomial(60, 0.05, chance), 3, 2.85],
    ["binomial 5000 of 0.3", () => binomial(5_000, 0.3, chance), 1_500, 1_050],
    ["binomial 10 of 0.9", () => binomial(10, 0.9, chance), 9, 0.9],
    ["clumps of 3", () => clump(3, chance), 3, 6],
    ["gamma of shape 2", () => gamma(2, chance), 1, 0.5],
  ])("%s", (_, draw, mean, variance) => {
    const seen = momentsOf(draw);
    expect(Math.abs(seen.mean / mean - 1)).toBeLessThan(0.05);
    expect(Math.abs(seen.variance / variance - 1)).toBeLessThan(0.08);
  });
});

describe("the rank test", () => {
  it("knows larger, smaller and equal", () => {
    const small = [1, 2, 3, 4, 5, 6, 7, 8];
    const large = small.map((value) => value + 4);
    expect(zOfLarger(large, small)).toBeGreaterThan(1.645);
    expect(zOfLarger(small, large)).toBeLessThan(-1.645);
    expect(zOfLarger([1, 1, 1], [1, 1, 1])).toBe(0);
  });
});
