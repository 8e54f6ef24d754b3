// Decisions by table: who enters, who leaves, and what the guards hold.

import { describe, expect, it } from "vitest";
import type { Case } from "../../../test/support/discovery-builders.ts";
import {
  actsOf,
  allRegistered,
  codesOf,
  container,
  decideOn,
  deregistering,
  host,
  hostArn,
  idOf,
  instanceId,
  NOW,
  observe,
  policyOf,
  registered,
  registering,
  registryPolicy,
  settings,
  stateOf,
  view,
} from "../../../test/support/discovery-builders.ts";

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
const needsHealth = policyOf({ registries: [registryPolicy({ requireHealthy: true })] });
const customHealth = { settings: settings({ customHealth: true }) };
const hosted = (number: number) =>
  view(number, { containerInstanceArn: hostArn("h1"), launchType: "EC2" }, { host: host() });

const entering: readonly Row[] = [
  { case: "a running task is registered", observation: observe([view(1)]), acts: [register(1)] },
  { case: "no task, nothing to do", observation: observe([]), acts: [], codes: ["in-sync"] },
  {
    case: "what is registered as it should be stays",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1)]),
    acts: [],
    codes: ["in-sync"],
  },
  {
    case: "a standalone task of a group is registered like any other",
    observation: observe([view(1, { group: "family:report", startedBy: "nightly" })]),
    acts: [register(1)],
  },
  ...(["PROVISIONING", "PENDING", "ACTIVATING"] as const).map((lastStatus) => ({
    case: `${lastStatus} is too early`,
    observation: observe([view(1, { lastStatus })]),
    acts: [],
  })),
  ...(["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"] as const).map((lastStatus) => ({
    case: `${lastStatus} is never registered`,
    observation: observe([view(1, { lastStatus })]),
    acts: [],
  })),
  {
    case: "asked to stop while it starts",
    observation: observe([view(1, { lastStatus: "PENDING", desiredStatus: "STOPPED" })]),
    acts: [],
  },
  {
    case: "its container does not run yet",
    observation: observe([view(1, { containers: [container({ lastStatus: "PENDING" })] })]),
    acts: [],
  },
  {
    case: "HEALTHY is asked for and not known",
    observation: observe([view(1)]),
    policy: needsHealth,
    acts: [],
    codes: ["unproven"],
  },
  {
    case: "HEALTHY is asked for and told",
    observation: observe([view(1, { health: "HEALTHY" })]),
    policy: needsHealth,
    acts: [register(1)],
  },
  {
    case: "the named container's health counts, not the task's",
    observation: observe([view(1, { health: "HEALTHY", containers: [container({ health: "UNHEALTHY" })] })]),
    policy: policyOf({ registries: [registryPolicy({ requireHealthy: true, container: "web" })] }),
    acts: [],
  },
  {
    case: "an address that is not known is asked for again",
    observation: observe([view(1, { interfaces: [{}] })]),
    acts: [],
    codes: ["address-unknown"],
  },
];

const leaving: readonly Row[] = [
  {
    case: "desiredStatus STOPPED is the first sign",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2, { desiredStatus: "STOPPED" })]),
    acts: [deregister(2)],
  },
  {
    case: "DEACTIVATING",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2, { lastStatus: "DEACTIVATING" })]),
    acts: [deregister(2)],
  },
  {
    case: "its host drains",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), hosted(2)], { hosts: { [hostArn("h1")]: true } }),
    acts: [deregister(2)],
  },
  {
    case: "an operator drains it",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2)], { stops: [{ taskId: idOf(2), at: NOW, by: "ann" }] }),
    acts: [deregister(2)],
    codes: ["draining"],
  },
  {
    case: "it stopped",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2, { lastStatus: "STOPPED", desiredStatus: "STOPPED" })]),
    acts: [deregister(2)],
  },
  {
    case: "nobody knows it any more",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1)]),
    acts: [deregister(2)],
  },
  {
    case: "its named container ended while the task runs on",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1), view(2, { containers: [container({ lastStatus: "STOPPED" })] })]),
    acts: [deregister(2)],
  },
  {
    case: "unhealthy, and no custom health to say so",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1, { health: "HEALTHY" }), view(2, { health: "UNHEALTHY" })]),
    policy: needsHealth,
    acts: [deregister(2)],
  },
  {
    case: "unhealthy with custom health: told, not removed",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([view(1, { health: "HEALTHY" }), view(2, { health: "UNHEALTHY" })], {
      registry: customHealth,
    }),
    policy: needsHealth,
    acts: [`set ${instanceId(2)}`],
  },
  {
    case: "well again: told",
    state: stateOf({ [instanceId(1)]: registered(1, { health: "UNHEALTHY" }) }),
    observation: observe([view(1, { health: "HEALTHY" })], { registry: customHealth }),
    policy: needsHealth,
    acts: [`set ${instanceId(1)}`],
  },
];

const guarded: readonly Row[] = [
  {
    case: "the last that answers stays while it leaves",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1, { desiredStatus: "STOPPED" })]),
    acts: [],
    codes: ["last-healthy"],
  },
  {
    case: "one of all that leave at once stays",
    state: stateOf(allRegistered(1, 2, 3)),
    observation: observe([1, 2, 3].map((number) => view(number, { desiredStatus: "STOPPED" }))),
    acts: [deregister(1), deregister(2)],
    codes: ["last-healthy"],
  },
  {
    case: "a removal of unknown outcome may still be the last that answers: it is not repeated",
    state: stateOf({ [instanceId(1)]: deregistering(1) }),
    observation: observe([view(1, { desiredStatus: "STOPPED" }), view(2, { lastStatus: "STOPPED" })]),
    acts: [],
    codes: ["last-healthy"],
  },
  {
    case: "a replacement that Cloud Map has not confirmed does not count",
    state: stateOf({ ...allRegistered(1), [instanceId(2)]: registering(2, { operationId: "op" }) }),
    observation: observe([view(1, { desiredStatus: "STOPPED" }), view(2)]),
    acts: [],
    codes: ["last-healthy"],
  },
  {
    case: "the last one goes once it is dead",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1, { lastStatus: "STOPPED" })]),
    acts: [deregister(1)],
  },
  {
    case: "forced: the last one goes",
    state: stateOf(allRegistered(1)),
    observation: observe([view(1, { desiredStatus: "STOPPED" })]),
    policy: policyOf({ force: true }),
    acts: [deregister(1)],
  },
  {
    case: "the last healthy one is not spent for an unhealthy one that runs",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([
      view(1, { desiredStatus: "STOPPED", health: "HEALTHY" }),
      view(2, { health: "UNHEALTHY" }),
    ]),
    acts: [],
    codes: ["last-healthy"],
  },
  {
    case: "an unhealthy one may go beside the last healthy one",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([
      view(1, { health: "HEALTHY" }),
      view(2, { desiredStatus: "STOPPED", health: "UNHEALTHY" }),
    ]),
    acts: [deregister(2)],
  },
  {
    case: "all unhealthy: one stays, for unhealthy is better than empty",
    state: stateOf(allRegistered(1, 2)),
    observation: observe([1, 2].map((number) => view(number, { health: "UNHEALTHY" }))),
    policy: needsHealth,
    acts: [deregister(1)],
    codes: ["last-healthy"],
  },
  {
    case: "a share of the registry for each pass",
    state: stateOf(allRegistered(1, 2, 3, 4)),
    observation: observe([view(4)]),
    policy: policyOf({ maxRemoveShare: 0.5 }),
    acts: [deregister(1), deregister(2)],
    codes: ["remove-share"],
  },
  {
    case: "a share below one instance still moves on",
    state: stateOf(allRegistered(1, 2, 3)),
    observation: observe([view(3)]),
    policy: policyOf({ maxRemoveShare: 0.01 }),
    acts: [deregister(1)],
    codes: ["remove-share"],
  },
  {
    case: "the dead go before the living",
    state: stateOf(allRegistered(1, 2, 3)),
    observation: observe([view(1, { desiredStatus: "STOPPED" }), view(2)]),
    policy: policyOf({ maxRemoveShare: 0.4 }),
    acts: [deregister(3)],
  },
  {
    case: "a share that is no number allows one",
    state: stateOf(allRegistered(1, 2, 3)),
    observation: observe([view(3)]),
    policy: policyOf({ maxRemoveShare: Number.NaN }),
    acts: [deregister(1)],
  },
  {
    case: "each port keeps its own last instance",
    state: stateOf({ ...allRegistered(1, 2), [instanceId(1, "admin")]: registered(1) }),
    observation: observe([view(1, { desiredStatus: "STOPPED" }), view(2)]),
    policy: policyOf({ registries: [registryPolicy(), registryPolicy({ port: 9000, portName: "admin" })] }),
    acts: [deregister(1), `register ${instanceId(2, "admin")}`],
    codes: ["last-healthy"],
  },
];

describe.each([
  ["entering", entering],
  ["leaving", leaving],
  ["guards", guarded],
] as const)("%s", (_name, rows) => {
  it.each(rows)("$case", check);
});
