// CloudFormation's intrinsic functions over plain JSON.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

import { AppError } from "../../shared/base/errors.ts";
import type { Template } from "./template.ts";

export interface Scope {
  /** Parameters, pseudo parameters and what `Ref` of a created resource gives. */
  readonly refs: ReadonlyMap<string, unknown>;
  /** By `logicalId.Attribute`. */
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly exports: ReadonlyMap<string, unknown>;
  readonly template: Pick<Template, "Conditions" | "Mappings">;
}

/** What `AWS::NoValue` leaves: nothing, so its property or list entry goes as well. */
const NO_VALUE = Symbol("AWS::NoValue");

/** Throws an `input` error for an unknown function or a name that does not exist. */
export function resolve(value: unknown, scope: Scope): unknown {
  const resolved = evaluate(value, scope);
  return resolved === NO_VALUE ? undefined : resolved;
}

function evaluate(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value))
    return value.map((item) => evaluate(item, scope)).filter((item) => item !== NO_VALUE);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && isFunctionName(only[0]))
    return apply(only[0], only[1], scope);
  const resolved = entries.map(([key, item]) => [key, evaluate(item, scope)] as const);
  return Object.fromEntries(resolved.filter(([, item]) => item !== NO_VALUE));
}

const isFunctionName = (key: string): boolean =>
  key === "Ref" || key === "Condition" || key.startsWith("Fn::");

type Apply = (argument: unknown, scope: Scope) => unknown;

const FUNCTIONS: Readonly<Record<string, Apply>> = {
  Ref: (name, scope) => reference(String(name), scope),
  Condition: (name, scope) => condition(String(name), scope),
  "Fn::GetAtt": (path, scope) => attribute(Array.isArray(path) ? path.join(".") : String(path), scope),
  "Fn::ImportValue": (name, scope) => importValue(String(evaluate(name, scope)), scope),
  "Fn::Sub": substitute,
  "Fn::Join": (argument, scope) => {
    const [separator, parts] = listOf(argument, scope);
    return listOf(parts, scope).join(String(separator));
  },
  "Fn::Split": (argument, scope) => {
    const [separator, text] = listOf(argument, scope);
    return String(text).split(String(separator));
  },
  "Fn::Select": (argument, scope) => {
    const [index, items] = listOf(argument, scope);
    const list = listOf(items, scope);
    if (Number(index) >= list.length)
      throw invalid(`Fn::Select wants entry ${String(index)} of ${list.length}`);
    return list[Number(index)];
  },
  "Fn::Base64": (text, scope) => Buffer.from(String(evaluate(text, scope))).toString("base64"),
  "Fn::GetAZs": (_region, scope) =>
    ["a", "b", "c"].map((zone) => `${String(scope.refs.get("AWS::Region"))}${zone}`),
  "Fn::FindInMap": (argument, scope) => {
    const [map, first, second] = listOf(argument, scope).map(String);
    const found = scope.template.Mappings?.[map ?? ""]?.[first ?? ""]?.[second ?? ""];
    if (found === undefined) throw invalid(`Fn::FindInMap finds no ${map}.${first}.${second}`);
    return found;
  },
  "Fn::If": (argument, scope) => {
    const [name, yes, no] = argument as readonly unknown[];
    return evaluate(condition(String(name), scope) ? yes : no, scope);
  },
  "Fn::Equals": (argument, scope) => {
    const [left, right] = listOf(argument, scope);
    return JSON.stringify(left) === JSON.stringify(right);
  },
  "Fn::Not": (argument, scope) => !listOf(argument, scope)[0],
  "Fn::And": (argument, scope) => listOf(argument, scope).every(Boolean),
  "Fn::Or": (argument, scope) => listOf(argument, scope).some(Boolean),
};

function apply(name: string, argument: unknown, scope: Scope): unknown {
  const run = FUNCTIONS[name];
  if (run === undefined) throw invalid(`${name} is not supported here`);
  return run(argument, scope);
}

const invalid = (message: string): AppError => new AppError("input", message);

function listOf(value: unknown, scope: Scope): readonly unknown[] {
  const list = evaluate(value, scope);
  if (!Array.isArray(list)) throw invalid(`expected a list, found ${JSON.stringify(list)}`);
  return list;
}

function reference(name: string, scope: Scope): unknown {
  if (name === "AWS::NoValue") return NO_VALUE;
  if (!scope.refs.has(name)) throw invalid(`Ref names ${name}, which does not exist`);
  return scope.refs.get(name);
}

function attribute(path: string, scope: Scope): unknown {
  if (!scope.attributes.has(path)) throw invalid(`Fn::GetAtt names ${path}, which is not known here`);
  return scope.attributes.get(path);
}

function importValue(name: string, scope: Scope): unknown {
  if (!scope.exports.has(name)) throw invalid(`Fn::ImportValue names ${name}, which no stack exports`);
  return scope.exports.get(name);
}

export function condition(name: string, scope: Scope): boolean {
  const expression = scope.template.Conditions?.[name];
  if (expression === undefined) throw invalid(`condition ${name} does not exist`);
  return evaluate(expression, scope) === true;
}

function substitute(argument: unknown, scope: Scope): string {
  const [text, given] = Array.isArray(argument) ? (argument as readonly unknown[]) : [argument, {}];
  const variables = evaluate(given, scope) as Readonly<Record<string, unknown>>;
  return String(text).replace(/\$\{([^}]+)\}/g, (_whole, name: string) => {
    if (name.startsWith("!")) return `\${${name.slice(1)}}`;
    if (name in variables) return String(variables[name]);
    return String(name.includes(".") ? attribute(name, scope) : reference(name, scope));
  });
}

/** The logical ids (and parameters) that a value refers to: what must exist before it. */
export function referencedNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencedNames);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    if (key === "Ref") return [String(item)];
    if (key === "Fn::GetAtt") return [String(Array.isArray(item) ? item[0] : String(item).split(".")[0])];
    if (key === "Fn::Sub")
      return [...namesInText(Array.isArray(item) ? item[0] : item), ...referencedNames(item)];
    return referencedNames(item);
  });
}

const namesInText = (text: unknown): readonly string[] =>
  [...String(text).matchAll(/\$\{([^}!.]+)[^}]*\}/g)].map((match) => match[1] ?? "");
