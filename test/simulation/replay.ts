// A recording of a real account through the real pipeline, in virtual time: its events come when they came, ECS
// answers what they have told, and the registries are Cloud Map's model. What would Fairlead have done?

import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import type { FoldedFleet } from "../../local/recording/folded-fleet.ts";
import type { Recording } from "../../local/recording/format.ts";
import { createRecordedAws } from "../../local/recording/recorded-aws.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { arnName } from "../../shared/base/arn.ts";
import type { Key } from "../../shared/base/keys.ts";
import { keyOf, parseKey } from "../../shared/base/keys.ts";
import { prng } from "../../shared/base/prng.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { minutes, seconds } from "../../shared/base/time.ts";
import type { DecisionRecord, KeyState } from "../../shared/contracts/aggregate.ts";
import type { DiscoveryPolicy, ServicePolicy } from "../../shared/contracts/policy.ts";
import { instanceIdOf } from "../../shared/core/discovery/desired.ts";
import type { Log } from "../../shared/ports/log.ts";
import type { KeyView } from "../../shared/shell/key-view.ts";
import { viewOf } from "../../shared/shell/key-view.ts";
import type { Policies } from "../../shared/shell/operator.ts";
import { runUntil } from "./engine.ts";
import { noFaults } from "./faults.ts";
import type { Member } from "./fleet.ts";
import type { Checked } from "./invariants.ts";
import { unsafe } from "./invariants.ts";
import { startFunctions } from "./lambda.ts";
import type { Plant, Queues } from "./pipeline.ts";
import { createQueues } from "./pipeline.ts";
import type { Chaos } from "./process.ts";
import { installRules, silent, watched } from "./run.ts";

export interface ReplayOptions {
  readonly recording: Recording;
  /** Default: every service and task group of the recording, in mode act, with one registry each. */
  readonly policies?: Policies;
  /** Registries with a custom health check: no event tells. Default: none has one. */
  readonly hasCustomHealth?: (registry: string) => boolean;
  readonly log?: Log;
  readonly mutate?: Plant["mutate"];
}

export interface ReplayedKey {
  readonly view: KeyView;
  /** Newest first. */
  readonly history: readonly DecisionRecord[];
}

export interface ReplayResult {
  readonly faults: readonly string[];
  readonly keys: readonly ReplayedKey[];
  /** Instances in the end, by the registry's name in the policies. */
  readonly registries: ReadonlyMap<string, ReturnType<World["cloudMap"]["instancesOf"]>>;
  /** Keys with tasks in the recording and without a policy. */
  readonly unmanaged: readonly Key[];
  readonly endedAt: EpochMs;
  /** Outward calls of the functions that the recording or the registries answered. */
  readonly calls: number;
}

/** Two full comparisons with ECS and the longest retry, after the last event. */
const SETTLING_MS = minutes(15);
const MOST_DECISIONS = 1_000;

export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { recording } = options;
  const stage = prepare(options);
  const { world, members, stores, chaos, faults } = stage;
  for (const { key, policy } of members) await stores.fleet.putPolicy(key, { discovery: policy });
  schedule(recording, stage);
  const last = recording.events.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
  const endedAt = (recording.header.startedAt + last + SETTLING_MS) as EpochMs;
  await runUntil(world.kernel, endedAt);
  faults.push(...members.flatMap((member) => differences(world, stage.fleet, member)));
  const managed = new Set(members.map(({ key }) => key));
  return {
    faults,
    keys: await Promise.all(members.map(({ key }) => replayed(key, stage))),
    registries: new Map(
      [...stage.registryOf].map(([name, id]) => [name, world.cloudMap.instancesOf(id)] as const),
    ),
    unmanaged: [...keysIn(recording).keys()].filter((key) => !managed.has(key)),
    endedAt,
    calls: chaos.calls,
  };
}

interface Stage {
  readonly world: World;
  readonly fold: (event: Parameters<FoldedFleet["fold"]>[0]) => void;
  readonly fleet: FoldedFleet;
  readonly members: readonly Member[];
  /** Cloud Map's id by the name that a policy has for it. */
  readonly registryOf: ReadonlyMap<string, string>;
  readonly stores: Plant["stores"];
  readonly chaos: Chaos;
  readonly faults: string[];
}

function prepare(options: ReplayOptions): Stage {
  const { recording, policies = defaultPolicies(recording), log = silent, mutate } = options;
  const { startedAt, account, region } = recording.header;
  let queues: Queues | undefined;
  const world = createWorld({
    seed: 1,
    startAt: startedAt,
    account,
    region,
    throttling: false,
    delivery: {
      deliver: ({ Arn }, { body }) => {
        (Arn === "urgent" ? queues?.urgent : queues?.ingress)?.send({ body });
        return "delivered";
      },
    },
  });
  queues = createQueues(world.kernel);
  installRules(world);
  const { call, fold, fleet } = createRecordedAws(world.kernel, recording.hosts);
  const recorded: World = {
    ...world,
    call: (service, operation, input) =>
      call(service, operation, input) ?? world.call(service, operation, input),
  };
  const registryOf = new Map<string, string>();
  const members = membersOf(policies, createRegistries(world, registryOf, options.hasCustomHealth));
  const committed = new Map<Key, KeyState>();
  const intended = new Set<string>();
  const stores = watched(createMemoryStores(), committed, intended);
  const chaos: Chaos = {
    kernel: world.kernel,
    chance: prng(1),
    profile: noFaults,
    met: new Map(),
    crashPoint: undefined,
    calls: 0,
  };
  const checked: Checked = {
    world,
    fleet: { members, foreign: new Map() },
    stateOf: ({ key }) => committed.get(key),
    intended,
  };
  const faults: string[] = [];
  const witness: Plant["witness"] = (seen) => {
    const fault = unsafe(seen, checked);
    if (fault !== undefined) faults.push(`${new Date(world.kernel.now()).toISOString()} ${fault}`);
  };
  const plant = { world: recorded, stores, queues, mode: "act" as const, log, witness };
  startFunctions({ ...plant, ...(mutate !== undefined && { mutate }) }, chaos);
  return { world, fold, fleet, members, registryOf, stores, chaos, faults };
}

function schedule({ header, events }: Recording, { world, fold }: Stage): void {
  for (const { atMs, event } of events) {
    world.kernel.at((header.startedAt + atMs) as EpochMs, () => {
      fold(event);
      world.events.publish(event);
    });
  }
}

async function replayed(key: Key, { stores }: Stage): Promise<ReplayedKey> {
  const [aggregate, history] = await Promise.all([
    stores.state.load(key),
    stores.history.recent(key, MOST_DECISIONS),
  ]);
  return { view: viewOf(aggregate), history };
}

// --- policies -----------------------------------------------------------------------------------------------

/** A registry of Cloud Map's model for each that a policy names; the same one for the same name. */
function createRegistries(
  world: World,
  registryOf: Map<string, string>,
  hasCustomHealth: ReplayOptions["hasCustomHealth"] = () => false,
): (name: string) => string {
  const { id: namespaceId } = world.cloudMap.addNamespace({ name: "replay", type: "HTTP" });
  return (name) => {
    const known = registryOf.get(name);
    if (known !== undefined) return known;
    const setup = { namespaceId, name: arnName(name), customHealth: hasCustomHealth(name) };
    const { id } = world.cloudMap.addService(setup);
    registryOf.set(name, id);
    return id;
  };
}

function membersOf(policies: Policies, registry: (name: string) => string): readonly Member[] {
  return policies.flatMap(([key, { discovery }]) => {
    if (discovery === undefined) return [];
    const registries = discovery.registries.map((one) => ({ ...one, service: registry(one.service) }));
    const parts = parseKey(key);
    const name = "name" in parts ? parts.name : key;
    const kind = parts.kind === "group" ? "standalone" : "fargate";
    return [{ key, name, kind, policy: { ...discovery, registries } }];
  });
}

const defaultDiscovery = (service: string, port: number | undefined): DiscoveryPolicy => ({
  mode: "act",
  registries: [
    {
      service,
      address: "ipv4",
      requireHealthy: false,
      attributes: {},
      ...(port !== undefined && { port }),
    },
  ],
  maxRemoveShare: 0.5,
  force: false,
  drainMs: seconds(60),
});

export const defaultPolicies = (recording: Recording): Policies =>
  [...keysIn(recording)].map(([key, port]): readonly [Key, ServicePolicy] => [
    key,
    { discovery: defaultDiscovery(key.slice(key.indexOf("/") + 1).replaceAll(/[^\w-]/g, "-"), port) },
  ]);

type Detail = Recording["events"][number]["event"]["detail"];

/** Every key that has tasks, with a container port that one of them publishes. */
function keysIn({ header, events }: Recording): ReadonlyMap<Key, number | undefined> {
  const keys = new Map<Key, number | undefined>();
  for (const { event } of events) {
    if (event["detail-type"] !== "ECS Task State Change") continue;
    const key = keyOfTask(event.detail, header);
    if (key !== undefined) keys.set(key, keys.get(key) ?? portOf(event.detail));
  }
  return keys;
}

function keyOfTask(
  { group, clusterArn }: Detail,
  scope: { readonly account: string; readonly region: string },
): Key | undefined {
  if (typeof group !== "string" || typeof clusterArn !== "string") return undefined;
  const { account, region } = scope;
  const place = { account, region, cluster: arnName(clusterArn) };
  return group.startsWith("service:")
    ? keyOf({ kind: "service", ...place, name: group.slice("service:".length) })
    : keyOf({ kind: "group", ...place, name: group });
}

function portOf({ containers }: Detail): number | undefined {
  if (!Array.isArray(containers)) return undefined;
  const bindings = containers.flatMap(
    ({ networkBindings }: { networkBindings?: readonly { containerPort?: number }[] }) =>
      networkBindings ?? [],
  );
  return bindings[0]?.containerPort;
}

// --- the end ------------------------------------------------------------------------------------------------

/** In the end the registries are the tasks that run, as far as the recording knows them. */
function differences(world: World, fleet: FoldedFleet, { key, policy }: Member): readonly string[] {
  if (policy.mode !== "act") return [];
  const { account, region } = parseKey(key);
  const tasks = [...fleet.tasks()].filter((task) => keyOfTask(task, { account, region }) === key);
  const running = tasks.filter(
    (task) => task["lastStatus"] === "RUNNING" && task["desiredStatus"] === "RUNNING",
  );
  const alive = new Set(
    tasks.filter((task) => task["lastStatus"] !== "STOPPED").map((task) => arnName(String(task["taskArn"]))),
  );
  return policy.registries.flatMap((registry) => {
    const ids = new Set(world.cloudMap.instancesOf(registry.service).map(({ instanceId }) => instanceId));
    const must = running
      .filter((task) => isReachable(task, fleet) && !registry.requireHealthy)
      .map((task) => instanceIdOf(arnName(String(task["taskArn"])), registry));
    const may = new Set([...alive].map((taskId) => instanceIdOf(taskId, registry)));
    return [
      ...must.filter((id) => !ids.has(id)).map((id) => `${key}: ${id} runs and is not registered`),
      ...[...ids].filter((id) => !may.has(id)).map((id) => `${key}: ${id} is registered and does not run`),
    ];
  });
}

/** Has an interface with an address, or a host that takes new work. */
function isReachable(task: Readonly<Record<string, unknown>>, fleet: FoldedFleet): boolean {
  const host = task["containerInstanceArn"];
  if (typeof host === "string") return fleet.instance(host)?.["status"] === "ACTIVE";
  return JSON.stringify(task["attachments"] ?? []).includes("privateIPv4Address");
}
