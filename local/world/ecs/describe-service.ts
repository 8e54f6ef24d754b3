// Services as the ECS API shows them.

import type { Deployment, DeploymentConfiguration, Service, Tag } from "@aws-sdk/client-ecs";
import type { EcsContext } from "./context.ts";
import { countsByWorkload, launchView, requestedTasks } from "./deployments/describe.ts";
import { primaryOf } from "./launches.ts";
import type { DeploymentRecord, ServiceRecord, TaskRecord, WorkloadRecord } from "./model.ts";
import { describeTaskSet } from "./task-sets/describe.ts";

interface Counts {
  running: number;
  pending: number;
}

const countOf = (task: TaskRecord): keyof Counts | undefined => {
  if (task.lastStatus === "RUNNING") return "running";
  return ["PROVISIONING", "PENDING", "ACTIVATING"].includes(task.lastStatus) ? "pending" : undefined;
};

function countTasks(service: ServiceRecord): {
  readonly all: Counts;
  readonly by: Map<WorkloadRecord, Counts>;
} {
  const all: Counts = { running: 0, pending: 0 };
  const by = new Map<WorkloadRecord, Counts>(
    service.deployments.map((one) => [one, { running: 0, pending: 0 }]),
  );
  for (const task of service.tasks) {
    const kind = countOf(task);
    if (kind === undefined || task.deployment === undefined) continue;
    all[kind] += 1;
    const own = by.get(task.deployment);
    if (own !== undefined) own[kind] += 1;
  }
  return { all, by };
}

function describeDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  counts: Counts,
): Deployment {
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.definition.arn,
    desiredCount: requestedTasks(service, deployment),
    pendingCount: counts.pending,
    runningCount: counts.running,
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    ...launchView(deployment.launch),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  };
}

/** AWS fills in the strategy and the bake time of the ECS controller, as clients that compare them see. */
const configurationView = ({ controller, configuration }: ServiceRecord): DeploymentConfiguration =>
  controller.type === "ECS" ? { strategy: "ROLLING", bakeTimeInMinutes: 0, ...configuration } : configuration;

/** A service of the EXTERNAL controller has no launch settings of its own; its task definition is the primary set's. */
function controllerView(context: EcsContext, service: ServiceRecord): Partial<Service> {
  if (service.controller.type !== "EXTERNAL") {
    return { ...launchView(service.launch), ...revisionView(service) };
  }
  const primary = service.taskSets.find(({ status }) => status === "PRIMARY");
  return {
    ...(primary !== undefined && { taskDefinition: primary.definition.arn }),
    taskSets: service.taskSets.map((taskSet) => describeTaskSet(context, service, taskSet)),
  };
}

function revisionView(service: ServiceRecord): Partial<Service> {
  const primary = primaryOf(service);
  const current = service.serviceDeployments.at(-1);
  const counts = countsByWorkload(service);
  return {
    ...(primary !== undefined && { taskDefinition: primary.definition.arn }),
    ...(current !== undefined && { currentServiceDeployment: current.arn }),
    currentServiceRevisions: service.deployments.map((revision) => ({
      arn: revision.revisionArn,
      requestedTaskCount: requestedTasks(service, revision),
      runningTaskCount: counts.get(revision)?.running ?? 0,
      pendingTaskCount: counts.get(revision)?.pending ?? 0,
    })),
  };
}

export function describeService(context: EcsContext, service: ServiceRecord, tags: readonly Tag[]): Service {
  const { all, by } = countTasks(service);
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster.arn,
    loadBalancers: [...service.loadBalancers],
    serviceRegistries: [...service.serviceRegistries],
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: all.running,
    pendingCount: all.pending,
    ...controllerView(context, service),
    deploymentConfiguration: configurationView(service),
    deployments: service.deployments.map((deployment) =>
      describeDeployment(service, deployment, by.get(deployment) ?? { running: 0, pending: 0 }),
    ),
    events: service.messages.map(({ id, createdAt, message }) => ({
      id,
      createdAt: new Date(createdAt),
      message,
    })),
    createdAt: new Date(service.createdAt),
    placementConstraints: [...service.placement.constraints],
    placementStrategy: [...service.placement.strategy],
    ...(service.healthCheckGracePeriodSeconds !== undefined && {
      healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    }),
    schedulingStrategy: service.scheduling,
    deploymentController: service.controller,
    enableECSManagedTags: service.managedTags,
    propagateTags: service.propagateTags ?? "NONE",
    enableExecuteCommand: service.launch.executeCommand,
    tags: [...tags],
  };
}
