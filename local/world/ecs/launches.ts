// What a service's tasks are started with, and what happens when they find no place.

import type { Tag } from "@aws-sdk/client-ecs";
import { addMs } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { emitServiceAction, noteOnService } from "./events.ts";
import type { DeploymentRecord, LaunchSettings, ServiceRecord, WorkloadRecord } from "./model.ts";
import type { NoPlace } from "./placement.ts";
import { unfitFor } from "./placement-constraints.ts";
import type { TaskOrder } from "./tasks.ts";
import { PLACEMENT_RETRY_MS } from "./timing.ts";

/** Of a deployment or task set: `ecs-svc/` and 19 digits, as real events show. */
export function workloadId(context: EcsContext): string {
  const { chance } = context.kernel;
  return `ecs-svc/${chance.int(1_000_000_000, 9_999_999_999)}${chance.int(100_000_000, 999_999_999)}`;
}

/** undefined: a service of task sets has none. */
export const primaryOf = (service: ServiceRecord): DeploymentRecord | undefined => service.deployments[0];

/** What every task of a deployment or task set is started with. */
export function orderFor(service: ServiceRecord, deployment: WorkloadRecord): TaskOrder {
  return {
    cluster: service.cluster,
    definition: deployment.definition,
    launch: launchOf(service, deployment),
    group: `service:${service.name}`,
    service,
    deployment,
    tags: taskTags(service, deployment),
    ...wishesOf(service, deployment),
  };
}

/** Constraints of the task definition hold for every task of it: `placementConstraints` of API_TaskDefinition. */
function wishesOf(service: ServiceRecord, { definition }: WorkloadRecord): Partial<TaskOrder> {
  const { constraints, strategy } = service.placement;
  const all = [...constraints, ...(definition.request.placementConstraints ?? [])];
  const unfit = all.length === 0 ? undefined : unfitFor(all, service.tasksByInstance);
  return { ...(unfit !== undefined && { unfit }), ...(strategy.length > 0 && { strategy }) };
}

/** Execute command belongs to the service, not to its revisions: a change holds for the next task. */
function launchOf(service: ServiceRecord, { launch }: WorkloadRecord): LaunchSettings {
  const { executeCommand } = service.launch;
  return executeCommand === launch.executeCommand ? launch : { ...launch, executeCommand };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html */
function taskTags(service: ServiceRecord, deployment: WorkloadRecord): readonly Tag[] {
  const managed: Tag[] = service.managedTags
    ? [
        { key: "aws:ecs:clusterName", value: service.cluster.name },
        { key: "aws:ecs:serviceName", value: service.name },
      ]
    : [];
  if (service.propagateTags === "SERVICE") return [...service.tags, ...managed];
  if (service.propagateTags === "TASK_DEFINITION")
    return [...(deployment.definition.request.tags ?? []), ...managed];
  return managed;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html; tried again later. */
export function reportNoPlace(context: EcsContext, service: ServiceRecord, place: NoPlace): void {
  const { capacityProvider, failure } = place;
  emitServiceAction(context, service, {
    eventType: "ERROR",
    eventName: "SERVICE_TASK_PLACEMENT_FAILURE",
    reason: failure,
    ...(capacityProvider !== undefined && {
      capacityProviderArns: [context.kernel.arn("ecs", `capacity-provider/${capacityProvider}`)],
    }),
  });
  noteOnService(context, service, `was unable to place a task. Reason: ${failure}.`);
  context.touch(service, addMs(context.kernel.now(), PLACEMENT_RETRY_MS));
}
