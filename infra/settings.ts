// What an installer may choose. Each setting is read from CDK context (`-c mode=act`) or from the
// environment (`FAIRLEAD_MODE=act`); context wins. docs/deploying.md explains them.

import { eventRules, PATTERN_LENGTH_MAX } from "./rules.ts";

/**
 * `watch`: looks and says. `deployments`: also starts, holds and stops deployments and task sets, and leaves every
 * weight to ECS. `traffic`: also writes the weights of listener rules.
 */
export type RolloutReach = "watch" | "deployments" | "traffic";

export interface Settings {
  /** Names stacks, functions and rules; marks what this installation registers. */
  readonly installation: string;
  /** The most the installation may do; `observe` has no permission to write to ECS, Cloud Map or Route 53. */
  readonly mode: "observe" | "act";
  /** Names or ARNs of the clusters to watch; none means every cluster of the account and Region. */
  readonly clusters: readonly string[];
  /** ARNs of the Cloud Map services to write to; none means all of this account and Region. */
  readonly registries: readonly string[];
  /** What rollouts may do at most where `mode` is `act`. */
  readonly rollouts: RolloutReach;
  /** Names of the load balancers whose rules rollouts may write; none means all of this account and Region. */
  readonly loadBalancers: readonly string[];
  /** ARNs of roles that services hand to ECS for Lambda hooks: who updates such a service passes them again. */
  readonly hookRoles: readonly string[];
  /** ARNs of the task and execution roles of services with task sets: who creates a set passes them to its tasks. */
  readonly taskRoles: readonly string[];
  /** ARNs of workspaces of Amazon Managed Service for Prometheus that analyses query. */
  readonly prometheusWorkspaces: readonly string[];
  /** How long decisions are kept; logs as long or a little longer. */
  readonly retentionDays: number;
  /** Encrypts table, queues and logs; without it AWS's own keys do. */
  readonly kmsKeyArn?: string;
  /** Where alarms are sent; without it they are seen in CloudWatch alone. */
  readonly alarmTopicArn?: string;
}

/** A setting's raw text by its name, from wherever it comes. */
export type Lookup = (name: keyof Settings) => unknown;

const DEFAULTS = {
  installation: "fairlead",
  mode: "observe",
  rollouts: "traffic",
  retentionDays: 30,
} as const;

/** The installer can correct it. */
class SettingError extends Error {}

function refuse(name: string, found: unknown, allowed: string): never {
  throw new SettingError(`setting ${name} is ${JSON.stringify(found)}: expected ${allowed}`);
}

function text(lookup: Lookup, name: keyof Settings): string | undefined {
  const value = lookup(name);
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string" || typeof value === "number") return String(value).trim();
  return refuse(name, value, "text");
}

function matching(
  lookup: Lookup,
  name: keyof Settings,
  rule: { pattern: RegExp; allowed: string },
): string | undefined {
  const value = text(lookup, name);
  return value === undefined || rule.pattern.test(value) ? value : refuse(name, value, rule.allowed);
}

function list(
  lookup: Lookup,
  name: keyof Settings,
  rule: { pattern: RegExp; allowed: string },
): readonly string[] {
  const entries = (text(lookup, name) ?? "").split(",").map((entry) => entry.trim());
  const given = entries.filter((entry) => entry !== "");
  for (const entry of given) if (!rule.pattern.test(entry)) refuse(name, entry, rule.allowed);
  return given;
}

function readMode(lookup: Lookup): Settings["mode"] {
  const value = text(lookup, "mode") ?? DEFAULTS.mode;
  return value === "observe" || value === "act" ? value : refuse("mode", value, "observe or act");
}

function readRollouts(lookup: Lookup): RolloutReach {
  const value = text(lookup, "rollouts") ?? DEFAULTS.rollouts;
  return value === "watch" || value === "deployments" || value === "traffic"
    ? value
    : refuse("rollouts", value, "watch, deployments or traffic");
}

function readRetention(lookup: Lookup): number {
  const value = text(lookup, "retentionDays") ?? String(DEFAULTS.retentionDays);
  return /^[1-9]\d{0,3}$/.test(value) && Number(value) <= 3_653
    ? Number(value)
    : refuse("retentionDays", value, "whole days from 1 to 3653");
}

/** Every cluster lengthens the rules' patterns, which AWS limits. */
function checkPatterns(clusters: readonly string[]): void {
  for (const rule of eventRules(clusters)) {
    const { length } = JSON.stringify(rule.pattern);
    if (length > PATTERN_LENGTH_MAX) {
      const limit = `few enough clusters that rule ${rule.name} has ${PATTERN_LENGTH_MAX} characters, not ${length}`;
      refuse("clusters", `${clusters.length} clusters`, `${limit}; watch all of them instead`);
    }
  }
}

type RolloutScopes = Pick<
  Settings,
  "rollouts" | "loadBalancers" | "hookRoles" | "taskRoles" | "prometheusWorkspaces"
>;

const roles = {
  pattern: /^arn:[^:]+:iam::\d{12}:role\/[\w+=,.@/-]+$/,
  allowed: "ARNs of roles, separated by commas",
};

const readRolloutScopes = (lookup: Lookup): RolloutScopes => ({
  rollouts: readRollouts(lookup),
  loadBalancers: list(lookup, "loadBalancers", {
    pattern: /^[A-Za-z0-9-]{1,32}$/,
    allowed: "names of load balancers, separated by commas",
  }),
  hookRoles: list(lookup, "hookRoles", roles),
  taskRoles: list(lookup, "taskRoles", roles),
  prometheusWorkspaces: list(lookup, "prometheusWorkspaces", {
    pattern: /^arn:[^:]+:aps:[^:]+:\d{12}:workspace\/ws-[\w-]+$/,
    allowed: "ARNs of workspaces, separated by commas",
  }),
});

/** Reads and checks all settings. Throws a SettingError that names the setting and what it may be. */
export function readSettings(lookup: Lookup): Settings {
  const kmsKeyArn = matching(lookup, "kmsKeyArn", {
    pattern: /^arn:[^:]+:kms:[^:]+:\d{12}:key\/(mrk-)?[0-9a-f-]{32,36}$/,
    allowed: "the ARN of a key",
  });
  const alarmTopicArn = matching(lookup, "alarmTopicArn", {
    pattern: /^arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+$/,
    allowed: "the ARN of a standard topic",
  });
  const clusters = list(lookup, "clusters", {
    pattern: /^([A-Za-z0-9_-]{1,255}|arn:[^:]+:ecs:[^:]+:\d{12}:cluster\/[A-Za-z0-9_-]{1,255})$/,
    allowed: "names or ARNs of clusters, separated by commas",
  });
  checkPatterns(clusters);
  return {
    installation:
      matching(lookup, "installation", {
        pattern: /^[a-z][a-z0-9-]{0,19}$/,
        allowed: "1-20 of a-z, 0-9 and -",
      }) ?? DEFAULTS.installation,
    mode: readMode(lookup),
    clusters,
    registries: list(lookup, "registries", {
      pattern: /^arn:[^:]+:servicediscovery:[^:]+:\d{12}:service\/srv-.+$/,
      allowed: "ARNs of Cloud Map services, separated by commas",
    }),
    ...readRolloutScopes(lookup),
    retentionDays: readRetention(lookup),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(alarmTopicArn === undefined ? {} : { alarmTopicArn }),
  };
}
