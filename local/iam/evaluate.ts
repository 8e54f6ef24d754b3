// One request against all policies that apply to it, within one account: an explicit deny wins, what nobody
// allows is denied. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import { holds } from "./conditions.ts";
import type { Coverage, Policy, PrincipalPattern, Statement } from "./policy.ts";
import type { ContextLookup } from "./wildcard.ts";
import { filled, matches, matchesResource } from "./wildcard.ts";

export type Principal =
  | {
      readonly kind: "role";
      readonly account: string;
      readonly roleArn: string;
      /** `arn:aws:sts::…:assumed-role/ROLE/SESSION`. */
      readonly sessionArn: string;
    }
  | { readonly kind: "service"; readonly name: string };

export interface AccessRequest {
  readonly principal: Principal;
  /** `ecs:StopTask`. */
  readonly action: string;
  readonly resource: string;
  readonly context: ContextLookup;
}

export interface PolicySet {
  readonly identity: readonly Policy[];
  /** A permissions boundary limits what identity policies may allow. */
  readonly boundary?: readonly Policy[];
  /** Policies of the resource itself. */
  readonly resource: readonly Policy[];
}

/** A part of a policy that allowed a request. */
export interface UsedGrant {
  readonly policy: string;
  readonly statement: string;
  /** As written in the policy, in lower case. */
  readonly action: string;
}

export type PolicyType = "identity-based policy" | "resource-based policy" | "permissions boundary";

export type Decision =
  | { readonly isAllowed: true; readonly by: readonly UsedGrant[] }
  | { readonly isAllowed: false; readonly isExplicit: boolean; readonly policyType: PolicyType };

export function evaluate(policies: PolicySet, request: AccessRequest): Decision {
  const { identity, boundary, resource } = policies;
  const denial = explicitDenial(policies, request);
  if (denial !== undefined) return { isAllowed: false, isExplicit: true, policyType: denial };
  const own = grantsOf(identity, request);
  const foreign = resource.flatMap((policy) => grantsOf([policy], request));
  if (own.length === 0 && foreign.length === 0) {
    const policyType =
      request.principal.kind === "service" ? "resource-based policy" : "identity-based policy";
    return { isAllowed: false, isExplicit: false, policyType };
  }
  const isWithin = boundary === undefined || grantsOf(boundary, request).length > 0;
  if (!isWithin && !resource.some((policy) => namesSession(policy, request)))
    return { isAllowed: false, isExplicit: false, policyType: "permissions boundary" };
  return { isAllowed: true, by: own };
}

/**
 * A grant to the session itself is not limited by an implicit deny of a permissions boundary, one to its role is:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic
 */
const namesSession = ({ statements }: Policy, request: AccessRequest): boolean =>
  statements.some(
    (statement) =>
      statement.effect === "Allow" &&
      statement.principals.patterns.some(
        ({ value }) => request.principal.kind === "role" && value === request.principal.sessionArn,
      ) &&
      covers(statement, request),
  );

/** Only the statements about that action: what a call on many resources is held against each time. */
export function aboutAction(policies: readonly Policy[], action: string): readonly Policy[] {
  const name = action.toLowerCase();
  return policies.flatMap(({ name: policy, statements }) => {
    const about = statements.filter(({ actions }) =>
      includes(actions, (wanted) => matches(name, wanted), NOTHING),
    );
    return about.length === 0 ? [] : [{ name: policy, statements: about }];
  });
}

/** Actions have no variables. */
const NOTHING: ContextLookup = () => undefined;

function explicitDenial(
  { identity, boundary, resource }: PolicySet,
  request: AccessRequest,
): PolicyType | undefined {
  const denies = (policy: Policy) =>
    policy.statements.some((statement) => statement.effect === "Deny" && covers(statement, request));
  if (identity.some(denies)) return "identity-based policy";
  if (resource.some(denies)) return "resource-based policy";
  return boundary?.some(denies) === true ? "permissions boundary" : undefined;
}

function grantsOf(policies: readonly Policy[], request: AccessRequest): readonly UsedGrant[] {
  return policies.flatMap((policy) =>
    policy.statements
      .filter((statement) => statement.effect === "Allow" && covers(statement, request))
      .flatMap((statement) =>
        actionsUsed(statement, request).map((action) => usedOf(policy, statement, action)),
      ),
  );
}

const usedOf = ({ name }: Policy, { id }: Statement, action: string): UsedGrant => ({
  policy: name,
  statement: id,
  action,
});

function actionsUsed({ actions }: Statement, { action }: AccessRequest): readonly string[] {
  if (actions.negated) return actions.patterns.map(({ text }) => `not ${text}`);
  const name = action.toLowerCase();
  return actions.patterns
    .filter(({ parts: [part] }) => typeof part === "string" && matches(name, part))
    .map(({ text }) => text);
}

function covers(statement: Statement, request: AccessRequest): boolean {
  const { context } = request;
  const name = request.action.toLowerCase();
  return (
    includes(statement.actions, (pattern) => matches(name, pattern), context) &&
    includes(statement.resources, (pattern) => matchesResource(request.resource, pattern), context) &&
    appliesTo(statement, request.principal) &&
    statement.conditions.every((test) => holds(test, context))
  );
}

function includes(
  { patterns, negated }: Coverage,
  test: (pattern: string) => boolean,
  context: ContextLookup,
): boolean {
  const hit = patterns.some((pattern) => {
    const wanted = filled(pattern, context);
    return wanted !== undefined && test(wanted);
  });
  return hit !== negated;
}

function appliesTo({ principals, effect }: Statement, principal: Principal): boolean {
  if (principals.patterns.length === 0) return true;
  const hit = principals.patterns.some((pattern) => isPrincipal(pattern, principal, effect));
  return hit !== principals.negated;
}

/** An account as the principal hands the decision over to its identity policies: it denies, but allows nothing. */
function isPrincipal(pattern: PrincipalPattern, principal: Principal, effect: Statement["effect"]): boolean {
  if (principal.kind === "service") {
    return (pattern.kind === "Service" && pattern.value === principal.name) || pattern.value === "*";
  }
  if (pattern.kind !== "AWS") return false;
  const { account, roleArn, sessionArn } = principal;
  if (pattern.value === "*" || pattern.value === roleArn || pattern.value === sessionArn) return true;
  const isAccount = pattern.value === account || pattern.value.endsWith(`::${account}:root`);
  return isAccount && effect === "Deny";
}
