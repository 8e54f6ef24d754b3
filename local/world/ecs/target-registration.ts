// Tasks as targets of load balancers: registered at the end of ACTIVATING, deregistered in DEACTIVATING, which
// ends when they have drained: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

import type { LoadBalancer } from "@aws-sdk/client-ecs";
import type { Target } from "../balancing.ts";
import type { EcsContext } from "./context.ts";
import { noteOnService } from "./events.ts";
import type { TargetRecord, TaskRecord } from "./model.ts";

/** Shared by all tasks without a load balancer. */
export const NO_TARGETS: readonly TargetRecord[] = [];

const keyOf = (groupArn: string, target: Target): string => `${groupArn} ${target.id} ${target.port}`;

/** The task's containers have started. */
export function registerTargets(context: EcsContext, task: TaskRecord): void {
  const wanted = task.deployment?.loadBalancers ?? [];
  if (wanted.length === 0) return;
  const targets: TargetRecord[] = [];
  for (const loadBalancer of wanted) {
    const target = targetOf(task, loadBalancer);
    const groupArn = loadBalancer.targetGroupArn;
    if (target === undefined || groupArn === undefined) continue;
    const record: TargetRecord = { groupArn, target, state: undefined, registered: true };
    context.tasksByTarget.set(keyOf(groupArn, target), task);
    targets.push(record);
  }
  task.targets = targets;
  for (const record of targets) {
    context.balancing.registerTarget(record.groupArn, record.target);
    record.state = context.balancing.targetHealth(record.groupArn, record.target)?.state;
    noteTarget(context, task, `registered 1 targets in (target-group ${record.groupArn})`);
  }
}

/** The task's own address and the container's port, or its host and the port bound there. */
function targetOf(task: TaskRecord, loadBalancer: LoadBalancer): Target | undefined {
  const port = loadBalancer.containerPort ?? 0;
  if (task.eni !== undefined) {
    const id = task.eni.ipv4 ?? task.eni.ipv6;
    return id === undefined ? undefined : { id, port };
  }
  // Load balancing is not for hosts outside AWS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
  if (task.instance === undefined || task.instance.kind === "EXTERNAL") return undefined;
  const container = task.containers.find(({ template }) => template.name === loadBalancer.containerName);
  const bound = container?.bindings.find((binding) => binding.containerPort === port);
  return { id: task.instance.hostId, port: bound?.hostPort ?? port };
}

/** Asks for the end of all registrations; twice is as once. */
export function deregisterTargets(context: EcsContext, task: TaskRecord): void {
  if (task.targets.length === 0) return;
  const open = task.targets.filter(({ registered }) => registered);
  for (const record of open) record.registered = false;
  for (const record of open) {
    const { groupArn, target } = record;
    // Another task may have the same host and port by now: the registration is that task's.
    if (context.tasksByTarget.get(keyOf(groupArn, target)) !== task) forget(context, task, record);
    else {
      context.balancing.deregisterTarget(groupArn, target);
      record.state = context.balancing.targetHealth(groupArn, target)?.state;
      if (record.state === undefined) forget(context, task, record);
      noteTarget(context, task, `deregistered 1 targets in (target-group ${groupArn})`);
    }
  }
  if (task.targets.length > 0) noteTarget(context, task, "has begun draining connections on 1 tasks.");
}

function forget(context: EcsContext, task: TaskRecord, record: TargetRecord): void {
  task.targets = task.targets.filter((one) => one !== record);
  const key = keyOf(record.groupArn, record.target);
  if (context.tasksByTarget.get(key) === task) context.tasksByTarget.delete(key);
}

/** Containers stop only after draining, except those that ended by themselves or whose time is up. */
export function waitsForDraining(task: TaskRecord): boolean {
  if (task.targets.length === 0) return false;
  return task.stopCode === "ServiceSchedulerInitiated" || task.stopCode === "UserInitiated";
}

/** Follows the health of all targets; `onDrained` goes on with a task whose last target is gone. */
export function watchTargets(context: EcsContext, onDrained: (task: TaskRecord) => void): void {
  context.balancing.onTargetHealth((groupArn, target, state) => {
    const task = context.tasksByTarget.get(keyOf(groupArn, target));
    const record = task?.targets.find(
      (one) => one.groupArn === groupArn && one.target.id === target.id && one.target.port === target.port,
    );
    if (task === undefined || record === undefined) return;
    record.state = state;
    if (state === undefined) forget(context, task, record);
    if (state === undefined && task.lastStatus === "DEACTIVATING" && task.targets.length === 0)
      onDrained(task);
    if (task.service !== undefined && task.desiredStatus === "RUNNING") context.touch(task.service);
  });
}

/** Whether the workload's load balancers send the task requests; true for tasks without any. */
export function isServing(task: TaskRecord): boolean {
  const wanted = task.deployment?.loadBalancers.length ?? 0;
  if (wanted === 0) return true;
  return task.targets.length > 0 && task.targets.every(({ state }) => state === "healthy");
}

/** Whether load balancers decide over the task's health at all. */
export const isBalanced = (task: TaskRecord): boolean => (task.deployment?.loadBalancers.length ?? 0) > 0;

/** The target groups that find the task unhealthy. */
export const failedTargetGroups = (task: TaskRecord): readonly string[] =>
  task.targets.filter(({ state }) => state === "unhealthy").map(({ groupArn }) => groupArn);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
export const targetFailureReason = (groupArns: readonly string[]): string =>
  `Task failed ELB health checks in (${groupArns.map((arn) => `target-group ${arn}`).join(", ")})`;

/** As https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html words it. */
export function noteTargetFailure(context: EcsContext, task: TaskRecord): void {
  for (const { groupArn, target, state } of task.targets) {
    if (state !== "unhealthy") continue;
    const reason = context.balancing.targetHealth(groupArn, target)?.description ?? "Health checks failed";
    const text = `(port ${target.port}) is unhealthy in (target-group ${groupArn}) due to (reason ${reason}).`;
    if (task.service !== undefined) noteOnService(context, task.service, `(task ${task.id}) ${text}`);
  }
}

function noteTarget(context: EcsContext, task: TaskRecord, text: string): void {
  if (task.service !== undefined) noteOnService(context, task.service, text);
}
