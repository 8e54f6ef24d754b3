// The service scheduler: looks at a service soon after anything about it changed, and starts or stops tasks.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html

import type { EpochMs } from "../../../shared/base/time.ts";
import { addMs, earliest } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { daemonStep } from "./daemons.ts";
import { driveRollout } from "./deployments/driver.ts";
import { keepOnly } from "./deployments/endings.ts";
import { noteHealthyTasks } from "./deployments/monitors.ts";
import { pinnedStep } from "./deployments/pinned.ts";
import { emitServiceAction, noteOnService } from "./events.ts";
import { startTasks, stopPlanned } from "./filling.ts";
import { primaryOf } from "./launches.ts";
import type { ServiceRecord } from "./model.ts";
import type { Standing } from "./rolling.ts";
import { planRolling } from "./rolling.ts";
import { changesAt, isIll, standingOf } from "./standing.ts";
import { isBalanced } from "./target-registration.ts";
import { taskSetStep } from "./task-sets/step.ts";
import { draw } from "./timing.ts";

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
  const steady = stepOf(service)(context, service);
  if (service.rollout !== undefined) driveRollout(context, service, steady);
  if (service.status === "DRAINING") {
    if (service.tasks.size > 0) return;
    service.status = "INACTIVE";
    service.cluster.daemons.delete(service);
    return;
  }
  if (!steady) service.steady = false;
  else if (!service.steady) settle(context, service);
}

function stepOf(service: ServiceRecord): (context: EcsContext, service: ServiceRecord) => boolean {
  if (service.controller.type === "EXTERNAL") return taskSetStep;
  if (service.pinned) return pinnedStep;
  return service.scheduling === "DAEMON" ? daemonStep : replicaStep;
}

function replicaStep(context: EcsContext, service: ServiceRecord): boolean {
  const standings: Standing[] = [];
  let settlesAt: EpochMs | undefined;
  for (const task of service.tasks) {
    if (task.desiredStatus === "STOPPED") continue;
    const standing = standingOf(context, task, task.deployment?.status === "PRIMARY");
    const at = changesAt(context, standing);
    if (at !== undefined && isIll(task)) context.touch(service, at);
    else if (at !== undefined) settlesAt = earliest(settlesAt, at);
    standings.push(standing);
  }
  if (service.rollout !== undefined) noteHealthyTasks(service, standings);
  const plan = planRolling(standings, {
    desired: service.desiredCount,
    minimumHealthyPercent: service.configuration.minimumHealthyPercent ?? 100,
    maximumPercent: service.configuration.maximumPercent ?? 200,
  });
  stopPlanned(context, service, plan);
  const primary = primaryOf(service);
  if (primary !== undefined) startTasks(context, { service, workload: primary, count: plan.start });
  const waits = standings.some((one) => !one.current || one.unhealthy);
  if (waits && settlesAt !== undefined) context.touch(service, settlesAt);
  return plan.steady && standings.every(isSettled);
}

/** "All of its tasks are running and healthy", as far as anybody checks: early-success-criteria. */
const isSettled = ({ task, healthy }: Standing): boolean =>
  healthy || !(task.definition.checksHealth || isBalanced(task));

/** Everything is as desired: older deployments end, the newest is complete. */
function settle(context: EcsContext, service: ServiceRecord): void {
  service.steady = true;
  // What early success left behind is gone by now.
  const primary = primaryOf(service);
  if (primary !== undefined && service.rollout === undefined) keepOnly(service, primary);
  emitServiceAction(context, service, { eventType: "INFO", eventName: "SERVICE_STEADY_STATE" });
  noteOnService(context, service, "has reached a steady state.");
}
