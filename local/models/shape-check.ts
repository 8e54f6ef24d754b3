// Checks a value against a shape of AWS's models and says every place where it does not fit. Checkers are
// made once for each shape and kept: the simulation checks every call.

import type {
  ListShape,
  MapShape,
  ScalarShape,
  ScalarType,
  Shape,
  ShapeRef,
  Shapes,
  StructureShape,
} from "./model-data.ts";
import { ANY } from "./model-data.ts";
import { compilePattern } from "./pattern.ts";

export type FindingKind = "missing" | "type" | "unknown" | "enum" | "max" | "min" | "pattern";

/** A number is a place in a list, `{ key }` one in a map. */
export type Step = string | number | { readonly key: string };

export interface Finding {
  readonly kind: FindingKind;
  readonly path: readonly Step[];
  readonly value: unknown;
  /** What was expected, in AWS's words: `Member must have length less than or equal to 3`. */
  readonly expected: string;
  /** All constraints of the shape, in AWS's order: reported for items, keys and values of scalar type. */
  readonly all: readonly string[];
  readonly role: "member" | "item" | "key" | "value";
  readonly sensitive: boolean;
}

export interface CheckOptions {
  /** Answers have no other members than the model's; in requests AWS ignores them. */
  readonly reportUnknown: boolean;
}

interface Walk {
  readonly steps: Step[];
  readonly findings: Finding[];
  role: Finding["role"];
}

type Checker = (value: unknown, walk: Walk) => void;

export interface ShapeChecker {
  check(ref: ShapeRef, value: unknown): readonly Finding[];
}

const NOTHING: readonly Finding[] = [];

export function createShapeChecker(shapes: Shapes, options: CheckOptions): ShapeChecker {
  const compiled = new Map<ShapeRef, Checker>();
  const checkerOf = (ref: ShapeRef): Checker => {
    const known = compiled.get(ref);
    if (known !== undefined) return known;
    // Shapes can contain themselves: the entry is there before its parts are made.
    let made: Checker = () => undefined;
    compiled.set(ref, (value, walk) => made(value, walk));
    made = compile(shapeOf(shapes, ref), { checkerOf, options });
    compiled.set(ref, made);
    return made;
  };
  return {
    check: (ref, value) => {
      const walk: Walk = { steps: [], findings: [], role: "member" };
      checkerOf(ref)(value, walk);
      return walk.findings.length === 0 ? NOTHING : walk.findings;
    },
  };
}

function shapeOf(shapes: Shapes, ref: ShapeRef): Shape | undefined {
  if (ref === ANY) return undefined;
  if (ref.startsWith("$")) return { type: ref.slice(1) as ScalarType };
  const shape = Object.hasOwn(shapes, ref) ? shapes[ref] : undefined;
  if (shape === undefined) throw new Error(`the models have no shape ${ref}`);
  return shape;
}

interface Compilation {
  readonly checkerOf: (ref: ShapeRef) => Checker;
  readonly options: CheckOptions;
}

function compile(shape: Shape | undefined, compilation: Compilation): Checker {
  if (shape === undefined) return () => undefined;
  if ("members" in shape) return structureChecker(shape, compilation);
  if ("list" in shape) return listChecker(shape, compilation);
  if ("map" in shape) return mapChecker(shape, compilation);
  return scalarChecker(shape);
}

function report(walk: Walk, finding: Partial<Finding> & Pick<Finding, "kind" | "value" | "expected">): void {
  const { role, steps } = walk;
  walk.findings.push({ all: [finding.expected], sensitive: false, role, path: [...steps], ...finding });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function enter(walk: Walk, step: Step, role: Finding["role"]): void {
  walk.steps.push(step);
  walk.role = role;
}

function structureChecker(shape: StructureShape, compilation: Compilation): Checker {
  const required = shape.required ?? [];
  const memberChecker = membersOf(shape, compilation);
  return (value, walk) => {
    if (!isRecord(value)) return report(walk, { kind: "type", value, expected: "a structure" });
    for (const name of required) if (!isGiven(value[name])) reportMissing(walk, name);
    for (const name of Object.keys(value)) {
      if (!isGiven(value[name])) continue;
      enter(walk, name, "member");
      memberChecker(name)(value[name], walk);
      walk.steps.pop();
    }
  };
}

function membersOf(shape: StructureShape, { checkerOf, options }: Compilation): (name: string) => Checker {
  const members = new Map<string, Checker>();
  return (name) => {
    let member = members.get(name);
    if (member === undefined) {
      const ref = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
      member = ref === undefined ? unknownChecker(options) : checkerOf(ref);
      members.set(name, member);
    }
    return member;
  };
}

const unknownChecker =
  ({ reportUnknown }: CheckOptions): Checker =>
  (value, walk) => {
    if (reportUnknown) report(walk, { kind: "unknown", value, expected: "no such member" });
  };

function reportMissing(walk: Walk, name: string): void {
  walk.steps.push(name);
  report(walk, { kind: "missing", value: null, expected: "Member must not be null", role: "member" });
  walk.steps.pop();
}

function listChecker(shape: ListShape, { checkerOf }: Compilation): Checker {
  const limits = lengthRules(shape);
  return (value, walk) => {
    if (!Array.isArray(value)) return report(walk, { kind: "type", value, expected: "a list" });
    applyRules(limits, value, walk);
    const item = checkerOf(shape.list);
    for (const [index, given] of value.entries()) {
      if (!isGiven(given)) continue;
      enter(walk, index, "item");
      item(given, walk);
      walk.steps.pop();
    }
  };
}

function mapChecker(shape: MapShape, { checkerOf }: Compilation): Checker {
  const limits = lengthRules(shape);
  return (value, walk) => {
    if (!isRecord(value)) return report(walk, { kind: "type", value, expected: "a map" });
    applyRules(limits, value, walk);
    const [key, item] = [checkerOf(shape.map[0]), checkerOf(shape.map[1])];
    for (const name of Object.keys(value)) {
      enter(walk, { key: name }, "key");
      key(name, walk);
      walk.role = "value";
      if (isGiven(value[name])) item(value[name], walk);
      walk.steps.pop();
    }
  };
}

interface Rule {
  readonly kind: FindingKind;
  readonly expected: string;
  readonly all: readonly string[];
  readonly sensitive: boolean;
  holds(value: never): boolean;
}

function applyRules(rules: readonly Rule[], value: unknown, walk: Walk): void {
  for (const rule of rules) {
    if (rule.holds(value as never)) continue;
    const { kind, expected, all, sensitive } = rule;
    report(walk, { kind, value, expected, all, sensitive });
  }
}

const sizeOf = (value: object | string): number =>
  typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(value).length;

type RuleDraft = Pick<Rule, "kind" | "expected" | "holds">;

const together = (drafts: readonly RuleDraft[], sensitive = false): readonly Rule[] => {
  const all = drafts.map(({ expected }) => expected);
  return drafts.map((draft) => ({ ...draft, all, sensitive }));
};

function lengthDrafts({ min, max }: { readonly min?: number; readonly max?: number }): RuleDraft[] {
  const drafts: RuleDraft[] = [];
  if (max !== undefined) {
    const expected = `Member must have length less than or equal to ${max}`;
    drafts.push({ kind: "max", expected, holds: (value: object | string) => sizeOf(value) <= max });
  }
  if (min !== undefined && min > 0) {
    const expected = `Member must have length greater than or equal to ${min}`;
    drafts.push({ kind: "min", expected, holds: (value: object | string) => sizeOf(value) >= min });
  }
  return drafts;
}

const lengthRules = (limits: { readonly min?: number; readonly max?: number }): readonly Rule[] =>
  together(lengthDrafts(limits));

function rangeDrafts({ min, max }: ScalarShape): RuleDraft[] {
  const drafts: RuleDraft[] = [];
  if (max !== undefined) {
    const expected = `Member must have value less than or equal to ${max}`;
    drafts.push({ kind: "max", expected, holds: (value: number) => Number(value) <= max });
  }
  if (min !== undefined) {
    const expected = `Member must have value greater than or equal to ${min}`;
    drafts.push({ kind: "min", expected, holds: (value: number) => Number(value) >= min });
  }
  return drafts;
}

function textDrafts(shape: ScalarShape): RuleDraft[] {
  const drafts = lengthDrafts(shape);
  const regex = shape.pattern === undefined ? undefined : compilePattern(shape.pattern);
  if (regex !== undefined) {
    const expected = `Member must satisfy regular expression pattern: ${shape.pattern}`;
    drafts.push({ kind: "pattern", expected, holds: (value: string) => regex.test(value) });
  }
  if (shape.enum !== undefined) {
    const values = new Set(shape.enum);
    const expected = `Member must satisfy enum value set: [${shape.enum.join(", ")}]`;
    drafts.push({ kind: "enum", expected, holds: (value: string) => values.has(value) });
  }
  return drafts;
}

interface Scalar {
  readonly name: string;
  accepts(value: unknown): boolean;
}

const isText = (value: unknown): boolean => typeof value === "string";
const specialNumbers: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);
const isNumber = (value: unknown): boolean =>
  typeof value === "number" || typeof value === "bigint" || specialNumbers.has(value);
const number: Scalar = { name: "a Number", accepts: isNumber };

const SCALAR_CHECKS: Readonly<Record<ScalarType, Scalar>> = {
  string: { name: "a String", accepts: isText },
  boolean: { name: "a Boolean", accepts: (value) => typeof value === "boolean" },
  integer: number,
  long: number,
  float: number,
  double: number,
  // On the wire seconds or a text, in process a Date.
  timestamp: {
    name: "a Timestamp",
    accepts: (value) => isText(value) || isNumber(value) || value instanceof Date,
  },
  blob: { name: "a Blob", accepts: (value) => isText(value) || value instanceof Uint8Array },
};

function scalarChecker(shape: ScalarShape): Checker {
  const { name, accepts } = SCALAR_CHECKS[shape.type];
  const isRange = SCALAR_CHECKS[shape.type] === number;
  const drafts = isRange ? rangeDrafts(shape) : shape.type === "string" ? textDrafts(shape) : [];
  const rules = together(drafts, shape.sensitive);
  return (value, walk) => {
    if (accepts(value)) applyRules(rules, value, walk);
    else report(walk, { kind: "type", value, expected: name });
  };
}
