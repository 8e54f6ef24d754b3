// One write of a rule's weights, forward or back: what must be true before it, and what it looks like.

import type { Reason } from "../../../base/reasons.ts";
import { counted, reason } from "../../../base/reasons.ts";
import { addMs, seconds } from "../../../base/time.ts";
import type { Proposal } from "../../../contracts/actions.ts";
import type { GroupHealth, RuleView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Rollout } from "../state.ts";
import {
  acting,
  backProposal,
  blocked,
  FIELDS,
  impossible,
  lacking,
  proposal,
  reached,
  seen,
} from "./steering.ts";
import type { Groups, Weights } from "./weights.ts";
import {
  agree,
  groupName,
  healthyIn,
  neededTargets,
  shareOf,
  shownWeights,
  split,
  strangersIn,
} from "./weights.ts";

export interface Route extends Groups {
  readonly rule: string;
}

/** Only where both groups and the one rule that leads to them are known. */
export function routeOf({ places }: Rollout): Route | undefined {
  const { rule, stableGroup, candidateGroup, baselineGroup } = places;
  if (rule === undefined || stableGroup === undefined || candidateGroup === undefined) return undefined;
  if (stableGroup === candidateGroup) return undefined;
  return {
    rule,
    stable: stableGroup,
    candidate: candidateGroup,
    ...(baselineGroup === undefined ? {} : { baseline: baselineGroup }),
  };
}

/** The candidate's share as far as is known without a read: also what was only asked for counts. */
export const knownShare = ({ weights, asked }: Rollout, { candidate }: Route): number =>
  Math.max(shareOf(weights ?? {}, candidate), shareOf(asked ?? {}, candidate));

/** Who may have written what stands there: we, by what we know or by an act whose outcome was lost. */
function isOurs(live: Weights, rollout: Rollout, route: Route): boolean {
  const known = rollout.weights ?? split(route, 0);
  return agree(live, known) || (rollout.asked !== undefined && agree(live, rollout.asked));
}

/**
 * Somebody else wrote the weights (a stack update resets them: aws/aws-cdk#36649), or they never were what ECS
 * takes them for (aws/containers-roadmap#2853).
 */
export function driftOf(live: RuleView, rollout: Rollout, route: Route): Reason | undefined {
  if (isOurs(live.weights, rollout, route)) return undefined;
  const expected = rollout.weights ?? split(route, 0);
  const text = `The rule's weights are ${shownWeights(live.weights)}, not ${shownWeights(expected)} as ${
    rollout.weights === undefined ? "ECS takes them to be" : "Fairlead set them"
  }.`;
  return reason(rollout.weights === undefined ? "live-weights-disagree" : "weights-drifted", text, {
    rule: live.arn,
    candidateNow: shareOf(live.weights, route.candidate),
    candidateExpected: shareOf(expected, route.candidate),
  });
}

interface Raise {
  readonly health: readonly GroupHealth[];
  readonly percent: number;
  /** Tasks that carry 100 percent. */
  readonly requested: number;
}

/** Why the group cannot carry so much: never raised towards targets that are not there. */
export function shortage(group: string, { health, percent, requested }: Raise): Reason | undefined {
  const needed = neededTargets(percent, requested);
  const healthy = healthyIn(health, group);
  if (healthy >= needed) return undefined;
  const text = `${groupName(group)} has ${counted(healthy, "healthy target")}; ${percent} % of ${requested} needs ${needed}.`;
  return reason("capacity-short", text, { group, healthy, needed, percent, requested });
}

/**
 * Why everything must not go back yet: nobody serves in the old group while the new one still does. A load balancer
 * sends to all targets of a group where none is healthy, so a person may know better than the checks do; in an
 * empty group nobody answers.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function nobodyThere({ observation, rollout }: DriverInput, route: Route): Reason | undefined {
  const health = seen(observation.health) ?? [];
  const old = health.find(({ targetGroupArn }) => targetGroupArn === route.stable);
  const serving = healthyIn(health, route.candidate);
  if (old === undefined || old.healthy > 0 || serving === 0) return undefined;
  if (rollout.cause?.code === "aborted" && old.unhealthy > 0) return undefined;
  const text = `${groupName(route.stable)}, the old revision's group, has no healthy target and ${groupName(route.candidate)} has ${serving}: all traffic there would be lost.`;
  return reason("nobody-there", text, { unhealthy: old.unhealthy, serving });
}

/** Targets turn healthy within a few checks; meanwhile an operator knows. */
const NOBODY_RECHECK_MS = seconds(10);

/** The way back is right and leads nowhere: an operator is called, and it goes as soon as somebody is there. */
export const notYetBack = ({ now }: DriverInput, why: Reason): Steering =>
  impossible(why, { wakeAt: addMs(now, NOBODY_RECHECK_MS) });

export interface Shift {
  readonly route: Route;
  readonly weight: number;
  readonly requested: number;
}

/**
 * Reads the rule (1 call), and both groups' health (2) before a raise; then one write (2: it reads again). The
 * answer is "reached" once the rule itself says so.
 */
export function shiftTo(input: DriverInput, { route, weight, requested }: Shift): Steering {
  const { rollout } = input;
  const mayRaise = weight > rollout.weight;
  const lack = mayRaise ? lacking(input, "rule", "health") : lacking(input, "rule");
  if (lack !== undefined) return lack;
  const rule = seen(input.observation.rule);
  if (rule === undefined) return blocked(input, reason("unread", "The rule could not be read."));
  const wanted = split(route, weight);
  if (agree(rule.weights, wanted)) return stands(input, route, wanted);
  const drift = driftOf(rule, rollout, route);
  if (drift !== undefined && !isRepairable(input, rule, route)) return blocked(input, drift);
  if (weight > shareOf(rule.weights, route.candidate)) {
    const lackOfHealth = lacking(input, "health");
    if (lackOfHealth !== undefined) return lackOfHealth;
    const short = shortageOf(route, wanted, { health: seen(input.observation.health) ?? [], requested });
    if (short !== undefined) return blocked(input, short);
  }
  return acting(input, [weightsProposal(rollout, { route, wanted, live: rule.weights, drift })], {
    learnt: { asked: wanted },
  });
}

/** The old version's fresh twin gets traffic too: it must be there as well. */
function shortageOf(
  { candidate, baseline }: Route,
  wanted: Weights,
  known: Pick<Raise, "health" | "requested">,
): Reason | undefined {
  const groups = baseline === undefined ? [candidate] : [candidate, baseline];
  const short = groups.map((group) => shortage(group, { ...known, percent: shareOf(wanted, group) }));
  return short.find((why) => why !== undefined);
}

/** Groups that are not the rollout's never lose their traffic by a repair. */
const isRepairable = ({ policy }: DriverInput, rule: RuleView, route: Route): boolean =>
  policy.onDrift === "repair" &&
  strangersIn(rule.weights, [route.stable, route.candidate, route.baseline]).length === 0;

function stands({ rollout, now }: DriverInput, route: Route, weights: Weights): Steering {
  const weight = Math.round(shareOf(weights, route.candidate));
  const begins = weight > 0 && rollout.trafficSince === undefined;
  return reached({
    learnt: { weight, weights, asked: weights, ...(begins ? { trafficSince: now } : {}) },
    reasons: [reason("weights-stand", `The rule's weights are ${shownWeights(weights)}.`, { weight })],
  });
}

interface Write {
  readonly route: Route;
  readonly wanted: Weights;
  readonly live: Weights;
  readonly drift: Reason | undefined;
}

function weightsProposal(rollout: Rollout, { route, wanted, live, drift }: Write): Proposal {
  const weight = shareOf(wanted, route.candidate);
  const from = Math.round(shareOf(live, route.candidate) * 10) / 10;
  const text = `${weight} % of production to the new revision, ${from} % now.`;
  return proposal(rollout, {
    what: drift === undefined ? `weight-${weight}` : `repair-${weight}`,
    field: FIELDS.weights(route.rule),
    action: { type: "set-weights", rule: route.rule, weights: wanted, expected: live, stickiness: "keep" },
    why:
      drift === undefined
        ? reason("set-weight", text, { weight, from })
        : reason("weights-repaired", `${drift.text} Written again: ${text}`, { weight, from }),
  });
}

/**
 * Everything back to the old group. Without `expected`, because a rollback wins over whatever stands there, and
 * without stickiness: clients would stay on the group that goes away (it outranks weights).
 */
export function backToStable(rollout: Rollout, route: Route, why: string): Proposal {
  return backProposal(rollout, {
    what: "weights-back",
    field: FIELDS.weights(route.rule),
    action: { type: "set-weights", rule: route.rule, weights: split(route, 0), stickiness: "off" },
    why: reason("weights-back", why, { weight: 0 }),
  });
}
