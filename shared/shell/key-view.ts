// One key as people look at it: what runs, what ought to be registered, what is, and what is in between.
// Pure; derived from the table's items alone, so looking costs no call to ECS or Cloud Map.

import type { Key } from "../base/keys.ts";
import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Proposal } from "../contracts/actions.ts";
import type { Aggregate, KeyState } from "../contracts/aggregate.ts";
import type { DiscoveryPolicy, Mode } from "../contracts/policy.ts";
import type { Candidate } from "../core/discovery/desired.ts";
import { desiredInstances } from "../core/discovery/desired.ts";
import type { TaskView } from "../core/discovery/observation.ts";
import type { Standing } from "../core/discovery/standing.ts";
import type { DiscoveryState, InstanceState, RegistryState } from "../core/discovery/state.ts";
import { emptyRegistry, isIn } from "../core/discovery/state.ts";
import { discoveryStateOf } from "./drift.ts";
import { QUARANTINE_AFTER } from "./pass.ts";
import { rolloutStateOf } from "./rollout-view.ts";

/** The one word for a key, worst first. */
export type Condition =
  | "quarantined"
  | "paused"
  /** Proposals wait for an approval, or are only shown. */
  | "held"
  | "converging"
  | "settled"
  /** No pass has run yet. */
  | "unseen";

export interface InstanceView {
  readonly instanceId: string;
  readonly taskId: string;
  /** `gone` = no task that is known any more. */
  readonly standing: Standing | "gone";
  readonly phase: InstanceState["phase"] | "absent";
  readonly isRegistered: boolean;
  readonly address?: string;
  readonly taskStatus?: string;
  readonly health?: string;
  readonly since?: EpochMs;
  readonly operationId?: string;
  /** Why the last try failed, and when the next one is. */
  readonly failure?: { readonly code: string; readonly message: string; readonly nextTryAt: EpochMs };
}

export interface RegistryView {
  readonly service: string;
  readonly name?: string;
  readonly running: number;
  readonly healthy: number;
  readonly expected: number;
  readonly registered: number;
  /** Operations of Cloud Map under way. */
  readonly moving: number;
  /** Instances of other owners: counted, never touched. */
  readonly foreign: number;
  readonly listedAt?: EpochMs;
  readonly slowUntil?: EpochMs;
  readonly instances: readonly InstanceView[];
}

export interface KeyView {
  readonly key: Key;
  readonly condition: Condition;
  /** Of its first capability; `none` without a policy. */
  readonly mode: Mode | "none";
  readonly modes: Readonly<Record<string, Mode>>;
  readonly version: number;
  readonly decidedAt?: EpochMs;
  readonly wakeAt?: EpochMs;
  readonly failures: number;
  readonly running: number;
  readonly expected: number;
  readonly registered: number;
  readonly reasons: Readonly<Record<string, readonly Reason[]>>;
  readonly awaiting: readonly Proposal[];
  readonly registries: readonly RegistryView[];
  /** Tasks that Fairlead takes out of discovery and then stops. */
  readonly drains: readonly {
    readonly taskId: string;
    readonly askedAt: EpochMs;
    readonly outSince?: EpochMs;
  }[];
  readonly leavingHosts: readonly string[];
  readonly knownTasks: readonly string[];
}

export function viewOf(aggregate: Aggregate): KeyView {
  const { key, state, policy } = aggregate;
  const discovery = discoveryStateOf(state);
  const registries = policy?.discovery === undefined ? [] : registriesOf(state, discovery, policy.discovery);
  const sum = (field: "expected" | "registered"): number =>
    registries.reduce((total, registry) => total + registry[field], 0);
  return {
    key,
    condition: conditionOf(aggregate, registries),
    mode: policy?.discovery?.mode ?? policy?.rollout?.mode ?? "none",
    modes: modesOf(policy),
    version: state.version,
    ...(state.version > 0 && { decidedAt: state.decidedAt }),
    ...(state.wakeAt !== undefined && { wakeAt: state.wakeAt }),
    failures: state.failures,
    running: Object.values(state.tasks).filter(isRunning).length,
    expected: sum("expected"),
    registered: sum("registered"),
    reasons: state.reasons,
    awaiting: state.awaiting,
    registries,
    drains: Object.entries(discovery.drains).map(([taskId, drain]) => ({ taskId, ...drain })),
    leavingHosts: Object.keys(discovery.leavingHosts),
    knownTasks: Object.keys(state.tasks),
  };
}

const modesOf = (policy: Aggregate["policy"]): Readonly<Record<string, Mode>> => ({
  ...(policy?.rollout !== undefined && { rollout: policy.rollout.mode }),
  ...(policy?.discovery !== undefined && { discovery: policy.discovery.mode }),
});

const isRunning = (fact: KeyState["tasks"][string]): boolean => fact.lastStatus === "RUNNING";

function conditionOf(aggregate: Aggregate, registries: readonly RegistryView[]): Condition {
  const { state, commands } = aggregate;
  if (state.failures >= QUARANTINE_AFTER) return "quarantined";
  if (commands.some(({ type }) => type === "pause")) return "paused";
  if (state.version === 0) return "unseen";
  if (state.awaiting.length > 0) return "held";
  const rollsOut = rolloutStateOf(aggregate).phase !== "idle";
  return !rollsOut && registries.every(isSettled) ? "settled" : "converging";
}

const isSettled = (registry: RegistryView): boolean =>
  registry.listedAt !== undefined &&
  registry.instances.every(({ standing, phase }) => isAsWanted(standing, phase));

const isAsWanted = (standing: InstanceView["standing"], phase: InstanceView["phase"]): boolean =>
  standing === "wanted" ? phase === "registered" : phase === "absent" || standing === "unhealthy";

// --- one registry ---------------------------------------------------------------------------------------

function registriesOf(
  state: KeyState,
  discovery: DiscoveryState,
  policy: DiscoveryPolicy,
): readonly RegistryView[] {
  const views = taskViewsOf(state);
  const leaving = {
    draining: new Set(Object.keys(discovery.drains)),
    hosts: new Set(Object.keys(discovery.leavingHosts)),
  };
  const services = new Set([
    ...policy.registries.map(({ service }) => service),
    ...Object.keys(discovery.registries),
  ]);
  return [...services].map((service) => {
    const policies = policy.registries.filter((registry) => registry.service === service);
    const observation = {
      tasks: views,
      registries: {},
      operations: {},
      stops: [],
      hosts: {},
      installation: "",
    };
    const { candidates } = desiredInstances({ policies, observation, leaving, owner: "" });
    const registry = discovery.registries[service] ?? emptyRegistry;
    return registryView(service, registry, { candidates, views });
  });
}

function taskViewsOf({ tasks, hosts, publicIps }: KeyState): Record<string, TaskView> {
  return Object.fromEntries(
    Object.entries(tasks).map(([taskId, fact]) => {
      const host = hosts?.[fact.containerInstanceArn ?? ""];
      const publicIp = publicIps?.[fact.interfaces[0]?.eniId ?? ""];
      return [taskId, { fact, ...(host && { host }), ...(publicIp !== undefined && { publicIp }) }];
    }),
  );
}

interface Wanted {
  readonly candidates: Readonly<Record<string, Candidate>>;
  readonly views: Readonly<Record<string, TaskView>>;
}

function registryView(service: string, registry: RegistryState, wanted: Wanted): RegistryView {
  const ids = new Set([...Object.keys(registry.instances), ...Object.keys(wanted.candidates)]);
  const instances = [...ids]
    .sort()
    .map((id) => instanceView(id, registry.instances[id], wanted))
    .filter(({ standing, phase }) => standing !== "dead" || phase !== "absent");
  const running = new Set(
    instances.filter(({ taskStatus }) => taskStatus === "RUNNING").map(({ taskId }) => taskId),
  );
  const healthy = [...running].filter((taskId) => wanted.views[taskId]?.fact.health === "HEALTHY");
  return {
    service,
    ...(registry.place !== undefined && { name: `${registry.place.name}.${registry.place.namespaceName}` }),
    running: running.size,
    healthy: healthy.length,
    expected: instances.filter(({ standing }) => standing === "wanted").length,
    registered: instances.filter(({ isRegistered }) => isRegistered).length,
    moving: instances.filter(({ operationId }) => operationId !== undefined).length,
    foreign: registry.foreign,
    ...(registry.listedAt !== undefined && { listedAt: registry.listedAt }),
    ...(registry.slowUntil !== undefined && { slowUntil: registry.slowUntil }),
    instances,
  };
}

function instanceView(
  instanceId: string,
  entry: InstanceState | undefined,
  { candidates, views }: Wanted,
): InstanceView {
  const candidate = candidates[instanceId];
  const taskId = candidate?.taskId ?? entry?.taskId ?? instanceId;
  const fact = views[taskId]?.fact;
  const address = addressOf(candidate);
  return {
    instanceId,
    taskId,
    standing: candidate?.standing ?? "gone",
    phase: entry?.phase ?? "absent",
    isRegistered: entry !== undefined && isIn(entry),
    ...(address !== undefined && { address }),
    ...(fact !== undefined && { taskStatus: fact.lastStatus, health: fact.health }),
    ...(entry !== undefined && "since" in entry && { since: entry.since }),
    ...(entry !== undefined &&
      "operationId" in entry &&
      entry.operationId !== undefined && { operationId: entry.operationId }),
    ...(entry?.phase === "waiting" && {
      failure: { code: entry.code, message: entry.message, nextTryAt: entry.nextTryAt },
    }),
  };
}

function addressOf(candidate: Candidate | undefined): string | undefined {
  const attributes = candidate?.target?.attributes ?? {};
  const host = attributes["AWS_INSTANCE_IPV4"] ?? attributes["AWS_INSTANCE_IPV6"];
  const port = attributes["AWS_INSTANCE_PORT"];
  if (host === undefined) return undefined;
  return port === undefined ? host : `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
