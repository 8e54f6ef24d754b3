// Weights of two or three target groups: what they mean, how they are split, when they are the same. Elastic
// Load Balancing knows only proportions: 1 to 1, 50 to 50 and the 500 to 500 that ECS writes are one thing.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html

import type { GroupHealth } from "../../../contracts/rollout-views.ts";

export type Weights = Readonly<Record<string, number>>;

/** A listener's weights are whole numbers up to 999: shares differ by more than this or not at all. */
const SAME_PERCENT = 0.05;

const usable = (weight: number | undefined): number =>
  weight !== undefined && Number.isFinite(weight) && weight > 0 ? weight : 0;

/** Percent of the traffic that a group gets; 0 where nothing has a weight. */
export function shareOf(weights: Weights, group: string | undefined): number {
  if (group === undefined) return 0;
  const total = Object.values(weights).reduce((sum, weight) => sum + usable(weight), 0);
  return total === 0 ? 0 : (100 * usable(weights[group])) / total;
}

/** Equal in what they do: a group that is not named has 0. */
export const agree = (one: Weights, other: Weights): boolean =>
  Object.keys({ ...one, ...other }).every(
    (group) => Math.abs(shareOf(one, group) - shareOf(other, group)) < SAME_PERCENT,
  );

export interface Groups {
  readonly stable: string;
  readonly candidate: string;
  readonly baseline?: string;
}

/** Whole percents, 0 to 100. Not a number is nothing: the old revision keeps the traffic. */
export const wholePercent = (weight: number): number =>
  Number.isFinite(weight) ? Math.min(100, Math.max(0, Math.round(weight))) : 0;

/**
 * The weights for so many percent on the new revision, whole and 100 in sum. The baseline gets as much as the
 * candidate, so that like is compared with like, and never more than the stable group keeps.
 */
export function split(groups: Groups, weight: number): Weights {
  const candidate = wholePercent(weight);
  const rest = 100 - candidate;
  const baseline = groups.baseline === undefined ? 0 : Math.min(candidate, Math.floor(rest / 2));
  return {
    [groups.stable]: rest - baseline,
    [groups.candidate]: candidate,
    ...(groups.baseline === undefined ? {} : { [groups.baseline]: baseline }),
  };
}

/** So many healthy targets carry the percent of what the service asks for: always rounded up, never none. */
export const neededTargets = (percent: number, requested: number): number =>
  percent <= 0 ? 0 : Math.max(1, Math.ceil((percent * requested) / 100 - 1e-9));

export const healthyIn = (health: readonly GroupHealth[], group: string | undefined): number =>
  health.find(({ targetGroupArn }) => targetGroupArn === group)?.healthy ?? 0;

/** Groups with traffic that are none of the given: somebody else's. */
export const strangersIn = (weights: Weights, groups: readonly (string | undefined)[]): readonly string[] =>
  Object.keys(weights).filter((group) => usable(weights[group]) > 0 && !groups.includes(group));

export const shownWeights = (weights: Weights): string =>
  Object.keys(weights)
    .map((group) => `${groupName(group)} ${Math.round(shareOf(weights, group) * 10) / 10} %`)
    .join(", ");

/** `…:targetgroup/name/id` → `name`. */
export const groupName = (arn: string): string => arn.split("/").at(-2) ?? arn;
