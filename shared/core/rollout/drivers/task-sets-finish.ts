// The end of a good rollout: all capacity, all traffic, the delay, then the old set goes in slices. The rule is
// read again before anything is scaled in, because weights may have been reset meanwhile (aws/aws-cdk#36649).

import { reason } from "../../../base/reasons.ts";
import type { EpochMs } from "../../../base/time.ts";
import { addMs, millis, seconds } from "../../../base/time.ts";
import type { Proposal } from "../../../contracts/actions.ts";
import type { TaskSetView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import { delayOf, drainOf } from "./drain.ts";
import { routesAway } from "./header-route.ts";
import type { Roles } from "./roles.ts";
import { isSteady } from "./roles.ts";
import { routeOf, shiftTo } from "./shift.ts";
import { acting, impossible, RECHECK_MS, reached, waiting, withLearnt } from "./steering.ts";
import { primary, removal, scaleTo } from "./task-set-acts.ts";
import { stabilizing } from "./task-sets-forward.ts";

/** Between two slices: clients of a slice connect anew before the next one goes (containers-roadmap#969). */
const SLICE_EVERY_MS = seconds(60);

/** Tasks without connections stop within seconds. */
const STOPPING_MS = seconds(5);

export function finishSets(input: DriverInput, roles: Roles): Steering {
  const { candidate } = roles;
  if (candidate === undefined) return impossible(reason("candidate-gone", "The new task set is gone."));
  return grown(input, roles, candidate) ?? moved(input, roles) ?? drained(input, roles, candidate);
}

function grown(input: DriverInput, roles: Roles, candidate: TaskSetView): Steering | undefined {
  if (candidate.scale < 100) {
    const text = `The new task set grows from ${candidate.scale} % to all of the capacity.`;
    return acting(input, [scaleTo(input.rollout, { taskSet: candidate, percent: 100, text })]);
  }
  // Once it has everything, a task that is replaced holds nothing up.
  if (isSteady(candidate) || (input.rollout.weight >= 100 && roles.stable === undefined)) return undefined;
  return waiting(input, stabilizing(candidate), { wakeAt: addMs(input.now, RECHECK_MS) });
}

/** undefined: the old groups have weight 0, as the rule itself says in this pass. */
function moved(input: DriverInput, roles: Roles): Steering | undefined {
  const { rollout } = input;
  const route = routeOf(rollout);
  if (route === undefined || oldGroupOf(roles) === undefined) return undefined;
  // Nothing is due before it is drained: no read until then.
  if (rollout.drainedSince !== undefined && !drainOf(input, rollout.drainedSince).isOver) return undefined;
  const shifted = shiftTo(input, { route, weight: 100, requested: roles.service.desiredCount });
  if (shifted.standing === "reached") return undefined;
  return withLearnt(
    shifted,
    rollout.drainedSince === undefined || shifted.asks.length > 0 ? {} : { drainedSince: undefined },
  );
}

const oldGroupOf = ({ stable, baseline }: Roles): string | undefined =>
  stable?.targetGroupArn ?? baseline?.targetGroupArn;

function drained(input: DriverInput, roles: Roles, candidate: TaskSetView): Steering {
  const { rollout, now } = input;
  const drainedSince = rollout.drainedSince ?? now;
  const learnt: Steering["learnt"] = { ...moveLearnt(input, roles), drainedSince };
  const drain = (oldGroupOf(roles) === undefined ? delayOf : drainOf)(input, drainedSince);
  if (!drain.isOver && !isGoing(roles)) return waiting(input, drain.why, { wakeAt: drain.until, learnt });
  if (candidate.status !== "PRIMARY") {
    return acting(input, [primary(rollout, candidate), ...routesAway(rollout)], { learnt });
  }
  // Reads are eventually consistent: while ECS shows the old set as primary as well, it stays as it is.
  if (roles.stable?.status === "PRIMARY" || roles.baseline?.status === "PRIMARY") {
    const why = reason(
      "primary-twice",
      "ECS shows the old task set as the primary one, too: it is not scaled in.",
    );
    return waiting(input, why, { wakeAt: addMs(now, RECHECK_MS), learnt });
  }
  const shrinkingSince = rollout.shrinkingSince ?? now;
  return withLearnt(goneInSlices(input, roles, shrinkingSince), { ...learnt, shrinkingSince });
}

/** Nothing of the old version has a target any more that a request could reach. */
const isGoing = ({ stable, baseline }: Roles): boolean => stable === undefined && baseline === undefined;

function moveLearnt({ rollout }: DriverInput, { stable }: Roles): Steering["learnt"] {
  const route = routeOf(rollout);
  if (route === undefined || stable?.targetGroupArn === undefined) return { weight: 100 };
  const weights = {
    [route.stable]: 0,
    [route.candidate]: 100,
    ...(route.baseline === undefined ? {} : { [route.baseline]: 0 }),
  };
  return { weight: 100, weights, asked: weights };
}

/** A slice a minute; the twin of the old version goes at once. */
function goneInSlices(input: DriverInput, { stable, baseline }: Roles, since: EpochMs): Steering {
  const { rollout } = input;
  const twin = baseline === undefined ? [] : removal(rollout, baseline);
  if (stable !== undefined && stable.scale > 0) return slice(input, stable, { since, twin });
  if (stable !== undefined || baseline !== undefined) {
    return leaving(input, [...twin, ...(stable === undefined ? [] : removal(rollout, stable))]);
  }
  return {
    ...reached({ reasons: [reason("finished", "The new task set is all there is.")] }),
    proposals: routesAway(rollout),
  };
}

interface Slicing {
  readonly since: EpochMs;
  readonly twin: readonly Proposal[];
}

/** By the clock, and never two at once: what was held up does not become a herd. */
function slice(input: DriverInput, stable: TaskSetView, { since, twin }: Slicing): Steering {
  const { rollout, policy, now } = input;
  const slices = Math.max(1, Math.floor(Number.isFinite(policy.drainSlices) ? policy.drainSlices : 1));
  const passed = Math.floor((now - since) / SLICE_EVERY_MS) + 1;
  const byClock = Math.floor(100 - (100 * passed) / slices);
  const percent = Math.max(0, byClock, Math.ceil(stable.scale - 100 / slices));
  const nextAt = addMs(since, millis(passed * SLICE_EVERY_MS));
  if (stable.scale <= percent) {
    const text = `The old task set keeps ${stable.scale} % until the next slice.`;
    return {
      ...waiting(input, reason("draining-in-slices", text), { wakeAt: nextAt }),
      proposals: twin,
    };
  }
  const text = `The old task set shrinks from ${stable.scale} % to ${percent} %, in ${slices} slices.`;
  const act = scaleTo(rollout, { taskSet: stable, percent, text });
  return acting(input, [act, ...twin], { wakeAt: percent === 0 ? addMs(now, STOPPING_MS) : nextAt });
}

function leaving(input: DriverInput, acts: Parameters<typeof acting>[1]): Steering {
  if (acts.length > 0) return acting(input, acts);
  const why = reason("stopping", "The old tasks stop.");
  return waiting(input, why, { wakeAt: addMs(input.now, RECHECK_MS) });
}
