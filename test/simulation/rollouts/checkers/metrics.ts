// S14: nothing is decided from stale metrics, and no data is never a pass.

import type { EpochMs } from "../../../../shared/base/time.ts";
import type { Active, RolloutState } from "../../../../shared/core/rollout/state.ts";
import type { CommitStep, Invariant, Known } from "../trace.ts";
import { isActive, memoryOfStates } from "../trace.ts";

/** A point is a minute old when its bin ends, and travels; then a pass has to come to it. */
const TRAVEL_MS = 180_000;

export const freshOnly: Invariant = {
  id: "S14",
  create: (known) => {
    const states = memoryOfStates();
    let newest: EpochMs | undefined;
    return (step) => {
      if (step.kind === "metrics") newest = step.newest ?? newest;
      if (step.kind !== "commit") return undefined;
      const before = states.of(step.key);
      states.note(step);
      return judgedBlindly({ before, step, newest }, known);
    };
  },
};

interface Look {
  readonly before: RolloutState | undefined;
  readonly step: CommitStep;
  readonly newest: EpochMs | undefined;
}

function judgedBlindly({ before, step, newest }: Look, known: Known): string | undefined {
  const { state, at, key } = step;
  if (!isActive(state)) return undefined;
  const verdict = state.rollout.verdict;
  const last =
    isActive(before) && before.rollout.id === state.rollout.id ? before.rollout.verdict : undefined;
  if (verdict === undefined || verdict.at === last?.at) return undefined;
  if (verdict.kind !== "good" && !(verdict.kind === "bad" && verdict.by === "e-process")) return undefined;
  const { freshnessMs } = known.policyOf(key).analysis;
  const age = newest === undefined ? Number.POSITIVE_INFINITY : at - newest;
  if (age > freshnessMs + TRAVEL_MS) return `judged "${verdict.kind}" from metrics that are ${age} ms old`;
  return invented(state, known);
}

/** The verdict counts no requests that were not made. */
function invented({ rollout }: Active, { served }: Known): string | undefined {
  const { candidateGroup } = rollout.places;
  if (candidateGroup === undefined) return undefined;
  const counted = Math.max(0, ...(rollout.verdict?.metrics ?? []).map(({ candidate }) => candidate.total));
  const most = served(candidateGroup);
  return counted > most ? `judged ${counted} requests of the new revision, which served ${most}` : undefined;
}
