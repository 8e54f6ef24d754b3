// All scenarios, in the order in which they run.

import type { Scenario } from "./scenario.ts";
import { cloudMapHealth } from "./scenarios/cloud-map-health.ts";
import { cloudMapHttp } from "./scenarios/cloud-map-http.ts";
import { cloudwatchAlarms, cloudwatchMetrics } from "./scenarios/cloudwatch.ts";
import { dynamodbState } from "./scenarios/dynamodb-state.ts";
import { ecsDeployments } from "./scenarios/ecs-deployments.ts";
import { ecsServices } from "./scenarios/ecs-services.ts";
import { ecsTaskDefinitions } from "./scenarios/ecs-task-definitions.ts";
import { ecsTaskSets } from "./scenarios/ecs-task-sets.ts";
import { elbv2Rules, elbv2Targets } from "./scenarios/elbv2.ts";
import { eventbridgeDelivery, eventbridgePatterns } from "./scenarios/eventbridge.ts";
import { sqsFifo } from "./scenarios/sqs-fifo.ts";

export const SCENARIOS: readonly Scenario[] = [
  cloudMapHttp,
  cloudMapHealth,
  ecsTaskDefinitions,
  ecsServices,
  ecsDeployments,
  ecsTaskSets,
  elbv2Rules,
  elbv2Targets,
  cloudwatchMetrics,
  cloudwatchAlarms,
  eventbridgePatterns,
  eventbridgeDelivery,
  sqsFifo,
  dynamodbState,
];
