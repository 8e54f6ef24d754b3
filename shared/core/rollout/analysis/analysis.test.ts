// Tables: what is learnt from which bins, and what is said of it with which numbers.

import { describe, expect, it } from "vitest";
import type { EpochMs } from "../../../base/time.ts";
import { epochMs, minutes, seconds } from "../../../base/time.ts";
import { defaultAnalysisPolicy, defaultAutoSteps } from "../../../contracts/rollout-defaults.ts";
import type { AnalysisPolicy } from "../../../contracts/rollout-policy.ts";
import type { AnalysisState, Bin, Counts } from "./analysis.ts";
import { excessBound, upperShare } from "./bounds.ts";
import { dispersionOf } from "./dispersion.ts";
import { evidenceOfBetter, evidenceOfWorse } from "./evidence.ts";
import { gridOf } from "./grid.ts";
import type { JudgeContext } from "./judge.ts";
import { judge, neededEvidence } from "./judge.ts";
import { initialAnalysis, learn, learnBaseline } from "./learn.ts";
import { leastFailed } from "./least.ts";
import type { RampInput } from "./ramp.ts";
import { nextWeight } from "./ramp.ts";

const policy: AnalysisPolicy = defaultAnalysisPolicy;
const START = epochMs(1_800_000_000_000);
const MINUTE = 60_000;
const at = (minute: number): EpochMs => epochMs(START + minute * MINUTE);

const bin = (minute: number, candidate: Counts, control: Counts): Bin => ({
  at: at(minute),
  spanMs: seconds(60),
  candidate,
  control,
});
const counts = (bad: number, total: number): Counts => ({ bad, total });

/** `errors` as given and as many slow ones on both sides as are usual. */
function learnt(bins: readonly Bin[], given: Partial<AnalysisPolicy> = {}): AnalysisState {
  const usual = bins.map((each) => ({
    ...each,
    candidate: counts(Math.round(each.candidate.total / 100), each.candidate.total),
    control: counts(Math.round(each.control.total / 100), each.control.total),
  }));
  const last = bins.at(-1)?.at ?? START;
  return learn(
    initialAnalysis({ ...policy, ...given }, START),
    { errors: bins, slow: usual },
    { policy: { ...policy, ...given }, now: epochMs(last + 2 * MINUTE) },
  );
}

const judged = (state: AnalysisState, given: Partial<JudgeContext> = {}) =>
  judge(state, { policy, now: epochMs((state.trafficAt ?? START) + MINUTE), ...given });

const steady = (length: number, candidate: Counts, control: Counts): readonly Bin[] =>
  Array.from({ length }, (_, minute) => bin(minute, candidate, control));

describe("learning", () => {
  it("learns a bin once, however often and in whatever order it is told", () => {
    const bins = [bin(0, counts(1, 60), counts(6, 5_940)), bin(1, counts(0, 60), counts(5, 5_940))];
    const once = learn(initialAnalysis(policy, START), { errors: bins }, { policy, now: at(3) });
    const again = learn(once, { errors: [...bins].reverse() }, { policy, now: at(3) });
    expect(again).toEqual(once);
    const reversed = learn(
      initialAnalysis(policy, START),
      { errors: [...bins].reverse() },
      { policy, now: at(3) },
    );
    expect(reversed).toEqual(once);
    expect(once.metrics["errors"]).toMatchObject({
      candidate: { bad: 1, total: 120 },
      control: { bad: 11, total: 11_880 },
      lastBinAt: at(1),
    });
  });

  it("keeps eight numbers for each metric, whatever the number of bins", () => {
    const few = learnt(steady(1, counts(1, 60), counts(6, 5_940)));
    const many = learnt(steady(500, counts(1, 60), counts(6, 5_940)));
    expect(few.metrics["errors"]?.sums).toHaveLength(8);
    expect(many.metrics["errors"]?.sums).toHaveLength(8);
    expect(JSON.stringify(many.metrics["errors"]).length).toBeLessThan(600);
  });

  it("counts requests a second over both sides, and when traffic and answers came last", () => {
    const state = learnt([bin(0, counts(0, 60), counts(6, 5_940)), bin(1, counts(0, 0), counts(0, 0))]);
    expect(state.requestsPerSecond).toBe(50);
    expect(state.trafficAt).toBe(at(1));
    expect(state.answeredAt).toBe(at(3));
  });

  it("a failed answer is a problem and no answer", () => {
    const before = learnt(steady(1, counts(0, 60), counts(6, 5_940)));
    const after = learn(before, {}, { policy, now: at(9), problem: "throttled" });
    expect(after.problem).toBe("throttled");
    expect(after.answeredAt).toBe(before.answeredAt);
    expect(learn(after, {}, { policy, now: at(10) }).problem).toBeUndefined();
  });

  it("keeps the grid of its beginning when the policy changes", () => {
    const before = learnt(steady(3, counts(1, 60), counts(6, 5_940)));
    const after = learn(before, {}, { policy: { ...policy, maxRatio: 4, badRatio: 9 }, now: at(9) });
    expect(after.grid).toEqual(gridOf(policy));
  });
});

describe("dispersion of the old revision", () => {
  const cases: readonly (readonly [string, readonly number[], number, number])[] = [
    ["no errors at all", [0, 0, 0, 0], 1, 1],
    ["a constant rate", [6, 6, 6, 6, 6, 6], 1, 1],
    ["what chance gives", [6, 4, 9, 5, 6, 7, 3, 8, 6, 5], 1, 1],
    ["clumps of ten", [0, 10, 0, 20, 0, 0, 30, 0, 10, 0, 0, 20, 0, 10], 5, 30],
  ];
  it.each(cases)("%s", (_, errors, least, most) => {
    const phi = dispersionOf(errors.map((bad) => counts(bad, 6_000)));
    expect(phi).toBeGreaterThanOrEqual(least);
    expect(phi).toBeLessThanOrEqual(most);
  });

  it("does not take the two edges of an incident for clumps", () => {
    const quiet = [6, 5, 7, 6, 4, 6, 8, 6, 5, 7, 6, 6];
    const incident = [...quiet, 180, 175, 182, 179, ...quiet];
    expect(dispersionOf(incident.map((bad) => counts(bad, 6_000)))).toBeLessThan(2);
  });
});

describe("the verdict", () => {
  it("three failed requests of sixty against six of 5,940 are bad, and say so with the numbers", () => {
    const verdict = judged(learnt([bin(0, counts(4, 60), counts(6, 5_940))]));
    expect(verdict).toMatchObject({ kind: "bad", by: "e-process", metric: "errors", failed: 4 });
    expect(verdict.text).toMatch(
      /^4 of 60 requests failed on the new revision against 6 of 5,940 on the old one: more than 1.25 times as often, evidence [\d,.]+ of 118 needed; 2 was the least possible\.$/,
    );
    expect(verdict.leastFailed).toBeGreaterThan(1);
  });

  it("an incident of both sides is nobody's fault", () => {
    const verdict = judged(learnt(steady(4, counts(9, 300), counts(171, 5_700))));
    expect(verdict.kind).not.toBe("bad");
  });

  it("one request in five fails: the bound ends it without a comparison", () => {
    const verdict = judged(learnt([bin(0, counts(4, 12), counts(0, 0))]));
    expect(verdict).toMatchObject({ kind: "bad", by: "hard-bound" });
    expect(verdict.text).toContain("more than the 20 % that end a rollout at once");
  });

  it("the bound is no reason where the old revision is as bad", () => {
    const verdict = judged(learnt([bin(0, counts(13, 40), counts(1_200, 4_000))]));
    expect(verdict.kind).toBe("pending");
  });

  it("the bound is no reason where few requests were counted and the old revision is about as bad", () => {
    const verdict = judged(learnt([bin(0, counts(6, 28), counts(10, 68))]));
    expect(verdict.kind).toBe("pending");
    const worse = judged(learnt([bin(0, counts(14, 28), counts(10, 68))]));
    expect(worse).toMatchObject({ kind: "bad", by: "hard-bound" });
  });

  it("the bound is of errors: what is slow was only learnt from the old revision", () => {
    const slow = [bin(0, counts(3, 10), counts(5, 62))];
    const state = learn(initialAnalysis(policy, START), { slow }, { policy, now: at(2) });
    const verdict = judged(state);
    expect(verdict.kind).not.toBe("bad");
  });

  it("as good as the old one at half of the traffic: good", () => {
    const state = learnt(steady(20, counts(3, 3_000), counts(3, 3_000)));
    expect(judged(state)).toMatchObject({ kind: "good" });
  });

  it("thin traffic settles no ratio, but an excess", () => {
    const state = learnt(steady(20, counts(0, 300), counts(0, 300)));
    const metric = state.metrics["errors"];
    expect(metric === undefined ? 0 : evidenceOfBetter(metric.sums, gridOf(policy))).toBe(1);
    const errorsAt = (now: EpochMs) =>
      judged(state, { now }).metrics.find(({ metric: name }) => name === "errors");
    expect(errorsAt(at(29))).toMatchObject({ kind: "pending" });
    expect(errorsAt(at(30))).toMatchObject({ kind: "good" });
  });

  it("fewer requests than the policy asks for are never good", () => {
    const few = learnt(steady(20, counts(0, 300), counts(0, 300)), { minRequests: 6_001 });
    expect(judged(few, { policy: { ...policy, minRequests: 6_001 } }).kind).toBe("pending");
  });

  it("neither at the deadline is inconclusive", () => {
    const state = learnt([bin(0, counts(0, 60), counts(6, 5_940))]);
    expect(judged(state, { deadlineAt: at(30) }).kind).toBe("pending");
    expect(judged(state, { now: at(3), deadlineAt: at(3) })).toMatchObject({
      kind: "inconclusive",
      by: "deadline",
    });
  });

  it("a metric under dryRun is told and never decides", () => {
    const metric = { provider: "webhook", url: "https://example.test" } as const;
    const own = { name: "errors", periodMs: seconds(60), total: metric, bad: metric, dryRun: true };
    const dry: AnalysisPolicy = { ...policy, metrics: [own, { ...own, name: "slow", dryRun: false }] };
    const state = learnt([bin(0, counts(30, 60), counts(6, 5_940))], dry);
    const verdict = judged(state, { policy: dry });
    expect(verdict.kind).not.toBe("bad");
    expect(verdict.metrics.find(({ metric: name }) => name === "errors")?.kind).toBe("bad");
  });

  it("alpha is spent once over all metrics and guards", () => {
    const metric = { provider: "webhook", url: "https://example.test" } as const;
    const own = { periodMs: seconds(60), total: metric, bad: metric, dryRun: false };
    const three: AnalysisPolicy = { ...policy, metrics: ["a", "b", "c"].map((name) => ({ ...own, name })) };
    for (const spent of [policy, three, { ...three, sloErrorRate: 0.01 }]) {
      const names = spent.metrics === "default" ? ["errors", "slow"] : spent.metrics.map(({ name }) => name);
      const guards = spent.sloErrorRate === undefined ? 1 : 2;
      const sum = names.reduce((all, name) => all + guards / neededEvidence(spent, name), 0);
      expect(sum).toBeCloseTo(policy.alpha);
    }
  });
});

describe("unknown, missing and zero", () => {
  it("no traffic yet: pending", () => {
    expect(judge(initialAnalysis(policy), { policy, now: at(99) })).toMatchObject({
      kind: "pending",
      by: "traffic",
    });
  });
  it("the first answer is waited for, then it is no data", () => {
    const state = initialAnalysis(policy, START);
    expect(judge(state, { policy, now: at(2) }).kind).toBe("pending");
    const late = judge({ ...state, problem: "AccessDenied" }, { policy, now: at(6) });
    expect(late).toMatchObject({ kind: "no-data", by: "provider" });
    expect(late.text).toContain("AccessDenied");
  });
  it("answers without requests are no traffic", () => {
    const state = learn(initialAnalysis(policy, START), { errors: [] }, { policy, now: at(6) });
    expect(judge(state, { policy, now: at(6) })).toMatchObject({ kind: "no-traffic", by: "traffic" });
  });
  it("nobody at all by the deadline is no traffic, though the deadline comes soon", () => {
    const state = learn(initialAnalysis(policy, START), { errors: [] }, { policy, now: at(2) });
    expect(judge(state, { policy, now: at(2) }).kind).toBe("pending");
    expect(judge(state, { policy, now: at(2), deadlineAt: at(2) })).toMatchObject({ kind: "no-traffic" });
  });
  it("a quiet minute is no lack of traffic, however fresh the policy wants its metrics", () => {
    const fast = { ...policy, freshnessMs: minutes(1) };
    const state = learn(initialAnalysis(fast, START), { errors: [] }, { policy: fast, now: at(5) });
    expect(judge(state, { policy: fast, now: at(5) }).kind).toBe("pending");
    expect(judge({ ...state, answeredAt: at(6) }, { policy: fast, now: at(6) }).kind).toBe("no-traffic");
  });
  it("good numbers that are old promote nothing", () => {
    const state = learnt(steady(20, counts(3, 3_000), counts(3, 3_000)));
    expect(judged(state).kind).toBe("good");
    expect(judged(state, { now: at(60) }).kind).toBe("no-data");
  });
  it("bad stays bad when the metrics fall silent", () => {
    const state = learnt([bin(0, counts(4, 60), counts(6, 5_940))]);
    expect(judged(state, { now: at(600) }).kind).toBe("bad");
  });
});

describe("without a control, and with an objective", () => {
  const history = { errors: Array.from({ length: 30 }, () => counts(6, 6_000)), slow: [] };
  const alone = (share: number): AnalysisState =>
    learn(
      learnBaseline(initialAnalysis(policy, START), history, policy),
      {
        errors: Array.from({ length: 10 }, (_, minute) =>
          bin(minute, counts(share * 6_000, 6_000), counts(0, 0)),
        ),
      },
      { policy, now: at(11) },
    );
  it("is held against what the old revision did before", () => {
    expect(judged(alone(0.01))).toMatchObject({ kind: "bad", by: "guard" });
    expect(judged(alone(0.001)).kind).not.toBe("bad");
  });
  it("the objective guards beside the comparison: both revisions violate it", () => {
    const slo = { ...policy, sloErrorRate: 0.005 };
    const state = learnt(steady(10, counts(60, 3_000), counts(60, 3_000)), slo);
    expect(judged(state, { policy: slo })).toMatchObject({ kind: "bad", by: "guard" });
    expect(judged(state).kind).not.toBe("bad");
  });
});

describe("bounds", () => {
  it("the least possible is Wald's: 1.6 failed requests at 5 % against 0.1 %", () => {
    const risks = { alpha: 0.01, beta: 0.05 };
    expect(leastFailed(0.05, 0.001, { alpha: 0.01, beta: 0.01 })).toBeCloseTo(1.5, 0);
    expect(leastFailed(0.005, 0.001, risks)).toBeCloseTo(5.4, 0);
    expect(leastFailed(0.001, 0.001, risks)).toBeUndefined();
    expect(leastFailed(Number.NaN, 0.001, risks)).toBeUndefined();
  });
  it("nothing seen excludes nothing; more seen excludes more", () => {
    expect(upperShare(counts(0, 0), { phi: 1, risk: 0.1 })).toBe(1);
    const bounds = [10, 100, 1_000, 10_000].map((total) =>
      upperShare(counts(0, total), { phi: 1, risk: 0.1 }),
    );
    expect(bounds).toEqual([...bounds].sort((left, right) => right - left));
    expect(bounds.at(-1)).toBeLessThan(0.001);
  });
  it("the comparison bounds the excess closer than the new revision's own counts", () => {
    const state = learnt(steady(30, counts(240, 30_000), counts(240, 30_000)));
    const metric = state.metrics["errors"];
    if (metric === undefined) throw new Error("errors were learnt");
    const bound = excessBound(metric, gridOf(policy), 0.1);
    expect(bound).toBeLessThan(0.001);
    expect(bound).toBeGreaterThan(0);
  });
});

describe("the ramp", () => {
  const input = (given: Partial<RampInput>): RampInput => ({
    auto: { ...defaultAutoSteps, soakMs: minutes(0) },
    policy,
    now: at(3),
    weight: 1,
    raisedAt: START,
    cap: 100,
    controlShare: 5,
    settleMs: seconds(60),
    ...given,
  });
  const clean = learnt([bin(0, counts(0, 60), counts(6, 5_940))]);

  it("begins with the first weight", () => {
    expect(nextWeight(initialAnalysis(policy), input({ weight: 0 }))).toMatchObject({
      weight: 1,
      reason: { code: "first-weight" },
    });
  });
  it("raises nothing before the last raise was seen", () => {
    expect(nextWeight(clean, input({ raisedAt: at(1) }))).toMatchObject({
      weight: 1,
      reason: { code: "awaiting-metrics" },
    });
  });
  it("twice as much after a clean look", () => {
    expect(nextWeight(clean, input({}))).toMatchObject({ weight: 2, reason: { code: "weight-raised" } });
  });
  it("a small budget holds it back, and says by how much", () => {
    const held = nextWeight(clean, input({ auto: { kind: "auto", riskBudget: 5, firstWeight: 1 } }));
    expect(held).toMatchObject({ weight: 1, reason: { code: "weight-limited-by-budget" } });
    expect(held.reason.text).toMatch(
      /up to [\d.]+ % of its requests may fail more than before, for 135 s unseen, with 5 to risk/,
    );
  });
  it("the soak holds it back and names the next rung", () => {
    const held = nextWeight(clean, input({ auto: { ...defaultAutoSteps, soakMs: minutes(30) } }));
    expect(held).toMatchObject({ weight: 1, reason: { code: "weight-limited-by-soak" } });
    expect((held.askAt ?? 0) - START).toBeCloseTo((30 * MINUTE * Math.log(2)) / Math.log(100), -2);
  });
  it("suspicion gives it no more, long before it goes back", () => {
    const state = learnt([bin(0, counts(2, 60), counts(6, 5_940))]);
    expect(judged(state).kind).toBe("pending");
    expect(nextWeight(state, input({}))).toMatchObject({ weight: 1, reason: { code: "under-suspicion" } });
  });
  it("silent metrics raise nothing", () => {
    expect(nextWeight(clean, input({ now: at(60) }))).toMatchObject({
      weight: 1,
      reason: { code: "awaiting-metrics" },
    });
  });
  it("half until it is known to be good, then all that it may have", () => {
    const unsure = learnt(steady(3, counts(1, 1_500), counts(1, 1_500)));
    expect(nextWeight(unsure, input({ weight: 40, now: at(5) })).weight).toBe(50);
    expect(nextWeight(unsure, input({ weight: 50, now: at(5) })).weight).toBe(50);
    const sure = learnt(steady(20, counts(3, 3_000), counts(3, 3_000)));
    expect(nextWeight(sure, input({ weight: 50, now: at(22) })).weight).toBe(95);
    expect(nextWeight(sure, input({ weight: 50, now: at(22), controlShare: 0 })).weight).toBe(100);
  });
  it("never more than capacity and control share allow", () => {
    expect(nextWeight(clean, input({ weight: 1, cap: 1 }))).toMatchObject({
      weight: 1,
      reason: { code: "weight-at-most" },
    });
  });
});

describe("both directions from one memory", () => {
  it("evidence of worse and of better are never both high", () => {
    for (const bad of [0, 1, 3, 10, 30, 100]) {
      const metric = learnt([bin(0, counts(bad, 3_000), counts(10, 3_000))]).metrics["errors"];
      if (metric === undefined) throw new Error("errors were learnt");
      const worse = evidenceOfWorse(metric.sums, gridOf(policy));
      const better = evidenceOfBetter(metric.sums, gridOf(policy));
      expect(Math.min(worse, better)).toBeLessThan(10);
    }
  });
});
