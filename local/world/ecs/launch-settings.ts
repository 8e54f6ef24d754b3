// Launch parameters that CreateService, UpdateService and RunTask share, with ECS's checks.

import type { CapacityProviderStrategyItem, LaunchType, NetworkConfiguration } from "@aws-sdk/client-ecs";
import { checkStrategy, checkStrategyChange } from "./capacity-strategies.ts";
import { invalid } from "./lookup.ts";
import type { ClusterRecord, LaunchSettings, TaskDefinitionRecord } from "./model.ts";

interface LaunchRequest {
  readonly launchType?: LaunchType | undefined;
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[] | undefined;
  readonly networkConfiguration?: NetworkConfiguration | undefined;
  readonly platformVersion?: string | undefined;
  readonly enableExecuteCommand?: boolean | undefined;
}

/** What a service, a task set or a call starts tasks with; the cluster's default strategy goes without saying. */
export function launchSettings(request: LaunchRequest, cluster?: ClusterRecord): LaunchSettings {
  const asked = request.capacityProviderStrategy ?? [];
  if (request.launchType !== undefined && asked.length > 0) {
    throw invalid(
      "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    );
  }
  if (cluster !== undefined) checkStrategy(asked, cluster);
  const strategy =
    asked.length > 0 || request.launchType !== undefined ? asked : (cluster?.defaultStrategy ?? []);
  return {
    launchType: strategy.length === 0 ? request.launchType : undefined,
    strategy,
    network: request.networkConfiguration,
    platformVersion: request.platformVersion,
    executeCommand: request.enableExecuteCommand ?? false,
  };
}

interface LaunchChange extends Omit<LaunchRequest, "launchType"> {
  readonly forceNewDeployment?: boolean | undefined;
}

/** What UpdateService makes of the service's settings. */
export function changedSettings(
  before: LaunchSettings,
  request: LaunchChange,
  cluster: ClusterRecord,
): LaunchSettings {
  return {
    ...before,
    ...changedCapacity(before, request, cluster),
    network: request.networkConfiguration ?? before.network,
    platformVersion: request.platformVersion ?? before.platformVersion,
    executeCommand: request.enableExecuteCommand ?? before.executeCommand,
  };
}

/** "…back to the launch type. Pass an empty list": `capacityProviderStrategy` of API_UpdateService. */
function changedCapacity(
  before: LaunchSettings,
  { capacityProviderStrategy: strategy, forceNewDeployment }: LaunchChange,
  cluster: ClusterRecord,
): Partial<LaunchSettings> {
  if (strategy === undefined) return {};
  checkStrategy(strategy, cluster);
  checkStrategyChange(before.strategy, strategy, forceNewDeployment === true);
  if (strategy.length > 0) return { launchType: undefined, strategy };
  return { launchType: before.launchType ?? (isOnFargate(before) ? "FARGATE" : "EC2"), strategy };
}

export const isOnFargate = ({ launchType, strategy }: LaunchSettings): boolean =>
  launchType === "FARGATE" ||
  strategy.some(({ capacityProvider }) => capacityProvider?.startsWith("FARGATE") === true);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html */
export function checkLaunch(settings: LaunchSettings, definition: TaskDefinitionRecord): void {
  const awsvpc = definition.networkMode === "awsvpc";
  if (isOnFargate(settings) && !awsvpc)
    throw invalid("Task definition does not support launch_type FARGATE.");
  if (awsvpc && settings.launchType === "EXTERNAL")
    throw invalid("Task definition does not support launch_type EXTERNAL.");
  if (awsvpc && (settings.network?.awsvpcConfiguration?.subnets?.length ?? 0) === 0) {
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (!awsvpc && settings.network?.awsvpcConfiguration !== undefined) {
    throw invalid("Network Configuration is not valid for the given networkMode of this task definition.");
  }
}
