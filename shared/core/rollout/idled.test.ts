// Between rollouts: what begins one, what is taken over, what the guard says of the weights.

import { describe, expect, it } from "vitest";
import {
  BLUE,
  codesOf,
  DEPLOYMENT_ARN,
  deploymentFact,
  deploymentView,
  everything,
  GREEN,
  healthOf,
  hookFact,
  idle,
  later,
  NEW,
  NOW,
  OLD_DEPLOYMENT_ARN,
  order,
  passOn,
  RULE,
  read,
  rested,
  rolloutIn,
  rolloutPolicy,
  ruleView,
  serviceView,
  typesOf,
  unread,
  wakeFact,
} from "../../../test/support/rollout-builders.ts";
import { minutes } from "../../base/time.ts";
import type { Fact } from "../../contracts/facts.ts";

const start = order("start", { taskDefinition: "crane:8" });

describe("idle", () => {
  it("costs nothing", () => {
    const decision = passOn({ state: idle(rested), observation: { facts: [wakeFact("timer")] } });
    expect(decision.read).toEqual([]);
    expect(decision.wakeAt).toBeUndefined();
    expect(codesOf(decision)).toEqual(["idle"]);
  });

  it("begins a start, its author is who gave it", () => {
    const decision = passOn({ state: idle(rested), observation: { commands: [start] } });
    expect(decision.state.phase).toBe("starting");
    expect(rolloutIn(decision.state)).toMatchObject({
      author: "grace",
      driver: "native",
      target: { taskDefinition: NEW },
    });
    expect(typesOf(decision)).toEqual(["start-deployment"]);
    expect(decision.proposals[0]?.ordered).toBe(true);
  });

  it.each([
    ["event", deploymentFact("SERVICE_DEPLOYMENT_IN_PROGRESS"), rested],
    ["hook", hookFact(), rested],
    ["own look", wakeFact("timer"), {}],
  ])("takes over a deployment that somebody else began: %s", (_name, fact, memory) => {
    const answers = everything({ service: read(serviceView({ currentDeploymentArn: DEPLOYMENT_ARN })) });
    const decision = passOn({ state: idle(memory), observation: { facts: [fact] } }, answers);
    expect(rolloutIn(decision.state)).toMatchObject({
      author: "external",
      driver: "native",
      deploymentArn: DEPLOYMENT_ARN,
    });
    expect(rolloutIn(decision.state).target.images).toEqual(["web=example.test/shop/web:1.8@sha256:8"]);
  });

  it.each([
    ["Express Mode", { isExpress: true }, {}, {}],
    ["another controller", { controller: "CODE_DEPLOY" }, {}, undefined],
    ["an unknown controller", { controller: "NEW_ONE" }, {}, undefined],
    ["observe", {}, { mode: "observe" as const }, {}],
    ["dry run", {}, { dryRun: true }, {}],
  ])("only watches: %s", (_name, service, policy, adopts) => {
    const answers = everything({
      service: read(serviceView({ currentDeploymentArn: DEPLOYMENT_ARN, ...service })),
    });
    const fact = deploymentFact("SERVICE_DEPLOYMENT_IN_PROGRESS");
    const decision = passOn(
      { state: idle(rested), policy: rolloutPolicy(policy), observation: { facts: [fact] } },
      answers,
    );
    if (adopts === undefined) expect(decision.state.phase).toBe("idle");
    else expect(rolloutIn(decision.state).driver).toBe("watch");
    expect(typesOf(decision).filter((type) => !type.endsWith("metrics"))).toEqual([]);
  });

  it("lets a first deployment pass: there is nothing to compare with, and ECS waits at its hooks", () => {
    const answers = everything({
      service: read(serviceView({ currentDeploymentArn: DEPLOYMENT_ARN })),
      deployment: read(deploymentView({ sources: [] })),
    });
    const decision = passOn({ state: idle({}) }, answers);
    expect(rolloutIn(decision.state).waived).toContain("first deployment");
    expect(rolloutIn(decision.state).steps).toEqual([]);
    expect(codesOf(decision)).toContain("first-deployment");
  });

  it("decides nothing about a service that could not be read", () => {
    const decision = passOn({ state: idle({}) }, everything({ service: unread() }));
    expect(codesOf(decision)).toEqual(["service-unread"]);
    expect(decision.wakeAt).toBeGreaterThan(NOW);
  });

  it("takes over nothing while the revisions are unknown", () => {
    const answers = everything({
      service: read(serviceView({ currentDeploymentArn: DEPLOYMENT_ARN })),
      revisions: unread(),
    });
    expect(passOn({ state: idle({}) }, answers).state.phase).toBe("idle");
  });
});

describe("the guard between rollouts", () => {
  const quiet = everything({
    deployment: read(deploymentView({ arn: OLD_DEPLOYMENT_ARN, status: "SUCCESSFUL" })),
  });
  const resets = { ...quiet, rule: read(ruleView(0)) };
  const told: Fact = { kind: "traffic-change", eventName: "ModifyRule", resource: RULE, by: "cdk", at: NOW };

  it("looks every quarter of an hour, and only at services with a rule", () => {
    const first = passOn({ state: idle({}) }, quiet);
    expect(first.state).toMatchObject({ phase: "idle", guardedRule: RULE, checkedAt: NOW });
    expect(first.wakeAt).toBe(later(minutes(15)));
    const rolling = passOn(
      { state: idle({}) },
      { ...quiet, service: read(serviceView({ strategy: "ROLLING" })) },
    );
    expect(rolling.state).not.toHaveProperty("guardedRule");
    expect(rolling.wakeAt).toBeUndefined();
  });

  it("aws-cdk#36649: a stack update that resets the weights is told", () => {
    const decision = passOn({ state: idle(rested), observation: { facts: [told] } }, resets);
    expect(decision.state).toMatchObject({ drift: { code: "drift-idle" } });
    expect(typesOf(decision)).toEqual([]);
  });

  it("aws-cdk#36649: or repaired, where the policy says so", () => {
    const policy = rolloutPolicy({ onDrift: "repair" });
    const decision = passOn({ state: idle(rested), policy, observation: { facts: [told] } }, resets);
    const repair = decision.proposals.find(({ action }) => action.type === "set-weights")?.action;
    expect(repair).toMatchObject({
      weights: { [BLUE]: 100, [GREEN]: 0 },
      expected: { [BLUE]: 0, [GREEN]: 100 },
    });
  });

  it("containers-roadmap#2853: never towards a group without healthy targets", () => {
    const policy = rolloutPolicy({ onDrift: "repair" });
    const answers = { ...resets, health: read(healthOf(0, 4)) };
    const decision = passOn({ state: idle(rested), policy, observation: { facts: [told] } }, answers);
    expect(decision.state).toMatchObject({ drift: { code: "drift-unhealthy" } });
    expect(typesOf(decision)).toEqual([]);
  });

  it("says nothing about what it could not read", () => {
    const decision = passOn(
      { state: idle(rested), observation: { facts: [told] } },
      { ...resets, health: unread() },
    );
    expect(decision.state).not.toHaveProperty("drift");
    expect(codesOf(decision)).toContain("guard-unread");
  });

  it("forgets a drift that is over", () => {
    const drift = { code: "drift-idle", text: "was", since: NOW };
    const decision = passOn({ state: idle({ ...rested, drift }), observation: { facts: [told] } }, quiet);
    expect(decision.state).not.toHaveProperty("drift");
  });
});
