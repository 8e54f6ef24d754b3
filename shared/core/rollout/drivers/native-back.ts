// Back to the old revision: its traffic first, because ECS knows nothing of weights that Fairlead wrote, then the
// deployment. Native deployments keep the old revision at full capacity until CLEAN_UP.

import { reason } from "../../../base/reasons.ts";
import type { DeploymentView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { routesAway } from "./header-route.ts";
import {
  during,
  endedBy,
  endingOf,
  isGoingBack,
  isOver,
  isOwn,
  isSteering,
  lookAt,
  shortHook,
  standOf,
  waitingHook,
} from "./native-deployment.ts";
import { GATE } from "./native-plan.ts";
import type { Route } from "./shift.ts";
import { backToStable, knownShare, nobodyThere, notYetBack, routeOf } from "./shift.ts";
import {
  ABORT_DELAY_MS,
  acting,
  backProposal,
  dueAt,
  FIELDS,
  isSameDefinition,
  lacking,
  reached,
  seen,
  waiting,
  withLearnt,
} from "./steering.ts";
import { shareOf, split } from "./weights.ts";

/** Calls: rule 1, health 2 and set-weights 2, or none where there never was traffic; deployment 1, stop 1. */
export function goBack(input: DriverInput): Steering {
  const { rollout } = input;
  const route = routeOf(rollout);
  // Weights that only we know go back before anything is asked of ECS, and also when ECS cannot be read.
  if (route !== undefined && hasOwnWeights(rollout, route)) {
    const back = ownWeightsBack(input, route);
    if (back !== undefined) return back;
  }
  if (rollout.deploymentArn === undefined) return neverSeen(input);
  const view = lookAt(input);
  if (isSteering(view)) return view;
  return during(backFrom(input, view), view, rollout);
}

/**
 * ECS has not moved everything yet, so what the candidate has it has from us. A rule that is gone leads nowhere:
 * nothing can be written there any more, and the deployment can still go back.
 */
const hasOwnWeights = (rollout: Rollout, route: Route): boolean =>
  rollout.weight < 100 && knownShare(rollout, route) > 0 && rollout.trouble?.code !== "missing";

/**
 * While the hook at the gate is known to wait, nothing else needs to be known. After it was answered ECS may have
 * moved everything: then its own view decides. undefined: ECS has moved the traffic itself.
 */
function ownWeightsBack(input: DriverInput, route: Route): Steering | undefined {
  const { rollout, observation } = input;
  if (rollout.openHook?.stage === GATE) return weightsBack(input, route);
  if (observation.deployment === undefined) return lacking(input, "deployment");
  const view = seen(observation.deployment);
  const isShifted = (view?.target?.productionWeight ?? 0) > 0;
  return isShifted ? undefined : weightsBack(input, route);
}

/** Only to somebody who answers: reads both groups' health together with the rule. */
function weightsBack(input: DriverInput, route: Route): Steering {
  const { rule, health } = input.observation;
  if (rule === undefined || health === undefined) return lacking(input, "rule", "health") ?? reached();
  const isBack = rule.ok && shareOf(rule.value.weights, route.candidate) === 0;
  const nobody = isBack ? undefined : nobodyThere(input, route);
  return nobody === undefined ? weightsBackNow(input, route) : notYetBack(input, nobody);
}

/** Where ECS goes back by itself nobody is asked: to it the candidate has no traffic, and its tasks go at once. */
export function weightsBackNow(input: DriverInput, route: Route): Steering {
  const { rollout, observation, now } = input;
  if (observation.rule === undefined) return lacking(input, "rule") ?? reached();
  const rule = seen(observation.rule);
  if (rule !== undefined && shareOf(rule.weights, route.candidate) === 0) {
    const weights = split(route, 0);
    const why = reason("weights-back", "All production traffic is on the old revision.", { weight: 0 });
    return acting(input, routesAway(rollout), {
      learnt: { weight: 0, weights, asked: weights, drainedSince: now },
      reasons: [why],
    });
  }
  const text = "All production traffic back to the old revision, before ECS is told.";
  return acting(input, [backToStable(rollout, route, text), ...routesAway(rollout)], {
    learnt: { drainedSince: undefined },
  });
}

/** The start may have happened without an answer. */
function neverSeen(input: DriverInput): Steering {
  const lack = lacking(input, "service");
  if (lack !== undefined) return lack;
  const service = seen(input.observation.service);
  const { target, source } = input.rollout;
  const isAsked = service !== undefined && isSameDefinition(service.taskDefinition, target.taskDefinition);
  if (!isAsked || isSameDefinition(source.taskDefinition, target.taskDefinition)) {
    return reached({ reasons: [reason("never-started", "ECS was never asked for the new revision.")] });
  }
  const newest = seen(input.observation.deployment);
  if (newest !== undefined && isOver(newest) && !isOwn(newest, input.rollout)) {
    return reached({ reasons: [reason("never-started", "ECS has not begun the deployment.")] });
  }
  const view = lookAt(input);
  if (isSteering(view)) return view;
  return during(backFrom(input, view), view, input.rollout);
}

function backFrom(input: DriverInput, view: DeploymentView): Steering {
  const { rollout } = input;
  const ending = endingOf(view);
  if (isOver(view) && ending !== undefined) {
    return endedBy(ending, {
      proposals: routesAway(rollout),
      learnt: { weight: ending.outcome === "promoted" ? 100 : 0 },
    });
  }
  const route = routeOf(rollout);
  const isShifted = (view.target?.productionWeight ?? 0) > 0;
  if (route !== undefined && isShifted && isQuicker(input, view)) {
    const answer = shiftedBack(input, route);
    if (answer !== undefined) return answer;
  }
  if (isGoingBack(view)) {
    const text = "ECS goes back to the old revision.";
    return waiting(input, reason("ecs-rolls-back", text, { status: view.status, stage: view.stage ?? "" }));
  }
  return stopWhenDrained(input, view, isShifted);
}

/**
 * ECS shifts back by itself; our own write is there half a minute sooner. Only where the old tasks stand and the
 * rule is ours to write, and only until ECS begins to go back itself.
 */
const isQuicker = ({ policy }: DriverInput, view: DeploymentView): boolean =>
  policy.weights === "rule" &&
  view.strategy === "BLUE_GREEN" &&
  view.stage !== "CLEAN_UP" &&
  !isGoingBack(view) &&
  standOf(view) !== "shifting" &&
  view.sources.some(({ running }) => running > 0);

/** undefined: the traffic is back. */
function shiftedBack(input: DriverInput, route: Route): Steering | undefined {
  const { rollout, observation } = input;
  if (observation.rule === undefined || observation.health === undefined)
    return lacking(input, "rule", "health");
  const rule = seen(observation.rule);
  const isBack = rule !== undefined && shareOf(rule.weights, route.candidate) === 0;
  // A rule that cannot be read was asked once: ECS's own rollback brings the traffic back too.
  if (isBack || rule === undefined) return undefined;
  const nobody = nobodyThere(input, route);
  if (nobody !== undefined) return notYetBack(input, nobody);
  const text = "All production traffic back to the old revision, while its tasks stand.";
  return acting(input, [backToStable(rollout, route, text), ...routesAway(rollout)]);
}

/** The new revision keeps its tasks until requests on their way to it are answered. */
function stopWhenDrained(input: DriverInput, view: DeploymentView, isShifted: boolean): Steering {
  const { rollout, now } = input;
  const hadOwnTraffic = rollout.trafficSince !== undefined && !isShifted;
  const drainedSince = rollout.drainedSince ?? now;
  const due = hadOwnTraffic ? dueAt(drainedSince, ABORT_DELAY_MS) : now;
  if (now < due) {
    const text = "The new revision answers its last requests before its tasks go.";
    return waiting(input, reason("draining", text, { due }), { wakeAt: due, learnt: { drainedSince } });
  }
  const again = hadOwnTraffic ? strayWeights(input) : undefined;
  if (again !== undefined) return again;
  return acting(input, [stopProposal(rollout, view), ...routesAway(rollout)], { learnt: { drainedSince } });
}

/** The new tasks go next: the rule itself must say that nothing is sent to them (1 call). */
function strayWeights(input: DriverInput): Steering | undefined {
  const { observation, rollout } = input;
  const route = routeOf(rollout);
  if (route === undefined || rollout.trouble?.code === "missing") return undefined;
  if (observation.rule === undefined) return lacking(input, "rule");
  const rule = seen(observation.rule);
  const isClean = rule === undefined || shareOf(rule.weights, route.candidate) === 0;
  return isClean ? undefined : weightsBack(input, route);
}

/** StopServiceDeployment is taken at any moment; where it was refused, the waiting PAUSE hook rolls back as well. */
function stopProposal(rollout: Rollout, view: DeploymentView): ReturnType<typeof backProposal> {
  const hook = waitingHook(view);
  const deploymentArn = view.arn;
  if (rollout.stopRefused === true && hook !== undefined) {
    return backProposal(rollout, {
      what: `rollback-${shortHook(hook.hookId)}`,
      field: FIELDS.deployment,
      action: { type: "continue-deployment", deploymentArn, hookId: hook.hookId, answer: "ROLLBACK" },
      why: reason("roll-back", `The PAUSE hook at ${view.stage ?? "?"} is answered with ROLLBACK.`),
    });
  }
  return backProposal(rollout, {
    what: "stop",
    field: FIELDS.deployment,
    action: { type: "stop-deployment", deploymentArn, how: "ROLLBACK" },
    why: reason("roll-back", "ECS is told to roll the deployment back."),
  });
}

/** For other drivers that can only stop. */
export function stopOrWait(input: DriverInput, view: DeploymentView): Steering {
  const ending = endingOf(view);
  if (ending !== undefined) return endedBy(ending);
  if (isGoingBack(view)) {
    return waiting(
      input,
      reason("ecs-rolls-back", "ECS goes back to the old revision.", { status: view.status }),
    );
  }
  return withLearnt(acting(input, [stopProposal(input.rollout, view)]), {});
}
