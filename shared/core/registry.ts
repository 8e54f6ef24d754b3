// The capabilities, in order of precedence: one line for each. A new capability is its folder in core,
// its observer in shell/observers, and a line here.

import type { DiscoveryPolicy, ServicePolicy } from "../contracts/policy.ts";
import type { RolloutPolicy } from "../contracts/rollout-policy.ts";
import type { Capability } from "./capability.ts";
import { discovery } from "./discovery/decide.ts";
import type { DiscoveryObservation } from "./discovery/observation.ts";
import type { DiscoveryState } from "./discovery/state.ts";
import { rollout } from "./rollout/decide.ts";
import type { RolloutObservation } from "./rollout/observation.ts";
import type { RolloutState } from "./rollout/state.ts";

/** Ties the name in state and policy to the types behind it. */
export interface CapabilityTypes {
  readonly rollout: { state: RolloutState; observation: RolloutObservation; policy: RolloutPolicy };
  readonly discovery: { state: DiscoveryState; observation: DiscoveryObservation; policy: DiscoveryPolicy };
}

export type CapabilityName = keyof CapabilityTypes & keyof ServicePolicy;

type Registry = {
  readonly [Name in CapabilityName]: Capability<
    CapabilityTypes[Name]["state"],
    CapabilityTypes[Name]["observation"],
    CapabilityTypes[Name]["policy"]
  >;
};

export const capabilities: Registry = { rollout, discovery };

/** Precedence is the order of the lines above. `PURE`: a bundle that asks for no names holds no capability either. */
export const capabilityNames = /* @__PURE__ */ Object.keys(capabilities) as readonly CapabilityName[];
