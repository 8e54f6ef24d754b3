// Launch parameters that CreateService, UpdateService and RunTask share, with ECS's checks.

import type { CapacityProviderStrategyItem, LaunchType, NetworkConfiguration } from "@aws-sdk/client-ecs";
import { invalid } from "./lookup.ts";
import type { LaunchSettings, TaskDefinitionRecord } from "./model.ts";

interface LaunchRequest {
  readonly launchType?: LaunchType | undefined;
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[] | undefined;
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  readonly platformVersion?: string | undefined;
  readonly enableExecuteCommand?: boolean | undefined;
}

/** The request's settings over the service's earlier ones. */
export function launchSettings(request: LaunchRequest, before?: LaunchSettings): LaunchSettings {
  const strategy = request.capacityProviderStrategy;
  if (request.launchType !== undefined && (strategy?.length ?? 0) > 0) {
    throw invalid(
      "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    );
  }
  return {
    launchType: strategy === undefined ? (request.launchType ?? before?.launchType) : undefined,
    strategy: strategy ?? before?.strategy ?? [],
    network: request.networkConfiguration ?? before?.network,
    platformVersion: request.platformVersion ?? before?.platformVersion,
    executeCommand: request.enableExecuteCommand ?? before?.executeCommand ?? false,
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html */
export function checkLaunch(settings: LaunchSettings, definition: TaskDefinitionRecord): void {
  const awsvpc = definition.networkMode === "awsvpc";
  const fargate =
    settings.launchType === "FARGATE" ||
    settings.strategy.some(({ capacityProvider }) => capacityProvider?.startsWith("FARGATE"));
  if (fargate && !awsvpc) throw invalid("Task definition does not support launch_type FARGATE.");
  if (awsvpc && settings.launchType === "EXTERNAL")
    throw invalid("Task definition does not support launch_type EXTERNAL.");
  if (awsvpc && (settings.network?.awsvpcConfiguration?.subnets?.length ?? 0) === 0) {
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (!awsvpc && settings.network?.awsvpcConfiguration !== undefined) {
    throw invalid("Network Configuration is not valid for the given networkMode of this task definition.");
  }
}
