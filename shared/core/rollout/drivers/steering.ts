// The words in which every driver answers: what it lacks, what it proposes, where it stands. Pure builders.

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import type { EpochMs } from "../../../base/time.ts";
import { addMs, millis, minutes, seconds } from "../../../base/time.ts";
import type { Proposal, RolloutAction } from "../../../contracts/actions.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Read, RolloutAsk } from "../observation.ts";
import type { Rollout } from "../state.ts";

/** A read that failed is tried again then. */
const REREAD_MS = seconds(15);
/** After an act of ours: whether it has come about. */
const VERIFY_MS = seconds(2);
/** While ECS works: its events may be lost. */
export const POLL_MS = minutes(2);
/** While capacity is short: targets turn healthy within a few health checks. */
export const RECHECK_MS = seconds(30);

type Parts = Partial<Omit<Steering, "standing">>;

const steering = (standing: Steering["standing"], parts: Parts): Steering => ({
  learnt: {},
  proposals: [],
  asks: [],
  reasons: [],
  wakeAt: undefined,
  ...parts,
  standing,
});

export const reached = (parts: Parts = {}): Steering => steering("reached", parts);
export const impossible = (why: Reason, parts: Parts = {}): Steering =>
  steering("impossible", { ...parts, reasons: [...(parts.reasons ?? []), why] });

/** It must not go on now; looked at again, because nobody tells when it may. */
export const blocked = ({ now }: DriverInput, why: Reason, parts: Parts = {}): Steering =>
  steering("blocked", {
    wakeAt: addMs(now, RECHECK_MS),
    ...parts,
    reasons: [...(parts.reasons ?? []), why],
  });

/** ECS works; events tell, a slow poll makes up for those that are lost. */
export const waiting = ({ now }: DriverInput, why: Reason, parts: Parts = {}): Steering =>
  steering("moving", { wakeAt: addMs(now, POLL_MS), ...parts, reasons: [...(parts.reasons ?? []), why] });

/** The acts that lead on, each with its reason. */
export const acting = ({ now }: DriverInput, proposals: readonly Proposal[], parts: Parts = {}): Steering =>
  steering("moving", {
    wakeAt: addMs(now, VERIFY_MS),
    ...parts,
    proposals,
    reasons: [...(parts.reasons ?? []), ...proposals.map((one) => one.reason)],
  });

export const ended = (outcome: NonNullable<Steering["outcome"]>, why: Reason, parts: Parts = {}): Steering =>
  steering("ended", { ...parts, outcome, reasons: [...(parts.reasons ?? []), why] });

/** The same with something learnt before; what came later wins. */
export const withLearnt = (answer: Steering, learnt: Steering["learnt"]): Steering => ({
  ...answer,
  learnt: { ...learnt, ...answer.learnt },
});

/**
 * undefined: everything is there. A read of this pass that failed is an answer too: it is not asked for again,
 * the driver stays where it is and looks later.
 */
export function lacking(input: DriverInput, ...wanted: readonly RolloutAsk[]): Steering | undefined {
  const asks = wanted.filter((one) => input.observation[one] === undefined);
  if (asks.length > 0) return steering("moving", { asks });
  for (const one of wanted) {
    const read: Read<unknown> | undefined = input.observation[one];
    if (read?.ok !== false) continue;
    const gone = isGone(one, read.code, input);
    if (gone !== undefined) return gone;
    const why = reason("unread", `The ${one} could not be read: ${read.message}`, {
      what: one,
      code: read.code,
    });
    return blocked(input, why, { wakeAt: addMs(input.now, REREAD_MS) });
  }
  return undefined;
}

/** ECS answers for a new deployment a little late: that it is missing means something only with its service. */
function isGone(what: RolloutAsk, code: string, { observation }: DriverInput): Steering | undefined {
  if (code !== "missing" || (what !== "deployment" && what !== "service")) return undefined;
  const { service } = observation;
  if (service === undefined) return steering("moving", { asks: ["service"] });
  if (service.ok ? service.value.status === "ACTIVE" : service.code !== "missing") return undefined;
  return ended("failed", reason("service-gone", "The service is gone: nothing is left to roll out."));
}

/** The value of a read that succeeded. */
export const seen = <T>(read: Read<T> | undefined): T | undefined =>
  read?.ok === true ? read.value : undefined;

export interface Act {
  /** Names the act within its step: the id follows from it. */
  readonly what: string;
  readonly field: string;
  readonly action: RolloutAction;
  readonly why: Reason;
}

export const proposal = (rollout: Rollout, act: Act): Proposal => ({
  id: `${rollout.id}:${rollout.step}:${act.what}`,
  capability: "rollout",
  field: act.field,
  action: act.action,
  reason: act.why,
});

/** Leads back: done while paused, and an abort never stops it. */
export const backProposal = (rollout: Rollout, act: Act): Proposal => ({
  ...proposal(rollout, act),
  rollback: true,
});

export const FIELDS = {
  deployment: "deployment",
  weights: (rule: string): string => `weights/${rule}`,
  taskSet: (arn: string): string => `task-set/${arn}`,
  newTaskSet: (externalId: string): string => `task-set/${externalId}`,
  primary: "primary-task-set",
  routes: (listener: string): string => `routes/${listener}`,
} as const;

/** When the clock that began then has run so long. */
export const dueAt = (since: EpochMs, delayMs: number): EpochMs =>
  addMs(since, millis(Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0));

/** `family:revision` names what the ARN ends in. */
export const isSameDefinition = (one: string, other: string): boolean => nameOf(one) === nameOf(other);

const nameOf = (definition: string): string => definition.slice(definition.lastIndexOf("/") + 1);

/** Argo Rollouts' abortScaleDownDelaySeconds: what goes back keeps its tasks so long after it has no traffic. */
export const ABORT_DELAY_MS = seconds(30);
