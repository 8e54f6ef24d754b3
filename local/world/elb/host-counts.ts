// HealthyHostCount and UnHealthyHostCount: published each minute, also when no request comes.

import { addMs, epochMs } from "../../../shared/base/time.ts";
import type { ElbContext } from "./context.ts";
import { minuteOf, NAMESPACES, PERIOD_MS } from "./meters.ts";
import type { LoadBalancerRecord, TargetGroupRecord } from "./model.ts";

/** Begins the tick when there is something to count; it ends by itself when nothing is left. */
export function countHosts(context: ElbContext): void {
  if (context.countingHosts || !hasHosts(context)) return;
  context.countingHosts = true;
  const { kernel } = context;
  kernel.at(epochMs(minuteOf(kernel.now()) + PERIOD_MS), () => tick(context));
}

function hasHosts(context: ElbContext): boolean {
  for (const group of context.groups.values()) {
    if (group.usedBy.length > 0 && group.targets.size > 0) return true;
  }
  return false;
}

/** "Reporting criteria: reported if there are registered targets", in the metrics' table. */
function tick(context: ElbContext): void {
  const { kernel } = context;
  const end = minuteOf(kernel.now());
  for (const group of context.groups.values()) {
    if (group.targets.size === 0) continue;
    for (const balancer of group.usedBy) publishCounts(context, { group, balancer, at: end - PERIOD_MS });
  }
  context.countingHosts = false;
  countHosts(context);
}

interface Count {
  readonly group: TargetGroupRecord;
  readonly balancer: LoadBalancerRecord;
  /** The beginning of the minute. */
  readonly at: number;
}

function publishCounts(context: ElbContext, { group, balancer, at }: Count): void {
  let healthy = 0;
  let unhealthy = 0;
  for (const { state } of group.targets.values()) {
    if (state === "healthy") healthy += 1;
    else if (state === "unhealthy") unhealthy += 1;
  }
  const namespace = NAMESPACES[balancer.type];
  const dimensions = { TargetGroup: group.path, LoadBalancer: balancer.path };
  const send = (name: string, value: number): void =>
    context.publish({ namespace, dimensions, name, value, at: epochMs(at) });
  context.kernel.at(addMs(epochMs(at + PERIOD_MS), context.settings.metricLagMs), () => {
    send("HealthyHostCount", healthy);
    send("UnHealthyHostCount", unhealthy);
  });
}
