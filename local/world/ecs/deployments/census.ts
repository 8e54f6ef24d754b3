// What a service's revisions have in tasks right now, as far as a step's condition asks for it.

import { assertNever } from "../../../../shared/base/assert.ts";
import type { EcsContext } from "../context.ts";
import type { DeploymentRecord, ServiceRecord, WorkloadRecord } from "../model.ts";
import { isHealthy } from "../standing.ts";
import type { Condition } from "./plan.ts";
import type { ServiceDeploymentRecord } from "./records.ts";

interface Presence {
  /** Not STOPPED yet. */
  present: number;
  /** Meant to run and well. */
  healthy: number;
}

/** How many tasks a revision has while the controller holds the scale of each. */
export function wantedTasks(service: ServiceRecord, revision: DeploymentRecord): number {
  // The scale of a frozen revision is a quotient: its rounding error must not make one task more.
  return Math.ceil((service.desiredCount * revision.scale) / 100 - 1e-6);
}

function census(context: EcsContext, service: ServiceRecord): ReadonlyMap<WorkloadRecord, Presence> {
  const found = new Map<WorkloadRecord, Presence>();
  for (const task of service.tasks) {
    if (task.deployment === undefined) continue;
    const presence = found.get(task.deployment) ?? { present: 0, healthy: 0 };
    found.set(task.deployment, presence);
    presence.present += 1;
    if (task.desiredStatus === "RUNNING" && isHealthy(context, task)) presence.healthy += 1;
  }
  return found;
}

/** Whether a step's condition holds; the tasks are counted once, and only when it matters. */
export function conditionsOf(
  context: EcsContext,
  service: ServiceRecord,
  record: ServiceDeploymentRecord,
): (condition: Condition) => boolean {
  let counted: ReadonlyMap<WorkloadRecord, Presence> | undefined;
  const presences = () => {
    counted ??= census(context, service);
    return counted;
  };
  const isReady = (revision: DeploymentRecord | undefined): boolean =>
    revision === undefined || (presences().get(revision)?.healthy ?? 0) >= wantedTasks(service, revision);
  const onlyHas = (...revisions: readonly (DeploymentRecord | undefined)[]): boolean =>
    [...presences().keys()].every((one) => revisions.some((kept) => kept === one));
  return (condition) => {
    switch (condition) {
      case "none":
        return true;
      case "steady":
        // "The tasks on the source service revision are cleaned up": early-success-criteria.
        return record.steady && onlyHas(record.rollback?.revision ?? record.target);
      case "target-ready":
        return isReady(record.target);
      case "base-ready":
        return isReady(record.base);
      case "only-base":
        return onlyHas(record.base);
      case "only-target":
        return onlyHas(record.target);
      case "only-base-and-target":
        return onlyHas(record.base, record.target);
      case "healthy-enough":
        return (presences().get(record.target)?.healthy ?? 0) >= enoughTasks(service, record);
      default:
        return assertNever(condition);
    }
  };
}

/** Rounded up, and at least one: early-success-criteria. */
function enoughTasks({ desiredCount }: ServiceRecord, { configuration }: ServiceDeploymentRecord): number {
  const percent = configuration.earlySuccessCriteria?.healthyPercent ?? 100;
  return Math.max(Math.ceil((desiredCount * percent) / 100), Math.min(desiredCount, 1));
}
