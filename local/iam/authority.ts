// Decides about every call that a function of the deployment makes, and about what AWS's services do in its
// name or towards it. Everybody else (tests, the CLI, people) is an administrator.

import type { AwsError } from "../world/kernel.ts";
import { actionFacts } from "./action-data.ts";
import { askedActions } from "./asked-actions.ts";
import type { Denial } from "./denial.ts";
import { denialOf, errorOf, unknownKeyError } from "./denial.ts";
import type { Principal } from "./evaluate.ts";
import { aboutAction, evaluate } from "./evaluate.ts";
import type { Policy } from "./policy.ts";
import { contextOf } from "./request-context.ts";
import type { Role, Roles } from "./roles.ts";
import { createRoles, requireKnownKeys } from "./roles.ts";
import type { Call, Input, Lookup } from "./target-names.ts";
import { targetsOf } from "./target-names.ts";

/** A call as the wire has decoded it. */
export interface SignedCall {
  readonly service: string;
  readonly operation: string;
  readonly accessKeyId: string | undefined;
  readonly input: () => object;
}

/** What a service does itself: with a function's role, or as itself where a resource's policy lets it. */
export interface ServiceAct {
  readonly as: { readonly roleArn: string; readonly sessionName: string } | { readonly service: string };
  /** `sqs:SendMessage`. */
  readonly action: string;
  readonly resource: string;
  readonly sourceArn?: string;
}

export interface Authority {
  readonly roles: Roles;
  /** Every denial, in order. */
  readonly denials: readonly Denial[];
  /** Throws the AwsError of the service. */
  authorize(call: SignedCall): Promise<void>;
  /** The denial, when there is one. */
  act(act: ServiceAct): Promise<Denial | undefined>;
  /** Adds a policy to a queue or a function. */
  addResourcePolicy(arn: string, policy: Policy): void;
}

export interface AuthorityOptions {
  readonly account: string;
  readonly region: string;
  readonly lookup: Lookup;
  readonly onDenial?: (denial: Denial) => void;
}

export function createAuthority(options: AuthorityOptions): Authority {
  const roles = createRoles(options.account);
  const denials: Denial[] = [];
  const resourcePolicies = new Map<string, Policy[]>();
  const refuse = (denial: Denial): Denial => {
    denials.push(denial);
    options.onDenial?.(denial);
    return denial;
  };
  const court: Court = { roles, resourcePolicies, options };
  return {
    roles,
    denials,
    authorize: async ({ service, operation, accessKeyId, input }) => {
      const signer = accessKeyId === undefined ? undefined : roles.signer(accessKeyId);
      if (signer === undefined) return requireForeign(roles, service, accessKeyId);
      const call = { service, operation, input: input() as Input };
      for (const asked of askedActions(call, options)) {
        const denial = await judge(court, { ...signer, ...asked });
        if (denial !== undefined) throw toError(refuse(denial));
      }
    },
    act: async (act) => {
      const denial = await judgeAct(court, act);
      return denial === undefined ? undefined : refuse(denial);
    },
    addResourcePolicy: (arn, policy) => {
      requireKnownKeys(policy);
      const policies = resourcePolicies.get(arn) ?? [];
      resourcePolicies.set(arn, [...policies, policy]);
    },
  };
}

/**
 * Whoever is no function is not asked who it is; a function's key that no deployment knows is.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
 */
function requireForeign(roles: Roles, service: string, accessKeyId: string | undefined): void {
  if (accessKeyId === undefined || roles.isForeign(accessKeyId)) return;
  throw unknownKeyError(service);
}

const toError = (denial: Denial): AwsError => errorOf(denial);

interface Court {
  readonly roles: Roles;
  readonly resourcePolicies: ReadonlyMap<string, readonly Policy[]>;
  readonly options: AuthorityOptions;
}

interface Case {
  readonly role: Role | undefined;
  readonly principal: Principal;
  readonly call: Call;
  /** Without its service. */
  readonly action: string;
  /** Given, where no input names it. */
  readonly resource?: string;
  readonly sourceArn?: string;
}

const NO_FACTS = { types: [], keys: new Set<string>() };

/** The first of the resources that the principal may not use. */
async function judge(court: Court, it: Case): Promise<Denial | undefined> {
  const { call, principal, role } = it;
  const { options, roles, resourcePolicies } = court;
  // An action that AWS does not list is one that no policy can allow but by `*`.
  const facts = (await actionFacts(call.service, it.action)) ?? NO_FACTS;
  const action = `${call.service}:${it.action}`;
  const targets = it.resource === undefined ? targetsOf(call, facts, options) : [it.resource];
  const identity = aboutAction(role?.policies ?? [], action);
  for (const resource of targets) {
    const asked = { call, facts, resource, principal, roleTags: role?.tags ?? {} };
    const source = it.sourceArn === undefined ? {} : { sourceArn: it.sourceArn };
    const context = contextOf({ ...asked, ...source }, options);
    const policies = {
      identity,
      resource: resourcePolicies.get(resource) ?? [],
      ...(role?.boundary === undefined ? {} : { boundary: role.boundary }),
    };
    const decision = evaluate(policies, { principal, action, resource, context });
    if (!decision.isAllowed) return denialOf({ principal, action, resource }, decision);
    if (role !== undefined) roles.use(role, decision.by);
  }
  return undefined;
}

function judgeAct(court: Court, act: ServiceAct): Promise<Denial | undefined> {
  const [service = "", action = ""] = act.action.split(":");
  const call = { service, operation: action, input: {} };
  const { resource, sourceArn } = act;
  const what = { call, action, resource, ...(sourceArn === undefined ? {} : { sourceArn }) };
  if ("service" in act.as) {
    return judge(court, { ...what, role: undefined, principal: { kind: "service", name: act.as.service } });
  }
  const { roleArn, sessionName } = act.as;
  const role = court.roles.byArn(roleArn);
  const unknown = { name: roleArn.slice(roleArn.lastIndexOf("/") + 1), arn: roleArn };
  const principal = court.roles.principal(
    role ?? { ...unknown, tags: {}, policies: [], boundary: undefined },
    sessionName,
  );
  return judge(court, { ...what, role, principal });
}
