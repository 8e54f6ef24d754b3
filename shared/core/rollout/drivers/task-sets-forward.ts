// The new task set comes to be, grows, and gets its share of the traffic.

import { reason } from "../../../base/reasons.ts";
import { addMs } from "../../../base/time.ts";
import type { Proposal } from "../../../contracts/actions.ts";
import type { TaskSetView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering, Wish } from "../driver.ts";
import type { Roles } from "./roles.ts";
import { baselineId, isSteady, scaleFor } from "./roles.ts";
import { routeOf, shiftTo, shortage } from "./shift.ts";
import {
  acting,
  blocked,
  impossible,
  lacking,
  RECHECK_MS,
  reached,
  seen,
  waiting,
  withLearnt,
} from "./steering.ts";
import { creation, removal, scaleTo } from "./task-set-acts.ts";
import { shareOf, wholePercent } from "./weights.ts";

/** "5 deployments exist on the service": aws-samples/ecs-bg-external-controller#6. */
const MAX_TASK_SETS = 5;

const atLeastOne = (percent: number): number => Math.max(1, wholePercent(percent));

/** The wish is capacity without traffic. */
export function readySets(input: DriverInput, roles: Roles, wishedScale: number): Steering {
  const scale = atLeastOne(Math.max(wishedScale, scaleFor(input.rollout.weight)));
  return standing(input, roles, scale) ?? healthy(input, roles, scale);
}

type Role = "candidate" | "baseline";

/** undefined: the sets stand and are steady. */
function standing(input: DriverInput, roles: Roles, scale: number): Steering | undefined {
  if (roles.service.desiredCount <= 0) {
    return blocked(
      input,
      reason("no-capacity", "The service's desired count is 0: no task can take the share."),
    );
  }
  const cleaning = cleanUp(input, roles);
  if (cleaning !== undefined) return cleaning;
  const needed: readonly Role[] = input.policy.baseline ? ["candidate", "baseline"] : ["candidate"];
  const acts: Proposal[] = [];
  for (const role of needed) {
    const act = stepOf(input, roles, { role, scale });
    if (act !== undefined && "standing" in act) return act;
    if (act !== undefined) acts.push(act);
  }
  if (acts.length > 0) return acting(input, acts);
  const unsteady = needed.map((role) => roles[role]).find((one) => one !== undefined && !isSteady(one));
  if (unsteady === undefined) return undefined;
  return waiting(input, stabilizing(unsteady), { wakeAt: addMs(input.now, RECHECK_MS) });
}

/** What one of the sets still needs. */
function stepOf(input: DriverInput, roles: Roles, wanted: Wanted): Proposal | Steering | undefined {
  const { role, scale } = wanted;
  const taskSet = roles[role];
  if (taskSet === undefined) return created(input, roles, wanted);
  if (taskSet.scale >= scale) return undefined;
  const text = `The ${shownRole(role)} grows from ${taskSet.scale} % to ${scale} % of the capacity.`;
  return scaleTo(input.rollout, { taskSet, percent: scale, text });
}

const shownRole = (role: Role): string =>
  role === "candidate" ? "new task set" : "old version's fresh task set";

export const stabilizing = (taskSet: TaskSetView): ReturnType<typeof reason> =>
  reason(
    "task-set-stabilizing",
    `The task set ${taskSet.externalId ?? taskSet.id} runs ${taskSet.running} of ${taskSet.computedDesired} tasks.`,
    { running: taskSet.running, wanted: taskSet.computedDesired, pending: taskSet.pending },
  );

/** What past rollouts left would share the candidate's group, and counts against the limit. */
function cleanUp(input: DriverInput, roles: Roles): Steering | undefined {
  const { rollout, observation } = input;
  if (roles.leftovers.length === 0 || roles.candidate !== undefined) return undefined;
  const isWeighed = roles.leftovers.some(({ targetGroupArn }) => targetGroupArn !== undefined);
  if (isWeighed && rollout.places.rule !== undefined) {
    const lack = lacking(input, "rule");
    if (lack !== undefined) return lack;
  }
  const weights = seen(observation.rule)?.weights ?? {};
  const busy = roles.leftovers.find(({ targetGroupArn }) => shareOf(weights, targetGroupArn) > 0);
  if (busy !== undefined) {
    const text = `The task set ${busy.externalId ?? busy.id} of an earlier rollout still gets traffic.`;
    return blocked(input, reason("leftover-has-traffic", text));
  }
  const acts = roles.leftovers.flatMap((one) => removal(rollout, one));
  if (acts.length > 0) return acting(input, acts);
  const text = "Task sets of earlier rollouts stop their last tasks.";
  return waiting(input, reason("cleaning-up", text), { wakeAt: addMs(input.now, RECHECK_MS) });
}

interface Wanted {
  readonly role: Role;
  readonly scale: number;
}

function created(input: DriverInput, roles: Roles, { role, scale }: Wanted): Proposal | Steering {
  const { rollout } = input;
  const { stable, service } = roles;
  if (stable === undefined) {
    const text =
      "The service has no task set to take network and launch settings from: the first is made elsewhere.";
    return impossible(reason("no-model", text));
  }
  if (service.taskSets.length >= MAX_TASK_SETS || rollout.trouble?.code === "limit") {
    const text = `The service has ${service.taskSets.length} task sets, and none of them is Fairlead's to remove.`;
    return impossible(
      reason("task-set-limit", text, { taskSets: service.taskSets.length, limit: MAX_TASK_SETS }),
    );
  }
  const { candidateGroup, baselineGroup } = rollout.places;
  const targetGroupArn = role === "candidate" ? candidateGroup : baselineGroup;
  if (stable.targetGroupArn !== undefined && targetGroupArn === undefined) return noGroup(input, role);
  return creation(rollout, roles, {
    externalId: role === "candidate" ? rollout.id : baselineId(rollout),
    taskDefinition: role === "candidate" ? rollout.target.taskDefinition : stable.taskDefinition,
    percent: scale,
    targetGroupArn: stable.targetGroupArn === undefined ? undefined : targetGroupArn,
    text: `The ${shownRole(role)} begins with ${scale} % of the capacity.`,
  });
}

function noGroup(input: DriverInput, role: Role): Steering {
  const need = role === "candidate" ? "second" : "third";
  const text = `The listener rule names no ${need} target group that is free: the ${shownRole(role)} needs one with weight 0.`;
  return blocked(input, reason("no-free-group", text, { need }));
}

/** Steady sets count only with healthy targets, as many as the scale says. */
function healthy(input: DriverInput, roles: Roles, scale: number): Steering {
  const { rollout, observation } = input;
  const { candidateGroup } = rollout.places;
  const requested = roles.service.desiredCount;
  if (candidateGroup !== undefined && roles.candidate?.targetGroupArn !== undefined) {
    const lack = lacking(input, "health");
    if (lack !== undefined) return lack;
    const health = seen(observation.health) ?? [];
    const short = shortage(candidateGroup, { health, percent: scale, requested });
    if (short !== undefined) return blocked(input, short);
  }
  const text = `The new task set is steady at ${scale} % of the capacity.`;
  return reached({ reasons: [reason("ready", text, { scale, running: roles.candidate?.running ?? 0 })] });
}

type WeightWish = Extract<Wish, { kind: "weight" }>;

export function weighSets(input: DriverInput, roles: Roles, wish: WeightWish): Steering {
  const weight = Math.min(wholePercent(wish.weight), 99);
  if (roles.stable?.targetGroupArn === undefined) return shareOut(input, roles, weight);
  const scale = atLeastOne(Math.max(wish.scale, scaleFor(weight), scaleFor(input.rollout.weight)));
  const growing = standing(input, roles, scale);
  if (growing !== undefined) return growing;
  const route = routeOf(input.rollout);
  if (route === undefined) return noGroup(input, "candidate");
  const requested = roles.service.desiredCount;
  const shifted = shiftTo(input, { route, weight, requested });
  if (shifted.standing !== "reached") return shifted;
  return shrunk(input, roles, atLeastOne(Math.max(wish.scale, scaleFor(weight)))) ?? shifted;
}

/** The weight came down first: what is more than both wish and weight need goes. */
function shrunk({ rollout, ...input }: DriverInput, roles: Roles, scale: number): Steering | undefined {
  const larger = [roles.candidate, roles.baseline].filter(
    (one): one is TaskSetView => one !== undefined && one.scale > scale && one.status !== "PRIMARY",
  );
  if (larger.length === 0 || scaleFor(rollout.weight) > scale) return undefined;
  const text = `The weight is down: ${scale} % of the capacity are enough.`;
  const acts = larger.map((taskSet) => scaleTo(rollout, { taskSet, percent: scale, text }));
  return acting({ rollout, ...input }, acts);
}

/**
 * Workers without a load balancer: the share of the tasks is the share of the work. The new set grows first, and
 * only when it is steady the old one gives way, so that there are never fewer workers than asked for.
 */
function shareOut(input: DriverInput, roles: Roles, weight: number): Steering {
  const { rollout, now } = input;
  const grown = standing(input, roles, atLeastOne(weight));
  if (grown !== undefined) return grown;
  const { stable } = roles;
  if (stable === undefined) return impossible(reason("no-model", "The old task set is gone."));
  const rest = 100 - weight;
  if (stable.scale !== rest) {
    const text = `The old task set keeps ${rest} % of the workers.`;
    return acting(input, [scaleTo(rollout, { taskSet: stable, percent: rest, text })]);
  }
  const begins = weight > 0 && rollout.trafficSince === undefined;
  const learnt = { weight, ...(begins ? { trafficSince: now } : {}) };
  if (!isSteady(stable))
    return withLearnt(waiting(input, stabilizing(stable), { wakeAt: addMs(now, RECHECK_MS) }), learnt);
  const text = `${weight} % of the workers are of the new revision.`;
  return reached({ learnt, reasons: [reason("weights-stand", text, { weight })] });
}
