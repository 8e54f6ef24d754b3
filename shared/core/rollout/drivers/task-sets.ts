// Task sets (EXTERNAL): Fairlead makes them, scales them and weighs them. Capacity before weight when growing,
// weight before capacity when shrinking. Without a load balancer a share of the tasks is the share of the work.
// Calls of a step: service 1 and scale 1; service 1, rule 1, health 2, set-weights 2; a look while tasks start:
// service 1. Creation: service 1, rule 1 (3 where it must be found), create 2.

import { reason } from "../../../base/reasons.ts";
import type { Driver, DriverInput, Steering, Wish } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { steerHeaderRoute } from "./header-route.ts";
import { isKnownToStand } from "./known-weights.ts";
import type { Roles } from "./roles.ts";
import { placesFrom, rolesOf, scaleFor } from "./roles.ts";
import { blocked, lacking, reached, seen, withLearnt } from "./steering.ts";
import { setsBack } from "./task-sets-back.ts";
import { finishSets } from "./task-sets-finish.ts";
import { readySets, weighSets } from "./task-sets-forward.ts";

export const taskSets: Driver = {
  steer(input, wish) {
    if (wish.kind === "rolled-back") return setsBack(input);
    if (isThere(input, wish)) return reached({ reasons: [reason("weights-stand", "The weights stand.")] });
    const lack = lacking(input, "service");
    if (lack !== undefined) return lack;
    const service = seen(input.observation.service);
    if (service === undefined) return blocked(input, reason("service-unknown", "The service is not known."));
    const known = withRoles(input, rolesOf(service, input.rollout));
    if ("standing" in known) return known;
    const { roles, learnt } = known;
    const next: DriverInput = { ...input, rollout: { ...input.rollout, ...learnt } as Rollout };
    const answer = (() => {
      switch (wish.kind) {
        case "ready":
          return readySets(next, roles, wish.scale);
        case "weight":
          return weighSets(next, roles, wish);
        case "header-route":
          return steerHeaderRoute(next, wish);
        case "finished":
          return finishSets(next, roles);
      }
    })();
    return withLearnt(answer, learnt);
  },
};

/** The capacity was there before the weight, and what was written needs no look. */
function isThere(input: DriverInput, wish: Wish): boolean {
  if (wish.kind !== "weight" || input.observation.service !== undefined || input.policy.baseline)
    return false;
  const scale = Math.max(1, wish.scale, scaleFor(wish.weight));
  return input.rollout.scale === Math.min(100, scale) && isKnownToStand(input, wish);
}

interface Known {
  readonly roles: Roles;
  readonly learnt: Steering["learnt"];
}

/** Ids, and once the rule that leads to the old set's group (1 call, 3 where it must be found). */
function withRoles(input: DriverInput, roles: Roles): Known | Steering {
  const { rollout, observation } = input;
  const taskSets = {
    ...rollout.taskSets,
    ...(roles.stable === undefined ? {} : { stable: roles.stable.arn }),
    ...(roles.candidate === undefined ? {} : { candidate: roles.candidate.arn }),
    ...(roles.baseline === undefined ? {} : { baseline: roles.baseline.arn }),
  };
  const isWeighed = roles.stable?.targetGroupArn !== undefined;
  const scale = roles.candidate?.scale ?? rollout.scale;
  if (!isWeighed || rollout.places.candidateGroup !== undefined)
    return { roles, learnt: { taskSets, scale } };
  const lack = lacking(input, "rule");
  if (lack !== undefined) return withLearnt(lack, { taskSets });
  const rule = seen(observation.rule);
  if (rule === undefined)
    return blocked(input, reason("no-rule", "No listener rule leads to the old task set."));
  return {
    roles,
    learnt: {
      taskSets,
      scale,
      places: placesFrom(rollout, roles, { rule, baseline: input.policy.baseline }),
    },
  };
}
