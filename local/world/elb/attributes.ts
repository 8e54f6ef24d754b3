// Attributes of load balancers and target groups: their defaults and what values they take.

import { invalid } from "./context.ts";
import type { Attributes } from "./model.ts";

type Rule = readonly [name: string, initial: string, accepts: (value: string) => boolean];

const TRUTH = (value: string): boolean => value === "true" || value === "false";
const ANY = (): boolean => true;
const oneOf =
  (...values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value);
const whole =
  (low: number, high: number) =>
  (value: string): boolean =>
    /^\d+$/.test(value) && Number(value) >= low && Number(value) <= high;
/** The quota of targets for each group. */
const MAX_TARGETS = 1_000;
const OFF_OR_COUNT = (value: string): boolean => value === "off" || whole(1, MAX_TARGETS)(value);
const OFF_OR_PERCENT = (value: string): boolean => value === "off" || whole(1, 100)(value);
/** The prefixes of the load balancer's own cookies. */
const FOREIGN_COOKIE = (value: string): boolean => !value.startsWith("AWSALB");

/** "The range is 30-900 seconds. The default is 0 (disabled)." */
const SLOW_START = (value: string): boolean => value === "0" || whole(30, 900)(value);

const DAY_S = 86_400;
const WEEK_S = 604_800;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html */
const COMMON_GROUP: readonly Rule[] = [
  ["deregistration_delay.timeout_seconds", "300", whole(0, 3_600)],
  ["stickiness.enabled", "false", TRUTH],
  [
    "load_balancing.cross_zone.enabled",
    "use_load_balancer_configuration",
    oneOf("true", "false", "use_load_balancer_configuration"),
  ],
  ["target_group_health.dns_failover.minimum_healthy_targets.count", "1", OFF_OR_COUNT],
  ["target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", OFF_OR_PERCENT],
  ["target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", whole(1, MAX_TARGETS)],
  ["target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", OFF_OR_PERCENT],
];

const APPLICATION_GROUP: readonly Rule[] = [
  ...COMMON_GROUP,
  ["stickiness.type", "lb_cookie", oneOf("lb_cookie", "app_cookie")],
  ["stickiness.lb_cookie.duration_seconds", String(DAY_S), whole(1, WEEK_S)],
  ["stickiness.app_cookie.cookie_name", "", FOREIGN_COOKIE],
  ["stickiness.app_cookie.duration_seconds", String(DAY_S), whole(1, WEEK_S)],
  ["slow_start.duration_seconds", "0", SLOW_START],
  [
    "load_balancing.algorithm.type",
    "round_robin",
    oneOf("round_robin", "least_outstanding_requests", "weighted_random"),
  ],
  ["load_balancing.algorithm.anomaly_mitigation", "off", oneOf("on", "off")],
];

const NETWORK_GROUP: readonly Rule[] = [
  ...COMMON_GROUP,
  ["stickiness.type", "source_ip", oneOf("source_ip")],
  ["deregistration_delay.connection_termination.enabled", "false", TRUTH],
  ["proxy_protocol_v2.enabled", "false", TRUTH],
  ["preserve_client_ip.enabled", "true", TRUTH],
  ["target_health_state.unhealthy.connection_termination.enabled", "true", TRUTH],
  ["target_health_state.unhealthy.draining_interval_seconds", "0", whole(0, 360_000)],
];

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
const COMMON_BALANCER: readonly Rule[] = [
  ["deletion_protection.enabled", "false", TRUTH],
  ["access_logs.s3.enabled", "false", TRUTH],
  ["access_logs.s3.bucket", "", ANY],
  ["access_logs.s3.prefix", "", ANY],
  ["zonal_shift.config.enabled", "false", TRUTH],
];

const APPLICATION_BALANCER: readonly Rule[] = [
  ...COMMON_BALANCER,
  // "The default for Application Load Balancers is true, and can't be changed".
  ["load_balancing.cross_zone.enabled", "true", oneOf("true")],
  ["idle_timeout.timeout_seconds", "60", whole(1, 4_000)],
  ["client_keep_alive.seconds", "3600", whole(60, WEEK_S)],
  ["connection_logs.s3.enabled", "false", TRUTH],
  ["connection_logs.s3.bucket", "", ANY],
  ["connection_logs.s3.prefix", "", ANY],
  ["ipv6.deny_all_igw_traffic", "false", TRUTH],
  ["routing.http.desync_mitigation_mode", "defensive", oneOf("monitor", "defensive", "strictest")],
  ["routing.http.drop_invalid_header_fields.enabled", "false", TRUTH],
  ["routing.http.preserve_host_header.enabled", "false", TRUTH],
  ["routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", TRUTH],
  ["routing.http.xff_client_port.enabled", "false", TRUTH],
  ["routing.http.xff_header_processing.mode", "append", oneOf("append", "preserve", "remove")],
  ["routing.http2.enabled", "true", TRUTH],
  ["waf.fail_open.enabled", "false", TRUTH],
];

const NETWORK_BALANCER: readonly Rule[] = [
  ...COMMON_BALANCER,
  ["load_balancing.cross_zone.enabled", "false", TRUTH],
  [
    "dns_record.client_routing_policy",
    "any_availability_zone",
    oneOf("any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"),
  ],
  ["secondary_ips.auto_assigned.per_subnet", "0", whole(0, 7)],
];

export type AttributeKind = "application-group" | "network-group" | "application" | "network";

const RULES: Readonly<Record<AttributeKind, readonly Rule[]>> = {
  "application-group": APPLICATION_GROUP,
  "network-group": NETWORK_GROUP,
  application: APPLICATION_BALANCER,
  network: NETWORK_BALANCER,
};

export const initialAttributes = (kind: AttributeKind): Attributes =>
  new Map(RULES[kind].map(([name, initial]) => [name, initial]));

interface KeyValue {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** All or nothing: one value that is refused leaves everything as it was. */
export function changeAttributes(
  kind: AttributeKind,
  attributes: Attributes,
  given: readonly KeyValue[],
): void {
  const changed = new Map(attributes);
  for (const { Key: key = "", Value: value = "" } of given) {
    const rule = RULES[kind].find(([name]) => name === key);
    if (rule === undefined) throw invalid(`Key '${key}' is not valid`);
    if (!rule[2](value)) throw invalid(`Value '${value}' of attribute '${key}' is not valid`);
    changed.set(key, value);
  }
  const slow = (changed.get("slow_start.duration_seconds") ?? "0") !== "0";
  const algorithm = changed.get("load_balancing.algorithm.type") ?? "round_robin";
  if (slow && algorithm !== "round_robin")
    throw invalid(`Slow start is not supported with the ${algorithm} algorithm`);
  if (changed.get("load_balancing.algorithm.anomaly_mitigation") === "on" && algorithm !== "weighted_random")
    throw invalid(`Anomaly mitigation is not supported with the ${algorithm} algorithm`);
  for (const [key, value] of changed) attributes.set(key, value);
}

export const listAttributes = (attributes: Attributes): { Key: string; Value: string }[] =>
  [...attributes].map(([Key, Value]) => ({ Key, Value }));
