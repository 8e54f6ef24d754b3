// What a service's tasks are started with, and what happens when they find no place.

import type { Tag } from "@aws-sdk/client-ecs";
import { addMs } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { emitServiceAction, noteOnService } from "./events.ts";
import type { DeploymentRecord, ServiceRecord } from "./model.ts";
import type { NoPlace } from "./placement.ts";
import type { TaskOrder } from "./tasks.ts";
import { PLACEMENT_RETRY_MS } from "./timing.ts";

export const primaryOf = (service: ServiceRecord): DeploymentRecord =>
  service.deployments[0] as DeploymentRecord;

/** What every task of the service's newest deployment is started with. */
export function orderFor(service: ServiceRecord): TaskOrder {
  const deployment = primaryOf(service);
  return {
    cluster: service.cluster,
    definition: deployment.definition,
    launch: service.launch,
    group: `service:${service.name}`,
    service,
    deployment,
    tags: taskTags(service, deployment),
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html */
function taskTags(service: ServiceRecord, deployment: DeploymentRecord): readonly Tag[] {
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
