// What must neither cause an outage nor prolong one: the cure waits for no calendar, an empty service for no
// capacity, a replaced member takes nobody along, and a way back that takes too long calls a person.

import { describe, expect, it } from "vitest";
import {
  active,
  agreeing,
  BLUE,
  codesOf,
  DEPLOYMENT_ARN,
  deploymentView,
  everything,
  GREEN,
  healthOf,
  idle,
  KEY,
  keyNamed,
  later,
  NEW,
  NOW,
  OLD,
  order,
  passOn,
  pauseFor,
  read,
  rested,
  revisionView,
  rolloutIn,
  rolloutPolicy,
  ruleView,
  serviceView,
  setWeight,
  taskDefinition,
  typesOf,
  waiting,
  wakeFact,
} from "../../../test/support/rollout-builders.ts";
import { minutes } from "../../base/time.ts";
import type { FreezeWindow, RolloutStep } from "../../contracts/rollout-policy.ts";
import type { PeerView } from "./observation.ts";
import type { PastRollout } from "./state.ts";

const frozen = (overrun: FreezeWindow["overrun"]): FreezeWindow => ({
  kind: "deny",
  schedule: "0 0 * * *",
  durationMs: minutes(24 * 60),
  timeZone: "UTC",
  overrun,
});

/** 7 is what runs, it replaced 6; 8 is new. */
const promoted = (to: number, from: number): PastRollout => ({
  id: `r-${to}`,
  outcome: "promoted",
  driver: "native",
  author: "ada",
  target: { taskDefinition: taskDefinition(to), images: [] },
  source: { taskDefinition: taskDefinition(from), images: [] },
  startedAt: later(-minutes(60)),
  endedAt: later(-minutes(50)),
  step: 1,
  steps: 1,
  weight: 100,
  reason: "good",
});
const memory = { ...rested, past: [promoted(7, 6)] };

const foreign = (revision: number, desiredCount = 4) =>
  everything({
    service: read(
      serviceView({
        currentDeploymentArn: DEPLOYMENT_ARN,
        taskDefinition: taskDefinition(revision),
        desiredCount,
      }),
    ),
    revisions: read([revisionView(7), { ...revisionView(8), taskDefinition: taskDefinition(revision) }]),
  });

describe("back to what was good not long ago", () => {
  const policy = rolloutPolicy({ freeze: [frozen("hold")], dependsOn: [keyNamed("winch")] });

  it("undo waits neither for a thaw nor for a dependency", () => {
    const undo = passOn({ state: idle(memory), policy, observation: { commands: [order("undo")] } });
    expect(typesOf(undo)).toEqual(["start-deployment"]);
    expect(rolloutIn(undo.state).target.taskDefinition).toBe(taskDefinition(6));
    const start = order("start", { taskDefinition: "crane:8" });
    const waits = passOn({ state: idle(memory), policy, observation: { commands: [start] } });
    expect([waits.state.phase, typesOf(waits)]).toEqual(["idle", []]);
  });

  it("a deployment of it that somebody else began takes no steps and no window holds it", () => {
    const taken = passOn({ state: idle({ past: memory.past }), policy }, foreign(6));
    expect(rolloutIn(taken.state)).toMatchObject({ author: "external", steps: [], isAuto: false });
    expect(rolloutIn(taken.state).waived).toContain("was good before");
    expect(typesOf(taken)).toContain("continue-deployment");
  });

  it("is not taken back by a window that takes back what is new", () => {
    const hard = rolloutPolicy({ freeze: [frozen("rollback")] });
    const state = (to: number) => ({
      ...active("preparing", { target: { taskDefinition: taskDefinition(to), images: [] } }),
      past: memory.past,
    });
    expect(passOn({ state: state(6), policy: hard }).state.phase).not.toBe("aborting");
    expect(passOn({ state: state(8), policy: hard }).state.phase).toBe("aborting");
  });
});

describe("what somebody else began inside a freeze", () => {
  it.each(["finish", "hold"] as const)("waits at the gate until the thaw (overrun %s)", (overrun) => {
    const policy = rolloutPolicy({ freeze: [frozen(overrun)] });
    const taken = passOn({ state: idle({}), policy }, foreign(8));
    expect([taken.state.phase, typesOf(taken)]).toEqual(["preparing", []]);
    expect(rolloutIn(taken.state).hold?.code).toBe("frozen");
    const thawed = passOn({ state: taken.state, policy: rolloutPolicy() }, foreign(8));
    expect(thawed.state.phase).toBe("stepping");
  });

  it("or before the service on which it depends", () => {
    const winch = keyNamed("winch");
    const policy = rolloutPolicy({ dependsOn: [winch] });
    const peer: PeerView = { key: winch, phase: "stepping", step: 0, steps: 1, weight: 0 };
    const taken = passOn({ state: idle({}), policy }, { ...foreign(8), peers: read([peer]) });
    expect([typesOf(taken), rolloutIn(taken.state).hold?.code]).toEqual([[], "dependency-under-way"]);
  });
});

describe("a service whose desired count is 0", () => {
  const nothing = { requested: 0, running: 0, pending: 0 };
  const empty = deploymentView({
    sources: [{ arn: "old", ...nothing, productionWeight: 100 }],
    target: { arn: "new", ...nothing, productionWeight: 0 },
  });
  const answers = { ...foreign(8, 0), deployment: read(empty), health: read(healthOf(0, 0)) };

  it("is deployed at once: no capacity is waited for that nobody asks for", () => {
    const taken = passOn({ state: idle({}) }, answers);
    expect(rolloutIn(taken.state).waived).toContain("desired count is 0");
    expect([taken.state.phase, typesOf(taken)]).toEqual(["finishing", ["continue-deployment"]]);
    const service = read(serviceView({ desiredCount: 0 }));
    const start = order("start", { taskDefinition: NEW });
    const own = passOn({ state: idle(rested), observation: { commands: [start] } }, { ...answers, service });
    expect(rolloutIn(own.state).waived).toContain("desired count is 0");
  });

  it("but not where the old revision still has tasks", () => {
    const sources = [{ arn: "old", requested: 4, running: 4, pending: 0, productionWeight: 100 }];
    const deployment = read({ ...empty, sources });
    const taken = passOn({ state: idle({}) }, { ...answers, deployment, health: read(healthOf(4, 0)) });
    expect(typesOf(taken)).toEqual([]);
  });
});

describe("a group", () => {
  const winch = keyNamed("winch");
  const group = { name: "quay", members: [KEY, winch], lockstep: false };
  const policy = rolloutPolicy({ group });
  const peer = (cause: string): PeerView => ({
    key: winch,
    phase: "aborting",
    step: 0,
    steps: 1,
    weight: 5,
    startedAt: NOW,
    cause,
  });

  it.each([
    ["superseded", "stepping"],
    ["analysis-bad", "aborting"],
  ])("goes back as one, but not for a member that is %s", (cause, phase) => {
    const state = active("stepping", { steps: [pauseFor()], reached: "ready 100" });
    const decision = passOn({ state, policy }, everything({ peers: read([peer(cause)]) }));
    expect(decision.state.phase).toBe(phase);
  });
});

describe("a way back that does not end", () => {
  const cause = { code: "analysis-bad", text: "why", since: later(-minutes(11)) };
  const going = everything({
    deployment: read(deploymentView({ status: "ROLLBACK_IN_PROGRESS", hooks: [] })),
  });

  it.each([
    [9, "aborting"],
    [10, "stuck"],
  ])("after %i min it is %s: an operator is called", (passed, phase) => {
    const state = active("aborting", { cause, movingSince: later(-minutes(passed)) });
    const decision = passOn({ state, observation: { facts: [wakeFact("timer")] } }, going);
    expect(decision.state.phase).toBe(phase);
    expect(codesOf(decision).includes("needs-operator")).toBe(phase === "stuck");
  });

  it("and still ends when ECS is there after all", () => {
    const over = everything({
      deployment: read(deploymentView({ status: "ROLLBACK_SUCCESSFUL", hooks: [] })),
    });
    const decision = passOn({ state: active("stuck", { cause }) }, over);
    expect(decision.state).toMatchObject({ phase: "idle", past: [{ outcome: "rolled-back" }] });
  });
});

describe("a PAUSE hook whose time is nearly over while nobody promotes", () => {
  it.each([
    [6, []],
    [4, ["set-weights"]],
  ])("%i min before its end: %o, because ECS then takes the new tasks away", (left, acts) => {
    const openHook = {
      id: "hook-1",
      stage: "PRE_PRODUCTION_TRAFFIC_SHIFT",
      expiresAt: later(minutes(left)),
    };
    const hook = { hookId: "hook-1", kind: "PAUSE", status: "AWAITING_ACTION" } as const;
    const deployment = read(deploymentView({ hooks: [{ ...hook, expiresAt: openHook.expiresAt }] }));
    const state = active("stepping", { ...waiting, openHook, lookedAt: later(-minutes(60)) });
    const decision = passOn(
      { state, observation: { facts: [wakeFact("timer")] } },
      { ...agreeing, deployment },
    );
    const told = typesOf(decision).filter((type) => type !== "subscribe-metrics");
    expect(told).toEqual(acts);
    if (left > 5) expect(decision.read).toEqual([]);
  });
});

describe("a newer revision", () => {
  const start = order("start", { taskDefinition: "crane:9" });

  it("follows one that is finishing, instead of the old one coming back first", () => {
    const finishing = active("finishing", { weight: 100, steps: [], weights: { [BLUE]: 0, [GREEN]: 100 } });
    const answers = everything({
      rule: read(ruleView(0)),
      deployment: read(deploymentView({ stage: "BAKE_TIME", hooks: [] })),
    });
    const decision = passOn({ state: finishing, observation: { commands: [start] } }, answers);
    expect([decision.state.phase, decision.state.wanted?.taskDefinition]).toEqual(["finishing", "crane:9"]);
    expect(typesOf(decision)).not.toContain("stop-deployment");
  });
});

describe("an installation that may not write listener rules", () => {
  const start = order("start", { taskDefinition: NEW });
  const began = (steps: readonly RolloutStep[], service = serviceView()) =>
    passOn(
      {
        state: idle(rested),
        policy: rolloutPolicy({ steps }),
        observation: { commands: [start], mayWeigh: false },
      },
      everything({ service: read(service) }),
    );

  it("leaves the weights to ECS from the first act on, and says so", () => {
    const decision = began([setWeight(10), setWeight(50)]);
    expect(decision.proposals.map(({ action }) => action)).toContainEqual(
      expect.objectContaining({ order: expect.objectContaining({ strategy: "LINEAR", percent: 10 }) }),
    );
    expect(codesOf(decision)).toContain("strategy-weights");
  });

  it("refuses early what no strategy can: header routes and task sets", () => {
    const routed = began([{ kind: "headerRoute", header: "x-canary", values: ["yes"] }, setWeight(10)]);
    expect([routed.state.phase, codesOf(routed).includes("start-refused")]).toEqual(["idle", true]);
    const taskSet = {
      arn: "arn:1",
      id: "1",
      taskDefinition: OLD,
      status: "PRIMARY",
      scale: 100,
      computedDesired: 4,
      running: 4,
      pending: 0,
      stability: "STEADY_STATE",
      createdAt: NOW,
    };
    const external = { controller: "EXTERNAL", balancers: [], hooks: [] };
    const weighed = serviceView({ ...external, taskSets: [{ ...taskSet, targetGroupArn: BLUE }] });
    const sets = began([setWeight(10)], weighed);
    expect([sets.state.phase, codesOf(sets).includes("start-refused")]).toEqual(["idle", true]);
    const workers = began([setWeight(10)], serviceView({ ...external, taskSets: [taskSet] }));
    expect(workers.state.phase).toBe("starting");
  });
});
