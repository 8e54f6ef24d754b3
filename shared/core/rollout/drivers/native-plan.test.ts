// Which strategy carries which steps, and what is rounded.

import { describe, expect, it } from "vitest";
import {
  deploymentView,
  RULE,
  rolloutPolicy,
  serviceView,
  setWeight,
} from "../../../../test/support/rollout-builders.ts";
import type { RolloutPolicy } from "../../../contracts/rollout-policy.ts";
import type { BalancerView } from "../../../contracts/rollout-views.ts";
import { nextWeightOf, planOf } from "./native-plan.ts";

const [balancer] = serviceView().balancers as readonly [BalancerView];
const strategy = (weights: readonly number[]): RolloutPolicy =>
  rolloutPolicy({ weights: "strategy", steps: weights.map(setWeight) });

const planned = (weights: readonly number[], rule = RULE) => {
  const balancers = [{ ...balancer, productionRuleArn: rule }];
  const { strategy: name, percent, reasons } = planOf(serviceView({ balancers }), strategy(weights));
  return [name, percent, reasons.map(({ code }) => code)];
};

describe("the plan of a deployment", () => {
  it("is blue/green where the rule's weights are ours, whatever the steps", () => {
    const plan = planOf(serviceView(), rolloutPolicy({ steps: [1, 7, 23].map(setWeight) }));
    expect([plan.strategy, plan.percent, plan.reasons]).toEqual(["BLUE_GREEN", undefined, []]);
  });

  it.each([
    [[], ["BLUE_GREEN", undefined, []]],
    [[100], ["BLUE_GREEN", undefined, []]],
    [[5], ["CANARY", 5, []]],
    [
      [1, 100],
      ["CANARY", 1, []],
    ],
    [
      [20, 40, 60, 80],
      ["LINEAR", 20, []],
    ],
    [
      [25, 50],
      ["LINEAR", 25, []],
    ],
    [
      [5, 25, 50],
      ["LINEAR", 5, []],
    ],
    [
      [10, 10, 50, 5],
      ["LINEAR", 5, []],
    ],
    [
      [1, 5, 10, 25, 50, 95],
      ["LINEAR", 5, ["steps-rounded"]],
    ],
    [
      [1, 2],
      ["LINEAR", 3, ["steps-rounded"]],
    ],
    [
      [33, 66, 99],
      ["LINEAR", 33, []],
    ],
  ])("weights %j by ECS alone: %j", (weights, expected) => {
    expect(planned(weights)).toEqual(expected);
  });

  it("says what is rounded to what", () => {
    const { reasons } = planOf(serviceView(), strategy([1, 5, 10, 25, 50, 95]));
    expect(reasons[0]?.text).toContain("1 → 5");
  });

  it("takes one shift behind a Network Load Balancer, where each costs ten minutes", () => {
    expect(planned([10, 20, 30], "arn:aws:elasticloadbalancing:x:1:listener/net/a/b/c")).toEqual([
      "CANARY",
      10,
      ["steps-rounded"],
    ]);
  });

  it("leaves several production rules to ECS, which moves them together", () => {
    const second = { ...balancer, targetGroupArn: "x", alternateTargetGroupArn: "y", productionRuleArn: "z" };
    const plan = planOf(
      serviceView({ balancers: [balancer, second] }),
      rolloutPolicy({ steps: [setWeight(5)] }),
    );
    expect([plan.strategy, plan.reasons[0]?.code]).toEqual(["CANARY", "strategy-weights"]);
  });

  it("walks in shifts of five percent where the ramp decides as it goes", () => {
    const plan = planOf(serviceView(), rolloutPolicy({ weights: "strategy" }));
    expect([plan.strategy, plan.percent]).toEqual(["LINEAR", 5]);
  });

  it("waits at most as long as a PAUSE hook can", () => {
    expect(planOf(serviceView(), rolloutPolicy()).pauseTimeoutMs).toBe(14 * 24 * 3_600_000);
  });
});

describe("ECS's next weight", () => {
  it.each([
    ["BLUE_GREEN", undefined, 0, 100],
    ["CANARY", 5, 0, 5],
    ["CANARY", 5, 5, 100],
    ["CANARY", undefined, 0, 5],
    ["LINEAR", 10, 0, 10],
    ["LINEAR", 10, 90, 100],
    ["LINEAR", 33.3, 66.6, 99.9],
    ["LINEAR", 33.4, 66.8, 100],
    ["LINEAR", undefined, 20, 30],
    ["SOMETHING_NEW", 10, 0, 100],
  ])("%s of %s at %i is %i", (name, percent, productionWeight, next) => {
    const target = { arn: "a", requested: 1, running: 1, pending: 0, productionWeight };
    const view = deploymentView({ strategy: name, target, ...(percent === undefined ? {} : { percent }) });
    expect(nextWeightOf(view)).toBeCloseTo(next, 5);
  });
});
