// What follows from a policy, and the knobs of the state machine that no manifest has, with their origin.

import { minutes, seconds } from "../../base/time.ts";
import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { Rollout } from "./state.ts";

/** `rollout history` shows ten, as Argo Rollouts' revisionHistoryLimit. */
export const PAST_KEPT = 10;
/** Of so many the evidence and the images are kept too: the item is written in every pass. */
export const PAST_IN_FULL = 1;
/** More commands than an operator gives in one rollout. */
export const HEARD_KEPT = 50;
/** Answers that stand to be looked up; each is a sentence in an item that every pass writes. */
export const ANSWERS_KEPT = 10;
export const NOTIFIED_KEPT = 20;
/** Weights between rollouts are looked at so often: a stack update resets them unheard (aws-cdk#36649). */
export const GUARD_PERIOD_MS = minutes(15);
/** A service that could not be read is read again so soon. */
export const UNREAD_RECHECK_MS = seconds(60);
/** Peers ring when they move; a lost ring costs a minute. */
export const PEER_RECHECK_MS = seconds(60);
/** A webhook that said `wait`, or nothing, is asked again. */
export const WEBHOOK_RECHECK_MS = seconds(15);
/** Acts that were done are looked at so soon; ECS is eventually consistent. */
export const DONE_RECHECK_MS = seconds(1);
/** A driver that moves and names no instant is asked again after so long: its events may be lost. */
export const MOVING_RECHECK_MS = seconds(30);
/** Reads that a pass had no round left for. */
export const ASKED_RECHECK_MS = seconds(5);
/** Our weights leave before ECS gives up waiting at its hook: a little more than the drivers' own lead of 5 min. */
export const HOOK_EXPIRY_LEAD_MS = minutes(5);
/** Wrong weights between rollouts are looked at so often until they are right. */
export const DRIFT_RECHECK_MS = seconds(60);
/** The wish to hear of the rules' changes lasts a week and is renewed in its last day. */
export const WATCH_RENEWAL_MS = minutes(24 * 60);
/** Acts that a switch or a throttle postponed; a kill switch is no matter of seconds. */
export const POSTPONED_RECHECK_MS = seconds(5);
export const SWITCHED_OFF_RECHECK_MS = seconds(30);
/** Messages that failed are sent again. */
export const MESSAGE_RETRY_MS = seconds(30);

/** Who began what nobody ordered here. */
export const EXTERNAL_AUTHOR = "external";

/** A driver that verifies an act looks again at once, then ever more seldom up to this. */
export const LONGEST_LOOK_MS = seconds(60);
/** After a rollout has ended, the service is looked at once more. */
export const ENDED_RECHECK_MS = seconds(5);
/** The old revision's history is read while this fresh; later the live comparison knows more. */
export const BASELINE_PATIENCE_MS = minutes(5);
/** Three tasks that fail are no accident: the least threshold of ECS's own circuit breaker. */
export const FAILED_TASKS_TO_GO_BACK = 3;

/** Whole percent that the new revision may have now. */
export function weightCap(policy: RolloutPolicy, rollout: Rollout): number {
  const most = wholePercent(policy.maxWeight, 100);
  if (rollout.waived !== undefined || rollout.verdict?.kind === "good") return most;
  return Math.min(most, 100 - wholePercent(policy.controlShare, 0));
}

/** Hostile numbers end inside 0-100. */
export const wholePercent = (value: number, otherwise: number): number =>
  Number.isFinite(value) ? Math.min(100, Math.max(0, Math.round(value))) : otherwise;

/** Only these give the pace; the others watch, and one of them can stop. */
export const isPaced = ({ driver }: Rollout): boolean => driver === "native" || driver === "task-sets";

export const mayGoBack = ({ driver }: Rollout): boolean => driver !== "watch";

/** Holds of an analysis that knows too little: a promotion goes on without it. */
const UNSURE: ReadonlySet<string> = new Set(["no-data", "no-traffic", "analysis-inconclusive"]);

export const isUnsureHold = ({ hold }: Pick<Rollout, "hold">): boolean => UNSURE.has(hold?.code ?? "");
