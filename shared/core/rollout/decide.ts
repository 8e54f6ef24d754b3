// Rollouts: brings a service to a new revision in steps, and back when it is worse. This is the whole decision
// of one pass: hear the operator, learn the metrics, go back where it must, steer where it shall be, tell.

import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { Capability, Decision } from "../capability.ts";
import { carriedOut } from "./commands.ts";
import { withEvidence } from "./evidence.ts";
import { goneBack } from "./going-back.ts";
import { idled } from "./idled.ts";
import { withMessages } from "./messages.ts";
import type { RolloutObservation } from "./observation.ts";
import type { Input, Pass } from "./pass.ts";
import { decisionOf, newPass } from "./pass.ts";
import { settleRollout } from "./settle.ts";
import type { Active, RolloutState } from "./state.ts";
import { initialRolloutState } from "./state.ts";
import { steered } from "./steered.ts";

export const rollout: Capability<RolloutState, RolloutObservation, RolloutPolicy> = {
  name: "rollout",
  initial: initialRolloutState,
  decide,
  settle: settleRollout,
};

function decide(given: Input): Decision<RolloutState> {
  const input = { ...given, policy: reachable(given) };
  const pass = newPass(input);
  const ordered = carriedOut(pass, input.state);
  const begun = ordered.phase === "idle" ? idled(pass, ordered) : ordered;
  const driven = begun.phase === "idle" ? begun : driveOn(pass, begun);
  return decisionOf(pass, withMessages(pass, driven));
}

/** Where the installation may not write rules, ECS alone shifts, whatever the manifest says. */
const reachable = ({ policy, observation }: Input): RolloutPolicy =>
  observation.mayWeigh === false ? { ...policy, weights: "strategy" } : policy;

/** Evidence first, so that what is bad goes back before anything goes forward. */
const driveOn = (pass: Pass, active: Active): RolloutState =>
  steered(pass, goneBack(pass, withEvidence(pass, active)));
