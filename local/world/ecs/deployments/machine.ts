// What a service deployment does next: a pure function of where it stands and of what is seen.

import type { EpochMs } from "../../../../shared/base/time.ts";
import { addMs, earliest, minutes } from "../../../../shared/base/time.ts";
import type { Condition, Step } from "./plan.ts";

/** A stage takes at most a day, a deployment 30: blue-green-deployment-how-it-works. */
export const STAGE_LIMIT_MS = minutes(24 * 60);
export const DEPLOYMENT_LIMIT_MS = minutes(30 * 24 * 60);

export interface Standpoint {
  readonly phase: "forward" | "backward";
  readonly steps: readonly Step[];
  readonly position: number;
  readonly stepSince: EpochMs;
  readonly startedAt: EpochMs;
  /** A rolling deployment may take as long as it likes. */
  readonly limited: boolean;
}

export type HookOutcome =
  | { readonly kind: "succeeded" }
  /** `nextAt`: when the first of them expires. */
  | { readonly kind: "open"; readonly nextAt: EpochMs; readonly paused: boolean }
  | { readonly kind: "failed"; readonly reason: string };

export type Request = "none" | "abort" | "rollback";

export interface Facts {
  readonly now: EpochMs;
  readonly request: Request;
  readonly hooks: HookOutcome;
  readonly met: (condition: Condition) => boolean;
  /** The failure that breaker, alarms or load balancers report, with what its configuration wants. */
  readonly failure: { readonly reason: string; readonly rollback: boolean } | undefined;
  /** When to look again without being called, for alarms. */
  readonly pollAt: EpochMs | undefined;
}

export type Move =
  | { readonly kind: "wait"; readonly until: EpochMs | undefined }
  | { readonly kind: "enter"; readonly position: number }
  | { readonly kind: "succeed" }
  | { readonly kind: "roll-back"; readonly reason: string }
  | { readonly kind: "stop"; readonly reason: string }
  | { readonly kind: "fail-rollback"; readonly reason: string };

const NEVER = Number.POSITIVE_INFINITY;

export const ROLLED_BACK = "Service deployment rolled back because";
export const REQUESTED_ROLLBACK = `${ROLLED_BACK} a rollback was requested.`;
export const ABORTED = "Service deployment was stopped by a request.";
export const SUPERSEDED = "Service deployment was stopped because of a new service deployment.";

export function nextMove(at: Standpoint, facts: Facts): Move {
  return at.phase === "forward" ? nextForward(at, facts) : nextBackward(at, facts);
}

function nextForward(at: Standpoint, facts: Facts): Move {
  const { request, failure, hooks, now } = facts;
  if (request === "abort") return { kind: "stop", reason: ABORTED };
  if (request === "rollback") return { kind: "roll-back", reason: REQUESTED_ROLLBACK };
  if (failure !== undefined) {
    return { kind: failure.rollback ? "roll-back" : "stop", reason: failure.reason };
  }
  const { stage } = stepAt(at);
  if (hooks.kind === "failed") {
    return { kind: "roll-back", reason: `${ROLLED_BACK} ${stage} lifecycle hook(s) failed. ${hooks.reason}` };
  }
  if (isOver(at, facts)) return onward(at);
  if (now >= (limitOf(at, facts) ?? NEVER)) {
    return { kind: "roll-back", reason: `${ROLLED_BACK} the ${stage} lifecycle stage timed out.` };
  }
  return { kind: "wait", until: earliest(wakeOf(at, facts), facts.pollAt) };
}

/** A rollback is not rolled back: what goes wrong on the way leaves it failed. */
function nextBackward(at: Standpoint, facts: Facts): Move {
  const { stage } = stepAt(at);
  if (facts.hooks.kind === "failed") {
    const reason = `Service deployment rollback failed because ${stage} lifecycle hook(s) failed. ${facts.hooks.reason}`;
    return { kind: "fail-rollback", reason };
  }
  if (isOver(at, facts)) return onward(at);
  if (facts.now >= (limitOf(at, facts) ?? NEVER)) {
    return {
      kind: "fail-rollback",
      reason: `Service deployment rollback failed because the ${stage} lifecycle stage timed out.`,
    };
  }
  return { kind: "wait", until: wakeOf(at, facts) };
}

const stepAt = (at: Standpoint): Step => at.steps[at.position] as Step;

const onward = (at: Standpoint): Move =>
  at.position + 1 < at.steps.length ? { kind: "enter", position: at.position + 1 } : { kind: "succeed" };

/** Hooks, condition and bake time run side by side; the last of them ends the step. */
function isOver(at: Standpoint, { hooks, met, now }: Facts): boolean {
  const step = stepAt(at);
  return hooks.kind === "succeeded" && now >= bakedAt(at) && met(step.until);
}

const bakedAt = (at: Standpoint): EpochMs => addMs(at.stepSince, stepAt(at).bakeMs);

/** Baking does not count as slowness, and pause hooks have limits of their own, up to 14 days. */
function limitOf(at: Standpoint, { hooks }: Facts): EpochMs | undefined {
  if (!at.limited) return undefined;
  const overall = addMs(at.startedAt, DEPLOYMENT_LIMIT_MS);
  if (hooks.kind === "open" && hooks.paused) return overall;
  return earliest(addMs(bakedAt(at), STAGE_LIMIT_MS), overall);
}

function wakeOf(at: Standpoint, facts: Facts): EpochMs | undefined {
  const baked = bakedAt(at);
  return earliest(
    limitOf(at, facts),
    baked > facts.now ? baked : undefined,
    facts.hooks.kind === "open" ? facts.hooks.nextAt : undefined,
  );
}
