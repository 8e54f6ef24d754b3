// Service deployments and revisions as the ECS API shows them.

import type {
  ServiceDeployment,
  ServiceDeploymentBrief,
  ServiceDeploymentLifecycleStage,
  ServiceRevision,
  ServiceRevisionSummary,
} from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../../../shared/base/time.ts";
import type { DeploymentRecord, LaunchSettings, ServiceRecord, WorkloadRecord } from "../model.ts";
import { wantedTasks } from "./census.ts";
import { breakerThreshold } from "./monitors.ts";
import type { HookRecord, ServiceDeploymentRecord } from "./records.ts";
import { isStaged } from "./records.ts";

const STARTING: ReadonlySet<string> = new Set(["PROVISIONING", "PENDING", "ACTIVATING"]);

interface Counts {
  running: number;
  pending: number;
}

/** Tasks by what they were launched for, in one pass. */
export function countsByWorkload(service: ServiceRecord): ReadonlyMap<WorkloadRecord, Counts> {
  const counts = new Map<WorkloadRecord, Counts>();
  for (const { deployment, lastStatus } of service.tasks) {
    if (deployment === undefined) continue;
    const own = counts.get(deployment) ?? { running: 0, pending: 0 };
    counts.set(deployment, own);
    if (lastStatus === "RUNNING") own.running += 1;
    else if (STARTING.has(lastStatus)) own.pending += 1;
  }
  return counts;
}

/** While the scheduler rolls, the newest revision is asked for all tasks and the others for none. */
export const requestedTasks = (service: ServiceRecord, revision: DeploymentRecord): number => {
  if (service.pinned) return wantedTasks(service, revision);
  return revision.status === "PRIMARY" ? service.desiredCount : 0;
};

/** "If one isn't specified, the LATEST platform version is used": https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html */
const platformView = ({ launchType, platformVersion }: LaunchSettings) =>
  launchType === "FARGATE" || platformVersion !== undefined
    ? { platformVersion: platformVersion ?? "LATEST" }
    : {};

export function launchView(launch: LaunchSettings) {
  return {
    ...(launch.strategy.length > 0
      ? { capacityProviderStrategy: [...launch.strategy] }
      : { launchType: launch.launchType ?? "EC2" }),
    ...platformView(launch),
    ...(launch.network !== undefined && { networkConfiguration: launch.network }),
  };
}

/** The target first, then the sources. */
export function revisionSummaries(
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): readonly ServiceRevisionSummary[] {
  const counts = countsByWorkload(service);
  const seen = service.deployments;
  return [record.target, ...record.sources].map((revision) => {
    const { running = 0, pending = 0 } = counts.get(revision) ?? {};
    return {
      arn: revision.revisionArn,
      requestedTaskCount: seen.includes(revision) ? requestedTasks(service, revision) : 0,
      runningTaskCount: running,
      pendingTaskCount: pending,
      ...(isStaged(record.configuration) && {
        requestedTestTrafficWeight: shareOf(record, revision, record.traffic.test),
        requestedProductionTrafficWeight: shareOf(record, revision, record.traffic.production),
      }),
    };
  });
}

/** Percents with one decimal. */
function shareOf(record: ServiceDeploymentRecord, revision: DeploymentRecord, target: number): number {
  if (revision === record.target) return target;
  return revision === record.base ? Math.round((100 - target) * 10) / 10 : 0;
}

const date = (at: EpochMs | undefined): Date | undefined => (at === undefined ? undefined : new Date(at));

const instants = (record: ServiceDeploymentRecord) => ({
  createdAt: new Date(record.createdAt),
  ...(record.startedAt !== undefined && { startedAt: new Date(record.startedAt) }),
  ...(record.finishedAt !== undefined && { finishedAt: date(record.finishedAt) }),
});

export const deploymentBrief = (
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): ServiceDeploymentBrief => ({
  serviceDeploymentArn: record.arn,
  serviceArn: service.arn,
  clusterArn: service.cluster.arn,
  ...instants(record),
  targetServiceRevisionArn: record.target.revisionArn,
  status: record.status,
  ...(record.statusReason !== undefined && { statusReason: record.statusReason }),
});

export function describeServiceDeployment(
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): ServiceDeployment {
  const [target, ...sources] = record.finalCounts ?? revisionSummaries(service, record);
  const { rollback } = record;
  return {
    ...instants(record),
    serviceDeploymentArn: record.arn,
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    ...(record.stoppedAt !== undefined && { stoppedAt: new Date(record.stoppedAt) }),
    updatedAt: new Date(record.updatedAt),
    sourceServiceRevisions: sources,
    ...(target !== undefined && { targetServiceRevision: target }),
    status: record.status,
    ...(record.statusReason !== undefined && { statusReason: record.statusReason }),
    ...stageView(record),
    lifecycleHookDetails: record.hooks.map(hookDetail),
    deploymentConfiguration: record.configuration,
    ...(rollback !== undefined && {
      rollback: {
        reason: rollback.reason,
        startedAt: new Date(rollback.startedAt),
        serviceRevisionArn: rollback.revision.revisionArn,
      },
    }),
    deploymentCircuitBreaker: {
      status: record.breaker.status,
      failureCount: record.breaker.failures,
      threshold: breakerThreshold(record.configuration, service.desiredCount),
    },
    alarms: {
      status: record.alarms.status,
      alarmNames: [...(record.configuration.alarms?.alarmNames ?? [])],
      triggeredAlarmNames: [...record.alarms.triggered],
    },
  };
}

/** A rolling deployment reports a stage only where a hook holds it. */
function stageView(record: ServiceDeploymentRecord): Pick<ServiceDeployment, "lifecycleStage"> {
  const stage = record.startedAt === undefined ? undefined : record.steps[record.position]?.stage;
  if (stage === undefined || (!isStaged(record.configuration) && record.hooks.length === 0)) return {};
  // PRE_PRODUCTION_TRAFFIC_SHIFT is in the member's documentation and not in the SDK's enum.
  return { lifecycleStage: stage as ServiceDeploymentLifecycleStage };
}

const hookDetail = ({ hookId, hook, status, expiresAt }: HookRecord) => ({
  hookId,
  targetType: hook.targetType ?? "AWS_LAMBDA",
  ...(hook.hookTargetArn !== undefined && { targetArn: hook.hookTargetArn }),
  status,
  expiresAt: new Date(expiresAt),
  timeoutAction: hook.timeoutConfiguration?.action ?? ("ROLLBACK" as const),
});

export function describeRevision(service: ServiceRecord, revision: DeploymentRecord): ServiceRevision {
  return {
    serviceRevisionArn: revision.revisionArn,
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    taskDefinition: revision.definition.arn,
    ...launchView(revision.launch),
    loadBalancers: [...revision.configuredLoadBalancers],
    serviceRegistries: [...revision.serviceRegistries],
    containerImages: revision.definition.containers.map(({ name, image, digest }) => ({
      containerName: name,
      image,
      imageDigest: digest,
    })),
    guardDutyEnabled: false,
    createdAt: new Date(revision.createdAt),
    ...(revision.loadBalancers.length > 0 && {
      resolvedConfiguration: {
        loadBalancers: revision.loadBalancers.map(({ targetGroupArn, advancedConfiguration }) => ({
          ...(targetGroupArn !== undefined && { targetGroupArn }),
          ...(advancedConfiguration?.productionListenerRule !== undefined && {
            productionListenerRule: advancedConfiguration.productionListenerRule,
          }),
        })),
      },
    }),
  };
}
