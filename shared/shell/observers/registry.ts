// The observers, one line for each capability: what must be read before it can decide.

import type { EpochMs } from "../../base/time.ts";
import type { Aggregate, KeyState } from "../../contracts/aggregate.ts";
import type { Fact } from "../../contracts/facts.ts";
import type { CapabilityName, CapabilityTypes } from "../../core/registry.ts";
import type { PassPorts } from "../ports.ts";
import { observeDiscovery } from "./discovery.ts";
import { observeRollout } from "./rollout.ts";

export interface ObserveInput<Name extends CapabilityName> {
  readonly aggregate: Aggregate;
  readonly state: CapabilityTypes[Name]["state"];
  readonly policy: CapabilityTypes[Name]["policy"];
  readonly facts: readonly Fact[];
  readonly now: EpochMs;
  /** What `decide` asked for in the rounds before this one, and what was seen then. */
  readonly asks: readonly string[];
  readonly seen?: CapabilityTypes[Name]["observation"];
}

export interface Observed<Name extends CapabilityName> {
  readonly observation: CapabilityTypes[Name]["observation"];
  /** The tasks of the aggregate, enriched by what was looked up. */
  readonly tasks: KeyState["tasks"];
  readonly hosts: NonNullable<KeyState["hosts"]>;
  readonly publicIps: NonNullable<KeyState["publicIps"]>;
}

type Observers = {
  readonly [Name in CapabilityName]: (input: ObserveInput<Name>, ports: PassPorts) => Promise<Observed<Name>>;
};

export const observers: Observers = { rollout: observeRollout, discovery: observeDiscovery };
