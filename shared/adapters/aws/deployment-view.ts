// ECS's services, deployments and revisions in our words: pure, so that every oddity has a row in a test.

import type {
  DeploymentLifecycleHook,
  DeploymentLifecycleHookDetail,
  LoadBalancer,
  Service,
  ServiceDeployment,
  ServiceRevision,
  ServiceRevisionSummary,
  TaskSet,
} from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../base/time.ts";
import { epochMs } from "../../base/time.ts";
import type {
  BalancerView,
  DeploymentView,
  HookSetting,
  OpenHook,
  RevisionCount,
  RevisionView,
  ServiceView,
  TaskSetView,
} from "../../contracts/rollout-views.ts";

/** ECS leaves the member out where it is a service's first instant: unknown is the oldest. */
const instant = (date: Date | undefined): EpochMs => epochMs(date?.getTime() ?? 0);

export function serviceView(service: Service): ServiceView {
  const current = service.currentServiceDeployment;
  const revision = soleRevisionArn(service);
  return {
    serviceArn: service.serviceArn ?? "",
    clusterArn: service.clusterArn ?? "",
    name: service.serviceName ?? "",
    status: service.status ?? "",
    controller: service.deploymentController?.type ?? "ECS",
    // Services of Express Mode are ECS's own resources: ResourceManagementType, API_Service.
    isExpress: service.resourceManagementType === "ECS",
    scheduling: service.schedulingStrategy ?? "REPLICA",
    taskDefinition: service.taskDefinition ?? "",
    desiredCount: service.desiredCount ?? 0,
    runningCount: service.runningCount ?? 0,
    strategy: service.deploymentConfiguration?.strategy ?? "ROLLING",
    hooks: (service.deploymentConfiguration?.lifecycleHooks ?? []).map(hookSetting),
    balancers: (service.loadBalancers ?? []).flatMap(balancerView),
    taskSets: (service.taskSets ?? []).map(taskSetView),
    createdAt: instant(service.createdAt),
    ...(current !== undefined && { currentDeploymentArn: current }),
    ...(revision !== undefined && { currentRevisionArn: revision }),
  };
}

/** Several revisions are current while a deployment runs; which one is "the" current one then only it can say. */
const soleRevisionArn = ({ currentServiceRevisions = [] }: Service): string | undefined =>
  currentServiceRevisions.length === 1 ? currentServiceRevisions[0]?.arn : undefined;

const hookSetting = (hook: DeploymentLifecycleHook): HookSetting => ({
  kind: hook.targetType === "PAUSE" ? "PAUSE" : "LAMBDA",
  stages: hook.lifecycleStages ?? [],
  ...(hook.hookTargetArn !== undefined && { targetArn: hook.hookTargetArn }),
});

/** Classic Load Balancers have names and no target groups: nothing can be shifted there. */
function balancerView(balancer: LoadBalancer): readonly BalancerView[] {
  const { targetGroupArn, containerName = "", containerPort = 0, advancedConfiguration } = balancer;
  if (targetGroupArn === undefined) return [];
  const { alternateTargetGroupArn, productionListenerRule, testListenerRule, roleArn } =
    advancedConfiguration ?? {};
  return [
    {
      targetGroupArn,
      containerName,
      containerPort,
      ...(alternateTargetGroupArn !== undefined && { alternateTargetGroupArn }),
      ...(productionListenerRule !== undefined && { productionRuleArn: productionListenerRule }),
      ...(testListenerRule !== undefined && { testRuleArn: testListenerRule }),
      ...(roleArn !== undefined && { roleArn }),
    },
  ];
}

export function taskSetView(taskSet: TaskSet): TaskSetView {
  const group = taskSet.loadBalancers?.[0]?.targetGroupArn;
  return {
    arn: taskSet.taskSetArn ?? "",
    id: taskSet.id ?? "",
    taskDefinition: taskSet.taskDefinition ?? "",
    status: taskSet.status ?? "",
    scale: taskSet.scale?.value ?? 0,
    computedDesired: taskSet.computedDesiredCount ?? 0,
    running: taskSet.runningCount ?? 0,
    pending: taskSet.pendingCount ?? 0,
    stability: taskSet.stabilityStatus ?? "STABILIZING",
    createdAt: instant(taskSet.createdAt),
    ...(taskSet.externalId !== undefined && { externalId: taskSet.externalId }),
    ...(group !== undefined && { targetGroupArn: group }),
  };
}

export function deploymentView(deployment: ServiceDeployment): DeploymentView {
  const { statusReason, lifecycleStage, targetServiceRevision, finishedAt, alarms } = deployment;
  const rollbackReason = deployment.rollback?.reason;
  const percent = percentOf(deployment);
  return {
    arn: deployment.serviceDeploymentArn ?? "",
    status: deployment.status ?? "",
    strategy: deployment.deploymentConfiguration?.strategy ?? "ROLLING",
    sources: (deployment.sourceServiceRevisions ?? []).map(revisionCount).toSorted(byTraffic),
    hooks: (deployment.lifecycleHookDetails ?? []).flatMap(openHook),
    triggeredAlarms: alarms?.triggeredAlarmNames ?? [],
    createdAt: instant(deployment.createdAt),
    ...(targetServiceRevision !== undefined && { target: revisionCount(targetServiceRevision) }),
    ...(statusReason !== undefined && { statusReason }),
    ...(lifecycleStage !== undefined && { stage: lifecycleStage }),
    ...(alarms?.status !== undefined && { alarmStatus: alarms.status }),
    ...(rollbackReason !== undefined && { rollbackReason }),
    ...(percent !== undefined && { percent }),
    ...(finishedAt !== undefined && { finishedAt: instant(finishedAt) }),
  };
}

/** Of the strategy that is used: the other one's configuration may be left from before. */
function percentOf({ deploymentConfiguration: configuration }: ServiceDeployment): number | undefined {
  if (configuration?.strategy === "CANARY") return configuration.canaryConfiguration?.canaryPercent;
  if (configuration?.strategy === "LINEAR") return configuration.linearConfiguration?.stepPercent;
  return undefined;
}

/** A deployment that superseded another has both as sources; what that one began never served anybody. */
const byTraffic = (one: RevisionCount, other: RevisionCount): number =>
  (other.productionWeight ?? 0) - (one.productionWeight ?? 0) || other.running - one.running;

function revisionCount(summary: ServiceRevisionSummary): RevisionCount {
  const { requestedProductionTrafficWeight, requestedTestTrafficWeight } = summary;
  return {
    arn: summary.arn ?? "",
    requested: summary.requestedTaskCount ?? 0,
    running: summary.runningTaskCount ?? 0,
    pending: summary.pendingTaskCount ?? 0,
    ...(requestedProductionTrafficWeight !== undefined && {
      productionWeight: requestedProductionTrafficWeight,
    }),
    ...(requestedTestTrafficWeight !== undefined && { testWeight: requestedTestTrafficWeight }),
  };
}

function openHook(hook: DeploymentLifecycleHookDetail): readonly OpenHook[] {
  const { hookId, expiresAt, timeoutAction } = hook;
  if (hookId === undefined) return [];
  return [
    {
      hookId,
      kind: hook.targetType === "PAUSE" ? "PAUSE" : "LAMBDA",
      status: hook.status ?? "",
      ...(expiresAt !== undefined && { expiresAt: instant(expiresAt) }),
      ...(timeoutAction !== undefined && { timeoutAction }),
    },
  ];
}

export function revisionView(revision: ServiceRevision): RevisionView {
  // Which of the two groups ECS chose for this revision stands in the resolved configuration alone.
  const resolved = revision.resolvedConfiguration?.loadBalancers ?? revision.loadBalancers ?? [];
  return {
    arn: revision.serviceRevisionArn ?? "",
    taskDefinition: revision.taskDefinition ?? "",
    images: (revision.containerImages ?? []).map(({ containerName = "", image = "", imageDigest }) => ({
      container: containerName,
      image,
      ...(imageDigest !== undefined && { digest: imageDigest }),
    })),
    targetGroupArns: resolved.flatMap(({ targetGroupArn }) => targetGroupArn ?? []),
    createdAt: instant(revision.createdAt),
  };
}

const ENDED: ReadonlySet<string> = new Set([
  "SUCCESSFUL",
  "STOPPED",
  "ROLLBACK_SUCCESSFUL",
  "ROLLBACK_FAILED",
]);
const GOING_BACK: ReadonlySet<string> = new Set([
  "STOP_REQUESTED",
  "ROLLBACK_REQUESTED",
  "ROLLBACK_IN_PROGRESS",
]);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html#service-deployments-states */
export const hasEnded = ({ status }: Pick<DeploymentView, "status">): boolean => ENDED.has(status);
export const isGoingBack = ({ status }: Pick<DeploymentView, "status">): boolean => GOING_BACK.has(status);
