// What a Lambda lifecycle hook answers, and why. Pure. The pace of a rollout is kept by PAUSE hooks, which need no
// function; this one only says no, or not yet, where no PAUSE hook may stand. So it never answers anything but
// SUCCEEDED out of not knowing: ECS takes silence, an error and a FAILED alike and rolls back what may be the repair.

import type { Reason } from "../base/reasons.ts";
import { reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import { addMs, minutes } from "../base/time.ts";
import type { HookAnswer, HookCall } from "../contracts/hook-call.ts";
import type { Command, Control, Mode, RolloutCommand, ServicePolicy } from "../contracts/policy.ts";
import type { Active, RolloutState } from "../core/rollout/state.ts";

/** What the load balancer says just before a new revision starts. */
export interface Preflight {
  /** Percent of production on target groups that are not the old revision's. */
  readonly misplaced: number;
  /** Healthy targets behind those groups. */
  readonly healthyThere: number;
}

export interface HookScene {
  readonly call: HookCall;
  readonly now: EpochMs;
  /** What the installation may do at most. */
  readonly mode: Mode;
  /** undefined: the table could not be read. */
  readonly stored:
    | {
        readonly policy: ServicePolicy | undefined;
        readonly state: RolloutState;
        readonly commands: readonly Command[];
        readonly control: Control;
      }
    | undefined;
  /** Only at PRE_SCALE_UP; undefined: not looked at, or nothing to compare. */
  readonly preflight?: Preflight | "unreadable";
}

export interface HookDecision {
  readonly answer: HookAnswer;
  readonly reason: Reason;
}

/** So soon does ECS ask again while we hold: an operator's word is heard within it. */
const HOLD_SECONDS = 15;
const RETRY_SECONDS = 5;
/** Reads that failed so often in a row are given up. */
const MAX_TRIES = 3;
/** A person or the rollout's own repair has so long to put the weights right. */
const PREFLIGHT_MS = minutes(15);

const succeeded = (code: string, text: string, inputs?: Reason["inputs"]): HookDecision => ({
  answer: { hookStatus: "SUCCEEDED" },
  reason: reason(code, text, inputs),
});
const failed = (code: string, text: string, inputs?: Reason["inputs"]): HookDecision => ({
  answer: { hookStatus: "FAILED" },
  reason: reason(code, text, inputs),
});

interface Wait {
  readonly seconds: number;
  readonly details?: Readonly<Record<string, number>>;
}

const waiting = ({ seconds, details }: Wait, why: Reason): HookDecision => ({
  answer: {
    hookStatus: "IN_PROGRESS",
    callBackDelay: seconds,
    ...(details !== undefined && { hookDetails: details }),
  },
  reason: why,
});

/** The first that has something to say. */
export function hookDecision(scene: HookScene): HookDecision {
  return (
    whileGoingBack(scene) ??
    whileUnread(scene) ??
    withoutMandate(scene) ??
    onAbort(scene) ??
    onHold(scene) ??
    onPreflight(scene) ??
    succeeded("hook-go-on", "nothing speaks against it")
  );
}

/** On a rollback ECS runs the hooks of the shifts again, with no traffic left for the new revision. */
const whileGoingBack = ({ call }: HookScene): HookDecision | undefined =>
  call.targetShare === 0 ? succeeded("hook-going-back", "the way back is never held up") : undefined;

const numberIn = ({ details }: HookCall, name: string): number =>
  typeof details[name] === "number" ? details[name] : 0;

function whileUnread({ call, stored }: HookScene): HookDecision | undefined {
  return stored === undefined ? retry(call, "the rollout's state could not be read") : undefined;
}

/** A few tries, since an abort may stand there; then as if Fairlead were not there. */
function retry(call: HookCall, what: string): HookDecision {
  const tries = numberIn(call, "fairleadTries") + 1;
  if (tries >= MAX_TRIES) {
    return succeeded("hook-unread", `${what} in ${tries} tries: the deployment goes on`, { tries });
  }
  const why = reason("hook-unread", `${what}: asked again`, { tries });
  return waiting({ seconds: RETRY_SECONDS, details: { fairleadTries: tries } }, why);
}

function withoutMandate({ mode, stored }: HookScene): HookDecision | undefined {
  const policy = stored?.policy?.rollout;
  if (stored?.control.killSwitch === true) return succeeded("hook-kill-switch", "the kill switch is on");
  if (policy === undefined) return succeeded("hook-unmanaged", "no policy asks for rollouts of this service");
  if (mode === "observe" || policy.mode === "observe" || policy.dryRun) {
    return succeeded("hook-observes", "Fairlead only observes this service");
  }
  return undefined;
}

const isAbort = (command: Command): command is RolloutCommand =>
  command.type === "rollout" && command.verb === "abort";

const rolloutOf = ({ call, stored }: HookScene): Active | undefined => {
  const state = stored?.state;
  if (state === undefined || state.phase === "idle") return undefined;
  const { deploymentArn } = state.rollout;
  return deploymentArn === undefined || deploymentArn === call.deploymentArn ? state : undefined;
};

/** An operator's word counts from the moment it is written, before any pass has heard it. */
function onAbort(scene: HookScene): HookDecision | undefined {
  const active = rolloutOf(scene);
  if (active === undefined) return undefined;
  const { id } = active.rollout;
  const ordered = scene.stored?.commands.find(
    (command) =>
      isAbort(command) &&
      !active.heard.includes(command.id) &&
      (command.rollout === undefined || command.rollout === id),
  );
  if (ordered !== undefined) return failed("hook-abort-ordered", `${ordered.by} aborted rollout ${id}`);
  if (active.phase !== "aborting") return undefined;
  if (scene.stored?.policy?.rollout?.mode === "approve") {
    return waiting({ seconds: HOLD_SECONDS }, reason("hook-approve", "going back waits for approval"));
  }
  return failed(
    "hook-aborting",
    `rollout ${id} goes back: ${active.rollout.cause?.text ?? "no cause given"}`,
  );
}

/** Bounded by ECS: a stage that takes 24 hours is rolled back. */
function onHold(scene: HookScene): HookDecision | undefined {
  const { paused, hold, id } = rolloutOf(scene)?.rollout ?? {};
  if (paused !== undefined) {
    return waiting({ seconds: HOLD_SECONDS }, reason("hook-paused", `${paused.by} paused rollout ${id}`));
  }
  if (hold === undefined) return undefined;
  return waiting({ seconds: HOLD_SECONDS }, reason("hook-held", `rollout ${id} holds: ${hold.text}`));
}

/**
 * ECS starts a shift without a look at the rule (aws/containers-roadmap#2853). Where production already reaches
 * target groups that are not the old revision's, the new tasks would get traffic without any test: that waits for
 * somebody, and is called off before the new revision starts. Where nothing healthy stands there, those requests
 * fail already and new tasks can only help: it goes on.
 */
function onPreflight({ call, preflight, now }: HookScene): HookDecision | undefined {
  if (preflight === undefined) return undefined;
  if (preflight === "unreadable") return retry(call, "the weights could not be read");
  const { misplaced, healthyThere } = preflight;
  if (misplaced === 0) return undefined;
  const inputs = { misplaced, healthyThere };
  const where = `${misplaced} % of production go to target groups that are not the old revision's`;
  if (healthyThere === 0) {
    return succeeded(
      "hook-weights-unserved",
      `${where}, where nothing is healthy: new tasks can only help`,
      inputs,
    );
  }
  const since = numberIn(call, "fairleadSince") || now;
  if (now >= addMs(since as EpochMs, PREFLIGHT_MS)) {
    return failed("hook-weights-misplaced", `${where}: called off before the new revision starts`, inputs);
  }
  const why = reason(
    "hook-weights-misplaced",
    `${where}: waits for somebody to put the weights right`,
    inputs,
  );
  return waiting({ seconds: HOLD_SECONDS, details: { fairleadSince: since, fairleadTries: 0 } }, why);
}
