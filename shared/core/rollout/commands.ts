// An operator's words: each is heard once, carried out or refused with a reason that names its decision id and
// what would be allowed. An abort is heard before everything else.

import { callerName, NO_REVISION } from "../../base/arn.ts";
import { assertNever } from "../../base/assert.ts";
import { reason } from "../../base/reasons.ts";
import { epochMs } from "../../base/time.ts";
import type { RolloutCommand } from "../../contracts/policy.ts";
import { aborting, isForward } from "./going-back.ts";
import { UNJUDGED, withoutHold } from "./holds.ts";
import type { Pass } from "./pass.ts";
import { say } from "./pass.ts";
import { ANSWERS_KEPT, HEARD_KEPT, isUnsureHold, mayGoBack, weightCap } from "./policy.ts";
import { lastGood } from "./rollback-window.ts";
import { rolloutId } from "./rollout-id.ts";
import { refusedAfterAll, wantedFrom } from "./starts.ts";
import type { Active, Answered, Idle, Rollout, RolloutState, Wanted } from "./state.ts";
import { shortName } from "./tasks-failing.ts";

type Answer =
  | { readonly kind: "done"; readonly state: RolloutState; readonly text: string }
  | { readonly kind: "refused"; readonly text: string };

const done = (state: RolloutState, text: string): Answer => ({ kind: "done", state, text });
const refused = (text: string): Answer => ({ kind: "refused", text });

export function carriedOut(pass: Pass, state: RolloutState): RolloutState {
  const news = pass.input.observation.commands.filter(({ id }) => !state.heard.includes(id));
  const sorted = news.toSorted((a, b) => urgency(a) - urgency(b) || a.at - b.at);
  return sorted.reduce((current, command) => heard(pass, current, command), state);
}

const urgency = ({ verb }: RolloutCommand): number => (verb === "abort" ? 0 : 1);

function heard(pass: Pass, state: RolloutState, command: RolloutCommand): RolloutState {
  const answer = answerTo(pass, state, command);
  const inputs = { decision: command.id, verb: command.verb, by: command.by };
  say(
    pass,
    answer.kind === "done"
      ? reason(`order-${command.verb}`, `${answer.text} (${command.id})`, inputs)
      : reason(
          "order-refused",
          `${command.verb} by ${callerName(command.by)} is refused (${command.id}): ${answer.text}`,
          inputs,
        ),
  );
  const after = answer.kind === "done" ? answer.state : state;
  return {
    ...after,
    heard: [...after.heard, command.id].slice(-HEARD_KEPT),
    answered: [...(after.answered ?? []), answeredTo(pass, command, { answer, state, after })].slice(
      -ANSWERS_KEPT,
    ),
  };
}

interface Heard {
  readonly answer: Answer;
  readonly state: RolloutState;
  readonly after: RolloutState;
}

/** `why` tells it for as long as anybody may ask. */
function answeredTo(pass: Pass, { id, verb, by, at }: RolloutCommand, heard: Heard): Answered {
  const { answer, state, after } = heard;
  const begins = after.wanted?.decision === id ? rolloutId(pass.input.key, id) : undefined;
  const rollout = begins ?? (state.phase === "idle" ? undefined : state.rollout.id);
  return {
    decision: id,
    verb,
    by,
    at: epochMs(at),
    outcome: answer.kind,
    text: answer.text,
    ...(rollout !== undefined && { rollout }),
  };
}

function answerTo(pass: Pass, state: RolloutState, command: RolloutCommand): Answer {
  const { verb } = command;
  if (verb === "start") return started(pass, state, command);
  if (state.phase === "idle") return answerIdle(pass, state, command);
  const mismatched = mismatch(state, command);
  if (mismatched !== undefined) return refused(mismatched);
  switch (verb) {
    case "abort":
      return aborted(pass, state, command);
    case "promote":
      return promoted(pass, state, command);
    case "promote-full":
      return promotedFully(state, command);
    case "approve":
      return approved(pass, state, command);
    case "pause":
      return paused(state, command);
    case "resume":
      return resumed(state, command);
    case "analyze":
      pass.refreshes = true;
      return done(state, "The metrics are looked at now.");
    case "retry":
      return retried(pass, state);
    case "undo":
      return refused("a rollout is under way; abort goes back to the old revision.");
    default:
      return assertNever(verb);
  }
}

/** An order names what was seen; of anything else it is void. */
function mismatch({ rollout }: Active, command: RolloutCommand): string | undefined {
  if (command.rollout !== undefined && command.rollout !== rollout.id) {
    return `it is about ${command.rollout}, under way is ${rollout.id}.`;
  }
  if (command.verb === "abort") return undefined;
  if (command.step !== undefined && command.step !== rollout.step) {
    return `it is about step ${command.step + 1}, the rollout is at step ${rollout.step + 1}.`;
  }
  const { revision } = command;
  const isOther =
    revision !== undefined &&
    revision !== rollout.target.revisionArn &&
    shortName(revision) !== shortName(rollout.target.taskDefinition);
  return isOther
    ? `it is about ${revision}, under way is ${shortName(rollout.target.taskDefinition)}.`
    : undefined;
}

// --- starts ---------------------------------------------------------------------------------------------

function started(pass: Pass, state: RolloutState, command: RolloutCommand): Answer {
  const { policy, observation } = pass.input;
  const { taskDefinition } = command;
  if (taskDefinition === undefined || taskDefinition === "") return refused("it names no task definition.");
  if (policy.mode === "observe" || !observation.mayAct) {
    return refused("the mode is observe; approve or act would allow it.");
  }
  if (policy.dryRun) return refused("the policy says dryRun: deployments are only watched.");
  const wanted = wantedFrom(taskDefinition, command);
  if (state.phase === "idle") return wantedNow(state, wanted);
  const { rollout } = state;
  const to = shortName(taskDefinition);
  if (isForward(state) && to === shortName(rollout.target.taskDefinition))
    return refused(`${to} is rolled out already.`);
  switch (policy.onNewer) {
    case "refuse":
      return refused(`${rollout.id} is under way; abort it first.`);
    case "queue":
      return done({ ...state, wanted }, `${to} waits for the end of ${rollout.id}.`);
    case "supersede":
      return superseded(pass, { ...state, wanted }, to);
    default:
      return assertNever(policy.onNewer);
  }
}

/** One start waits at a time: the newest. */
function wantedNow(state: Idle, wanted: Wanted): Answer {
  const { wanted: before } = state;
  const name = shortName(wanted.taskDefinition);
  if (before === undefined) return done({ ...state, wanted }, `${name} is wanted.`);
  const text = `${name} takes the place of ${shortName(before.taskDefinition)}, which had not begun.`;
  return done({ ...state, ...refusedAfterAll(state, before, text), wanted }, text);
}

/** The old revision gets everything back first: then the newer one begins from a state that is known. */
function superseded(pass: Pass, state: Active, to: string): Answer {
  const text = `${to} takes over from ${shortName(state.rollout.target.taskDefinition)}.`;
  // What is finishing has everything and was good: the newer one follows it, instead of the old one coming back first.
  if (!isForward(state) || state.phase === "finishing" || !mayGoBack(state.rollout))
    return done(state, `${text} It begins when this one has ended.`);
  pass.ordered = true;
  return done(aborting(state, reason("superseded", text), pass.input.now), text);
}

function answerIdle(pass: Pass, state: Idle, command: RolloutCommand): Answer {
  switch (command.verb) {
    case "retry":
      return retriedLast(pass, state, command);
    case "undo":
      return undone(pass, state, command);
    case "abort":
      return abortedWish(state);
    case "approve":
    case "analyze":
    case "pause":
    case "promote":
    case "promote-full":
    case "resume":
    case "start":
      return refused("no rollout is under way; start, retry and undo are allowed.");
    default:
      return assertNever(command.verb);
  }
}

function abortedWish({ wanted, ...rest }: Idle): Answer {
  if (wanted === undefined) return refused("no rollout is under way and none waits.");
  const text = `The start of ${shortName(wanted.taskDefinition)} is taken back.`;
  return done({ ...rest, ...refusedAfterAll(rest, wanted, text) }, text);
}

function retriedLast(pass: Pass, state: Idle, command: RolloutCommand): Answer {
  const [last] = state.past;
  if (last === undefined) return refused("there was no rollout yet; start one.");
  if (last.outcome === "promoted")
    return refused(`the last rollout, ${last.id}, was promoted; start another.`);
  return started(pass, state, { ...command, taskDefinition: last.target.taskDefinition });
}

function undone(pass: Pass, state: Idle, command: RolloutCommand): Answer {
  const to = command.taskDefinition ?? lastGood(state.past);
  if (to === undefined || to === NO_REVISION)
    return refused("no earlier good revision is known; start names one.");
  return started(pass, state, { ...command, taskDefinition: to });
}

// --- back -----------------------------------------------------------------------------------------------

function aborted(pass: Pass, state: Active, { by, id }: RolloutCommand): Answer {
  if (!mayGoBack(state.rollout)) return refused("this deployment is only watched; stop it in ECS.");
  const { wanted: _dropped, ...rest } = state;
  pass.ordered = true;
  if (state.phase === "aborting")
    return done({ ...rest, rollout: tryingAgain(state.rollout) }, `${state.rollout.id} goes back already.`);
  const cause = reason("aborted", `${callerName(by)} aborted it (${id}).`, { by });
  return done(aborting(rest, cause, pass.input.now), `${callerName(by)} aborts ${state.rollout.id}.`);
}

function tryingAgain(rollout: Rollout): Rollout {
  const { trouble: _again, lookAt: _now, ...rest } = rollout;
  return rest;
}

function retried(pass: Pass, state: Active): Answer {
  if (state.phase !== "stuck" && state.rollout.trouble === undefined) {
    return refused(`${state.rollout.id} is ${state.phase}; retry is for one that is stuck or has ended.`);
  }
  pass.ordered = true;
  return done({ ...state, rollout: tryingAgain(state.rollout) }, "What failed is tried again.");
}

// --- forward --------------------------------------------------------------------------------------------

const isBad = ({ verdict }: Rollout): boolean => verdict?.kind === "bad";

function promoted(pass: Pass, state: Active, { by, id }: RolloutCommand): Answer {
  const { rollout, phase } = state;
  if (phase !== "stepping") return refused(`${rollout.id} is ${phase}; a step under way can be promoted.`);
  if (isBad(rollout)) return refused(`the verdict is bad: ${rollout.verdict?.text} Abort is allowed.`);
  const step = rollout.steps[rollout.step];
  if (step === undefined)
    return done(
      pushedOn(pass, state, `${callerName(by)} promoted it (${id}).`),
      `${callerName(by)} lets ${rollout.id} go on.`,
    );
  const isUnsure = isUnsureHold(rollout);
  if (isUnsure && step.kind !== "analysis" && step.kind !== "pause") {
    const next = { ...withoutHold(rollout), waivedStep: rollout.step };
    return done(
      { ...state, rollout: next },
      `${callerName(by)} lets ${rollout.id} take this step without a verdict.`,
    );
  }
  if (step.kind === "approve")
    return refused("this step wants an approval by somebody else than the author.");
  if (step.kind !== "pause" && step.kind !== "analysis") {
    return refused(
      `step ${rollout.step + 1} (${step.kind}) is not one that waits; promote-full goes to the end.`,
    );
  }
  const { lookAt: _next, ...rest } = withoutHold(rollout);
  // Who goes on without a verdict does not mean the next weight to wait for the same one.
  const waiver = isUnsure ? { waivedStep: rollout.step + 1 } : {};
  const next = { ...rest, ...waiver, step: rollout.step + 1, stepSince: pass.input.now };
  return done(
    { ...state, rollout: next },
    `${callerName(by)} ends step ${rollout.step + 1} of ${rollout.id}.`,
  );
}

/** After the steps: the ramp's next rung, or the end without a verdict where there is no further one. */
function pushedOn(pass: Pass, state: Active, waived: string): Active {
  const { rollout } = state;
  const cap = weightCap(pass.input.policy, rollout);
  const weight = Math.min(cap, Math.max(rollout.weight * 2, rollout.weight + 10));
  if (!rollout.isAuto || weight <= rollout.weight) {
    return { ...state, rollout: { ...withoutHold(rollout), waived } };
  }
  return {
    ...state,
    rollout: {
      ...withoutHold(rollout),
      steps: [...rollout.steps, { kind: "setWeight", weight }],
      waivedStep: rollout.step,
    },
  };
}

function promotedFully(state: Active, { by, id }: RolloutCommand): Answer {
  const { rollout, phase } = state;
  const isUnjudged = phase === "finishing" && rollout.hold?.code === UNJUDGED;
  if (!isForward(state) || (phase === "finishing" && !isUnjudged))
    return refused(`${rollout.id} is ${phase}.`);
  if (isBad(rollout)) return refused(`the verdict is bad: ${rollout.verdict?.text} Abort is allowed.`);
  const asked = rollout.steps.findIndex(
    ({ kind }, step) => kind === "approve" && isUnapproved(rollout, step),
  );
  if (asked >= 0) return refused(`step ${asked + 1} wants an approval, which no promotion replaces.`);
  const { lookAt: _next, ...rest } = withoutHold(rollout);
  const next = {
    ...rest,
    step: rollout.steps.length,
    waived: `${callerName(by)} promoted it in full (${id}).`,
  };
  return done({ ...state, rollout: next }, `${callerName(by)} promotes ${rollout.id} in full.`);
}

const isUnapproved = (rollout: Rollout, step: number): boolean =>
  step >= rollout.step && !rollout.approvals.some((approval) => approval.step === step);

function approved(pass: Pass, state: Active, command: RolloutCommand): Answer {
  const { rollout, phase } = state;
  const { by, id, rollout: named, step: at, revision } = command;
  const step = phase === "stepping" ? rollout.steps[rollout.step] : undefined;
  if (step?.kind !== "approve") return refused("the present step wants no approval.");
  if (named === undefined || at === undefined || revision === undefined) {
    return refused("an approval names the rollout, the step and the revision that were seen.");
  }
  if (by === rollout.author)
    return refused(`${callerName(by)} began this rollout; somebody else must approve it.`);
  if (command.at + step.expiresMs <= pass.input.now)
    return refused("the approval is too old; approve again.");
  const approval = { step: rollout.step, by, at: pass.input.now, decision: id };
  const approvals = [...rollout.approvals.filter((one) => one.step !== rollout.step), approval];
  return done(
    { ...state, rollout: { ...rollout, approvals } },
    `${callerName(by)} approves step ${rollout.step + 1}.`,
  );
}

function paused(state: Active, { by, at }: RolloutCommand): Answer {
  if (!isForward(state)) return refused(`${state.rollout.id} goes back, which nothing holds up.`);
  if (state.rollout.paused !== undefined)
    return refused(`${callerName(state.rollout.paused.by)} paused it already.`);
  const mark = { by, since: at as Rollout["stepSince"] };
  return done(
    { ...state, rollout: { ...state.rollout, paused: mark } },
    `${callerName(by)} pauses ${state.rollout.id}.`,
  );
}

function resumed(state: Active, { by }: RolloutCommand): Answer {
  const { paused: mark, ...rest } = state.rollout;
  if (mark === undefined) return refused("it is not paused; a step that waits is ended by promote.");
  return done({ ...state, rollout: withoutHold(rest) }, `${callerName(by)} resumes ${state.rollout.id}.`);
}
