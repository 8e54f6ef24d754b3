// What a pass learns from its reads, and when it wants to look again.

import { describe, expect, it } from "vitest";
import type { Case } from "../../../test/support/discovery-builders.ts";
import {
  actsOf,
  allRegistered,
  attributesOf,
  codesOf,
  decideOn,
  entryOf,
  host,
  hostArn,
  instanceId,
  later,
  NOW,
  observe,
  ours,
  policyOf,
  registering,
  registryPolicy,
  SERVICE,
  settings,
  stateOf,
  view,
  waiting,
} from "../../../test/support/discovery-builders.ts";
import { minutes, seconds } from "../../base/time.ts";

const needsHealth = policyOf({ registries: [registryPolicy({ requireHealthy: true })] });
const customHealth = { settings: settings({ customHealth: true }) };
const register = (number: number) => `register ${instanceId(number)}`;
const hosted = (number: number) =>
  view(number, { containerInstanceArn: hostArn("h1"), launchType: "EC2" }, { host: host() });

describe("wakeAt", () => {
  const old = { startedAt: later(-minutes(10)) };
  it.each([
    {
      case: "settled: never",
      input: { state: stateOf(allRegistered(1)), observation: observe([view(1)]) },
      at: undefined,
    },
    {
      case: "an operation is polled after a second at first",
      input: {
        state: stateOf({ [instanceId(1)]: registering(1, { operationId: "op" }) }),
        observation: observe([view(1)]),
      },
      at: seconds(1),
    },
    {
      case: "then as long as it has run",
      input: {
        state: stateOf({ [instanceId(1)]: registering(1, { operationId: "op", since: later(-8_000) }) }),
        observation: observe([view(1)]),
      },
      at: seconds(8),
    },
    {
      case: "but within half a minute",
      input: {
        state: stateOf({ [instanceId(1)]: registering(1, { operationId: "op", since: later(-200_000) }) }),
        observation: observe([view(1)]),
      },
      at: seconds(30),
    },
    {
      case: "a failed try",
      input: {
        state: stateOf({ [instanceId(1)]: waiting(1, { nextTryAt: later(777) }) }),
        observation: observe([view(1)]),
      },
      at: 777,
    },
    {
      case: "unproven health",
      input: { observation: observe([view(1, old)]), policy: needsHealth },
      at: seconds(30),
    },
    {
      case: "unhealthy, to see it recover",
      input: {
        state: stateOf(allRegistered(1)),
        observation: observe([view(1, { ...old, health: "UNHEALTHY" })], { registry: customHealth }),
        policy: needsHealth,
      },
      at: seconds(30),
    },
    {
      case: "no address yet",
      input: { observation: observe([view(1, { interfaces: [{}] })]) },
      at: seconds(15),
    },
    {
      case: "tags that a template needs",
      input: {
        observation: observe([view(1)]),
        policy: policyOf({ registries: [registryPolicy({ attributes: { t: "{{tag_x}}" } })] }),
      },
      at: seconds(15),
    },
    {
      case: "the share: at once the next",
      input: {
        state: stateOf(allRegistered(1, 2)),
        observation: observe([]),
        policy: policyOf({ maxRemoveShare: 0.1 }),
      },
      at: seconds(1),
    },
    {
      case: "the last healthy: later",
      input: {
        state: stateOf(allRegistered(1)),
        observation: observe([view(1, { desiredStatus: "STOPPED" })]),
      },
      at: seconds(30),
    },
    {
      case: "throttled: when it may write again",
      input: { state: stateOf({}, { slowUntil: later(9_000) }), observation: observe([view(1)]) },
      at: seconds(9),
    },
    {
      case: "full: half a minute",
      input: { state: stateOf({}, { foreign: 1_000 }), observation: observe([view(1)]) },
      at: seconds(30),
    },
    {
      case: "unlisted",
      input: { state: { registries: {}, drains: {}, leavingHosts: {} }, observation: observe([]) },
      at: seconds(1),
    },
    {
      case: "unreadable for now",
      input: {
        observation: observe([], {
          registries: { [SERVICE]: { problem: { code: "transient", message: "" } } },
        }),
      },
      at: seconds(15),
    },
    {
      case: "unreadable until an operator acts",
      input: {
        observation: observe([], { registries: { [SERVICE]: { problem: { code: "denied", message: "" } } } }),
      },
      at: minutes(5),
    },
  ] satisfies readonly { case: string; input: Case; at: number | undefined }[])("$case", ({ input, at }) => {
    expect(decideOn(input).wakeAt).toBe(at === undefined ? undefined : NOW + at);
  });
});

describe("what a pass learns", () => {
  const after = (input: Case, id = instanceId(1)) => entryOf(decideOn(input).state, id);
  const running = stateOf({ [instanceId(1)]: registering(1, { operationId: "op", attempt: 2 }) });

  it.each([
    "ACCESS_DENIED",
    "CANNOT_CREATE_HOSTED_ZONE",
    "EXPIRED_TOKEN",
    "HOSTED_ZONE_NOT_FOUND",
    "INTERNAL_FAILURE",
    "INTERNAL_SERVER_ERROR",
    "INVALID_CHANGE_BATCH",
    "THROTTLED_REQUEST",
    "OPERATION_NOT_FOUND",
  ])("an operation failed with %s: waits, by its code", (code) => {
    const handsOn = ["ACCESS_DENIED", "CANNOT_CREATE_HOSTED_ZONE", "HOSTED_ZONE_NOT_FOUND"].includes(code);
    const operations = { op: { status: "failed", code, message: "m" } } as const;
    const decision = decideOn({ state: running, observation: observe([view(1)], { operations }) });
    const entry = entryOf(decision.state, instanceId(1));
    expect(entry).toMatchObject({ phase: "waiting", registered: false, attempt: 2, code });
    const wait = entry?.phase === "waiting" ? entry.nextTryAt - NOW : 0;
    expect(wait).toBeGreaterThanOrEqual(handsOn ? minutes(5) : seconds(4));
    expect(wait).toBeLessThanOrEqual((handsOn ? minutes(5) : seconds(4)) * 1.25);
    const slow = decision.state.registries[SERVICE]?.slowUntil;
    expect(slow === undefined).toBe(code !== "THROTTLED_REQUEST");
  });

  it("an adopted operation's end says nothing: the registry is listed", () => {
    const state = stateOf({ [instanceId(1)]: registering(1, { operationId: "op", adopted: true }) });
    const decision = decideOn({
      state,
      observation: observe([view(1)], { operations: { op: { status: "success" } } }),
    });
    expect(codesOf(decision)).toContain("registry-unlisted");
    const listing = [{ ...ours(1), attributes: { ...attributesOf(1), AWS_INSTANCE_PORT: "1" } }];
    const next = decideOn({
      state: decision.state,
      observation: observe([view(1)], { registry: { listing } }),
    });
    expect(actsOf(next)).toEqual([register(1)]);
  });

  it.each([
    {
      case: "an operation that is pending for too long",
      entry: registering(1, { operationId: "op", since: later(-minutes(6)) }),
    },
    { case: "a call whose outcome stays unknown", entry: registering(1, { since: later(-minutes(6)) }) },
  ])("$case is looked up by listing", ({ entry }) => {
    const decision = decideOn({
      state: stateOf({ [instanceId(1)]: entry }),
      observation: observe([view(1)]),
    });
    expect(decision.state.registries[SERVICE]?.listedAt).toBeUndefined();
    expect(codesOf(decision)).toContain("registry-unlisted");
    const next = (listing: readonly ReturnType<typeof ours>[]) =>
      after({ state: decision.state, observation: observe([view(1)], { registry: { listing } }) });
    expect(next([ours(1)])).toMatchObject({ phase: "registered" });
    expect(next([])).toBeUndefined();
  });

  it("counts what others hold, and remembers the registry's place", () => {
    const listing = [ours(1), { instanceId: "x", attributes: {} }];
    const { state } = decideOn({ observation: observe([view(1)], { registry: { listing, revision: 5 } }) });
    expect(state.registries[SERVICE]).toMatchObject({
      foreign: 1,
      place: { name: "web", namespaceName: "shop.test" },
      seenRevision: 5,
    });
  });

  it("a host's departure, until it is back or nobody runs there", () => {
    const gone = decideOn({ observation: observe([hosted(1)], { hosts: { [hostArn("h1")]: true } }) }).state;
    expect(Object.keys(gone.leavingHosts)).toEqual([hostArn("h1")]);
    const back = decideOn({
      state: gone,
      observation: observe([hosted(1)], { hosts: { [hostArn("h1")]: false } }),
    });
    expect([back.state.leavingHosts, actsOf(back)]).toEqual([{}, [register(1)]]);
    expect(decideOn({ state: gone, observation: observe([view(1)]) }).state.leavingHosts).toEqual({});
  });

  it.each([
    { case: "empty", state: stateOf(), problem: undefined },
    {
      case: "deleted",
      state: stateOf(allRegistered(1)),
      problem: { code: "missing", message: "no such service" },
    },
  ])("a registry that the policy dropped is forgotten once it is $case", ({ state, problem }) => {
    const observation = observe([], {
      registries: { [SERVICE]: problem === undefined ? { settings: settings() } : { problem } },
    });
    expect(decideOn({ state, observation, policy: policyOf({ registries: [] }) }).state.registries).toEqual(
      {},
    );
  });

  it("keeps the text of a state that taught nothing: nothing is written then", () => {
    const listing = [ours(1)];
    const first = decideOn({ observation: observe([view(1)], { registry: { listing, revision: 5 } }) }).state;
    expect(JSON.stringify(decideOn({ state: first, observation: observe([view(1)]) }).state)).toBe(
      JSON.stringify(first),
    );
  });

  it("tells each reason once, and never a flood", () => {
    const many = Array.from({ length: 100 }, (_, index) => view(index + 1, { interfaces: [{}] }));
    expect(decideOn({ observation: observe(many) }).reasons.length).toBeLessThanOrEqual(20);
  });
});
