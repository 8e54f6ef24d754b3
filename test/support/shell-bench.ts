// A workbench for tests of the shell: the table in memory, a Cloud Map and an ECS that do as they are told
// and write down every call, and a clock that stands still until it is moved.

import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import type { Key } from "../../shared/base/keys.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs } from "../../shared/base/time.ts";
import type { Doorbell, Wake } from "../../shared/contracts/doorbells.ts";
import type { Fact, TaskFact, TaskGoneFact } from "../../shared/contracts/facts.ts";
import type { Mode } from "../../shared/contracts/policy.ts";
import type { OperationStatus, RegistryInstance } from "../../shared/contracts/registry.ts";
import type { LogFields } from "../../shared/ports/log.ts";
import type { DeadLetter } from "../../shared/ports/queues.ts";
import type { PassPorts } from "../../shared/shell/ports.ts";
import type { SweepPorts } from "../../shared/shell/sweep-ports.ts";
import { CLUSTER_ARN, INSTALLATION, KEY, NOW, policyOf, settings } from "./discovery-builders.ts";
import { rolloutPorts } from "./rollout-ports.ts";

/** Called before and after each outward call; a throw is a crash or an error of AWS. */
export type Tripwire = (call: string, when: "before" | "after") => void;

export interface Bench {
  readonly ports: PassPorts;
  readonly sweepPorts: SweepPorts;
  readonly stores: ReturnType<typeof createMemoryStores>;
  /** Every outward call, reads and writes and commits, in order. */
  readonly calls: string[];
  readonly requestIds: string[];
  readonly instances: Map<string, RegistryInstance>;
  readonly operations: Map<string, OperationStatus>;
  /** What ECS answers, by task id. */
  readonly tasks: Map<string, TaskFact>;
  readonly rung: Doorbell[];
  readonly wakes: { readonly wake: Wake; readonly delayMs: number }[];
  readonly letters: DeadLetter[];
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  readonly world: { now: EpochMs; revision: number; trip: Tripwire; unsent: boolean };
  manage(key?: Key, policy?: ReturnType<typeof policyOf>): Promise<void>;
  count(call: string): number;
}

/** Everything that lives outside of the shell, as plain collections. */
function emptyWorld() {
  return {
    stores: createMemoryStores(),
    calls: [] as string[],
    requestIds: [] as string[],
    instances: new Map<string, RegistryInstance>(),
    operations: new Map<string, OperationStatus>(),
    tasks: new Map<string, TaskFact>(),
    rung: [] as Doorbell[],
    wakes: [] as { wake: Wake; delayMs: number }[],
    letters: [] as DeadLetter[],
    lines: [] as { level: string; message: string; fields: LogFields }[],
    world: { now: NOW, revision: 1, trip: (() => undefined) as Tripwire, unsent: false },
  };
}
type World = ReturnType<typeof emptyWorld>;

const caller =
  ({ calls, world }: World) =>
  async <T>(call: string, effect: () => T | Promise<T>): Promise<T> => {
    calls.push(call);
    world.trip(call, "before");
    const result = await effect();
    world.trip(call, "after");
    return result;
  };

function registryPorts(world: World) {
  const call = caller(world);
  const started = (): string => {
    const id = `op-${world.operations.size + 1}`;
    world.operations.set(id, { status: "success" });
    world.world.revision += 1;
    return id;
  };
  const read: PassPorts["read"]["registry"] = {
    settings: () => call("settings", () => settings()),
    instances: () => call("instances", () => [...world.instances.values()]),
    operation: (id) => call("operation", () => world.operations.get(id) ?? { status: "pending" }),
    revision: () => call("revision", () => world.world.revision),
  };
  const write: PassPorts["act"]["registry"] = {
    register: ({ instanceId, attributes, requestId }) =>
      call("register", () => {
        world.requestIds.push(requestId);
        world.instances.set(instanceId, { instanceId, attributes });
        return started();
      }),
    deregister: (_service, instanceId) =>
      call("deregister", () => (world.instances.delete(instanceId) ? started() : undefined)),
    setHealth: () => call("setHealth", () => undefined),
  };
  return { read, write };
}

function ecsPorts(world: World): Pick<PassPorts["read"], "tasks" | "hosts"> {
  const call = caller(world);
  const isUp = (fact: TaskFact): boolean => fact.desiredStatus === "RUNNING";
  const described = (id: string): TaskFact | TaskGoneFact =>
    world.tasks.get(id) ?? { kind: "task-gone", taskId: id, at: world.world.now };
  return {
    tasks: {
      describeTasks: (_cluster, ids) => call("describeTasks", () => ids.map(described)),
      listTasks: (_cluster, { next, containerInstanceArn }) =>
        call("listTasks", () => {
          const on = (fact: TaskFact) =>
            containerInstanceArn === undefined || fact.containerInstanceArn === containerInstanceArn;
          const ids = [...world.tasks.values()]
            .filter((fact) => isUp(fact) && on(fact))
            .map(({ taskId }) => taskId);
          const from = Number(next ?? 0);
          return {
            taskIds: ids.slice(from, from + 100),
            next: ids.length > from + 100 ? String(from + 100) : undefined,
          };
        }),
      instanceStatuses: (_cluster, arns) =>
        call("instanceStatuses", () => Object.fromEntries(arns.map((arn) => [arn, "ACTIVE"]))),
    },
    hosts: {
      hosts: () => call("hosts", () => []),
      publicIps: () => call("publicIps", () => ({})),
      containerInstanceOf: () =>
        call("containerInstanceOf", () => ({
          clusterArn: CLUSTER_ARN,
          arn: CLUSTER_ARN.replace(":cluster/quay", ":container-instance/quay/h1"),
        })),
    },
  };
}

function logOf({ lines }: World): PassPorts["log"] {
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  return { info: line("info"), warn: line("warn"), error: line("error"), count: () => undefined };
}

function passPorts(world: World, mode: Mode): PassPorts {
  const call = caller(world);
  const { state, history } = world.stores;
  const registry = registryPorts(world);
  const rollouts = rolloutPorts(call);
  return {
    store: {
      ...state,
      commit: (key, version, next) => call("commit", () => state.commit(key, version, next)),
    },
    history,
    work: {
      ring: (doorbells) =>
        call("ring", () => {
          if (world.world.unsent) return doorbells;
          world.rung.push(...doorbells);
          return [];
        }),
    },
    delay: { wakeLater: async (wakes) => void world.wakes.push(...wakes) },
    read: { ...ecsPorts(world), registry: registry.read, ...rollouts.read },
    wait: async () => undefined,
    act: {
      registry: registry.write,
      stopper: { stopTask: () => call("stopTask", () => undefined) },
      ...rollouts.act,
      leases: world.stores.leases,
    },
    clock: { now: () => world.world.now },
    log: logOf(world),
    settings: { installation: INSTALLATION, mode },
  };
}

function sweepPortsOf(ports: PassPorts, world: World): SweepPorts {
  const call = caller(world);
  return {
    fleet: world.stores.fleet,
    timers: world.stores.timers,
    memory: world.stores.sweep,
    store: ports.store,
    work: ports.work,
    delay: ports.delay,
    deadLetters: {
      receive: async (limit) => world.letters.slice(0, limit),
      redrive: (letter) => call(`redrive ${letter.receipt}`, () => undefined),
      park: (letter) => call(`park ${letter.receipt}`, () => undefined),
    },
    read: ports.read,
    clock: ports.clock,
    log: ports.log,
  };
}

export function createBench(mode: Mode = "act"): Bench {
  const world = emptyWorld();
  const ports = passPorts(world, mode);
  return {
    ...world,
    ports,
    sweepPorts: sweepPortsOf(ports, world),
    manage: (key = KEY, policy = policyOf()) => world.stores.fleet.putPolicy(key, { discovery: policy }),
    count: (call) => world.calls.filter((one) => one === call).length,
  };
}

export const wakeFact = (cause: Extract<Fact, { kind: "wake" }>["cause"]): Fact => ({
  kind: "wake",
  cause,
  at: NOW,
});

export const doorbellFor = (key: Key, facts: readonly Fact[], changes: Partial<Doorbell> = {}): Doorbell => ({
  key,
  id: `${key} ${facts.length}`,
  facts,
  hops: 0,
  sentAt: NOW,
  ...changes,
});

export const moved = (bench: Bench, byMs: number): void => {
  bench.world.now = epochMs(bench.world.now + byMs);
};
