// Nothing is ever done: the deployment is somebody else's, and is only followed. Calls: each look deployment 1,
// under other controllers service 1; once service 1, revisions 1, rule 1.

import { reason } from "../../../base/reasons.ts";
import type { ServiceView } from "../../../contracts/rollout-views.ts";
import type { Driver, DriverInput, Steering, Wish } from "../driver.ts";
import { mirrored, withMirroredPlaces } from "./mirror.ts";
import { isSteering, lookAt, waitingHook } from "./native-deployment.ts";
import { ended, isSameDefinition, lacking, reached, seen, waiting } from "./steering.ts";

export const watch: Driver = {
  steer(input, wish) {
    if (wish.kind === "header-route") {
      return reached({
        reasons: [reason("only-watched", "The header route is not set: the rollout is only watched.")],
      });
    }
    const bySets = byTaskSets(input, wish);
    if (bySets !== undefined) return bySets;
    const view = lookAt(input);
    if (isSteering(view)) return view;
    // What would go back is told and followed to its end.
    const answer = withMirroredPlaces(input, view, (known) => mirrored(known, view, wish));
    const hook = waitingHook(view);
    if (hook === undefined || answer.asks.length > 0) return answer;
    const text = `ECS waits in a PAUSE hook at ${view.stage ?? "?"} for whoever set it: Fairlead only watches and answers nothing.`;
    const why = reason("hook-unanswered", text, { hook: hook.hookId });
    return { ...answer, reasons: [...answer.reasons, why] };
  },
};

/** Other controllers have no service deployments: their task sets say where they are. */
function byTaskSets(input: DriverInput, wish: Wish): Steering | undefined {
  if (input.rollout.deploymentArn !== undefined) return undefined;
  const lack = lacking(input, "service");
  if (lack !== undefined) return lack;
  const service = seen(input.observation.service);
  if (service === undefined || service.controller === "ECS") return undefined;
  const weight = shareOfTarget(service, input);
  const isDone =
    isSameDefinition(service.taskDefinition, input.rollout.target.taskDefinition) && weight === 100;
  if (isDone) {
    const text = "The new revision is all there is: its own controller finished.";
    return ended("promoted", reason("watched-to-its-end", text), { learnt: { weight: 100 } });
  }
  const why = reason("progress", `${weight} % of the tasks are of the new revision.`, { weight });
  const isThere = wish.kind === "ready" || (wish.kind === "weight" && weight >= wish.weight);
  return isThere
    ? reached({ learnt: { weight }, reasons: [why] })
    : waiting(input, why, { learnt: { weight } });
}

function shareOfTarget({ taskSets }: ServiceView, { rollout }: DriverInput): number {
  const all = taskSets.reduce((sum, { running }) => sum + running, 0);
  const target = taskSets
    .filter(({ taskDefinition }) => isSameDefinition(taskDefinition, rollout.target.taskDefinition))
    .reduce((sum, { running }) => sum + running, 0);
  return all === 0 ? 0 : Math.floor((100 * target) / all);
}
