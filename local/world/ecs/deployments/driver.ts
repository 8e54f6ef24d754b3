// Takes a service deployment from step to step. The scheduler calls it after each look at the service; hooks
// and timers call it in between.

import { assertNever } from "../../../../shared/base/assert.ts";
import type { EcsContext } from "../context.ts";
import type { ServiceRecord } from "../model.ts";
import { startDeployment } from "./begin.ts";
import { conditionsOf } from "./census.ts";
import { endDeployment, rollBack, stopDeployment, succeed } from "./endings.ts";
import type { HookScene } from "./hooks.ts";
import { hookOutcome, openHooks } from "./hooks.ts";
import type { Facts, Move, Standpoint } from "./machine.ts";
import { nextMove, SUPERSEDED } from "./machine.ts";
import { monitoredFailure } from "./monitors.ts";
import type { Step } from "./plan.ts";
import type { ServiceDeploymentRecord } from "./records.ts";
import { isStaged } from "./records.ts";
import { shiftTraffic } from "./traffic.ts";

/** `steady`: what the scheduler's look found; without it, what the last look had found. */
export function driveRollout(context: EcsContext, service: ServiceRecord, steady?: boolean): void {
  const record = service.rollout;
  if (record === undefined || service.status !== "ACTIVE") return;
  if (steady !== undefined) record.steady = steady;
  if (record.startedAt === undefined) start(context, service, record);
  const scene = sceneOf(context, service, record);
  // Each move ends the deployment, waits, or goes on by a step: this ends.
  while (service.rollout === record) {
    const move = nextMove(standpointOf(record), factsOf(scene));
    if (move.kind === "wait") {
      sleep(scene, move);
      return;
    }
    carryOut(scene, move);
  }
}

function start(context: EcsContext, service: ServiceRecord, record: ServiceDeploymentRecord): void {
  for (const older of startDeployment(context, service, record)) {
    const status = older.rollback === undefined ? "STOPPED" : "ROLLBACK_FAILED";
    endDeployment(context, service, { record: older, status, reason: SUPERSEDED });
  }
  enterStep(sceneOf(context, service, record), 0);
}

export const sceneOf = (
  context: EcsContext,
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): HookScene => ({
  context,
  service,
  record,
  wake: () => {
    record.cancelWake?.();
    record.cancelWake = context.kernel.at(context.kernel.now(), () => driveIfOpen(context, service, record));
  },
});

function driveIfOpen(context: EcsContext, service: ServiceRecord, record: ServiceDeploymentRecord): void {
  record.cancelWake = undefined;
  if (service.rollout === record) driveRollout(context, service);
}

const standpointOf = (record: ServiceDeploymentRecord): Standpoint => ({
  phase: record.rollback === undefined ? "forward" : "backward",
  steps: record.steps,
  position: record.position,
  stepSince: record.stepSince,
  startedAt: record.startedAt ?? record.createdAt,
  limited: isStaged(record.configuration),
});

const REQUESTS: Partial<Record<ServiceDeploymentRecord["status"], Facts["request"]>> = {
  STOP_REQUESTED: "abort",
  ROLLBACK_REQUESTED: "rollback",
};

function factsOf(scene: HookScene): Facts {
  const { context, service, record } = scene;
  const forward = record.rollback === undefined;
  return {
    now: context.kernel.now(),
    request: REQUESTS[record.status] ?? "none",
    hooks: hookOutcome(scene),
    met: conditionsOf(context, service, record),
    failure: forward ? monitoredFailure(context, service, record) : undefined,
    pollAt: record.alarms.status === "MONITORING" ? record.alarms.nextPollAt : undefined,
  };
}

function carryOut(scene: HookScene, move: Exclude<Move, { kind: "wait" }>): void {
  const { context, service, record } = scene;
  switch (move.kind) {
    case "enter":
      enterStep(scene, move.position);
      return;
    case "succeed":
      succeed(context, service, record);
      return;
    case "roll-back":
      if (rollBack(context, service, { record, reason: move.reason })) enterStep(scene, 0);
      return;
    case "stop":
      stopDeployment(context, service, { record, reason: move.reason });
      return;
    case "fail-rollback":
      endDeployment(context, service, { record, status: "ROLLBACK_FAILED", reason: move.reason });
      return;
    default:
      assertNever(move);
  }
}

function enterStep(scene: HookScene, position: number): void {
  const { context, service, record } = scene;
  const step = record.steps[position] as Step;
  const now = context.kernel.now();
  record.position = position;
  record.stepSince = now;
  record.updatedAt = now;
  if (step.scale !== undefined) rescale(scene, step.scale);
  if (step.rolls === true && service.pinned) {
    service.pinned = false;
    context.touch(service);
  }
  shiftTraffic(context, record, {
    ...(step.production !== undefined && { production: step.production }),
    ...(step.test !== undefined && { test: step.test }),
  });
  openHooks(scene, step);
}

function rescale({ context, service, record }: HookScene, scale: NonNullable<Step["scale"]>): void {
  for (const revision of service.deployments) {
    if (revision === record.target) revision.scale = scale.target ?? revision.scale;
    else if (revision === record.base) revision.scale = scale.base ?? revision.scale;
    else revision.scale = scale.others ?? revision.scale;
  }
  context.touch(service);
}

/** Sleeps until time alone can change something; touches of the scheduler come earlier. */
function sleep({ context, service, record }: HookScene, { until }: Extract<Move, { kind: "wait" }>): void {
  record.cancelWake?.();
  record.cancelWake =
    until === undefined ? undefined : context.kernel.at(until, () => driveIfOpen(context, service, record));
}
