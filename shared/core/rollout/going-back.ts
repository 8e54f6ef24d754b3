// What makes a rollout go back without anybody's order.

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs } from "../../base/time.ts";
import { freezeAt } from "./freeze.ts";
import { abortedByPeer } from "./groups.ts";
import type { Pass } from "./pass.ts";
import { say, wake } from "./pass.ts";
import { activePhaseAfter } from "./phases.ts";
import { mayGoBack } from "./policy.ts";
import { isKnownGood } from "./rollback-window.ts";
import type { Active, Rollout } from "./state.ts";
import { isJudgedAfterwards, isWeighed, verdictResult } from "./steps.ts";
import { tasksFailing } from "./tasks-failing.ts";

/** Nothing began: such a rollout failed, it was not rolled back. */
export const IMPOSSIBLE_START = "start-impossible";

export const isForward = ({ phase }: Active): boolean => phase !== "aborting" && phase !== "stuck";

/** On the way back: what the way forward was waiting for is void. */
export function aborting(active: Active, cause: Reason, now: EpochMs): Active {
  const { hold, trouble, paused, lookAt, reached, movingSince, ...rest } = active.rollout;
  const phase = activePhaseAfter(active.phase, "go-back");
  const since = { code: cause.code, text: cause.text, since: now };
  return { ...active, phase, rollout: { ...rest, cause: since, stepSince: now } };
}

export function goneBack(pass: Pass, active: Active): Active {
  if (!isForward(active)) return active;
  const why = whyBack(pass, active);
  if (why === undefined) return active;
  if (!mayGoBack(active.rollout)) {
    say(pass, reason("shadow-verdict", `It is only watched; else it would go back: ${why.text}`, why.inputs));
    return active;
  }
  say(pass, why);
  pass.ordered = true;
  return aborting(active, why, pass.input.now);
}

function whyBack(pass: Pass, active: Active): Reason | undefined {
  const { rollout } = active;
  return (
    refusedByAws(active) ??
    badVerdict(pass, rollout) ??
    unsureVerdict(pass, active) ??
    abortedByPeer(pass, rollout) ??
    tasksFailing(pass.input.observation.tasks, rollout) ??
    frozenOut(pass, active) ??
    overdue(pass, active)
  );
}

/** A task definition that is not there, a role that cannot be passed on…: no waiting makes the start possible. */
function refusedByAws({ phase, rollout: { trouble } }: Active): Reason | undefined {
  return phase === "starting" && trouble?.code === "input"
    ? reason(IMPOSSIBLE_START, `AWS refuses the start: ${trouble.message}`)
    : undefined;
}

function badVerdict({ input }: Pass, { verdict, driver }: Rollout): Reason | undefined {
  if (verdict?.kind !== "bad") return undefined;
  if (input.policy.analysis.onFailure === "hold" && driver !== "watch") return undefined;
  return reason("analysis-bad", verdict.text, { by: verdict.by, failed: verdict.failed });
}

/** Undecided at the end of the analysis, and the policy goes back. */
function unsureVerdict(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  const isDue = phase === "stepping" || (phase === "finishing" && isJudgedAfterwards(pass, rollout));
  if (!isDue || !isWeighed(pass, rollout)) return undefined;
  const result = verdictResult(pass, rollout);
  return result.kind === "back" ? result.reason : undefined;
}

function frozenOut({ input }: Pass, active: Active): Reason | undefined {
  const { phase, rollout } = active;
  if (phase === "finishing" || input.policy.freeze.length === 0) return undefined;
  // On the way to what was good before: the other way leads to what is worse.
  if (isKnownGood(rollout.target.taskDefinition, active, input.policy)) return undefined;
  const freeze = freezeAt(input.policy.freeze, input.now);
  return freeze?.overrun === "rollback"
    ? reason("frozen", `${freeze.text} The window takes it back.`)
    : undefined;
}

/** No progress for too long, while it should have moved. Waiting on purpose is not counted. */
function overdue(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  const { policy, now } = pass.input;
  // What is finishing has the delays of the policy and the drain before it.
  if (rollout.movingSince === undefined || phase === "finishing" || !mayGoBack(rollout)) return undefined;
  const deadline = addMs(rollout.movingSince, policy.progressDeadlineMs);
  if (deadline > now) {
    wake(pass, deadline);
    return undefined;
  }
  if (policy.onDeadline === "hold") return undefined;
  const trouble = rollout.trouble === undefined ? "" : ` The last trouble: ${rollout.trouble.message}.`;
  const text = `It made no progress for ${Math.round(policy.progressDeadlineMs / 1_000)} s.${trouble}`;
  return reason("deadline", text, { deadline });
}

/** The policy holds instead: told, while it goes on trying. */
export const isOverdue = ({ input }: Pass, { phase, rollout }: Active): boolean =>
  rollout.movingSince !== undefined &&
  phase !== "finishing" &&
  phase !== "aborting" &&
  phase !== "stuck" &&
  addMs(rollout.movingSince, input.policy.progressDeadlineMs) <= input.now;
