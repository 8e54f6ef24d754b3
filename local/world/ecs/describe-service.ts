// Services as the ECS API shows them.

import type { Deployment, Service, Tag } from "@aws-sdk/client-ecs";
import { primaryOf } from "./launches.ts";
import type { DeploymentRecord, LaunchSettings, ServiceRecord, TaskRecord } from "./model.ts";

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
  readonly by: Map<DeploymentRecord, Counts>;
} {
  const all: Counts = { running: 0, pending: 0 };
  const by = new Map<DeploymentRecord, Counts>(
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

const launchView = (launch: LaunchSettings) => ({
  ...(launch.strategy.length > 0
    ? { capacityProviderStrategy: [...launch.strategy] }
    : { launchType: launch.launchType ?? "EC2" }),
  ...(launch.platformVersion !== undefined && { platformVersion: launch.platformVersion }),
  ...(launch.network !== undefined && { networkConfiguration: launch.network }),
});

function describeDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  counts: Counts,
): Deployment {
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.definition.arn,
    desiredCount: deployment.status === "PRIMARY" ? service.desiredCount : 0,
    pendingCount: counts.pending,
    runningCount: counts.running,
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    ...launchView(service.launch),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: `ECS deployment ${deployment.id} ${deployment.rolloutState === "COMPLETED" ? "completed" : "in progress"}.`,
  };
}

export function describeService(service: ServiceRecord, tags: readonly Tag[]): Service {
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
    ...launchView(service.launch),
    taskDefinition: primaryOf(service).definition.arn,
    deploymentConfiguration: service.configuration,
    deployments: service.deployments.map((deployment) =>
      describeDeployment(service, deployment, by.get(deployment) ?? { running: 0, pending: 0 }),
    ),
    events: service.messages.map(({ id, createdAt, message }) => ({
      id,
      createdAt: new Date(createdAt),
      message,
    })),
    createdAt: new Date(service.createdAt),
    placementConstraints: [],
    placementStrategy: [],
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
