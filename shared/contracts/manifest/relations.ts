// What rollouts of one file have to do with each other: members of groups, dependencies, and that nobody
// waits for himself.

import type { Key } from "../../base/keys.ts";
import type { RolloutGroup } from "../rollout-policy.ts";
import type { WrittenRollout } from "./rollout.ts";

/** One service of the file that has a `rollout`. */
export interface Related {
  readonly key: Key;
  /** As it stands in the file. */
  readonly name: string;
  readonly written: WrittenRollout;
}

export interface Relations {
  readonly group?: RolloutGroup;
  readonly dependsOn: readonly Key[];
}

export interface RelationProblem {
  /** Within the `rollout` of the service with this name. */
  readonly name: string;
  readonly path: readonly PropertyKey[];
  readonly expected: string;
}

export interface Resolved {
  readonly relations: ReadonlyMap<Key, Relations>;
  readonly problems: readonly RelationProblem[];
}

/** `keyOfName` completes a short name; undefined = it is no service's name. */
export function resolveRelations(
  all: readonly Related[],
  keyOfName: (name: string) => { readonly key: Key; readonly isWhole: boolean } | undefined,
): Resolved {
  const problems: RelationProblem[] = [...lockstepProblems(all)];
  const known = new Set(all.map(({ key }) => key));
  const relations = new Map<Key, Relations>();
  for (const { key, name, written } of all) {
    const dependsOn: Key[] = [];
    for (const [index, other] of written.dependsOn.entries()) {
      const found = keyOfName(other);
      const path = ["dependsOn", index];
      if (found === undefined) problems.push({ name, path, expected: SERVICE_NAME });
      else if (!found.isWhole && !known.has(found.key)) problems.push({ name, path, expected: IN_THIS_FILE });
      else dependsOn.push(found.key);
    }
    const group = groupOf(written, all);
    relations.set(key, { dependsOn: [...new Set(dependsOn)], ...(group !== undefined && { group }) });
  }
  return { relations, problems: [...problems, ...circleProblems(all, relations)] };
}

const SERVICE_NAME = "a service as cluster/service, or account/region/cluster/service";
const IN_THIS_FILE =
  "a service of this file that has a rollout, or the whole key of another one: account/region/cluster/service";

function groupOf({ group }: WrittenRollout, all: readonly Related[]): RolloutGroup | undefined {
  if (group === undefined) return undefined;
  const members = all.filter(({ written }) => written.group?.name === group.name).map(({ key }) => key);
  return { ...group, members };
}

/** A group goes in lockstep or it does not: half of it cannot. */
function lockstepProblems(all: readonly Related[]): readonly RelationProblem[] {
  const first = new Map<string, Related>();
  const problems: RelationProblem[] = [];
  for (const one of all) {
    const { group } = one.written;
    if (group === undefined) continue;
    const model = first.get(group.name) ?? one;
    first.set(group.name, model);
    const wanted = model.written.group?.lockstep;
    if (group.lockstep === wanted) continue;
    const expected = `${String(wanted)}, as ${model.name} of the same group has it`;
    problems.push({ name: one.name, path: ["group", "lockstep"], expected });
  }
  return problems;
}

/** Members in lockstep begin together, so a dependency of one is a dependency of all: they are one node. */
function circleProblems(
  all: readonly Related[],
  relations: ReadonlyMap<Key, Relations>,
): readonly RelationProblem[] {
  const problems: RelationProblem[] = [];
  for (const { key, name } of all) {
    const { dependsOn = [], group } = relations.get(key) ?? {};
    const self = new Set<Key>(group?.lockstep === true ? group.members : [key]);
    const circle = dependsOn.findIndex((other) => reaches(other, self, relations));
    if (circle < 0) continue;
    const expected = "no circle: it waits, through others, for the rollout that names it";
    problems.push({ name, path: ["dependsOn", circle], expected });
  }
  return problems;
}

function reaches(from: Key, goal: ReadonlySet<Key>, relations: ReadonlyMap<Key, Relations>): boolean {
  const seen = new Set<Key>();
  const open: Key[] = [from];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (goal.has(key)) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    const { dependsOn = [], group } = relations.get(key) ?? {};
    open.push(...dependsOn, ...(group?.lockstep === true ? group.members : []));
  }
  return false;
}
