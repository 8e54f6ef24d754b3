// Keys that are not services: what happens to a host, a container instance or a single task concerns the
// services that run there. Their pass finds those keys and rings them; it decides nothing itself.

import { clusterArn } from "../base/arn.ts";
import { AppError } from "../base/errors.ts";
import { fingerprint } from "../base/fingerprint.ts";
import type { Key, KeyParts } from "../base/keys.ts";
import { keyOf, parseKey } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import type { KeyState } from "../contracts/aggregate.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import type { Fact, HostLeavingFact, InstanceFact, TaskFact } from "../contracts/facts.ts";
import { keyOfTask } from "./freshen.ts";
import type { PassPorts } from "./ports.ts";

export interface ForwardInput {
  readonly key: Key;
  readonly facts: readonly Fact[];
  readonly hops: number;
  /** Identifies the doorbells that caused this: the ids of those sent on derive from it. */
  readonly cause: string;
}

export type ForwardResult = "forwarded" | "unwatched";

export async function forward(input: ForwardInput, ports: PassPorts): Promise<ForwardResult> {
  const parts = parseKey(input.key);
  switch (parts.kind) {
    case "instance":
      return forwardInstance(input, parts, ports);
    case "host":
      return forwardHost(input, parts, ports);
    case "task":
      return forwardTask(input, parts, ports);
    case "service":
    case "group":
    case "cluster":
    case "daemon":
    case "alarm":
    case "source":
    case "feed":
      return "unwatched";
  }
}

// --- container instances --------------------------------------------------------------------------------

type InstanceParts = Extract<KeyParts, { kind: "instance" }>;

/**
 * A container instance's event comes with every task that starts or stops on it; only a change between
 * ACTIVE and leaving concerns the services, so the last status is kept under the instance's own key.
 */
async function forwardInstance(
  input: ForwardInput,
  parts: InstanceParts,
  ports: PassPorts,
): Promise<ForwardResult> {
  const { state } = await ports.store.load(input.key);
  const news = newsOf(input.facts, state);
  if (news === undefined) return "unwatched";
  const rung = await ringTasksOn(news, { input, parts, ports });
  if (news.host !== undefined) {
    const next: KeyState = {
      ...state,
      version: state.version + 1,
      host: news.host,
      decidedAt: ports.clock.now(),
    };
    await ports.store.commit(input.key, state.version, next);
  }
  return rung > 0 ? "forwarded" : "unwatched";
}

interface InstanceNews {
  readonly fact: HostLeavingFact;
  readonly host: KeyState["host"];
}

const LEAVING: ReadonlySet<string> = new Set(["DRAINING", "DEREGISTERING", "INACTIVE"]);

function newsOf(facts: readonly Fact[], state: KeyState): InstanceNews | undefined {
  const interruption = facts.find((fact) => fact.kind === "host-leaving");
  if (interruption !== undefined) return { fact: interruption, host: state.host };
  const newest = newestInstance(facts);
  if (newest === undefined || newest.version <= (state.host?.version ?? 0)) return undefined;
  const leaves = LEAVING.has(newest.status);
  const left = state.host !== undefined && LEAVING.has(state.host.status);
  if (leaves === left) return undefined;
  const fact: HostLeavingFact = {
    kind: "host-leaving",
    containerInstanceArn: newest.containerInstanceArn,
    leaving: leaves,
    cause: newest.status,
    at: newest.at,
  };
  return { fact, host: hostOf(newest) };
}

function newestInstance(facts: readonly Fact[]): InstanceFact | undefined {
  const instances = facts.filter((fact) => fact.kind === "instance");
  return instances.sort((a, b) => b.version - a.version)[0];
}

const hostOf = (fact: InstanceFact): NonNullable<KeyState["host"]> => ({
  containerInstanceArn: fact.containerInstanceArn,
  status: fact.status,
  version: fact.version,
  ...(fact.ec2InstanceId === undefined ? {} : { ec2InstanceId: fact.ec2InstanceId }),
  ...(fact.instanceType === undefined ? {} : { instanceType: fact.instanceType }),
  ...(fact.availabilityZone === undefined ? {} : { availabilityZone: fact.availabilityZone }),
});

interface Route {
  readonly input: ForwardInput;
  readonly parts: Extract<KeyParts, { cluster: string }>;
  readonly ports: PassPorts;
}

/** An instance's event lists no tasks: two reads for each change of an instance, none for each task. */
async function ringTasksOn({ fact }: InstanceNews, { input, parts, ports }: Route): Promise<number> {
  const arn = clusterArn(parts);
  const taskIds = await tasksOn(fact.containerInstanceArn, arn, ports);
  if (taskIds.length === 0) return 0;
  const described = await ports.read.tasks.describeTasks(arn, taskIds);
  const tasks = described.filter((one) => one.kind === "task");
  return ringAll(groupByKey(tasks, input.key), { extra: [fact], input, ports });
}

/** To the last page: a large host runs more than 100 tasks. */
async function tasksOn(
  containerInstanceArn: string,
  arn: string,
  { read }: PassPorts,
): Promise<readonly string[]> {
  const taskIds: string[] = [];
  let next: string | undefined;
  do {
    const from = next === undefined ? {} : { next };
    const page = await read.tasks.listTasks(arn, { containerInstanceArn, ...from });
    taskIds.push(...page.taskIds);
    next = page.next;
  } while (next !== undefined);
  return taskIds;
}

function groupByKey(tasks: readonly TaskFact[], scope: Key): Map<Key, TaskFact[]> {
  const byKey = new Map<Key, TaskFact[]>();
  for (const task of tasks) {
    const key = keyOfTask(task, scope);
    byKey.set(key, [...(byKey.get(key) ?? []), task]);
  }
  return byKey;
}

// --- hosts and single tasks -----------------------------------------------------------------------------

/** EC2 knows the instance, ECS the container instance on it: one look-up for each notice. */
async function forwardHost(
  input: ForwardInput,
  parts: Extract<KeyParts, { kind: "host" }>,
  ports: PassPorts,
): Promise<ForwardResult> {
  // A rebalance recommendation is a raised risk, not a departure: nothing leaves discovery for it.
  const notice = input.facts.find((fact) => fact.kind === "spot" && fact.notice === "interruption");
  if (notice === undefined) return "unwatched";
  const found = await ports.read.hosts.containerInstanceOf(parts.id);
  if (found === undefined) return "unwatched";
  const fact: HostLeavingFact = {
    kind: "host-leaving",
    containerInstanceArn: found.arn,
    leaving: true,
    cause: "spot interruption",
    at: notice.at,
  };
  const cluster = found.clusterArn.slice(found.clusterArn.lastIndexOf("/") + 1);
  const id = found.arn.slice(found.arn.lastIndexOf("/") + 1);
  const key = keyOf({ kind: "instance", account: parts.account, region: parts.region, cluster, id });
  await send([doorbell(key, [fact], { input, now: ports.clock.now() })], ports);
  return "forwarded";
}

async function forwardTask(
  input: ForwardInput,
  parts: Extract<KeyParts, { kind: "task" }>,
  ports: PassPorts,
): Promise<ForwardResult> {
  const described = await ports.read.tasks.describeTasks(clusterArn(parts), [parts.id]);
  const tasks = described.filter((one) => one.kind === "task");
  const notices = input.facts.filter((fact) => fact.kind === "health-notice");
  const rung = await ringAll(groupByKey(tasks, input.key), { extra: notices, input, ports });
  return rung > 0 ? "forwarded" : "unwatched";
}

// --- ringing --------------------------------------------------------------------------------------------

interface Ringing {
  readonly extra: readonly Fact[];
  readonly input: ForwardInput;
  readonly ports: PassPorts;
}

async function ringAll(byKey: Map<Key, TaskFact[]>, { extra, input, ports }: Ringing): Promise<number> {
  const now = ports.clock.now();
  const doorbells = [...byKey].map(([key, tasks]) => doorbell(key, [...tasks, ...extra], { input, now }));
  await send(doorbells, ports);
  return doorbells.length;
}

const doorbell = (
  key: Key,
  facts: readonly Fact[],
  from: { input: ForwardInput; now: EpochMs },
): Doorbell => ({
  key,
  id: fingerprint(`${from.input.cause}>${key}`),
  facts,
  hops: from.input.hops + 1,
  sentAt: from.now,
});

async function send(doorbells: readonly Doorbell[], ports: PassPorts): Promise<void> {
  const unsent = await ports.work.ring(doorbells);
  if (unsent.length > 0) throw new AppError("transient", `${unsent.length} doorbells were not taken`);
}
