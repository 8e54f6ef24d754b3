// ECS replaces the tasks at its own pace: nothing is weighed, the progress is mirrored, and what is bad is
// stopped, with or without a load balancer. Calls: each look deployment 1; once service 1, revisions 1, rule 1;
// start service 1 and UpdateService 2; stop 1.

import { reason } from "../../../base/reasons.ts";
import { millis } from "../../../base/time.ts";
import type { ServiceView } from "../../../contracts/rollout-views.ts";
import type { Driver, DriverInput, Steering } from "../driver.ts";
import { shortName } from "../tasks-failing.ts";
import { mirrored, withMirroredPlaces } from "./mirror.ts";
import { stopOrWait } from "./native-back.ts";
import { during, isSteering, lookAt } from "./native-deployment.ts";
import { overtaken } from "./overtaken.ts";
import {
  acting,
  blocked,
  FIELDS,
  impossible,
  isSameDefinition,
  lacking,
  proposal,
  reached,
  seen,
} from "./steering.ts";

/** No hook of ours: nothing to time out. */
const NO_PAUSE_MS = millis(0);

export const rolling: Driver = {
  steer(input, wish) {
    const { rollout } = input;
    if (rollout.deploymentArn === undefined) {
      const found = unknownDeployment(input, wish.kind === "rolled-back");
      if (found !== undefined) return found;
    }
    const view = lookAt(input);
    if (isSteering(view)) return view;
    if (wish.kind === "rolled-back") return during(stopOrWait(input, view), view, rollout);
    if (wish.kind === "header-route") {
      const text =
        "A rolling deployment has one target group for both revisions: no header route can tell them apart.";
      return impossible(reason("no-header-route", text));
    }
    return withMirroredPlaces(input, view, (known) => mirrored(known, view, wish));
  },
};

/** undefined: the service is asked for the target, its newest deployment is the one. */
function unknownDeployment(input: DriverInput, goesBack: boolean): Steering | undefined {
  const lack = lacking(input, "service");
  if (lack !== undefined) return lack;
  const service = seen(input.observation.service);
  if (service === undefined) return blocked(input, reason("service-unknown", "The service is not known."));
  if (isSameDefinition(service.taskDefinition, input.rollout.target.taskDefinition)) return undefined;
  if (goesBack)
    return reached({ reasons: [reason("never-started", "ECS was never asked for the new revision.")] });
  return overtaken(input, service) ?? start(input, service);
}

/** As the service is set up: neither strategy nor hooks are touched. */
function start(input: DriverInput, service: ServiceView): Steering {
  const { rollout } = input;
  const { taskDefinition } = rollout.target;
  const act = proposal(rollout, {
    what: "start",
    field: FIELDS.deployment,
    action: {
      type: "start-deployment",
      order: {
        clusterArn: service.clusterArn,
        service: service.name,
        taskDefinition,
        ...(service.currentDeploymentArn === undefined
          ? {}
          : { expectedDeploymentArn: service.currentDeploymentArn }),
        pauseAt: [],
        pauseTimeoutMs: NO_PAUSE_MS,
      },
    },
    why: reason(
      "start-deployment",
      `Starts ${shortName(taskDefinition)} with the service's own ${service.strategy}.`,
    ),
  });
  return acting(input, [act]);
}
