// EventBridge's pattern matching: compiled once, then a pure test on events. Checked against AWS's own
// matcher (https://github.com/aws/event-ruler) in test/contract/event-patterns.

import type { Field, Fields, Membership } from "./fields.ts";
import { fieldsOf, joined, noMembership } from "./fields.ts";
import type { Branch, Condition } from "./pattern.ts";
import { parsePattern } from "./pattern.ts";

export interface CompiledPattern {
  /** Never throws; what is not a JSON object never matches. */
  matches(event: unknown): boolean;
  /** The same on an event laid flat before, with at least `used`: a bus does that once for all its rules. */
  matchesFields(fields: Fields): boolean;
  /** Paths that the pattern reads, with their beginnings. */
  readonly used: ReadonlySet<string>;
  /** The only strings that may stand at a path, when the pattern says so plainly; undefined = any. */
  onlyStrings(path: string): ReadonlySet<string> | undefined;
}

/** Throws PatternError naming the path and the remedy. Takes the parsed JSON of a pattern. */
export function compile(pattern: unknown): CompiledPattern {
  const branches = parsePattern(pattern);
  const used = usedPaths(branches);
  const matchesFields = (fields: Fields): boolean => branches.some((branch) => branchMatches(branch, fields));
  return {
    used,
    matchesFields,
    matches: (event) => isEvent(event) && matchesFields(fieldsOf(event, used)),
    onlyStrings: (path) => onlyStrings(branches, path),
  };
}

const isEvent = (event: unknown): boolean =>
  typeof event === "object" && event !== null && !Array.isArray(event);

function usedPaths(branches: readonly Branch[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { path } of branches.flat()) {
    for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1))
      used.add(path.slice(0, dot));
    used.add(path);
  }
  return used;
}

function onlyStrings(branches: readonly Branch[], path: string): ReadonlySet<string> | undefined {
  const strings = new Set<string>();
  for (const branch of branches) {
    const condition = branch.find((candidate) => candidate.path === path);
    if (condition === undefined || condition.orAbsent || condition.tests.length > 0) return undefined;
    for (const value of condition.exact) if (typeof value === "string") strings.add(value);
  }
  return strings;
}

function branchMatches(branch: Branch, fields: Fields): boolean {
  // Most events fail on one field alone; only what is left needs to fit together.
  for (const condition of branch) {
    if (!condition.orAbsent && !fields.get(condition.path)?.some((field) => holds(condition, field)))
      return false;
  }
  return fitsTogether(branch, fields, { index: 0, membership: noMembership });
}

function holds(condition: Condition, { leaf }: Field): boolean {
  return condition.exact.has(leaf) || condition.tests.some((test) => test(leaf));
}

interface Reached {
  readonly index: number;
  /** The array elements that the conditions so far were found in. */
  readonly membership: Membership;
}

/** Looks for one value for each condition such that no array is used with two different elements. */
function fitsTogether(branch: Branch, fields: Fields, reached: Reached): boolean {
  const condition = branch[reached.index];
  if (condition === undefined) return true;
  const { membership } = reached;
  const index = reached.index + 1;
  const candidates = fields.get(condition.path) ?? [];
  // A field in another element of the same array counts as absent.
  if (condition.orAbsent && !candidates.some((field) => joined(membership, field.membership) !== undefined)) {
    if (fitsTogether(branch, fields, { index, membership })) return true;
  }
  const tried = new Set<Membership>();
  for (const field of candidates) {
    const next = joined(membership, field.membership);
    if (next === undefined || tried.has(next) || !holds(condition, field)) continue;
    if (fitsTogether(branch, fields, { index, membership: next })) return true;
    tried.add(next);
  }
  return false;
}
