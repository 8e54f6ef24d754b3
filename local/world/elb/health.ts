// The life of a target: registered, probed, healthy or not, draining, gone.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html

import { millis, seconds } from "../../../shared/base/time.ts";
import type { HealthProbe, ProbeResult } from "../backends.ts";
import type { Target, TargetHealthState } from "../balancing.ts";
import type { Delay, ElbContext } from "./context.ts";
import { drawDelay } from "./context.ts";
import { countHosts } from "./host-counts.ts";
import type { TargetGroupRecord, TargetRecord } from "./model.ts";
import { numeric, targetKey } from "./model.ts";
import { endRamp, startRamp } from "./slow-start.ts";

/** The nodes hear of a deregistration within this time; only then can nothing be open any more. Assumed. */
const DRAIN_NOTICE_MS = seconds(1);

interface Finding {
  readonly state: TargetHealthState;
  readonly reason?: string;
  readonly description?: string;
}

const NOT_IN_USE: Finding = {
  state: "unused",
  reason: "Target.NotInUse",
  description: "Target group is not configured to receive traffic from the load balancer",
};
const REGISTERING: Finding = {
  state: "initial",
  reason: "Elb.RegistrationInProgress",
  description: "Target registration is in progress",
};
const FIRST_CHECKS: Finding = {
  state: "initial",
  reason: "Elb.InitialHealthChecking",
  description: "Initial health checks in progress",
};
const DRAINING: Finding = {
  state: "draining",
  reason: "Target.DeregistrationInProgress",
  description: "Target deregistration is in progress",
};
const UNCHECKED: Finding = {
  state: "unavailable",
  reason: "Target.HealthCheckDisabled",
  description: "Health checks are disabled for this target group",
};

/** A target that is there already keeps everything; one that drains comes back as a new one. */
export function registerTarget(
  context: ElbContext,
  group: TargetGroupRecord,
  given: Target & { readonly availabilityZone?: string },
): void {
  const target = { id: given.id, port: given.port };
  const known = group.targets.get(targetKey(target));
  if (known !== undefined && known.state !== "draining") return;
  known?.cancelDrain?.();
  const record: TargetRecord = {
    target,
    group,
    availabilityZone: given.availabilityZone,
    state: "unused",
    ...NO_FINDING,
    passes: 0,
    fails: 0,
    open: 0,
    rampFrom: undefined,
    drainingSince: undefined,
    round: 0,
    cancelProbe: undefined,
    cancelDrain: undefined,
  };
  group.targets.set(targetKey(target), record);
  if (group.usedBy.length === 0) become(context, record, NOT_IN_USE);
  else startProbing(context, record);
  countHosts(context);
}

const NO_FINDING = { reason: undefined, description: undefined };

export function deregisterTarget(context: ElbContext, group: TargetGroupRecord, target: Target): void {
  const record = group.targets.get(targetKey(target));
  if (record === undefined || record.state === "draining") return;
  stopProbing(record);
  endRamp(record);
  record.drainingSince = context.kernel.now();
  const delayMs = numeric(group.attributes, "deregistration_delay.timeout_seconds") * 1_000;
  become(context, record, DRAINING);
  const first = Math.min(delayMs, DRAIN_NOTICE_MS);
  record.cancelDrain = context.kernel.after(millis(first), () => {
    if (record.open === 0 || delayMs <= first) remove(context, record);
    else record.cancelDrain = context.kernel.after(millis(delayMs - first), () => remove(context, record));
  });
}

/**
 * "If a deregistering target has no in-flight requests and no active connections, Elastic Load Balancing
 * immediately completes the deregistration": target-group-attributes, deregistration delay.
 */
export function requestEnded(context: ElbContext, record: TargetRecord): void {
  record.open -= 1;
  if (record.open > 0 || record.drainingSince === undefined) return;
  const noticed = context.kernel.now() - record.drainingSince >= DRAIN_NOTICE_MS;
  if (noticed && record.group.targets.get(targetKey(record.target)) === record) remove(context, record);
}

function remove(context: ElbContext, record: TargetRecord): void {
  record.cancelDrain?.();
  record.cancelDrain = undefined;
  record.group.targets.delete(targetKey(record.target));
  record.group.eligible = undefined;
  notify(context, record, undefined);
}

/** The group came into use or fell out of it, or its health check was changed. */
export function refreshGroup(context: ElbContext, group: TargetGroupRecord): void {
  for (const record of group.targets.values()) {
    if (record.state === "draining") continue;
    stopProbing(record);
    endRamp(record);
    if (group.usedBy.length === 0) become(context, record, NOT_IN_USE);
    else startProbing(context, record);
  }
  countHosts(context);
}

/** New settings apply from the next probe on; the states stay. */
export function probeAnew(context: ElbContext, group: TargetGroupRecord): void {
  for (const record of group.targets.values()) {
    if (record.cancelProbe === undefined) continue;
    stopProbing(record);
    probeAfter(context, record, context.settings.firstProbe);
  }
}

function startProbing(context: ElbContext, record: TargetRecord): void {
  record.passes = 0;
  record.fails = 0;
  if (!record.group.health.enabled) {
    become(context, record, UNCHECKED);
    return;
  }
  become(context, record, REGISTERING);
  probeAfter(context, record, context.settings.firstProbe);
}

export function stopProbing(record: TargetRecord): void {
  record.cancelProbe?.();
  record.cancelProbe = undefined;
  record.round += 1;
}

function probeAfter(context: ElbContext, record: TargetRecord, wait: Delay): void {
  record.cancelProbe = context.kernel.after(drawDelay(context, wait), () => probe(context, record));
}

function probe(context: ElbContext, record: TargetRecord): void {
  const { kernel } = context;
  const { round, group } = record;
  const startedAt = kernel.now();
  if (record.reason === REGISTERING.reason) become(context, record, FIRST_CHECKS);
  const done = (result: ProbeResult): void => {
    if (record.round !== round) return;
    judge(context, record, result);
    const intervalMs = group.health.intervalSeconds * 1_000;
    const spent = kernel.now() - startedAt;
    const next = millis(Math.max(0, intervalMs - spent));
    record.cancelProbe = kernel.after(next, () => probe(context, record));
  };
  context.backends.probe(record.target, probeOf(record), done);
}

function probeOf({ group, target }: TargetRecord): HealthProbe {
  const { health } = group;
  const protocol = health.protocol === "HTTPS" || health.protocol === "TCP" ? health.protocol : "HTTP";
  return {
    protocol,
    port: health.port === "traffic-port" ? target.port : Number(health.port),
    path: health.path ?? "/",
    timeoutMs: health.timeoutSeconds * 1_000,
  };
}

/** "After your target is registered, it must pass one health check to be considered healthy" (same page). */
function judge(context: ElbContext, record: TargetRecord, result: ProbeResult): void {
  const { health } = record.group;
  const failure = failureOf(result, health.matcher);
  if (failure === undefined) {
    record.passes += 1;
    record.fails = 0;
    const enough = record.state === "initial" || record.passes >= health.healthyThreshold;
    if (record.state === "healthy" || !enough) return;
    startRamp(context, record);
    become(context, record, { state: "healthy" });
    return;
  }
  record.passes = 0;
  record.fails += 1;
  if (record.state === "unhealthy" || record.fails >= health.unhealthyThreshold) {
    endRamp(record);
    become(context, record, failure);
  }
}

function failureOf(result: ProbeResult, matcher: string | undefined): Finding | undefined {
  switch (result.kind) {
    case "connected":
      return undefined;
    case "answered":
      return matcher === undefined || matches(matcher, result.statusCode)
        ? undefined
        : {
            state: "unhealthy",
            reason: "Target.ResponseCodeMismatch",
            description: `Health checks failed with these codes: [${result.statusCode}]`,
          };
    case "timed-out":
      return { state: "unhealthy", reason: "Target.Timeout", description: "Request timed out" };
    case "refused":
      return { state: "unhealthy", reason: "Target.FailedHealthChecks", description: "Health checks failed" };
  }
}

/** `200`, `200,202`, `200-299`, and mixtures. */
function matches(matcher: string, statusCode: number): boolean {
  return matcher.split(",").some((part) => {
    const [low, high] = part.split("-").map(Number);
    return low !== undefined && statusCode >= low && statusCode <= (high ?? low);
  });
}

function become(context: ElbContext, record: TargetRecord, next: Finding): void {
  const changed = record.state !== next.state;
  record.state = next.state;
  record.reason = next.reason;
  record.description = next.description;
  record.group.eligible = undefined;
  if (changed) notify(context, record, next.state);
}

function notify(context: ElbContext, record: TargetRecord, state: TargetHealthState | undefined): void {
  for (const listener of context.healthListeners) listener(record.group.arn, record.target, state);
}
