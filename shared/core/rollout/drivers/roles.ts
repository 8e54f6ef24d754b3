// Which task set is which: the old one, the new one, the old version's fresh twin, and what past rollouts left.

import type { RuleView, ServiceView, TaskSetView } from "../../../contracts/rollout-views.ts";
import type { Places, Rollout } from "../state.ts";
import { isSameDefinition } from "./steering.ts";
import { shareOf } from "./weights.ts";

export interface Roles {
  readonly service: ServiceView;
  readonly stable: TaskSetView | undefined;
  readonly candidate: TaskSetView | undefined;
  readonly baseline: TaskSetView | undefined;
  /** Of ours, from rollouts that are over. */
  readonly leftovers: readonly TaskSetView[];
  /** Neither ours nor one that this rollout is about. */
  readonly strangers: readonly TaskSetView[];
}

export const baselineId = (rollout: Rollout): string => `${rollout.id}-baseline`;

/** What Fairlead calls its own: `r-` and eight hex digits, the baseline with its suffix. */
const OURS = /^r-[0-9a-f]{8}(?:-baseline)?$/;

/** DRAINING: deleted, its last tasks are stopping. */
const isAlive = ({ status }: TaskSetView): boolean => status !== "DRAINING";

export function rolesOf(service: ServiceView, rollout: Rollout): Roles {
  const sets = service.taskSets.filter(isAlive);
  const candidate = sets.find(({ externalId }) => externalId === rollout.id);
  const baseline = sets.find(({ externalId }) => externalId === baselineId(rollout));
  const others = sets.filter((one) => one !== candidate && one !== baseline);
  const stable = stableOf(others, rollout);
  const rest = others.filter((one) => one !== stable && one.status !== "PRIMARY");
  const leftovers = rest.filter(({ externalId }) => externalId !== undefined && OURS.test(externalId));
  return {
    service,
    stable,
    candidate,
    baseline,
    leftovers,
    strangers: rest.filter((one) => !leftovers.includes(one)),
  };
}

/** The one that is remembered, else the primary, else the largest of the source's definition. */
function stableOf(sets: readonly TaskSetView[], { taskSets, source }: Rollout): TaskSetView | undefined {
  const remembered = sets.find(({ arn }) => arn === taskSets.stable);
  if (remembered !== undefined || taskSets.stable !== undefined) return remembered;
  const primary = sets.find(({ status }) => status === "PRIMARY");
  if (primary !== undefined) return primary;
  return sets
    .filter((one) => one.scale > 0 && isSameDefinition(one.taskDefinition, source.taskDefinition))
    .sort((one, other) => other.scale - one.scale)[0];
}

/** Runs what it was asked for, and ECS has seen all of it well. */
export const isSteady = ({ stability, running, pending, computedDesired }: TaskSetView): boolean =>
  stability === "STEADY_STATE" && running === computedDesired && pending === 0;

/**
 * Capacity a fifth above the share of the traffic, so that a skewed balance or one lost task overloads nobody.
 * ECS rounds the count up: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html
 */
const MARGIN = 0.2;

export const scaleFor = (weight: number): number =>
  weight <= 0 ? 0 : Math.min(100, Math.ceil(weight * (1 + MARGIN) - 1e-9));

/**
 * The groups of a rule that a new task set may have: without traffic, and with nobody's tasks in them. The
 * order of the rule decides, so that the choice is the same every time.
 */
function freeGroups(rule: RuleView, { stable, leftovers, strangers }: Roles): readonly string[] {
  const taken = [stable, ...leftovers, ...strangers].map((one) => one?.targetGroupArn);
  return Object.keys(rule.weights).filter(
    (group) => !taken.includes(group) && shareOf(rule.weights, group) === 0,
  );
}

interface RuleUse {
  readonly rule: RuleView;
  /** Whether a third group is wanted. */
  readonly baseline: boolean;
}

export function placesFrom(rollout: Rollout, roles: Roles, { rule, baseline }: RuleUse): Places {
  const [first, second] = freeGroups(rule, roles).filter(
    (group) => group !== roles.candidate?.targetGroupArn && group !== roles.baseline?.targetGroupArn,
  );
  const candidateGroup = roles.candidate?.targetGroupArn ?? rollout.places.candidateGroup ?? first;
  const free = candidateGroup === first ? second : first;
  const baselineGroup = baseline
    ? (roles.baseline?.targetGroupArn ?? rollout.places.baselineGroup ?? free)
    : undefined;
  const stableGroup = roles.stable?.targetGroupArn ?? rollout.places.stableGroup;
  return {
    ...rollout.places,
    rule: rule.arn,
    listener: rule.listenerArn,
    loadBalancer: rule.loadBalancer,
    ...(stableGroup === undefined ? {} : { stableGroup }),
    ...(candidateGroup === undefined ? {} : { candidateGroup }),
    ...(baselineGroup === undefined ? {} : { baselineGroup }),
  };
}
