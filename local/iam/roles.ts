// The roles of a deployment with everything attached to them, who signs as which, and which of their grants
// have been used.

import { AppError } from "../../shared/base/errors.ts";
import type { Principal, UsedGrant } from "./evaluate.ts";
import type { Policy } from "./policy.ts";
import { isKnownKey } from "./request-context.ts";

export interface Role {
  readonly name: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly policies: Policy[];
  boundary: readonly Policy[] | undefined;
}

/** One action of one statement of a role. */
export interface Grant extends UsedGrant {
  readonly role: string;
  readonly isUsed: boolean;
}

export type RolePrincipal = Extract<Principal, { readonly kind: "role" }>;

export interface Roles {
  add(role: Role): void;
  /** By name. */
  attach(roleName: string, policy: Policy): void;
  byArn(arn: string): Role | undefined;
  /** Whoever signs with the key acts as the role, in a session of that name. */
  signAs(accessKeyId: string, signer: { roleArn: string; sessionName: string }): void;
  /** Whether the key belongs to nobody whom these roles rule: a person, a test. */
  isForeign(accessKeyId: string): boolean;
  signer(accessKeyId: string): { readonly role: Role; readonly principal: RolePrincipal } | undefined;
  principal(role: Role, sessionName: string): RolePrincipal;
  use(role: Role, grants: readonly UsedGrant[]): void;
  grants(): readonly Grant[];
}

interface Signer {
  readonly role: Role;
  readonly principal: RolePrincipal;
}

/** Throws an `input` error: a key that the local AWS never supplies would be false without anybody noticing. */
export function requireKnownKeys({ name, statements }: Policy): void {
  for (const { conditions, resources } of statements) {
    const patterns = [...resources.patterns, ...conditions.flatMap(({ values }) => values)];
    const variables = patterns.flatMap(({ parts }) =>
      parts.flatMap((part) => (typeof part === "string" ? [] : part.key.toLowerCase())),
    );
    const unknown = [...conditions.map(({ key }) => key), ...variables].find((key) => !isKnownKey(key));
    if (unknown !== undefined)
      throw new AppError("input", `${name}: the local AWS does not know the condition key ${unknown}`);
  }
}

/** Functions sign with `local-` and their name. */
export const FUNCTION_KEY_PREFIX = "local-";

export function createRoles(account: string): Roles {
  const roles = new Map<string, Role>();
  const signers = new Map<string, Signer>();
  const used = new Set<string>();
  const byArn = (arn: string) => roles.get(arn);
  const principal = (role: Role, sessionName: string): RolePrincipal => ({
    kind: "role",
    account,
    roleArn: role.arn,
    sessionArn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
  });
  return {
    byArn,
    principal,
    add: (role) => roles.set(role.arn, role),
    attach: (roleName, policy) => {
      const role = [...roles.values()].find(({ name }) => name === roleName);
      if (role === undefined) throw new AppError("input", `there is no role ${roleName}`);
      requireKnownKeys(policy);
      role.policies.push(policy);
    },
    signAs: (accessKeyId, { roleArn, sessionName }) => {
      const role = byArn(roleArn);
      if (role === undefined) throw new AppError("input", `there is no role ${roleArn} in the templates`);
      signers.set(accessKeyId, { role, principal: principal(role, sessionName) });
    },
    isForeign: (accessKeyId) => !accessKeyId.startsWith(FUNCTION_KEY_PREFIX),
    signer: (accessKeyId) => signers.get(accessKeyId),
    use: (role, grants) => {
      for (const grant of grants) used.add(keyOf(role.name, grant));
    },
    grants: () => [...roles.values()].flatMap((role) => allGrants(role, used)),
  };
}

const keyOf = (role: string, { policy, statement, action }: UsedGrant): string =>
  `${role} ${policy} ${statement} ${action}`;

function allGrants({ name: role, policies }: Role, used: ReadonlySet<string>): readonly Grant[] {
  return policies.flatMap(({ name: policy, statements }) =>
    statements
      .filter(({ effect }) => effect === "Allow")
      .flatMap(({ id: statement, actions }) =>
        actions.patterns.map(({ text }) => {
          const grant = { policy, statement, action: actions.negated ? `not ${text}` : text };
          return { role, ...grant, isUsed: used.has(keyOf(role, grant)) };
        }),
      ),
  );
}
