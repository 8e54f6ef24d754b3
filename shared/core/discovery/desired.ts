// Which instances belong into one registry, from tasks and policy: the target that `plan` steers to.

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { RegistryPolicy } from "../../contracts/policy.ts";
import { needsTags, renderAttributes } from "./attributes.ts";
import { endpointOf } from "./endpoint.ts";
import type { DiscoveryObservation, TaskView } from "./observation.ts";
import type { Leaving, Standing } from "./standing.ts";
import { healthOf, standingOf } from "./standing.ts";

export interface Candidate {
  readonly instanceId: string;
  readonly taskId: string;
  readonly standing: Standing;
  /** Present when the instance may be registered. */
  readonly target?: {
    readonly attributes: Readonly<Record<string, string>>;
    readonly hash: string;
    readonly health: "HEALTHY" | "UNHEALTHY";
  };
}

export interface Desired {
  readonly candidates: Readonly<Record<string, Candidate>>;
  readonly problems: readonly Reason[];
}

/**
 * `TASK-PORT`. ECS's own service discovery uses the bare task id, so the suffix also keeps the two apart
 * where both write to one registry. At most 64 characters, hostname-safe: it becomes a label of SRV targets.
 */
export const instanceIdOf = (taskId: string, policy: RegistryPolicy): string =>
  `${taskId}-${policy.portName ?? policy.port ?? "task"}`;

export interface DesiredInput {
  readonly policies: readonly RegistryPolicy[];
  readonly observation: DiscoveryObservation;
  readonly leaving: Leaving;
  readonly owner: string;
}

export function desiredInstances(input: DesiredInput): Desired {
  const candidates: Record<string, Candidate> = {};
  const problems: Reason[] = [];
  for (const view of Object.values(input.observation.tasks)) {
    for (const policy of input.policies) {
      const { candidate, found } = candidateOf(view, policy, input);
      candidates[candidate.instanceId] = candidate;
      problems.push(...found);
    }
  }
  return { candidates, problems };
}

function candidateOf(
  view: TaskView,
  policy: RegistryPolicy,
  input: DesiredInput,
): { candidate: Candidate; found: readonly Reason[] } {
  const base = { instanceId: instanceIdOf(view.fact.taskId, policy), taskId: view.fact.taskId };
  const standing = standingOf(view, policy, input.leaving);
  if (standing === "early" || standing === "unproven" || standing === "dead") {
    return {
      candidate: { ...base, standing },
      found: standing === "unproven" ? [unproven(view, policy)] : [],
    };
  }
  const endpoint = endpointOf(view, policy);
  if (typeof endpoint === "string") {
    const found = standing === "wanted" ? [unreachable(endpoint, view, policy)] : [];
    return { candidate: { ...base, standing: standing === "wanted" ? "early" : standing }, found };
  }
  const rendered = renderAttributes({ view, policy, endpoint, owner: input.owner });
  const health = healthOf(view, policy) === "UNHEALTHY" ? "UNHEALTHY" : "HEALTHY";
  const target = { attributes: rendered.attributes, hash: rendered.hash, health } as const;
  const untagged = needsTags(policy) && view.fact.tags === undefined ? [tagsUnknown(view)] : [];
  return { candidate: { ...base, standing, target }, found: [...rendered.problems, ...untagged] };
}

function unproven({ fact }: TaskView, policy: RegistryPolicy): Reason {
  const what = policy.container === undefined ? "it" : `its container ${policy.container}`;
  return reason("unproven", `Task ${fact.taskId} runs, but ${what} has not shown to be HEALTHY.`, {
    taskId: fact.taskId,
  });
}

const tagsUnknown = ({ fact }: TaskView): Reason =>
  reason("tags-unknown", `The tags of task ${fact.taskId} could not be read yet.`, { taskId: fact.taskId });

function unreachable(code: string, view: TaskView, policy: RegistryPolicy): Reason {
  const what =
    code === "port-unknown"
      ? `has no binding for container port ${policy.port}`
      : `has no ${policy.address} address yet`;
  return reason(code, `Task ${view.fact.taskId} ${what}.`, { taskId: view.fact.taskId });
}
