// The life of a task, from its first status to STOPPED:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

import { assertNever } from "../../../shared/base/assert.ts";
import type { DurationMs } from "../../../shared/base/time.ts";
import type { ContainerExit } from "./container-runtime.ts";
import type { ProgramEvents } from "./containers.ts";
import { hearPrograms, killPrograms, showStarted, startPrograms, stopPrograms } from "./containers.ts";
import type { EcsContext } from "./context.ts";
import { emitTask } from "./events.ts";
import { scheduleHealthChecks } from "./health.ts";
import type { ContainerRecord, LiveStatus, StopCode, TaskRecord } from "./model.ts";
import type { Place } from "./placement.ts";
import { noteFailedStart, releaseBrake } from "./start-brake.ts";
import { deregisterTargets, registerTargets, waitsForDraining } from "./target-registration.ts";
import type { Placed, TaskOrder } from "./tasks.ts";
import { createTask, retireTask, settleTask } from "./tasks.ts";
import type { Dwell, Span } from "./timing.ts";
import { draw } from "./timing.ts";

/** Why a task must go, in ECS's words. */
export interface StopCause {
  readonly code: StopCode;
  readonly reason: string;
  /** The essential container that ended by itself, and how. */
  readonly exit?: { readonly exitCode: number; readonly reason?: string; readonly container?: string };
  /** A warning ahead of the stop (Fargate Spot): the task shows RUNNING with desiredStatus STOPPED meanwhile. */
  readonly noticeMs?: DurationMs;
}

/** Docker's exit code of a process that SIGTERM ended: 128 + 15. Assumed for every program. */
const SIGTERM_EXIT = 143;

export function launchTask(context: EcsContext, order: TaskOrder, place: Place): TaskRecord {
  const task = createTask(context, order, place);
  emitTask(context, task);
  if (place.isAwaited !== true) scheduleStep(context, task);
  return task;
}

/** The task that waited in PROVISIONING goes on. */
export function placeWaiting(context: EcsContext, task: TaskRecord, placed: Placed): void {
  settleTask(context, task, placed);
  scheduleStep(context, task);
}

/** Asks a task to stop; a second asking changes nothing. */
export function stopTask(context: EcsContext, task: TaskRecord, cause: StopCause): void {
  if (task.desiredStatus === "STOPPED") return;
  task.desiredStatus = "STOPPED";
  task.stopCode = cause.code;
  task.stoppedReason = cause.reason;
  task.stoppingAt = context.kernel.now();
  // "Any tags associated with the task will be deleted": API_StopTask.
  if (cause.code === "UserInitiated") task.tags = [];
  if (cause.exit !== undefined) endContainer(context, task, cause.exit);
  emitTask(context, task);
  noteFailedStart(context, task);
  if (task.service !== undefined) context.touch(task.service);
  task.cancelStep?.();
  if (cause.noticeMs === undefined) scheduleStep(context, task);
  else awaitNotice(context, task, cause.noticeMs);
}

/** Load balancers are told at the warning; the end has a stop code of its own. */
function awaitNotice(context: EcsContext, task: TaskRecord, noticeMs: DurationMs): void {
  deregisterTargets(context, task);
  task.cancelStep = context.kernel.after(noticeMs, () => {
    task.stopCode = "SpotInterruption";
    scheduleStep(context, task);
  });
}

/** The host is gone: nothing is left to deactivate or to stop, whatever was going on. */
export function vanishTask(context: EcsContext, task: TaskRecord, cause: StopCause): void {
  stopTask(context, task, cause);
  task.cancelStep?.();
  killPrograms(context, task);
  enter(context, task, "STOPPED");
}

function endContainer(context: EcsContext, task: TaskRecord, exit: NonNullable<StopCause["exit"]>): void {
  const ended =
    task.containers.find(({ template }) => template.name === exit.container) ??
    task.containers.find(({ template }) => template.essential) ??
    task.containers[0];
  if (ended === undefined) return;
  if (ended.lastStatus === "RUNNING") killPrograms(context, task, ended);
  ended.lastStatus = "STOPPED";
  ended.exitCode = exit.exitCode;
  ended.reason = exit.reason;
}

/** The agent does the work: while it is away, its tasks keep the status that they had. */
export function resumeTask(context: EcsContext, task: TaskRecord): void {
  hearPrograms(task);
  task.cancelStep?.();
  scheduleStep(context, task);
}

function scheduleStep(context: EcsContext, task: TaskRecord): void {
  task.cancelStep = undefined;
  if (task.instance?.agentConnected === false) return;
  const next = nextStatus(task);
  if (next === undefined) return;
  if (task.lastStatus === "STOPPING" && stopPrograms(context, task)) return;
  if (task.lastStatus === "DEACTIVATING" && waitsForDraining(task)) return;
  const wait = draw(context.kernel.chance, dwellOf(context, task));
  task.cancelStep = context.kernel.after(wait, () => enter(context, task, next));
}

/** undefined: nothing moves the task on by itself. */
function nextStatus(task: TaskRecord): LiveStatus | undefined {
  const leaving = task.desiredStatus === "STOPPED";
  const last: LiveStatus = task.eni === undefined ? "STOPPED" : "DEPROVISIONING";
  switch (task.lastStatus) {
    case "PROVISIONING":
      return leaving ? "DEPROVISIONING" : "PENDING";
    case "PENDING":
      return leaving ? last : "ACTIVATING";
    case "ACTIVATING":
      return leaving ? "STOPPING" : "RUNNING";
    case "RUNNING":
      return leaving ? "DEACTIVATING" : undefined;
    case "DEACTIVATING":
      return "STOPPING";
    case "STOPPING":
      return last;
    case "DEPROVISIONING":
      return "STOPPED";
    case "STOPPED":
      return undefined;
    default:
      return assertNever(task.lastStatus);
  }
}

function dwellOf(context: EcsContext, task: TaskRecord): Span {
  const dwell = task.launchType === "FARGATE" ? context.fargateDwell : context.hostDwell;
  const leaving = task.desiredStatus === "STOPPED";
  const span: Partial<Record<LiveStatus, keyof Dwell>> = leaving
    ? { DEACTIVATING: "deactivating", STOPPING: "stopping", DEPROVISIONING: "deprovisioning" }
    : { PROVISIONING: "provisioning", PENDING: "pending", ACTIVATING: "activating" };
  return dwell[span[task.lastStatus] ?? "leaving"];
}

function enter(context: EcsContext, task: TaskRecord, status: LiveStatus): void {
  if (status === "RUNNING" && failsToStart(context, task)) return;
  if (status === "RUNNING" && !startPrograms(context, task, programEvents(context))) return;
  task.lastStatus = status;
  applyStatus(context, task, status);
  emitTask(context, task);
  if (status === "RUNNING") afterStart(context, task);
  if (status === "STOPPED") retireTask(context, task);
  else scheduleStep(context, task);
  if (task.service !== undefined && (status === "RUNNING" || status === "STOPPED"))
    context.touch(task.service);
}

function applyStatus(context: EcsContext, task: TaskRecord, status: LiveStatus): void {
  const now = context.kernel.now();
  switch (status) {
    case "PROVISIONING":
      return;
    case "PENDING":
      if (task.eni !== undefined) task.eni.status = "ATTACHED";
      task.connectivityAt = now;
      return;
    case "ACTIVATING":
      task.connectivityAt ??= now;
      task.pullStartedAt = now;
      return;
    case "RUNNING":
      task.pullStoppedAt = now;
      task.startedAt = now;
      for (const container of task.containers) showStarted(task, container);
      registerTargets(context, task);
      return;
    case "DEACTIVATING":
      deregisterTargets(context, task);
      return;
    case "STOPPING":
      return;
    case "DEPROVISIONING":
      endContainers(task);
      task.executionStoppedAt = now;
      if (task.eni !== undefined) task.eni.status = "DETACHING";
      return;
    case "STOPPED":
      endContainers(task);
      task.executionStoppedAt ??= now;
      task.stoppedAt = now;
      deregisterTargets(context, task);
      if (task.eni !== undefined) task.eni.status = "DELETED";
      return;
    default:
      assertNever(status);
  }
}

function endContainers(task: TaskRecord): void {
  for (const container of task.containers) {
    if (container.lastStatus === "RUNNING") container.exitCode = SIGTERM_EXIT;
    container.lastStatus = "STOPPED";
  }
}

function failsToStart(context: EcsContext, task: TaskRecord): boolean {
  const plan = task.service?.failurePlan;
  if (plan?.kind !== "fails-to-start") return false;
  const essential = task.containers[0];
  if (essential !== undefined) essential.reason = plan.reason;
  stopTask(context, task, { code: "TaskFailedToStart", reason: plan.reason });
  return true;
}

function afterStart(context: EcsContext, task: TaskRecord): void {
  scheduleHealthChecks(context, task);
  if (task.service === undefined) return;
  releaseBrake(task.service);
  const plan = task.service.failurePlan;
  if (plan?.kind !== "exits") return;
  context.kernel.after(plan.afterMs, () => exitContainer(context, task, plan));
}

/** An essential container ends by itself, and the task with it. */
export function exitContainer(
  context: EcsContext,
  task: TaskRecord,
  exit: { readonly exitCode: number; readonly reason?: string; readonly container?: string },
): void {
  stopTask(context, task, {
    code: "EssentialContainerExited",
    reason: "Essential container in task exited",
    exit: {
      exitCode: exit.exitCode,
      ...(exit.reason !== undefined && { reason: exit.reason }),
      ...(exit.container !== undefined && { container: exit.container }),
    },
  });
}

/** What real programs say: a step of the task's life, or its end. */
function programEvents(context: EcsContext): ProgramEvents {
  return {
    allStarted: (task) => {
      if (task.lastStatus === "ACTIVATING" && task.desiredStatus === "RUNNING")
        enter(context, task, "RUNNING");
    },
    failedToStart: (task, container, reason) => {
      container.lastStatus = "STOPPED";
      container.reason = reason;
      stopTask(context, task, { code: "TaskFailedToStart", reason });
    },
    exited: (task, container, exit) => noteProgramExit(context, task, { container, exit }),
    allEnded: (task) => {
      const next = nextStatus(task);
      if (task.lastStatus === "STOPPING" && next !== undefined) enter(context, task, next);
    },
  };
}

/** A container that ends changes the task's state, essential or not: an event either way (ecs_task_events). */
function noteProgramExit(
  context: EcsContext,
  task: TaskRecord,
  { container, exit }: { readonly container: ContainerRecord; readonly exit: ContainerExit },
): void {
  if (container.lastStatus === "STOPPED") return;
  if (container.template.essential && task.desiredStatus === "RUNNING") {
    container.lastStatus = "STOPPED";
    exitContainer(context, task, { ...exit, container: container.template.name });
    return;
  }
  container.lastStatus = "STOPPED";
  container.exitCode = exit.exitCode;
  container.reason = exit.reason;
  if (task.desiredStatus === "RUNNING" && task.lastStatus === "RUNNING") emitTask(context, task);
}
