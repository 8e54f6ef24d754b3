// The drift guard between rollouts: production must point at the present revision's group, and somebody healthy
// must be there. A stack update sets the weights back to its code's (aws-cdk#36649), and ECS swaps the groups with
// every deployment without looking (containers-roadmap#2853).

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { BalancerView, GroupHealth, RuleView, ServiceView } from "../../contracts/rollout-views.ts";
import { FIELDS } from "./drivers/steering.ts";
import { groupName, healthyIn, shareOf, shownWeights } from "./drivers/weights.ts";
import { holdOf } from "./holds.ts";
import { watchOf } from "./metrics.ts";
import type { Pass } from "./pass.ts";
import { actId, ask, say, send } from "./pass.ts";
import { WATCH_RENEWAL_MS } from "./policy.ts";
import type { Idle, Untold } from "./state.ts";

const STAGED: ReadonlySet<string> = new Set(["BLUE_GREEN", "LINEAR", "CANARY"]);

/** The memory after one look; unchanged while reads are asked for. */
export function guarded(pass: Pass, idle: Idle, service: ServiceView): Idle {
  const balancer = guardable(service);
  const { now } = pass.input;
  if (balancer?.productionRuleArn === undefined) {
    const { guardedRule: _none, drift: _over, ...rest } = idle;
    return { ...rest, checkedAt: now };
  }
  if (ask(pass, "rule", "revisions", "health")) return idle;
  watchRule(pass, idle, balancer.productionRuleArn);
  const known = { ...idle, checkedAt: now, guardedRule: balancer.productionRuleArn };
  const seen = seenOf(pass, service, balancer);
  if (seen === undefined) {
    say(pass, reason("guard-unread", "Weights or targets could not be read: nothing is said about them."));
    return known;
  }
  return withDrift(pass, known, seen);
}

/** Also where the weights are ECS's alone to write: somebody must hear that production leads nowhere. */
function guardable(service: ServiceView): BalancerView | undefined {
  const isStaged = service.controller === "ECS" && !service.isExpress && STAGED.has(service.strategy);
  if (!isStaged) return undefined;
  return service.balancers.find(({ productionRuleArn }) => productionRuleArn !== undefined);
}

/** CloudTrail's events of this rule are wanted; the order lasts a week. */
export function watchRule(
  pass: Pass,
  { watchedUntil, guardedRule }: Pick<Idle, "watchedUntil" | "guardedRule">,
  rule: string,
): void {
  const { key, now } = pass.input;
  const stands = watchedUntil !== undefined && watchedUntil - now > WATCH_RENEWAL_MS && guardedRule === rule;
  if (stands) return;
  for (const subscription of watchOf({ key, rules: [rule], now })) {
    send(pass, {
      id: actId(key, "watch", rule, watchedUntil ?? 0),
      field: `rollout/watch/${rule}`,
      action: { type: "subscribe-metrics", subscription },
      reason: reason("watch-rule", "Changes of the production rule are wanted to be heard."),
    });
  }
}

interface Seen {
  readonly rule: RuleView;
  readonly health: readonly GroupHealth[];
  /** The target group of the present revision. */
  readonly primary: string;
}

function seenOf(
  { input }: Pass,
  { currentRevisionArn }: ServiceView,
  balancer: BalancerView,
): Seen | undefined {
  const { rule, revisions, health } = input.observation;
  if (rule?.ok !== true || revisions?.ok !== true || health?.ok !== true) return undefined;
  if (rule.value.arn !== balancer.productionRuleArn) return undefined;
  const present = revisions.value.find(({ arn }) => arn === currentRevisionArn);
  const own = [balancer.targetGroupArn, balancer.alternateTargetGroupArn];
  const primary = present?.targetGroupArns.find((group) => own.includes(group));
  return primary === undefined ? undefined : { rule: rule.value, health: health.value, primary };
}

function withDrift(pass: Pass, idle: Idle, seen: Seen): Idle {
  const why = wrong(seen);
  const { drift, ...rest } = idle;
  if (why === undefined) {
    say(pass, reason("idle", "No rollout is under way; the weights point at the present revision."));
    return rest;
  }
  say(pass, why);
  const hold = holdOf(why, drift, pass.input.now);
  const isNew = drift?.code !== why.code;
  const untold = isNew ? { untold: [...(idle.untold ?? []), ...toldOf(pass, hold.text, hold.since)] } : {};
  const { onDrift, weights } = pass.input.policy;
  if (why.code === DRIFT_IDLE && onDrift === "repair" && weights === "rule") repair(pass, seen, why);
  return { ...rest, drift: hold, ...untold };
}

/** Production points at another group than the present revision's. */
export const DRIFT_IDLE = "drift-idle";

/** Less than this of the traffic elsewhere is rounding. */
const ALL_PERCENT = 99.9;

function wrong({ rule, health, primary }: Seen): Reason | undefined {
  const healthy = healthyIn(health, primary);
  const share = shareOf(rule.weights, primary);
  if (healthy === 0) {
    const text = `${groupName(primary)}, the present revision's group, has no healthy target; weights: ${shownWeights(rule.weights)}.`;
    return reason("drift-unhealthy", text, { rule: rule.arn });
  }
  if (share >= ALL_PERCENT) return undefined;
  const text = `Production points elsewhere than at the present revision in ${groupName(primary)}: ${shownWeights(rule.weights)}.`;
  return reason(DRIFT_IDLE, text, { rule: rule.arn, healthy });
}

/** Everything to the present revision, which is healthy: seen in this very pass. */
function repair({ proposals, input }: Pass, { rule, primary }: Seen, why: Reason): void {
  const others = Object.keys(rule.weights).filter((group) => group !== primary);
  const weights = { ...Object.fromEntries(others.map((group) => [group, 0])), [primary]: 100 };
  proposals.push({
    id: actId(input.key, "repair", rule.arn, JSON.stringify(rule.weights)),
    capability: "rollout",
    field: FIELDS.weights(rule.arn),
    action: { type: "set-weights", rule: rule.arn, weights, expected: rule.weights, stickiness: "keep" },
    reason: why,
  });
}

function toldOf({ input }: Pass, text: string, since: number): readonly Untold[] {
  const { key, policy } = input;
  return policy.notifications.flatMap(({ on, to }, index) => {
    if (!on.includes("held")) return [];
    const id = actId(key, "drift", since, index);
    return [{ id, action: { type: "notify", to, event: "held", detail: { key, text } } }];
  });
}
