// How service deployments end: success, a stop, a rollback, or a rollback that cannot be.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html#service-deployments-states

import type { ServiceDeploymentStatus } from "@aws-sdk/client-ecs";
import type { EcsContext } from "../context.ts";
import { emitDeployment, emitFailedDeployment, noteOnService } from "../events.ts";
import type { DeploymentRecord, ServiceRecord } from "../model.ts";
import { revisionSummaries } from "./describe.ts";
import { abandonHooks } from "./hooks.ts";
import { closeMonitors, failureReason, failureSource } from "./monitors.ts";
import { backwardSteps } from "./plan.ts";
import type { ServiceDeploymentRecord } from "./records.ts";
import { isStaged } from "./records.ts";
import { shiftTimeOf } from "./traffic.ts";

/** "Amazon ECS deletes the service deployment when you delete a service": service-deployment. */
export function dropDeployments(service: ServiceRecord): void {
  for (const record of service.serviceDeployments) {
    record.cancelWake?.();
    record.cancelWake = undefined;
    abandonHooks(record);
    record.hooks = [];
  }
  service.serviceDeployments.length = 0;
  service.rollout = undefined;
  service.pinned = false;
}

interface Failing {
  readonly record: ServiceDeploymentRecord;
  readonly reason: string;
}

interface Ending {
  readonly record: ServiceDeploymentRecord;
  readonly status: ServiceDeploymentStatus;
  readonly reason: string | undefined;
}

export function endDeployment(context: EcsContext, service: ServiceRecord, ending: Ending): void {
  const { record, status, reason } = ending;
  const now = context.kernel.now();
  record.cancelWake?.();
  record.cancelWake = undefined;
  abandonHooks(record);
  closeMonitors(record);
  record.finalCounts = revisionSummaries(service, record);
  record.status = status;
  record.statusReason = reason ?? record.statusReason;
  record.updatedAt = now;
  record.finishedAt = now;
  if (status === "STOPPED") record.stoppedAt = now;
  if (service.rollout === record) service.rollout = undefined;
}

/** The target, or after a rollback the revision before it, is the service's only one. */
export function succeed(context: EcsContext, service: ServiceRecord, record: ServiceDeploymentRecord): void {
  const winner = record.rollback?.revision ?? record.target;
  const deferred =
    record.rollback === undefined &&
    record.configuration.earlySuccessCriteria?.enable === true &&
    record.configuration.earlySuccessCriteria.sourceServiceRevisionCleanup === "DEFERRED";
  const status = record.rollback === undefined ? "SUCCESSFUL" : "ROLLBACK_SUCCESSFUL";
  endDeployment(context, service, { record, status, reason: undefined });
  service.stable = winner;
  service.launch = { ...winner.launch, executeCommand: service.launch.executeCommand };
  service.loadBalancers = winner.configuredLoadBalancers;
  service.serviceRegistries = winner.serviceRegistries;
  service.pinned = false;
  if (!deferred) keepOnly(service, winner);
  winner.rolloutState = "COMPLETED";
  winner.rolloutStateReason = `ECS deployment ${winner.id} completed.`;
  winner.updatedAt = context.kernel.now();
  emitDeployment(context, service, winner);
  if (isStaged(record.configuration)) context.touch(service);
}

/** Older deployments of a service whose newest one is all there is. */
export function keepOnly(service: ServiceRecord, kept: DeploymentRecord): void {
  for (const one of service.deployments) if (one !== kept) one.status = "INACTIVE";
  service.deployments = [kept];
}

/** Everything stays as it is; the failed revision starts no more tasks. */
export function stopDeployment(context: EcsContext, service: ServiceRecord, failing: Failing): void {
  const { record, reason } = failing;
  failTarget(context, service, failing);
  freeze(service);
  endDeployment(context, service, { record, status: "STOPPED", reason });
}

/** false: there is nothing to go back to, and the deployment has ended. */
export function rollBack(context: EcsContext, service: ServiceRecord, failing: Failing): boolean {
  const { record, reason } = failing;
  // A rollback to it that failed or was overtaken does not undo that it was deployed with success.
  const candidate = service.stable;
  failTarget(context, service, failing);
  if (candidate === undefined || candidate === record.target) {
    freeze(service);
    endDeployment(context, service, { record, status: "ROLLBACK_FAILED", reason: NO_CANDIDATE });
    noteOnService(context, service, `(deployment ${record.target.id}) rollback has failed. ${NO_CANDIDATE}`);
    return false;
  }
  const now = context.kernel.now();
  record.status = "ROLLBACK_IN_PROGRESS";
  record.statusReason = reason;
  record.rollback = { reason, startedAt: now, revision: candidate };
  abandonHooks(record);
  closeMonitors(record);
  makePrimary(service, candidate);
  candidate.rolloutState = "IN_PROGRESS";
  candidate.rolloutStateReason = `${failureSource(record)}: rolling back to deploymentId ${candidate.id}.`;
  candidate.updatedAt = now;
  record.steady = false;
  record.steps = backwardSteps({
    staged: isStaged(record.configuration),
    shifted: record.traffic.production > 0 || record.inheritsSplit,
    tested: record.traffic.test > 0 || record.inheritsSplit,
    shiftMs: shiftTimeOf(context, record.target.configuredLoadBalancers),
  });
  emitDeployment(context, service, candidate);
  context.touch(service);
  return true;
}

const NO_CANDIDATE = "No rollback candidate was found to run the rollback.";

function failTarget(context: EcsContext, service: ServiceRecord, { record, reason }: Failing): void {
  const { target } = record;
  target.rolloutState = "FAILED";
  target.rolloutStateReason = failureReason(record, reason);
  target.updatedAt = context.kernel.now();
  noteOnService(context, service, `(deployment ${target.id}) deployment failed: ${reason}`);
  const monitored = [record.breaker, record.alarms].some(({ status }) => status === "TRIGGERED");
  if (monitored) emitFailedDeployment(context, service, target);
}

function makePrimary(service: ServiceRecord, revision: DeploymentRecord): void {
  for (const one of service.deployments) if (one.status === "PRIMARY") one.status = "ACTIVE";
  revision.status = "PRIMARY";
  service.deployments = [revision, ...service.deployments.filter((one) => one !== revision)];
}

/**
 * Each revision keeps the tasks that it has, the failed one those that run. What is missing to the desired count is
 * for the last one that succeeded: a service whose old tasks die in this moment is not left without any.
 */
function freeze(service: ServiceRecord): void {
  if (service.pinned) return;
  service.pinned = service.scheduling === "REPLICA";
  const meant = new Map<unknown, number>();
  const failed = new Set<unknown>(
    service.deployments.filter(({ rolloutState }) => rolloutState === "FAILED"),
  );
  for (const { deployment, desiredStatus, lastStatus } of service.tasks) {
    if (desiredStatus === "STOPPED" || (failed.has(deployment) && lastStatus !== "RUNNING")) continue;
    meant.set(deployment, (meant.get(deployment) ?? 0) + 1);
  }
  const missing = service.desiredCount - [...meant.values()].reduce((total, count) => total + count, 0);
  const heir = service.deployments.find(({ rolloutState }) => rolloutState === "COMPLETED");
  if (heir !== undefined && missing > 0) meant.set(heir, (meant.get(heir) ?? 0) + missing);
  for (const one of service.deployments) {
    const count = meant.get(one) ?? 0;
    one.scale = service.desiredCount === 0 ? 0 : (100 * count) / service.desiredCount;
  }
}
