// What makes ECS give a deployment up by itself: the circuit breaker and CloudWatch alarms.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html

import type { DeploymentConfiguration } from "@aws-sdk/client-ecs";
import { addMs, seconds } from "../../../../shared/base/time.ts";
import type { EcsContext } from "../context.ts";
import type { ServiceRecord, TaskRecord } from "../model.ts";
import type { Standing } from "../rolling.ts";
import type { Facts } from "./machine.ts";
import { ROLLED_BACK } from "./machine.ts";
import type { ServiceDeploymentRecord } from "./records.ts";

/** Between two calls of DescribeAlarms. Assumed. */
const ALARM_POLL_MS = seconds(10);

const BREAKER_DEFAULT = { type: "BOUNDED_PERCENT", value: 50 } as const;
const BOUNDS = { least: 3, most: 200 };

/** By the service's latest desired count, rounded up. */
export function breakerThreshold(configuration: DeploymentConfiguration, desiredCount: number): number {
  const { type, value } = configuration.deploymentCircuitBreaker?.thresholdConfiguration ?? BREAKER_DEFAULT;
  if (type === "COUNT") return value ?? BREAKER_DEFAULT.value;
  const share = Math.ceil(((value ?? BREAKER_DEFAULT.value) * desiredCount) / 100);
  if (type === "UNBOUNDED_PERCENT") return Math.max(share, 1);
  return Math.min(Math.max(share, BOUNDS.least), BOUNDS.most);
}

/**
 * An alarm that is in ALARM at the beginning switches the method off for this deployment:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
 */
export function armMonitors(context: EcsContext, record: ServiceDeploymentRecord): void {
  const { deploymentCircuitBreaker: breaker, alarms } = record.configuration;
  if (breaker?.enable === true) record.breaker.status = "MONITORING";
  if (alarms?.enable !== true || ringing(context, alarms.alarmNames ?? []).length > 0) return;
  record.alarms.status = "MONITORING";
  record.alarms.nextPollAt = addMs(context.kernel.now(), ALARM_POLL_MS);
}

const ringing = (context: EcsContext, names: readonly string[]): readonly string[] =>
  names.filter((name) => context.alarmState(name) === "ALARM");

/** Looks at breaker and alarms; either of them ends the deployment, with its own wish for a rollback. */
export function monitoredFailure(
  context: EcsContext,
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): Facts["failure"] {
  if (record.networkFault !== undefined) return { reason: record.networkFault, rollback: true };
  return breakerFailure(service, record) ?? alarmFailure(context, record);
}

function breakerFailure(service: ServiceRecord, record: ServiceDeploymentRecord): Facts["failure"] {
  const { breaker, configuration } = record;
  if (breaker.status !== "MONITORING") return undefined;
  if (breaker.failures < breakerThreshold(configuration, service.desiredCount)) return undefined;
  breaker.status = "TRIGGERED";
  const rollback = configuration.deploymentCircuitBreaker?.rollback === true;
  const what = "the circuit breaker threshold was exceeded.";
  return { rollback, reason: `${rollback ? ROLLED_BACK : FAILED_BECAUSE} ${what}` };
}

const FAILED_BECAUSE = "Service deployment failed because";

function alarmFailure(context: EcsContext, record: ServiceDeploymentRecord): Facts["failure"] {
  const { alarms, configuration } = record;
  const now = context.kernel.now();
  if (alarms.status !== "MONITORING" || now < alarms.nextPollAt) return undefined;
  alarms.nextPollAt = addMs(now, ALARM_POLL_MS);
  alarms.triggered = ringing(context, configuration.alarms?.alarmNames ?? []);
  if (alarms.triggered.length === 0) return undefined;
  alarms.status = "TRIGGERED";
  const rollback = configuration.alarms?.rollback === true;
  const what = `CloudWatch alarms went into the ALARM state: ${alarms.triggered.join(", ")}.`;
  return { rollback, reason: `${rollback ? ROLLED_BACK : FAILED_BECAUSE} ${what}` };
}

export function closeMonitors(record: ServiceDeploymentRecord): void {
  for (const monitor of [record.breaker, record.alarms]) {
    if (monitor.status === "MONITORING") monitor.status = "MONITORING_COMPLETE";
  }
}

/** The words in which the event of a failed deployment begins: ecs_service_deployment_events; the last are ours. */
export function failureSource({ alarms, breaker }: ServiceDeploymentRecord): string {
  if (alarms.status === "TRIGGERED") return "ECS deployment alarms";
  return breaker.status === "TRIGGERED" ? "ECS deployment circuit breaker" : "ECS deployment";
}

/** `rolloutStateReason` of what failed. */
export function failureReason(record: ServiceDeploymentRecord, reason: string): string {
  if (record.alarms.status === "TRIGGERED") return `${failureSource(record)}: alarm detected.`;
  return record.breaker.status === "TRIGGERED" ? `${failureSource(record)}: tasks failed to start.` : reason;
}

/** A task of the new revision stops: by itself, or because it never ran. */
export function countFailedTask(service: ServiceRecord, task: TaskRecord): void {
  const { rollout } = service;
  const { deployment, stopCode } = task;
  if (rollout === undefined || deployment !== rollout.target) return;
  const isFailed = stopCode === "TaskFailedToStart" || isUnfit(task);
  if (isFailed && !deployment.hasServed) deployment.failedTasks += 1;
  if (rollout.breaker.status !== "MONITORING") return;
  if (isFailed || stopCode === "EssentialContainerExited") rollout.breaker.failures += 1;
}

/** The scheduler replaces it for a failed health check. */
const isUnfit = (task: TaskRecord): boolean =>
  task.stopCode === "ServiceSchedulerInitiated" &&
  (task.health === "UNHEALTHY" || task.targets.some(({ state }) => state === "unhealthy"));

/** "Once … one or more successfully running tasks, the failed task count resets to zero": API_Deployment `failedTasks`. */
function noteServing({ target }: ServiceDeploymentRecord, standings: readonly Standing[]): void {
  if (target.hasServed || !standings.some(({ task, healthy }) => healthy && task.deployment === target))
    return;
  target.hasServed = true;
  target.failedTasks = 0;
}

/** "The failure count resets to 0 each time a task reaches a healthy state", unless that is switched off. */
export function noteHealthyTasks(service: ServiceRecord, standings: readonly Standing[]): void {
  const { rollout } = service;
  if (rollout !== undefined) noteServing(rollout, standings);
  if (rollout?.breaker.status !== "MONITORING") return;
  const resets = rollout.configuration.deploymentCircuitBreaker?.resetOnHealthyTask !== false;
  for (const { task, healthy } of standings) {
    if (!healthy || task.deployment !== rollout.target || rollout.breaker.healthy.has(task)) continue;
    rollout.breaker.healthy.add(task);
    if (resets) rollout.breaker.failures = 0;
  }
}
