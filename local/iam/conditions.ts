// Whether a condition of a statement holds for a request: IAM's operators, quantifiers and IfExists.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

import { BlockList, isIPv6 } from "node:net";
import type { ConditionTest } from "./policy.ts";
import type { ContextLookup, Pattern } from "./wildcard.ts";
import { filled, matches, matchesArn } from "./wildcard.ts";

/** Whether one value of the request matches one value of the policy. */
type Comparison = (given: string, wanted: string) => boolean;

const numbers =
  (test: (given: number, wanted: number) => boolean): Comparison =>
  (given, wanted) =>
    test(Number(given), Number(wanted));

/** Epoch seconds, or ISO 8601. */
const instantOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text));

const dates =
  (test: (given: number, wanted: number) => boolean): Comparison =>
  (given, wanted) =>
    test(instantOf(given), instantOf(wanted));

const ORDER: Readonly<Record<string, (given: number, wanted: number) => boolean>> = {
  Equals: (given, wanted) => given === wanted,
  LessThan: (given, wanted) => given < wanted,
  LessThanEquals: (given, wanted) => given <= wanted,
  GreaterThan: (given, wanted) => given > wanted,
  GreaterThanEquals: (given, wanted) => given >= wanted,
};

const ordered = (prefix: string, make: typeof numbers): Record<string, Comparison> =>
  Object.fromEntries(Object.entries(ORDER).map(([name, test]) => [`${prefix}${name}`, make(test)]));

function isWithin(address: string, range: string): boolean {
  const [network = "", bits] = range.split("/");
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  if ((isIPv6(address) ? "ipv6" : "ipv4") !== family) return false;
  const list = new BlockList();
  list.addSubnet(network, bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits), family);
  return list.check(address, family);
}

/** ArnEquals and ArnLike behave alike. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: (given, wanted) => given === wanted,
  StringEqualsIgnoreCase: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  StringLike: matches,
  ...ordered("Numeric", numbers),
  ...ordered("Date", dates),
  Bool: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  BinaryEquals: (given, wanted) => given === wanted,
  IpAddress: isWithin,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
};

const NEGATIONS: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  NumericNotEquals: "NumericEquals",
  DateNotEquals: "DateEquals",
  NotIpAddress: "IpAddress",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

export const isOperator = (name: string): boolean =>
  name === "Null" || Object.hasOwn(COMPARISONS, name) || Object.hasOwn(NEGATIONS, name);

export function holds(test: ConditionTest, context: ContextLookup): boolean {
  const given = context(test.key);
  const isAbsent = given === undefined || given.length === 0;
  if (test.operator === "Null") {
    return test.values.some(({ text }) => text.toLowerCase() === String(isAbsent));
  }
  const positive = NEGATIONS[test.operator];
  const compare = COMPARISONS[positive ?? test.operator];
  if (compare === undefined) return false;
  if (isAbsent) return holdsForNothing(test, positive !== undefined);
  const isOneOf = (value: string) =>
    test.values.some((pattern) => isMatch({ value, pattern, compare, context }));
  const fits = (value: string) => isOneOf(value) !== (positive !== undefined);
  if (test.quantifier === "all") return given.every(fits);
  if (test.quantifier === "any") return given.some(fits);
  return positive === undefined ? given.some(fits) : given.every(fits);
}

/** A key that the request lacks: only negations hold, `IfExists` and ForAllValues. */
function holdsForNothing({ quantifier, ifExists }: ConditionTest, isNegated: boolean): boolean {
  if (ifExists || quantifier === "all") return true;
  return quantifier === "any" ? false : isNegated;
}

interface Match {
  readonly value: string;
  readonly pattern: Pattern;
  readonly compare: Comparison;
  readonly context: ContextLookup;
}

function isMatch({ value, pattern, compare, context }: Match): boolean {
  const wanted = filled(pattern, context);
  return wanted !== undefined && compare(value, wanted);
}
