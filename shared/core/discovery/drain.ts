// Drain before stop: a task that Fairlead itself stops first leaves every registry, then waits until
// clients have forgotten it (DNS TTL plus their cache), and only then gets its StopTask.

import { reason } from "../../base/reasons.ts";
import { addMs, earliest } from "../../base/time.ts";
import type { Proposal } from "../../contracts/actions.ts";
import type { DiscoveryPolicy } from "../../contracts/policy.ts";
import type { DecideInput } from "../capability.ts";
import type { DiscoveryObservation } from "./observation.ts";
import type { Plan } from "./plan.ts";
import type { DiscoveryState, DrainState } from "./state.ts";

type Input = DecideInput<DiscoveryState, DiscoveryObservation, DiscoveryPolicy>;

export function planDrains(
  input: Input,
  learnt: DiscoveryState,
): { readonly plan: Plan; readonly drains: DiscoveryState["drains"] } {
  const drains: Record<string, DrainState> = {};
  let plan: Plan = { proposals: [], reasons: [], wakeAt: undefined };
  for (const [taskId, before] of Object.entries(learnt.drains)) {
    const { outSince, ...rest } = before;
    const drain = isOut(taskId, learnt) ? { ...rest, outSince: outSince ?? input.now } : rest;
    drains[taskId] = drain;
    plan = joined(plan, planDrain(input, taskId, drain));
  }
  return { plan, drains };
}

/** In no registry, and in none on its way in. One that was not listed yet may hold it. */
const isOut = (taskId: string, learnt: DiscoveryState): boolean =>
  Object.values(learnt.registries).every(
    (registry) =>
      registry.listedAt !== undefined &&
      Object.values(registry.instances).every((entry) => entry.taskId !== taskId),
  );

function planDrain({ observation, policy, now }: Input, taskId: string, drain: DrainState): Plan {
  const fact = observation.tasks[taskId]?.fact;
  if (fact === undefined || fact.desiredStatus === "STOPPED")
    return { proposals: [], reasons: [], wakeAt: undefined };
  if (drain.outSince === undefined) {
    const said = reason("draining", `Task ${taskId} leaves discovery before it is stopped.`, { taskId });
    return { proposals: [], reasons: [said], wakeAt: undefined };
  }
  const stopAt = addMs(drain.outSince, policy.drainMs);
  if (stopAt > now) {
    const said = reason("drained", `Task ${taskId} is out; clients forget it until it is stopped.`, {
      taskId,
      stopAt,
    });
    return { proposals: [], reasons: [said], wakeAt: stopAt };
  }
  if (drain.nextTryAt !== undefined && drain.nextTryAt > now) {
    const said = reason("stopping", `ECS was asked to stop task ${taskId}.`, { taskId });
    return { proposals: [], reasons: [said], wakeAt: drain.nextTryAt };
  }
  const by = observation.stops.find((stop) => stop.taskId === taskId)?.by ?? "an operator";
  const proposal: Proposal = {
    id: `discovery/stop/task/${taskId}`,
    capability: "discovery",
    field: `task/${taskId}`,
    action: {
      type: "stop-task",
      clusterArn: fact.clusterArn,
      taskArn: fact.taskArn,
      note: `Fairlead: drained from discovery, stopped for ${by}`,
    },
    reason: reason("stop", `Task ${taskId} is drained: it is stopped for ${by}.`, { taskId, by }),
  };
  return { proposals: [proposal], reasons: [], wakeAt: undefined };
}

const joined = (a: Plan, b: Plan): Plan => ({
  proposals: [...a.proposals, ...b.proposals],
  reasons: [...a.reasons, ...b.reasons],
  wakeAt: earliest(a.wakeAt, b.wakeAt),
});
