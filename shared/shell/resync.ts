// The slow full resync: every managed service, once in five minutes, cluster by cluster. ECS is listed and
// described 100 tasks a call, registries are asked for their revision alone; a key is rung only when it
// differs, so a settled fleet costs reads and no pass.

import { clusterArn } from "../base/arn.ts";
import type { Key } from "../base/keys.ts";
import { parseKey } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import { elapsedMs, minutes } from "../base/time.ts";
import type { Aggregate, Json } from "../contracts/aggregate.ts";
import type { Fact, TaskFact } from "../contracts/facts.ts";
import type { Command } from "../contracts/policy.ts";
import { mergeTasks } from "../core/tasks.ts";
import { mapBounded } from "./bounded.ts";
import { registryDrift } from "./drift.ts";
import { keyOfTask } from "./freshen.ts";
import { backFacts, hostsBack } from "./host-doubts.ts";
import { QUARANTINE_AFTER } from "./pass.ts";
import { policyMarkOf } from "./policy-mark.ts";
import { doorbellOf, ringAll } from "./ring.ts";
import type { SweepPorts, SweepSummary } from "./sweep-ports.ts";

const CYCLE_MS = minutes(5);
/**
 * ListTasks and DescribeTasks share a bucket of 100 burst and 20 a second. A third of what refills in a
 * minute is ours: 400 calls, 20,000 tasks. The pace of the ECS client spreads them.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
 */
const CALL_BUDGET = 400;
/** The function's time-out is 60 s; a cluster is only begun with this much left. */
const TIME_BUDGET_MS = 35_000;
const MAX_PARALLEL_LOADS = 50;
/** Each asks for revisions: 10 at a time stay within the pace of Cloud Map's client. */
const MAX_PARALLEL_CHECKS = 10;
const KEY_PAGE = 1_000;

/** Where the sweep stands: clusters up to and with `after` are done in this cycle. */
interface Memory {
  readonly cycleAt: EpochMs;
  readonly after: string;
}

type Counts = Pick<SweepSummary, "keysChecked" | "keysRung">;

export async function resyncSlice(ports: SweepPorts, now: EpochMs): Promise<Counts> {
  const { version, memory: stored } = await ports.memory.read();
  const memory = memoryOf(stored, now);
  if (memory === undefined) return { keysChecked: 0, keysRung: 0 };
  const clusters = await managedClusters(ports);
  let spent = 0;
  let after = memory.after;
  const counts = { keysChecked: 0, keysRung: 0 };
  for (const cluster of [...clusters.keys()].sort()) {
    if (cluster <= memory.after) continue;
    if (spent >= CALL_BUDGET || elapsedMs(now, ports.clock.now()) > TIME_BUDGET_MS) {
      await ports.memory.write(version, { cycleAt: memory.cycleAt, after });
      return counts;
    }
    const done = await resyncOrReport(cluster, clusters.get(cluster) ?? [], ports);
    spent += done.calls;
    counts.keysChecked += done.keysChecked;
    counts.keysRung += done.keysRung;
    after = cluster;
  }
  await ports.memory.write(version, { cycleAt: memory.cycleAt, after: DONE });
  return counts;
}

/** Sorts behind every cluster's name. */
const DONE = "\uffff";

/** undefined: this cycle is done, and the next is not due. */
function memoryOf(stored: Json, now: EpochMs): Memory | undefined {
  const fields = typeof stored === "object" && stored !== null && !Array.isArray(stored) ? stored : {};
  const cycleAt = Reflect.get(fields, "cycleAt");
  const after = Reflect.get(fields, "after");
  if (typeof cycleAt !== "number" || typeof after !== "string") return { cycleAt: now, after: "" };
  if (elapsedMs(cycleAt as EpochMs, now) >= CYCLE_MS && after === DONE) return { cycleAt: now, after: "" };
  return after === DONE ? undefined : { cycleAt: cycleAt as EpochMs, after };
}

async function managedClusters({ fleet }: SweepPorts): Promise<Map<string, Key[]>> {
  const clusters = new Map<string, Key[]>();
  let after: string | undefined;
  do {
    const page = await fleet.managedKeys({ limit: KEY_PAGE, ...(after === undefined ? {} : { after }) });
    for (const key of page.items) {
      const arn = clusterArnOf(key);
      if (arn !== undefined) clusters.set(arn, [...(clusters.get(arn) ?? []), key]);
    }
    after = page.next;
  } while (after !== undefined);
  return clusters;
}

function clusterArnOf(key: Key): string | undefined {
  const parts = parseKey(key);
  if (parts.kind !== "service" && parts.kind !== "group") return undefined;
  return clusterArn(parts);
}

/** A cluster that cannot be read must not keep the sweep from those behind it: its turn comes again. */
async function resyncOrReport(
  cluster: string,
  keys: readonly Key[],
  ports: SweepPorts,
): Promise<Counts & { calls: number }> {
  try {
    return await resyncCluster(keys, ports);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    ports.log.error("cluster not resynced", { cluster, error: said });
    return { keysChecked: 0, keysRung: 0, calls: 1 };
  }
}

// --- one cluster ----------------------------------------------------------------------------------------

interface Truth {
  readonly byId: ReadonlyMap<string, TaskFact>;
  readonly calls: number;
}

async function resyncCluster(keys: readonly Key[], ports: SweepPorts): Promise<Counts & { calls: number }> {
  const now = ports.clock.now();
  const aggregates = await loadAll(keys, ports);
  const first = keys[0];
  const arn = first === undefined ? undefined : clusterArnOf(first);
  if (first === undefined || arn === undefined) return { keysChecked: 0, keysRung: 0, calls: 0 };
  const truth = await readTasks(arn, ports);
  const vanished = await describeVanished(arn, { aggregates, truth, ports });
  const byKey = Map.groupBy([...truth.byId.values()], (fact) => keyOfTask(fact, first));
  const back = await hostsBack(arn, { aggregates, read: ports.read, now });
  const news = await mapBounded(aggregates, MAX_PARALLEL_CHECKS, (aggregate) =>
    newsFor(aggregate, { listed: byKey.get(aggregate.key) ?? [], vanished, back, ports, now }),
  );
  const doorbells = news.flatMap((facts, index) => {
    const aggregate = aggregates[index];
    return facts.length > 0 && aggregate !== undefined ? [doorbellOf(aggregate.key, facts, now)] : [];
  });
  await ringAll(doorbells, ports);
  await dropDoneCommands(aggregates, ports, now);
  return {
    keysChecked: keys.length,
    keysRung: doorbells.length,
    calls: truth.calls + Math.ceil(vanished.size / 100),
  };
}

const loadAll = (keys: readonly Key[], { store }: SweepPorts): Promise<readonly Aggregate[]> =>
  mapBounded(keys, MAX_PARALLEL_LOADS, (key) => store.load(key));

/** One ListTasks and one DescribeTasks for each 100 tasks: 20 calls for a thousand. */
async function readTasks(clusterArn: string, { read }: SweepPorts): Promise<Truth> {
  const byId = new Map<string, TaskFact>();
  let calls = 0;
  let next: string | undefined;
  do {
    const page = await read.tasks.listTasks(clusterArn, next === undefined ? {} : { next });
    next = page.next;
    calls += 1;
    if (page.taskIds.length === 0) continue;
    calls += 1;
    for (const fact of await read.tasks.describeTasks(clusterArn, page.taskIds)) {
      if (fact.kind === "task") byId.set(fact.taskId, fact);
    }
  } while (next !== undefined);
  return { byId, calls };
}

interface ClusterView {
  readonly aggregates: readonly Aggregate[];
  readonly truth: Truth;
  readonly ports: SweepPorts;
}

/** Tasks that the table believes in and ECS did not list: their end was lost. Described before believed. */
async function describeVanished(
  clusterArn: string,
  { aggregates, truth, ports }: ClusterView,
): Promise<ReadonlyMap<string, Fact>> {
  const believed = aggregates.flatMap(({ state }) => Object.values(state.tasks));
  const missing = believed.filter((fact) => fact.desiredStatus !== "STOPPED" && !truth.byId.has(fact.taskId));
  const leaving = believed.filter(
    (fact) => fact.desiredStatus === "STOPPED" && fact.lastStatus !== "STOPPED",
  );
  const ids = [...missing, ...leaving].map((fact) => fact.taskId);
  if (ids.length === 0) return new Map();
  const described = await ports.read.tasks.describeTasks(clusterArn, ids);
  return new Map(described.map((fact) => [fact.taskId, fact]));
}

interface KeyView {
  readonly listed: readonly TaskFact[];
  readonly vanished: ReadonlyMap<string, Fact>;
  readonly back: ReadonlySet<string>;
  readonly ports: SweepPorts;
  readonly now: EpochMs;
}

/** Everything this key should hear; empty when its memory equals the truth. */
async function newsFor(
  aggregate: Aggregate,
  { listed, vanished, back, ports, now }: KeyView,
): Promise<readonly Fact[]> {
  const { state } = aggregate;
  const changed = listed.filter((fact) => mergeTasks(state.tasks, [fact]) !== state.tasks);
  const ended = Object.keys(state.tasks).flatMap((taskId) => {
    const fact = vanished.get(taskId);
    return fact !== undefined && mergeTasks(state.tasks, [fact]) !== state.tasks ? [fact] : [];
  });
  const facts: Fact[] = [...changed, ...ended, ...backFacts(aggregate, back, now)];
  const isUnheard = state.policyMark !== policyMarkOf(aggregate.policy);
  const isLost =
    isUnheard || state.version === 0 || state.failures >= QUARANTINE_AFTER || state.intents.length > 0;
  if (facts.length > 0 || isLost) facts.push({ kind: "wake", cause: "resync", at: now });
  if (await registryDrift(aggregate, ports)) facts.push({ kind: "wake", cause: "drift", at: now });
  return facts;
}

// --- commands -------------------------------------------------------------------------------------------

/** An approval that nothing asked for in a day is void. */
const APPROVAL_LIFE_MS = minutes(24 * 60);
/** A word that no pass heard in a day was meant for another time. */
const ROLLOUT_COMMAND_LIFE_MS = minutes(24 * 60);

async function dropDoneCommands(
  aggregates: readonly Aggregate[],
  { fleet }: SweepPorts,
  now: EpochMs,
): Promise<void> {
  for (const { key, commands, state } of aggregates) {
    const done = commands.filter((command) => isDone(command, state, now));
    if (done.length > 0) await fleet.dropCommands(key, done);
  }
}

function isDone(command: Command, { tasks, capabilities }: Aggregate["state"], now: EpochMs): boolean {
  switch (command.type) {
    case "pause":
      return false;
    case "approve":
      return elapsedMs(command.at as EpochMs, now) > APPROVAL_LIFE_MS;
    case "stop-task": {
      const status = tasks[command.taskId]?.lastStatus;
      return status === undefined || status === "STOPPED";
    }
    case "rollout":
      return (
        heardBy(capabilities["rollout"]).includes(command.id) ||
        elapsedMs(command.at as EpochMs, now) > ROLLOUT_COMMAND_LIFE_MS
      );
  }
}

/** The commands that the rollout carried out or refused: it never looks at them again. */
function heardBy(rollout: Json | undefined): readonly Json[] {
  if (typeof rollout !== "object" || rollout === null || Array.isArray(rollout)) return [];
  const heard: unknown = Reflect.get(rollout, "heard");
  return Array.isArray(heard) ? heard : [];
}
