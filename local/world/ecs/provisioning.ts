// Standalone tasks that wait in PROVISIONING for a host: with a capacity provider that ECS scales, RunTask does not
// fail for want of room: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html

import { findProvider } from "./capacity-providers.ts";
import type { EcsContext } from "./context.ts";
import { launchTask, placeWaiting } from "./lifecycle.ts";
import type { ClusterRecord, InstanceRecord, TaskRecord } from "./model.ts";
import type { NoPlace, Place } from "./placement.ts";
import { findPlace, placeWith } from "./placement.ts";
import type { TaskOrder } from "./tasks.ts";
import { PROVISIONING_RETRY_MS } from "./timing.ts";

/** Managed Instances, or an Auto Scaling group with managed scaling. */
function isScaled(context: EcsContext, cluster: ClusterRecord, provider: string): boolean {
  const { managed, autoScaling } = findProvider(context, provider, cluster) ?? {};
  return managed !== undefined || autoScaling?.managedScaling?.status === "ENABLED";
}

/** A place, one that is awaited, or none. */
export function placeOrWait(
  context: EcsContext,
  order: TaskOrder,
  launched: Map<string, number>,
): Place | NoPlace {
  const found = findPlace(context, order, launched);
  const { capacityProvider: provider } = found;
  if (!("failure" in found) || provider === undefined || !isScaled(context, order.cluster, provider))
    return found;
  launched.set(provider, (launched.get(provider) ?? 0) + 1);
  const launchType = order.cluster.managedProviders.has(provider) ? "MANAGED_INSTANCES" : "EC2";
  return { launchType, capacityProvider: provider, isAwaited: true };
}

export interface Awaited {
  readonly place: Place;
  /** Told of the host that was found. */
  placed(instance: InstanceRecord): void;
}

/** "…the tasks will fail to transition beyond the PROVISIONING state" for as long as no host comes. */
export function launchWaiting(context: EcsContext, order: TaskOrder, awaited: Awaited): TaskRecord {
  const task = launchTask(context, order, awaited.place);
  tryLater(context, { task, order, awaited });
  return task;
}

interface Waiting {
  readonly task: TaskRecord;
  readonly order: TaskOrder;
  readonly awaited: Awaited;
}

function tryLater(context: EcsContext, { task, order, awaited }: Waiting): void {
  context.kernel.after(PROVISIONING_RETRY_MS, () => {
    if (task.desiredStatus === "STOPPED") return;
    const place = placeWith(context, order, awaited.place.capacityProvider ?? "");
    if ("failure" in place || place.instance === undefined) {
      tryLater(context, { task, order, awaited });
      return;
    }
    placeWaiting(context, task, { order, place });
    awaited.placed(place.instance);
  });
}
