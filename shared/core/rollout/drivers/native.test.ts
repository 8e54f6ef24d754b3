// The native driver by tables: where the deployment stands, what is wished, what is done about it.

import { describe, expect, it } from "vitest";
import {
  BLUE,
  DEPLOYMENT_ARN,
  deploymentView,
  GREEN,
  healthOf,
  hookFact,
  later,
  NEW,
  OLD_DEPLOYMENT_ARN,
  places,
  RULE,
  read,
  ruleView,
  serviceView,
  unread,
} from "../../../../test/support/rollout-builders.ts";
import {
  actionsOf,
  codesOf,
  steered,
  typesOf,
  weightsOf,
} from "../../../../test/support/rollout-steering.ts";
import type { DeploymentView } from "../../../contracts/rollout-views.ts";
import type { Rollout } from "../state.ts";
import { native } from "./native.ts";
import { split } from "./weights.ts";

const READY = { kind: "ready", scale: 10 } as const;
const FINISHED = { kind: "finished" } as const;
const _BACK = { kind: "rolled-back" } as const;
const weight = (percent: number) => ({ kind: "weight", weight: percent, scale: percent }) as const;
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

describe("ready", () => {
  it("starts a blue/green deployment that stops before and after the production shift", () => {
    const rollout = { deploymentArn: undefined as never, foundDeployment: OLD_DEPLOYMENT_ARN };
    const answer = steered(native, READY, { rollout });
    expect(actionsOf(answer)).toEqual([
      {
        type: "start-deployment",
        order: expect.objectContaining({
          taskDefinition: NEW,
          service: "crane",
          strategy: "BLUE_GREEN",
          expectedDeploymentArn: OLD_DEPLOYMENT_ARN,
          pauseAt: ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"],
        }),
      },
    ]);
    expect(answer.proposals[0]?.id).toBe("r-0000abcd:0:start");
  });

  it("does not stop what somebody else began before it could", () => {
    const rollout = { deploymentArn: undefined as never, foundDeployment: "an older one" };
    const answer = steered(native, READY, { rollout });
    expect([answer.standing, answer.outcome, answer.proposals]).toEqual(["ended", "superseded", []]);
  });

  it("finds the deployment whose start was never answered", () => {
    const service = read(serviceView({ taskDefinition: NEW, currentDeploymentArn: DEPLOYMENT_ARN }));
    const answer = steered(native, READY, {
      rollout: { deploymentArn: undefined as never },
      answers: { service },
    });
    expect([answer.proposals, answer.learnt.deploymentArn]).toEqual([[], DEPLOYMENT_ARN]);
  });

  it("does not take an older deployment to the same definition for its own", () => {
    const service = read(serviceView({ taskDefinition: NEW }));
    const old = read(
      deploymentView({ arn: OLD_DEPLOYMENT_ARN, status: "SUCCESSFUL", createdAt: later(-3_600_000) }),
    );
    const answer = steered(native, READY, {
      rollout: { deploymentArn: undefined as never },
      answers: { service, deployment: old },
    });
    expect([answer.standing, answer.learnt.deploymentArn]).toEqual(["moving", undefined]);
  });

  it.each([
    ["PRE_SCALE_UP", "moving", []],
    ["SCALE_UP", "moving", []],
    ["TEST_TRAFFIC_SHIFT", "moving", []],
    ["SOME_NEW_STAGE", "moving", []],
    ["PRODUCTION_TRAFFIC_SHIFT", "reached", []],
  ])("at %s without a hook it is %s", (stage, standing, acts) => {
    const answer = steered(native, READY, { answers: working(stage) });
    expect([answer.standing, typesOf(answer)]).toEqual([standing, acts]);
  });

  it("goes on after the test shift, and leaves other people's pauses alone", () => {
    expect(typesOf(steered(native, READY, { answers: at("POST_TEST_TRAFFIC_SHIFT") }))).toEqual([
      "continue-deployment",
    ]);
    const foreign = steered(native, READY, { answers: at("PRE_SCALE_UP") });
    expect([foreign.proposals, codesOf(foreign)]).toEqual([[], ["foreign-hook"]]);
  });

  it("is there when ECS waits at the gate and every target is healthy", () => {
    const answer = steered(native, READY);
    expect([answer.standing, answer.proposals]).toEqual(["reached", []]);
    expect(answer.learnt.openHook).toEqual({ id: "hook-1", stage: "PRE_PRODUCTION_TRAFFIC_SHIFT" });
  });

  it("learns once where the traffic goes", () => {
    const answer = steered(native, READY, { rollout: { places: {} } });
    expect(answer.learnt.places).toEqual(places);
    expect(answer.learnt.target?.images).toEqual(["web=example.test/shop/web:1.8@sha256:8"]);
  });

  it.each([0, 3])("is held with %i of 4 healthy targets", (green) => {
    const answer = steered(native, READY, { answers: { health: read(healthOf(4, green)) } });
    expect([answer.standing, codesOf(answer)]).toEqual(["blocked", ["capacity-short"]]);
  });

  it("containers-roadmap#2853: is held when the live weights are not what ECS takes them for", () => {
    const answer = steered(native, READY, { answers: { rule: read(ruleView(0)) } });
    expect([answer.standing, codesOf(answer)]).toEqual(["blocked", ["live-weights-disagree"]]);
  });
});

describe("weight by the rule", () => {
  it("raises to healthy capacity, from weights as they were seen", () => {
    const answer = steered(native, weight(25), {
      rollout: holding(5),
      answers: { rule: read(ruleView(95)) },
    });
    expect(actionsOf(answer)).toEqual([
      {
        type: "set-weights",
        rule: RULE,
        weights: { [BLUE]: 75, [GREEN]: 25 },
        expected: { [BLUE]: 95, [GREEN]: 5 },
        stickiness: "keep",
      },
    ]);
    expect([answer.standing, answer.read.toSorted()]).toEqual(["moving", ["deployment", "health", "rule"]]);
  });

  it("costs no read while nothing is new, and none after the write was answered", () => {
    const answer = steered(native, weight(25), { rollout: holding(25) });
    expect([answer.standing, answer.read]).toEqual(["reached", []]);
  });

  it("is reached when the rule says so, however it came to be", () => {
    const rollout = { ...holding(5), asked: split(groups, 25) };
    const rule = read(ruleView(0, { weights: { [BLUE]: 750, [GREEN]: 250 } }));
    const answer = steered(native, weight(25), { rollout, answers: { rule } });
    expect([answer.standing, answer.proposals, answer.learnt.weight]).toEqual(["reached", [], 25]);
  });

  it("needs no healthy target to lower", () => {
    const rule = read(ruleView(50));
    const answer = steered(native, weight(5), {
      rollout: holding(50),
      answers: { rule, health: read(healthOf(4, 0)) },
    });
    expect([weightsOf(answer)?.weights, answer.read.includes("health")]).toEqual([
      { [BLUE]: 95, [GREEN]: 5 },
      false,
    ]);
  });

  it.each([
    [25, 0],
    [26, 1],
    [51, 2],
    [99, 3],
  ])("does not raise to %i percent with %i of 4 healthy targets", (percent, green) => {
    const answer = steered(native, weight(percent), { answers: { health: read(healthOf(4, green)) } });
    expect([answer.standing, answer.proposals, codesOf(answer)]).toEqual(["blocked", [], ["capacity-short"]]);
  });

  it("aws-cdk#36649: weights that a stack reset are held, or written again by policy", () => {
    const answers = { rule: read(ruleView(100)) };
    const facts = [hookFact()];
    const held = steered(native, weight(25), { rollout: holding(25), answers, facts });
    expect([held.standing, codesOf(held), held.proposals]).toEqual(["blocked", ["weights-drifted"], []]);
    const repaired = steered(native, weight(25), {
      rollout: holding(25),
      answers,
      facts,
      policy: { onDrift: "repair" },
    });
    expect(weightsOf(repaired)).toMatchObject({
      weights: { [BLUE]: 75, [GREEN]: 25 },
      expected: { [BLUE]: 100 },
    });
  });

  it("does not repair over a group that is none of its own", () => {
    const rule = read(ruleView(50, { weights: { [BLUE]: 50, other: 50 } }));
    const scene = {
      rollout: holding(25),
      answers: { rule },
      facts: [hookFact()],
      policy: { onDrift: "repair" } as const,
    };
    expect(steered(native, weight(25), scene)).toMatchObject({ standing: "blocked", proposals: [] });
  });

  it("takes its own weights after a lost answer for its own", () => {
    const rollout = { ...holding(5), asked: split(groups, 10) };
    const answer = steered(native, weight(25), { rollout, answers: { rule: read(ruleView(90)) } });
    expect(weightsOf(answer)?.expected).toEqual({ [BLUE]: 90, [GREEN]: 10 });
  });

  it("never writes all of it: that is ECS's at the finish", () => {
    expect(weightsOf(steered(native, weight(100)))?.weights).toEqual({ [BLUE]: 1, [GREEN]: 99 });
  });

  it("waits while ECS works, and accepts what somebody else moved", () => {
    expect(steered(native, weight(5), { answers: working("SCALE_UP") })).toMatchObject({
      standing: "moving",
      proposals: [],
    });
    const moved = steered(native, weight(5), { answers: at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100)) });
    expect([moved.standing, moved.learnt.weight]).toEqual(["reached", 100]);
  });

  it("a read that failed is not asked for again in the pass", () => {
    const answer = steered(native, weight(5), { answers: { rule: unread() } });
    expect([answer.standing, answer.proposals, answer.wakeAt]).toEqual(["blocked", [], later(15_000)]);
    expect(answer.read.filter((one) => one === "rule")).toHaveLength(1);
  });

  it.each(["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOPPED", "ROLLBACK_SUCCESSFUL"])(
    "brings its weights back at once when ECS is %s: to ECS the new tasks have no traffic",
    (status) => {
      const answers = { ...working("CLEAN_UP", { status }), rule: read(ruleView(75)) };
      const answer = steered(native, weight(50), { rollout: holding(25), answers });
      expect(weightsOf(answer)).toEqual({
        type: "set-weights",
        rule: RULE,
        weights: { [BLUE]: 100, [GREEN]: 0 },
        stickiness: "off",
      });
      expect([answer.standing, answer.proposals[0]?.rollback]).toEqual(["moving", true]);
    },
  );

  it("brings its weights back before an unanswered hook makes ECS go back", () => {
    const hooks = [
      { hookId: "hook-1", kind: "PAUSE", status: "AWAITING_ACTION", expiresAt: later(240_000) },
    ] as const;
    const answers = { ...at("PRE_PRODUCTION_TRAFFIC_SHIFT", { hooks }), rule: read(ruleView(75)) };
    expect(weightsOf(steered(native, weight(50), { rollout: holding(25), answers }))?.weights).toEqual(
      split(groups, 0),
    );
    const then = steered(native, weight(50), { rollout: holding(0), answers });
    expect([then.standing, codesOf(then)]).toEqual(["blocked", ["hook-expires"]]);
  });
});

describe("weight by ECS's own steps", () => {
  const linear = (percent: number): Partial<DeploymentView> => ({
    strategy: "LINEAR",
    percent: 10,
    ...shifted(percent),
  });
  const policy = { weights: "strategy" } as const;

  it.each([
    [0, 20, ["continue-deployment"], "moving"],
    [10, 20, ["continue-deployment"], "moving"],
    [20, 20, [], "reached"],
    [30, 20, [], "reached"],
    [90, 95, [], "reached"],
  ])("at %i percent with %i percent wished: %o", (present, wished, acts, standing) => {
    const answers = at("PRE_PRODUCTION_TRAFFIC_SHIFT", linear(present));
    const answer = steered(native, weight(wished), { policy, answers });
    expect([typesOf(answer), answer.standing, answer.learnt.weight]).toEqual([acts, standing, present]);
  });

  it("never gives ECS the answer that moves everything", () => {
    const answers = at("PRE_PRODUCTION_TRAFFIC_SHIFT", { strategy: "CANARY", percent: 5, ...shifted(5) });
    const answer = steered(native, weight(50), { policy, answers });
    expect([answer.proposals, codesOf(answer)]).toEqual([[], ["weight-not-expressible"]]);
  });
});

describe("finished", () => {
  it("lets ECS write the last weight, to capacity that carries it", () => {
    const answer = steered(native, FINISHED, { rollout: holding(95) });
    expect(typesOf(answer)).toEqual(["continue-deployment"]);
    const short = steered(native, FINISHED, {
      rollout: holding(95),
      answers: { health: read(healthOf(4, 3)) },
    });
    expect([short.standing, short.proposals]).toEqual(["blocked", []]);
  });

  it("keeps the old tasks for the delay, then lets them go", () => {
    const answers = { ...at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100)), rule: read(ruleView(0)) };
    const first = steered(native, FINISHED, { rollout: holding(95), answers });
    expect([first.proposals, first.learnt.drainedSince, first.learnt.weight]).toEqual([[], later(0), 100]);
    expect(first.wakeAt).toBe(later(60_000));
    const rollout = { ...holding(100), drainedSince: later(0) };
    expect(steered(native, FINISHED, { rollout, answers, now: later(59_000) }).proposals).toEqual([]);
    const last = steered(native, FINISHED, { rollout, answers, now: later(60_000) });
    expect([typesOf(last), last.read.includes("rule")]).toEqual([["continue-deployment"], true]);
  });

  it("argo-rollouts#4595: nor while the last bin still has requests of the old revision", () => {
    const counted = (lastBinAt: number, control: number, answeredAt = lastBinAt + 60_000) => ({
      requestsPerSecond: 1,
      answeredAt: later(answeredAt),
      metrics: {
        errors: {
          sums: [],
          guard: 0,
          phi: 1,
          candidate: { total: 9, bad: 0 },
          control: { total: 9, bad: 0 },
          lastBinAt: later(lastBinAt),
          lastRequests: { candidate: 5, control },
        },
      },
    });
    const answers = { ...at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100)), rule: read(ruleView(0)) };
    const openHook = { id: "hook-1", stage: "POST_PRODUCTION_TRAFFIC_SHIFT" };
    const finishing = (analysis: Rollout["analysis"], now: number, rule = answers.rule) => {
      const rollout = { ...holding(100), openHook, drainedSince: later(0), analysis };
      const answer = steered(native, FINISHED, { rollout, answers: { ...answers, rule }, now: later(now) });
      return [typesOf(answer), codesOf(answer)[0], answer.read];
    };
    // Requests deny the weight: the rule is read, because somebody may have written it (aws-cdk#36649).
    const looks = ["deployment", "rule"];
    expect(finishing(counted(60_000, 3), 180_000)).toEqual([[], "requests-left", looks]);
    expect(finishing(counted(60_000, 3), 180_000, read(ruleView(100)))[1]).toBe("weights-drifted");
    expect(finishing(counted(-60_000, 3, 60_000), 120_000)).toEqual([[], "requests-unknown", []]);
    expect(finishing(counted(60_000, 0), 180_000)[0]).toEqual(["continue-deployment"]);
    // Answers without a bin: nobody asks either revision.
    expect(finishing(counted(-60_000, 3, 180_000), 190_000)[0]).toEqual(["continue-deployment"]);
    // Metrics that do not come any more: the delay alone decides in the end.
    expect(finishing(counted(-60_000, 3, 0), 360_000)[0]).toEqual(["continue-deployment"]);
  });

  it("argo-rollouts#4595: never lets the old tasks go while their group has traffic again", () => {
    const answers = { ...at("POST_PRODUCTION_TRAFFIC_SHIFT", shifted(100)), rule: read(ruleView(100)) };
    const rollout = { ...holding(100), drainedSince: later(-600_000) };
    const answer = steered(native, FINISHED, { rollout, answers });
    expect([answer.standing, answer.proposals, answer.learnt.drainedSince]).toEqual([
      "blocked",
      [],
      undefined,
    ]);
    const repaired = steered(native, FINISHED, { rollout, answers, policy: { onDrift: "repair" } });
    expect(weightsOf(repaired)?.weights).toEqual({ [BLUE]: 0, [GREEN]: 100 });
  });

  it.each([
    ["SUCCESSFUL", "ended", "promoted"],
    ["ROLLBACK_SUCCESSFUL", "ended", "rolled-back"],
    ["STOPPED", "ended", "failed"],
    ["ROLLBACK_FAILED", "impossible", "failed"],
  ])("%s is %s: %s", (status, standing, outcome) => {
    const answer = steered(native, FINISHED, { answers: working("CLEAN_UP", { status }) });
    expect([answer.standing, answer.outcome]).toEqual([standing, outcome]);
  });

  it("tells a newer deployment from a stop", () => {
    const statusReason = "Service deployment was stopped because of a new service deployment.";
    const answer = steered(native, FINISHED, {
      answers: working("SCALE_UP", { status: "STOPPED", statusReason }),
    });
    expect(answer.outcome).toBe("superseded");
  });
});
