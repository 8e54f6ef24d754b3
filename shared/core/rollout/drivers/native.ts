// ECS deploys; PAUSE hooks give the pace. With `weights: "rule"` the deployment waits at the gate while Fairlead
// writes the listener rule's weights, and ECS writes the last one; with "strategy" every shift is ECS's own and
// each hook one answer. Steps cost: raise = deployment 1, rule 1, health 2, set-weights 2; each shift of ECS =
// deployment 1, health 2, continue 1; finish = deployment 1, health 2, continue 1, and after the delay deployment 1,
// rule 1, continue 1.

import { assertNever } from "../../../base/assert.ts";
import { reason } from "../../../base/reasons.ts";
import { minutes } from "../../../base/time.ts";
import type { DeploymentView } from "../../../contracts/rollout-views.ts";
import type { Driver, DriverInput, Steering, Wish } from "../driver.ts";
import { routesAway, steerHeaderRoute } from "./header-route.ts";
import { goBack, weightsBack } from "./native-back.ts";
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
import { isNews } from "./news.ts";
import type { Route } from "./shift.ts";
import { knownShare, routeOf, shiftTo } from "./shift.ts";
import { blocked, reached, seen, waiting, withLearnt } from "./steering.ts";
import { agree, split, wholePercent } from "./weights.ts";

/** ECS rolls back when nobody answers its hook; our weights must be gone by then. */
const BEFORE_EXPIRY_MS = minutes(5);

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

/** What the last write answered needs no look, unless there is news. */
function isKnownToStand({ rollout, observation }: DriverInput, wish: Wish): boolean {
  if (wish.kind !== "weight" || wish.weight === 0 || rollout.weights === undefined) return false;
  const route = routeOf(rollout);
  const isRead = observation.rule !== undefined || observation.deployment !== undefined;
  const hasNews = observation.facts.some(isNews);
  if (route === undefined || isRead || hasNews) return false;
  return agree(rollout.weights, split(route, wish.weight)) && rollout.weight === wholePercent(wish.weight);
}

function steerForward(
  input: DriverInput,
  view: DeploymentView,
  wish: Exclude<Wish, { kind: "rolled-back" }>,
): Steering {
  const gone = goneBack(input, view);
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
function goneBack(input: DriverInput, view: DeploymentView): Steering | undefined {
  const { rollout } = input;
  const ending = endingOf(view);
  const route = routeOf(rollout);
  const isLost = isGoingBack(view) || (ending !== undefined && ending.outcome !== "promoted");
  const expires = expiryOf(input);
  const isStranded = isLost || expires;
  if (isStranded && route !== undefined && rollout.weight < 100 && knownShare(rollout, route) > 0) {
    return weightsBack(input, route);
  }
  if (ending !== undefined) {
    const learnt = { weight: ending.outcome === "promoted" ? 100 : 0 };
    return endedBy(ending, { learnt, proposals: routesAway(rollout) });
  }
  if (isGoingBack(view))
    return waiting(input, reason("ecs-rolls-back", "ECS goes back by itself.", { status: view.status }));
  if (!expires) return undefined;
  const text = "ECS's hook expires within minutes and then rolls back: no weight is written any more.";
  return blocked(input, reason("hook-expires", text));
}

function expiryOf({ rollout, now, observation }: DriverInput): boolean {
  const view = seen(observation.deployment);
  const expiresAt =
    (view === undefined ? undefined : waitingHook(view))?.expiresAt ?? rollout.openHook?.expiresAt;
  return expiresAt !== undefined && now >= expiresAt - BEFORE_EXPIRY_MS;
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

function learntWeight({ rollout, now }: DriverInput, weight: number): Steering["learnt"] {
  const route = routeOf(rollout);
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
