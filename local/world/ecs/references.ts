// From what tests and demos write to records, whatever cluster they are in.

import { arnName } from "../../../shared/base/arn.ts";
import { AppError } from "../../../shared/base/errors.ts";
import type { EcsContext } from "./context.ts";
import type { InstanceRecord, TaskRecord } from "./model.ts";

/** A task's id or ARN. */
export function taskAnywhere(context: EcsContext, reference: string): TaskRecord {
  for (const cluster of context.clusters.values()) {
    const task = cluster.taskById.get(arnName(reference));
    if (task !== undefined) return task;
  }
  throw new AppError("input", `there is no task ${reference}`);
}

/** A container instance's id or ARN, or a host's id. */
export function instanceAnywhere(context: EcsContext, reference: string): InstanceRecord {
  const host = context.hosts.get(reference);
  if (host !== undefined) return host;
  for (const cluster of context.clusters.values()) {
    const instance = cluster.instanceById.get(arnName(reference));
    if (instance !== undefined) return instance;
  }
  throw new AppError("input", `there is no container instance ${reference}`);
}
