// Runs one capability inside a pass: its observer reads, its pure functions decide and settle. The only
// place where the types of a capability and the plain data of the store meet.

import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Proposal, Settled } from "../contracts/actions.ts";
import type { Aggregate, Json, KeyState } from "../contracts/aggregate.ts";
import type { Fact } from "../contracts/facts.ts";
import type { Capability } from "../core/capability.ts";
import type { CapabilityName, CapabilityTypes } from "../core/registry.ts";
import { capabilities } from "../core/registry.ts";
import type { Observed } from "./observers/registry.ts";
import { observers } from "./observers/registry.ts";
import type { PassPorts } from "./ports.ts";

export interface RunInput {
  readonly aggregate: Aggregate;
  readonly facts: readonly Fact[];
  readonly now: EpochMs;
  readonly seed: number;
}

export interface CapabilityRun {
  readonly name: CapabilityName;
  readonly state: Json;
  readonly proposals: readonly Proposal[];
  readonly wakeAt: EpochMs | undefined;
  readonly reasons: readonly Reason[];
  /** What the observer had to look up, to be kept for the next pass. */
  readonly tasks: KeyState["tasks"];
  readonly hosts: NonNullable<KeyState["hosts"]>;
  readonly publicIps: NonNullable<KeyState["publicIps"]>;
}

type Erased = Capability<unknown, unknown, unknown>;

// -- reason: `capabilities[name]` and the policy and state under the same name belong together by
// construction (core/registry.ts); TypeScript cannot follow that through a union of names.
const erased = (name: CapabilityName): Erased => capabilities[name] as unknown as Erased;

/** The store validated the item's frame; what a capability wrote it reads back as its own. */
const stateOf = (name: CapabilityName, stored: Json | undefined): CapabilityTypes[typeof name]["state"] =>
  stored === undefined
    ? capabilities[name].initial
    : (stored as unknown as CapabilityTypes[typeof name]["state"]); // -- reason: as above

/** Each round's questions may follow from the answers of the one before: service, then rule, then health. */
const MAX_ASKING_ROUNDS = 4;

export async function runCapability(
  name: CapabilityName,
  input: RunInput,
  ports: PassPorts,
): Promise<CapabilityRun> {
  const { aggregate, facts, now, seed } = input;
  const policy = aggregate.policy?.[name];
  if (policy === undefined) throw new Error(`no policy for ${name}`);
  const state = stateOf(name, aggregate.state.capabilities[name]);
  const observe = observers[name] as (input: object, ports: PassPorts) => Promise<Observed<CapabilityName>>;
  const from = { aggregate, state, policy, facts, now };
  let seen = await observe({ ...from, asks: [] }, ports);
  let decision = erased(name).decide({
    key: aggregate.key,
    state,
    observation: seen.observation,
    policy,
    now,
    seed,
  });
  for (let round = 0; (decision.asks ?? []).length > 0 && round < MAX_ASKING_ROUNDS; round += 1) {
    seen = await observe({ ...from, asks: decision.asks ?? [], seen: seen.observation }, ports);
    decision = erased(name).decide({
      key: aggregate.key,
      state,
      observation: seen.observation,
      policy,
      now,
      seed,
    });
  }
  return {
    name,
    state: decision.state as Json,
    proposals: decision.proposals,
    wakeAt: decision.wakeAt,
    reasons: decision.reasons,
    tasks: seen.tasks,
    hosts: seen.hosts,
    publicIps: seen.publicIps,
  };
}

export interface SettleCapabilityInput {
  readonly state: Json | undefined;
  readonly settled: readonly Settled[];
  readonly now: EpochMs;
  readonly seed: number;
}

export function settleCapability(
  name: CapabilityName,
  { state, settled, now, seed }: SettleCapabilityInput,
): { state: Json; wakeAt: EpochMs | undefined } {
  const after = erased(name).settle({ state: stateOf(name, state), settled, now, seed });
  return { state: after.state as Json, wakeAt: after.wakeAt };
}
