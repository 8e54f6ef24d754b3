// The scheduler while a service deployment holds the scale of each revision: every one is a service of its own.

import { earliest } from "../../../../shared/base/time.ts";
import type { EcsContext } from "../context.ts";
import { startTasks, stopPlanned } from "../filling.ts";
import type { DeploymentRecord, ServiceRecord } from "../model.ts";
import type { Standing } from "../rolling.ts";
import { planRolling } from "../rolling.ts";
import { changesAt, standingOf } from "../standing.ts";
import { wantedTasks } from "./census.ts";
import { noteHealthyTasks } from "./monitors.ts";

/** Never steady: two revisions run, or one that has failed. */
export function pinnedStep(context: EcsContext, service: ServiceRecord): boolean {
  const standings = standingsByRevision(context, service);
  for (const revision of service.deployments) {
    fill(context, service, { revision, standings: standings.get(revision) ?? [] });
  }
  return false;
}

function standingsByRevision(
  context: EcsContext,
  service: ServiceRecord,
): ReadonlyMap<DeploymentRecord, readonly Standing[]> {
  const grouped = new Map<DeploymentRecord, Standing[]>(service.deployments.map((one) => [one, []]));
  const byId = new Map(service.deployments.map((one) => [one.id, one]));
  let lookAt: ReturnType<typeof changesAt>;
  for (const task of service.tasks) {
    const revision = byId.get(task.deployment?.id ?? "");
    if (task.desiredStatus === "STOPPED" || revision === undefined) continue;
    const standing = standingOf(context, task, true);
    lookAt = earliest(lookAt, changesAt(context, standing));
    grouped.get(revision)?.push(standing);
  }
  if (lookAt !== undefined && lookAt > context.kernel.now()) context.touch(service, lookAt);
  return grouped;
}

/** A failed revision replaces none of its tasks: what it has lost is for the last one that succeeded. */
function passOn(service: ServiceRecord, failed: DeploymentRecord, left: number): void {
  const heir = service.deployments.find(({ rolloutState }) => rolloutState === "COMPLETED");
  if (service.rollout !== undefined || heir === undefined || service.desiredCount === 0) return;
  failed.scale = Math.min(failed.scale, (100 * left) / service.desiredCount);
  heir.scale = Math.max(heir.scale, 100 - failed.scale);
}

function fill(
  context: EcsContext,
  service: ServiceRecord,
  { revision, standings }: { readonly revision: DeploymentRecord; readonly standings: readonly Standing[] },
): void {
  noteHealthyTasks(service, standings);
  if (revision.rolloutState === "FAILED") passOn(service, revision, standings.length);
  const plan = planRolling(standings, {
    desired: wantedTasks(service, revision),
    minimumHealthyPercent: service.configuration.minimumHealthyPercent ?? 100,
    maximumPercent: service.configuration.maximumPercent ?? 200,
  });
  stopPlanned(context, service, plan);
  if (revision.rolloutState !== "FAILED") {
    startTasks(context, { service, workload: revision, count: plan.start });
  }
}
