// The records of the virtual Elastic Load Balancing (version 2): what exists, linked by reference.

import type {
  Action,
  AvailabilityZone,
  Certificate,
  MutualAuthenticationAttributes,
  RuleCondition,
  RuleTransform,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Target, TargetHealthState } from "../balancing.ts";
import type { LiveListener } from "./live.ts";
import type { Meter } from "./meters.ts";

export type Attributes = Map<string, string>;

export interface LoadBalancerRecord {
  readonly arn: string;
  readonly name: string;
  /** `app/NAME/16 digits`: the metric dimension LoadBalancer, and the middle of its listeners' ARNs. */
  readonly path: string;
  readonly dnsName: string;
  readonly type: "application" | "network";
  readonly scheme: "internet-facing" | "internal";
  readonly vpcId: string;
  readonly createdAt: EpochMs;
  ipAddressType: string;
  zones: readonly AvailabilityZone[];
  securityGroups: readonly string[];
  state: "provisioning" | "active";
  readonly attributes: Attributes;
  readonly listeners: Map<string, ListenerRecord>;
  readonly meter: Meter;
  /** By group: what the group did for this load balancer. */
  readonly groupMeters: Map<TargetGroupRecord, Meter>;
}

export interface ListenerRecord {
  readonly arn: string;
  /** `app/NAME/16 digits/16 digits`. */
  readonly path: string;
  readonly balancer: LoadBalancerRecord;
  port: number;
  protocol: string;
  sslPolicy: string | undefined;
  certificates: readonly Certificate[];
  alpnPolicy: readonly string[];
  mutualAuthentication: MutualAuthenticationAttributes | undefined;
  readonly attributes: Attributes;
  readonly defaultRule: RuleRecord;
  /** By priority, without the default rule. */
  rules: RuleRecord[];
  /** What the nodes of the load balancer know: follows the rules after the propagation delay. */
  live: LiveListener;
  /** Raised by each change; a propagation that was overtaken by a newer one does nothing. */
  version: number;
  liveVersion: number;
}

export interface RuleRecord {
  readonly arn: string;
  readonly listener: ListenerRecord;
  /** undefined: the default rule, which has no conditions either. */
  priority: number | undefined;
  conditions: readonly RuleCondition[];
  actions: readonly Action[];
  transforms: readonly RuleTransform[];
}

export interface HealthCheckSettings {
  enabled: boolean;
  protocol: string;
  /** `traffic-port` or a number. */
  port: string;
  path: string | undefined;
  intervalSeconds: number;
  timeoutSeconds: number;
  healthyThreshold: number;
  unhealthyThreshold: number;
  /** Ranges of HTTP codes, as `200-299,302`. */
  matcher: string | undefined;
}

export interface TargetGroupRecord {
  readonly arn: string;
  readonly name: string;
  /** `targetgroup/NAME/16 digits`: the metric dimension TargetGroup. */
  readonly path: string;
  readonly protocol: string;
  readonly protocolVersion: string | undefined;
  readonly port: number;
  readonly vpcId: string;
  readonly targetType: "ip" | "instance";
  readonly ipAddressType: string;
  readonly health: HealthCheckSettings;
  readonly attributes: Attributes;
  readonly targets: Map<string, TargetRecord>;
  /** Load balancers with a rule that names the group. */
  usedBy: readonly LoadBalancerRecord[];
  /** Who gets requests now; undefined: to be found again after a change. */
  eligible: readonly TargetRecord[] | undefined;
  /** Whether those are all, because too few are healthy; known with `eligible`. */
  failsOpen: boolean;
  /** Where round robin stands. */
  cursor: number;
}

export interface TargetRecord {
  readonly target: Target;
  readonly group: TargetGroupRecord;
  readonly availabilityZone: string | undefined;
  state: TargetHealthState;
  reason: string | undefined;
  description: string | undefined;
  /** Probes in a row that passed or failed. */
  passes: number;
  fails: number;
  /** Requests without an answer yet. */
  open: number;
  /** Slow start: while it lasts, the share grows from here. */
  rampFrom: EpochMs | undefined;
  drainingSince: EpochMs | undefined;
  /** Raised when probing begins anew or ends: answers to older probes count for nothing. */
  round: number;
  cancelProbe: (() => void) | undefined;
  cancelDrain: (() => void) | undefined;
}

export const targetKey = (target: Target): string => `${target.id}:${target.port}`;

export const flag = (attributes: Attributes, name: string): boolean => attributes.get(name) === "true";

export const numeric = (attributes: Attributes, name: string): number => Number(attributes.get(name) ?? 0);
