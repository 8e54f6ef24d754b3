// The service scheduler: looks at a service soon after anything about it changed, and starts or stops tasks.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html

import type { EpochMs } from "../../../shared/base/time.ts";
import { addMs, earliest } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { daemonStep } from "./daemons.ts";
import { emitDeployment, emitServiceAction, noteOnService } from "./events.ts";
import { orderFor, primaryOf, reportNoPlace } from "./launches.ts";
import { launchTask, stopTask } from "./lifecycle.ts";
import type { ServiceRecord, TaskRecord } from "./model.ts";
import { findPlace } from "./placement.ts";
import type { RollingPlan, Standing } from "./rolling.ts";
import { planRolling } from "./rolling.ts";
import { draw, HEALTHY_AFTER_RUNNING_MS } from "./timing.ts";

export function scheduleLook(context: EcsContext, service: ServiceRecord, at?: EpochMs): void {
  const { kernel } = context;
  const soon = addMs(kernel.now(), draw(kernel.chance, context.schedulerLatency));
  const when = at !== undefined && at > soon ? at : soon;
  if (service.lookAt !== undefined && service.lookAt <= when) return;
  service.cancelLook?.();
  service.lookAt = when;
  service.cancelLook = kernel.at(when, () => {
    service.lookAt = undefined;
    service.cancelLook = undefined;
    look(context, service);
  });
}

function look(context: EcsContext, service: ServiceRecord): void {
  if (service.status === "INACTIVE") return;
  const steady =
    service.scheduling === "DAEMON" ? daemonStep(context, service) : replicaStep(context, service);
  if (service.status === "DRAINING") {
    if (service.tasks.size > 0) return;
    service.status = "INACTIVE";
    service.cluster.daemons.delete(service);
    return;
  }
  if (!steady) service.steady = false;
  else if (!service.steady) settle(context, service);
}

function replicaStep(context: EcsContext, service: ServiceRecord): boolean {
  const standings: Standing[] = [];
  let settlesAt: EpochMs | undefined;
  for (const task of service.tasks) {
    if (task.desiredStatus === "STOPPED") continue;
    const standing = standingOf(context, task);
    if (standing.running && !standing.healthy && !task.definition.checksHealth) {
      settlesAt = earliest(settlesAt, settledAt(task));
    }
    standings.push(standing);
  }
  const plan = planRolling(standings, {
    desired: service.desiredCount,
    minimumHealthyPercent: service.configuration.minimumHealthyPercent ?? 100,
    maximumPercent: service.configuration.maximumPercent ?? 200,
  });
  stopPlanned(context, service, plan);
  startMissing(context, service, plan.start);
  const waits = standings.some((one) => !one.current || one.unhealthy);
  if (waits && settlesAt !== undefined) context.touch(service, settlesAt);
  return plan.steady;
}

const settledAt = (task: TaskRecord): EpochMs | undefined =>
  task.startedAt === undefined ? undefined : addMs(task.startedAt, HEALTHY_AFTER_RUNNING_MS);

function standingOf(context: EcsContext, task: TaskRecord): Standing {
  const running = task.lastStatus === "RUNNING";
  const unhealthy = running && task.health === "UNHEALTHY";
  const healthy = task.definition.checksHealth
    ? task.health === "HEALTHY"
    : (settledAt(task) ?? Number.POSITIVE_INFINITY) <= context.kernel.now();
  return {
    task,
    current: task.deployment?.status === "PRIMARY" && task.instance?.status !== "DRAINING",
    running,
    healthy: running && healthy,
    unhealthy,
  };
}

function stopPlanned(context: EcsContext, service: ServiceRecord, plan: RollingPlan): void {
  for (const { task, because } of plan.stop) {
    stopTask(context, task, { code: "ServiceSchedulerInitiated", reason: stopReason(task, because) });
  }
  if (plan.stop.length > 0) noteOnService(context, service, `has stopped ${plan.stop.length} running tasks.`);
}

/** Texts: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
function stopReason(task: TaskRecord, because: RollingPlan["stop"][number]["because"]): string {
  if (because === "unhealthy") return "Task failed container health checks";
  if (task.instance?.status === "DRAINING")
    return `Task stopped: container instance ${task.instance.id} is draining.`;
  return `Scaling activity initiated by (deployment ${task.deployment?.id})`;
}

function startMissing(context: EcsContext, service: ServiceRecord, count: number): void {
  if (count === 0) return;
  service.steady = false;
  if (service.brake.blockedUntil > context.kernel.now()) {
    context.touch(service, service.brake.blockedUntil);
    return;
  }
  const order = orderFor(service);
  for (let started = 0; started < count; started += 1) {
    const place = findPlace(context, order, primaryOf(service).launched);
    if ("failure" in place) {
      reportNoPlace(context, service, place);
      return;
    }
    launchTask(context, order, place);
  }
  noteOnService(context, service, `has started ${count} tasks.`);
}

/** Everything is as desired: older deployments end, the newest is complete. */
function settle(context: EcsContext, service: ServiceRecord): void {
  service.steady = true;
  const primary = primaryOf(service);
  for (const older of service.deployments) if (older !== primary) older.status = "INACTIVE";
  service.deployments = [primary];
  if (primary.rolloutState !== "COMPLETED") {
    primary.rolloutState = "COMPLETED";
    primary.updatedAt = context.kernel.now();
    emitDeployment(context, service, primary);
  }
  emitServiceAction(context, service, { eventType: "INFO", eventName: "SERVICE_STEADY_STATE" });
  noteOnService(context, service, "has reached a steady state.");
}
