// Metric math, the basic part: numbers, ids, + - * / and parentheses.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

import { invalid } from "./metrics.ts";

export interface Expression {
  readonly ids: readonly string[];
  /** undefined when a value is missing or the result is no number (division by zero). */
  evaluate(lookup: (id: string) => number | undefined): number | undefined;
}

type Node =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Node; readonly right: Node };

const tokenPattern = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([a-z][a-zA-Z0-9_]*)|([-+*/()]))/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const match = tokenPattern.exec(text);
    if (match === null) throw invalid(`The expression "${text}" is beyond the metric math that is modelled.`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** Throws InvalidParameterValue for functions and other parts of metric math that are not modelled. */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  const fail = (): never => {
    throw invalid(`The expression "${text}" is not valid.`);
  };
  const primary = (): Node => {
    const token = tokens.shift() ?? fail();
    if (token === "(") {
      const inner = sum();
      return tokens.shift() === ")" ? inner : fail();
    }
    if (token === "-")
      return { kind: "binary", operator: "-", left: { kind: "number", value: 0 }, right: primary() };
    if (/^\d/.test(token)) return { kind: "number", value: Number(token) };
    return /^[a-z]/.test(token) ? { kind: "id", id: token } : fail();
  };
  const chain = (operators: string, next: () => Node): Node => {
    let left = next();
    while (tokens[0] !== undefined && operators.includes(tokens[0])) {
      const operator = tokens.shift() as string;
      left = { kind: "binary", operator, left, right: next() };
    }
    return left;
  };
  const product = (): Node => chain("*/", primary);
  const sum = (): Node => chain("+-", product);
  const root = sum();
  if (tokens.length > 0) fail();
  return { ids: idsOf(root), evaluate: (lookup) => evaluate(root, lookup) };
}

function idsOf(node: Node): string[] {
  if (node.kind === "id") return [node.id];
  return node.kind === "binary" ? [...idsOf(node.left), ...idsOf(node.right)] : [];
}

function evaluate(node: Node, lookup: (id: string) => number | undefined): number | undefined {
  if (node.kind === "number") return node.value;
  if (node.kind === "id") return lookup(node.id);
  const left = evaluate(node.left, lookup);
  const right = evaluate(node.right, lookup);
  if (left === undefined || right === undefined) return undefined;
  const result = calculate(node.operator, left, right);
  return Number.isFinite(result) ? result : undefined;
}

function calculate(operator: string, left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  return operator === "*" ? left * right : left / right;
}
