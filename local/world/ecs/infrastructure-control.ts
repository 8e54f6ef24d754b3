// What tests and demos do to the machines and zones under the tasks.

import type { DurationMs } from "../../../shared/base/time.ts";
import { disconnectAgent, heal, impair, reconnectAgent } from "./agent.ts";
import type { EcsContext } from "./context.ts";
import { loseHost } from "./instances.ts";
import { clusterOf, serviceOf } from "./lookup.ts";
import type { SpotReclaim } from "./maintenance.ts";
import { loseZone, reclaimSpot, reclaimSpotTask, restoreZone, retireTasks } from "./maintenance.ts";
import type { InstanceCheckType, TaskRecord } from "./model.ts";
import { instanceAnywhere, taskAnywhere } from "./references.ts";
import { RETIREMENT_WAIT_MS } from "./timing.ts";

/** One service, or single tasks by id or ARN. */
export type RetiredTasks =
  | { readonly cluster?: string; readonly service: string }
  | { readonly tasks: readonly string[] };

export interface InfrastructureControl {
  /** Fargate Spot: two minutes' notice as `TerminationNotice`, then the stop as `SpotInterruption`. */
  interruptSpot(taskId: string): void;
  /** The same for a share of all FARGATE_SPOT tasks, or of those in one zone; answers their ids. */
  reclaimSpot(reclaim?: SpotReclaim): readonly string[];
  /** `RESOURCE:FARGATE` for the provider `FARGATE` or `FARGATE_SPOT` until set back. */
  setFargateCapacity(provider: "FARGATE" | "FARGATE_SPOT", available: boolean): void;
  /** AWS Health announces the retirement of Fargate tasks; after the wait (7 days) they are replaced or stop. */
  retireTasks(retired: RetiredTasks, waitMs?: DurationMs): void;
  /** Hosts and Fargate tasks of the zone are gone, and nothing is placed there until it is restored. */
  loseZone(availabilityZone: string): void;
  restoreZone(availabilityZone: string): void;
  /** The agent is away: its tasks neither start nor stop; after five minutes the host is impaired. */
  disconnectAgent(reference: string): void;
  reconnectAgent(reference: string): void;
  /** The machine is gone, and EC2 tells ECS soon; nobody does for a host outside AWS. */
  loseHost(reference: string): void;
  /** A health check of the host fails, as an event says; a managed host is then replaced by ECS. */
  impairInstance(reference: string, type: InstanceCheckType, reason?: string): void;
  healInstance(reference: string, type: InstanceCheckType): void;
}

function tasksOf(context: EcsContext, retired: RetiredTasks): readonly TaskRecord[] {
  if ("tasks" in retired) return retired.tasks.map((reference) => taskAnywhere(context, reference));
  return [...serviceOf(clusterOf(context, retired.cluster), retired.service).tasks];
}

export function createInfrastructureControl(context: EcsContext): InfrastructureControl {
  const instanceOf = (reference: string) => instanceAnywhere(context, reference);
  return {
    interruptSpot: (taskId) => reclaimSpotTask(context, taskAnywhere(context, taskId)),
    reclaimSpot: (reclaim = {}) => reclaimSpot(context, reclaim),
    setFargateCapacity: (provider, available) => {
      if (available) context.exhaustedProviders.delete(provider);
      else context.exhaustedProviders.add(provider);
    },
    retireTasks: (retired, waitMs = RETIREMENT_WAIT_MS) =>
      retireTasks(context, tasksOf(context, retired), waitMs),
    loseZone: (zone) => loseZone(context, zone),
    restoreZone: (zone) => restoreZone(context, zone),
    disconnectAgent: (reference) => disconnectAgent(context, instanceOf(reference)),
    reconnectAgent: (reference) => reconnectAgent(context, instanceOf(reference)),
    loseHost: (reference) => loseHost(context, instanceOf(reference)),
    impairInstance: (reference, type, reason = "The health check failed.") =>
      impair(context, instanceOf(reference), { type, reason }),
    healInstance: (reference, type) => heal(context, instanceOf(reference), type),
  };
}
