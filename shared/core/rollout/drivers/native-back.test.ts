// The native driver on its way back, and its header routes, by tables.

import { describe, expect, it } from "vitest";
import {
  BLUE,
  DEPLOYMENT_ARN,
  deploymentView,
  GREEN,
  healthOf,
  LISTENER,
  later,
  RULE,
  read,
  ruleView,
  serviceView,
  setWeight,
  unread,
} from "../../../../test/support/rollout-builders.ts";
import { actionsOf, steered, typesOf, weightsOf } from "../../../../test/support/rollout-steering.ts";
import type { DeploymentView } from "../../../contracts/rollout-views.ts";
import type { Rollout } from "../state.ts";
import { native } from "./native.ts";
import { split } from "./weights.ts";

const _READY = { kind: "ready", scale: 10 } as const;
const FINISHED = { kind: "finished" } as const;
const BACK = { kind: "rolled-back" } as const;
const _weight = (percent: number) => ({ kind: "weight", weight: percent, scale: percent }) as const;
const groups = { stable: BLUE, candidate: GREEN };

const at = (stage: string, changes: Partial<DeploymentView> = {}) => ({
  deployment: read(deploymentView({ stage, ...changes })),
});
const working = (stage: string, changes: Partial<DeploymentView> = {}) =>
  at(stage, { hooks: [], ...changes });
const shifted = (percent: number): Partial<DeploymentView> => ({
  sources: [{ arn: "old", requested: 4, running: 4, pending: 0, productionWeight: 100 - percent }],
  target: { arn: "new", requested: 4, running: 4, pending: 0, productionWeight: percent },
});
/** Weights as the last act of ours left them. */
const holding = (percent: number): Partial<Rollout> => ({
  weight: percent,
  weights: split(groups, percent),
  asked: split(groups, percent),
  ...(percent > 0 ? { trafficSince: later(-60_000) } : {}),
  openHook: { id: "hook-1", stage: "PRE_PRODUCTION_TRAFFIC_SHIFT" },
});

describe("rolled back", () => {
  it("brings the traffic back before anything else, without a look at ECS", () => {
    const answer = steered(native, BACK, { rollout: holding(25), answers: { rule: read(ruleView(75)) } });
    expect(weightsOf(answer)).toEqual({
      type: "set-weights",
      rule: RULE,
      weights: { [BLUE]: 100, [GREEN]: 0 },
      stickiness: "off",
    });
    expect([typesOf(answer), answer.proposals[0]?.rollback, answer.read]).toEqual([
      ["set-weights"],
      true,
      ["rule", "health"],
    ]);
  });

  describe("to a group in which nobody serves", () => {
    const health = (healthy: number, unhealthy: number, green = 4) => ({
      rule: read(ruleView(75)),
      health: read([{ targetGroupArn: BLUE, healthy, unhealthy, other: 0 }, ...healthOf(0, green).slice(1)]),
    });
    const cause = (code: string) => ({ ...holding(25), cause: { code, text: "why", since: later(0) } });

    it.each([
      ["a bad verdict, old group empty", "analysis-bad", health(0, 0), "impossible", []],
      ["a bad verdict, old targets unhealthy", "analysis-bad", health(0, 4), "impossible", []],
      ["an abort, old group empty", "aborted", health(0, 0), "impossible", []],
      ["an abort, old targets unhealthy", "aborted", health(0, 4), "moving", ["set-weights"]],
      ["one healthy old target", "analysis-bad", health(1, 3), "moving", ["set-weights"]],
      ["nobody serves in either", "analysis-bad", health(0, 4, 0), "moving", ["set-weights"]],
    ])("%s", (_name, code, answers, standing, acts) => {
      const answer = steered(native, BACK, { rollout: cause(code), answers });
      expect([answer.standing, typesOf(answer)]).toEqual([standing, acts]);
      if (standing === "impossible") expect(answer.wakeAt).toBe(later(10_000));
    });

    it("nor after ECS's own shift: ECS is not told either", () => {
      const stage = at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100));
      const answers = { ...stage, ...health(0, 0), rule: read(ruleView(0)) };
      const answer = steered(native, BACK, {
        rollout: { ...cause("analysis-bad"), ...holding(100) },
        answers,
      });
      expect([answer.standing, typesOf(answer)]).toEqual(["impossible", []]);
    });
  });

  it("leaves weights that ECS wrote to ECS where they are not ours to write", () => {
    const policy = { weights: "strategy" } as const;
    const answers = {
      ...at("PRE_PRODUCTION_TRAFFIC_SHIFT", { strategy: "LINEAR", percent: 10, ...shifted(20) }),
    };
    const forward = steered(native, { kind: "weight", weight: 20, scale: 20 }, { policy, answers });
    const rollout = { ...forward.learnt, trafficSince: later(-60_000) } as Partial<Rollout>;
    const back = steered(native, BACK, { rollout, policy, answers });
    expect(typesOf(back)).toEqual(["stop-deployment"]);
    const ecs = { deployment: read(deploymentView({ status: "ROLLBACK_IN_PROGRESS", ...shifted(20) })) };
    expect(steered(native, FINISHED, { rollout, policy, answers: ecs }).proposals).toEqual([]);
  });

  it("brings it back also when nothing can be read", () => {
    const answers = { rule: unread(), deployment: unread(), service: unread() };
    expect(typesOf(steered(native, BACK, { rollout: holding(25), answers }))).toEqual(["set-weights"]);
  });

  it("then leaves the new tasks their last requests, then stops", () => {
    const rollout = { ...holding(0), trafficSince: later(-60_000), drainedSince: later(0) };
    expect(steered(native, BACK, { rollout, now: later(29_000) }).proposals).toEqual([]);
    const stop = steered(native, BACK, { rollout, now: later(30_000) });
    expect(actionsOf(stop)).toEqual([
      { type: "stop-deployment", deploymentArn: DEPLOYMENT_ARN, how: "ROLLBACK" },
    ]);
    expect(stop.proposals[0]?.rollback).toBe(true);
  });

  it("does not stop while the rule sends requests to the new tasks again", () => {
    const rollout = { ...holding(0), trafficSince: later(-60_000), drainedSince: later(0) };
    const answer = steered(native, BACK, {
      rollout,
      now: later(30_000),
      answers: { rule: read(ruleView(50)) },
    });
    expect(typesOf(answer)).toEqual(["set-weights"]);
  });

  it("only stops where there never was traffic", () => {
    expect(typesOf(steered(native, BACK, { answers: working("SCALE_UP") }))).toEqual(["stop-deployment"]);
  });

  it("answers the hook with ROLLBACK where a stop was refused", () => {
    const answer = steered(native, BACK, { rollout: { stopRefused: true } });
    expect(actionsOf(answer)).toEqual([
      { type: "continue-deployment", deploymentArn: DEPLOYMENT_ARN, hookId: "hook-1", answer: "ROLLBACK" },
    ]);
  });

  it("after ECS's own shift writes the weights itself while the old tasks stand, then stops", () => {
    const rollout = holding(100);
    const stage = at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100));
    const first = steered(native, BACK, { rollout, answers: { ...stage, rule: read(ruleView(0)) } });
    expect(typesOf(first)).toEqual(["set-weights"]);
    const then = steered(native, BACK, {
      rollout: holding(0),
      answers: { ...stage, rule: read(ruleView(100)) },
    });
    expect(typesOf(then)).toEqual(["stop-deployment"]);
  });

  it("argo-rollouts#3372: leaves it to ECS once the old tasks go", () => {
    const answers = { ...working("CLEAN_UP", shifted(100)), rule: read(ruleView(0)) };
    expect(typesOf(steered(native, BACK, { rollout: holding(100), answers }))).toEqual(["stop-deployment"]);
  });

  it.each([
    ["ROLLBACK_IN_PROGRESS", "moving", undefined],
    ["ROLLBACK_SUCCESSFUL", "ended", "rolled-back"],
    ["STOPPED", "ended", "failed"],
    ["ROLLBACK_FAILED", "impossible", "failed"],
    ["SUCCESSFUL", "ended", "promoted"],
  ])("%s is %s", (status, standing, outcome) => {
    const answer = steered(native, BACK, { answers: working("CLEAN_UP", { status }) });
    expect([answer.standing, answer.outcome, answer.proposals]).toEqual([standing, outcome, []]);
  });

  it("ends with its service", () => {
    const gone = { deployment: read(undefined), service: unread("missing") };
    expect(steered(native, BACK, { answers: gone })).toMatchObject({ standing: "ended", outcome: "failed" });
    const draining = { deployment: unread("missing"), service: read(serviceView({ status: "DRAINING" })) };
    expect(steered(native, BACK, { answers: draining })).toMatchObject({ standing: "ended" });
    const late = steered(native, BACK, { answers: { deployment: read(undefined) } });
    expect([late.standing, late.proposals]).toEqual(["moving", []]);
  });

  it("is there when ECS was never asked", () => {
    expect(steered(native, BACK, { rollout: { deploymentArn: undefined as never } }).standing).toBe(
      "reached",
    );
  });
});

describe("header route", () => {
  const wish = { kind: "header-route", header: "x-canary", values: ["yes"] } as const;

  it("is set once, to a group that answers", () => {
    const answer = steered(native, wish);
    expect(actionsOf(answer)).toEqual([
      {
        type: "set-header-route",
        listener: LISTENER,
        rule: RULE,
        header: "x-canary",
        values: ["yes"],
        targetGroupArn: GREEN,
        rollout: "r-0000abcd",
      },
    ]);
    expect(steered(native, wish, { rollout: { routed: "x-canary=yes" } })).toMatchObject({
      standing: "reached",
      proposals: [],
    });
    expect(steered(native, wish, { answers: { health: read(healthOf(4, 0)) } })).toMatchObject({
      standing: "blocked",
    });
  });

  it("goes away at the end, either way", () => {
    const steps = [{ kind: "headerRoute", header: "x-canary", values: ["yes"] }, setWeight(5)] as const;
    const back = steered(native, BACK, {
      rollout: { ...holding(25), steps, step: 1 },
      answers: { rule: read(ruleView(75)) },
    });
    expect(typesOf(back)).toEqual(["set-weights", "remove-header-routes"]);
    const rollout = { ...holding(100), steps, step: 2, drainedSince: later(-60_000) };
    const answers = { ...at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100)), rule: read(ruleView(0)) };
    expect(typesOf(steered(native, FINISHED, { rollout, answers }))).toEqual([
      "continue-deployment",
      "remove-header-routes",
    ]);
  });
});
