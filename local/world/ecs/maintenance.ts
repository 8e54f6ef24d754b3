// What AWS does to running tasks of its own accord: retirement of Fargate hosts, reclaimed Spot capacity, the
// loss of an Availability Zone.

import type { DurationMs } from "../../../shared/base/time.ts";
import { addMs } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import { loseHost } from "./instances.ts";
import { stopTask, vanishTask } from "./lifecycle.ts";
import type { TaskRecord } from "./model.ts";
import { RETIREMENT_REASON } from "./standing.ts";
import { draw, HOST_LOSS_NOTICE, SPOT_NOTICE_MS } from "./timing.ts";

/** The warning's code; the end of the task has `SpotInterruption`. */
export function reclaimSpotTask(context: EcsContext, task: TaskRecord): void {
  stopTask(context, task, {
    code: "TerminationNotice",
    reason: "Your Spot Task was interrupted.",
    noticeMs: SPOT_NOTICE_MS,
  });
}

function* liveTasks(context: EcsContext): Generator<TaskRecord> {
  for (const cluster of context.clusters.values()) {
    for (const task of cluster.tasks) if (task.lastStatus !== "STOPPED") yield task;
  }
}

export interface SpotReclaim {
  /** 0-1 of the tasks that fit, rounded up; the oldest first. Default: all. */
  readonly share?: number;
  readonly availabilityZone?: string;
}

/** The ids of the tasks that are warned. */
export function reclaimSpot(
  context: EcsContext,
  { share = 1, availabilityZone }: SpotReclaim,
): readonly string[] {
  const fitting = [...liveTasks(context)].filter(
    (task) =>
      task.capacityProvider === "FARGATE_SPOT" &&
      task.desiredStatus === "RUNNING" &&
      (availabilityZone === undefined || task.availabilityZone === availabilityZone),
  );
  const struck = fitting.slice(0, Math.ceil(fitting.length * share));
  for (const task of struck) reclaimSpotTask(context, task);
  return struck.map(({ id }) => id);
}

/** Hosts and Fargate tasks of the zone are gone; nothing is placed there until it is back. */
export function loseZone(context: EcsContext, zone: string): void {
  if (context.lostZones.has(zone)) return;
  context.lostZones.add(zone);
  for (const instance of [...context.hosts.values()]) {
    if (instance.availabilityZone === zone) loseHost(context, instance);
  }
  const onFargate = [...liveTasks(context)].filter(
    (task) => task.launchType === "FARGATE" && task.availabilityZone === zone,
  );
  if (onFargate.length === 0) return;
  context.kernel.after(draw(context.kernel.chance, HOST_LOSS_NOTICE), () => {
    const reason = `The underlying infrastructure of the task in ${zone} failed.`;
    for (const task of onFargate) {
      if (task.lastStatus !== "STOPPED") vanishTask(context, task, { code: "InfrastructureHealth", reason });
    }
  });
}

export const restoreZone = (context: EcsContext, zone: string): void => {
  context.lostZones.delete(zone);
};

/**
 * AWS Health announces it, with services as `cluster|service` and standalone tasks by ARN; then service tasks are
 * replaced within the service's percentages and standalone tasks stop:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html
 */
export function retireTasks(context: EcsContext, tasks: readonly TaskRecord[], waitMs: DurationMs): void {
  const retired = tasks.filter((task) => task.launchType === "FARGATE" && task.desiredStatus === "RUNNING");
  if (retired.length === 0) return;
  announce(context, retired, waitMs);
  context.kernel.after(waitMs, () => {
    for (const task of retired) {
      if (task.desiredStatus === "STOPPED") continue;
      if (task.service === undefined)
        stopTask(context, task, { code: "TerminationNotice", reason: RETIREMENT_REASON });
      else {
        task.isRetiring = true;
        context.touch(task.service);
      }
    }
  });
}

const EVENT_TYPE = "AWS_ECS_TASK_PATCHING_RETIREMENT";

/** RFC-1123, as Health events write instants. */
const httpDate = (at: number): string => new Date(at).toUTCString();

function announce(context: EcsContext, tasks: readonly TaskRecord[], waitMs: DurationMs): void {
  const { kernel } = context;
  const now = kernel.now();
  const entities = new Set(
    tasks.map((task) =>
      task.service === undefined ? task.arn : `${task.cluster.name}|${task.service.name}`,
    ),
  );
  const id = kernel.hex(32);
  kernel.emit({
    source: "aws.health",
    detailType: "AWS Health Event",
    resources: [...entities],
    detail: {
      eventArn: `arn:aws:health:${kernel.region}::event/ECS/${EVENT_TYPE}/${EVENT_TYPE}_${id}`,
      service: "ECS",
      eventScopeCode: "ACCOUNT_SPECIFIC",
      communicationId: `${id}-1`,
      lastUpdatedTime: httpDate(now),
      eventRegion: kernel.region,
      eventTypeCode: EVENT_TYPE,
      eventTypeCategory: "scheduledChange",
      startTime: httpDate(addMs(now, waitMs)),
      eventDescription: [
        {
          language: "en_US",
          latestDescription: "Tasks on Fargate will be retired for platform maintenance.",
        },
      ],
      affectedEntities: [...entities].map((entityValue) => ({ entityValue })),
    },
  });
}
