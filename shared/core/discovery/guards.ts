// What keeps discovery from making an outage worse: the last instance that answers stays, no pass
// empties a registry, and the hard limit of Cloud Map is named before it is hit.

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { DiscoveryPolicy } from "../../contracts/policy.ts";
import type { Candidate } from "./desired.ts";
import type { DiscoveryObservation } from "./observation.ts";
import { stillAnswers, stillRuns } from "./standing.ts";
import type { RegistryState } from "./state.ts";
import { isIn } from "./state.ts";

/** Not adjustable: https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html */
export const MAX_INSTANCES = 1_000;

export interface Removal {
  readonly instanceId: string;
  readonly taskId: string;
  /** dead: nothing answers there. alive: the task still runs. */
  readonly evidence: "dead" | "alive";
}

export interface GuardInput {
  readonly removals: readonly Removal[];
  readonly registry: RegistryState;
  readonly candidates: Readonly<Record<string, Candidate>>;
  readonly observation: DiscoveryObservation;
  readonly policy: Pick<DiscoveryPolicy, "maxRemoveShare" | "force">;
}

export interface Guarded {
  readonly allowed: readonly Removal[];
  readonly held: readonly { readonly removal: Removal; readonly reason: Reason }[];
}

/**
 * Names share a registry when it publishes several ports: each name keeps its own last instance. A name
 * that the policy no longer publishes may go once another one answers.
 */
const nameOf = (removal: { instanceId: string; taskId: string }): string =>
  removal.instanceId.slice(removal.taskId.length);

/** The dead go first: they answer nobody, and each of them frees the share for one that still does. */
export function guardRemovals(input: GuardInput): Guarded {
  if (input.policy.force) return { allowed: input.removals, held: [] };
  const budget = removalBudget(input);
  const roll = rollCall(input);
  const allowed: Removal[] = [];
  const held: { removal: Removal; reason: Reason }[] = [];
  const ordered = [...input.removals].sort(
    (a, b) => Number(a.evidence === "alive") - Number(b.evidence === "alive"),
  );
  for (const removal of ordered) {
    const why = refusal(removal, { isLast: isLast(removal, roll), spent: allowed.length, budget });
    if (why !== undefined) {
      held.push({ removal, reason: why });
      continue;
    }
    roll.delete(removal.instanceId);
    allowed.push(removal);
  }
  return { allowed, held };
}

/** At least one, so that every removal comes to its turn; a share that is no number allows no more. */
function removalBudget({ registry, policy }: GuardInput): number {
  const present = Object.values(registry.instances).filter(isIn).length;
  const share = policy.maxRemoveShare > 0 ? Math.min(policy.maxRemoveShare, 1) : 0;
  return Math.max(1, Math.floor(present * share));
}

function refusal(
  removal: Removal,
  now: { isLast: boolean; spent: number; budget: number },
): Reason | undefined {
  const inputs = { instanceId: removal.instanceId };
  if (now.isLast) {
    return reason(
      "last-healthy",
      `${removal.instanceId} is the last instance that answers: it stays.`,
      inputs,
    );
  }
  if (now.spent >= now.budget) {
    return reason(
      "remove-share",
      `${now.spent} removals are the most for one pass: ${removal.instanceId} waits.`,
      {
        ...inputs,
        budget: now.budget,
      },
    );
  }
  return undefined;
}

interface Present {
  readonly name: string;
  readonly answers: boolean;
  /** The policy still publishes this name. */
  readonly published: boolean;
  /** A call of unknown outcome leaves an instance perhaps in: it may be the last, it never replaces one. */
  readonly confirmed: boolean;
}

/** By instance id: what still runs, whether it is fit to answer, and whether the registry surely has it. */
function rollCall({ registry, candidates, observation }: GuardInput): Map<string, Present> {
  const published = new Set(Object.values(candidates).map(nameOf));
  const roll = new Map<string, Present>();
  for (const [instanceId, entry] of Object.entries(registry.instances)) {
    const view = observation.tasks[entry.taskId];
    const standing = candidates[instanceId]?.standing;
    if (!stillRuns(view) || standing === "dead") continue;
    const name = nameOf({ instanceId, taskId: entry.taskId });
    const answers = stillAnswers(view) && standing !== "unhealthy";
    roll.set(instanceId, { name, answers, published: published.has(name), confirmed: isIn(entry) });
  }
  return roll;
}

/** Of those that answer; where none does, of those that run: unhealthy is better than empty. */
function isLast(removal: Removal, roll: ReadonlyMap<string, Present>): boolean {
  const present = roll.get(removal.instanceId);
  if (removal.evidence === "dead" || present === undefined) return false;
  for (const [id, other] of roll) {
    const suffices = other.confirmed && (other.answers || !present.answers);
    if (id !== removal.instanceId && suffices && replaces(other, present)) return false;
  }
  return true;
}

const replaces = (other: Present, present: Present): boolean =>
  other.name === present.name || (other.published && !present.published);

/** How many more instances fit. Registrations under way count; so do other owners'. */
export const roomIn = (registry: RegistryState): number =>
  MAX_INSTANCES - registry.foreign - Object.keys(registry.instances).length;
