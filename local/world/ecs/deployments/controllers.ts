// What UpdateService refuses because of the service's deployment controller. Texts as users report them.

import type { UpdateServiceRequest } from "@aws-sdk/client-ecs";
import { invalid } from "../lookup.ts";
import type { ServiceRecord } from "../model.ts";

/**
 * "If the network configuration, platform version, task definition, or load balancer need to be updated, create a
 * new CodeDeploy deployment": https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
 */
const LEFT_TO_CODE_DEPLOY: readonly (readonly [field: keyof UpdateServiceRequest, what: string])[] = [
  ["taskDefinition", "task definition"],
  ["networkConfiguration", "network parameters"],
  ["platformVersion", "platform version"],
  ["capacityProviderStrategy", "capacity provider strategy"],
  ["loadBalancers", "load balancers"],
  ["serviceRegistries", "service registries"],
];

/** The EXTERNAL controller has a list of its own, in task-sets/external-service.ts. */
export function checkController(service: ServiceRecord, input: UpdateServiceRequest): void {
  const type = input.deploymentController?.type;
  if (type !== undefined && type !== service.controller.type) {
    throw invalid("A change of the deployment controller is not modelled by the local AWS.");
  }
  if (service.controller.type !== "CODE_DEPLOY") return;
  const end =
    "on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.";
  if (input.forceNewDeployment === true) throw invalid(`Cannot force a new deployment ${end}`);
  for (const [field, what] of LEFT_TO_CODE_DEPLOY) {
    if (input[field] !== undefined) throw invalid(`Unable to update ${what} ${end}`);
  }
}
