// What holds a rollout where it is. A hold stops forward acts only: nothing here ever stops the way back.

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs } from "../../base/time.ts";
import { freezeAt, nextChange } from "./freeze.ts";
import { isForward } from "./going-back.ts";
import { waitsForLockstep } from "./groups.ts";
import type { Pass } from "./pass.ts";
import { say, wake } from "./pass.ts";
import { PEER_RECHECK_MS } from "./policy.ts";
import type { Active, Hold, Rollout } from "./state.ts";
import { isWeighed, verdictResult } from "./steps.ts";

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
    return reason("paused", `${rollout.paused.by} paused it: resume or abort.`);
  return badAndHeld(rollout, phase) ?? frozen(pass) ?? unsureOf(pass, active) ?? behindPeers(pass, active);
}

/** No weight is raised over metrics that do not answer, nor over an undecided end of the analysis. */
function unsureOf(pass: Pass, { phase, rollout }: Active): Reason | undefined {
  const step = rollout.steps[rollout.step];
  const isRaise = phase === "stepping" && step?.kind === "setWeight" && step.weight > rollout.weight;
  if (!isRaise || rollout.waivedStep === rollout.step || !isWeighed(pass, rollout)) return undefined;
  const result = verdictResult(pass, rollout);
  return result.kind === "wait" && result.holds === true ? result.reason : undefined;
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
