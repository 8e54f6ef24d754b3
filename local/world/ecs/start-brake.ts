// The pause between launches of a service whose tasks do not reach RUNNING. It does not apply to tasks that
// stop after RUNNING: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html

import type { EpochMs } from "../../../shared/base/time.ts";
import { addMs, millis } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { countFailedTask } from "./deployments/monitors.ts";
import { emitServiceAction, noteOnService } from "./events.ts";
import type { ServiceRecord, StartBrake, TaskRecord } from "./model.ts";
import { START_BACKOFF_BASE_MS, START_BACKOFF_CEILING_MS, START_IMPAIRED_AFTER } from "./timing.ts";

const NEVER = 0 as EpochMs;

export const newBrake = (): StartBrake => ({ failures: 0, countedAt: NEVER, blockedUntil: NEVER });

/** A task runs, or there is a new task definition: the pause is over (same page). */
export function releaseBrake(service: ServiceRecord): void {
  service.brake.failures = 0;
  service.brake.blockedUntil = NEVER;
}

/** Counts a launch that failed, before its replacement is thought of; tasks launched together count once. */
export function noteFailedStart(context: EcsContext, task: TaskRecord): void {
  const { service } = task;
  if (service?.rollout !== undefined) countFailedTask(service, task);
  if (service === undefined || task.startedAt !== undefined || task.stopCode !== "TaskFailedToStart") return;
  const { brake } = service;
  if (task.createdAt < brake.countedAt) return;
  const now = context.kernel.now();
  const pause = Math.min(START_BACKOFF_BASE_MS * 2 ** brake.failures, START_BACKOFF_CEILING_MS);
  brake.failures += 1;
  brake.countedAt = now;
  brake.blockedUntil = addMs(now, millis(pause));
  if (brake.failures < START_IMPAIRED_AFTER) return;
  emitServiceAction(context, service, { eventType: "WARN", eventName: "SERVICE_TASK_START_IMPAIRED" });
  noteOnService(context, service, "is unable to consistently start tasks successfully.");
}
