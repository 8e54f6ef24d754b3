// Slow start: the share of a new target grows linearly to a full one.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#slow-start-mode

import type { EpochMs } from "../../../shared/base/time.ts";
import type { ElbContext } from "./context.ts";
import type { TargetRecord } from "./model.ts";
import { numeric } from "./model.ts";

/** Only "when there is at least one healthy target that is not in slow start mode" (same page). */
export function startRamp(context: ElbContext, record: TargetRecord): void {
  const { group } = record;
  const now = context.kernel.now();
  if (durationMs(record) === 0) return;
  for (const other of group.targets.values()) {
    if (other !== record && other.state === "healthy" && share(other, now) === 1) {
      record.rampFrom = now;
      return;
    }
  }
}

export function endRamp(record: TargetRecord): void {
  record.rampFrom = undefined;
}

/** 0 to 1. A ramp that is over is forgotten. */
export function share(record: TargetRecord, now: EpochMs): number {
  if (record.rampFrom === undefined) return 1;
  const whole = durationMs(record);
  const passed = now - record.rampFrom;
  if (passed < whole) return passed / whole;
  record.rampFrom = undefined;
  return 1;
}

const durationMs = ({ group }: TargetRecord): number =>
  numeric(group.attributes, "slow_start.duration_seconds") * 1_000;
