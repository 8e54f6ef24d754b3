// Everything to the new revision: ECS writes the last weight, the old tasks stay for the delay behind the PAUSE
// hook after the shift, then ECS takes them away.

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import { seconds } from "../../../base/time.ts";
import type { DeploymentView, RuleView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Drain } from "./drain.ts";
import { drainOf } from "./drain.ts";
import { routesAway } from "./header-route.ts";
import { standOf, waitingHook } from "./native-deployment.ts";
import { AFTER, nextWeightOf } from "./native-plan.ts";
import { goOn, isEmpty, working } from "./native-ready.ts";
import { isNews } from "./news.ts";
import type { Route } from "./shift.ts";
import { routeOf, shortage } from "./shift.ts";
import { acting, blocked, dueAt, FIELDS, lacking, proposal, seen, waiting, withLearnt } from "./steering.ts";
import { groupName, shareOf, shownWeights, split } from "./weights.ts";

const SOON_MS = seconds(1);

export function finishAt(input: DriverInput, view: DeploymentView): Steering {
  const hook = waitingHook(view);
  switch (standOf(view)) {
    case "gate":
      return shiftOn(input, view, nextWeightOf(view));
    case "after":
      return hook === undefined ? waiting(input, working(view)) : whileOldStands(input, view, hook.hookId);
    case "late":
      return waiting(input, working(view), { learnt: { weight: 100 } });
    case "early":
    case "shifting":
    case "unknown":
      return waiting(input, working(view));
  }
}

/** One shift of ECS: only to capacity that carries it. Reads both groups' health where there are any (2). */
export function shiftOn(input: DriverInput, view: DeploymentView, percent: number): Steering {
  const hook = waitingHook(view);
  if (hook === undefined) return waiting(input, working(view));
  const { candidateGroup } = input.rollout.places;
  if (isEmpty(view)) return acting(input, [goOn(input, view, hook.hookId)]);
  const requested = Math.max(1, view.target?.requested ?? 1);
  if (candidateGroup !== undefined) {
    const lack = lacking(input, "health");
    if (lack !== undefined) return lack;
    const health = seen(input.observation.health) ?? [];
    const short = shortage(candidateGroup, { health, percent, requested });
    if (short !== undefined) return blocked(input, short);
  } else if ((view.target?.running ?? 0) < requested) {
    const text = `${view.target?.running ?? 0} of ${requested} tasks run.`;
    return blocked(input, reason("capacity-short", text, { requested, percent }));
  }
  return acting(input, [goOn(input, view, hook.hookId)]);
}

/** The delay runs and nothing is new: no look at all. */
export function stillDraining(input: DriverInput): Steering | undefined {
  const { rollout, observation } = input;
  const { drainedSince, openHook } = rollout;
  if (drainedSince === undefined || openHook?.stage !== AFTER) return undefined;
  if (observation.deployment !== undefined || observation.facts.some(isNews)) return undefined;
  const drain = drainOf(input, drainedSince);
  if (drain.isOver || contradicts(drain)) return undefined;
  return waiting(input, drain.why, { wakeAt: drain.until });
}

/** Requests where no weight is: clients with a cookie, or somebody wrote the rule. The rule itself says which. */
const contradicts = ({ why }: Drain): boolean => why.code === "requests-left";

function whileOldStands(input: DriverInput, view: DeploymentView, hookId: string): Steering {
  const { rollout, now } = input;
  const { drainedSince } = rollout;
  const route = routeOf(rollout);
  const learnt = allLearnt(input, route);
  const drain = drainOf(input, drainedSince ?? now);
  const isOver = drainedSince !== undefined && drain.isOver;
  // Weight 0 of the old group is read from the rule itself: at the delay's begin, at its end, and where requests deny it.
  const isRead = drainedSince === undefined || isOver || contradicts(drain);
  const back = isRead ? stillOld(input, route) : undefined;
  if (back !== undefined) {
    const isAsking = back.asks.length > 0;
    return withLearnt(back, isAsking ? learnt : { ...learnt, drainedSince: undefined });
  }
  if (isOver) {
    return withLearnt(acting(input, [goOn(input, view, hookId), ...routesAway(rollout)]), learnt);
  }
  const wakeAt = drain.isOver ? dueAt(now, SOON_MS) : drain.until;
  return waiting(input, drain.why, {
    wakeAt,
    learnt: { ...learnt, drainedSince: drainedSince ?? now },
  });
}

function allLearnt({ rollout, policy, now }: DriverInput, route: Route | undefined): Steering["learnt"] {
  const isOurs = route !== undefined && policy.weights === "rule";
  return {
    weight: 100,
    ...(isOurs ? { weights: split(route, 100), asked: split(route, 100) } : {}),
    ...(rollout.trafficSince === undefined ? { trafficSince: now } : {}),
  };
}

/** Somebody gave the old group traffic again: it must not go. undefined: it has none, as the rule itself says. */
function stillOld(input: DriverInput, route: Route | undefined): Steering | undefined {
  if (input.rollout.places.rule === undefined) return undefined;
  const lack = lacking(input, "rule");
  if (lack !== undefined) return lack;
  const rule = seen(input.observation.rule);
  if (rule === undefined || route === undefined) return undefined;
  const old = shareOf(rule.weights, route.stable);
  if (old === 0) return undefined;
  const text = `${groupName(route.stable)} still gets ${Math.round(old)} % (${shownWeights(rule.weights)}): the old tasks stay.`;
  const why = reason("weights-drifted", text, { old });
  return input.policy.onDrift === "hold" ? blocked(input, why) : repaired(input, { route, rule, why });
}

interface Stray {
  readonly route: Route;
  readonly rule: RuleView;
  readonly why: Reason;
}

function repaired(input: DriverInput, { route, rule, why }: Stray): Steering {
  const lack = lacking(input, "health");
  if (lack !== undefined) return lack;
  const health = seen(input.observation.health) ?? [];
  const short = shortage(route.candidate, { health, percent: 100, requested: 1 });
  if (short !== undefined) return blocked(input, short);
  const act = proposal(input.rollout, {
    what: "repair-100",
    field: FIELDS.weights(route.rule),
    action: {
      type: "set-weights",
      rule: route.rule,
      weights: split(route, 100),
      expected: rule.weights,
      stickiness: "keep",
    },
    why: reason("weights-repaired", `${why.text} Written again: everything to the new revision.`),
  });
  return acting(input, [act]);
}
