// What CreateService and UpdateService refuse for the EXTERNAL controller: a service is a name and a desired
// count, everything else belongs to its task sets. Texts as users report them.

import type { CreateServiceRequest, UpdateServiceRequest } from "@aws-sdk/client-ecs";
import { invalid } from "../lookup.ts";

export const isExternal = (input: CreateServiceRequest): boolean =>
  input.deploymentController?.type === "EXTERNAL";

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html `taskDefinition`, `schedulingStrategy` */
export function checkExternalCreate(input: CreateServiceRequest): void {
  if (input.taskDefinition !== undefined) throw invalid("TaskDefinition must be blank");
  if ((input.loadBalancers ?? []).length > 0) throw invalid("LoadBalancers must be empty or null.");
  if ((input.serviceRegistries ?? []).length > 0) throw invalid("ServiceRegistries must be empty or null.");
  if (input.networkConfiguration !== undefined) throw invalid("NetworkConfiguration must be empty or null.");
  if (input.platformVersion !== undefined) throw invalid("PlatformVersion must be blank");
  if (input.launchType !== undefined) throw invalid("LaunchType must be blank");
  if ((input.capacityProviderStrategy ?? []).length > 0)
    throw invalid("CapacityProviderStrategy must be empty or null.");
  const { deploymentCircuitBreaker: breaker, alarms, strategy } = input.deploymentConfiguration ?? {};
  // "can only be used for services using the rolling update (ECS) deployment type": API_DeploymentConfiguration.
  if (breaker?.enable === true || alarms?.enable === true || (strategy ?? "ROLLING") !== "ROLLING") {
    throw invalid("Deployment circuit breaker, alarms and strategies need the ECS deployment controller.");
  }
  if (input.schedulingStrategy === "DAEMON") {
    throw invalid("The daemon scheduling strategy is not supported by the EXTERNAL deployment controller.");
  }
}

/**
 * "For services using an external deployment controller, you can update only the desired count, task placement
 * constraints and strategies, health check grace period, enable ECS managed tags option, and propagate tags option":
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
 */
const REFUSED: readonly (readonly [field: keyof UpdateServiceRequest, what: string])[] = [
  ["taskDefinition", "task definition"],
  ["networkConfiguration", "network parameters"],
  ["platformVersion", "platform version"],
  ["capacityProviderStrategy", "capacity provider strategy"],
  ["loadBalancers", "load balancers"],
  ["serviceRegistries", "service registries"],
  ["deploymentConfiguration", "deployment configuration"],
  ["availabilityZoneRebalancing", "Availability Zone rebalancing"],
  ["enableExecuteCommand", "execute command"],
  ["serviceConnectConfiguration", "Service Connect configuration"],
  ["volumeConfigurations", "volume configurations"],
  ["vpcLatticeConfigurations", "VPC Lattice configurations"],
];

export function checkExternalUpdate(input: UpdateServiceRequest): void {
  if (input.forceNewDeployment === true) {
    throw invalid("Cannot force a new deployment on services with a EXTERNAL deployment controller.");
  }
  for (const [field, what] of REFUSED) {
    if (input[field] === undefined) continue;
    throw invalid(`Unable to update ${what} on services with a EXTERNAL deployment controller.`);
  }
}
