// One run: a fleet and a fault profile from the seed; a safety phase with faults on and invariants checked
// at every call; then a liveness phase without faults that must converge and fall silent.

import { eventRules } from "../../infra/rules.ts";
import type { MemoryStores } from "../../local/faces/ports/memory-store.ts";
import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import { checkedWorld } from "../../local/models/answer-check.ts";
import { watchEvents } from "../../local/models/event-check.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import type { Key } from "../../shared/base/keys.ts";
import { prng } from "../../shared/base/prng.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, minutes, seconds } from "../../shared/base/time.ts";
import type { KeyState } from "../../shared/contracts/aggregate.ts";
import type { Log } from "../../shared/ports/log.ts";
import { runFor, runUntil } from "./engine.ts";
import type { FaultName, FaultProfile } from "./faults.ts";
import { drawProfile, noFaults } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import { CLUSTER, createFleet } from "./fleet.ts";
import type { Call, Checked } from "./invariants.ts";
import { unsafe, unsettled } from "./invariants.ts";
import { startFunctions } from "./lambda.ts";
import type { Plant, Queues } from "./pipeline.ts";
import { createQueues } from "./pipeline.ts";
import type { Chaos } from "./process.ts";
import { doSomething } from "./workload.ts";

export interface RunOptions {
  readonly seed: number;
  /** Default: drawn from the seed. */
  readonly profile?: FaultProfile;
  readonly crashPoint?: Chaos["crashPoint"];
  /** No workload and short phases: for exhaustive crash points. */
  readonly quiet?: boolean;
  readonly mutate?: Plant["mutate"];
  readonly verbose?: boolean;
  /** Called before anything happens: to listen, and to look at the end. */
  readonly observe?: (observed: Observed) => void;
}

export interface Observed {
  readonly world: World;
  readonly fleet: Fleet;
  /** Every host that there is at the start: no other one comes. */
  readonly hosts: readonly NonNullable<ReturnType<World["ecs"]["host"]>>[];
}

export interface RunResult {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly met: ReadonlyMap<FaultName, number>;
  /** What the bus did to events. */
  readonly bus: ReturnType<World["events"]["counters"]>;
  /** Outward calls that functions made. */
  readonly calls: number;
  /** What each registry held in the end: equal runs end in equal registries. */
  readonly ending: string;
  readonly awsCalls: Readonly<Record<string, number>>;
}

const START = epochMs(Date.UTC(2026, 10, 2, 8));
const SAFETY_MS = minutes(12);
/** Sweep, five-minute resync, quarantine and retry intervals: three cycles and the longest retry. */
const LIVENESS_MS = minutes(40);
const SILENCE_MS = minutes(11);

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const run = build(options);
  const { world, chaos, faults } = run;
  options.observe?.({ world, fleet: run.fleet, hosts: [...world.ecs.hosts()] });
  await applyPolicies(run);
  if (!options.quiet) await safetyPhase(run, options.profile ?? drawProfile(prng(options.seed ^ 0x5eed)));
  await livenessPhase(run);
  return {
    seed: options.seed,
    faults,
    met: chaos.met,
    bus: world.events.counters(),
    calls: chaos.calls,
    ending: endingOf(run),
    awsCalls: world.throttle.callCounts(),
  };
}

interface Run {
  readonly world: World;
  readonly fleet: Fleet;
  readonly stores: MemoryStores;
  readonly queues: Queues;
  readonly chaos: Chaos;
  readonly faults: string[];
  readonly checked: Checked;
}

function build({ seed, crashPoint, verbose, mutate }: RunOptions): Run {
  let queues: Queues | undefined;
  const plain = createWorld({
    seed,
    startAt: START,
    throttling: false,
    ecs: { clusters: [CLUSTER] },
    delivery: {
      deliver: ({ Arn }, { body }) => {
        (Arn === "urgent" ? queues?.urgent : queues?.ingress)?.send({ body });
        return "delivered";
      },
    },
  });
  // What AWS could not answer or send ends the run as a defect of the world.
  const world: World = { ...plain, ...checkedWorld(plain) };
  watchEvents(world.kernel);
  queues = createQueues(world.kernel);
  installRules(world);
  const committed = new Map<Key, KeyState>();
  const intended = new Set<string>();
  const stores = watched(createMemoryStores(), committed, intended);
  const chaos: Chaos = {
    kernel: world.kernel,
    chance: prng(seed ^ 0xc4a05),
    profile: noFaults,
    met: new Map(),
    crashPoint,
    calls: 0,
  };
  const faults: string[] = [];
  const fleet = createFleet(world);
  const checked: Checked = { world, fleet, stateOf: ({ key }) => committed.get(key), intended };
  const witness = (call: Call): void => {
    const fault = unsafe(call, checked);
    if (fault !== undefined) faults.push(`${new Date(world.kernel.now()).toISOString()} ${fault}`);
  };
  const log = verbose ? printed(world) : silent;
  const plant: Plant = { world, stores, queues, mode: "act", log, witness, ...(mutate && { mutate }) };
  startFunctions(plant, chaos);
  return { world, fleet, stores, queues, chaos, faults, checked };
}

export function installRules(world: World): void {
  for (const rule of eventRules([])) {
    world.call("events", "PutRule", { Name: rule.name, EventPattern: JSON.stringify(rule.pattern) });
    world.call("events", "PutTargets", { Rule: rule.name, Targets: [{ Id: "queue", Arn: rule.queue }] });
  }
}

/** Remembers what is committed, so that invariants can look without reading the store. */
export function watched(
  stores: MemoryStores,
  committed: Map<Key, KeyState>,
  intended: Set<string>,
): MemoryStores {
  const { state } = stores;
  return {
    ...stores,
    state: {
      ...state,
      commit: async (key, expected, next) => {
        const result = await state.commit(key, expected, next);
        if (result === "committed") {
          committed.set(key, next);
          for (const intent of next.intents) intended.add(intent.field);
        }
        return result;
      },
    },
  };
}

export const silent: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  count: () => undefined,
};

function printed(world: World): Log {
  const line = (level: string) => (message: string, fields?: object) =>
    console.log(new Date(world.kernel.now()).toISOString(), level, message, JSON.stringify(fields ?? {}));
  return { info: line("info"), warn: line("warn"), error: line("error"), count: () => undefined };
}

async function applyPolicies({ stores, fleet }: Run): Promise<void> {
  for (const { key, policy } of fleet.members) await stores.fleet.putPolicy(key, { discovery: policy });
}

async function safetyPhase(run: Run, profile: FaultProfile): Promise<void> {
  const { world, chaos, fleet } = run;
  await runFor(world.kernel, minutes(2));
  setFaults(run, profile);
  const until = (world.kernel.now() + SAFETY_MS) as EpochMs;
  while (world.kernel.now() < until) {
    await runFor(world.kernel, seconds(chaos.chance.int(2, 60)));
    doSomething(world, fleet);
    poison(run);
  }
}

function setFaults({ world, chaos }: Run, profile: FaultProfile): void {
  chaos.profile = profile;
  world.events.setFaults({
    drop: profile.dropEvent,
    duplicate: profile.duplicateEvent,
    delay: {
      probability: profile.delayEvent,
      minMs: seconds(1),
      maxMs: Math.max(1_000, profile.longestDelayMs) as never,
    },
    reorder: { probability: profile.reorderEvent, windowMs: seconds(20) },
  });
  world.cloudMap.setFailureRate(profile.operationFailure);
  if (profile.slowOperations) {
    const slow = { minMs: 1_000, maxMs: 60_000 };
    world.cloudMap.setOperationDelay({ http: slow, dns: slow } as never);
  }
}

const poisons = [
  "not json",
  '{"detail-type":"ECS Task State Change","source":"aws.ecs","detail":{"lastStatus":7}}',
  "{}",
];

function poison({ queues, chaos }: Run): void {
  if (chaos.profile.poisonMessage === 0 || !chaos.chance.chance(chaos.profile.poisonMessage)) return;
  chaos.met.set("poisonMessage", (chaos.met.get("poisonMessage") ?? 0) + 1);
  chaos.chance.pick([queues.urgent, queues.ingress]).send({ body: chaos.chance.pick(poisons) });
}

async function livenessPhase(run: Run): Promise<void> {
  const { world, faults, checked, chaos } = run;
  const { longestDelayMs } = chaos.profile;
  setFaults(run, noFaults);
  await runFor(world.kernel, LIVENESS_MS);
  faults.push(...unsettled(checked).map((fault) => `not converged: ${fault}`));
  // Events that were held back for up to a day arrive in a settled world.
  if (longestDelayMs > LIVENESS_MS)
    await runUntil(world.kernel, (world.kernel.now() + longestDelayMs) as EpochMs);
  const before = writesOf(world);
  const calls = chaos.calls;
  await runFor(world.kernel, SILENCE_MS);
  const writes = writesOf(world) - before;
  if (writes > 0) faults.push(`not silent: ${writes} writes in a settled world after ${calls} calls`);
  faults.push(...unsettled(checked).map((fault) => `not stable: ${fault}`));
}

function writesOf(world: World): number {
  const counts = world.throttle.callCounts();
  const writes = ["RegisterInstance", "DeregisterInstance", "UpdateInstanceCustomHealthStatus"];
  return writes.reduce((sum, operation) => sum + (counts[`servicediscovery.${operation}`] ?? 0), 0);
}

function endingOf({ world, fleet }: Run): string {
  return JSON.stringify(
    fleet.members.flatMap(({ policy }) =>
      policy.registries.map((registry) =>
        world.cloudMap
          .instancesOf(registry.service)
          .map((instance) => `${instance.instanceId} ${JSON.stringify(instance.attributes)}`)
          .sort(),
      ),
    ),
  );
}
