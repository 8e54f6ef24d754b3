// Folds what became of accepted proposals into the state: answers are kept, refusals and unknown outcomes are
// tried again later, messages that arrived are not sent again.

import type { EpochMs } from "../../base/time.ts";
import { addMs, earliest } from "../../base/time.ts";
import type { Action, Outcome, Settled } from "../../contracts/actions.ts";
import type { SettleInput } from "../capability.ts";
import { learntFrom } from "./drivers/done.ts";
import { WATCH } from "./metrics.ts";
import {
  DONE_RECHECK_MS,
  MESSAGE_RETRY_MS,
  NOTIFIED_KEPT,
  POSTPONED_RECHECK_MS,
  SWITCHED_OFF_RECHECK_MS,
  WEBHOOK_RECHECK_MS,
} from "./policy.ts";
import { retryAfter } from "./retry.ts";
import type { Active, Rollout, RolloutState } from "./state.ts";

type Input = SettleInput<RolloutState>;

export interface After {
  readonly state: RolloutState;
  readonly wakeAt: EpochMs | undefined;
}

export function settleRollout(input: Input): After {
  let after: After = { state: input.state, wakeAt: undefined };
  for (const settled of input.settled) {
    const next = settledOne(after.state, settled, input);
    after = { state: next.state, wakeAt: earliest(after.wakeAt, next.wakeAt) };
  }
  return after;
}

const MESSAGES: ReadonlySet<Action["type"]> = new Set([
  "subscribe-metrics",
  "unsubscribe-metrics",
  "ring-keys",
  "notify",
]);

const UNTOLD = "rollout/untold/";
const NOTIFY = "rollout/notify/";
const RING = "rollout/ring/";

function settledOne(state: RolloutState, settled: Settled, input: Input): After {
  const { field, action } = settled.proposal;
  if (field.startsWith(UNTOLD)) return settledUntold(state, settled, input.now);
  if (action.type === "subscribe-metrics" && action.subscription.rollout === WATCH) {
    const watchedUntil = action.subscription.until;
    return { state: settled.outcome.kind === "done" ? { ...state, watchedUntil } : state, wakeAt: undefined };
  }
  if (state.phase === "idle") return { state, wakeAt: undefined };
  if (MESSAGES.has(action.type)) return settledMessage(state, settled, input.now);
  if (action.type === "call-webhook") return settledWebhook(state, settled, input.now);
  return settledAct(state, settled, input);
}

/** Over: it arrived, or will never. */
const isOver = (outcome: Outcome): boolean =>
  outcome.kind === "done" || (outcome.kind === "failed" && !outcome.retry);

function settledUntold(state: RolloutState, { proposal, outcome }: Settled, now: EpochMs): After {
  if (!isOver(outcome)) return { state, wakeAt: addMs(now, MESSAGE_RETRY_MS) };
  const untold = (state.untold ?? []).filter(({ id }) => id !== proposal.id);
  const { untold: _told, ...rest } = state;
  return { state: untold.length === 0 ? rest : { ...rest, untold }, wakeAt: undefined };
}

function settledMessage(state: Active, { proposal, outcome }: Settled, now: EpochMs): After {
  if (!isOver(outcome)) {
    const messagesAt = addMs(now, MESSAGE_RETRY_MS);
    return { state: { ...state, rollout: { ...state.rollout, messagesAt } }, wakeAt: messagesAt };
  }
  const { messagesAt: _sent, ...rollout } = state.rollout;
  return { state: { ...state, rollout: told(rollout, proposal.field, proposal.action) }, wakeAt: undefined };
}

function told(rollout: Rollout, field: string, action: Action): Rollout {
  if (action.type === "subscribe-metrics") return { ...rollout, subscribedUntil: action.subscription.until };
  if (field.startsWith(RING)) return { ...rollout, rung: field.slice(RING.length) };
  if (!field.startsWith(NOTIFY)) return rollout;
  return { ...rollout, notified: [...rollout.notified, field.slice(NOTIFY.length)].slice(-NOTIFIED_KEPT) };
}

/** What is no verdict is no answer: asked again, never a pass. */
function settledWebhook(state: Active, { outcome }: Settled, now: EpochMs): After {
  const answer = outcome.kind === "done" ? outcome.answer : undefined;
  const said = answer?.["verdict"];
  const verdict = said === "pass" || said === "fail" ? said : "wait";
  const text = answer?.["reason"] ?? (outcome.kind === "failed" ? outcome.message : "no answer");
  const webhook = { verdict, reason: text.slice(0, 200), at: now } as const;
  const wakeAt = addMs(now, verdict === "wait" ? WEBHOOK_RECHECK_MS : DONE_RECHECK_MS);
  return { state: { ...state, rollout: { ...state.rollout, webhook } }, wakeAt };
}

// --- acts on the service --------------------------------------------------------------------------------

function settledAct(state: Active, settled: Settled, { now, seed }: Input): After {
  const { outcome } = settled;
  const learnt = learntFrom(state.rollout, settled, now);
  const merged = Object.entries({ ...state.rollout, ...learnt }).filter(([, value]) => value !== undefined);
  const rollout = Object.fromEntries(merged) as unknown as Rollout; // -- reason: the same keys, less those without a value
  switch (outcome.kind) {
    case "done":
      return looking(state, rollout, addMs(now, DONE_RECHECK_MS));
    case "postponed": {
      const wait = outcome.code === "kill-switch" ? SWITCHED_OFF_RECHECK_MS : POSTPONED_RECHECK_MS;
      return looking(state, rollout, addMs(now, wait));
    }
    case "failed":
      return troubled(state, rollout, { code: outcome.code, message: outcome.message, now, seed });
    case "unknown":
      return troubled(state, rollout, {
        code: "unknown",
        message: `${settled.proposal.reason.text} Its outcome is unknown`,
        now,
        seed,
      });
  }
}

/** The driver looks again then. A trouble of this pass stays, whatever else was done; one of before is over. */
function looking(state: Active, rollout: Rollout, lookAt: EpochMs): After {
  const { reached: _anew, ...rest } = rollout;
  return { state: { ...state, rollout: { ...rest, lookAt } }, wakeAt: lookAt };
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly now: EpochMs;
  readonly seed: number;
}

function troubled(state: Active, rollout: Rollout, { code, message, now, seed }: Failure): After {
  const tries = (state.rollout.trouble?.tries ?? 0) + 1;
  const nextTryAt = addMs(now, retryAfter({ code, tries, seed }));
  const trouble = { code, message: message.slice(0, 300), tries, nextTryAt };
  const { reached: _anew, ...rest } = rollout;
  return { state: { ...state, rollout: { ...rest, trouble, lookAt: nextTryAt } }, wakeAt: nextTryAt };
}
