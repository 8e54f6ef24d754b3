// What one pass decides while a rollout is under way: waits, holds, gates, deadlines, groups.

import { describe, expect, it } from "vitest";
import {
  active,
  agreeing,
  BLUE,
  deploymentView,
  everything,
  GREEN,
  hookFact,
  idle,
  KEY,
  keyNamed,
  later,
  NOW,
  observed,
  order,
  passOn,
  pauseFor,
  RULE,
  read,
  rested,
  rolloutIn,
  rolloutPolicy,
  ruleView,
  setWeight,
  taskOf,
  typesOf,
  waiting,
  wakeFact,
} from "../../../test/support/rollout-builders.ts";
import { minutes, seconds } from "../../base/time.ts";
import type { Fact } from "../../contracts/facts.ts";
import type { FreezeWindow } from "../../contracts/rollout-policy.ts";
import type { PeerView } from "./observation.ts";

const start = order("start", { taskDefinition: "crane:8" });

describe("a rollout that waits", () => {
  it.each([
    ["a timer", [wakeFact("timer")]],
    ["a peer", [wakeFact("peer")]],
    ["the sweep, soon after the last look", [wakeFact("resync")]],
    ["a task's event", [taskOf(1)]],
  ])("reads nothing for %s", (_name, facts) => {
    const decision = passOn({
      state: active("stepping", { ...waiting, lookedAt: NOW }),
      observation: { facts },
    });
    expect(decision.read).toEqual([]);
    expect(typesOf(decision)).toEqual([]);
  });

  it("reads again when the sweep rings after a long time", () => {
    const state = active("stepping", { ...waiting, lookedAt: later(-minutes(20)) });
    expect(passOn({ state, observation: { facts: [wakeFact("resync")] } }).read).toContain("deployment");
  });

  it("looks at the rule when somebody wrote it", () => {
    const fact: Fact = {
      kind: "traffic-change",
      eventName: "ModifyRule",
      resource: RULE,
      by: "cdk",
      at: NOW,
    };
    const state = active("stepping", waiting);
    const held = passOn({ state, observation: { facts: [fact] } }, everything({ rule: read(ruleView(100)) }));
    expect(rolloutIn(held.state).hold?.code).toBe("weights-drifted");
    expect(typesOf(held)).toEqual([]);
    const policy = rolloutPolicy({ onDrift: "repair" });
    const mended = passOn(
      { state, policy, observation: { facts: [fact] } },
      everything({ rule: read(ruleView(100)) }),
    );
    expect(typesOf(mended)).toContain("set-weights");
  });

  it("wakes at the end of its pause", () => {
    const state = active("stepping", { ...waiting, steps: [setWeight(10), pauseFor(600_000)] });
    expect(passOn({ state }).wakeAt).toBe(later(minutes(10)));
    const over = passOn({ state, now: later(minutes(10)) });
    expect(rolloutIn(over.state).step).toBe(2);
  });
});

describe("holds forward, never back", () => {
  const next = { steps: [setWeight(10), setWeight(50)], step: 1, weight: 10, weights: waiting.weights };
  const frozen = (overrun: FreezeWindow["overrun"]): FreezeWindow => ({
    kind: "deny",
    schedule: "0 0 * * *",
    durationMs: minutes(24 * 60),
    timeZone: "UTC",
    overrun,
  });

  it.each([
    ["the pause of the key", {}, { isPaused: true }, "key-paused"],
    ["a freeze", { freeze: [frozen("hold")] }, {}, "frozen"],
  ])("%s", (_name, policy, observation, code) => {
    const decision = passOn({ state: active("stepping", next), policy: rolloutPolicy(policy), observation });
    expect(typesOf(decision)).toEqual([]);
    expect(rolloutIn(decision.state).hold?.code).toBe(code);
    const cause = { code: "aborted", text: "why", since: NOW };
    const back = passOn(
      { state: active("aborting", { ...next, cause }), policy: rolloutPolicy(policy), observation },
      agreeing,
    );
    expect(typesOf(back)).toContain("set-weights");
    expect(
      back.proposals.filter(({ field }) => !field.startsWith("rollout/")).every(({ rollback }) => rollback),
    ).toBe(true);
  });

  it.each([
    ["finish", "stepping"],
    ["rollback", "aborting"],
  ] as const)("a freeze with overrun %s", (overrun, phase) => {
    const policy = rolloutPolicy({ freeze: [frozen(overrun)] });
    expect(passOn({ state: active("stepping", waiting), policy }).state.phase).toBe(phase);
  });

  it("news of ECS are heard while held, and lead nowhere", () => {
    const observation = { isPaused: true, facts: [hookFact()] };
    const decision = passOn({ state: active("stepping", next), observation }, agreeing);
    expect(decision.read).toContain("deployment");
    expect(typesOf(decision)).toEqual([]);
    const ended = { ...agreeing, deployment: read(deploymentView({ status: "ROLLBACK_SUCCESSFUL" })) };
    const over = passOn(
      {
        state: active("stepping", { ...next, weight: 0, weights: { [BLUE]: 100, [GREEN]: 0 } }),
        observation,
      },
      { ...ended, rule: read(ruleView(100)) },
    );
    expect(over.state.phase).toBe("idle");
  });

  it.each([
    ["superseded", "superseded"],
    ["aborted", "rolled-back"],
  ])("what ECS took back because it was %s ends so", (code, outcome) => {
    const cause = { code, text: "Why.", since: NOW };
    const state = active("aborting", { ...next, cause, weight: 0, weights: { [BLUE]: 100, [GREEN]: 0 } });
    const deployment = read(deploymentView({ status: "ROLLBACK_SUCCESSFUL" }));
    const over = passOn(
      { state, observation: { facts: [hookFact()] } },
      { ...agreeing, deployment, rule: read(ruleView(100)) },
    );
    expect(over.state.past).toMatchObject([{ outcome }]);
  });

  it("a start waits for the thaw", () => {
    const policy = rolloutPolicy({ freeze: [{ ...frozen("finish"), durationMs: minutes(13 * 60) }] });
    const decision = passOn({ state: idle(rested), policy, observation: { commands: [start] } });
    expect(decision.state).toMatchObject({ phase: "idle", wanted: { hold: { code: "frozen" } } });
    expect(decision.read).toEqual([]);
    expect(decision.wakeAt).toBe(later(minutes(60)));
    const thawed = passOn({ state: decision.state, policy, now: later(minutes(60)) });
    expect(thawed.state.phase).toBe("starting");
  });
});

describe("tasks as a hard gate", () => {
  const failed = (number: number) =>
    taskOf(number, {
      lastStatus: "STOPPED",
      stopCode: "TaskFailedToStart",
      stoppedReason: "CannotPullContainerError",
    });
  const tasks = (...facts: readonly ReturnType<typeof taskOf>[]) =>
    Object.fromEntries(facts.map((one) => [one.taskId, one]));

  it("three that never start end in a rollback with the reason", () => {
    const observation = { tasks: tasks(failed(1), failed(2), failed(3)) };
    const decision = passOn({ state: active("preparing"), observation });
    expect(decision.state.phase).toBe("aborting");
    expect(rolloutIn(decision.state).cause?.text).toContain("CannotPullContainerError");
  });

  it.each([
    ["two are an accident", tasks(failed(1), failed(2))],
    ["more run than fail", tasks(failed(1), failed(2), failed(3), taskOf(4), taskOf(5), taskOf(6))],
    [
      "scaled in",
      tasks(
        ...[1, 2, 3].map((n) =>
          taskOf(n, {
            lastStatus: "STOPPED",
            stopCode: "ServiceSchedulerInitiated",
            stoppedReason: "Scaling activity",
          }),
        ),
      ),
    ],
    [
      "of the old revision",
      tasks(...[1, 2, 3].map((n) => ({ ...failed(n), taskDefinitionArn: "x/crane:7" }))),
    ],
    ["of before", tasks(...[1, 2, 3].map((n) => ({ ...failed(n), at: later(-1) })))],
  ])("not: %s", (_name, facts) => {
    expect(passOn({ state: active("preparing"), observation: { tasks: facts } }).state.phase).not.toBe(
      "aborting",
    );
  });
});

describe("the progress deadline", () => {
  const late = { movingSince: later(-seconds(600)), lookAt: later(60_000) };
  const slow = everything({ deployment: read(deploymentView({ stage: "SCALE_UP", hooks: [] })) });
  it("goes back", () => {
    const decision = passOn({ state: active("preparing", late) }, slow);
    expect(decision.state.phase).toBe("aborting");
    expect(rolloutIn(decision.state).cause?.code).toBe("deadline");
  });
  it("or holds and goes on trying", () => {
    const policy = rolloutPolicy({ onDeadline: "hold" });
    const decision = passOn({ state: active("preparing", { ...late, lookAt: NOW }), policy }, slow);
    expect(decision.state.phase).toBe("preparing");
    expect(rolloutIn(decision.state).hold?.code).toBe("deadline");
    expect(decision.wakeAt).toBeDefined();
  });
  it("does not run while it waits on purpose", () => {
    const state = active("stepping", { ...waiting, startedAt: later(-minutes(24 * 60)) });
    expect(passOn({ state }).state.phase).toBe("stepping");
  });
});

describe("groups", () => {
  const other = keyNamed("davit");
  const group = { name: "shop", members: [KEY, other], lockstep: true };
  const peer = (changes: Partial<PeerView> = {}): PeerView => ({
    key: other,
    phase: "stepping",
    step: 0,
    steps: 2,
    weight: 10,
    startedAt: NOW,
    ...changes,
  });
  const next = { steps: [setWeight(10), setWeight(50)], step: 1, weight: 10, weights: waiting.weights };

  it("lockstep waits for members behind", () => {
    const policy = rolloutPolicy({ group });
    const behind = passOn({ state: active("stepping", next), policy }, everything({ peers: read([peer()]) }));
    expect(rolloutIn(behind.state).hold?.code).toBe("lockstep");
    const abreast = passOn(
      { state: active("stepping", next), policy },
      { ...agreeing, peers: read([peer({ step: 1 })]) },
    );
    expect(typesOf(abreast)).toEqual(["ring-keys", "set-weights"]);
  });

  it.each([
    ["aborting", { phase: "aborting" }, "aborting"],
    [
      "rolled back after this one began",
      { phase: "idle", outcome: "rolled-back", endedAt: later(1) },
      "aborting",
    ],
    ["rolled back before", { phase: "idle", outcome: "rolled-back", endedAt: later(-1) }, "stepping"],
    ["promoted", { phase: "idle", outcome: "promoted", endedAt: later(1) }, "stepping"],
  ])("a member %s", (_name, changes, phase) => {
    const policy = rolloutPolicy({ group });
    const decision = passOn(
      { state: active("stepping", waiting), policy },
      everything({ peers: read([peer(changes)]) }),
    );
    expect(decision.state.phase).toBe(phase);
  });

  it.each([
    ["under way", peer(), "dependency-under-way"],
    ["rolled back", peer({ phase: "idle", outcome: "rolled-back" }), "dependency-failed"],
    ["promoted", peer({ phase: "idle", outcome: "promoted" }), undefined],
    ["never rolled out", { key: other, phase: "idle", step: 0, steps: 0, weight: 0 }, undefined],
  ])("a start waits for its dependency: %s", (_name, view, code) => {
    const policy = rolloutPolicy({ dependsOn: [other] });
    const decision = passOn(
      { state: idle(rested), policy, observation: { commands: [start] } },
      everything({ peers: read([view]) }),
    );
    expect(decision.state.phase).toBe(code === undefined ? "starting" : "idle");
    if (code !== undefined) expect(decision.state.wanted?.hold?.code).toBe(code);
  });
});

it("asks for nothing that was read in the pass and failed", () => {
  const decision = passOn({ state: active("preparing") }, observed({}));
  expect(decision.read).toEqual([...new Set(decision.read)]);
  expect(decision.wakeAt).toBeGreaterThan(NOW);
});
