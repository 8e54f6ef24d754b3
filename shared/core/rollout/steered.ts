// The rollout after its driver was asked: the driver looks only where something is due, its acts are taken over
// as far as nothing holds them, and what is reached leads to the next step or phase, within the same pass.

import { assertNever } from "../../base/assert.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs, elapsedMs, epochMs, millis } from "../../base/time.ts";
import type { Proposal } from "../../contracts/actions.ts";
import type { Fact } from "../../contracts/facts.ts";
import { DRIFT_CODES, isDriftSuspected } from "./drift.ts";
import type { Steering, Wish } from "./driver.ts";
import { driverFor } from "./drivers/drivers.ts";
import { ended } from "./ending.ts";
import { aborting, IMPOSSIBLE_START, isForward, isOverdue } from "./going-back.ts";
import { gate, held, holdOf, withoutHold } from "./holds.ts";
import type { Pass } from "./pass.ts";
import { isSweeps, say, wake } from "./pass.ts";
import { activePhaseAfter } from "./phases.ts";
import {
  ASKED_RECHECK_MS,
  EXTERNAL_AUTHOR,
  GUARD_PERIOD_MS,
  HOOK_EXPIRY_LEAD_MS,
  LONGEST_LOOK_MS,
  MOVING_RECHECK_MS,
  mayGoBack,
} from "./policy.ts";
import { isHopeless } from "./retry.ts";
import type { Active, Outcome, Rollout, RolloutState } from "./state.ts";
import type { StepResult } from "./steps.ts";
import { stepResult } from "./steps.ts";
import { isJudgedOn, judgedOn } from "./watching-on.ts";
import { wishName, wishOf } from "./wish.ts";

interface Move {
  readonly state: RolloutState;
  /** Something was reached: what comes next may be due at once. */
  readonly again: boolean;
}

const stays = (state: RolloutState): Move => ({ state, again: false });
const goesOn = (state: RolloutState): Move => ({ state, again: true });

/** More steps than a manifest may have: the last guard against going in circles. */
const MAX_MOVES = 200;

export function steered(pass: Pass, active: Active): RolloutState {
  let move = goesOn(active);
  for (let moves = 0; moves < MAX_MOVES && move.again && move.state.phase !== "idle"; moves += 1) {
    move = moved(pass, move.state);
  }
  return move.state;
}

function moved(pass: Pass, active: Active): Move {
  const { over } = active.rollout;
  if (over !== undefined) {
    const isOpen = isJudgedOn(pass, active);
    return stays(
      isOpen ? judgedOn(pass, active, over) : ended(pass, active, { outcome: "watched", text: over }),
    );
  }
  const why = gate(pass, active);
  const wish = wishOf(active, pass.input.policy);
  const name = wishName(wish);
  const isThere = active.rollout.reached === name;
  const isDue = isLookDue(pass, active, name);
  if (why !== undefined)
    return heldMove(
      pass,
      held(pass, active, why),
      isDue && (hasNews(pass, active) || isStale(pass, active.rollout)) ? wish : undefined,
    );
  if (isDue) return lookedMove(pass, active, wish);
  return isThere ? advanced(pass, active) : waitingMove(pass, active);
}

// --- when the driver looks ------------------------------------------------------------------------------

const NEWS: ReadonlySet<Fact["kind"]> = new Set(["deployment", "hook", "traffic-change"]);

const hasNews = (pass: Pass, active: Active): boolean =>
  pass.ordered ||
  pass.input.observation.facts.some(({ kind }) => NEWS.has(kind)) ||
  isHookExpiring(pass, active.rollout) ||
  isDriftSuspected(pass, active);

/** ECS rolls back by itself when nobody answers its hook, and does not know our weights: they go back before. */
function isHookExpiring(pass: Pass, { openHook, lookedAt }: Rollout): boolean {
  const { now } = pass.input;
  if (openHook?.expiresAt === undefined) return false;
  const due = epochMs(openHook.expiresAt - HOOK_EXPIRY_LEAD_MS);
  if (due > now) wake(pass, due);
  return due <= now && elapsedMs(lookedAt ?? due, now) >= ASKED_RECHECK_MS;
}

/** Task sets become steady without a deployment's event; an approval of the key's proposals is a command. */
const tells = (fact: Fact): boolean =>
  fact.kind === "service-action" || (fact.kind === "wake" && fact.cause === "command");

function isLookDue(pass: Pass, active: Active, name: string): boolean {
  if (pass.looked.has(name)) return false;
  const { rollout } = active;
  const { now, observation } = pass.input;
  if (rollout.trouble !== undefined && rollout.trouble.nextTryAt > now && !pass.ordered) return false;
  if (hasNews(pass, active) || isStale(pass, rollout)) return true;
  if (rollout.reached === name) return false;
  return rollout.lookAt === undefined || rollout.lookAt <= now || observation.facts.some(tells);
}

/** The sweep rings every key now and then; a rollout that waits looks up even then only as seldom as an idle one. */
const isStale = ({ input }: Pass, { lookedAt, startedAt }: Rollout): boolean =>
  input.observation.facts.some(isSweeps) && elapsedMs(lookedAt ?? startedAt, input.now) >= GUARD_PERIOD_MS;

function waitingMove(pass: Pass, active: Active): Move {
  const { lookAt, trouble } = active.rollout;
  // A retry whose time is past waits for something else by now: it must not wake the key every second.
  const isRetryDue = trouble !== undefined && trouble.nextTryAt > pass.input.now;
  wake(pass, isRetryDue ? trouble.nextTryAt : lookAt);
  if (trouble !== undefined) {
    const again = { tries: trouble.tries, nextTryAt: trouble.nextTryAt };
    say(pass, reason("trouble", `${trouble.message} (${trouble.code}); it is tried again.`, again));
  } else {
    say(pass, reason("moving", `${active.rollout.id} is ${active.phase}; ECS works.`));
  }
  return stays(active);
}

// --- what the driver says -------------------------------------------------------------------------------

const steer = ({ input }: Pass, { rollout }: Active, wish: Wish): Steering => {
  const { key, observation, policy, now } = input;
  return driverFor(rollout.driver).steer({ key, rollout, observation, policy, now }, wish);
};

/** Held: news are learnt, and an end is an end; nothing goes forward. */
function heldMove(pass: Pass, active: Active, wish: Wish | undefined): Move {
  if (wish === undefined) return stays(active);
  const steering = steer(pass, active, wish);
  pass.looked.add(wishName(wish));
  for (const one of steering.asks) pass.asks.add(one);
  pass.proposals.push(...steering.proposals.filter(({ rollback }) => rollback === true));
  const { asked: _notDone, ...learnt } = steering.learnt;
  const next = { ...active, rollout: learning(active.rollout, learnt, pass) };
  return steering.standing === "ended" ? endedMove(pass, next, steering) : stays(next);
}

function lookedMove(pass: Pass, active: Active, wish: Wish): Move {
  const steering = steer(pass, active, wish);
  pass.looked.add(wishName(wish));
  if (steering.asks.length > 0) {
    for (const one of steering.asks) pass.asks.add(one);
    wake(pass, addMs(pass.input.now, ASKED_RECHECK_MS));
    say(pass, ...steering.reasons, reason("asking", `It is read first: ${steering.asks.join(", ")}.`));
    return stays(active);
  }
  say(pass, ...steering.reasons);
  const proposals = steering.proposals.map((one) => allowed(one, active));
  pass.proposals.push(...proposals);
  const learnt = asked({ ...active, rollout: learning(active.rollout, steering.learnt, pass) });
  return standingMove(pass, learnt, { steering: { ...steering, proposals }, name: wishName(wish) });
}

/** What leads back waits for nobody; neither does the start that a person ordered. */
function allowed(proposal: Proposal, active: Active): Proposal {
  if (proposal.rollback === true || !isForward(active)) return { ...proposal, rollback: true, ordered: true };
  const isOrdered = active.phase === "starting" && active.rollout.author !== EXTERNAL_AUTHOR;
  return isOrdered ? { ...proposal, ordered: true } : proposal;
}

/** What was learnt, merged; what is undefined now is gone. */
function learning(rollout: Rollout, learnt: Steering["learnt"], { input }: Pass): Rollout {
  const merged = Object.entries({ ...rollout, ...learnt, lookedAt: input.now });
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined)) as unknown as Rollout; // -- reason: the same keys, less those without a value
}

/** ECS knows the new revision. */
const asked = (active: Active): Active => {
  const { deploymentArn, taskSets } = active.rollout;
  const isKnown = deploymentArn !== undefined || taskSets.candidate !== undefined;
  return active.phase === "starting" && isKnown
    ? { ...active, phase: activePhaseAfter(active.phase, "asked") }
    : active;
};

interface Said {
  readonly steering: Steering;
  readonly name: string;
}

function standingMove(pass: Pass, active: Active, { steering, name }: Said): Move {
  switch (steering.standing) {
    case "reached":
      return goesOn({ ...active, rollout: arrived(active.rollout, name) });
    case "moving":
      return stays(movingOn(pass, active, steering));
    case "blocked":
      return stays(blockedOn(pass, active, steering));
    case "impossible":
      return impossibleMove(pass, active, steering);
    case "ended":
      return endedMove(pass, active, steering);
    default:
      return assertNever(steering.standing);
  }
}

function arrived(rollout: Rollout, name: string): Rollout {
  const { movingSince: _arrived, lookAt: _done, trouble: _over, ...rest } = rollout;
  return { ...rest, reached: name };
}

function movingOn(pass: Pass, active: Active, { wakeAt, proposals }: Steering): Active {
  const { now, policy } = pass.input;
  const { reached: _left, ...rest } = isOverdue(pass, active) ? active.rollout : withoutHold(active.rollout);
  const since = rest.movingSince ?? now;
  const awaits = policy.mode === "approve" && proposals.some(({ ordered }) => ordered !== true);
  const lookAt = awaits
    ? addMs(now, LONGEST_LOOK_MS)
    : patiently(wakeAt ?? addMs(now, MOVING_RECHECK_MS), since, now);
  wake(pass, lookAt);
  if (awaits) {
    // An approval that nobody gives is no lack of progress.
    const { movingSince: _waits, ...waiting } = rest;
    return { ...active, rollout: { ...waiting, lookAt } };
  }
  const moving = { ...active, rollout: { ...rest, lookAt, movingSince: since } };
  if (!isOverdue(pass, moving)) return hopeless(pass, moving);
  // The policy holds at the deadline: told, while it goes on trying.
  const why = lateReason(pass, moving.rollout);
  say(pass, why);
  return { ...moving, rollout: { ...moving.rollout, hold: holdOf(why, rest.hold, now) } };
}

/** The longer it takes, the longer between two looks: acts that wait for an approval cost little. */
function patiently(at: EpochMs, since: EpochMs, now: EpochMs): EpochMs {
  const pause = Math.min(elapsedMs(since, now) / 4, LONGEST_LOOK_MS);
  return at - now >= pause ? at : addMs(now, millis(Math.round(pause)));
}

const lateReason = ({ input }: Pass, { movingSince }: Rollout): Reason =>
  reason(
    "deadline",
    `It made no progress for ${Math.round(elapsedMs(movingSince ?? input.now, input.now) / 1_000)} s.`,
  );

/** Refused again and again on the way back, or not there in time: an operator is called, and it goes on trying. */
function hopeless(pass: Pass, active: Active): Active {
  const { trouble, movingSince } = active.rollout;
  if (active.phase !== "aborting") return active;
  const { now, policy } = pass.input;
  if (movingSince !== undefined && elapsedMs(movingSince, now) >= policy.progressDeadlineMs) {
    const forSeconds = Math.round(elapsedMs(movingSince, now) / 1_000);
    say(pass, reason("needs-operator", `It has been going back for ${forSeconds} s and is not there yet.`));
    return { ...active, phase: activePhaseAfter(active.phase, "no-way") };
  }
  if (trouble === undefined || !isHopeless(trouble)) return active;
  say(pass, reason("needs-operator", `It cannot go back: ${trouble.message} (${trouble.code}).`));
  return { ...active, phase: activePhaseAfter(active.phase, "no-way") };
}

function blockedOn(pass: Pass, active: Active, { wakeAt, reasons }: Steering): Active {
  const { now } = pass.input;
  const lookAt = wakeAt ?? addMs(now, MOVING_RECHECK_MS);
  wake(pass, lookAt);
  const why = reasons.at(-1) ?? reason("blocked", "It must not go on now.");
  const { movingSince, reached: _left, ...rest } = active.rollout;
  // A person must say what is right where somebody else's weights stand: that is no lack of progress.
  const clock = DRIFT_CODES.has(why.code) ? {} : { movingSince: movingSince ?? now };
  const hold = isForward(active) ? { hold: holdOf(why, active.rollout.hold, now) } : {};
  return hopeless(pass, { ...active, rollout: { ...rest, ...hold, ...clock, lookAt } });
}

function impossibleMove(pass: Pass, active: Active, { reasons, wakeAt }: Steering): Move {
  const why = reasons.at(-1) ?? reason("impossible", "The driver cannot do this.");
  const lookAt = wakeAt ?? addMs(pass.input.now, GUARD_PERIOD_MS);
  wake(pass, lookAt);
  if (active.phase === "stuck") return stays({ ...active, rollout: { ...active.rollout, lookAt } });
  if (isForward(active) && active.phase !== "finishing" && mayGoBack(active.rollout)) {
    return goesOn(aborting(active, why, pass.input.now));
  }
  if (isForward(active) && active.phase !== "finishing")
    return endedMove(pass, active, { outcome: "failed", reasons });
  const phase = activePhaseAfter(active.phase, "no-way");
  return stays({ ...active, phase, rollout: { ...active.rollout, lookAt } });
}

function endedMove(
  pass: Pass,
  active: Active,
  { outcome = "failed", reasons }: Pick<Steering, "outcome" | "reasons">,
): Move {
  const { rollout } = active;
  const said = reasons.at(-1)?.text ?? `ECS ended the deployment as ${outcome}.`;
  if (outcome === "promoted" && isJudgedOn(pass, active)) return stays(judgedOn(pass, active, said));
  const isAgainstUs = outcome === "promoted" && rollout.cause !== undefined;
  if (isAgainstUs) {
    const text = `ECS finished the deployment before it could go back (${rollout.cause?.text}).`;
    return stays(ended(pass, active, { outcome: "needs-operator", text }));
  }
  return stays(
    ended(pass, active, { outcome: finalOf(rollout, outcome), text: rollout.cause?.text ?? said }),
  );
}

function finalOf({ driver, cause }: Rollout, outcome: NonNullable<Steering["outcome"]>): Outcome {
  if (driver === "watch" && outcome === "promoted") return "watched";
  // ECS rolled it back because a newer one was wanted.
  return outcome === "rolled-back" && cause?.code === "superseded" ? "superseded" : outcome;
}

// --- what is reached ------------------------------------------------------------------------------------

function advanced(pass: Pass, active: Active): Move {
  const { now } = pass.input;
  const { phase, rollout } = active;
  switch (phase) {
    case "starting":
      return goesOn({ ...active, phase: activePhaseAfter(phase, "asked") });
    case "preparing":
      return goesOn({
        ...active,
        phase: activePhaseAfter(phase, "ready"),
        rollout: { ...withoutHold(rollout), stepSince: now },
      });
    case "stepping":
      return stepMove(pass, active, stepResult(pass, rollout));
    case "finishing":
      return stays(ended(pass, active, { outcome: "promoted", text: promotedText(rollout) }));
    case "aborting":
    case "stuck":
      return stays(ended(pass, active, backEnd(rollout)));
    default:
      return assertNever(phase);
  }
}

const promotedText = ({ verdict, waived }: Rollout): string =>
  waived ?? (verdict === undefined ? "All steps were done." : verdict.text);

const BACK_OUTCOMES: Readonly<Record<string, Outcome>> = {
  superseded: "superseded",
  [IMPOSSIBLE_START]: "failed",
};

const backEnd = ({ cause, verdict }: Rollout): { outcome: Outcome; text: string } => {
  if (cause === undefined)
    return { outcome: "promoted", text: verdict?.text ?? "It came to its end after all." };
  return { outcome: BACK_OUTCOMES[cause.code] ?? "rolled-back", text: cause.text };
};

function stepMove(pass: Pass, active: Active, result: StepResult): Move {
  const { now } = pass.input;
  const { rollout } = active;
  say(pass, result.reason);
  switch (result.kind) {
    case "done":
      return goesOn(afterStep(active, now));
    case "raise":
      return goesOn({
        ...active,
        rollout: {
          ...withoutHold(rollout),
          steps: [...rollout.steps, { kind: "setWeight", weight: result.weight }],
        },
      });
    case "wait":
      wake(pass, result.until);
      if (result.holds !== true) return stays({ ...active, rollout: withoutHold(rollout) });
      return stays(held(pass, active, result.reason));
    case "back":
      if (!mayGoBack(rollout)) return stays(held(pass, active, result.reason));
      return goesOn(aborting(active, result.reason, now));
    default:
      return assertNever(result);
  }
}

function afterStep(active: Active, now: Rollout["stepSince"]): Active {
  const { webhook: _answered, lookAt: _next, ...rest } = withoutHold(active.rollout);
  if (rest.step < rest.steps.length)
    return { ...active, rollout: { ...rest, step: rest.step + 1, stepSince: now } };
  return {
    ...active,
    phase: activePhaseAfter(active.phase, "steps-done"),
    rollout: { ...rest, stepSince: now },
  };
}
