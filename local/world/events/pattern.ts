// An event pattern read into branches: alternatives ($or) of conditions on paths, sorted by path.

import type { Leaf, LeafTest } from "./operators.ts";
import { absent, addressTest, operatorNames, operatorTest } from "./operators.ts";
import { PatternError, shown } from "./pattern-error.ts";

export interface Condition {
  /** Keys joined by dots; a key that holds a dot is not told apart, as in EventBridge. */
  readonly path: string;
  /** Values that match as they are. */
  readonly exact: ReadonlySet<Leaf>;
  readonly tests: readonly LeafTest[];
  /** Also holds where the path has no value. */
  readonly orAbsent: boolean;
}

/** All of its conditions hold together; sorted by path, since `exists: false` sees the fields before it. */
export type Branch = readonly Condition[];

type Draft = Map<string, Condition>;

interface Place {
  /** Joined keys so far. */
  readonly path: string;
  /** Where we are, for messages. */
  readonly shown: string;
  readonly insideOr: boolean;
  /** False: `$or` is read as any other key. */
  readonly orKnown: boolean;
}

/** EventBridge allows 1,000 at most; each costs a walk for every event. */
const mostBranches = 1_000;

/** Keys that may become operators are refused as field names inside $or. */
const reservedInOr: ReadonlySet<string> = new Set([
  ...operatorNames.filter((name) => name !== "exactly"),
  "exactly",
  ...["=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"],
  ...["date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"],
  ...["ip-address-in-range", "ip-address-not-in-range"],
]);

/** Throws PatternError. A `$or` that is not a list of two or more objects is a field of that name. */
export function parsePattern(pattern: unknown): readonly Branch[] {
  try {
    return parseBranches(pattern, true);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    try {
      return parseBranches(pattern, false);
    } catch {
      throw error;
    }
  }
}

function parseBranches(pattern: unknown, orKnown: boolean): readonly Branch[] {
  const drafts = parseObject([], pattern, { path: "", shown: "", insideOr: false, orKnown });
  return drafts.map((draft) => [...draft.values()].sort((a, b) => (a.path < b.path ? -1 : 1)));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(drafts: readonly Draft[], value: unknown, place: Place): readonly Draft[] {
  if (!isObject(value)) {
    throw new PatternError(place.shown, shown(value), "write an object of fields, or a list of values");
  }
  const entries = Object.entries(value);
  if (entries.length === 0) throw new PatternError(place.shown, "an empty object", "name at least one field");
  return entries.reduce((so, [key, inner]) => parseField(so, key, { inner, place }), drafts);
}

function parseField(
  drafts: readonly Draft[],
  key: string,
  at: { readonly inner: unknown; readonly place: Place },
): readonly Draft[] {
  const { inner, place } = at;
  const inside = place.shown === "" ? key : `${place.shown}.${key}`;
  if (key === "$or" && place.orKnown) return parseOr(drafts, inner, { ...place, shown: inside });
  if (place.insideOr && reservedInOr.has(key)) {
    throw new PatternError(
      inside,
      `field "${key}"`,
      "this name is reserved inside $or: put the operator into a list",
    );
  }
  const path = place.path === "" ? key : `${place.path}.${key}`;
  if (!Array.isArray(inner)) return parseObject(drafts, inner, { ...place, path, shown: inside });
  const condition = parseValues(inner, path, inside);
  const all = drafts.length === 0 ? [new Map<string, Condition>()] : drafts;
  return all.map((draft) => new Map(draft).set(path, condition));
}

function parseOr(drafts: readonly Draft[], value: unknown, place: Place): readonly Draft[] {
  if (!Array.isArray(value) || value.length < 2) {
    throw new PatternError(place.shown, shown(value), "$or takes a list of two or more objects");
  }
  const branches = value.flatMap((alternative: unknown, index) =>
    parseObject(drafts, alternative, { ...place, shown: `${place.shown}[${index}]`, insideOr: true }),
  );
  if (branches.length > mostBranches) {
    throw new PatternError(place.shown, `${branches.length} combinations`, `stay within ${mostBranches}`);
  }
  return branches;
}

function parseValues(values: readonly unknown[], path: string, where: string): Condition {
  if (values.length === 0)
    throw new PatternError(where, "an empty list", "give at least one value or operator");
  const exact = new Set<Leaf>();
  const tests: LeafTest[] = [];
  let orAbsent = false;
  values.forEach((value, index) => {
    const test = valueTest(value, `${where}[${index}]`);
    if (test === absent) orAbsent = true;
    else if (typeof test === "function") tests.push(test);
    else exact.add(test);
  });
  return { path, exact, tests, orAbsent };
}

function valueTest(value: unknown, where: string): Leaf | LeafTest | typeof absent {
  if (typeof value === "string") return addressTest(value) ?? value;
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (isObject(value)) return operatorTest(value, where);
  throw new PatternError(
    where,
    shown(value),
    "write a string, number, true, false, null or an operator object",
  );
}
