// What ECS puts on the default bus.

import { isoInstant } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { taskDetail } from "./describe.ts";
import { instanceDetail } from "./describe-instance.ts";
import type { DeploymentRecord, InstanceRecord, ServiceRecord, TaskRecord } from "./model.ts";

const SOURCE = "aws.ecs";

/**
 * A change that sends an event raises the version, and nothing else does: API_Task `version`,
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */
export function emitTask(context: EcsContext, task: TaskRecord): void {
  task.version += 1;
  task.updatedAt = context.kernel.now();
  context.kernel.emit({
    source: SOURCE,
    detailType: "ECS Task State Change",
    resources: [task.arn],
    detail: taskDetail(task),
  });
}

/** Also for each placement and stop: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html */
export function emitInstance(context: EcsContext, instance: InstanceRecord): void {
  instance.version += 1;
  context.kernel.emit({
    source: SOURCE,
    detailType: "ECS Container Instance State Change",
    resources: [instance.arn],
    detail: instanceDetail(instance, context.kernel.now()),
  });
}

export interface ServiceAction {
  readonly eventType: "INFO" | "WARN" | "ERROR";
  readonly eventName: string;
  readonly reason?: string;
  readonly capacityProviderArns?: readonly string[];
  readonly containerInstanceArns?: readonly string[];
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html: the service is named in `resources` only. */
export function emitServiceAction(context: EcsContext, service: ServiceRecord, action: ServiceAction): void {
  context.kernel.emit({
    source: SOURCE,
    detailType: "ECS Service Action",
    resources: [service.arn],
    detail: { ...action, clusterArn: service.cluster.arn, createdAt: isoInstant(context.kernel.now()) },
  });
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
export function emitDeployment(
  context: EcsContext,
  service: ServiceRecord,
  deployment: DeploymentRecord,
): void {
  const completed = deployment.rolloutState === "COMPLETED";
  context.kernel.emit({
    source: SOURCE,
    detailType: "ECS Deployment State Change",
    resources: [service.arn],
    detail: {
      eventType: "INFO",
      eventName: completed ? "SERVICE_DEPLOYMENT_COMPLETED" : "SERVICE_DEPLOYMENT_IN_PROGRESS",
      deploymentId: deployment.id,
      updatedAt: isoInstant(deployment.updatedAt),
      reason: deployment.rolloutStateReason,
    },
  });
}

/** "Only sent for services that have deployment circuit breaker logic turned on", or alarms (same page). */
export function emitFailedDeployment(
  context: EcsContext,
  service: ServiceRecord,
  deployment: DeploymentRecord,
): void {
  context.kernel.emit({
    source: SOURCE,
    detailType: "ECS Deployment State Change",
    resources: [service.arn],
    detail: {
      eventType: "ERROR",
      eventName: "SERVICE_DEPLOYMENT_FAILED",
      deploymentId: deployment.id,
      updatedAt: isoInstant(deployment.updatedAt),
      reason: deployment.rolloutStateReason,
    },
  });
}

/** DescribeServices shows the last 100 messages: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html */
const KEPT_MESSAGES = 100;

export function noteOnService(context: EcsContext, service: ServiceRecord, text: string): void {
  service.messages.unshift({
    id: `${service.name}-${context.nextOrder()}`,
    createdAt: context.kernel.now(),
    message: `(service ${service.name}) ${text}`,
  });
  if (service.messages.length > KEPT_MESSAGES) service.messages.length = KEPT_MESSAGES;
}
