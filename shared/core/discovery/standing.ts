// How a task stands towards discovery: from its facts alone to one word and the reason for it.

import type { TaskFact, TaskHealth } from "../../contracts/facts.ts";
import type { RegistryPolicy } from "../../contracts/policy.ts";
import { containerOf } from "./endpoint.ts";
import type { TaskView } from "./observation.ts";

export type Standing =
  /** Belongs into the registry. */
  | "wanted"
  /** Not yet: still starting, or without an address. */
  | "early"
  /** Runs, but has not shown to be healthy where that is asked for. */
  | "unproven"
  /** Runs, was asked to be healthy and is not. */
  | "unhealthy"
  /** Runs, but is on its way out: SIGTERM comes or a host goes. */
  | "leaving"
  /** Nothing answers there any more. */
  | "dead";

export interface Leaving {
  /** Tasks that Fairlead itself will stop once drained. */
  readonly draining: ReadonlySet<string>;
  /** Container instances that drain or are about to be reclaimed. */
  readonly hosts: ReadonlySet<string>;
}

/** The container's own health where one is named, else the task's. */
export function healthOf(view: TaskView, policy: RegistryPolicy): TaskHealth {
  if (policy.container === undefined) return view.fact.health;
  return containerOf(view, policy)?.health ?? "UNKNOWN";
}

/**
 * DEACTIVATING comes before STOPPING and SIGTERM, and `desiredStatus` STOPPED before both:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export function standingOf(view: TaskView, policy: RegistryPolicy, leaving: Leaving): Standing {
  const { fact } = view;
  if (!answers(fact)) return isStarting(fact) ? "early" : "dead";
  if (fact.desiredStatus === "STOPPED" || fact.lastStatus === "DEACTIVATING") return "leaving";
  if (leaving.draining.has(fact.taskId)) return "leaving";
  if (fact.containerInstanceArn !== undefined && leaving.hosts.has(fact.containerInstanceArn))
    return "leaving";
  const container = containerOf(view, policy);
  if (container?.lastStatus === "STOPPED") return "dead";
  if (container === undefined || container.lastStatus !== "RUNNING") return "early";
  return standingByHealth(view, policy);
}

function standingByHealth(view: TaskView, policy: RegistryPolicy): Standing {
  const health = healthOf(view, policy);
  if (health === "UNHEALTHY") return policy.requireHealthy ? "unhealthy" : "wanted";
  return policy.requireHealthy && health !== "HEALTHY" ? "unproven" : "wanted";
}

const isStarting = (fact: TaskFact): boolean =>
  fact.desiredStatus !== "STOPPED" && ["PROVISIONING", "PENDING", "ACTIVATING"].includes(fact.lastStatus);

/** Containers run up to SIGTERM, which is sent in STOPPING. */
const answers = (fact: TaskFact): boolean =>
  fact.lastStatus === "RUNNING" || fact.lastStatus === "DEACTIVATING";

/** What the last-healthy rule protects: something that can still answer, however short. */
export const stillAnswers = (view: TaskView | undefined): boolean =>
  stillRuns(view) && view?.fact.health !== "UNHEALTHY";

/** Up to SIGTERM, healthy or not. */
export const stillRuns = (view: TaskView | undefined): boolean => view !== undefined && answers(view.fact);
