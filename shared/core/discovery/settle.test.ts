// What outcomes make of an instance, a registry and a drain.

import { describe, expect, it } from "vitest";
import {
  actsOf,
  allRegistered,
  attributesOf,
  codesOf,
  decideOn,
  entryOf,
  idOf,
  instanceId,
  later,
  NOW,
  observe,
  registered,
  registering,
  SERVICE,
  settle,
  stateOf,
  view,
  waiting,
} from "../../../test/support/discovery-builders.ts";
import { minutes, seconds } from "../../base/time.ts";
import type { Action, Outcome, Proposal } from "../../contracts/actions.ts";
import type { DiscoveryState, InstanceState } from "./state.ts";

const proposal = (action: Action): Proposal => ({
  id: "p",
  capability: "discovery",
  field: "f",
  action,
  reason: { code: "c", text: "t", inputs: { taskId: idOf(1) } },
});
const at = { registry: SERVICE, instanceId: instanceId(1) };
const acts = {
  register: proposal({
    type: "register-instance",
    ...at,
    attributes: attributesOf(1),
    requestId: "request-1",
  }),
  deregister: proposal({ type: "deregister-instance", ...at }),
  health: proposal({ type: "set-instance-health", ...at, health: "UNHEALTHY" }),
};
const failed = (code: string, operationId?: string): Outcome => ({
  kind: "failed",
  code,
  message: "m",
  retry: true,
  ...(operationId === undefined ? {} : { operationId }),
});
const settleOne = (verb: keyof typeof acts, outcome: Outcome, state: DiscoveryState = stateOf()) =>
  settle(state, [{ proposal: acts[verb], outcome }]);
const done: Outcome = { kind: "done", operationId: "op" };
const inside = stateOf(allRegistered(1));

describe("an instance after an act", () => {
  it.each<{
    case: string;
    verb: keyof typeof acts;
    outcome: Outcome;
    before?: DiscoveryState;
    entry: Partial<InstanceState> | undefined;
  }>([
    {
      case: "register accepted",
      verb: "register",
      outcome: done,
      entry: { phase: "registering", operationId: "op", present: false, attempt: 1 },
    },
    {
      case: "an update accepted: it is in meanwhile",
      verb: "register",
      outcome: done,
      before: inside,
      entry: { phase: "registering", present: true },
    },
    {
      case: "register of unknown outcome keeps its request id",
      verb: "register",
      outcome: { kind: "unknown" },
      entry: { phase: "registering", requestId: "request-1" },
    },
    {
      case: "DuplicateRequest adopts the running operation",
      verb: "register",
      outcome: failed("busy", "theirs"),
      entry: { phase: "registering", operationId: "theirs", adopted: true },
    },
    {
      case: "DuplicateRequest of a removal, too",
      verb: "deregister",
      outcome: failed("busy", "theirs"),
      before: inside,
      entry: { phase: "deregistering", operationId: "theirs", adopted: true },
    },
    {
      case: "ResourceInUse waits",
      verb: "register",
      outcome: failed("busy"),
      entry: { phase: "waiting", registered: false, attempt: 1 },
    },
    {
      case: "a second failure counts",
      verb: "register",
      outcome: failed("busy"),
      before: stateOf({ [instanceId(1)]: waiting(1, { attempt: 1 }) }),
      entry: { phase: "waiting", attempt: 2 },
    },
    {
      case: "the attempt after a failure counts one more",
      verb: "register",
      outcome: done,
      before: stateOf({ [instanceId(1)]: waiting(1, { attempt: 3 }) }),
      entry: { phase: "registering", attempt: 4 },
    },
    {
      case: "an unknown outcome again is the same attempt, as old as it was",
      verb: "register",
      outcome: { kind: "unknown" },
      before: stateOf({ [instanceId(1)]: registering(1, { since: later(-9), attempt: 2 }) }),
      entry: { phase: "registering", since: later(-9), attempt: 2 },
    },
    {
      case: "a failed update is still in",
      verb: "register",
      outcome: failed("denied"),
      before: inside,
      entry: { phase: "waiting", registered: true },
    },
    {
      case: "removal accepted",
      verb: "deregister",
      outcome: done,
      before: inside,
      entry: { phase: "deregistering", operationId: "op" },
    },
    {
      case: "removal of what was not there",
      verb: "deregister",
      outcome: { kind: "done" },
      before: inside,
      entry: undefined,
    },
    {
      case: "removal of unknown outcome",
      verb: "deregister",
      outcome: { kind: "unknown" },
      before: inside,
      entry: { phase: "deregistering", since: NOW },
    },
    {
      case: "a failed removal is still in",
      verb: "deregister",
      outcome: failed("throttled"),
      before: inside,
      entry: { phase: "waiting", registered: true },
    },
    {
      case: "postponed: nothing happened",
      verb: "deregister",
      outcome: { kind: "postponed", code: "paused" },
      before: inside,
      entry: registered(1),
    },
    {
      case: "health told",
      verb: "health",
      outcome: { kind: "done" },
      before: inside,
      entry: { phase: "registered", health: "UNHEALTHY" },
    },
    {
      case: "health not told",
      verb: "health",
      outcome: failed("throttled"),
      before: inside,
      entry: registered(1),
    },
    {
      case: "health perhaps told",
      verb: "health",
      outcome: { kind: "unknown" },
      before: inside,
      entry: registered(1),
    },
  ])("$case", ({ verb, outcome, before, entry }) => {
    const after = entryOf(settleOne(verb, outcome, before).state, instanceId(1));
    if (entry === undefined) expect(after).toBeUndefined();
    else expect(after).toMatchObject(entry);
  });
});

describe("time", () => {
  it.each([
    { case: "an operation is polled", verb: "register", outcome: done, from: seconds(1), to: seconds(1) },
    {
      case: "a first failure waits two seconds, jittered",
      verb: "register",
      outcome: failed("busy"),
      from: seconds(2),
      to: seconds(2.5),
    },
    {
      case: "what needs an operator waits longest",
      verb: "register",
      outcome: failed("limit"),
      from: minutes(5),
      to: minutes(6.25),
    },
    {
      case: "postponed",
      verb: "register",
      outcome: { kind: "postponed", code: "kill-switch" },
      from: seconds(5),
      to: seconds(5),
    },
    {
      case: "health that was not told is told again",
      verb: "health",
      outcome: { kind: "unknown" },
      from: seconds(2),
      to: seconds(2.5),
    },
  ] as const)("$case", ({ verb, outcome, from, to }) => {
    const wait = (settleOne(verb, outcome, inside).wakeAt ?? 0) - NOW;
    expect(wait).toBeGreaterThanOrEqual(from);
    expect(wait).toBeLessThanOrEqual(to);
  });

  it("a throttle slows the whole registry, longer each time", () => {
    const slow = (attempt: number) => {
      const before = stateOf({ [instanceId(1)]: waiting(1, { attempt }) });
      return (
        (settleOne("register", failed("throttled"), before).state.registries[SERVICE]?.slowUntil ?? 0) - NOW
      );
    };
    expect([slow(1), slow(2), slow(50)]).toEqual([seconds(4), seconds(8), seconds(60)]);
    const { state } = settleOne("register", failed("throttled"));
    expect(codesOf(decideOn({ state, observation: observe([view(2)]) }))).toContain("throttled");
  });

  it("health of an instance that is gone has the registry listed", () => {
    const { state } = settleOne("health", failed("missing"), inside);
    expect(state.registries[SERVICE]?.listedAt).toBeUndefined();
  });
});

describe("drain before stop", () => {
  const stops = [{ taskId: idOf(1), at: NOW, by: "ann" }];
  const observation = observe([view(1), view(2)], { stops });
  const drained = (changes: object = {}): DiscoveryState => ({
    ...stateOf(allRegistered(2)),
    drains: { [idOf(1)]: { askedAt: NOW, outSince: NOW, ...changes } },
  });
  const stopOf = (state: DiscoveryState, now = later(seconds(30))) => decideOn({ state, observation, now });

  it("leaves every registry, waits until clients forgot it, then stops", () => {
    const first = decideOn({ state: stateOf(allRegistered(1, 2)), observation });
    expect([actsOf(first), codesOf(first)]).toEqual([[`deregister ${instanceId(1)}`], ["draining"]]);
    const out = decideOn({ state: stateOf(allRegistered(2)), observation });
    expect([actsOf(out), out.wakeAt, out.state.drains[idOf(1)]?.outSince]).toEqual([
      [],
      later(seconds(30)),
      NOW,
    ]);
    expect(actsOf(stopOf(out.state, later(seconds(29.9))))).toEqual([]);
    const stop = stopOf(out.state).proposals[0];
    expect(stop?.action).toMatchObject({ type: "stop-task", taskArn: view(1).fact.taskArn });
    expect(stop?.action.type === "stop-task" && stop.action.note).toContain("ann");
  });

  it("a registry that was not listed yet may hold it: not out", () => {
    const state: DiscoveryState = { registries: {}, drains: {}, leavingHosts: {} };
    expect(decideOn({ state, observation }).state.drains[idOf(1)]).toEqual({ askedAt: NOW });
  });

  it("found in a registry after all: the wait begins anew", () => {
    const state = { ...drained(), registries: stateOf(allRegistered(1, 2)).registries };
    expect(decideOn({ state, observation }).state.drains[idOf(1)]).toEqual({ askedAt: NOW });
  });

  it("the last that answers is not drained away", () => {
    const decision = decideOn({
      state: stateOf(allRegistered(1)),
      observation: observe([view(1)], { stops }),
    });
    expect([actsOf(decision), codesOf(decision)]).toEqual([[], ["last-healthy", "draining"]]);
  });

  it.each([
    { case: "asked once, ECS is given time", outcome: { kind: "done" }, wait: seconds(30) },
    { case: "a failure is tried again", outcome: failed("throttled"), wait: seconds(2) },
    { case: "an unknown outcome is tried again", outcome: { kind: "unknown" }, wait: seconds(2) },
  ] as const)("$case", ({ outcome, wait }) => {
    const now = later(seconds(30));
    const decision = stopOf(drained());
    const settled = decision.proposals.map((one) => ({ proposal: one, outcome }));
    const { state, wakeAt } = settle(decision.state, settled, now);
    expect((wakeAt ?? 0) - now).toBeGreaterThanOrEqual(wait);
    expect((wakeAt ?? 0) - now).toBeLessThanOrEqual(wait * 1.25);
    expect(actsOf(stopOf(state, now))).toEqual([]);
    expect(actsOf(decideOn({ state, observation, now: wakeAt ?? now }))).toHaveLength(1);
  });

  it.each(["STOPPED", "DELETED"] as const)("ends when the task is %s", (lastStatus) => {
    const ended = observe([view(1, { lastStatus }), view(2)], { stops });
    expect(decideOn({ state: drained(), observation: ended }).state.drains).toEqual({});
  });

  it("a task that ECS stops already is not stopped again", () => {
    const leaving = observe([view(1, { desiredStatus: "STOPPED" }), view(2)], { stops });
    expect(actsOf(decideOn({ state: drained(), observation: leaving, now: later(minutes(9)) }))).toEqual([]);
  });
});

it("settles many acts at once without touching other registries", () => {
  const before = stateOf(allRegistered(1), {});
  const others = { ...before, registries: { ...before.registries, other: { instances: {}, foreign: 0 } } };
  const after = settleOne("deregister", done, others).state;
  expect(after.registries["other"]).toBe(others.registries.other);
});
