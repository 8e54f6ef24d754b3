// Services and their deployments as records: created, changed, deleted.

import type {
  CreateServiceRequest,
  DeploymentConfiguration,
  UpdateServiceRequest,
} from "@aws-sdk/client-ecs";
import type { EcsContext } from "./context.ts";
import { beginDeployment } from "./deployments/begin.ts";
import { checkDeployable } from "./deployments/configuration.ts";
import { checkController } from "./deployments/controllers.ts";
import { dropDeployments } from "./deployments/endings.ts";
import { changedSettings, checkLaunch, isOnFargate, launchSettings } from "./launch-settings.ts";
import { primaryOf } from "./launches.ts";
import { stopTask } from "./lifecycle.ts";
import { checkLoadBalancers } from "./load-balancers.ts";
import { definitionOf, invalid } from "./lookup.ts";
import type {
  ClusterRecord,
  DeploymentRecord,
  LaunchSettings,
  PlacementWishes,
  ServiceRecord,
  TaskDefinitionRecord,
} from "./model.ts";
import { checkWishes } from "./placement-strategies.ts";
import { Roster } from "./roster.ts";
import { newBrake, releaseBrake } from "./start-brake.ts";
import { checkExternalCreate, checkExternalUpdate, isExternal } from "./task-sets/external-service.ts";

/** Defaults by scheduling strategy: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
const REPLICA_DEFAULTS: DeploymentConfiguration = { minimumHealthyPercent: 100, maximumPercent: 200 };
const DAEMON_DEFAULTS: DeploymentConfiguration = { minimumHealthyPercent: 0, maximumPercent: 100 };

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

/** What the service's first deployment runs; undefined where task sets decide about that. */
function checkedDefinition(
  context: EcsContext,
  input: CreateServiceRequest,
  launch: LaunchSettings,
): TaskDefinitionRecord | undefined {
  if (isExternal(input)) {
    checkExternalCreate(input);
    return undefined;
  }
  const definition = definitionOf(context, input.taskDefinition);
  checkLaunch(launch, definition);
  checkLoadBalancers(context, input.loadBalancers ?? [], definition);
  return definition;
}

export function createService(
  context: EcsContext,
  cluster: ClusterRecord,
  input: CreateServiceRequest,
): ServiceRecord {
  const name = checkCreate(cluster, input);
  const launch = launchSettings(input, cluster);
  const definition = checkedDefinition(context, input, launch);
  const scheduling = input.schedulingStrategy ?? "REPLICA";
  if (scheduling === "DAEMON" && launch.launchType === "FARGATE") {
    throw invalid("The daemon scheduling strategy is not supported on Fargate.");
  }
  const configuration: DeploymentConfiguration = {
    ...(scheduling === "DAEMON" ? DAEMON_DEFAULTS : REPLICA_DEFAULTS),
    ...input.deploymentConfiguration,
  };
  if (definition !== undefined) {
    checkDeployable({ configuration, loadBalancers: input.loadBalancers ?? [], scheduling });
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
    configuration,
    propagateTags: input.propagateTags,
    managedTags: input.enableECSManagedTags ?? false,
    healthCheckGracePeriodSeconds: input.healthCheckGracePeriodSeconds,
    loadBalancers: input.loadBalancers ?? [],
    serviceRegistries: input.serviceRegistries ?? [],
    placement: checkedWishes(input, launch),
    tags: input.tags ?? [],
    deployments: [],
    revisions: [],
    serviceDeployments: [],
    rollout: undefined,
    stable: undefined,
    pinned: false,
    taskSets: [],
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
  if (definition === undefined) context.touch(service);
  else beginDeployment(context, service, definition);
  return service;
}

/** The wishes of a request over the earlier ones. */
function checkedWishes(
  input: Pick<CreateServiceRequest, "placementConstraints" | "placementStrategy">,
  launch: LaunchSettings,
  before?: PlacementWishes,
): PlacementWishes {
  const wishes: PlacementWishes = {
    constraints: input.placementConstraints ?? before?.constraints ?? [],
    strategy: input.placementStrategy ?? before?.strategy ?? [],
  };
  checkWishes(wishes, isOnFargate(launch));
  return wishes;
}

function enterCluster(cluster: ClusterRecord, service: ServiceRecord): void {
  const before = cluster.services.get(service.name);
  if (before !== undefined) cluster.serviceList.remove(before);
  cluster.services.set(service.name, service);
  cluster.serviceList.add(service);
  if (service.scheduling === "DAEMON") cluster.daemons.add(service);
}

/** What a service revision holds: a change of it begins a deployment, a repetition does not. */
type Content = Pick<
  DeploymentRecord,
  "definition" | "launch" | "configuredLoadBalancers" | "serviceRegistries"
>;

function isSameContent(before: Content, after: Content): boolean {
  const textOf = ({ launch, configuredLoadBalancers, serviceRegistries }: Content): string =>
    // "enableExecuteCommand … doesn't trigger a new service deployment": API_UpdateService.
    JSON.stringify([{ ...launch, executeCommand: false }, configuredLoadBalancers, serviceRegistries]);
  return before.definition === after.definition && textOf(before) === textOf(after);
}

/** The newest revision with the request's changes, checked. */
function changedContent(context: EcsContext, service: ServiceRecord, input: UpdateServiceRequest): Content {
  const definition =
    (input.taskDefinition === undefined ? primaryOf(service)?.definition : undefined) ??
    definitionOf(context, input.taskDefinition);
  const launch = changedSettings(service.launch, input, service.cluster);
  checkLaunch(launch, definition);
  if (input.loadBalancers !== undefined) checkLoadBalancers(context, input.loadBalancers, definition);
  return {
    definition,
    launch,
    configuredLoadBalancers: input.loadBalancers ?? service.loadBalancers,
    serviceRegistries: input.serviceRegistries ?? service.serviceRegistries,
  };
}

export function updateService(
  context: EcsContext,
  service: ServiceRecord,
  input: UpdateServiceRequest,
): void {
  checkController(service, input);
  if (service.controller.type === "EXTERNAL") {
    updateExternalService(context, service, input);
    return;
  }
  const content = changedContent(context, service, input);
  const placement = checkedWishes(input, content.launch, service.placement);
  const configuration = mergedConfiguration(service.configuration, input.deploymentConfiguration);
  const loadBalancers = content.configuredLoadBalancers;
  checkDeployable({ configuration, loadBalancers, scheduling: service.scheduling });
  const newest = primaryOf(service);
  const begins = input.forceNewDeployment === true || newest === undefined || !isSameContent(newest, content);
  if (begins) checkRoomForDeployment(service);
  if (input.desiredCount !== undefined) setDesiredCount(service, input.desiredCount);
  service.launch = content.launch;
  service.placement = placement;
  service.configuration = configuration;
  service.loadBalancers = loadBalancers;
  service.serviceRegistries = content.serviceRegistries;
  applyMinorChanges(service, input);
  if (begins) {
    releaseBrake(service);
    beginDeployment(context, service, content.definition);
  }
  context.touch(service);
}

/** As AWS's support told a user, with the text: https://github.com/aws/containers-roadmap/issues/2836 */
const MAX_ACTIVE_DEPLOYMENTS = 5;

/** The primary, and those before it until all of their tasks have stopped and drained (same issue). */
function activeDeployments({ deployments, tasks }: ServiceRecord): number {
  const alive = new Set<unknown>();
  for (const { deployment } of tasks) alive.add(deployment);
  return deployments.filter((one) => one.status === "PRIMARY" || alive.has(one)).length;
}

function checkRoomForDeployment(service: ServiceRecord): void {
  if (service.deployments.length < MAX_ACTIVE_DEPLOYMENTS) return;
  const active = activeDeployments(service);
  if (active >= MAX_ACTIVE_DEPLOYMENTS)
    throw invalid(`${active} active deployments exist, unable to create new deployment.`);
}

/** Changes that every controller allows and that begin nothing. */
function applyMinorChanges(service: ServiceRecord, input: UpdateServiceRequest): void {
  service.propagateTags = input.propagateTags ?? service.propagateTags;
  service.managedTags = input.enableECSManagedTags ?? service.managedTags;
  service.healthCheckGracePeriodSeconds =
    input.healthCheckGracePeriodSeconds ?? service.healthCheckGracePeriodSeconds;
}

/** Members that go with one strategy only do not outlive a change of it. */
function mergedConfiguration(
  before: DeploymentConfiguration,
  change: DeploymentConfiguration | undefined,
): DeploymentConfiguration {
  const merged = { ...before, ...change };
  if (merged.strategy === before.strategy) return merged;
  if (change?.linearConfiguration === undefined) delete merged.linearConfiguration;
  if (change?.canaryConfiguration === undefined) delete merged.canaryConfiguration;
  if (change?.earlySuccessCriteria === undefined) delete merged.earlySuccessCriteria;
  return merged;
}

function updateExternalService(
  context: EcsContext,
  service: ServiceRecord,
  input: UpdateServiceRequest,
): void {
  checkExternalUpdate(input);
  service.placement = checkedWishes(input, service.launch, service.placement);
  if (input.desiredCount !== undefined) setDesiredCount(service, input.desiredCount);
  applyMinorChanges(service, input);
  service.steady = false;
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
  // As users report it: https://github.com/convox/rack/pull/346
  if (!force && activeDeployments(service) > 1)
    throw invalid("The service cannot be stopped while deployments are active.");
  service.status = "DRAINING";
  service.desiredCount = 0;
  dropDeployments(service);
  for (const taskSet of service.taskSets) taskSet.status = "DRAINING";
  for (const task of service.tasks) {
    const reason = `Scaling activity initiated by (deployment ${task.deployment?.id})`;
    stopTask(context, task, { code: "ServiceSchedulerInitiated", reason });
  }
  context.touch(service);
}
