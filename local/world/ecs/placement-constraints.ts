// Placement constraints of RunTask and StartTask: distinctInstance, and memberOf over a host's attributes.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html

import type { PlacementConstraint } from "@aws-sdk/client-ecs";
import { attributeOf } from "./describe-instance.ts";
import { invalid } from "./lookup.ts";
import type { InstanceRecord } from "./model.ts";

/** Why the host is not for the task, as placement failures say it; undefined: it is. */
export type Unfit = (instance: InstanceRecord) => string | undefined;

/** Hosts that have a task of the same call or service. */
export type Taken = Pick<ReadonlySet<InstanceRecord>, "has">;

export function unfitFor(constraints: readonly PlacementConstraint[], taken: Taken): Unfit | undefined {
  if (constraints.length === 0) return undefined;
  const rules = constraints.map((constraint) => ruleOf(constraint, taken));
  return (instance) => {
    for (const rule of rules) {
      const failure = rule(instance);
      if (failure !== undefined) return failure;
    }
    return undefined;
  };
}

function ruleOf({ type, expression }: PlacementConstraint, taken: Taken): Unfit {
  if (type === "distinctInstance") {
    return (instance) =>
      taken.has(instance) ? "DistinctInstance placement constraint unsatisfied." : undefined;
  }
  if (type !== "memberOf") throw invalid("The placement constraint type is invalid.");
  const holds = memberOf(expression ?? "");
  return (instance) => (holds(instance) ? undefined : "MemberOf placement constraint unsatisfied.");
}

/** Of the cluster query language: `attribute:NAME == VALUE`, `!=`, `in [...]`, `not_in [...]`, `exists`, `!exists`. */
export function memberOf(expression: string): (instance: InstanceRecord) => boolean {
  const match = /^attribute:(\S+)\s+(==|!=|in|not_in|exists|!exists)\s*(.*)$/.exec(expression.trim());
  if (match === null) throw invalid("The expression is invalid, or not modelled here.");
  const [, name = "", operator = "", rest = ""] = match;
  const values = rest
    .replace(/^\[(.*)\]$/, "$1")
    .split(",")
    .map((value) => value.trim().replaceAll(/^['"]|['"]$/g, ""));
  return (instance) => {
    const value = attributeOf(instance, name);
    if (operator === "exists") return value !== undefined;
    if (operator === "!exists") return value === undefined;
    const isNamed = value !== undefined && values.includes(value);
    return operator === "==" || operator === "in" ? isNamed : !isNamed;
  };
}
