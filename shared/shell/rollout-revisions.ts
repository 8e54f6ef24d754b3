// Revisions of a service with the deployments or task sets that run them, and their tasks: the tree that
// `rollout get` draws.

import { NO_REVISION } from "../base/arn.ts";
import type { KeyState } from "../contracts/aggregate.ts";
import type { TaskFact } from "../contracts/facts.ts";
import type { CountView, RevisionNode, RolloutTaskView, TaskGroupView } from "../contracts/rollout-api.ts";
import type { Rollout, RolloutState } from "../core/rollout/state.ts";

type Tasks = KeyState["tasks"];
type Role = RevisionNode["role"];

export function revisionNodes(tasks: Tasks, state: RolloutState): readonly RevisionNode[] {
  const rollout = state.phase === "idle" ? undefined : state.rollout;
  const all = Object.values(tasks);
  const cast = castOf(state);
  const running = Map.groupBy(all, ({ taskDefinitionArn }) => nameOf(taskDefinitionArn));
  const names = new Set([...wantedNames(rollout), ...running.keys()]);
  return [...names]
    .map((name) => nodeOf(name, running.get(name) ?? [], { rollout, cast }))
    .filter(({ role, counts }) => role !== "other" || counts.desired > 0 || counts.running > 0)
    .sort((a, b) => ORDER[a.role] - ORDER[b.role] || compareRevisions(b.name, a.name));
}

const ORDER: Readonly<Record<Role, number>> = { candidate: 0, baseline: 1, stable: 2, other: 3 };

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

const wantedNames = (rollout: Rollout | undefined): readonly string[] =>
  rollout === undefined
    ? []
    : [rollout.target, rollout.source]
        .map(({ taskDefinition }) => nameOf(taskDefinition))
        .filter((name) => name !== NO_REVISION);

const revisionNumber = (name: string): number => Number(name.slice(name.lastIndexOf(":") + 1)) || 0;
const compareRevisions = (a: string, b: string): number => revisionNumber(a) - revisionNumber(b);

/** Which revision plays which part. */
interface Cast {
  readonly candidate?: string;
  readonly stable?: string;
}

/** Between rollouts the last one says which revision is the good one. */
function castOf(state: RolloutState): Cast {
  if (state.phase !== "idle") {
    const { target, source } = state.rollout;
    return { candidate: nameOf(target.taskDefinition), stable: nameOf(source.taskDefinition) };
  }
  const [last] = state.past;
  if (last === undefined) return {};
  const { target, source, outcome } = last;
  return { stable: nameOf((outcome === "promoted" ? target : source).taskDefinition) };
}

interface Scene {
  readonly rollout: Rollout | undefined;
  readonly cast: Cast;
}

function nodeOf(name: string, tasks: readonly TaskFact[], { rollout, cast }: Scene): RevisionNode {
  const groups = groupsOf(tasks, rollout).filter((group) => !isBygone(group, tasks, rollout));
  const role = roleOf(name, cast);
  const weight = weightOf(role, rollout);
  return {
    name,
    role,
    images: imagesOf(role, tasks, rollout),
    ...(weight !== undefined && { weight }),
    counts: sumOf(groups.map(({ counts }) => counts)),
    groups,
  };
}

function roleOf(name: string, { candidate, stable }: Cast): Role {
  if (name === candidate) return "candidate";
  return name === stable ? "stable" : "other";
}

function weightOf(role: Role, rollout: Rollout | undefined): number | undefined {
  if (rollout === undefined || rollout.driver === "rolling" || rollout.driver === "watch") return undefined;
  if (role === "candidate") return rollout.weight;
  return role === "stable" ? 100 - rollout.weight : undefined;
}

function imagesOf(role: Role, tasks: readonly TaskFact[], rollout: Rollout | undefined): readonly string[] {
  const known =
    role === "candidate" ? rollout?.target.images : role === "stable" ? rollout?.source.images : [];
  if (known !== undefined && known.length > 0) return known;
  const newest = tasks.find(({ containers }) => containers.some(({ image }) => image !== undefined));
  return (newest?.containers ?? []).flatMap(({ name, image }) =>
    image === undefined ? [] : `${name}=${image}`,
  );
}

/** What an earlier deployment of the same revision left behind. */
function isBygone(group: TaskGroupView, tasks: readonly TaskFact[], rollout: Rollout | undefined): boolean {
  if (rollout === undefined || group.counts.desired > 0 || group.counts.running > 0) return false;
  const own = tasks.filter(({ startedBy }) => (startedBy ?? "tasks") === group.name);
  return own.every(({ at }) => at < rollout.startedAt);
}

/** ECS writes a deployment's or a task set's id into `startedBy`. */
function groupsOf(tasks: readonly TaskFact[], rollout: Rollout | undefined): readonly TaskGroupView[] {
  const byStarter = Map.groupBy(tasks, ({ startedBy }) => startedBy ?? "");
  return [...byStarter]
    .map(([starter, group]): TaskGroupView => {
      const sorted = [...group].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
      return {
        kind: kindOf(starter, rollout),
        name: starter === "" ? "tasks" : starter,
        counts: countsOf(group),
        tasks: sorted.map(taskView),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf(starter: string, rollout: Rollout | undefined): TaskGroupView["kind"] {
  if (rollout?.driver === "task-sets") return "task-set";
  return starter.startsWith("ecs-svc/") ? "deployment" : "tasks";
}

function taskView(fact: TaskFact): RolloutTaskView {
  return {
    id: fact.taskId,
    status: fact.lastStatus,
    health: fact.health,
    ...(fact.startedAt !== undefined && { startedAt: fact.startedAt }),
    ...(fact.stoppedReason !== undefined && { stoppedReason: fact.stoppedReason }),
  };
}

function countsOf(tasks: readonly TaskFact[]): CountView {
  const alive = tasks.filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  const running = alive.filter(({ lastStatus }) => lastStatus === "RUNNING");
  const isTold = alive.some(({ health }) => health !== "UNKNOWN");
  return {
    desired: alive.length,
    running: running.length,
    ...(isTold && { healthy: running.filter(({ health }) => health === "HEALTHY").length }),
  };
}

export function sumOf(counts: readonly CountView[]): CountView {
  const sum = (field: "desired" | "running"): number => counts.reduce((all, count) => all + count[field], 0);
  const told = counts.flatMap(({ healthy }) => (healthy === undefined ? [] : healthy));
  return {
    desired: sum("desired"),
    running: sum("running"),
    ...(told.length > 0 && { healthy: told.reduce((all, healthy) => all + healthy, 0) }),
  };
}
