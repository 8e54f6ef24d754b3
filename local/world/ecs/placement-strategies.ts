// Placement strategies of RunTask and services: spread, binpack, random, each over what the one before leaves equal.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html

import type { PlacementStrategy } from "@aws-sdk/client-ecs";
import type { EcsContext } from "./context.ts";
import { attributeOf } from "./describe-instance.ts";
import { invalid } from "./lookup.ts";
import type { InstanceRecord, PlacementWishes, TaskRecord } from "./model.ts";
import { memberOf } from "./placement-constraints.ts";
import type { TaskOrder } from "./tasks.ts";

/** `placementConstraints`, `placementStrategy` of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html */
const MAX_CONSTRAINTS = 10;
const MAX_STRATEGIES = 5;

const ATTRIBUTE = "attribute:";

export function checkWishes({ constraints, strategy }: PlacementWishes, isOnFargate: boolean): void {
  if (isOnFargate && constraints.length > 0)
    throw invalid("Placement constraints are not supported with FARGATE launch type.");
  if (isOnFargate && strategy.length > 0)
    throw invalid("Placement strategies are not supported with FARGATE launch type.");
  if (constraints.length > MAX_CONSTRAINTS)
    throw invalid(`At most ${MAX_CONSTRAINTS} placement constraints can be specified.`);
  if (strategy.length > MAX_STRATEGIES)
    throw invalid(`At most ${MAX_STRATEGIES} placement strategies can be specified.`);
  for (const { type, expression } of constraints) {
    if (type === "memberOf") memberOf(expression ?? "");
    else if (type !== "distinctInstance") throw invalid("The placement constraint type is invalid.");
  }
  for (const rule of strategy) checkRule(rule);
}

function checkRule({ type, field = "" }: PlacementStrategy): void {
  if (type === "random") return;
  if (type === "binpack" && ["cpu", "memory"].includes(field.toLowerCase())) return;
  if (type === "spread" && (["instanceId", "host"].includes(field) || field.startsWith(ATTRIBUTE))) return;
  throw invalid("The placement strategy is invalid.");
}

/** The best of the hosts that have room; `hosts` is not empty. */
export function chooseHost(
  context: EcsContext,
  order: TaskOrder,
  hosts: readonly InstanceRecord[],
): InstanceRecord {
  let left = hosts;
  for (const rule of order.strategy ?? []) {
    left = rule.type === "random" ? [context.kernel.chance.pick(left)] : least(left, scoreFor(order, rule));
  }
  return least(left, (instance) => instance.tasks.size)[0] as InstanceRecord;
}

type Score = (instance: InstanceRecord) => number;

function least(hosts: readonly InstanceRecord[], score: Score): readonly InstanceRecord[] {
  const scores = hosts.map(score);
  const lowest = Math.min(...scores);
  return hosts.filter((_, at) => scores[at] === lowest);
}

function scoreFor(order: TaskOrder, { type, field = "" }: PlacementStrategy): Score {
  if (type === "binpack")
    return field.toLowerCase() === "cpu" ? ({ cpuLeft }) => cpuLeft : ({ memoryLeft }) => memoryLeft;
  const partOf = (instance: InstanceRecord): string =>
    field.startsWith(ATTRIBUTE) ? (attributeOf(instance, field.slice(ATTRIBUTE.length)) ?? "") : instance.id;
  const counts = new Map<string, number>();
  for (const { instance } of tasksOfGroup(order)) {
    if (instance !== undefined) counts.set(partOf(instance), (counts.get(partOf(instance)) ?? 0) + 1);
  }
  return (instance) => counts.get(partOf(instance)) ?? 0;
}

/** Tasks of a service are spread among themselves, others by their task group. */
function* tasksOfGroup({ cluster, service, group }: TaskOrder): Generator<TaskRecord> {
  if (service !== undefined) {
    yield* service.tasks;
    return;
  }
  for (const { tasks } of cluster.instances) for (const task of tasks) if (task.group === group) yield task;
}
