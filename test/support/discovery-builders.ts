// Plain values for tests of discovery: tasks, policies, registries and states with sensible defaults, so
// that a row of a table says only what it is about.

import type { Key } from "../../shared/base/keys.ts";
import { keyOf } from "../../shared/base/keys.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, seconds } from "../../shared/base/time.ts";
import type { Proposal, Settled } from "../../shared/contracts/actions.ts";
import type { HostRecord } from "../../shared/contracts/aggregate.ts";
import type { ContainerFact, TaskFact } from "../../shared/contracts/facts.ts";
import type { DiscoveryPolicy, RegistryPolicy } from "../../shared/contracts/policy.ts";
import type { RegistryInstance, RegistrySettings } from "../../shared/contracts/registry.ts";
import type { Decision } from "../../shared/core/capability.ts";
import { hashOf, OWNER_ATTRIBUTE } from "../../shared/core/discovery/attributes.ts";
import { discovery, ownerOf } from "../../shared/core/discovery/decide.ts";
import type {
  DiscoveryObservation,
  RegistryView,
  TaskView,
} from "../../shared/core/discovery/observation.ts";
import type { DiscoveryState, InstanceState, RegistryState } from "../../shared/core/discovery/state.ts";

export const NOW: EpochMs = epochMs(Date.UTC(2026, 5, 1));
export const SERVICE = "srv-web";
export const CLUSTER_ARN = "arn:aws:ecs:eu-west-3:111122223333:cluster/quay";
export const KEY: Key = keyOf({
  kind: "service",
  account: "111122223333",
  region: "eu-west-3",
  cluster: "quay",
  name: "crane",
});
export const INSTALLATION = "fairlead-test";
export const OWNER = ownerOf(INSTALLATION, KEY);

export const later = (byMs: number): EpochMs => epochMs(NOW + byMs);
/** 32 hex characters, as ECS names tasks. */
export const idOf = (number: number): string => number.toString(16).padStart(32, "0");
export const hostArn = (name: string): string =>
  `arn:aws:ecs:eu-west-3:111122223333:container-instance/quay/${name}`;

export const container = (changes: Partial<ContainerFact> = {}): ContainerFact => ({
  name: "web",
  image: "example.test/shop/web:1.4",
  digest: "sha256:abc",
  lastStatus: "RUNNING",
  bindings: [],
  ...changes,
});

/** A running Fargate task. */
export function fact(number: number, changes: Partial<TaskFact> = {}): TaskFact {
  const taskId = idOf(number);
  return {
    kind: "task",
    taskArn: `arn:aws:ecs:eu-west-3:111122223333:task/quay/${taskId}`,
    taskId,
    version: 3,
    group: "service:crane",
    clusterArn: CLUSTER_ARN,
    taskDefinitionArn: "arn:aws:ecs:eu-west-3:111122223333:task-definition/crane:7",
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    health: "UNKNOWN",
    launchType: "FARGATE",
    availabilityZone: "eu-west-3a",
    startedBy: "ecs-svc/42",
    interfaces: [{ eniId: `eni-${number}`, subnetId: "subnet-1", ipv4: `10.0.0.${number}` }],
    containers: [container()],
    startedAt: epochMs(NOW - seconds(60)),
    at: NOW,
    via: "event",
    ...changes,
  };
}

export const view = (
  number: number,
  changes: Partial<TaskFact> = {},
  around: Partial<TaskView> = {},
): TaskView => ({ fact: fact(number, changes), ...around });

export const host = (changes: Partial<HostRecord> = {}): HostRecord => ({
  containerInstanceArn: hostArn("h1"),
  status: "ACTIVE",
  ec2InstanceId: "i-0abc",
  instanceType: "m7g.large",
  availabilityZone: "eu-west-3b",
  ipv4: "10.9.0.1",
  version: 1,
  ...changes,
});

export const registryPolicy = (changes: Partial<RegistryPolicy> = {}): RegistryPolicy => ({
  service: SERVICE,
  port: 8080,
  address: "ipv4",
  requireHealthy: false,
  attributes: {},
  ...changes,
});

export const policyOf = (changes: Partial<DiscoveryPolicy> = {}): DiscoveryPolicy => ({
  mode: "act",
  registries: [registryPolicy()],
  maxRemoveShare: 1,
  force: false,
  drainMs: seconds(30),
  ...changes,
});

export const settings = (changes: Partial<RegistrySettings> = {}): RegistrySettings => ({
  serviceId: SERVICE,
  name: "web",
  namespaceName: "shop.test",
  customHealth: false,
  ecsManaged: false,
  recordTypes: ["A"],
  ...changes,
});

export function observe(
  tasks: readonly TaskView[],
  changes: Partial<DiscoveryObservation> & { readonly registry?: Partial<RegistryView> } = {},
): DiscoveryObservation {
  const { registry, ...rest } = changes;
  return {
    tasks: Object.fromEntries(tasks.map((task) => [task.fact.taskId, task])),
    registries: { [SERVICE]: { settings: settings(), ...registry } },
    operations: {},
    stops: [],
    hosts: {},
    installation: INSTALLATION,
    ...rest,
  };
}

/** What the default policy publishes for the default task. */
export const attributesOf = (number: number): Record<string, string> => ({
  AWS_INSTANCE_IPV4: `10.0.0.${number}`,
  AWS_INSTANCE_PORT: "8080",
  [OWNER_ATTRIBUTE]: OWNER,
});
export const instanceId = (number: number, port: string | number = 8080): string => `${idOf(number)}-${port}`;

export const ours = (number: number): RegistryInstance => ({
  instanceId: instanceId(number),
  attributes: attributesOf(number),
});

type Phase<Name extends InstanceState["phase"]> = Extract<InstanceState, { phase: Name }>;

export const registered = (number: number, changes: Partial<Phase<"registered">> = {}): InstanceState => ({
  phase: "registered",
  taskId: idOf(number),
  hash: hashOf(attributesOf(number)),
  since: NOW,
  health: "HEALTHY",
  ...changes,
});
export const registering = (number: number, changes: Partial<Phase<"registering">> = {}): InstanceState => ({
  phase: "registering",
  taskId: idOf(number),
  hash: hashOf(attributesOf(number)),
  requestId: "request-1",
  present: false,
  since: NOW,
  attempt: 1,
  ...changes,
});
export const deregistering = (
  number: number,
  changes: Partial<Phase<"deregistering">> = {},
): InstanceState => ({
  phase: "deregistering",
  taskId: idOf(number),
  hash: hashOf(attributesOf(number)),
  since: NOW,
  attempt: 1,
  ...changes,
});
export const waiting = (number: number, changes: Partial<Phase<"waiting">> = {}): InstanceState => ({
  phase: "waiting",
  taskId: idOf(number),
  hash: hashOf(attributesOf(number)),
  registered: false,
  attempt: 1,
  code: "busy",
  message: "ResourceInUse",
  nextTryAt: NOW,
  ...changes,
});

/** One registry that was listed a moment ago. */
export const listedRegistry = (
  instances: Readonly<Record<string, InstanceState>> = {},
  changes: Partial<RegistryState> = {},
): RegistryState => ({ instances, listedAt: NOW, foreign: 0, ...changes });

export const stateOf = (
  instances: Readonly<Record<string, InstanceState>> = {},
  changes: Partial<RegistryState> = {},
): DiscoveryState => ({
  registries: { [SERVICE]: listedRegistry(instances, changes) },
  drains: {},
  leavingHosts: {},
});

/** `registered` entries by instance id. */
export const allRegistered = (...numbers: readonly number[]): Record<string, InstanceState> =>
  Object.fromEntries(numbers.map((number) => [instanceId(number), registered(number)]));

export interface Case {
  readonly state?: DiscoveryState;
  readonly observation: DiscoveryObservation;
  readonly policy?: DiscoveryPolicy;
  readonly now?: EpochMs;
}

export const decideOn = (input: Case): Decision<DiscoveryState> =>
  discovery.decide({
    key: KEY,
    state: input.state ?? stateOf(),
    observation: input.observation,
    policy: input.policy ?? policyOf(),
    now: input.now ?? NOW,
    seed: 7,
  });

/** `verb instance`, sorted: what a table compares. */
export const actsOf = ({ proposals }: { readonly proposals: readonly Proposal[] }): readonly string[] =>
  proposals
    .map(({ action }) =>
      action.type === "stop-task"
        ? `stop ${action.taskArn}`
        : `${action.type.split("-")[0]} ${"instanceId" in action ? action.instanceId : ""}`,
    )
    .sort();

export const codesOf = ({
  reasons,
}: {
  readonly reasons: readonly { readonly code: string }[];
}): readonly string[] => reasons.map(({ code }) => code);

export const settle = (state: DiscoveryState, settled: readonly Settled[], now: EpochMs = NOW) =>
  discovery.settle({ state, settled, now, seed: 7 });

export const entryOf = (state: DiscoveryState, id: string): InstanceState | undefined =>
  state.registries[SERVICE]?.instances[id];
