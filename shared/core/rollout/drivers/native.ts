// ECS deploys; PAUSE hooks give the pace. With `weights: "rule"` the deployment waits at the gate while Fairlead
// writes the listener rule's weights, and ECS writes the last one; with "strategy" every shift is ECS's own and
// each hook one answer. Steps cost: raise = deployment 1, rule 1, health 2, set-weights 2; each shift of ECS =
// deployment 1, health 2, continue 1; finish = deployment 1, health 2, continue 1, and after the delay deployment 1,
// rule 1, continue 1.

import { assertNever } from "../../../base/assert.ts";
import { reason } from "../../../base/reasons.ts";
import type { DeploymentView } from "../../../contracts/rollout-views.ts";
import type { Driver, DriverInput, Steering, Wish } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { routesAway, steerHeaderRoute } from "./header-route.ts";
import { isExpiring, isKnownToStand } from "./known-weights.ts";
import { goBack, stopOrWait, weightsBackNow } from "./native-back.ts";
import type { Ending } from "./native-deployment.ts";
import {
  during,
  endedBy,
  endingOf,
  isGoingBack,
  isSteering,
  lookAt,
  standOf,
  waitingHook,
} from "./native-deployment.ts";
import { finishAt, shiftOn, stillDraining } from "./native-finish.ts";
import { nextWeightOf } from "./native-plan.ts";
import { readyAt, startOrFind, working } from "./native-ready.ts";
import type { Route } from "./shift.ts";
import { knownShare, routeOf, shiftTo } from "./shift.ts";
import { blocked, reached, seen, waiting, withLearnt } from "./steering.ts";
import { split, wholePercent } from "./weights.ts";

export const native: Driver = {
  steer(input, wish) {
    if (wish.kind === "rolled-back") return goBack(input);
    if (isKnownToStand(input, wish))
      return reached({ reasons: [reason("weights-stand", "The weights stand.")] });
    if (input.rollout.deploymentArn === undefined) return startOrFind(input);
    const draining = wish.kind === "finished" ? stillDraining(input) : undefined;
    if (draining !== undefined) return draining;
    const view = lookAt(input);
    if (isSteering(view)) return view;
    return during(steerForward(input, view, wish), view, input.rollout);
  },
};

function steerForward(
  input: DriverInput,
  view: DeploymentView,
  wish: Exclude<Wish, { kind: "rolled-back" }>,
): Steering {
  const gone = goneBack(input, view, wish);
  if (gone !== undefined) return gone;
  switch (wish.kind) {
    case "ready":
      return readyAt(input, view);
    case "weight":
      return weightAt(input, view, wish.weight);
    case "header-route":
      return steerHeaderRoute(input, wish);
    case "finished":
      return finishAt(input, view);
    default:
      return assertNever(wish);
  }
}

/** Alarms, the circuit breaker, an operator or a newer deployment ended it: our weights go back at once. */
function goneBack(input: DriverInput, view: DeploymentView, { kind }: Wish): Steering | undefined {
  const { rollout } = input;
  const ending = endingOf(view);
  const route = routeOf(rollout);
  const isLost = isGoingBack(view) || (ending !== undefined && ending.outcome !== "promoted");
  // An answer that is given now is in time; a hold gives none.
  const isAnswered = kind !== "weight" && kind !== "header-route" && rollout.hold === undefined;
  const expires = !isAnswered && expiryOf(input);
  const isStranded = isLost || expires;
  const runsAway = expires && !isLost && isHeldOpen(rollout, view);
  if (isStranded && route !== undefined && rollout.weight < 100 && knownShare(rollout, route) > 0) {
    return runsAway ? stoppedToo(input, view, route) : weightsBackNow(input, route);
  }
  if (ending !== undefined) return overBy(ending, rollout);
  if (isGoingBack(view))
    return waiting(input, reason("ecs-rolls-back", "ECS goes back by itself.", { status: view.status }));
  if (!expires) return undefined;
  if (runsAway) return stopOrWait(input, view);
  const text =
    "ECS's hook expires within minutes and is then answered by ECS: no weight is written any more.";
  return blocked(input, reason(EXPIRES, text));
}

const overBy = (ending: Ending, rollout: Rollout): Steering =>
  endedBy(ending, {
    learnt: { weight: ending.outcome === "promoted" ? 100 : 0 },
    proposals: routesAway(rollout),
  });

/** Both in one pass, in this order: no minute is left for two. */
function stoppedToo(input: DriverInput, view: DeploymentView, route: Route): Steering {
  const back = weightsBackNow(input, route);
  if (back.asks.length > 0) return back;
  return { ...back, proposals: [...back.proposals, ...stopOrWait(input, view).proposals] };
}

/**
 * Somebody's own hook goes on by itself when its time is over: what is held at the gate would get everything without
 * the word or the verdict it waits for. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html
 */
const isHeldOpen = ({ hold }: Rollout, view: DeploymentView): boolean =>
  hold !== undefined &&
  hold.code !== EXPIRES &&
  standOf(view) === "gate" &&
  waitingHook(view)?.timeoutAction === "CONTINUE";

const EXPIRES = "hook-expires";

function expiryOf({ rollout, now, observation }: DriverInput): boolean {
  const view = seen(observation.deployment);
  const expiresAt =
    (view === undefined ? undefined : waitingHook(view))?.expiresAt ?? rollout.openHook?.expiresAt;
  return isExpiring(expiresAt, now);
}

function weightAt(input: DriverInput, view: DeploymentView, wished: number): Steering {
  const weight = wholePercent(wished);
  const stand = standOf(view);
  if (stand === "after" || stand === "late") return movedOn(input, view);
  if (stand !== "gate" || waitingHook(view) === undefined) return waiting(input, working(view));
  const route = ruleMode(input, view);
  if (route === undefined) return byStrategy(input, view, weight);
  const requested = Math.max(1, view.target?.requested ?? 1);
  return shiftTo(input, { route, weight: Math.min(weight, 99), requested });
}

/** Only while ECS believes that nothing has moved are the weights ours. */
function ruleMode({ rollout, policy }: DriverInput, view: DeploymentView): Route | undefined {
  const isOurs =
    policy.weights === "rule" && view.strategy === "BLUE_GREEN" && rollout.places.otherRules === undefined;
  return isOurs && (view.target?.productionWeight ?? 0) === 0 ? routeOf(rollout) : undefined;
}

/** Somebody answered the hook elsewhere: more than was wished has come about. */
const movedOn = (input: DriverInput, view: DeploymentView): Steering => {
  const weight = Math.round(view.target?.productionWeight ?? 100);
  const text = `ECS has moved ${weight} % already: its hook was answered elsewhere.`;
  return reached({ learnt: learntWeight(input, weight), reasons: [reason("moved-on", text, { weight })] });
};

/** Weights that are not ours to write are not remembered as ours: the way back is ECS's own. */
function learntWeight({ rollout, policy, now }: DriverInput, weight: number): Steering["learnt"] {
  const route = policy.weights === "rule" ? routeOf(rollout) : undefined;
  const weights = route === undefined ? undefined : split(route, weight);
  const begins = weight > 0 && rollout.trafficSince === undefined;
  return {
    weight,
    ...(weights === undefined ? {} : { weights, asked: weights }),
    ...(begins ? { trafficSince: now } : {}),
  };
}

/** ECS's own shifts, one answer for each, until it has moved enough; the one to 100 % belongs to the finish. */
function byStrategy(input: DriverInput, view: DeploymentView, weight: number): Steering {
  const present = view.target?.productionWeight ?? 0;
  const learnt = learntWeight(input, Math.round(present));
  if (present >= weight) {
    const text = `ECS has moved ${present} % to the new revision.`;
    return reached({ learnt, reasons: [reason("weights-stand", text, { present, wished: weight })] });
  }
  const next = nextWeightOf(view);
  if (next >= 100) {
    const text = `ECS's next shift is to 100 %: the new revision keeps ${present} % until then.`;
    const inputs = { present, wished: weight };
    return reached({ learnt, reasons: [reason("weight-not-expressible", text, inputs)] });
  }
  return withLearnt(shiftOn(input, view, next), learnt);
}
