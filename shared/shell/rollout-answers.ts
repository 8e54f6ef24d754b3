// An operator's orders, found again by their decision id: those that nobody has heard yet, and what came of the others.

import type { EpochMs } from "../base/time.ts";
import type { Aggregate } from "../contracts/aggregate.ts";
import type { RolloutCommand } from "../contracts/policy.ts";
import type { AnsweredView, OrderView } from "../contracts/rollout-api.ts";
import type { RolloutState } from "../core/rollout/state.ts";

export const openOrders = ({ commands }: Aggregate, { heard }: RolloutState): readonly OrderView[] =>
  commands
    .filter((command): command is RolloutCommand => command.type === "rollout")
    .filter(({ id }) => !heard.includes(id))
    .map(({ id, verb, by, at }) => ({ decision: id, verb, by, at: at as EpochMs }));

/** Newest first. */
export const answeredOrders = (state: RolloutState): readonly AnsweredView[] =>
  (state.answered ?? []).toReversed().map((answered) => {
    const became = answered.rollout === undefined ? undefined : standingOf(answered.rollout, state);
    return { ...answered, ...(became !== undefined && { became }) };
  });

function standingOf(id: string, state: RolloutState): string | undefined {
  if (state.phase !== "idle" && state.rollout.id === id) return state.phase;
  const past = state.past.find((one) => one.id === id);
  return past === undefined ? undefined : `${past.outcome}: ${past.reason}`;
}
