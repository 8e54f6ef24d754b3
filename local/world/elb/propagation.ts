// From a changed rule to the nodes that follow it; and which groups the rules name at all.

import type { Action } from "@aws-sdk/client-elastic-load-balancing-v2";
import { eligibleTargets } from "./choosing.ts";
import type { ElbContext } from "./context.ts";
import { drawDelay } from "./context.ts";
import { refreshGroup } from "./health.ts";
import type { LiveListener } from "./live.ts";
import { compileListener } from "./live.ts";
import type { Meter } from "./meters.ts";
import { NAMESPACES } from "./meters.ts";
import type { ListenerRecord, LoadBalancerRecord, TargetGroupRecord } from "./model.ts";

/** The rules as they stand now, for a listener that nobody uses yet. */
export function compileNow(context: ElbContext, listener: ListenerRecord): LiveListener {
  return compileListener(listener, {
    group: (arn) => context.groups.get(arn),
    meter: groupMeter,
  });
}

/** Requests follow the change later; a later change never arrives before an earlier one. */
export function propagate(context: ElbContext, listener: ListenerRecord): void {
  listener.version += 1;
  const { version } = listener;
  const live = compileNow(context, listener);
  context.kernel.after(drawDelay(context, context.settings.propagation), () => {
    if (listener.liveVersion > version) return;
    listener.live = live;
    listener.liveVersion = version;
  });
  refreshUsage(context);
}

/** A group that no rule names is not in use: its targets are not probed. Known at once, unlike the rules. */
export function refreshUsage(context: ElbContext): void {
  const users = new Map<TargetGroupRecord, Set<LoadBalancerRecord>>();
  for (const { actions, listener } of context.rules.values()) {
    for (const arn of groupArnsOf(actions)) {
      const group = context.groups.get(arn);
      if (group === undefined) continue;
      const known = users.get(group) ?? new Set();
      users.set(group, known.add(listener.balancer));
    }
  }
  for (const group of context.groups.values()) {
    const before = group.usedBy;
    group.usedBy = [...(users.get(group) ?? [])];
    if (before.length > 0 !== group.usedBy.length > 0) refreshGroup(context, group);
  }
}

export function* groupArnsOf(actions: readonly Action[]): Generator<string> {
  for (const { ForwardConfig: forward } of actions) {
    for (const { TargetGroupArn: arn } of forward?.TargetGroups ?? []) if (arn !== undefined) yield arn;
  }
}

function groupMeter(balancer: LoadBalancerRecord, group: TargetGroupRecord): Meter {
  const known = balancer.groupMeters.get(group);
  if (known !== undefined) return known;
  const meter: Meter = {
    namespace: NAMESPACES[balancer.type],
    dimensions: { TargetGroup: group.path, LoadBalancer: balancer.path },
    bucket: undefined,
    targets: () => eligibleTargets(group).length,
  };
  balancer.groupMeters.set(group, meter);
  return meter;
}
