// What holds for any counts: the promised error rates at every look, and no harm from hostile numbers.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binomial, poisson } from "../../../../test/bench/rollout/sampling.ts";
import type { Prng } from "../../../base/prng.ts";
import { prng } from "../../../base/prng.ts";
import { epochMs, seconds } from "../../../base/time.ts";
import { defaultAnalysisPolicy, defaultAutoSteps } from "../../../contracts/rollout-defaults.ts";
import type { Bin, Counts } from "./analysis.ts";
import { evidenceOfBetter, evidenceOfWorse, logEvidence, noSums, withBin } from "./evidence.ts";
import { gridOf } from "./grid.ts";
import { judge } from "./judge.ts";
import { initialAnalysis, learn } from "./learn.ts";
import { nextWeight } from "./ramp.ts";

const policy = defaultAnalysisPolicy;
const grid = gridOf(policy);
const MINUTE = 60_000;
const SEED = 20_261_122;

interface Sides {
  readonly candidate: Counts;
  readonly control: Counts;
}

const binAt = (index: number, sides: Sides): Bin => ({
  at: epochMs(index * MINUTE),
  spanMs: seconds(60),
  ...sides,
});

/** 6000 requests a minute; the weight doubles every five minutes, as the ramp does. */
function drawn(chance: Prng, [minute, control, candidate]: readonly [number, number, number]): Sides {
  const weight = Math.min(0.5, 0.01 * 2 ** Math.floor(minute / 5));
  const all = poisson(6_000, chance);
  const onNew = binomial(all, weight, chance);
  return {
    candidate: { total: onNew, bad: binomial(onNew, candidate, chance) },
    control: { total: all - onNew, bad: binomial(all - onNew, control, chance) },
  };
}

describe("error rates, looking after each bin", () => {
  const RUNS = 1_000;
  const MINUTES = 40;

  /** Share of runs in which `hits` was true at any look. */
  function shareThatEver(
    shares: readonly [number, number],
    hits: (sums: readonly number[]) => boolean,
  ): number {
    const chance = prng(SEED);
    let ever = 0;
    for (let run = 0; run < RUNS; run += 1) {
      let sums = noSums(grid);
      for (let minute = 0; minute < MINUTES; minute += 1) {
        sums = withBin(sums, drawn(chance, [minute, ...shares]), { ratios: grid.ratios, phi: 1 });
        if (!hits(sums)) continue;
        ever += 1;
        break;
      }
    }
    return ever / RUNS;
  }
  const isWorse = (sums: readonly number[]): boolean => evidenceOfWorse(sums, grid) >= 1 / policy.alpha;
  const isBetter = (sums: readonly number[]): boolean => evidenceOfBetter(sums, grid) >= 1 / policy.beta;

  it.each([0.001, 0.008, 0.03, 0.3])(
    "equal shares of %d are rolled back in at most alpha of all runs",
    (share) => {
      expect(shareThatEver([share, share], isWorse)).toBeLessThanOrEqual(policy.alpha);
    },
  );
  it("so is the worst that is allowed", () => {
    expect(shareThatEver([0.008, 0.008 * policy.maxRatio], isWorse)).toBeLessThanOrEqual(policy.alpha);
  });
  it("a version at the bad ratio is passed in at most beta of all runs", () => {
    expect(shareThatEver([0.003, 0.003 * policy.badRatio], isBetter)).toBeLessThanOrEqual(policy.beta);
  });
  it("and neither test is idle: five times as many errors are found, an equal version is passed", () => {
    expect(shareThatEver([0.001, 0.005], isWorse)).toBe(1);
    expect(shareThatEver([0.001, 0.001], isBetter)).toBeGreaterThan(0.95);
  });
});

const side = fc
  .record({ total: fc.nat({ max: 5_000 }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ total, share }): Counts => ({ total, bad: Math.floor(total * share) }));
const bins = fc.array(fc.record({ candidate: side, control: side }), { maxLength: 12 });
const sumsOf = (list: readonly Sides[], phi = 1): readonly number[] =>
  list.reduce<readonly number[]>(
    (sums, each) => withBin(sums, each, { ratios: grid.ratios, phi }),
    noSums(grid),
  );

describe("the evidence", () => {
  it("does not depend on how time is cut into bins while the weight stays", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 500 }),
        fc.nat({ max: 500 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 40 }),
        (onNew, onOld, one, other) => {
          const of = (times: number, bad: readonly [number, number]): Sides => ({
            candidate: { total: times * (onNew + 100), bad: bad[0] },
            control: { total: times * (onOld + 100), bad: bad[1] },
          });
          const whole = sumsOf([of(2, [one + other, one + 2 * other])]);
          const halves = sumsOf([of(1, [one, 2 * other]), of(1, [other, one])]);
          for (const [index, sum] of whole.entries()) expect(halves[index]).toBeCloseTo(sum, 6);
        },
      ),
    );
  });

  it("a further failure on the new revision is never evidence for it, one on the old never against", () => {
    fc.assert(
      fc.property(bins, side, side, (list, candidate, control) => {
        const roomy = {
          candidate: { ...candidate, total: candidate.total + 1 },
          control: { ...control, total: control.total + 1 },
        };
        const onNew = { ...roomy, candidate: { ...roomy.candidate, bad: roomy.candidate.bad + 1 } };
        const onOld = { ...roomy, control: { ...roomy.control, bad: roomy.control.bad + 1 } };
        const [before, worse, better] = [roomy, onNew, onOld].map((last) => sumsOf([...list, last]));
        if (before === undefined || worse === undefined || better === undefined) return;
        expect(evidenceOfWorse(worse, grid)).toBeGreaterThanOrEqual(
          evidenceOfWorse(before, grid) * (1 - 1e-9),
        );
        expect(evidenceOfBetter(worse, grid)).toBeLessThanOrEqual(
          evidenceOfBetter(before, grid) * (1 + 1e-9),
        );
        expect(evidenceOfWorse(better, grid)).toBeLessThanOrEqual(evidenceOfWorse(before, grid) * (1 + 1e-9));
      }),
    );
  });

  it("is the same seen from the other side", () => {
    const both = gridOf({ maxRatio: 1.25, badRatio: 2 });
    fc.assert(
      fc.property(bins, (list) => {
        const sums = (given: readonly Sides[]): readonly number[] =>
          given.reduce<readonly number[]>(
            (all, each) => withBin(all, each, { ratios: both.ratios, phi: 1 }),
            noSums(both),
          );
        const swapped = list.map(({ candidate, control }) => ({ candidate: control, control: candidate }));
        const one = logEvidence(sums(list), both, [2, 1]);
        const other = logEvidence(sums(swapped), both, [0.5, 1]);
        expect(Math.abs(one - other)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(one)));
      }),
    );
  });

  it("clumps weaken it in either direction", () => {
    fc.assert(
      fc.property(bins, fc.double({ min: 1, max: 50, noNaN: true }), (list, phi) => {
        const plain = logEvidence(sumsOf(list), grid, [grid.worse, 1]);
        const weak = logEvidence(sumsOf(list, phi), grid, [grid.worse, 1]);
        expect(Math.abs(weak)).toBeLessThanOrEqual(Math.abs(plain) * (1 + 1e-9) + 1e-9);
      }),
    );
  });
});

const hostile = fc.oneof(
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1e300, 1e-300),
  fc.double(),
);
const hostileCounts = fc.record({ total: hostile, bad: hostile });
const hostileBins = fc.array(
  fc.record({ at: hostile, spanMs: hostile, candidate: hostileCounts, control: hostileCounts }),
  { maxLength: 8 },
) as unknown as fc.Arbitrary<readonly Bin[]>; // -- reason: brands are what hostile numbers ignore

describe("hostile numbers", () => {
  it("nothing throws, nothing promotes by NaN, weights stay whole and in bounds", () => {
    fc.assert(
      fc.property(hostileBins, hostileBins, hostile, hostile, (errors, slow, weight, cap) => {
        const now = epochMs(100 * MINUTE);
        const state = learn(initialAnalysis(policy, epochMs(0)), { errors, slow }, { policy, now });
        const verdict = judge(state, { policy, now });
        expect(Number.isFinite(verdict.failed)).toBe(true);
        expect(verdict.text).not.toContain("NaN");
        for (const metric of verdict.metrics) {
          expect(Number.isFinite(metric.eBad) && Number.isFinite(metric.eGood)).toBe(true);
          expect(metric.excessBound).toBeGreaterThanOrEqual(0);
        }
        const safe = Number.isFinite(weight) ? Math.min(100, Math.max(0, Math.round(weight))) : 0;
        const next = nextWeight(state, {
          auto: defaultAutoSteps,
          policy,
          now,
          weight: safe,
          cap,
          controlShare: 5,
          settleMs: seconds(60),
        });
        expect(next.weight).toBeGreaterThanOrEqual(safe);
        expect(next.weight).toBeLessThanOrEqual(Math.max(safe, 95));
        expect(Number.isInteger(next.weight)).toBe(true);
      }),
    );
  });

  it("what is remembered survives JSON", () => {
    fc.assert(
      fc.property(hostileBins, (errors) => {
        const state = learn(
          initialAnalysis(policy, epochMs(0)),
          { errors },
          { policy, now: epochMs(MINUTE) },
        );
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });
});

describe("speed", () => {
  it("a bin is learnt, judged and answered with a weight in well under a millisecond", () => {
    const chance = prng(SEED);
    let state = initialAnalysis(policy, epochMs(0));
    const drawnBins = Array.from({ length: 2_000 }, (_, minute) =>
      binAt(minute, drawn(chance, [minute, 0.001, 0.001])),
    );
    const began = performance.now();
    for (const each of drawnBins) {
      const now = epochMs(each.at + 2 * MINUTE);
      state = learn(state, { errors: [each], slow: [each] }, { policy, now });
      judge(state, { policy, now });
      nextWeight(state, {
        auto: defaultAutoSteps,
        policy,
        now,
        weight: 1,
        cap: 100,
        controlShare: 5,
        settleMs: seconds(60),
      });
    }
    expect((performance.now() - began) / drawnBins.length).toBeLessThan(1);
  });
});
