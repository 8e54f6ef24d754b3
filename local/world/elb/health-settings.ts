// Health check settings: defaults by protocol, ranges, and how they are described.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html

import type { CreateTargetGroupInput, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { invalid } from "./context.ts";
import type { HealthCheckSettings } from "./model.ts";

export type HealthCheckInput = Pick<
  CreateTargetGroupInput,
  | "HealthCheckEnabled"
  | "HealthCheckIntervalSeconds"
  | "HealthCheckPath"
  | "HealthCheckPort"
  | "HealthCheckProtocol"
  | "HealthCheckTimeoutSeconds"
  | "HealthyThresholdCount"
  | "Matcher"
  | "UnhealthyThresholdCount"
>;

const isWeb = (protocol: string): boolean => protocol === "HTTP" || protocol === "HTTPS";

/** Application groups are probed by HTTP and take 200; all others by TCP. */
export function initialHealthCheck(protocol: string): HealthCheckSettings {
  const web = isWeb(protocol);
  return {
    enabled: true,
    protocol: web ? protocol : "TCP",
    port: "traffic-port",
    path: web ? "/" : undefined,
    intervalSeconds: 30,
    timeoutSeconds: web ? 5 : 10,
    healthyThreshold: 5,
    unhealthyThreshold: 2,
    matcher: web ? "200" : undefined,
  };
}

export function withHealthCheck(
  known: HealthCheckSettings,
  input: HealthCheckInput,
  groupProtocol: string,
): HealthCheckSettings {
  const protocol = input.HealthCheckProtocol ?? known.protocol;
  const web = isWeb(protocol);
  // A group of a network load balancer that is probed by HTTP takes 200-399 unless told otherwise.
  const matcher = input.Matcher?.HttpCode ?? input.Matcher?.GrpcCode ?? known.matcher ?? "200-399";
  const changed: HealthCheckSettings = {
    enabled: input.HealthCheckEnabled ?? known.enabled,
    protocol,
    port: input.HealthCheckPort ?? known.port,
    path: web ? (input.HealthCheckPath ?? known.path ?? "/") : undefined,
    intervalSeconds: input.HealthCheckIntervalSeconds ?? known.intervalSeconds,
    timeoutSeconds: input.HealthCheckTimeoutSeconds ?? known.timeoutSeconds,
    healthyThreshold: input.HealthyThresholdCount ?? known.healthyThreshold,
    unhealthyThreshold: input.UnhealthyThresholdCount ?? known.unhealthyThreshold,
    matcher: web ? matcher : undefined,
  };
  check(changed);
  const { HttpCode: codes } = input.Matcher ?? {};
  // API_Matcher: 200 to 499 for application load balancers, to 599 for network load balancers.
  if (codes !== undefined) checkCodes(codes, isWeb(groupProtocol) ? 499 : 599);
  return changed;
}

function check(settings: HealthCheckSettings): void {
  if (!settings.enabled)
    throw invalid("Health check enabled must be true for target groups with target type 'ip' or 'instance'");
  within("Health check interval", settings.intervalSeconds, [5, 300]);
  within("Health check timeout", settings.timeoutSeconds, [2, 120]);
  within("Healthy threshold count", settings.healthyThreshold, [2, 10]);
  within("Unhealthy threshold count", settings.unhealthyThreshold, [2, 10]);
  if (settings.timeoutSeconds >= settings.intervalSeconds && isWeb(settings.protocol)) {
    throw invalid(
      `Health check timeout '${settings.timeoutSeconds}' must be smaller than the interval '${settings.intervalSeconds}'`,
    );
  }
  if (settings.matcher !== undefined && !/^\d{1,3}(-\d{1,3})?(,\d{1,3}(-\d{1,3})?)*$/.test(settings.matcher))
    throw invalid(`Health check matcher HTTP code '${settings.matcher}' is not valid`);
  if (settings.port !== "traffic-port" && !/^\d{1,5}$/.test(settings.port))
    throw invalid(`Health check port '${settings.port}' must be 'traffic-port' or in the range '1-65535'`);
  if (settings.path !== undefined && !settings.path.startsWith("/"))
    throw invalid(`Health check path '${settings.path}' must begin with a '/' character`);
}

function checkCodes(codes: string, highest: number): void {
  const bounds = codes.split(/[-,]/).map(Number);
  if (bounds.every((code) => code >= 200 && code <= highest)) return;
  throw invalid(`Health check matcher HTTP code '${codes}' must be within '200-${highest}'`);
}

function within(name: string, value: number, [low, high]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw invalid(`${name} '${value}' must be between ${low} and ${high}`);
}

export const describeHealthCheck = (health: HealthCheckSettings): Partial<TargetGroup> => ({
  HealthCheckProtocol: health.protocol as "HTTP",
  HealthCheckPort: health.port,
  HealthCheckEnabled: health.enabled,
  HealthCheckIntervalSeconds: health.intervalSeconds,
  HealthCheckTimeoutSeconds: health.timeoutSeconds,
  HealthyThresholdCount: health.healthyThreshold,
  UnhealthyThresholdCount: health.unhealthyThreshold,
  ...(health.path !== undefined && { HealthCheckPath: health.path }),
  ...(health.matcher !== undefined && { Matcher: { HttpCode: health.matcher } }),
});
