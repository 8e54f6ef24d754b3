// What every part of the virtual Elastic Load Balancing shares: the kernel, what exists, and the changes that
// several operations make.

import type { Tag } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Prng } from "../../../shared/base/prng.ts";
import { prng } from "../../../shared/base/prng.ts";
import type { DurationMs } from "../../../shared/base/time.ts";
import { millis, seconds } from "../../../shared/base/time.ts";
import type { Backends } from "../backends.ts";
import type { Target, TargetHealthState } from "../balancing.ts";
import type { Kernel } from "../kernel.ts";
import { AwsError } from "../kernel.ts";
import type { ListenerView } from "../traffic.ts";
import type { Meters, Publish } from "./meters.ts";
import { createMeters } from "./meters.ts";
import type { ListenerRecord, LoadBalancerRecord, RuleRecord, TargetGroupRecord } from "./model.ts";

/** A range of whole milliseconds from which the seed draws. */
export interface Delay {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface ElbOptions {
  /** From a change of a rule to the first request that follows it. Default 1-15 s: users see about 15 s. */
  readonly propagation?: Delay;
  /** From CreateLoadBalancer to the state `active`. Default 90-180 s. */
  readonly provisioning?: Delay;
  /** From registration, or from the group's first use, to the first probe. Default 0.5-3 s. */
  readonly firstProbe?: Delay;
  /** From the end of a minute to its metrics in CloudWatch. Default 60 s. */
  readonly metricLagMs?: DurationMs;
}

export interface ElbSurroundings {
  readonly backends: Backends;
  readonly publish: Publish;
  /** The zone of a subnet; default: the Region's a. */
  readonly zoneOfSubnet?: (subnetId: string) => string;
}

export type HealthListener = (groupArn: string, target: Target, state: TargetHealthState | undefined) => void;

export interface PlaneListener {
  added(listener: ListenerView): void;
  removed(listenerArn: string): void;
}

export interface ElbContext {
  readonly kernel: Kernel;
  readonly backends: Backends;
  readonly publish: Publish;
  readonly meters: Meters;
  readonly settings: Required<ElbOptions>;
  zoneOfSubnet(subnetId: string): string;
  readonly balancers: Map<string, LoadBalancerRecord>;
  readonly listeners: Map<string, ListenerRecord>;
  /** Default rules included. */
  readonly rules: Map<string, RuleRecord>;
  readonly groups: Map<string, TargetGroupRecord>;
  readonly tags: Map<string, readonly Tag[]>;
  /** What was asked for when a thing was created, by ARN: the same again answers what exists. */
  readonly requests: Map<string, string>;
  readonly healthListeners: HealthListener[];
  readonly planeListeners: PlaneListener[];
  /** Draws for requests, apart from the world's: more traffic must not change what else happens. */
  chance(): Prng;
  /** Whether the tick that publishes host counts is under way. */
  countingHosts: boolean;
}

const DEFAULTS: Required<ElbOptions> = {
  propagation: { minMs: 1_000, maxMs: 15_000 },
  provisioning: { minMs: 90_000, maxMs: 180_000 },
  firstProbe: { minMs: 500, maxMs: 3_000 },
  metricLagMs: seconds(60),
};

export function createContext(
  kernel: Kernel,
  surroundings: ElbSurroundings,
  options: ElbOptions,
): ElbContext {
  const settings = { ...DEFAULTS, ...options };
  let chance: Prng | undefined;
  return {
    kernel,
    backends: surroundings.backends,
    publish: surroundings.publish,
    meters: createMeters(kernel, surroundings.publish, settings.metricLagMs),
    settings,
    zoneOfSubnet: surroundings.zoneOfSubnet ?? (() => `${kernel.region}a`),
    balancers: new Map(),
    listeners: new Map(),
    rules: new Map(),
    groups: new Map(),
    tags: new Map(),
    requests: new Map(),
    healthListeners: [],
    planeListeners: [],
    chance: () => {
      chance ??= prng(kernel.chance.int(0, 0x7fff_ffff));
      return chance;
    },
    countingHosts: false,
  };
}

export const drawDelay = (context: ElbContext, delay: Delay): DurationMs =>
  millis(delay.minMs === delay.maxMs ? delay.minMs : context.kernel.chance.int(delay.minMs, delay.maxMs));

export const notFound = (kind: "LoadBalancer" | "Listener" | "Rule" | "TargetGroup"): AwsError => {
  const text = {
    LoadBalancer: "load balancers",
    Listener: "listeners",
    Rule: "rules",
    TargetGroup: "target groups",
  };
  return new AwsError(`${kind}NotFound`, `One or more ${text[kind]} not found`);
};

export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);

export const invalidConfiguration = (message: string): AwsError =>
  new AwsError("InvalidConfigurationRequest", message);

export function balancerOf(context: ElbContext, arn: string | undefined): LoadBalancerRecord {
  const found = context.balancers.get(arn ?? "");
  if (found === undefined) throw arnProblem(arn, "LoadBalancer");
  return found;
}

export function listenerOf(context: ElbContext, arn: string | undefined): ListenerRecord {
  const found = context.listeners.get(arn ?? "");
  if (found === undefined) throw arnProblem(arn, "Listener");
  return found;
}

export function ruleOf(context: ElbContext, arn: string | undefined): RuleRecord {
  const found = context.rules.get(arn ?? "");
  if (found === undefined) throw arnProblem(arn, "Rule");
  return found;
}

export function groupOf(context: ElbContext, arn: string | undefined): TargetGroupRecord {
  const found = context.groups.get(arn ?? "");
  if (found === undefined) throw arnProblem(arn, "TargetGroup");
  return found;
}

const RESOURCES = {
  LoadBalancer: { pattern: /:loadbalancer\//, text: "load balancer" },
  Listener: { pattern: /:listener\//, text: "listener" },
  Rule: { pattern: /:listener-rule\//, text: "listener rule" },
  TargetGroup: { pattern: /:targetgroup\//, text: "target group" },
} as const;

/** AWS looks at the form of an ARN first and at what exists second. */
function arnProblem(arn: string | undefined, kind: keyof typeof RESOURCES): AwsError {
  const { pattern, text } = RESOURCES[kind];
  return arn?.startsWith("arn:") === true && pattern.test(arn)
    ? notFound(kind)
    : invalid(`'${arn ?? ""}' is not a valid ${text} ARN`);
}
