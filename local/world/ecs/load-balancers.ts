// What ECS refuses in the `loadBalancers` of a service or task set:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html; texts as users report them.

import type { LoadBalancer } from "@aws-sdk/client-ecs";
import type { EcsContext } from "./context.ts";
import { invalid } from "./lookup.ts";
import type { TaskDefinitionRecord } from "./model.ts";

export function checkLoadBalancers(
  context: EcsContext,
  loadBalancers: readonly LoadBalancer[],
  definition: TaskDefinitionRecord,
): void {
  for (const loadBalancer of loadBalancers) {
    checkContainer(loadBalancer, definition);
    checkTargetGroup(context, loadBalancer.targetGroupArn, definition);
    const alternate = loadBalancer.advancedConfiguration?.alternateTargetGroupArn;
    if (alternate !== undefined) checkTargetGroup(context, alternate, definition);
  }
}

function checkContainer(loadBalancer: LoadBalancer, definition: TaskDefinitionRecord): void {
  const { containerName, containerPort } = loadBalancer;
  const container = definition.containers.find(({ name }) => name === containerName);
  if (container === undefined) {
    throw invalid(`The container ${containerName} does not exist in the task definition.`);
  }
  if (!container.definition.portMappings?.some((mapping) => mapping.containerPort === containerPort)) {
    throw invalid(`The container ${containerName} did not have a container port ${containerPort} defined.`);
  }
}

function checkTargetGroup(
  context: EcsContext,
  arn: string | undefined,
  definition: TaskDefinitionRecord,
): void {
  if (arn === undefined) throw invalid("Only load balancers with target groups are modelled here.");
  const group = context.balancing.targetGroup(arn);
  if (group === undefined) throw invalid(`The target group ${arn} does not exist.`);
  if (group.loadBalancerArns.length === 0) {
    throw invalid(`The target group with targetGroupArn ${arn} does not have an associated load balancer.`);
  }
  // "If your service's task definition uses the awsvpc network mode, you must choose ip as the target type, not instance"
  const { networkMode } = definition;
  if ((networkMode === "awsvpc") === (group.targetType === "ip")) return;
  throw invalid(
    `The provided target group ${arn} has target type ${group.targetType}, which is incompatible with the ${networkMode} network mode specified in the task definition.`,
  );
}
