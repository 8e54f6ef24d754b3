// Container health checks. A change of health sends no event and raises no version; only DescribeTasks
// shows it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html

import type { HealthStatus } from "@aws-sdk/client-ecs";
import { millis } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import type { ContainerRecord, TaskRecord } from "./model.ts";
import { HEALTH_CHECK_INTERVAL_S } from "./timing.ts";

/** Only essential containers with a check count; any UNHEALTHY wins, then any UNKNOWN (same page). */
function taskHealth(task: TaskRecord): HealthStatus {
  let health: HealthStatus = "UNKNOWN";
  for (const { template, health: own } of task.containers) {
    if (!template.essential || template.definition.healthCheck === undefined) continue;
    if (own === "UNHEALTHY") return "UNHEALTHY";
    if (own === "UNKNOWN") return "UNKNOWN";
    health = "HEALTHY";
  }
  return health;
}

interface HealthChange {
  readonly health: HealthStatus;
  readonly container?: string;
}

/** As `setHealth`, and a real program that answers its checks well does not take it back. */
export function imposeHealth(context: EcsContext, task: TaskRecord, change: HealthChange): void {
  for (const container of task.containers) {
    if (change.container === undefined || container.template.name === change.container)
      container.isHeldUnwell = change.health === "UNHEALTHY";
  }
  setHealth(context, task, change);
}

/** Sets the health of one container, or of every container that has a check. */
function setHealth(context: EcsContext, task: TaskRecord, change: HealthChange): void {
  for (const container of task.containers) {
    const named = change.container === undefined || container.template.name === change.container;
    if (named && container.template.definition.healthCheck !== undefined) container.health = change.health;
  }
  const health = taskHealth(task);
  if (health === task.health) return;
  task.health = health;
  if (task.service !== undefined) context.touch(task.service);
}

/** The first probe answers one interval after the start (Docker), and finds the program well. */
export function scheduleHealthChecks(context: EcsContext, task: TaskRecord): void {
  if (!task.definition.checksHealth) return;
  for (const { template } of task.containers) {
    const check = template.definition.healthCheck;
    // Real programs are probed from their own start on.
    if (check === undefined || context.runtime !== undefined) continue;
    const intervalMs = (check.interval ?? HEALTH_CHECK_INTERVAL_S) * 1_000;
    const wait = millis(intervalMs + context.kernel.chance.int(0, 500));
    context.kernel.after(wait, () => report(context, task, template.name));
  }
  const plan = task.service?.failurePlan;
  if (plan?.kind === "unhealthy") context.kernel.after(plan.afterMs, () => turn(context, task, "UNHEALTHY"));
}

function report(context: EcsContext, task: TaskRecord, container: string): void {
  const still = task.containers.find(({ template }) => template.name === container);
  if (task.lastStatus !== "RUNNING" || still?.health !== "UNKNOWN") return;
  setHealth(context, task, { health: "HEALTHY", container });
}

function turn(context: EcsContext, task: TaskRecord, health: HealthStatus): void {
  if (task.lastStatus === "RUNNING") setHealth(context, task, { health });
}

/** Defaults and rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
const DEFAULT_TIMEOUT_S = 5;
const DEFAULT_RETRIES = 3;

interface Probing {
  readonly container: ContainerRecord;
  readonly onChange: () => void;
}

/**
 * Asks a real program again and again. Failures of the start period do not count until the first success;
 * the interval begins when the check before has ended, as in Docker.
 */
export function probeContainer(
  context: EcsContext,
  task: TaskRecord,
  { container, onChange }: Probing,
): void {
  const { runtime, kernel } = context;
  const check = container.template.definition.healthCheck;
  if (runtime === undefined || check === undefined) return;
  const startedAt = kernel.now();
  const intervalMs = millis((check.interval ?? HEALTH_CHECK_INTERVAL_S) * 1_000);
  let failures = 0;
  const isOver = () => container.lastStatus !== "RUNNING" || task.desiredStatus === "STOPPED";
  const isForgiven = () =>
    container.health === "UNKNOWN" && kernel.now() - startedAt < (check.startPeriod ?? 0) * 1_000;
  const judge = (isWell: boolean): void => {
    if (isOver()) return;
    const before = container.health;
    failures = isWell || isForgiven() ? 0 : failures + 1;
    if (isWell) setHealth(context, task, { health: "HEALTHY", container: container.template.name });
    else if (failures >= (check.retries ?? DEFAULT_RETRIES))
      setHealth(context, task, { health: "UNHEALTHY", container: container.template.name });
    if (container.health !== before) onChange();
    kernel.after(intervalMs, probe);
  };
  const probe = (): void => {
    if (isOver()) return;
    const timeoutMs = millis((check.timeout ?? DEFAULT_TIMEOUT_S) * 1_000);
    const order = { container: container.template.name, command: check.command ?? [], timeoutMs };
    runtime.check(task.id, order, (isWell) =>
      judge(isWell && !isMadeUnhealthy(context, task) && container.isHeldUnwell !== true),
    );
  };
  kernel.after(intervalMs, probe);
}

/** A failure plan wins over what the program says. */
function isMadeUnhealthy({ kernel }: EcsContext, task: TaskRecord): boolean {
  const plan = task.service?.failurePlan;
  return plan?.kind === "unhealthy" && kernel.now() - (task.startedAt ?? kernel.now()) >= plan.afterMs;
}
