// Events that AWS documents and @aws-cdk/aws-service-spec does not know, in the form of the data file.

import type { EventData, Shapes } from "./model-data.ts";
import { ANY } from "./model-data.ts";

const text = (...values: readonly string[]) => ({ type: "string" as const, enum: values });

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
const DEPLOYMENT: Shapes = {
  DeploymentEventType: text("INFO", "ERROR"),
  DeploymentEventName: text(
    "SERVICE_DEPLOYMENT_IN_PROGRESS",
    "SERVICE_DEPLOYMENT_COMPLETED",
    "SERVICE_DEPLOYMENT_FAILED",
  ),
  DeploymentId: { type: "string", pattern: "ecs-svc/\\d+" },
  DeploymentStateChange: {
    members: {
      eventType: "DeploymentEventType",
      eventName: "DeploymentEventName",
      deploymentId: "DeploymentId",
      updatedAt: "$string",
      reason: "$string",
    },
    required: ["eventType", "eventName", "deploymentId", "updatedAt", "reason"],
  },
};

/**
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html (hooks, 2026-05);
 * stages: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
 */
const HOOK: Shapes = {
  HookEventType: text("INFO", "WARN", "ERROR"),
  HookEventName: text(
    "HOOK_IN_PROGRESS",
    "HOOK_AWAITING_ACTION",
    "HOOK_SUCCEEDED",
    "HOOK_FAILED",
    "HOOK_TIMED_OUT",
  ),
  HookType: text("AWS_LAMBDA", "PAUSE"),
  HookStateChange: {
    members: {
      eventType: "HookEventType",
      eventName: "HookEventName",
      hookId: "$string",
      hookType: "HookType",
      expiresAt: "$string",
      lifecycleStage: "$string",
      clusterArn: "$string",
      serviceArn: "$string",
      serviceDeploymentArn: "$string",
      updatedAt: "$string",
    },
    required: [
      "eventType",
      "eventName",
      "hookId",
      "hookType",
      "lifecycleStage",
      "clusterArn",
      "serviceArn",
      "serviceDeploymentArn",
      "updatedAt",
    ],
  },
};

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-health.html */
const INSTANCE_HEALTH: Shapes = {
  InstanceHealthStatus: text("OK", "IMPAIRED", "INSUFFICIENT_DATA", "INITIALIZING"),
  InstanceHealthCheckType: text("CONTAINER_RUNTIME", "ACCELERATED_COMPUTE", "DAEMON", "AGENT_CONNECTIVITY"),
  InstanceHealthCheck: {
    members: {
      type: "InstanceHealthCheckType",
      status: "InstanceHealthStatus",
      statusReason: "$string",
      lastStatusChange: "$string",
      lastUpdated: "$string",
    },
    required: ["type", "status", "lastStatusChange", "lastUpdated"],
  },
  InstanceHealthChecks: { list: "InstanceHealthCheck" },
  InstanceHealthChange: {
    members: {
      clusterArn: "$string",
      containerInstanceArn: "$string",
      capacityProviderName: "$string",
      ec2InstanceId: "$string",
      overallStatus: "InstanceHealthStatus",
      healthChecks: "InstanceHealthChecks",
    },
    required: ["clusterArn", "containerInstanceArn", "overallStatus", "healthChecks"],
  },
};

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
const TRAILED_CALL: Shapes = {
  TrailedIdentity: {
    members: { type: "$string", arn: "$string", accountId: "$string", invokedBy: "$string" },
    required: ["type"],
  },
  TrailedEventType: text("AwsApiCall"),
  TrailedCall: {
    members: {
      eventVersion: "$string",
      userIdentity: "TrailedIdentity",
      eventTime: "$string",
      eventSource: "$string",
      eventName: "$string",
      awsRegion: "$string",
      errorCode: "$string",
      requestParameters: ANY,
      responseElements: ANY,
      requestID: "$string",
      eventID: "$string",
      readOnly: "$boolean",
      eventType: "TrailedEventType",
      apiVersion: "$string",
      managementEvent: "$boolean",
      recipientAccountId: "$string",
      eventCategory: "$string",
    },
    required: [
      "eventVersion",
      "userIdentity",
      "eventTime",
      "eventSource",
      "eventName",
      "awsRegion",
      "eventType",
    ],
  },
};

export const DOCUMENTED_EVENTS: EventData = {
  details: {
    "aws.ecs|ECS Deployment State Change": "DeploymentStateChange",
    "aws.ecs|ECS Hook State Change": "HookStateChange",
    "aws.ecs|ECS Container Instance Health Change": "InstanceHealthChange",
    "aws.elasticloadbalancing|AWS API Call via CloudTrail": "TrailedCall",
  },
  shapes: { ...DEPLOYMENT, ...HOOK, ...INSTANCE_HEALTH, ...TRAILED_CALL },
};
