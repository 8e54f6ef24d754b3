// Merging task facts: the highest version wins, older or equal ones change nothing. Stopped tasks stay
// as tombstones for a while, so that a late event cannot raise the dead.

import type { EpochMs } from "../base/time.ts";
import { elapsedMs, minutes, seconds } from "../base/time.ts";
import type { Fact, TaskFact } from "../contracts/facts.ts";

/** Late duplicates come within seconds; anything older is verified by a fresh read anyway. */
const TOMBSTONE_MS = minutes(10);
/**
 * EventBridge retries a delivery for 24 h, so an old event may speak of a task that is long gone. One that
 * is older than this never registers anything without a fresh read.
 */
const STALE_EVENT_MS = minutes(2);

export type Tasks = Readonly<Record<string, TaskFact>>;

const isStopped = (fact: TaskFact): boolean => fact.lastStatus === "STOPPED" || fact.lastStatus === "DELETED";

/**
 * Facts that must not be believed as they are: without a version (the Fargate Spot notice has none), or
 * so old that the world has moved on. Old news of an end is harmless: it is merged by its version.
 */
export function needsFreshRead(fact: TaskFact, tasks: Tasks, now: EpochMs): boolean {
  if (fact.via === "describe") return false;
  if (fact.version === 0) return true;
  const isNews = fact.version > (tasks[fact.taskId]?.version ?? 0);
  return isNews && !isStopped(fact) && elapsedMs(fact.at, now) > STALE_EVENT_MS;
}

/** The same object comes back when nothing is news. */
export function mergeTasks(tasks: Tasks, facts: readonly Fact[]): Tasks {
  const merged: Record<string, TaskFact> = { ...tasks };
  let changed = false;
  for (const fact of facts) {
    const next = mergedFact(merged, fact);
    if (next === undefined) continue;
    merged[next.taskId] = next;
    changed = true;
  }
  return changed ? merged : tasks;
}

function mergedFact(tasks: Tasks, fact: Fact): TaskFact | undefined {
  if (fact.kind === "task-gone") return goneFact(tasks[fact.taskId], fact.at);
  if (fact.kind !== "task" || fact.version === 0) return undefined;
  const known = tasks[fact.taskId];
  if (known === undefined) return fact;
  if (fact.version < known.version || (fact.version === known.version && !isRicher(fact, known)))
    return undefined;
  return withKnown(fact, known);
}

/** A read tells what events leave out and no version counts: tags and health. */
const isRicher = (fact: TaskFact, known: TaskFact): boolean =>
  fact.via === "describe" &&
  ((fact.tags !== undefined && known.tags === undefined) || healthsOf(fact) !== healthsOf(known));

const healthsOf = (fact: TaskFact): string =>
  [fact.health, ...fact.containers.map((container) => container.health ?? "UNKNOWN")].join();

/**
 * Events carry neither tags nor health: what a read told of the same task stays.
 * https://github.com/aws/containers-roadmap/issues/1515
 */
function withKnown(fact: TaskFact, known: TaskFact): TaskFact {
  const tags = fact.tags ?? known.tags;
  const tagged = tags === undefined ? fact : { ...fact, tags };
  if (fact.via === "describe" || fact.health !== "UNKNOWN") return tagged;
  const healthOf = (name: string) => known.containers.find((container) => container.name === name)?.health;
  const containers = fact.containers.map((container) => {
    const health = container.health ?? healthOf(container.name);
    return health === undefined ? container : { ...container, health };
  });
  return { ...tagged, health: known.health, containers };
}

/** ECS forgot the task: it has stopped, whatever we last heard. No later version can come. */
function goneFact(known: TaskFact | undefined, at: EpochMs): TaskFact | undefined {
  if (known === undefined || isStopped(known)) return undefined;
  return { ...known, lastStatus: "STOPPED", desiredStatus: "STOPPED", version: Number.MAX_SAFE_INTEGER, at };
}

/** A tombstone needs its version and its status; the rest would be stored and paid for with every write. */
const SLIM_AFTER_MS = seconds(10);

/** Without tombstones that have done their duty, the others slimmed. The same object comes back unchanged. */
export function prunedTasks(tasks: Tasks, now: EpochMs): Tasks {
  const entries = Object.entries(tasks);
  const kept = entries.flatMap(([taskId, fact]) => {
    const age = isStopped(fact) ? elapsedMs(fact.at, now) : 0;
    if (age > TOMBSTONE_MS) return [];
    return [[taskId, age > SLIM_AFTER_MS ? slim(fact) : fact] as const];
  });
  const same = kept.length === entries.length && kept.every(([taskId, fact]) => fact === tasks[taskId]);
  return same ? tasks : Object.fromEntries(kept);
}

const slim = (fact: TaskFact): TaskFact =>
  fact.containers.length + fact.interfaces.length === 0 ? fact : { ...fact, containers: [], interfaces: [] };
