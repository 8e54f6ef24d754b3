// The contract every capability fulfils: two pure functions over plain data. `decide` looks at facts and
// proposes; `settle` folds what became of the accepted proposals into the state. Nothing else in core
// knows about the outside.

import type { Key } from "../base/keys.ts";
import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Proposal, Settled } from "../contracts/actions.ts";

export interface DecideInput<State, Observation, Policy> {
  readonly key: Key;
  readonly state: State;
  readonly observation: Observation;
  readonly policy: Policy;
  readonly now: EpochMs;
  /** Differs per key and pass: jitter derives from it. */
  readonly seed: number;
}

export interface Decision<State> {
  /** What was learnt. The effects of the proposals are not in it: `settle` adds those. */
  readonly state: State;
  readonly proposals: readonly Proposal[];
  /** When to look again without a stimulus; always later than `now`. */
  readonly wakeAt: EpochMs | undefined;
  /** Never empty: also "nothing to do" has a reason. */
  readonly reasons: readonly Reason[];
  /** What it lacks: the shell reads it and decides again in the same pass, from the same state. */
  readonly asks?: readonly string[];
}

export interface SettleInput<State> {
  readonly state: State;
  readonly settled: readonly Settled[];
  readonly now: EpochMs;
  readonly seed: number;
}

export interface Capability<State, Observation, Policy> {
  readonly name: string;
  readonly initial: State;
  decide(input: DecideInput<State, Observation, Policy>): Decision<State>;
  settle(input: SettleInput<State>): { readonly state: State; readonly wakeAt: EpochMs | undefined };
}
