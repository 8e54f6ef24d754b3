// Which target of a group gets a request: the eligible ones, the algorithm, slow start.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html

import type { ElbContext } from "./context.ts";
import type { TargetGroupRecord, TargetRecord } from "./model.ts";
import { share } from "./slow-start.ts";

const NOBODY: readonly TargetRecord[] = [];

/**
 * The healthy targets, or all that do not drain when too few are healthy (fail-open): target-group-health.
 * Kept until a target changes.
 */
export function eligibleTargets(group: TargetGroupRecord): readonly TargetRecord[] {
  if (group.eligible !== undefined) return group.eligible;
  const registered: TargetRecord[] = [];
  const healthy: TargetRecord[] = [];
  for (const record of group.targets.values()) {
    if (record.state === "draining") continue;
    registered.push(record);
    if (record.state === "healthy") healthy.push(record);
  }
  const enough = healthy.length >= neededHealthy(group, registered.length);
  group.failsOpen = registered.length > 0 && !enough;
  group.eligible = registered.length === 0 ? NOBODY : enough ? healthy : registered;
  return group.eligible;
}

/** `unhealthy_state_routing.minimum_healthy_targets`: 1 unless set; either of the two thresholds is enough. */
function neededHealthy(group: TargetGroupRecord, registered: number): number {
  const prefix = "target_group_health.unhealthy_state_routing.minimum_healthy_targets";
  const count = Number(group.attributes.get(`${prefix}.count`) ?? 1);
  const percentage = group.attributes.get(`${prefix}.percentage`) ?? "off";
  const byShare = percentage === "off" ? 0 : Math.ceil((Number(percentage) * registered) / 100);
  return Math.max(1, count, byShare);
}

export function chooseTarget(context: ElbContext, group: TargetGroupRecord): TargetRecord | undefined {
  const candidates = eligibleTargets(group);
  if (candidates.length <= 1) return candidates[0];
  switch (group.attributes.get("load_balancing.algorithm.type")) {
    case "least_outstanding_requests":
      return leastOutstanding(group, candidates);
    case "weighted_random":
      return candidates[context.chance().int(0, candidates.length - 1)];
    default:
      return roundRobin(context, group, candidates);
  }
}

/** Equal ones take turns, so that idle targets share a slow stream of requests. */
function leastOutstanding(group: TargetGroupRecord, candidates: readonly TargetRecord[]): TargetRecord {
  const start = group.cursor;
  group.cursor = (group.cursor + 1) % candidates.length;
  let least = candidates[start % candidates.length] as TargetRecord;
  for (let step = 1; step < candidates.length; step += 1) {
    const other = candidates[(start + step) % candidates.length] as TargetRecord;
    if (other.open < least.open) least = other;
  }
  return least;
}

/** A target in slow start lets a part of its turns pass. */
function roundRobin(
  context: ElbContext,
  group: TargetGroupRecord,
  candidates: readonly TargetRecord[],
): TargetRecord {
  const now = context.kernel.now();
  let last = candidates[0] as TargetRecord;
  for (let turn = 0; turn < candidates.length; turn += 1) {
    group.cursor = (group.cursor + 1) % candidates.length;
    last = candidates[group.cursor] as TargetRecord;
    if (last.rampFrom === undefined || context.chance().chance(share(last, now))) return last;
  }
  return last;
}
