// Decisions by table: refused registries, drift, policy changes, operations under way.

import { describe, expect, it } from "vitest";
import type { Case } from "../../../test/support/discovery-builders.ts";
import {
  actsOf,
  allRegistered,
  attributesOf,
  codesOf,
  decideOn,
  deregistering,
  idOf,
  instanceId,
  later,
  listedRegistry,
  observe,
  ours,
  policyOf,
  registered,
  registering,
  registryPolicy,
  SERVICE,
  settings,
  stateOf,
  view,
  waiting,
} from "../../../test/support/discovery-builders.ts";
import { hashOf, OWNER_ATTRIBUTE } from "./attributes.ts";

interface Row extends Case {
  readonly case: string;
  readonly acts: readonly string[];
  readonly codes?: readonly string[];
}

function check({ acts, codes, ...input }: Row): void {
  const decision = decideOn(input);
  expect(actsOf(decision)).toEqual([...acts].sort());
  for (const code of codes ?? []) expect(codesOf(decision)).toContain(code);
}

const register = (number: number) => `register ${instanceId(number)}`;
const deregister = (number: number) => `deregister ${instanceId(number)}`;
const customHealth = { settings: settings({ customHealth: true }) };

const refused: readonly Row[] = [
  {
    case: "Service Connect's own registry",
    state: stateOf(allRegistered(2)),
    observation: observe([view(1)], { registry: { settings: settings({ ecsManaged: true }) } }),
    acts: [],
    codes: ["ecs-managed"],
  },
  {
    case: "a registry that ECS itself writes (serviceRegistries)",
    observation: observe([view(1)], {
      registry: { listing: [{ instanceId: idOf(9), attributes: { ECS_SERVICE_NAME: "crane" } }] },
    }),
    acts: [],
    codes: ["ecs-registry"],
  },
  {
    case: "CNAME records",
    observation: observe([view(1)], { registry: { settings: settings({ recordTypes: ["CNAME"] }) } }),
    acts: [],
    codes: ["record-type"],
  },
  {
    case: "SRV records without a port",
    observation: observe([view(1)], { registry: { settings: settings({ recordTypes: ["SRV"] }) } }),
    policy: policyOf({
      registries: [{ service: SERVICE, address: "ipv4", requireHealthy: false, attributes: {} }],
    }),
    acts: [],
    codes: ["port-required"],
  },
  {
    case: "a registry that could not be read",
    observation: observe([view(1)], {
      registries: { [SERVICE]: { problem: { code: "throttled", message: "later" } } },
    }),
    acts: [],
    codes: ["registry-unreadable"],
  },
  {
    case: "a registry that was never listed",
    state: { registries: {}, drains: {}, leavingHosts: {} },
    observation: observe([view(1)]),
    acts: [],
    codes: ["registry-unlisted"],
  },
  {
    case: "a registry that rests after a throttle",
    state: stateOf(allRegistered(2), { slowUntil: later(1) }),
    observation: observe([view(1)]),
    acts: [],
    codes: ["throttled"],
  },
  {
    case: "room for one more of two",
    state: stateOf({}, { foreign: 999 }),
    observation: observe([view(1), view(2)]),
    acts: [register(1)],
    codes: ["registry-full"],
  },
  {
    case: "a full registry still updates what is in it",
    state: stateOf({ [instanceId(1)]: registered(1, { hash: "old" }) }, { foreign: 999 }),
    observation: observe([view(1)]),
    acts: [register(1)],
  },
];

const drifted: readonly Row[] = [
  {
    case: "somebody removed an instance: registered again",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1)], { registry: { listing: [] } }),
    acts: [register(1)],
  },
  {
    case: "an orphan with our mark is removed",
    observation: observe([view(1)], { registry: { listing: [ours(1), ours(2)] } }),
    acts: [deregister(2)],
  },
  {
    case: "what others registered is never touched",
    observation: observe([], {
      registry: {
        listing: [
          { ...ours(1), attributes: { ...attributesOf(1), [OWNER_ATTRIBUTE]: "another:installation" } },
          { instanceId: instanceId(2), attributes: { AWS_INSTANCE_IPV4: "10.0.0.2" } },
        ],
      },
    }),
    acts: [],
    codes: ["in-sync"],
  },
  {
    case: "our memory of an instance that a listing does not have is no reason to remove anything",
    state: stateOf(allRegistered(5)),
    observation: observe([], { registry: { listing: [] } }),
    acts: [],
  },
  {
    case: "somebody changed its attributes: written again",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1)], {
      registry: { listing: [{ ...ours(1), attributes: { ...attributesOf(1), AWS_INSTANCE_PORT: "1" } }] },
    }),
    acts: [register(1)],
  },
  {
    case: "a lost memory is read back from the registry",
    state: { registries: {}, drains: {}, leavingHosts: {} },
    observation: observe([view(1)], { registry: { listing: [ours(1)] } }),
    acts: [],
    codes: ["in-sync"],
  },
  {
    case: "custom health that no listing tells is told again",
    observation: observe([view(1)], { registry: { ...customHealth, listing: [ours(1)] } }),
    acts: [`set ${instanceId(1)}`],
  },
];

const policies: readonly Row[] = [
  {
    case: "attributes changed",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1)]),
    policy: policyOf({ registries: [registryPolicy({ attributes: { rev: "{{revision}}" } })] }),
    acts: [register(1)],
  },
  {
    case: "registry removed: emptied down to the last that answers",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2)]),
    policy: policyOf({ registries: [] }),
    acts: [deregister(1)],
    codes: ["last-healthy"],
  },
  {
    case: "registry removed by force: emptied",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2)]),
    policy: policyOf({ registries: [], force: true }),
    acts: [deregister(1), deregister(2)],
  },
  {
    case: "the task of a removed registry stopped: a tombstone is not alive",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1, { lastStatus: "STOPPED" })]),
    policy: policyOf({ registries: [] }),
    acts: [deregister(1)],
  },
  {
    case: "a renamed port: the old name goes once the new one answers",
    state: stateOf({ ...allRegistered(1), [instanceId(1, "http")]: registered(1) }),
    observation: observe([view(1)]),
    policy: policyOf({ registries: [registryPolicy({ portName: "http" })] }),
    acts: [deregister(1)],
  },
  {
    case: "a renamed port: until then the old name stays",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1)]),
    policy: policyOf({ registries: [registryPolicy({ portName: "http" })] }),
    acts: [`register ${instanceId(1, "http")}`],
    codes: ["last-healthy"],
  },
  {
    case: "two ports in one registry",
    observation: observe([view(1)]),
    policy: policyOf({ registries: [registryPolicy(), registryPolicy({ port: 9000, portName: "admin" })] }),
    acts: [register(1), `register ${instanceId(1, "admin")}`],
  },
];

const operations: readonly Row[] = [
  {
    case: "while one runs, its instance is left alone",
    state: stateOf({ [instanceId(1)]: registering(1, { operationId: "op" }) }),
    observation: observe([view(1, { lastStatus: "STOPPED" })], { operations: { op: { status: "pending" } } }),
    acts: [],
    codes: ["operations-running"],
  },
  {
    case: "it succeeded while the task left: out again",
    state: stateOf({ ...allRegistered(2), [instanceId(1)]: registering(1, { operationId: "op" }) }),
    observation: observe([view(1, { desiredStatus: "STOPPED" }), view(2)], {
      operations: { op: { status: "success" } },
    }),
    acts: [deregister(1)],
  },
  {
    case: "a removal succeeded and the task is wanted again",
    state: stateOf({ [instanceId(1)]: deregistering(1, { operationId: "op" }) }),
    observation: observe([view(1)], { operations: { op: { status: "success" } } }),
    acts: [register(1)],
  },
  {
    case: "a removal of unknown outcome, and the task is wanted again",
    state: stateOf({ [instanceId(1)]: deregistering(1) }),
    observation: observe([view(1)]),
    acts: [register(1)],
  },
  {
    case: "a removal of unknown outcome is finished beside others that answer",
    state: stateOf({ ...allRegistered(2), [instanceId(1)]: deregistering(1) }),
    observation: observe([view(1, { desiredStatus: "STOPPED" }), view(2)]),
    acts: [deregister(1)],
  },
  {
    case: "a failed try waits for its time",
    state: stateOf({ [instanceId(1)]: waiting(1, { nextTryAt: later(1) }) }),
    observation: observe([view(1)]),
    acts: [],
    codes: ["waiting"],
  },
  {
    case: "its time has come",
    state: stateOf({ [instanceId(1)]: waiting(1) }),
    observation: observe([view(1)]),
    acts: [register(1)],
  },
];

describe.each([
  ["refusals", refused],
  ["drift", drifted],
  ["policy changes", policies],
  ["operations", operations],
] as const)("%s", (_name, rows) => {
  it.each(rows)("$case", check);
});

describe("a proposal", () => {
  it("carries mark, address and initial health", () => {
    const [proposal] = decideOn({ observation: observe([view(1)], { registry: customHealth }) }).proposals;
    expect(proposal?.action).toMatchObject({
      type: "register-instance",
      registry: SERVICE,
      attributes: { ...attributesOf(1), AWS_INIT_HEALTH_STATUS: "HEALTHY" },
    });
  });

  it("repeats the request id while the outcome is unknown, and takes a new one for other attributes", () => {
    const idFor = (hash: string) => {
      const state = stateOf({ [instanceId(1)]: registering(1, { hash }) });
      const action = decideOn({ state, observation: observe([view(1)]) }).proposals[0]?.action;
      return action?.type === "register-instance" ? action.requestId : undefined;
    };
    expect(idFor(hashOf(attributesOf(1)))).toBe("request-1");
    expect(idFor("other")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("names the port of a registry of another account by its ARN", () => {
    const arn = "arn:aws:servicediscovery:eu-west-3:999988887777:service/srv-shared";
    const { proposals } = decideOn({
      state: { registries: { [arn]: listedRegistry() }, drains: {}, leavingHosts: {} },
      observation: observe([view(1)], { registries: { [arn]: { settings: settings({ serviceId: arn }) } } }),
      policy: policyOf({ registries: [registryPolicy({ service: arn })] }),
    });
    expect(proposals.map(({ action }) => "registry" in action && action.registry)).toEqual([arn]);
  });
});
