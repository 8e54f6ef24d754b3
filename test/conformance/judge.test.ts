// What a run is compared with: unknown and stale deviations fail, the rest is counted by who is right.

import { describe, expect, it } from "vitest";
import type { Deviation } from "./deviation.ts";
import { judge } from "./judge.ts";
import type { StepResult } from "./runner.ts";
import type { Party } from "./scenario.ts";

const result = (step: string, ...differences: string[]): StepResult => ({
  scenario: "s",
  step,
  call: "ecs.X",
  outcome: differences.length === 0 ? "agrees" : "deviates",
  differences,
});
const blocked = (step: string): StepResult => ({ ...result(step), outcome: "blocked" });

const listed = (of: Party, at: Deviation["at"], right: Deviation["right"] = "ours"): Deviation => ({
  of,
  right,
  at,
  reason: "because",
  source: "https://docs.aws.amazon.com/",
});

const scope = new Set(["s"]);
const judged = (found: Partial<Record<Party, readonly StepResult[]>>, table: readonly Deviation[] = []) =>
  judge(new Map(Object.entries(found) as [Party, StepResult[]][]), table, scope);

describe("judge", () => {
  it("fails on a deviation that is not listed, of a witness or of ours", () => {
    const verdict = judged({ ours: [result("a", "1 instead of 2")], moto: [result("a", "3 instead of 2")] });
    expect(verdict.unexpected).toEqual(["ours · s: a · 1 instead of 2", "moto · s: a · 3 instead of 2"]);
  });

  it("takes what is listed, word for word", () => {
    const table = [listed("moto", { "s: a": ["3 instead of 2"] })];
    expect(judged({ moto: [result("a", "3 instead of 2")] }, table)).toMatchObject({
      unexpected: [],
      stale: [],
    });
    expect(judged({ moto: [result("a", "4 instead of 2")] }, table)).toMatchObject({
      unexpected: ["moto · s: a · 4 instead of 2"],
      stale: ["moto · s: a · 3 instead of 2"],
    });
  });

  it("fails on an entry that no longer occurs, unless its party or scenario was not asked", () => {
    const table = [
      listed("moto", { "s: a": ["x"], "other: a": ["x"] }),
      listed("ministack", { "s: a": ["x"] }),
    ];
    expect(judged({ moto: [result("a")] }, table).stale).toEqual(["moto · s: a · x"]);
  });

  it("never lets ours off with a step that it could not take", () => {
    expect(judged({ ours: [blocked("a")] }).unexpected).toHaveLength(1);
    expect(judged({ moto: [blocked("a")] }).unexpected).toEqual([]);
  });

  it("counts who is right", () => {
    const steps = ["agree", "oursRight", "witnessRight", "open", "neither", "gone"];
    const wrong = new Set(["witnessRight", "neither"]);
    const ours = steps.map((step) => (wrong.has(step) ? result(step, "d") : result(step)));
    const moto = [
      result("agree"),
      result("oursRight", "d", "e"),
      result("witnessRight"),
      result("open", "e"),
      result("neither", "d"),
      blocked("gone"),
    ];
    const table = [
      listed("moto", { "s: oursRight": ["d"], "s: neither": ["d"] }),
      listed("moto", { "s: open": ["e"], "s: oursRight": ["e"] }, "unknown"),
      listed("ours", { "s: witnessRight": ["d"], "s: neither": ["d"] }, "witness"),
    ];
    const verdict = judged({ ours, moto }, table);
    expect([...verdict.unexpected, ...verdict.stale]).toEqual([]);
    expect(verdict.ours).toEqual({ steps: 6, agree: 4 });
    expect(verdict.witnesses).toEqual([
      {
        witness: "moto",
        steps: 6,
        agree: 1,
        oursRight: 1,
        witnessRight: 1,
        open: 1,
        neither: 1,
        notComparable: 1,
      },
    ]);
  });
});
