// Services and their deployments as records: created, changed, deleted.

import type {
  CreateServiceRequest,
  DeploymentConfiguration,
  UpdateServiceRequest,
} from "@aws-sdk/client-ecs";
import type { EcsContext } from "./context.ts";
import { emitDeployment } from "./events.ts";
import { checkLaunch, launchSettings } from "./launch-settings.ts";
import { primaryOf } from "./launches.ts";
import { stopTask } from "./lifecycle.ts";
import { definitionOf, invalid } from "./lookup.ts";
import type { ClusterRecord, DeploymentRecord, ServiceRecord, TaskDefinitionRecord } from "./model.ts";
import { Roster } from "./roster.ts";
import { newBrake, releaseBrake } from "./start-brake.ts";

/** Defaults by scheduling strategy: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
const REPLICA_PERCENTAGES: DeploymentConfiguration = { minimumHealthyPercent: 100, maximumPercent: 200 };
const DAEMON_PERCENTAGES: DeploymentConfiguration = { minimumHealthyPercent: 0, maximumPercent: 100 };

/** `ecs-svc/` and 19 digits, as real events show. */
function deploymentId(context: EcsContext): string {
  const { chance } = context.kernel;
  return `ecs-svc/${chance.int(1_000_000_000, 9_999_999_999)}${chance.int(100_000_000, 999_999_999)}`;
}

function beginDeployment(
  context: EcsContext,
  service: ServiceRecord,
  definition: TaskDefinitionRecord,
): void {
  const now = context.kernel.now();
  const deployment: DeploymentRecord = {
    id: deploymentId(context),
    status: "PRIMARY",
    definition,
    createdAt: now,
    updatedAt: now,
    rolloutState: "IN_PROGRESS",
    failedTasks: 0,
    launched: new Map(),
  };
  for (const older of service.deployments) if (older.status === "PRIMARY") older.status = "ACTIVE";
  service.deployments = [deployment, ...service.deployments];
  service.steady = false;
  emitDeployment(context, service, deployment);
  context.touch(service);
}

function checkCreate(cluster: ClusterRecord, input: CreateServiceRequest): string {
  const name = input.serviceName ?? "";
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalid("Service name is invalid.");
  const before = cluster.services.get(name);
  if (before?.status === "ACTIVE") throw invalid("Creation of service was not idempotent.");
  if (before?.status === "DRAINING") throw invalid("Unable to Start a service that is still Draining.");
  if (input.schedulingStrategy === "DAEMON" && input.desiredCount !== undefined) {
    throw invalid("The daemon scheduling strategy does not support a desired count for services.");
  }
  if ((input.desiredCount ?? 0) < 0) throw invalid("The desired count must not be negative.");
  return name;
}

export function createService(
  context: EcsContext,
  cluster: ClusterRecord,
  input: CreateServiceRequest,
): ServiceRecord {
  const name = checkCreate(cluster, input);
  const definition = definitionOf(context, input.taskDefinition);
  const launch = launchSettings(input);
  checkLaunch(launch, definition);
  const scheduling = input.schedulingStrategy ?? "REPLICA";
  if (scheduling === "DAEMON" && launch.launchType === "FARGATE") {
    throw invalid("The daemon scheduling strategy is not supported on Fargate.");
  }
  const service: ServiceRecord = {
    order: context.nextOrder(),
    name,
    arn: context.kernel.arn("ecs", `service/${cluster.name}/${name}`),
    cluster,
    scheduling,
    controller: input.deploymentController ?? { type: "ECS" },
    createdAt: context.kernel.now(),
    status: "ACTIVE",
    desiredCount: input.desiredCount ?? 0,
    launch,
    configuration: {
      ...(scheduling === "DAEMON" ? DAEMON_PERCENTAGES : REPLICA_PERCENTAGES),
      ...input.deploymentConfiguration,
    },
    propagateTags: input.propagateTags,
    managedTags: input.enableECSManagedTags ?? false,
    healthCheckGracePeriodSeconds: input.healthCheckGracePeriodSeconds,
    loadBalancers: input.loadBalancers ?? [],
    serviceRegistries: input.serviceRegistries ?? [],
    tags: input.tags ?? [],
    deployments: [],
    tasks: new Roster(),
    tasksByZone: new Map(),
    tasksByInstance: new Map(),
    messages: [],
    brake: newBrake(),
    failurePlan: undefined,
    steady: false,
    lookAt: undefined,
    cancelLook: undefined,
  };
  enterCluster(cluster, service);
  beginDeployment(context, service, definition);
  return service;
}

function enterCluster(cluster: ClusterRecord, service: ServiceRecord): void {
  const before = cluster.services.get(service.name);
  if (before !== undefined) cluster.serviceList.remove(before);
  cluster.services.set(service.name, service);
  cluster.serviceList.add(service);
  if (service.scheduling === "DAEMON") cluster.daemons.add(service);
}

/** What UpdateService may change begins a new deployment, except the desired count, tags and percentages. */
const startsDeployment = (input: UpdateServiceRequest): boolean =>
  input.forceNewDeployment === true ||
  input.taskDefinition !== undefined ||
  input.networkConfiguration !== undefined ||
  input.capacityProviderStrategy !== undefined ||
  input.platformVersion !== undefined ||
  input.enableExecuteCommand !== undefined;

export function updateService(
  context: EcsContext,
  service: ServiceRecord,
  input: UpdateServiceRequest,
): void {
  const current = primaryOf(service).definition;
  const definition =
    input.taskDefinition === undefined ? current : definitionOf(context, input.taskDefinition);
  const launch = launchSettings(
    { ...input, capacityProviderStrategy: input.capacityProviderStrategy },
    service.launch,
  );
  checkLaunch(launch, definition);
  if (input.desiredCount !== undefined) setDesiredCount(service, input.desiredCount);
  service.launch = launch;
  service.configuration = { ...service.configuration, ...input.deploymentConfiguration };
  service.propagateTags = input.propagateTags ?? service.propagateTags;
  service.managedTags = input.enableECSManagedTags ?? service.managedTags;
  service.healthCheckGracePeriodSeconds =
    input.healthCheckGracePeriodSeconds ?? service.healthCheckGracePeriodSeconds;
  if (startsDeployment(input)) {
    releaseBrake(service);
    beginDeployment(context, service, definition);
  }
  context.touch(service);
}

function setDesiredCount(service: ServiceRecord, desiredCount: number): void {
  if (service.scheduling === "DAEMON") {
    throw invalid("The daemon scheduling strategy does not support a desired count for services.");
  }
  if (!Number.isInteger(desiredCount) || desiredCount < 0)
    throw invalid("The desired count must not be negative.");
  service.desiredCount = desiredCount;
}

/** The service drains; it is INACTIVE once its last task has stopped: API_DeleteService. */
export function deleteService(context: EcsContext, service: ServiceRecord, force: boolean): void {
  if (service.scheduling === "REPLICA" && service.desiredCount > 0 && !force) {
    throw invalid("The service cannot be stopped while it is scaled above 0.");
  }
  service.status = "DRAINING";
  service.desiredCount = 0;
  for (const task of service.tasks) {
    const reason = `Scaling activity initiated by (deployment ${task.deployment?.id})`;
    stopTask(context, task, { code: "ServiceSchedulerInitiated", reason });
  }
  context.touch(service);
}
