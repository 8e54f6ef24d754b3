// What holds for any state, observation and policy, also for hostile ones.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attributesOf,
  container,
  deregistering,
  hostArn,
  idOf,
  instanceId,
  KEY,
  later,
  NOW,
  observe,
  ours,
  policyOf,
  registered,
  registering,
  registryPolicy,
  SERVICE,
  settings,
  view,
  waiting,
} from "../../../test/support/discovery-builders.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs, epochMs, millis } from "../../base/time.ts";
import { TASK_STATUSES } from "../../contracts/facts.ts";
import type { DiscoveryPolicy } from "../../contracts/policy.ts";
import type { OperationStatus } from "../../contracts/registry.ts";
import type { DecideInput } from "../capability.ts";
import { discovery } from "./decide.ts";
import { MAX_INSTANCES } from "./guards.ts";
import type { DiscoveryObservation } from "./observation.ts";
import { stillAnswers } from "./standing.ts";
import type { DiscoveryState, InstanceState } from "./state.ts";
import { isIn } from "./state.ts";

type Input = DecideInput<DiscoveryState, DiscoveryObservation, DiscoveryPolicy>;

const numbers = fc.integer({ min: 1, max: 9 });
const hostile = fc.oneof(
  fc.constantFrom(0, -1, 0.5, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 1e15),
  fc.integer(),
);
const instants = fc.oneof(
  fc.integer({ min: -600_000, max: 600_000 }).map((by): EpochMs => later(by)),
  hostile.map(epochMs),
);
const healths = fc.constantFrom("HEALTHY", "UNHEALTHY", "UNKNOWN");

const tasks = fc.uniqueArray(
  fc.record({
    number: numbers,
    lastStatus: fc.constantFrom(...TASK_STATUSES),
    desiredStatus: fc.constantFrom("RUNNING", "RUNNING", "STOPPED", "", "PERHAPS"),
    health: healths,
    hasAddress: fc.boolean(),
    onHost: fc.boolean(),
    containers: fc.array(fc.constantFrom("RUNNING", "PENDING", "STOPPED", "ODD"), { maxLength: 2 }),
    at: instants,
  }),
  { selector: ({ number }) => number, maxLength: 9 },
);

const viewsOf = tasks.map((rows) =>
  rows.map(({ number, hasAddress, onHost, containers, ...changes }) => {
    const { interfaces } = view(number).fact;
    return view(number, {
      ...changes,
      startedAt: changes.at,
      interfaces: hasAddress ? interfaces : [],
      containers: containers.map((lastStatus, index) => container({ name: `c${index}`, lastStatus })),
      ...(onHost ? { containerInstanceArn: hostArn("h1") } : {}),
    });
  }),
);

const operationIds = fc.constantFrom("op-1", "op-2", "op-3");
const hashes = (number: number) => fc.constantFrom(registeredHash(number), "another");
const registeredHash = (number: number): string => registered(number).hash;
const attempts = fc.oneof(fc.integer({ min: 1, max: 5 }), hostile);

function entryFor(number: number): fc.Arbitrary<InstanceState> {
  const maybeOperation = fc.option(operationIds, { nil: undefined });
  const operation = (id: string | undefined) => (id === undefined ? {} : { operationId: id });
  return fc.oneof(
    fc.record({ hash: hashes(number), health: healths }).map((changes) => registered(number, changes)),
    fc
      .tuple(
        fc.record({ hash: hashes(number), present: fc.boolean(), since: instants, attempt: attempts }),
        maybeOperation,
      )
      .map(([changes, id]) => registering(number, { ...changes, ...operation(id) })),
    fc
      .tuple(fc.record({ since: instants, attempt: attempts }), maybeOperation)
      .map(([changes, id]) => deregistering(number, { ...changes, ...operation(id) })),
    fc
      .record({
        registered: fc.boolean(),
        attempt: attempts,
        nextTryAt: instants,
        code: fc.constantFrom("busy", "throttled", "limit", "odd"),
      })
      .map((changes) => waiting(number, changes)),
  );
}

const instances = fc
  .uniqueArray(numbers, { maxLength: 9 })
  .chain((ids) =>
    fc.tuple(...ids.map((number) => entryFor(number).map((entry) => [instanceId(number), entry] as const))),
  )
  .map((entries) => Object.fromEntries(entries));

const states: fc.Arbitrary<DiscoveryState> = fc
  .record({
    instances,
    listed: fc.boolean(),
    foreign: fc.constantFrom(0, 1, 995, 2_000),
    slowUntil: fc.option(instants, { nil: undefined }),
    leaving: fc.boolean(),
  })
  .map(({ listed, slowUntil, leaving, ...registry }) => ({
    registries: {
      [SERVICE]: {
        ...registry,
        ...(listed ? { listedAt: NOW } : {}),
        ...(slowUntil === undefined ? {} : { slowUntil }),
      },
    },
    drains: {},
    leavingHosts: leaving ? { [hostArn("h1")]: NOW } : {},
  }));

const policies = fc
  .record({
    requireHealthy: fc.boolean(),
    maxRemoveShare: fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), hostile),
    force: fc.boolean(),
    ports: fc.uniqueArray(fc.constantFrom(8080, 9000), { maxLength: 2 }),
  })
  .map(({ requireHealthy, ports, ...rest }) =>
    policyOf({ ...rest, registries: ports.map((port) => registryPolicy({ requireHealthy, port })) }),
  );

const statuses = fc.constantFrom<OperationStatus>(
  { status: "pending" },
  { status: "success" },
  { status: "failed", code: "INTERNAL_FAILURE", message: "" },
  { status: "failed", code: "THROTTLED_REQUEST", message: "" },
);

const foreignInstance = {
  instanceId: instanceId(1, "theirs"),
  attributes: { ...attributesOf(1), "fairlead.owner": "x" },
};

const observations = fc
  .record({
    views: viewsOf,
    operations: fc.dictionary(operationIds, statuses),
    listing: fc.option(
      fc.uniqueArray(numbers).map((ids) => [...ids.map(ours), foreignInstance]),
      { nil: undefined },
    ),
    customHealth: fc.boolean(),
    stops: fc.array(numbers, { maxLength: 2 }),
    hosts: fc.constantFrom({}, { [hostArn("h1")]: true }, { [hostArn("h1")]: false }),
  })
  .map(({ views, operations, listing, customHealth, stops, hosts }) =>
    observe(views, {
      operations,
      hosts,
      stops: stops.map((number) => ({ taskId: idOf(number), at: NOW, by: "ann" })),
      registry: { settings: settings({ customHealth }), ...(listing === undefined ? {} : { listing }) },
    }),
  );

const inputs: fc.Arbitrary<Input> = fc
  .record({ state: states, observation: observations, policy: policies, seed: fc.integer() })
  .map((parts) => ({ ...parts, key: KEY, now: NOW }));

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}

const registryOf = (state: DiscoveryState) => state.registries[SERVICE] ?? { instances: {}, foreign: 0 };
const holds = (check: (input: Input, decision: ReturnType<typeof discovery.decide>) => void): void => {
  fc.assert(
    fc.property(inputs, (input) => {
      check(input, discovery.decide(frozen(input)));
    }),
    { numRuns: 400 },
  );
};
const removals = (decision: ReturnType<typeof discovery.decide>) =>
  decision.proposals.flatMap(({ action }) =>
    action.type === "deregister-instance" ? [action.instanceId] : [],
  );

describe("any state, observation and policy", () => {
  it("is decided alike twice, without changing what was given", () => {
    holds((input, decision) => expect(discovery.decide(input)).toEqual(decision));
  });

  it("is looked at again later than now, and always has a reason", () => {
    holds((input, { wakeAt, reasons }) => {
      if (wakeAt !== undefined) expect(wakeAt).toBeGreaterThan(input.now);
      expect(reasons.length).toBeGreaterThan(0);
    });
  });

  it("has one proposal for a field, and an id for each", () => {
    holds((_input, { proposals }) => {
      expect(new Set(proposals.map(({ field }) => field)).size).toBe(proposals.length);
      expect(new Set(proposals.map(({ id }) => id)).size).toBe(proposals.length);
    });
  });

  it("never removes what does not carry our mark", () => {
    holds((_input, decision) => {
      const known = registryOf(decision.state).instances;
      for (const id of removals(decision)) expect(known).toHaveProperty([id]);
      expect(removals(decision)).not.toContain(foreignInstance.instanceId);
    });
  });

  it("never registers a task that does not run, nor more than 1,000 instances", () => {
    holds(({ observation }, { proposals, state }) => {
      const registry = registryOf(state);
      let total = registry.foreign + Object.keys(registry.instances).length;
      for (const { action } of proposals) {
        if (action.type !== "register-instance") continue;
        const task = Object.values(observation.tasks).find(({ fact }) =>
          action.instanceId.startsWith(fact.taskId),
        );
        expect(task?.fact).toMatchObject({ lastStatus: "RUNNING" });
        expect(task?.fact.desiredStatus).not.toBe("STOPPED");
        if (registry.instances[action.instanceId] === undefined) total += 1;
        if (registry.instances[action.instanceId] === undefined)
          expect(total).toBeLessThanOrEqual(MAX_INSTANCES);
      }
    });
  });

  it("removes no more than its share, and never the last that answers, unless forced", () => {
    holds(({ observation, policy }, decision) => {
      if (policy.force) return;
      const entries = Object.entries(registryOf(decision.state).instances).filter(([, entry]) => isIn(entry));
      const share = policy.maxRemoveShare > 0 ? Math.min(policy.maxRemoveShare, 1) : 0;
      const gone = removals(decision);
      expect(gone.length).toBeLessThanOrEqual(Math.max(1, Math.floor(entries.length * share)));
      const answering = entries.filter(([, { taskId }]) => {
        const task = observation.tasks[taskId];
        const named = task?.fact.containers.some(({ lastStatus }) => lastStatus !== "STOPPED") ?? false;
        return stillAnswers(task) && (named || task?.fact.containers.length === 0);
      });
      const left = answering.filter(([id]) => !gone.includes(id));
      if (answering.length > 0) expect(left.length).toBeGreaterThan(0);
    });
  });
});

/** Cloud Map that does as it is told: every accepted operation ends well before the next look. */
function runToRest(input: Input, rounds: number) {
  const operations: Record<string, OperationStatus> = {};
  for (const status of ["op-1", "op-2", "op-3"]) operations[status] = { status: "success" };
  let { state, now } = input;
  let quiet = 0;
  for (let round = 0; round < rounds; round += 1) {
    const entries = Object.values(registryOf(state).instances);
    const listing = entries.some((entry) => entry.phase === "waiting")
      ? undefined
      : Object.entries(registryOf(state).instances).flatMap(([id, entry]) =>
          isIn(entry) ? [[id, entry] as const] : [],
        );
    const mustList = registryOf(state).listedAt === undefined;
    const registry = {
      settings: input.observation.registries[SERVICE]?.settings ?? settings(),
      ...(mustList ? { listing: (listing ?? []).map(([id]) => ({ ...ours(1), instanceId: id })) } : {}),
    };
    const observation = {
      ...input.observation,
      operations,
      hosts: {},
      stops: [],
      registries: { [SERVICE]: registry },
    };
    const decision = discovery.decide({ ...input, state, observation, now });
    quiet = decision.proposals.length === 0 && decision.wakeAt === undefined ? quiet + 1 : 0;
    if (quiet === 2) return { state: decision.state, observation };
    const settled = decision.proposals.map((proposal, index) => {
      const operationId = `${round}-${index}`;
      operations[operationId] = { status: "success" };
      const isHealth = proposal.action.type === "set-instance-health";
      return {
        proposal,
        outcome: isHealth ? { kind: "done" as const } : { kind: "done" as const, operationId },
      };
    });
    const after = discovery.settle({ state: decision.state, settled, now, seed: input.seed });
    state = after.state;
    now = addMs(now, millis(20_000));
  }
  return { state, observation: input.observation, tired: true };
}

describe("a world that obeys", () => {
  const sane = inputs.map((input) => {
    const registry = registryOf(input.state);
    const { slowUntil: _slow, ...rest } = registry;
    const entries = Object.entries(registry.instances).map(([id, entry]) => {
      const timed = "since" in entry ? { ...entry, since: NOW } : entry;
      return [id, timed.phase === "waiting" ? { ...timed, nextTryAt: NOW } : timed] as const;
    });
    const state = {
      ...input.state,
      registries: {
        [SERVICE]: {
          ...rest,
          foreign: 0,
          instances: Object.fromEntries(entries) as Record<string, InstanceState>,
        },
      },
    };
    const views = Object.entries(input.observation.tasks).map(([id, task]) => {
      const settledTask = {
        ...task.fact,
        interfaces: view(1).fact.interfaces,
        health: task.fact.health === "HEALTHY" ? task.fact.health : ("HEALTHY" as const),
        desiredStatus: task.fact.lastStatus === "RUNNING" ? "RUNNING" : "STOPPED",
        lastStatus: task.fact.lastStatus === "RUNNING" ? task.fact.lastStatus : ("STOPPED" as const),
        containers: [container()],
      };
      return [id, { ...task, fact: settledTask }] as const;
    });
    return {
      ...input,
      state: { ...state, leavingHosts: {} },
      observation: { ...input.observation, tasks: Object.fromEntries(views) },
      policy: { ...input.policy, registries: [registryPolicy()] },
    };
  });

  it("comes to rest with exactly the running tasks registered, and then nothing is proposed", () => {
    fc.assert(
      fc.property(sane, (input) => {
        const { state, observation, tired } = runToRest(input, 40);
        expect(tired).toBeUndefined();
        const expected = Object.values(observation.tasks)
          .filter(({ fact }) => fact.lastStatus === "RUNNING")
          .map(({ fact }) => `${fact.taskId}-8080`);
        const entries = registryOf(state).instances;
        expect(Object.keys(entries).sort()).toEqual(expected.sort());
        expect(Object.values(entries).every(({ phase }) => phase === "registered")).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
