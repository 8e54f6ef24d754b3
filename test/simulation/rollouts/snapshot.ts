// A service as it stands in the world at one instant, as plain data: what checkers judge a call by. Taken past
// the API, so that looking costs no call.

import type { ServiceDeploymentBrief as ServiceDeployment, TaskSet } from "@aws-sdk/client-ecs";
import type { World } from "../../../local/world/world.ts";
import type { Key } from "../../../shared/base/keys.ts";
import type { EpochMs } from "../../../shared/base/time.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Scene } from "./scene.ts";
import { CLUSTER, isExternal } from "./scene.ts";

export interface GroupNow {
  readonly arn: string;
  readonly healthy: number;
  /** Percent of production. */
  readonly weight: number;
}

export interface TaskSetNow {
  readonly arn: string;
  readonly status: string;
  readonly scale: number;
  readonly computed: number;
  readonly running: number;
  readonly stability: string;
  readonly externalId?: string;
  readonly group?: string;
}

export interface DeploymentNow {
  readonly arn: string;
  readonly status: string;
  readonly createdAt: EpochMs;
}

export interface ServiceNow {
  readonly key: Key;
  readonly exists: boolean;
  readonly desiredCount: number;
  readonly running: number;
  readonly groups: readonly GroupNow[];
  readonly taskSets: readonly TaskSetNow[];
  /** Newest first. */
  readonly deployments: readonly DeploymentNow[];
}

export function snapshot(world: World, scene: Scene): ServiceNow {
  const { operations } = world.ecs;
  const [service] = operations.DescribeServices({ cluster: CLUSTER, services: [scene.name] }).services ?? [];
  const exists = service?.status === "ACTIVE";
  return {
    key: scene.key,
    exists,
    desiredCount: service?.desiredCount ?? 0,
    running: service?.runningCount ?? 0,
    groups: groupsOf(world, scene),
    taskSets: exists && isExternal(scene.kind) ? (service.taskSets ?? []).map(taskSetOf) : [],
    deployments: exists && !isExternal(scene.kind) ? deploymentsOf(world, scene) : [],
  };
}

export function groupsOf(world: World, { traffic }: Scene): readonly GroupNow[] {
  if (traffic === undefined) return [];
  const weights = world.elb.balancing.weightsOf(traffic.rule) ?? new Map<string, number>();
  const sum = [...weights.values()].reduce((all, weight) => all + weight, 0);
  return [traffic.blue, traffic.green].map((arn) => ({
    arn,
    healthy: healthyIn(world, arn),
    weight: sum === 0 ? 0 : (100 * (weights.get(arn) ?? 0)) / sum,
  }));
}

function healthyIn(world: World, TargetGroupArn: string): number {
  const { TargetHealthDescriptions = [] } = world.elb.operations.DescribeTargetHealth({ TargetGroupArn });
  return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === "healthy").length;
}

const taskSetOf = (set: TaskSet): TaskSetNow => {
  const group = set.loadBalancers?.[0]?.targetGroupArn;
  return {
    arn: set.taskSetArn ?? "",
    status: set.status ?? "",
    scale: set.scale?.value ?? 0,
    computed: set.computedDesiredCount ?? 0,
    running: set.runningCount ?? 0,
    stability: set.stabilityStatus ?? "",
    ...(set.externalId !== undefined && { externalId: set.externalId }),
    ...(group !== undefined && { group }),
  };
};

function deploymentsOf(world: World, scene: Scene): readonly DeploymentNow[] {
  const listed = world.ecs.operations.ListServiceDeployments({ cluster: CLUSTER, service: scene.name });
  return (listed.serviceDeployments ?? []).map(
    ({ serviceDeploymentArn = "", status, createdAt }: ServiceDeployment) => ({
      arn: serviceDeploymentArn,
      status: status ?? "",
      createdAt: epochMs(createdAt?.getTime() ?? 0),
    }),
  );
}

/** What somebody who looks at traffic and capacity would call the same. */
export const digestOf = ({ groups, taskSets, deployments, desiredCount }: ServiceNow): string =>
  JSON.stringify([
    desiredCount,
    groups.map(({ arn, weight }) => [arn, Math.round(weight)]),
    taskSets.map(({ arn, status, scale }) => [arn, status, scale]),
    deployments.map(({ arn, status }) => [arn, status]),
  ]);
