// The task-set driver by tables, and from end to end over a service that does at once what it is told.

import { describe, expect, it } from "vitest";
import {
  BLUE,
  GREEN,
  healthOf,
  LISTENER,
  LOAD_BALANCER,
  later,
  NEW,
  OLD,
  RULE,
  read,
  ruleView,
  serviceView,
  taskSetArn,
  unread,
} from "../../../../test/support/rollout-builders.ts";
import {
  actionsOf,
  codesOf,
  steered,
  typesOf,
  weightsOf,
} from "../../../../test/support/rollout-steering.ts";
import type { ServiceView, TaskSetView } from "../../../contracts/rollout-views.ts";
import type { Rollout } from "../state.ts";
import { taskSets } from "./task-sets.ts";
import { split } from "./weights.ts";

const ID = "r-0000abcd";
const groups = { stable: BLUE, candidate: GREEN };
const READY = { kind: "ready", scale: 25 } as const;
const FINISHED = { kind: "finished" } as const;
const BACK = { kind: "rolled-back" } as const;
const weight = (percent: number, scale = percent) => ({ kind: "weight", weight: percent, scale }) as const;

const setView = (id: string, changes: Partial<TaskSetView> = {}): TaskSetView => {
  const scale = changes.scale ?? 100;
  const count = Math.ceil((8 * scale) / 100);
  return {
    arn: taskSetArn(id),
    id: `ecs-svc/${id}`,
    taskDefinition: OLD,
    status: "ACTIVE",
    scale,
    computedDesired: count,
    running: count,
    pending: 0,
    stability: "STEADY_STATE",
    targetGroupArn: BLUE,
    createdAt: later(-600_000),
    ...changes,
  };
};
const OLD_SET = setView("blue", { status: "PRIMARY", externalId: "by-hand" });
const newSet = (scale: number, changes: Partial<TaskSetView> = {}): TaskSetView =>
  setView("green", { scale, externalId: ID, taskDefinition: NEW, targetGroupArn: GREEN, ...changes });

const external = (sets: readonly TaskSetView[], changes: Partial<ServiceView> = {}) => ({
  service: read(
    serviceView({ controller: "EXTERNAL", desiredCount: 8, balancers: [], taskSets: sets, ...changes }),
  ),
});
const holding = (percent: number): Partial<Rollout> => ({
  deploymentArn: undefined as never,
  driver: "task-sets",
  taskSets: { stable: OLD_SET.arn, candidate: taskSetArn("green") },
  weight: percent,
  weights: split(groups, percent),
  asked: split(groups, percent),
  ...(percent > 0 ? { trafficSince: later(-60_000) } : {}),
});
const well = { health: read(healthOf(8, 8)) };

describe("ready", () => {
  it("finds the rule and the free group, and creates the new set there", () => {
    const scene = { rollout: { ...holding(0), places: {}, taskSets: {} }, answers: external([OLD_SET]) };
    const answer = steered(taskSets, READY, scene);
    expect(actionsOf(answer)).toEqual([
      {
        type: "create-task-set",
        order: expect.objectContaining({
          modelArn: OLD_SET.arn,
          taskDefinition: NEW,
          externalId: ID,
          percent: 25,
          targetGroupArn: GREEN,
        }),
      },
    ]);
    expect(answer.learnt.places).toEqual({
      rule: RULE,
      listener: LISTENER,
      loadBalancer: LOAD_BALANCER,
      stableGroup: BLUE,
      candidateGroup: GREEN,
    });
    expect(answer.learnt.taskSets).toEqual({ stable: OLD_SET.arn });
  });

  it.each([
    ["too small", newSet(10), ["scale-task-set"], "moving"],
    ["starting", newSet(25, { running: 1, pending: 1, stability: "STABILIZING" }), [], "moving"],
    ["steady", newSet(25), [], "reached"],
    ["larger already", newSet(50), [], "reached"],
  ])("a new set that is %s", (_what, set, acts, standing) => {
    const answer = steered(taskSets, READY, {
      rollout: holding(0),
      answers: { ...external([OLD_SET, set]), ...well },
    });
    expect([typesOf(answer), answer.standing]).toEqual([acts, standing]);
  });

  it("is not there with steady tasks and no healthy target", () => {
    const answers = { ...external([OLD_SET, newSet(25)]), health: read(healthOf(8, 0)) };
    expect(steered(taskSets, READY, { rollout: holding(0), answers })).toMatchObject({ standing: "blocked" });
  });

  it("pipecd#4329: what past rollouts left is taken away first, what has traffic is not", () => {
    const left = setView("left", { externalId: "r-12345678", scale: 10, targetGroupArn: GREEN });
    const scene = { rollout: { ...holding(0), taskSets: {}, places: {} } };
    const scaled = steered(taskSets, READY, { ...scene, answers: external([OLD_SET, left]) });
    expect(actionsOf(scaled)).toEqual([{ type: "scale-task-set", taskSetArn: left.arn, percent: 0 }]);
    const empty = { ...left, scale: 0, computedDesired: 0, running: 0 };
    const deleted = steered(taskSets, READY, { ...scene, answers: external([OLD_SET, empty]) });
    expect(actionsOf(deleted)).toEqual([{ type: "delete-task-set", taskSetArn: left.arn }]);
    const busy = steered(taskSets, READY, {
      ...scene,
      answers: { ...external([OLD_SET, left]), rule: read(ruleView(90)) },
    });
    expect([busy.standing, busy.proposals, codesOf(busy)]).toEqual(["blocked", [], ["leftover-has-traffic"]]);
  });

  it("reaches the limit of task sets with a reason", () => {
    const others = [1, 2, 3, 4].map((at) =>
      setView(`x${at}`, { externalId: "somebody", targetGroupArn: "g" }),
    );
    const answer = steered(taskSets, READY, { rollout: holding(0), answers: external([OLD_SET, ...others]) });
    expect([answer.standing, codesOf(answer)]).toEqual(["impossible", ["task-set-limit"]]);
  });

  it("a limit that ECS told of counts too", () => {
    const trouble = { code: "limit", message: "5 deployments exist", tries: 1, nextTryAt: later(0) };
    const answer = steered(taskSets, READY, {
      rollout: { ...holding(0), trouble },
      answers: external([OLD_SET]),
    });
    expect([answer.standing, codesOf(answer)]).toEqual(["impossible", ["task-set-limit"]]);
  });

  it("needs a free group, and a set to copy", () => {
    const rule = read(ruleView(100, { weights: { [BLUE]: 100 } }));
    const scene = { rollout: { ...holding(0), places: {} }, answers: { ...external([OLD_SET]), rule } };
    expect(codesOf(steered(taskSets, READY, scene))).toContain("no-free-group");
    const none = steered(taskSets, READY, {
      rollout: { ...holding(0), taskSets: {} },
      answers: external([]),
    });
    expect([none.standing, codesOf(none)]).toEqual(["impossible", ["no-model"]]);
  });

  it("a baseline is the old version's fresh twin, in a third group", () => {
    const rule = read(ruleView(100, { weights: { [BLUE]: 100, [GREEN]: 0, grey: 0 } }));
    const policy = { baseline: true };
    const scene = {
      policy,
      rollout: { ...holding(0), places: {} },
      answers: { ...external([OLD_SET]), rule },
    };
    const answer = steered(taskSets, READY, scene);
    expect(actionsOf(answer).map((one) => (one.type === "create-task-set" ? one.order : one))).toMatchObject([
      { externalId: ID, taskDefinition: NEW, targetGroupArn: GREEN, percent: 25 },
      { externalId: `${ID}-baseline`, taskDefinition: OLD, targetGroupArn: "grey", percent: 25 },
    ]);
    const without = steered(taskSets, READY, { ...scene, answers: external([OLD_SET]) });
    expect(codesOf(without)).toContain("no-free-group");
  });
});

describe("weight", () => {
  it("capacity before weight: a fifth more than the share", () => {
    const answer = steered(taskSets, weight(50), {
      rollout: holding(5),
      answers: { ...external([OLD_SET, newSet(6)]), ...well },
    });
    expect(actionsOf(answer)).toEqual([
      { type: "scale-task-set", taskSetArn: taskSetArn("green"), percent: 60 },
    ]);
  });

  it("then the weight, to healthy targets only", () => {
    const sets = external([OLD_SET, newSet(60)]);
    const rule = read(ruleView(95));
    const answer = steered(taskSets, weight(50), {
      rollout: holding(5),
      answers: { ...sets, ...well, rule },
    });
    expect(weightsOf(answer)).toMatchObject({
      weights: { [BLUE]: 50, [GREEN]: 50 },
      expected: { [BLUE]: 95, [GREEN]: 5 },
    });
    const ill = { ...sets, rule, health: read(healthOf(8, 3)) };
    expect(steered(taskSets, weight(50), { rollout: holding(5), answers: ill })).toMatchObject({
      standing: "blocked",
      proposals: [],
    });
    const stabilizing = external([OLD_SET, newSet(60, { stability: "STABILIZING" })]);
    expect(
      steered(taskSets, weight(50), { rollout: holding(5), answers: { ...stabilizing, ...well, rule } }),
    ).toMatchObject({ standing: "moving", proposals: [] });
  });

  it("weight before capacity when it comes down", () => {
    const sets = external([OLD_SET, newSet(60)]);
    const lower = steered(taskSets, weight(5), {
      rollout: holding(50),
      answers: { ...sets, ...well, rule: read(ruleView(50)) },
    });
    expect(typesOf(lower)).toEqual(["set-weights"]);
    const then = steered(taskSets, weight(5), {
      rollout: holding(5),
      answers: { ...sets, ...well, rule: read(ruleView(95)) },
    });
    expect(actionsOf(then)).toEqual([
      { type: "scale-task-set", taskSetArn: taskSetArn("green"), percent: 6 },
    ]);
  });

  it("without a load balancer the share of the workers is the share of the work", () => {
    const old = { ...OLD_SET, targetGroupArn: undefined as never };
    const fresh = (scale: number) => newSet(scale, { targetGroupArn: undefined as never });
    const rollout = { ...holding(0), places: {}, weights: {} };
    const grow = steered(taskSets, weight(25), { rollout, answers: external([old, fresh(10)]) });
    expect(actionsOf(grow)).toMatchObject([{ taskSetArn: taskSetArn("green"), percent: 25 }]);
    const give = steered(taskSets, weight(25), { rollout, answers: external([old, fresh(25)]) });
    expect(actionsOf(give)).toMatchObject([{ taskSetArn: OLD_SET.arn, percent: 75 }]);
    const there = steered(taskSets, weight(25), {
      rollout,
      answers: external([
        { ...old, ...setView("blue", { scale: 75, status: "PRIMARY", targetGroupArn: undefined as never }) },
        fresh(25),
      ]),
    });
    expect([there.standing, there.learnt.weight, there.read]).toEqual(["reached", 25, ["service"]]);
  });

  it("reads only what it needs", () => {
    const answer = steered(taskSets, weight(50), {
      rollout: holding(5),
      answers: { ...external([OLD_SET, newSet(60)]), ...well, rule: read(ruleView(95)) },
    });
    expect(answer.read.toSorted()).toEqual(["health", "rule", "service"]);
  });
});

describe("finished", () => {
  const scene = (
    sets: readonly TaskSetView[],
    rollout: Partial<Rollout>,
    stableWeight: number,
    now = later(0),
  ) => ({
    rollout,
    now,
    answers: { ...external(sets), ...well, rule: read(ruleView(stableWeight)) },
  });

  it.each([
    ["grows to everything", [OLD_SET, newSet(60)], ["scale-task-set"]],
    ["then gets all traffic", [OLD_SET, newSet(100)], ["set-weights"]],
  ])("%s", (_what, sets, acts) => {
    expect(typesOf(steered(taskSets, FINISHED, scene(sets, holding(50), 50)))).toEqual(acts);
  });

  it("argo-rollouts#4595, pipecd#4710: nothing is scaled in before weight 0 and the delay", () => {
    const sets = [OLD_SET, newSet(100)];
    const first = steered(taskSets, FINISHED, scene(sets, holding(100), 0));
    expect([first.proposals, first.learnt.drainedSince, first.wakeAt]).toEqual([[], later(0), later(60_000)]);
    const drained = { ...holding(100), drainedSince: later(0) };
    expect(steered(taskSets, FINISHED, scene(sets, drained, 0, later(59_999))).proposals).toEqual([]);
    const primary = steered(taskSets, FINISHED, scene(sets, drained, 0, later(60_000)));
    expect(typesOf(primary)).toEqual(["set-primary-task-set"]);
    const reset = steered(taskSets, FINISHED, scene(sets, drained, 100, later(60_000)));
    expect([reset.standing, reset.proposals]).toEqual(["blocked", []]);
  });

  it("containers-roadmap#969: the old set goes in slices", () => {
    const drained = { ...holding(100), drainedSince: later(0), shrinkingSince: later(60_000) };
    const set = newSet(100, { status: "PRIMARY" });
    const old = (scale: number) => setView("blue", { scale, externalId: "by-hand" });
    const scaleAt = (scale: number, now: number) =>
      actionsOf(steered(taskSets, FINISHED, scene([old(scale), set], drained, 0, later(now)))).map((one) =>
        one.type === "scale-task-set" ? one.percent : one.type,
      );
    expect(scaleAt(100, 60_000)).toEqual([75]);
    expect(scaleAt(75, 100_000)).toEqual([]);
    expect(scaleAt(75, 120_000)).toEqual([50]);
    expect(scaleAt(25, 240_000)).toEqual([0]);
    expect(scaleAt(0, 245_000)).toEqual(["delete-task-set"]);
    // Held up for an hour, it still goes slice by slice.
    expect(scaleAt(100, 3_600_000)).toEqual([75]);
    const done = steered(taskSets, FINISHED, scene([set], drained, 0, later(300_000)));
    expect([done.standing, done.proposals]).toEqual(["reached", []]);
  });
});

describe("rolled back", () => {
  const scene = (
    sets: readonly TaskSetView[],
    rollout: Partial<Rollout>,
    stableWeight: number,
    now = later(0),
  ) => ({
    rollout,
    now,
    answers: { ...external(sets), ...well, rule: read(ruleView(stableWeight)) },
  });

  it("pipecd#5280: the weights first, then the last requests, then the set", () => {
    const sets = [OLD_SET, newSet(60)];
    const first = steered(taskSets, BACK, scene(sets, holding(50), 50));
    expect(weightsOf(first)).toEqual({
      type: "set-weights",
      rule: RULE,
      weights: { [BLUE]: 100, [GREEN]: 0 },
      stickiness: "off",
    });
    const back = { ...holding(0), trafficSince: later(-60_000) };
    const wait = steered(taskSets, BACK, scene(sets, back, 100));
    expect([wait.proposals, wait.learnt.drainedSince, wait.wakeAt]).toEqual([[], later(0), later(30_000)]);
    const drained = { ...back, drainedSince: later(0) };
    const away = steered(taskSets, BACK, scene(sets, drained, 100, later(30_000)));
    expect(actionsOf(away)).toEqual([
      { type: "scale-task-set", taskSetArn: taskSetArn("green"), percent: 0 },
    ]);
    const empty = newSet(0, { running: 0, computedDesired: 0 });
    expect(typesOf(steered(taskSets, BACK, scene([OLD_SET, empty], drained, 100, later(40_000))))).toEqual([
      "delete-task-set",
    ]);
    const deleted = { ...drained, taskSets: { stable: OLD_SET.arn } };
    expect(steered(taskSets, BACK, scene([OLD_SET], deleted, 100, later(50_000)))).toMatchObject({
      standing: "reached",
    });
  });

  it("pipecd#4329: a set that an old listing does not show is deleted by its name, not forgotten", () => {
    const drained = { ...holding(0), trafficSince: later(-60_000), drainedSince: later(0) };
    expect(actionsOf(steered(taskSets, BACK, scene([OLD_SET], drained, 100, later(50_000))))).toEqual([
      { type: "delete-task-set", taskSetArn: taskSetArn("green") },
    ]);
  });

  it("argo-rollouts#3372, #4035: the old set's capacity first, the traffic as far as it carries", () => {
    const shrunk = setView("blue", { scale: 50 });
    const rollout = { ...holding(100), drainedSince: later(-300_000) };
    const sets = [shrunk, newSet(100, { status: "PRIMARY" })];
    const answers = { ...external(sets), rule: read(ruleView(0)), health: read(healthOf(4, 8)) };
    const answer = steered(taskSets, BACK, { rollout, answers });
    expect(actionsOf(answer)).toMatchObject([
      { type: "scale-task-set", taskSetArn: OLD_SET.arn, percent: 100 },
      { type: "set-weights", weights: { [BLUE]: 50, [GREEN]: 50 } },
    ]);
    expect(answer.proposals.every(({ rollback }) => rollback === true)).toBe(true);
    const dead = { ...answers, health: read(healthOf(4, 0)) };
    expect(weightsOf(steered(taskSets, BACK, { rollout, answers: dead }))?.weights).toEqual({
      [BLUE]: 100,
      [GREEN]: 0,
    });
    const none = { ...answers, health: read(healthOf(0, 8)) };
    expect(typesOf(steered(taskSets, BACK, { rollout, answers: none }))).toEqual(["scale-task-set"]);
  });

  it("makes the old set the primary one again before the new one goes", () => {
    const sets = [setView("blue"), newSet(100, { status: "PRIMARY" })];
    const rollout = { ...holding(0), drainedSince: later(-60_000), trafficSince: later(-600_000) };
    expect(actionsOf(steered(taskSets, BACK, scene(sets, rollout, 100)))).toEqual([
      { type: "set-primary-task-set", taskSetArn: OLD_SET.arn },
    ]);
  });

  it("brings the traffic back also when nothing can be read", () => {
    const answers = { service: unread(), rule: unread(), health: unread() };
    expect(typesOf(steered(taskSets, BACK, { rollout: holding(25), answers }))).toEqual(["set-weights"]);
    expect(steered(taskSets, BACK, { rollout: holding(100), answers })).toMatchObject({
      standing: "blocked",
      proposals: [],
    });
  });

  it("cannot go back to a set that is gone", () => {
    const answer = steered(taskSets, BACK, scene([newSet(100, { status: "PRIMARY" })], holding(100), 0));
    expect([answer.standing, codesOf(answer)]).toEqual(["impossible", ["stable-gone"]]);
  });
});
