// The life of a rollout: every transition of its phase, and no other.

import { assert, assertNever } from "../../base/assert.ts";
import type { RolloutState } from "./state.ts";

export type Phase = RolloutState["phase"];

export type PhaseEvent =
  /** An order was accepted. */
  | "begun"
  /** A deployment that somebody else began was taken over. */
  | "adopted"
  /** ECS knows the new revision. */
  | "asked"
  /** Its capacity stands. */
  | "ready"
  /** All steps are done and the verdict, or its waiver, is there. */
  | "steps-done"
  | "go-back"
  /** Neither forward nor back without an operator. */
  | "no-way"
  | "ended";

/** undefined = no such transition. */
export function phaseAfter(phase: Phase, event: PhaseEvent): Phase | undefined {
  switch (phase) {
    case "idle":
      return after(event, { begun: "starting", adopted: "preparing" });
    case "starting":
      return after(event, { asked: "preparing", "go-back": "aborting", ended: "idle" });
    case "preparing":
      return after(event, { ready: "stepping", "go-back": "aborting", ended: "idle" });
    case "stepping":
      return after(event, { "steps-done": "finishing", "go-back": "aborting", ended: "idle" });
    case "finishing":
      return after(event, { "go-back": "aborting", "no-way": "stuck", ended: "idle" });
    case "aborting":
      return after(event, { "no-way": "stuck", ended: "idle" });
    case "stuck":
      return after(event, { "go-back": "aborting", ended: "idle" });
    default:
      return assertNever(phase);
  }
}

const after = (event: PhaseEvent, moves: Partial<Record<PhaseEvent, Phase>>): Phase | undefined =>
  moves[event];

/** The phase of a rollout that stays under way. */
export function activePhaseAfter(phase: Phase, event: PhaseEvent): Exclude<Phase, "idle"> {
  const next = phaseAfter(phase, event);
  assert(next !== undefined && next !== "idle", `no way from ${phase} by ${event} within a rollout`);
  return next;
}
