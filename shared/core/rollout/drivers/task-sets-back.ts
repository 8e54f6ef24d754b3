// Back to the old task set: its capacity first, then the traffic, then the new one goes. The traffic comes back as
// fast as the old set can carry it (argo-rollouts#3372, #4035: all of it to a set that had been shrunk).

import { reason } from "../../../base/reasons.ts";
import { addMs } from "../../../base/time.ts";
import type { Proposal } from "../../../contracts/actions.ts";
import type { GroupHealth, ServiceView, TaskSetView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { routesAway } from "./header-route.ts";
import type { Roles } from "./roles.ts";
import { isSteady, rolesOf } from "./roles.ts";
import type { Route } from "./shift.ts";
import { backToStable, knownShare, nobodyThere, notYetBack, routeOf } from "./shift.ts";
import {
  ABORT_DELAY_MS,
  acting,
  backProposal,
  dueAt,
  FIELDS,
  impossible,
  lacking,
  RECHECK_MS,
  reached,
  seen,
  waiting,
  withLearnt,
} from "./steering.ts";
import { deletionOf, primary, removal, scaleTo } from "./task-set-acts.ts";
import { stabilizing } from "./task-sets-forward.ts";
import { healthyIn, shareOf, split } from "./weights.ts";

/** Calls: service 1, rule 1, health 2 where the old set was shrunk, set-weights 2, scale 1. */
export function setsBack(input: DriverInput): Steering {
  const { rollout, observation } = input;
  if (observation.service === undefined) return lacking(input, "service") ?? reached();
  const service = seen(observation.service);
  const route = routeOf(rollout);
  if (service === undefined) return blindly(input, route);
  const roles = rolesOf(service, rollout);
  const { stable } = roles;
  if (roles.candidate === undefined && roles.baseline === undefined && isWhole(stable))
    return unseen(input, service) ?? gone(input, route);
  if (stable === undefined) {
    const text = "The old task set is gone: there is nothing to go back to.";
    return impossible(reason("stable-gone", text));
  }
  return capacityBack(input, stable, route) ?? primaryBack(input, stable) ?? newAway(input, roles, route);
}

const isWhole = (stable: TaskSetView | undefined): boolean => stable === undefined || stable.scale >= 100;

/** ECS cannot be read. Before the finish the old set was never touched, so the traffic can go back all the same. */
function blindly(input: DriverInput, route: Route | undefined): Steering {
  const { rollout } = input;
  const isUntouched = rollout.weight < 100 && rollout.drainedSince === undefined;
  if (route !== undefined && isUntouched && knownShare(rollout, route) > 0) {
    return acting(input, [backToStable(rollout, route, "All production traffic back to the old task set.")]);
  }
  return lacking(input, "service") ?? reached();
}

/**
 * A set that was made, that nobody deleted and that ECS does not show: the answer may be older than the set, and a
 * set that is forgotten costs its tasks for good (pipecd#4329). Deleted by name: gone is success, there is refused.
 */
function unseen({ rollout, ...input }: DriverInput, { taskSets }: ServiceView): Steering | undefined {
  const { candidate, baseline } = rollout.taskSets;
  const known = [candidate, baseline].filter((arn) => arn !== undefined);
  const missing = known.filter((arn) => taskSets.every((shown) => shown.arn !== arn));
  if (missing.length === 0) return undefined;
  return acting(
    { rollout, ...input },
    missing.map((arn) => deletionOf(rollout, arn)),
  );
}

/** The rule may still give the candidate's group traffic though its set is gone. */
function gone(input: DriverInput, route: Route | undefined): Steering {
  const back = route === undefined ? undefined : trafficBack(input, route, 100);
  if (back !== undefined) return back;
  const why = reason("rolled-back", "The old task set is all there is.");
  return { ...reached({ learnt: { weight: 0 }, reasons: [why] }), proposals: routesAway(input.rollout) };
}

/** undefined: the old set has all its capacity and the traffic. */
function capacityBack(
  input: DriverInput,
  stable: TaskSetView,
  route: Route | undefined,
): Steering | undefined {
  const { rollout } = input;
  const text = `The old task set gets back all of its capacity, ${stable.scale} % now.`;
  const growth =
    stable.scale < 100 ? [scaleTo(rollout, { taskSet: stable, percent: 100, text }, "back")] : [];
  if (route !== undefined && stable.targetGroupArn !== undefined) {
    const wasShrunk = rollout.drainedSince !== undefined && rollout.weight > 0 && !isSteady(stable);
    const isWhole = growth.length === 0 && !wasShrunk;
    return isWhole ? allBack(input, route) : asItCarries(input, { route, stable, growth });
  }
  if (growth.length > 0) return acting(input, growth);
  return isSteady(stable) ? undefined : steadyLater(input, stable);
}

/** As much as it ever carried: but only where somebody is there. */
function allBack(input: DriverInput, route: Route): Steering | undefined {
  const { rule, health } = input.observation;
  if (rule === undefined || health === undefined) return lacking(input, "rule", "health") ?? reached();
  const isBack = rule.ok && shareOf(rule.value.weights, route.stable) >= 100;
  const nobody = isBack ? undefined : nobodyThere(input, route);
  return nobody === undefined ? trafficBack(input, route, 100) : notYetBack(input, nobody);
}

interface Shrunk {
  readonly route: Route;
  readonly stable: TaskSetView;
  readonly growth: readonly Proposal[];
}

function asItCarries(input: DriverInput, { route, stable, growth }: Shrunk): Steering | undefined {
  const lack = lacking(input, "rule", "health");
  if (lack !== undefined && lack.asks.length > 0) return lack;
  const percent = carried(seen(input.observation.health) ?? [], route, stable);
  const back = trafficBack(input, route, percent);
  if (back !== undefined) return { ...back, proposals: [...growth, ...back.proposals] };
  return growth.length > 0 ? acting(input, growth) : undefined;
}

const steadyLater = (input: DriverInput, stable: TaskSetView): Steering =>
  waiting(input, stabilizing(stable), { wakeAt: addMs(input.now, RECHECK_MS) });

/** So many percent the old set's healthy targets carry now; all of it where the new one has none. */
function carried(health: readonly GroupHealth[], route: Route, stable: TaskSetView): number {
  const healthy = healthyIn(health, route.stable);
  if (healthy === 0) return 0;
  if (healthyIn(health, route.candidate) === 0) return 100;
  const whole = stable.scale > 0 ? Math.ceil((stable.computedDesired * 100) / stable.scale) : healthy;
  return whole <= 0 ? 100 : Math.min(100, Math.floor((100 * healthy) / whole));
}

/** undefined: the old group has everything, as the rule says. */
function trafficBack(input: DriverInput, route: Route, percent: number): Steering | undefined {
  const { rollout, observation, now } = input;
  if (observation.rule === undefined) return lacking(input, "rule");
  const rule = seen(observation.rule);
  const share = rule === undefined ? 0 : shareOf(rule.weights, route.stable);
  if (rule !== undefined && share >= 100) return undefined;
  const learnt = { drainedSince: undefined };
  if (percent >= 100) {
    const text = "All production traffic back to the old task set.";
    return acting(input, [backToStable(rollout, route, text), ...routesAway(rollout)], { learnt });
  }
  if (percent <= share) {
    const why = reason("capacity-short", `The old task set carries ${percent} % for now.`, {
      percent,
      share,
    });
    return waiting(input, why, { wakeAt: addMs(now, RECHECK_MS) });
  }
  return acting(input, [partBack(rollout, route, percent)], { learnt });
}

function partBack(rollout: Rollout, route: Route, percent: number): Proposal {
  const { baseline: _none, ...two } = route;
  const weights = {
    ...split(two, 100 - percent),
    ...(route.baseline === undefined ? {} : { [route.baseline]: 0 }),
  };
  return backProposal(rollout, {
    what: `weights-back-${percent}`,
    field: FIELDS.weights(route.rule),
    action: { type: "set-weights", rule: route.rule, weights, stickiness: "off" },
    why: reason("weights-back", `${percent} % back to the old task set: as much as it carries.`, { percent }),
  });
}

function primaryBack(input: DriverInput, stable: TaskSetView): Steering | undefined {
  if (stable.status === "PRIMARY") return undefined;
  return acting(input, [primary(input.rollout, stable, "back")]);
}

/** The traffic is back: the new sets keep their tasks for their last requests, then go. */
function newAway(
  input: DriverInput,
  { candidate, baseline, stable }: Roles,
  route: Route | undefined,
): Steering {
  const { rollout, now } = input;
  const drainedSince = rollout.drainedSince ?? now;
  const weights = route === undefined ? undefined : split(route, 0);
  const learnt: Steering["learnt"] = {
    weight: 0,
    drainedSince,
    ...(weights === undefined ? {} : { weights, asked: weights }),
  };
  const due = rollout.trafficSince === undefined ? now : dueAt(drainedSince, ABORT_DELAY_MS);
  if (now < due) {
    const why = reason("draining", "The new task set answers its last requests before its tasks go.", {
      due,
    });
    return waiting(input, why, { wakeAt: due, learnt });
  }
  const acts = [candidate, baseline].flatMap((one) =>
    one === undefined ? [] : removal(rollout, one, "back"),
  );
  if (acts.length > 0) return acting(input, [...acts, ...routesAway(rollout)], { learnt });
  if (stable !== undefined && !isSteady(stable)) return withLearnt(steadyLater(input, stable), learnt);
  return waiting(input, reason("stopping", "The new tasks stop."), {
    learnt,
    wakeAt: addMs(now, RECHECK_MS),
  });
}
