// Replaces facts that must not be believed by a fresh DescribeTasks: without a version, or from an event
// so old that the world has moved on. Complete and recent facts cost no call.

import type { Key } from "../base/keys.ts";
import { keyOf, parseKey } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import type { Fact, TaskFact } from "../contracts/facts.ts";
import type { Tasks } from "../core/tasks.ts";
import { needsFreshRead } from "../core/tasks.ts";
import type { TaskReader } from "../ports/tasks.ts";

export async function freshened(
  facts: readonly Fact[],
  known: { readonly tasks: Tasks; readonly now: EpochMs },
  reader: TaskReader,
): Promise<readonly Fact[]> {
  const doubtful = facts.filter(
    (fact) => fact.kind === "task" && needsFreshRead(fact, known.tasks, known.now),
  );
  if (doubtful.length === 0) return facts;
  const fresh = await describeByCluster(doubtful as readonly TaskFact[], reader);
  return [...facts.filter((fact) => !doubtful.includes(fact)), ...fresh];
}

async function describeByCluster(facts: readonly TaskFact[], reader: TaskReader): Promise<readonly Fact[]> {
  const byCluster = new Map<string, Set<string>>();
  for (const fact of facts) {
    const ids = byCluster.get(fact.clusterArn) ?? new Set<string>();
    byCluster.set(fact.clusterArn, ids.add(fact.taskId));
  }
  const answers = await Promise.all(
    [...byCluster].map(([clusterArn, ids]) => reader.describeTasks(clusterArn, [...ids])),
  );
  return answers.flat();
}

/** The key that a described task belongs to; its cluster's scope is the scope of the key it was asked for. */
export function keyOfTask(fact: TaskFact, scopeOf: Key): Key {
  const { account, region } = parseKey(scopeOf);
  const cluster = fact.clusterArn.slice(fact.clusterArn.lastIndexOf("/") + 1);
  const service = /^service:(.+)$/.exec(fact.group)?.[1];
  return service === undefined
    ? keyOf({ kind: "group", account, region, cluster, name: fact.group })
    : keyOf({ kind: "service", account, region, cluster, name: service });
}
