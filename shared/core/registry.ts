// The capabilities, in order of precedence: one line for each. A new capability is its folder in core,
// its observer in shell/observers, and a line here.

import type { DiscoveryPolicy, ServicePolicy } from "../contracts/policy.ts";
import type { Capability } from "./capability.ts";
import { discovery } from "./discovery/decide.ts";
import type { DiscoveryObservation } from "./discovery/observation.ts";
import type { DiscoveryState } from "./discovery/state.ts";

/** Ties the name in state and policy to the types behind it. */
export interface CapabilityTypes {
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

export const capabilities: Registry = { discovery };

/** Precedence is the order of the lines above. */
export const capabilityNames = Object.keys(capabilities) as readonly CapabilityName[];
