// Policy documents, read into statements that can be evaluated. A document that IAM would refuse is refused.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

import { AppError } from "../../shared/base/errors.ts";
import { isOperator } from "./conditions.ts";
import type { Pattern } from "./wildcard.ts";
import { compile } from "./wildcard.ts";

export interface ConditionTest {
  /** Without its quantifier and `IfExists`. */
  readonly operator: string;
  readonly quantifier: "all" | "any" | undefined;
  readonly ifExists: boolean;
  readonly key: string;
  readonly values: readonly Pattern[];
}

/** Which requests an element covers: those that match, or with `Not…` those that do not. */
export interface Coverage {
  readonly patterns: readonly Pattern[];
  readonly negated: boolean;
}

export interface PrincipalPattern {
  readonly kind: "AWS" | "Service" | "Federated" | "CanonicalUser";
  readonly value: string;
}

export interface Statement {
  /** Tells it apart within its policy: its Sid, or its place. */
  readonly id: string;
  readonly effect: "Allow" | "Deny";
  readonly actions: Coverage;
  readonly resources: Coverage;
  readonly principals: { readonly patterns: readonly PrincipalPattern[]; readonly negated: boolean };
  readonly conditions: readonly ConditionTest[];
}

export interface Policy {
  readonly name: string;
  readonly statements: readonly Statement[];
}

export type PolicyKind = "identity" | "resource";

type Record_ = Readonly<Record<string, unknown>>;

const CURRENT_VERSION = "2012-10-17";

/** Throws an `input` error as IAM answers MalformedPolicyDocument. */
export function readPolicy(name: string, document: unknown, kind: PolicyKind): Policy {
  const { Version = "2008-10-17", Statement: given } = recordOf(name, document);
  if (Version !== CURRENT_VERSION && Version !== "2008-10-17")
    throw malformed(name, `unknown Version ${Version}`);
  if (given === undefined) throw malformed(name, "it has no Statement");
  const statements = [given].flat().map((statement, index) => {
    const at = { policy: name, kind, index, variables: Version === CURRENT_VERSION };
    return readStatement(recordOf(name, statement), at);
  });
  const repeated = statements.find(({ id }, index) =>
    statements.some((one, at) => at < index && one.id === id),
  );
  if (repeated !== undefined)
    throw malformed(name, `Statement IDs (SID) in a single policy must be unique: ${repeated.id}`);
  return { name, statements };
}

interface Place {
  readonly policy: string;
  readonly kind: PolicyKind;
  readonly index: number;
  readonly variables: boolean;
}

const ELEMENTS: ReadonlySet<string> = new Set([
  "Sid",
  "Effect",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Principal",
  "NotPrincipal",
  "Condition",
]);

function readStatement(statement: Record_, place: Place): Statement {
  const { policy, kind, index, variables } = place;
  const { Sid, Effect } = statement;
  const unknown = Object.keys(statement).find((name) => !ELEMENTS.has(name));
  if (unknown !== undefined) throw malformed(policy, `unknown element ${unknown}`);
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed(policy, "Effect must be Allow or Deny");
  const hasPrincipal = statement["Principal"] !== undefined || statement["NotPrincipal"] !== undefined;
  if (hasPrincipal !== (kind === "resource"))
    throw malformed(policy, hasPrincipal ? "an identity policy has no Principal" : "Principal is missing");
  const lower = (text: string) => compile(text.toLowerCase(), { variables: false, wildcards: true });
  const exact = (text: string) => compile(text, { variables, wildcards: true });
  return {
    id: typeof Sid === "string" && Sid !== "" ? Sid : String(index),
    effect: Effect,
    actions: coverageOf(place, statement, { element: "Action", read: lower }),
    resources: coverageOf(place, statement, { element: "Resource", read: exact }),
    principals: principalsOf(statement, policy),
    conditions: conditionsOf(statement["Condition"], place),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html and _action.html */
const FORMS = { Action: /^(\*+|[a-z0-9-]+:.+)$/, Resource: /^(\*+|arn:.+)$/ } as const;
const EXPECTED = {
  Action: "must be * or begin with a service and a colon",
  Resource: 'must be in ARN format or "*"',
} as const;

interface Element {
  readonly element: "Action" | "Resource";
  readonly read: (text: string) => Pattern;
}

function coverageOf({ policy }: Place, statement: Record_, { element, read }: Element): Coverage {
  const positive = statement[element];
  const negative = statement[`Not${element}`];
  if ((positive === undefined) === (negative === undefined))
    throw malformed(policy, `a statement has either ${element} or Not${element}`);
  const patterns = textsOf(policy, positive ?? negative).map(read);
  if (patterns.length === 0) throw malformed(policy, `${element} is empty`);
  const wrong = patterns.find(({ text }) => !FORMS[element].test(text));
  if (wrong !== undefined) throw malformed(policy, `${element} "${wrong.text}" ${EXPECTED[element]}`);
  return { patterns, negated: positive === undefined };
}

function principalsOf(statement: Record_, policy: string): Statement["principals"] {
  const { Principal: positive, NotPrincipal: negative } = statement;
  const given = positive ?? negative;
  const negated = positive === undefined && negative !== undefined;
  if (given === undefined) return { patterns: [], negated };
  if (given === "*") return { patterns: [{ kind: "AWS", value: "*" }], negated };
  const patterns = Object.entries(recordOf(policy, given)).flatMap(([kind, values]) =>
    textsOf(policy, values).map((value) => ({ kind: kind as PrincipalPattern["kind"], value })),
  );
  return { patterns, negated };
}

function conditionsOf(block: unknown, { policy, variables }: Place): readonly ConditionTest[] {
  if (block === undefined) return [];
  return Object.entries(recordOf(policy, block)).flatMap(([name, keys]) => {
    const match = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name);
    if (match === null) throw malformed(policy, `unknown condition operator ${name}`);
    const [, quantifier, operator = "", ifExists] = match;
    if (!isOperator(operator)) throw malformed(policy, `unknown condition operator ${name}`);
    const wildcards = /Like$|^Arn/.test(operator);
    return Object.entries(recordOf(policy, keys)).map(
      ([key, values]) =>
        ({
          operator,
          quantifier: quantifier === undefined ? undefined : quantifier === "ForAllValues" ? "all" : "any",
          ifExists: ifExists !== undefined,
          key: key.toLowerCase(),
          values: textsOf(policy, values).map((text) =>
            compile(text, { variables: variables && /^(String|Arn)/.test(operator), wildcards }),
          ),
        }) satisfies ConditionTest,
    );
  });
}

function textsOf(policy: string, value: unknown): readonly string[] {
  return [value].flat().map((item: unknown) => {
    if (typeof item === "string" || typeof item === "number" || typeof item === "boolean")
      return String(item);
    throw malformed(policy, `expected text, found ${JSON.stringify(item)}`);
  });
}

function recordOf(policy: string, value: unknown): Record_ {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record_;
  throw malformed(policy, `expected an object, found ${JSON.stringify(value)}`);
}

const malformed = (policy: string, message: string): AppError =>
  new AppError("input", `MalformedPolicyDocument: ${policy}: ${message}`);
