// A service deployment begins: its revision, its record, and the end of the one before.

import type { DeploymentConfiguration } from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import { fingerprint } from "../../../../shared/base/fingerprint.ts";
import type { EpochMs } from "../../../../shared/base/time.ts";
import type { EcsContext } from "../context.ts";
import { emitDeployment } from "../events.ts";
import { workloadId } from "../launches.ts";
import type { DeploymentRecord, ServiceRecord, TaskDefinitionRecord, WorkloadRecord } from "../model.ts";
import { abandonHooks } from "./hooks.ts";
import { armMonitors } from "./monitors.ts";
import type { Surroundings } from "./plan.ts";
import { forwardSteps } from "./plan.ts";
import type { ServiceDeploymentRecord } from "./records.ts";
import { hasEnded, isStaged } from "./records.ts";
import { networkFaultOf, resolveLoadBalancers, shiftTimeOf } from "./traffic.ts";

const ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** 21 letters, as `EZe5RNVLH6PPzHXINuP28` in AWS's samples; made from the revision's, so no chance is drawn. */
function deploymentId(revisionId: string): string {
  const hex = fingerprint(revisionId) + fingerprint(`${revisionId}#`);
  return Array.from({ length: 21 }, (_, at) => {
    return ID_LETTERS[Number.parseInt(hex.slice(at * 3, at * 3 + 3), 16) % ID_LETTERS.length];
  }).join("");
}

function newRevision(
  context: EcsContext,
  service: ServiceRecord,
  definition: TaskDefinitionRecord,
): DeploymentRecord {
  const now = context.kernel.now();
  const id = workloadId(context);
  // Before any deployment has succeeded, the newest revision's group is the one that the rules may lead to.
  const before = baseOf(service) ?? service.deployments[0];
  return {
    id,
    // The digits of `ecs-svc/…`, as AWS's samples show.
    revisionArn: context.kernel.arn(
      "ecs",
      `service-revision/${service.cluster.name}/${service.name}/${arnName(id)}`,
    ),
    status: "PRIMARY",
    definition,
    launch: service.launch,
    configuredLoadBalancers: service.loadBalancers,
    loadBalancers: resolveLoadBalancers(service.loadBalancers, before, isStaged(service.configuration)),
    serviceRegistries: service.serviceRegistries,
    createdAt: now,
    updatedAt: now,
    rolloutState: "IN_PROGRESS",
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    failedTasks: 0,
    hasServed: false,
    launched: new Map(),
    scale: 0,
  };
}

/** The last revision that was deployed with success; before there is one, whichever has the traffic. */
function baseOf(service: ServiceRecord): DeploymentRecord | undefined {
  if (service.stable !== undefined) return service.stable;
  const last = service.serviceDeployments.at(-1);
  if (last === undefined) return undefined;
  return !isStaged(last.configuration) || last.traffic.production >= 50 ? last.target : last.base;
}

const groupsBehind = ({ loadBalancers }: WorkloadRecord): string =>
  loadBalancers.map(({ targetGroupArn }) => targetGroupArn).join();

/** Tasks behind another group than the base's have no traffic: a rolling update must not count on them. */
function hasTasksElsewhere(service: ServiceRecord): boolean {
  const base = baseOf(service);
  if (base === undefined) return false;
  for (const { deployment } of service.tasks) {
    if (deployment !== undefined && groupsBehind(deployment) !== groupsBehind(base)) return true;
  }
  return false;
}

/** Two revisions were left with shares of the traffic, or with tasks of which only one's have it. */
function isSplit(service: ServiceRecord): boolean {
  if (hasTasksElsewhere(service)) return true;
  const last = service.serviceDeployments.at(-1);
  if (last === undefined) return false;
  if (last.inheritsSplit) return true;
  if (!isStaged(last.configuration)) return false;
  return last.status !== "SUCCESSFUL" && last.status !== "ROLLBACK_SUCCESSFUL";
}

export function beginDeployment(
  context: EcsContext,
  service: ServiceRecord,
  definition: TaskDefinitionRecord,
): void {
  const target = newRevision(context, service, definition);
  const record = newRecord(context, service, target);
  if (service.rollout !== undefined) supersede(service.rollout, context.kernel.now());
  for (const older of service.deployments) {
    if (!service.pinned) older.scale = 100;
    if (older.status === "PRIMARY") older.status = "ACTIVE";
  }
  service.deployments = [target, ...service.deployments];
  service.revisions.push(target);
  service.serviceDeployments.push(record);
  service.rollout = record;
  service.pinned = record.steps[0]?.rolls !== true;
  service.steady = false;
  emitDeployment(context, service, target);
  context.touch(service);
}

function newRecord(
  context: EcsContext,
  service: ServiceRecord,
  target: DeploymentRecord,
): ServiceDeploymentRecord {
  const { kernel } = context;
  const now = kernel.now();
  const id = deploymentId(target.id);
  const configuration: DeploymentConfiguration = { ...service.configuration };
  const around = surroundingsOf(context, service, target);
  return {
    order: context.nextOrder(),
    id,
    arn: kernel.arn("ecs", `service-deployment/${service.cluster.name}/${service.name}/${id}`),
    configuration,
    target,
    sources: [...service.deployments],
    base: baseOf(service),
    createdAt: now,
    updatedAt: now,
    startedAt: undefined,
    finishedAt: undefined,
    stoppedAt: undefined,
    status: "PENDING",
    statusReason: undefined,
    steps: forwardSteps(configuration, around),
    position: 0,
    stepSince: now,
    hooks: [],
    traffic: { production: 0, test: 0 },
    inheritsSplit: around.split,
    rollback: undefined,
    breaker: { status: "DISABLED", failures: 0, healthy: new WeakSet() },
    alarms: { status: "DISABLED", triggered: [], nextPollAt: now },
    steady: false,
    networkFault: undefined,
    finalCounts: undefined,
    cancelWake: undefined,
  };
}

function surroundingsOf(context: EcsContext, service: ServiceRecord, target: DeploymentRecord): Surroundings {
  return {
    reconcile: service.deployments.length > 1,
    hasBase: baseOf(service) !== undefined,
    split: isSplit(service),
    daemon: service.scheduling === "DAEMON",
    shiftMs: shiftTimeOf(context, target.configuredLoadBalancers),
  };
}

/** "A user starts a new service deployment": the one before is STOP_REQUESTED until the new one starts. */
function supersede(record: ServiceDeploymentRecord, now: EpochMs): void {
  record.cancelWake?.();
  record.cancelWake = undefined;
  abandonHooks(record);
  record.updatedAt = now;
  if (record.rollback === undefined) record.status = "STOP_REQUESTED";
}

/** PENDING is over: from here on the deployment is looked at. */
export function startDeployment(
  context: EcsContext,
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): readonly ServiceDeploymentRecord[] {
  const now = context.kernel.now();
  record.startedAt = now;
  record.stepSince = now;
  record.updatedAt = now;
  if (record.status === "PENDING") record.status = "IN_PROGRESS";
  armMonitors(context, record);
  if (isStaged(record.configuration)) record.networkFault = networkFaultOf(context, record.target);
  return unfinishedBefore(service, record);
}

/** Only the newest few can be open: those before them were superseded in their turn. */
function unfinishedBefore(
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): readonly ServiceDeploymentRecord[] {
  const open: ServiceDeploymentRecord[] = [];
  for (let at = service.serviceDeployments.length - 1; at >= 0; at -= 1) {
    const one = service.serviceDeployments[at];
    if (one === undefined || one === record) continue;
    if (hasEnded(one)) break;
    open.push(one);
  }
  return open;
}
