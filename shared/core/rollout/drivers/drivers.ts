// Which driver moves a service, and why: chosen once when a rollout begins, from what the service is.

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import type { RolloutPolicy } from "../../../contracts/rollout-policy.ts";
import type { HookSetting, ServiceView } from "../../../contracts/rollout-views.ts";
import type { Driver } from "../driver.ts";
import type { DriverName } from "../state.ts";
import { native } from "./native.ts";
import { rolling } from "./rolling.ts";
import { taskSets } from "./task-sets.ts";
import { watch } from "./watch.ts";

const drivers: Readonly<Record<DriverName, Driver>> = { native, "task-sets": taskSets, rolling, watch };

export const driverFor = (name: DriverName): Driver => drivers[name];

interface DriverChoice {
  readonly driver: DriverName;
  readonly reason: Reason;
}

/** `start`: Fairlead sends the UpdateService itself. `adopt`: a deployment of somebody else is under way. */
export type Beginning = "start" | "adopt";

const STAGED: readonly string[] = ["BLUE_GREEN", "LINEAR", "CANARY"];
/** What a wait can hang on: ECS asks here before it moves production traffic, each time. */
const GATE = "PRE_PRODUCTION_TRAFFIC_SHIFT";

const hasGate = (hooks: readonly HookSetting[]): boolean =>
  hooks.some(({ kind, stages }) => kind === "PAUSE" && stages.includes(GATE));

const chosen = (
  driver: DriverName,
  text: string,
  inputs: Readonly<Record<string, string>> = {},
): DriverChoice => ({
  driver,
  reason: reason(`driver-${driver}`, text, inputs),
});

/** The choice for a service as it stands. Nothing unknown is ever acted on. */
export function driverOf(
  service: ServiceView,
  policy: RolloutPolicy,
  beginning: Beginning = "start",
): DriverChoice {
  const { controller, strategy } = service;
  if (policy.dryRun) return chosen("watch", "The rollout is only watched: its policy says dryRun.");
  if (service.isExpress)
    return chosen("watch", "ECS Express Mode deploys this service itself; it is only watched.");
  if (controller === "EXTERNAL")
    return chosen("task-sets", "The service's task sets are Fairlead's to make and to weigh.");
  if (controller !== "ECS") {
    return chosen("watch", `The ${controller} controller deploys this service; it is only watched.`, {
      controller,
    });
  }
  return choiceUnderEcs(service, beginning, { controller, strategy });
}

function choiceUnderEcs(
  service: ServiceView,
  beginning: Beginning,
  inputs: Readonly<Record<string, string>>,
): DriverChoice {
  const { strategy } = service;
  const isStaged = STAGED.includes(strategy);
  // Also without a load balancer (Service Connect, workers): its hooks wait for an answer all the same.
  if (isStaged && hasGate(service.hooks)) {
    return chosen("native", `ECS deploys ${strategy} and its PAUSE hooks give the pace.`, inputs);
  }
  if (service.scheduling === "DAEMON" || service.balancers.length === 0) {
    const text =
      "Without a load balancer there is no traffic to weigh: ECS rolls, Fairlead watches and can stop it.";
    return chosen("rolling", text, inputs);
  }
  if (beginning === "adopt") {
    const text = isStaged
      ? `The ${strategy} deployment has no PAUSE hook at ${GATE}: its pace is its own, Fairlead watches and can stop it.`
      : "ECS rolls, Fairlead watches and can stop it.";
    return chosen("rolling", text, inputs);
  }
  const isAble = service.balancers.some(
    ({ alternateTargetGroupArn, productionRuleArn }) =>
      alternateTargetGroupArn !== undefined && productionRuleArn !== undefined,
  );
  if (isAble)
    return chosen(
      "native",
      "The service has two target groups and a production rule: ECS deploys, PAUSE hooks give the pace.",
      inputs,
    );
  return chosen(
    "rolling",
    "The service has no second target group: ECS rolls, Fairlead watches and can stop it.",
    inputs,
  );
}
