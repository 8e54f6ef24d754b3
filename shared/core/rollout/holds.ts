// What holds a rollout where it is. A hold stops forward acts only: nothing here ever stops the way back.

import { callerName } from "../../base/arn.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs } from "../../base/time.ts";
import { freezeAt, nextChange } from "./freeze.ts";
import { isForward } from "./going-back.ts";
import { waitsForDependency, waitsForLockstep } from "./groups.ts";
import type { Pass } from "./pass.ts";
import { say, wake } from "./pass.ts";
import { EXTERNAL_AUTHOR, PEER_RECHECK_MS } from "./policy.ts";
import { isKnownGood } from "./rollback-window.ts";
import type { Active, Hold, Rollout } from "./state.ts";
import { isJudgedAfterwards, isWeighed, verdictResult } from "./steps.ts";

/** A hold at the very end, which `promote --full` ends. */
export const UNJUDGED = "unjudged";

/** The same hold keeps its beginning. */
export const holdOf = ({ code, text }: Reason, before: Hold | undefined, now: EpochMs): Hold => ({
  code,
  text,
  since: before?.code === code ? before.since : now,
});

export function withoutHold(rollout: Rollout): Rollout {
  if (rollout.hold === undefined) return rollout;
  const { hold: _over, ...rest } = rollout;
  return rest;
}

/** The reason that stops forward acts in this pass; undefined = the way is free. */
export function gate(pass: Pass, active: Active): Reason | undefined {
  if (!isForward(active)) return undefined;
  const { observation } = pass.input;
  const { rollout, phase } = active;
  if (observation.isPaused) return reason("key-paused", "The service is paused: nothing goes forward.");
  if (rollout.paused !== undefined)
    return reason("paused", `${callerName(rollout.paused.by)} paused it: resume or abort.`);
  const own = badAndHeld(rollout, phase) ?? unsureOf(pass, active) ?? unjudged(pass, active);
  if (own !== undefined || isKnownGood(rollout.target.taskDefinition, active, pass.input.policy)) return own;
  return frozen(pass) ?? begunTooEarly(pass, active) ?? behindPeers(pass, active);
}

/** What somebody else began inside a freeze, or before its dependency, waits at the gate as a start of ours would. */
function begunTooEarly(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  const { policy, now } = pass.input;
  const isHeld = phase === "preparing" && rollout.author === EXTERNAL_AUTHOR && rollout.driver === "native";
  if (!isHeld || rollout.waived !== undefined) return undefined;
  const freeze = freezeAt(policy.freeze, now);
  if (freeze !== undefined) {
    wake(pass, freeze.until);
    return reason("frozen", `${freeze.text} The deployment waits.`);
  }
  const waits = waitsForDependency(pass);
  if (waits !== undefined) wake(pass, addMs(now, PEER_RECHECK_MS));
  return waits;
}

/** No weight is raised over metrics that do not answer, nor over an undecided end of the analysis. */
function unsureOf(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  const step = rollout.steps[rollout.step];
  const isRaise = phase === "stepping" && step?.kind === "setWeight" && step.weight > rollout.weight;
  if (!isRaise || rollout.waivedStep === rollout.step || !isWeighed(pass, rollout)) return undefined;
  const result = verdictResult(pass, rollout);
  return result.kind === "wait" && result.holds === true ? result.reason : undefined;
}

/** What ECS moved at once keeps its old tasks until the verdict, at most to the analysis' deadline. */
function unjudged(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  if (phase !== "finishing" || !isJudgedAfterwards(pass, rollout)) return undefined;
  const result = verdictResult(pass, rollout);
  if (result.kind !== "wait") return undefined;
  const until = addMs(rollout.trafficSince ?? pass.input.now, pass.input.policy.analysis.deadlineMs);
  if (until > pass.input.now) wake(pass, until);
  return reason(UNJUDGED, `${result.reason.text} The old tasks stay until the verdict.`);
}

const badAndHeld = ({ verdict, driver }: Rollout, phase: Active["phase"]): Reason | undefined =>
  verdict?.kind === "bad" && driver !== "watch" && phase !== "starting"
    ? reason("analysis-bad", `${verdict.text} The policy holds: abort, or wait.`)
    : undefined;

function frozen(pass: Pass): Reason | undefined {
  const { policy, now } = pass.input;
  if (policy.freeze.length === 0) return undefined;
  wake(pass, nextChange(policy.freeze, now));
  const freeze = freezeAt(policy.freeze, now);
  return freeze?.overrun === "hold" ? reason("frozen", freeze.text) : undefined;
}

function behindPeers(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  if (phase !== "stepping") return undefined;
  const waits = waitsForLockstep(pass, rollout);
  if (waits !== undefined) wake(pass, addMs(pass.input.now, PEER_RECHECK_MS));
  return waits;
}

/** Held, and said so. */
export function held(pass: Pass, active: Active, why: Reason): Active {
  say(pass, why);
  const hold = holdOf(why, active.rollout.hold, pass.input.now);
  const { movingSince: _waits, ...rest } = active.rollout;
  return { ...active, rollout: { ...rest, hold } };
}
