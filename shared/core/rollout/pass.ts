// What one pass gathers while it decides: proposals, questions, reasons and instants. Made anew for each
// decide, so nothing outlives it.

import { fingerprint } from "../../base/fingerprint.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs, earliest, millis } from "../../base/time.ts";
import type { Action, Proposal } from "../../contracts/actions.ts";
import type { Fact } from "../../contracts/facts.ts";
import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { DecideInput, Decision } from "../capability.ts";
import type { RolloutAsk, RolloutObservation } from "./observation.ts";
import type { RolloutState } from "./state.ts";

export type Input = DecideInput<RolloutState, RolloutObservation, RolloutPolicy>;

export interface Pass {
  readonly input: Input;
  readonly proposals: Proposal[];
  readonly asks: Set<RolloutAsk>;
  readonly reasons: Reason[];
  /** Instants at which something is due. */
  readonly due: EpochMs[];
  /** Wishes that the driver was asked about in this pass: once each. */
  readonly looked: Set<string>;
  /** An order was carried out: the driver looks now. */
  ordered: boolean;
  /** Somebody wants the metrics now. */
  refreshes: boolean;
}

export const newPass = (input: Input): Pass => ({
  input,
  proposals: [],
  asks: new Set(),
  reasons: [],
  due: [],
  looked: new Set(),
  ordered: false,
  refreshes: false,
});

export const say = (pass: Pass, ...reasons: readonly Reason[]): void => {
  pass.reasons.push(...reasons);
};

export const wake = (pass: Pass, ...instants: readonly (EpochMs | undefined)[]): void => {
  for (const at of instants) if (at !== undefined && Number.isFinite(at)) pass.due.push(at);
};

/** Only what was not read in this pass is asked for: a read that failed has answered. */
export function ask(pass: Pass, ...asks: readonly RolloutAsk[]): boolean {
  const missing = asks.filter((one) => pass.input.observation[one] === undefined);
  for (const one of missing) pass.asks.add(one);
  return missing.length > 0;
}

const SWEEPS: ReadonlySet<string> = new Set(["resync", "drift", "policy", "lost-work"]);

/** The sweep rings without news. */
export const isSweeps = (fact: Fact): boolean => fact.kind === "wake" && SWEEPS.has(fact.cause);

/** Equal on every retry: made of what it is about, never of when. */
export const actId = (key: string, ...parts: readonly (string | number)[]): string =>
  fingerprint([key, ...parts].join("|")).slice(0, 16);

export interface Message {
  readonly id: string;
  readonly field: string;
  readonly action: Action;
  readonly reason: Reason;
}

/** Fairlead's own errands wait for nobody's approval: they change nothing of the service. */
export const send = (pass: Pass, message: Message): void => {
  pass.proposals.push({ capability: "rollout", ...message, ordered: true });
};

/** The delay queue's precision. */
const SOONEST_MS = millis(1_000);

export function decisionOf(pass: Pass, state: RolloutState): Decision<RolloutState> {
  const { now } = pass.input;
  const next = earliest(...pass.due);
  const soonest = addMs(now, SOONEST_MS);
  const reasons = uniqueByText(pass.reasons);
  return {
    state,
    proposals: uniqueByField(pass.proposals),
    wakeAt: next === undefined || next > soonest ? next : soonest,
    reasons: reasons.length > 0 ? reasons : [nothing(state)],
    ...(pass.asks.size === 0 ? {} : { asks: [...pass.asks] }),
  };
}

const nothing = (state: RolloutState): Reason =>
  state.phase === "idle"
    ? reason("idle", "No rollout is under way.")
    : reason(state.phase, `${state.rollout.id} is ${state.phase}; nothing is due.`);

const uniqueByText = (reasons: readonly Reason[]): readonly Reason[] =>
  reasons.filter(
    ({ code, text }, index) => index === reasons.findIndex((one) => one.code === code && one.text === text),
  );

/** The last proposal for a field is the one that follows from the newest wish. */
const uniqueByField = (proposals: readonly Proposal[]): readonly Proposal[] =>
  proposals.filter(({ field }, index) => index === proposals.findLastIndex((one) => one.field === field));
