// Errands of a rollout beside its acts: the order at the feed, notifications, the group's members.

import { reason } from "../../base/reasons.ts";
import type { DurationMs, EpochMs } from "../../base/time.ts";
import { addMs, epochMs, millis } from "../../base/time.ts";
import { hasMetrics } from "./evidence.ts";
import { othersOf } from "./groups.ts";
import { watchRule } from "./guard.ts";
import { SETTLE_MS } from "./metric-queries.ts";
import { isRenewalDue, SUBSCRIPTION_LIFE_MS, subscriptionOf } from "./metrics.ts";
import { newsOf, noticesOf } from "./notices.ts";
import type { Pass } from "./pass.ts";
import { actId, say, send, wake } from "./pass.ts";
import { DONE_RECHECK_MS, isPaced } from "./policy.ts";
import type { Active, Rollout, RolloutState, Untold } from "./state.ts";

export function withMessages(pass: Pass, state: RolloutState): RolloutState {
  for (const message of state.untold ?? []) sendUntold(pass, message);
  if (state.phase === "idle" || pass.asks.size > 0) return state;
  const { messagesAt } = state.rollout;
  if (messagesAt !== undefined && messagesAt > pass.input.now) {
    wake(pass, messagesAt);
    return state;
  }
  subscribe(pass, state);
  notify(pass, state);
  ring(pass, state);
  return watched(pass, state);
}

/** CloudTrail's events of the rule: the guard wants them for staged services, a rollout for every other one. */
function watched(pass: Pass, active: Active): Active {
  const { rule } = active.rollout.places;
  if (rule === undefined || pass.input.policy.weights !== "rule" || !isPaced(active.rollout)) return active;
  watchRule(pass, active, rule);
  return { ...active, guardedRule: rule };
}

function sendUntold(pass: Pass, { id, action }: Untold): void {
  const text = action.type === "notify" ? `Tells ${action.to}: ${action.event}.` : "The rollout is over.";
  send(pass, { id, field: `rollout/untold/${id}`, action, reason: reason("last-message", text) });
}

/** A lost doorbell or a feed that stopped: after so many periods without an answer the order is given again. */
const PATIENCE_PERIODS = 2.5;

function subscribe(pass: Pass, active: Active): void {
  const { key, policy, now } = pass.input;
  const { rollout, phase } = active;
  const wants = rollout.trafficSince !== undefined && phase !== "aborting" && phase !== "stuck";
  if (!wants || !hasMetrics(pass, rollout)) return;
  if (rollout.baselined !== true) {
    // What counts as slow follows from the old revision's history: read in the next pass, then ordered.
    wake(pass, addMs(now, DONE_RECHECK_MS));
    if (rollout.subscribedUntil !== undefined) return;
    if (pass.input.observation.baseline === undefined) return;
  }
  const overdueAt = overdueSince(rollout, policy.analysis.periodMs);
  if (!isRenewalDue(rollout.subscribedUntil, now) && overdueAt > now && !pass.refreshes) {
    wake(pass, overdueAt);
    return;
  }
  const { subscription, problems } = subscriptionOf({ key, rollout, policy, now });
  for (const problem of problems) say(pass, reason("metric-unusable", problem));
  if (subscription === undefined) return;
  wake(pass, addMs(now, patienceMs(policy.analysis.periodMs)));
  const text = "The feed is asked for this rollout's metrics.";
  send(pass, {
    id: actId(key, rollout.id, "subscribe", rollout.subscribedUntil ?? 0, rollout.analysis.answeredAt ?? 0),
    field: "rollout/metrics",
    action: { type: "subscribe-metrics", subscription },
    reason: reason("subscribe", text, { queries: subscription.queries.length }),
  });
}

function overdueSince({ subscribedUntil, analysis }: Rollout, periodMs: DurationMs): EpochMs {
  if (subscribedUntil === undefined) return epochMs(0);
  const orderedAt = subscribedUntil - SUBSCRIPTION_LIFE_MS;
  const last = Math.max(orderedAt, analysis.answeredAt ?? 0);
  return addMs(epochMs(last), patienceMs(periodMs));
}

const patienceMs = (periodMs: DurationMs): DurationMs =>
  millis((Number.isFinite(periodMs) ? periodMs * PATIENCE_PERIODS : 0) + SETTLE_MS);

function notify(pass: Pass, active: Active): void {
  for (const news of newsOf(active)) {
    for (const { id, mark, text, action } of noticesOf(pass, active.rollout, news)) {
      if (active.rollout.notified.includes(mark)) continue;
      send(pass, { id, field: `rollout/notify/${mark}`, action, reason: reason("notify", text) });
    }
  }
}

/** Where this rollout stands, as its group hears it. */
const standingOf = ({ phase, rollout }: Active): string => `${phase}/${rollout.step}`;

function ring(pass: Pass, active: Active): void {
  const keys = othersOf(pass);
  const standing = standingOf(active);
  if (keys.length === 0 || active.rollout.rung === standing) return;
  send(pass, {
    id: actId(pass.input.key, active.rollout.id, "ring", standing),
    field: `rollout/ring/${standing}`,
    action: { type: "ring-keys", keys },
    reason: reason("ring", `The group hears that this member is ${standing}.`),
  });
}
