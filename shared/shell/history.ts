// Decision history: one record for each capability that acted in a pass, with its reasons and outcomes.

import type { Key } from "../base/keys.ts";
import type { Settled } from "../contracts/actions.ts";
import type { DecisionRecord, KeyState } from "../contracts/aggregate.ts";
import type { Mode } from "../contracts/policy.ts";

export interface Happened {
  readonly key: Key;
  readonly settled: readonly Settled[];
  readonly modes: Readonly<Record<string, Mode>>;
}

export function historyOf(state: KeyState, { key, settled, modes }: Happened): readonly DecisionRecord[] {
  const names = new Set(settled.map(({ proposal }) => proposal.capability));
  return [...names].map((capability) => ({
    key,
    at: state.decidedAt,
    version: state.version,
    capability,
    mode: modes[capability] ?? "observe",
    reasons: state.reasons[capability] ?? [],
    actions: settled.filter(({ proposal }) => proposal.capability === capability),
  }));
}
