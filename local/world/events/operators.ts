// The comparison operators of event patterns: each becomes a test on one leaf value.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

import { inBlock, parseAddress, parseBlock, sameAddress } from "./addresses.ts";
import { PatternError, shown } from "./pattern-error.ts";

/** What events are compared on. */
export type Leaf = string | number | boolean | null;
export type LeafTest = (leaf: Leaf) => boolean;
type TextTest = (text: string) => boolean;

/** `exists: false` is the one operator that is not about a value. */
export const absent = Symbol("exists: false");

export const operatorNames = [
  "exactly",
  "prefix",
  "suffix",
  "equals-ignore-case",
  "anything-but",
  "numeric",
  "exists",
  "cidr",
  "wildcard",
] as const;
type Operator = (typeof operatorNames)[number];

type Build = (operand: unknown, path: string) => LeafTest | typeof absent;

const onText =
  (test: TextTest): LeafTest =>
  (leaf) =>
    typeof leaf === "string" && test(leaf);

const builders: Readonly<Record<Operator, Build>> = {
  exactly: (operand, path) => {
    const wanted = text(operand, path);
    return (leaf) => leaf === wanted;
  },
  prefix: (operand, path) => onText(affix("prefix", operand, path)),
  suffix: (operand, path) => onText(affix("suffix", operand, path)),
  "equals-ignore-case": (operand, path) => onText(ignoringCase(text(operand, path), "whole")),
  "anything-but": anythingBut,
  numeric: numericRange,
  exists: (operand, path) => {
    if (operand === true) return () => true;
    if (operand === false) return absent;
    throw new PatternError(path, shown(operand), "write true or false");
  },
  cidr: (operand, path) => {
    const block = parseBlock(text(operand, path));
    if (block === undefined) {
      throw new PatternError(path, shown(operand), 'write a block such as "10.0.0.0/8" or "2001:db8::/32"');
    }
    return onText((value) => {
      const address = parseAddress(value);
      return address !== undefined && inBlock(address, block);
    });
  },
  wildcard: (operand, path) => onText(glob(operand, path)),
};

/** Reads `{operator: operand}`. */
export function operatorTest(expression: object, path: string): LeafTest | typeof absent {
  const [[name, operand] = ["", undefined], ...others] = Object.entries(expression);
  if (others.length > 0) throw new PatternError(path, shown(expression), "write one operator in each object");
  if (!isOperator(name)) {
    throw new PatternError(
      path,
      name === "" ? "no operator" : `operator "${name}"`,
      `use one of ${operatorNames.join(", ")}`,
    );
  }
  return builders[name](operand, `${path}.${name}`);
}

const isOperator = (name: string): name is Operator => (operatorNames as readonly string[]).includes(name);

/** A plain string compares as an address when it is one. */
export function addressTest(value: string): LeafTest | undefined {
  const wanted = parseAddress(value);
  if (wanted === undefined) return undefined;
  return onText((leaf) => {
    const address = parseAddress(leaf);
    return address !== undefined && sameAddress(address, wanted);
  });
}

function text(operand: unknown, path: string): string {
  if (typeof operand !== "string") throw new PatternError(path, shown(operand), "write a string");
  return operand;
}

function affix(side: "prefix" | "suffix", operand: unknown, path: string): TextTest {
  if (typeof operand === "object" && operand !== null && !Array.isArray(operand)) {
    const [[name, value] = ["", undefined], ...others] = Object.entries(operand);
    if (name !== "equals-ignore-case" || others.length > 0) {
      throw new PatternError(
        path,
        shown(operand),
        `only {"equals-ignore-case": "…"} may stand inside ${side}`,
      );
    }
    return ignoringCase(text(value, `${path}.${name}`), side);
  }
  return plainAffix(side, text(operand, path));
}

const plainAffix = (side: "prefix" | "suffix", part: string): TextTest =>
  side === "prefix" ? (value) => value.startsWith(part) : (value) => value.endsWith(part);

/**
 * Each UTF-16 unit matches its own lower or upper case form, which may be longer (ß matches SS). So it is
 * not the same as comparing two lower-cased strings.
 */
function ignoringCase(wanted: string, where: "whole" | "prefix" | "suffix"): TextTest {
  let source = "";
  for (let index = 0; index < wanted.length; index += 1) {
    const unit = wanted.charAt(index);
    const [lower, upper] = [unit.toLowerCase(), unit.toUpperCase()];
    source += lower === upper ? escaped(lower) : `(?:${escaped(lower)}|${escaped(upper)})`;
  }
  const expression = new RegExp(
    `${where === "suffix" ? "" : "^"}(?:${source})${where === "prefix" ? "" : "$"}`,
  );
  return (value) => expression.test(value);
}

const escaped = (part: string): string => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** `*` stands for any characters, also none; `\*` and `\\` for themselves. */
function glob(operand: unknown, path: string): TextTest {
  const parts = globParts(text(operand, path), path);
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return (value) => value === first;
  return (value) => {
    if (!value.startsWith(first)) return false;
    let from = first.length;
    for (const part of rest) {
      const found = value.indexOf(part, from);
      if (found < 0) return false;
      from = found + part.length;
    }
    return value.length - last.length >= from && value.endsWith(last);
  };
}

function globParts(pattern: string, path: string): readonly string[] {
  const parts = [""];
  const add = (character: string): void => {
    parts[parts.length - 1] += character;
  };
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    const next = pattern.charAt(index + 1);
    if (character === "*") {
      if (next === "*") throw new PatternError(path, shown(pattern), "write one * where two stand together");
      parts.push("");
    } else if (character === "\\") {
      if (next !== "*" && next !== "\\") {
        throw new PatternError(
          path,
          shown(pattern),
          "a backslash escapes only * and itself: write \\* or \\\\",
        );
      }
      add(next);
      index += 1;
    } else add(character);
  }
  return parts;
}

const butOperators: Readonly<Record<string, (operand: string, path: string) => TextTest>> = {
  prefix: (operand, path) => plainAffix("prefix", notEmpty(operand, path)),
  suffix: (operand, path) => plainAffix("suffix", notEmpty(operand, path)),
  "equals-ignore-case": (operand) => ignoringCase(operand, "whole"),
  wildcard: glob,
};

function notEmpty(operand: string, path: string): string {
  if (operand === "") throw new PatternError(path, '""', "write at least one character");
  return operand;
}

function anythingBut(operand: unknown, path: string): LeafTest {
  if (typeof operand === "object" && operand !== null && !Array.isArray(operand))
    return anythingButOperator(operand, path);
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const kinds = new Set(values.map((value) => typeof value));
  const kind = [...kinds][0];
  if (kinds.size !== 1 || (kind !== "string" && kind !== "number")) {
    throw new PatternError(path, shown(operand), "write strings only or numbers only, at least one");
  }
  const refused = new Set(values);
  return (leaf) => !refused.has(leaf);
}

function anythingButOperator(operand: object, path: string): LeafTest {
  const [[name, inner] = ["", undefined], ...others] = Object.entries(operand);
  const build = Object.hasOwn(butOperators, name) ? butOperators[name] : undefined;
  if (build === undefined || others.length > 0) {
    throw new PatternError(path, shown(operand), `write one of ${Object.keys(butOperators).join(", ")}`);
  }
  const values: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  if (values.length === 0)
    throw new PatternError(`${path}.${name}`, "an empty list", "give at least one string");
  const refused = values.map((value) => build(text(value, `${path}.${name}`), `${path}.${name}`));
  return (leaf) => typeof leaf !== "string" || !refused.some((test) => test(leaf));
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

function numericRange(operand: unknown, path: string): LeafTest {
  if (!Array.isArray(operand))
    throw new PatternError(path, shown(operand), 'write a list such as [">", 0, "<=", 5]');
  const [operator, bound, secondOperator, secondBound] = operand as readonly unknown[];
  const first = comparison(operator, bound, path);
  if (operand.length === 2) return (leaf) => typeof leaf === "number" && first(leaf);
  const twoSided =
    (operator === ">" || operator === ">=") && (secondOperator === "<" || secondOperator === "<=");
  if (!twoSided || operand.length !== 4) {
    throw new PatternError(
      path,
      shown(operand),
      "a range is > or >= with a number, then < or <= with a number",
    );
  }
  const second = comparison(secondOperator, secondBound, path);
  if ((bound as number) >= (secondBound as number)) {
    throw new PatternError(
      path,
      `${bound} to ${secondBound}`,
      "the lower bound must be less than the upper bound",
    );
  }
  return (leaf) => typeof leaf === "number" && first(leaf) && second(leaf);
}

function comparison(operator: unknown, bound: unknown, path: string): (value: number) => boolean {
  const compare =
    typeof operator === "string" && Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (compare === undefined) throw new PatternError(path, shown(operator), "use one of = < <= > >=");
  if (typeof bound !== "number" || !Number.isFinite(bound))
    throw new PatternError(path, shown(bound), "write a number");
  return (value) => compare(value, bound);
}
