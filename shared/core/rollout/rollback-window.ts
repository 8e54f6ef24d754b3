// Revisions that were good not long ago: going back to one of them needs no proof, and waits for no window.

import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { PastRollout } from "./state.ts";
import { shortName } from "./tasks-failing.ts";

interface Remembering {
  readonly past: readonly PastRollout[];
}

/** Revisions that were promoted or that a promoted one replaced, newest first. */
function goodRevisions(past: readonly PastRollout[]): readonly string[] {
  const names = past
    .filter(({ outcome }) => outcome === "promoted")
    .flatMap(({ target, source }) => [target.taskDefinition, source.taskDefinition]);
  return names.filter(
    (name, index) => names.findIndex((one) => shortName(one) === shortName(name)) === index,
  );
}

/** Where `undo` goes: what stood before the last promoted rollout. */
export const lastGood = (past: readonly PastRollout[]): string | undefined =>
  past.find(({ outcome }) => outcome === "promoted")?.source.taskDefinition;

/** Good once, and not long ago. The present revision counts for nothing here. */
export function isKnownGood(
  target: string,
  { past }: Remembering,
  { rollbackWindow }: Pick<RolloutPolicy, "rollbackWindow">,
): boolean {
  const [, ...before] = goodRevisions(past);
  return before.slice(0, rollbackWindow).some((one) => shortName(one) === shortName(target));
}
