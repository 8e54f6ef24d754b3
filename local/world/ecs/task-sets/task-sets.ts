// Task sets of services with the EXTERNAL controller: created, scaled, made primary, deleted.

import type { CreateTaskSetRequest, Scale } from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import { AwsError } from "../../kernel.ts";
import type { EcsContext } from "../context.ts";
import { checkLaunch, launchSettings } from "../launch-settings.ts";
import { workloadId } from "../launches.ts";
import { checkLoadBalancers } from "../load-balancers.ts";
import { activeServiceOf, definitionOf, invalid } from "../lookup.ts";
import type { ClusterRecord, LaunchSettings, ServiceRecord, TaskSetRecord } from "../model.ts";
import { releaseBrake } from "../start-brake.ts";
import { computedDesiredCount } from "./stability.ts";

/** As the refusal counts them that users report: https://github.com/aws-samples/ecs-bg-external-controller/issues/6 */
const MAX_TASK_SETS = 5;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html, Linux and Windows. */
const PLATFORM_VERSIONS: readonly string[] = ["LATEST", "1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"];

export function externalServiceOf(cluster: ClusterRecord, reference: string | undefined): ServiceRecord {
  const service = activeServiceOf(cluster, reference);
  if (service.controller.type === "EXTERNAL") return service;
  throw invalid(
    "Amazon ECS only supports task set management on services configured to use external deployment controllers.",
  );
}

export function taskSetOf(service: ServiceRecord, reference: string | undefined): TaskSetRecord {
  const found = findTaskSet(service, reference ?? "");
  if (found === undefined)
    throw new AwsError("TaskSetNotFoundException", "The specified task set was not found.");
  return found;
}

/** By `ecs-svc/…`, by its digits alone, or by ARN. */
export const findTaskSet = (service: ServiceRecord, reference: string): TaskSetRecord | undefined =>
  service.taskSets.find(({ id, arn }) =>
    reference.startsWith("arn:") ? arn === reference : arnName(id) === arnName(reference),
  );

function scaleOf(scale: Scale | undefined): TaskSetRecord["scale"] {
  const { unit = "PERCENT", value = 0 } = scale ?? {};
  if (unit !== "PERCENT") throw invalid("The scale unit must be PERCENT.");
  if (!(value >= 0 && value <= 100)) throw invalid("The scale value must be between 0 and 100.");
  return { unit, value };
}

function checkPlatform({ launchType, strategy, platformVersion }: LaunchSettings): void {
  if (platformVersion === undefined) return;
  const isFargate =
    launchType === "FARGATE" ||
    strategy.some(({ capacityProvider }) => capacityProvider?.startsWith("FARGATE"));
  if (!isFargate) throw invalid("The platform version must be null when specifying an EC2 launch type.");
  if (PLATFORM_VERSIONS.includes(platformVersion)) return;
  throw new AwsError("PlatformUnknownException", "The specified platform does not exist.");
}

/** The same token answers the task set of the first call. */
function createdBefore(service: ServiceRecord, input: CreateTaskSetRequest): TaskSetRecord | undefined {
  const { clientToken } = input;
  if (clientToken === undefined) return undefined;
  const before = service.taskSets.find((one) => one.clientToken === clientToken);
  if (before !== undefined && before.request !== JSON.stringify(input)) {
    throw invalid("The clientToken was used with other parameters.");
  }
  return before;
}

export function createTaskSet(
  context: EcsContext,
  service: ServiceRecord,
  input: CreateTaskSetRequest,
): TaskSetRecord {
  const before = createdBefore(service, input);
  if (before !== undefined) return before;
  const definition = definitionOf(context, input.taskDefinition);
  const launch = launchSettings(input, service.cluster);
  checkLaunch(launch, definition);
  checkPlatform(launch);
  const loadBalancers = input.loadBalancers ?? [];
  // https://github.com/aws/containers-roadmap/issues/1380
  if (loadBalancers.length > 1) throw invalid("CreateTaskSet cannot have more than 1 load balancer.");
  checkLoadBalancers(context, loadBalancers, definition);
  if (service.taskSets.length >= MAX_TASK_SETS) {
    throw invalid(
      `${MAX_TASK_SETS} deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.`,
    );
  }
  const now = context.kernel.now();
  const id = workloadId(context);
  const taskSet: TaskSetRecord = {
    id,
    arn: context.kernel.arn("ecs", `task-set/${service.cluster.name}/${service.name}/${id}`),
    status: "ACTIVE",
    definition,
    launch,
    loadBalancers,
    serviceRegistries: input.serviceRegistries ?? [],
    externalId: input.externalId,
    clientToken: input.clientToken,
    request: JSON.stringify(input),
    scale: scaleOf(input.scale),
    steady: false,
    createdAt: now,
    updatedAt: now,
    failedTasks: 0,
    hasServed: false,
    launched: new Map(),
  };
  context.tagsByArn.set(taskSet.arn, input.tags ?? []);
  service.taskSets = [taskSet, ...service.taskSets];
  releaseBrake(service);
  change(context, service, taskSet);
  return taskSet;
}

function change(context: EcsContext, service: ServiceRecord, taskSet: TaskSetRecord): void {
  taskSet.updatedAt = context.kernel.now();
  taskSet.steady = false;
  service.steady = false;
  context.touch(service);
}

function checkLive(taskSet: TaskSetRecord): void {
  if (taskSet.status === "DRAINING") throw invalid("The task set is draining and cannot be changed.");
}

export function scaleTaskSet(
  context: EcsContext,
  held: { readonly service: ServiceRecord; readonly taskSet: TaskSetRecord },
  scale: Scale | undefined,
): void {
  checkLive(held.taskSet);
  if (scale === undefined) throw invalid("Scale cannot be empty.");
  held.taskSet.scale = scaleOf(scale);
  change(context, held.service, held.taskSet);
}

/** The primary before it becomes ACTIVE. */
export function makePrimary(context: EcsContext, service: ServiceRecord, taskSet: TaskSetRecord): void {
  checkLive(taskSet);
  if (taskSet.status === "PRIMARY") return;
  const now = context.kernel.now();
  for (const other of service.taskSets) {
    if (other.status !== "PRIMARY") continue;
    other.status = "ACTIVE";
    other.updatedAt = now;
  }
  taskSet.status = "PRIMARY";
  taskSet.updatedAt = now;
}

/**
 * "If true, you can delete a task set even if it hasn't been scaled down to zero" (API_DeleteTaskSet); the primary
 * goes with force only: https://github.com/hashicorp/terraform-provider-aws/pull/30839
 */
export function deleteTaskSet(
  context: EcsContext,
  held: { readonly service: ServiceRecord; readonly taskSet: TaskSetRecord },
  force: boolean,
): void {
  const { service, taskSet } = held;
  if (taskSet.status === "DRAINING") return;
  if (!force && taskSet.status === "PRIMARY")
    throw invalid("The primary task set cannot be deleted without force.");
  if (!force && (taskSet.scale.value > 0 || computedDesiredCount(service, taskSet) > 0)) {
    throw invalid("The task set cannot be deleted while it is scaled above 0.");
  }
  taskSet.status = "DRAINING";
  change(context, service, taskSet);
}
