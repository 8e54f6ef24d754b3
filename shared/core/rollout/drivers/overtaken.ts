// A deployment of somebody else that began while ours was wanted but not yet asked for: ECS would stop it for ours.

import { reason } from "../../../base/reasons.ts";
import type { ServiceView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import { ended, lacking, seen } from "./steering.ts";

const UNDER_WAY: ReadonlySet<string> = new Set(["PENDING", "IN_PROGRESS"]);

/** undefined: the service stands where the rollout found it. Calls: deployment 1, and only where it does not. */
export function overtaken(input: DriverInput, service: ServiceView): Steering | undefined {
  const { foundDeployment } = input.rollout;
  const { currentDeploymentArn: current } = service;
  if (current === undefined || current === foundDeployment) return undefined;
  const lack = lacking(input, "deployment");
  if (lack !== undefined) return lack;
  const view = seen(input.observation.deployment);
  // One that has ended is a stale answer, or what stands there now: the writer looks again before it writes.
  if (view === undefined || view.arn === foundDeployment || !UNDER_WAY.has(view.status)) return undefined;
  const text = "Somebody else's deployment began before this one could: it is looked at first.";
  return ended("superseded", reason("overtaken", text, { deployment: view.arn }));
}
