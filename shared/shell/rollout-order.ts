// An operator's order about a rollout, checked against what stands in the table before it is written down. Pure.
// `decide` checks again: what is refused here is refused with the remedy while somebody still looks at it.

import { callerName, NO_REVISION } from "../base/arn.ts";
import type { EpochMs } from "../base/time.ts";
import type { Aggregate } from "../contracts/aggregate.ts";
import type { Mode, RolloutCommand, RolloutVerb } from "../contracts/policy.ts";
import type { ApiProblem, OrderRequest } from "../contracts/rollout-api.ts";
import type { RolloutPolicy } from "../contracts/rollout-policy.ts";
import { isUnsureHold } from "../core/rollout/policy.ts";
import { rolloutId } from "../core/rollout/rollout-id.ts";
import type { Active, RolloutState } from "../core/rollout/state.ts";
import { activeOf, rolloutStateOf } from "./rollout-view.ts";
import { stepText } from "./rollout-words.ts";

export interface OrderInput {
  readonly aggregate: Aggregate;
  readonly verb: RolloutVerb;
  readonly request: OrderRequest;
  /** Who signed the request: never what its body says. */
  readonly by: string;
  readonly at: EpochMs;
  /** The decision id. */
  readonly id: string;
  /** What the installation may do at most. */
  readonly installation: Mode;
}

export interface Refusal {
  readonly status: 400 | 403 | 404 | 409;
  readonly problem: ApiProblem;
}

export interface Accepted {
  readonly command: RolloutCommand;
  /** One sentence: what happens next. */
  readonly next: string;
}

export const isRefusal = (answer: Accepted | Refusal): answer is Refusal => "problem" in answer;

/** What the checks of the verbs look at. */
interface Bench {
  readonly state: RolloutState;
  readonly active: Active | undefined;
  readonly policy: RolloutPolicy;
  readonly input: OrderInput;
}

type Answer = Refusal | { readonly fields: Partial<RolloutCommand>; readonly next: string };

export function orderOf(input: OrderInput): Accepted | Refusal {
  const policy = input.aggregate.policy?.rollout;
  if (policy === undefined) return noPolicy(input);
  const state = rolloutStateOf(input.aggregate);
  const bench: Bench = { state, active: activeOf(state), policy, input };
  const answer = mayNot(bench) ?? voidOrder(bench) ?? ANSWERS[input.verb](bench);
  if ("problem" in answer) return answer;
  const { verb, by, at, id } = input;
  return { command: { type: "rollout", id, verb, by, at, ...answer.fields }, next: answer.next };
}

const refused = (
  status: Refusal["status"],
  error: string,
  [message, remedy]: readonly [string, string],
): Refusal => ({
  status,
  problem: { error, message, remedy },
});

const noPolicy = ({ aggregate }: OrderInput): Refusal =>
  refused(404, "no-rollout-policy", [
    `${aggregate.key} has no rollout policy.`,
    "Add `rollout: {}` to its entry in the manifest and run `fairlead apply -f FILE`.",
  ]);

/** Orders that only tell Fairlead what to remember are heard in every mode. */
const HARMLESS: readonly RolloutVerb[] = ["pause", "resume", "analyze"];

function mayNot({ policy, active, input: { verb, installation } }: Bench): Refusal | undefined {
  if (HARMLESS.includes(verb)) return undefined;
  if (installation === "observe") {
    return refused(409, "installation-observes", [
      "This installation only observes: it has no permission to write.",
      "Deploy it with mode act.",
    ]);
  }
  if (policy.mode === "observe") {
    return refused(409, "observe", [
      "Its rollouts are in mode observe, which only shows what would be done.",
      "Set `rollout.mode: act` (or approve) in the manifest and apply it.",
    ]);
  }
  if (policy.dryRun || active?.rollout.driver === "watch") {
    const why = policy.dryRun ? "`dryRun` is set" : "ECS or another controller moves this service itself";
    return refused(409, "watched-only", [
      `This service is only watched: ${why}.`,
      "Take `dryRun` out of the manifest, or use the controller that moves it.",
    ]);
  }
  return undefined;
}

/** An order names what it was given for: anything else that is there by now makes it void. */
function voidOrder({ active, input: { request, verb } }: Bench): Refusal | undefined {
  if (verb === "start" || verb === "undo" || verb === "retry") return undefined;
  const { rollout, step, revision } = request;
  const current = active?.rollout;
  if (rollout !== undefined && current !== undefined && rollout !== current.id) {
    return look("other-rollout", `${rollout} is over: ${current.id} rolls out now.`);
  }
  if (step !== undefined && current !== undefined && step !== current.step) {
    return look("other-step", `Step ${step + 1} is over: ${current.id} is at step ${current.step + 1}.`);
  }
  if (revision === undefined || current === undefined) return undefined;
  const { taskDefinition, revisionArn } = current.target;
  if (revision === familyOf(taskDefinition) || revision === taskDefinition || revision === revisionArn)
    return undefined;
  return look("other-revision", `${current.id} rolls out ${familyOf(taskDefinition)}, not ${revision}.`);
}

const look = (error: string, message: string): Refusal =>
  refused(409, error, [message, "Look again with `fairlead rollout get`, then decide anew."]);

const familyOf = (taskDefinition: string): string =>
  taskDefinition.slice(taskDefinition.lastIndexOf("/") + 1);

// --- verb by verb -------------------------------------------------------------------------------------------

const ANSWERS: Readonly<Record<RolloutVerb, (bench: Bench) => Answer>> = {
  start,
  promote: (bench) => promote(bench, "next"),
  "promote-full": (bench) => promote(bench, "full"),
  approve,
  abort,
  retry,
  undo,
  pause,
  resume,
  analyze,
};

const NOTHING = ["No rollout is under way.", "Start one with `fairlead rollout start`."] as const;
const nothing = (): Refusal => refused(409, "no-rollout", NOTHING);

/** Rollout, step and revision that the order is for: repeated, it is void and not done twice. */
const bound = ({ rollout }: Active): Partial<RolloutCommand> => ({
  rollout: rollout.id,
  step: rollout.step,
  revision: rollout.target.taskDefinition,
});

function start(bench: Bench): Answer {
  const { active, policy, input } = bench;
  const { request } = input;
  const { taskDefinition } = request;
  if (taskDefinition === undefined) {
    return refused(400, "no-task-definition", [
      "The order names no task definition.",
      "Name one as family:revision, or by its ARN.",
    ]);
  }
  const name = familyOf(taskDefinition);
  const fields = { taskDefinition };
  if (active === undefined) return startWhenIdle(bench, name, fields);
  const { rollout, phase } = active;
  if (familyOf(rollout.target.taskDefinition) === name && phase !== "aborting" && phase !== "stuck")
    return look("rolls-out-already", `${rollout.id} rolls out ${name} already.`);
  switch (policy.onNewer) {
    case "refuse":
      return refused(409, "one-at-a-time", [
        `${rollout.id} is under way, and \`onNewer: refuse\` lets no newer one in.`,
        "Wait for its end, or abort it first.",
      ]);
    case "queue":
      return { fields, next: `${name} waits until ${rollout.id} has ended` };
    case "supersede":
      return { fields, next: `${name} takes over from ${rollout.id}` };
  }
}

function startWhenIdle(
  { state, policy, input: { aggregate, id } }: Bench,
  name: string,
  fields: Partial<RolloutCommand>,
): Answer {
  const running = Object.values(aggregate.state.tasks).filter(
    ({ desiredStatus }) => desiredStatus === "RUNNING",
  );
  if (running.length > 0 && running.every(({ taskDefinitionArn }) => familyOf(taskDefinitionArn) === name))
    return refused(409, "runs-already", [
      `${aggregate.key.split("/").slice(2).join("/")} runs ${name} already.`,
      "Name another task definition.",
    ]);
  const isPaused = aggregate.commands.some(({ type }) => type === "pause");
  const mayWait = policy.freeze.length > 0 || policy.dependsOn.length > 0;
  const when = isPaused ? "once the service is resumed" : mayWait ? "as soon as nothing holds it up" : "now";
  const instead =
    state.wanted === undefined ? "" : ` in place of ${familyOf(state.wanted.taskDefinition)}, which waits`;
  return { fields, next: `${name} begins ${when}${instead}, as ${rolloutId(aggregate.key, id)}` };
}

/** Of the rollout that this order begins. */
const newId = ({ aggregate, id }: OrderInput): string => rolloutId(aggregate.key, id);

function promote({ active }: Bench, how: "next" | "full"): Answer {
  if (active === undefined) return nothing();
  const { rollout, phase } = active;
  if (phase === "aborting" || phase === "stuck" || phase === "finishing")
    return look("nothing-to-promote", `${rollout.id} is ${PHASES[phase]}: there is no step to go on from.`);
  const asked = unapproved(active, how);
  if (asked !== undefined) {
    return refused(409, "approval-needed", [
      `Step ${asked + 1} of ${rollout.id} asks for an approval, which no promotion replaces.`,
      "Somebody else than the author runs `fairlead rollout approve` when it is reached.",
    ]);
  }
  if (rollout.verdict?.kind === "bad") {
    return refused(409, "bad-verdict", [
      `The verdict is bad: ${rollout.verdict.text}`,
      "Abort it, or let the policy roll it back.",
    ]);
  }
  const step = rollout.steps[rollout.step];
  if (how === "next" && !waitsForWord(active)) {
    const now = phase === "stepping" && step !== undefined ? `at ${stepText(step)}` : PHASES[phase];
    return refused(409, "nothing-to-promote", [
      `${rollout.id} is ${now}, which waits for nobody.`,
      "Look again when it waits, or go to the end with `fairlead rollout promote --full`.",
    ]);
  }
  const next =
    how === "full"
      ? `${rollout.id} skips its other steps and finishes; a bad verdict still rolls it back`
      : `${rollout.id} goes on from ${step === undefined ? "here" : stepText(step)}`;
  return { fields: bound(active), next };
}

const PHASES = {
  starting: "starting",
  preparing: "starting its tasks",
  stepping: "after its last step",
  aborting: "on its way back",
  stuck: "stuck",
  finishing: "finishing",
} as const;

/** Steps that a promotion ends. */
const WAITS: readonly string[] = ["pause", "analysis"];

/** After the last step it waits for the verdict; before any weight, where the analysis is not sure. */
function waitsForWord({ phase, rollout }: Active): boolean {
  const step = rollout.steps[rollout.step];
  if (phase !== "stepping") return false;
  return step === undefined || WAITS.includes(step.kind) || isUnsureHold(rollout);
}

function unapproved({ rollout }: Active, how: "next" | "full"): number | undefined {
  const until = how === "next" ? rollout.step + 1 : rollout.steps.length;
  const index = rollout.steps.findIndex(
    ({ kind }, at) =>
      kind === "approve" &&
      at >= rollout.step &&
      at < until &&
      !rollout.approvals.some(({ step }) => step === at),
  );
  return index < 0 ? undefined : index;
}

function approve({ active, input: { by } }: Bench): Answer {
  if (active === undefined) return nothing();
  const { rollout, phase } = active;
  const step = rollout.steps[rollout.step];
  if (phase !== "stepping" || step?.kind !== "approve") {
    const now = step === undefined || phase !== "stepping" ? PHASES[phase] : `at ${stepText(step)}`;
    return look("nothing-to-approve", `${rollout.id} asks for no approval now: it is ${now}.`);
  }
  if (rollout.approvals.some((approval) => approval.step === rollout.step))
    return look("approved-already", `Step ${rollout.step + 1} of ${rollout.id} is approved already.`);
  if (by === rollout.author) {
    return refused(403, "own-rollout", [
      `${callerName(by)} began ${rollout.id}: who begins a rollout does not approve it.`,
      "Ask somebody else to run `fairlead rollout approve`.",
    ]);
  }
  return { fields: bound(active), next: `step ${rollout.step + 1} of ${rollout.id} is approved; it goes on` };
}

function abort({ active, state }: Bench): Answer {
  if (active === undefined) {
    if (state.wanted === undefined) return nothing();
    const { decision, taskDefinition } = state.wanted;
    return { fields: {}, next: `the start of ${familyOf(taskDefinition)} (${decision}) is taken back` };
  }
  const { rollout, phase } = active;
  // Not bound to a step: an abort is right whatever step has come since.
  const back = `${familyOf(rollout.source.taskDefinition)} gets its capacity back, then all traffic`;
  const again = `${rollout.id} is on its way back already; what failed of it is tried again`;
  return { fields: { rollout: rollout.id }, next: phase === "aborting" ? again : back };
}

function retry({ active, state, input }: Bench): Answer {
  if (active?.phase === "stuck" || active?.rollout.trouble !== undefined)
    return { fields: { rollout: active.rollout.id }, next: `${active.rollout.id} is tried again` };
  if (active !== undefined) return look("under-way", `${active.rollout.id} is under way: nothing to retry.`);
  const [last] = state.past;
  if (last === undefined || last.outcome === "promoted") {
    return refused(409, "nothing-to-retry", [
      last === undefined ? "No rollout has ended yet." : `The last one, ${last.id}, was promoted.`,
      "Start another with `fairlead rollout start`.",
    ]);
  }
  const { taskDefinition } = last.target;
  return {
    fields: { rollout: last.id, taskDefinition },
    next: `${familyOf(taskDefinition)} rolls out again from its first step, as ${newId(input)}`,
  };
}

function undo({ active, state, input }: Bench): Answer {
  if (active !== undefined)
    return refused(409, "under-way", [
      `${active.rollout.id} is under way.`,
      "Abort it: that is the way back to the old revision.",
    ]);
  const [last] = state.past.filter(({ outcome }) => outcome === "promoted");
  const goal = input.request.taskDefinition ?? last?.source.taskDefinition;
  if (goal === undefined || goal === NO_REVISION) {
    return refused(409, "nothing-to-undo", [
      "No earlier good revision is remembered.",
      "Name a revision: `fairlead rollout undo KEY --to FAMILY:REVISION`.",
    ]);
  }
  return {
    fields: { taskDefinition: goal },
    next: `back to ${familyOf(goal)} as ${newId(input)}; without steps where it is within the rollback window`,
  };
}

function pause({ active }: Bench): Answer {
  if (active === undefined) return nothing();
  if (active.phase === "aborting" || active.phase === "stuck")
    return look("goes-back", `${active.rollout.id} goes back, which nothing holds up.`);
  if (active.rollout.paused !== undefined)
    return look(
      "paused-already",
      `${active.rollout.id} is paused already, by ${callerName(active.rollout.paused.by)}.`,
    );
  const { id } = active.rollout;
  return { fields: { rollout: id }, next: `${id} stays where it is; a bad verdict still rolls it back` };
}

function resume({ active }: Bench): Answer {
  if (active === undefined) return nothing();
  if (active.rollout.paused === undefined) return notPaused(active);
  return { fields: { rollout: active.rollout.id }, next: `${active.rollout.id} goes on` };
}

/** Argo's users know one word for both: a pause that somebody ordered, and a step that waits. */
function notPaused({ phase, rollout }: Active): Refusal {
  const step = phase === "stepping" ? rollout.steps[rollout.step] : undefined;
  if (step?.kind !== "pause") return look("not-paused", `${rollout.id} is not paused.`);
  return refused(409, "not-paused", [
    `Nobody paused ${rollout.id}: it is at its step ${stepText(step)}.`,
    "`fairlead rollout promote` ends that step.",
  ]);
}

function analyze({ active }: Bench): Answer {
  if (active === undefined) return nothing();
  return { fields: { rollout: active.rollout.id }, next: "the analysis is made again now" };
}
