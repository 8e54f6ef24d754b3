// One registry: from memory and target to proposals. Pure steering: what is missing is registered, what
// is stale is updated, what left is removed within the guards, and everything else says why it waits.

import { fingerprint } from "../../base/fingerprint.ts";
import type { Key } from "../../base/keys.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs, earliest, seconds } from "../../base/time.ts";
import type { Action, Proposal } from "../../contracts/actions.ts";
import type { DiscoveryPolicy } from "../../contracts/policy.ts";
import type { RegistrySettings } from "../../contracts/registry.ts";
import type { Candidate } from "./desired.ts";
import type { Removal } from "./guards.ts";
import { guardRemovals, MAX_INSTANCES, roomIn } from "./guards.ts";
import type { DiscoveryObservation } from "./observation.ts";
import { nextPollAt } from "./retry.ts";
import { stillRuns } from "./standing.ts";
import type { InstanceState, RegistryState } from "./state.ts";

/** The next pass may take the next share so soon; also when a held last instance is looked at again. */
const REMOVAL_PACE_MS = seconds(1);
const HELD_RECHECK_MS = seconds(30);

export interface PlanInput {
  readonly key: Key;
  readonly service: string;
  readonly settings: RegistrySettings;
  readonly registry: RegistryState;
  readonly candidates: Readonly<Record<string, Candidate>>;
  readonly observation: DiscoveryObservation;
  readonly policy: Pick<DiscoveryPolicy, "maxRemoveShare" | "force">;
  readonly now: EpochMs;
}

export interface Plan {
  readonly proposals: readonly Proposal[];
  readonly reasons: readonly Reason[];
  readonly wakeAt: EpochMs | undefined;
}

export function planRegistry(input: PlanInput): Plan {
  const refusal = refusalOf(input);
  if (refusal !== undefined) return { proposals: [], reasons: [refusal], wakeAt: undefined };
  if (input.registry.slowUntil !== undefined && input.registry.slowUntil > input.now) {
    const text = `AWS asked to slow down: ${input.service} rests.`;
    return { proposals: [], reasons: [reason("throttled", text)], wakeAt: input.registry.slowUntil };
  }
  const entering = planEntering(input);
  const leaving = planLeaving(input);
  return {
    proposals: [...leaving.proposals, ...entering.proposals],
    reasons: [...leaving.reasons, ...entering.reasons, ...failureReasons(input)],
    wakeAt: earliest(leaving.wakeAt, entering.wakeAt, waitingWakeAt(input), healthWakeAt(input)),
  };
}

/** Registries that are not ours to write. */
function refusalOf({ service, settings, registry }: PlanInput): Reason | undefined {
  if (settings.ecsManaged) {
    return reason("ecs-managed", `${service} belongs to Service Connect: Fairlead never writes to it.`, {
      service,
    });
  }
  if (registry.ecsRegisters === true) {
    const text = `ECS registers tasks in ${service} itself (serviceRegistries): use a registry of its own.`;
    return reason("ecs-registry", text, { service });
  }
  if (settings.recordTypes.includes("CNAME")) {
    return reason("record-type", `${service} holds CNAME records: tasks have addresses, not names.`, {
      service,
    });
  }
  return undefined;
}

// --- instances that belong in -------------------------------------------------------------------------

function planEntering(input: PlanInput): Plan {
  const proposals: Proposal[] = [];
  let room = roomIn(input.registry);
  let outside = 0;
  for (const candidate of Object.values(input.candidates)) {
    const entry = input.registry.instances[candidate.instanceId];
    if (!isDue(entry, input.now)) continue;
    const proposal = entryProposal(input, candidate, entry);
    if (proposal === undefined) continue;
    if (entry === undefined && room <= 0) outside += 1;
    else proposals.push(proposal);
    if (entry === undefined) room -= 1;
  }
  if (outside === 0) return { proposals, reasons: [], wakeAt: undefined };
  return { proposals, reasons: [registryFull(input, outside)], wakeAt: addMs(input.now, HELD_RECHECK_MS) };
}

const registryFull = ({ service, registry }: PlanInput, outside: number): Reason =>
  reason(
    "registry-full",
    `${service} holds ${MAX_INSTANCES - roomIn(registry)} of ${MAX_INSTANCES} instances: ${outside} more do not fit; use a second registry.`,
    { service, outside, limit: MAX_INSTANCES },
  );

/** Operations in flight end first, those of unknown outcome are asked again; failed tries wait for their time. */
const isDue = (entry: InstanceState | undefined, now: EpochMs): boolean => {
  if (entry === undefined || entry.phase === "registered") return true;
  if (entry.phase === "waiting") return entry.nextTryAt <= now;
  return entry.operationId === undefined;
};

function entryProposal(
  input: PlanInput,
  candidate: Candidate,
  entry: InstanceState | undefined,
): Proposal | undefined {
  const { target, standing } = candidate;
  if (target === undefined || (standing !== "wanted" && standing !== "unhealthy")) return undefined;
  if (entry?.phase === "registered" && (entry.hash === target.hash || standing === "unhealthy")) {
    return healthProposal(input, candidate, entry);
  }
  if (standing === "unhealthy") return undefined;
  const again = entry?.phase === "registering" && entry.hash === target.hash ? entry.requestId : undefined;
  const action: Action = {
    type: "register-instance",
    registry: input.service,
    instanceId: candidate.instanceId,
    attributes: {
      ...target.attributes,
      ...(input.settings.customHealth ? { AWS_INIT_HEALTH_STATUS: "HEALTHY" } : {}),
    },
    requestId: again ?? fingerprint(`${input.key}|${candidate.instanceId}|${target.hash}|${input.now}`),
  };
  const what = entry === undefined ? "is missing" : "has other attributes";
  const why = reason("register", `${candidate.instanceId} ${what} in ${input.service}.`, {
    instanceId: candidate.instanceId,
    taskId: candidate.taskId,
  });
  return proposalOf(input, action, { reason: why, version: target.hash });
}

function healthProposal(
  input: PlanInput,
  candidate: Candidate,
  entry: Extract<InstanceState, { phase: "registered" }>,
): Proposal | undefined {
  const health = candidate.target?.health;
  if (!input.settings.customHealth || health === undefined || health === entry.health) return undefined;
  const { instanceId } = candidate;
  const action: Action = { type: "set-instance-health", registry: input.service, instanceId, health };
  const why = reason("health", `The container health of ${instanceId} is ${health}.`, { instanceId, health });
  return proposalOf(input, action, { reason: why, version: health });
}

// --- instances that belong out ------------------------------------------------------------------------

function planLeaving(input: PlanInput): Plan {
  const removals = Object.entries(input.registry.instances)
    .filter(([, entry]) => isDue(entry, input.now))
    .map(([instanceId, entry]) => removalOf(instanceId, entry, input))
    .filter((removal) => removal !== undefined);
  const { allowed, held } = guardRemovals({ ...input, removals });
  const paced = held.some((hold) => hold.reason.code === "remove-share");
  const recheck = paced ? REMOVAL_PACE_MS : HELD_RECHECK_MS;
  return {
    proposals: allowed.map((removal) => removalProposal(input, removal)),
    reasons: held.map((hold) => hold.reason),
    wakeAt: held.length > 0 ? addMs(input.now, recheck) : undefined,
  };
}

function removalOf(instanceId: string, entry: InstanceState, input: PlanInput): Removal | undefined {
  const candidate = input.candidates[instanceId];
  const evidence = evidenceOf(candidate, entry, input);
  return evidence === undefined ? undefined : { instanceId, taskId: entry.taskId, evidence };
}

/**
 * A name that the policy no longer knows is removed too, as alive while its task answers. Unhealthy
 * tasks leave unless custom health can say it: a flip back would cost a second registration.
 */
function evidenceOf(
  candidate: Candidate | undefined,
  entry: InstanceState,
  input: PlanInput,
): Removal["evidence"] | undefined {
  if (candidate === undefined) return stillRuns(input.observation.tasks[entry.taskId]) ? "alive" : "dead";
  switch (candidate.standing) {
    case "wanted":
      return undefined;
    case "early":
    case "unproven":
      return entry.phase === "deregistering" ? "dead" : undefined;
    case "unhealthy":
      return input.settings.customHealth && entry.phase !== "deregistering" ? undefined : "alive";
    case "leaving":
      return "alive";
    case "dead":
      return "dead";
  }
}

function removalProposal(input: PlanInput, removal: Removal): Proposal {
  const action: Action = {
    type: "deregister-instance",
    registry: input.service,
    instanceId: removal.instanceId,
  };
  const standing = input.candidates[removal.instanceId]?.standing;
  const why =
    removal.evidence === "dead" ? "its task is gone" : `its task is ${standing ?? "no longer published"}`;
  const { instanceId, taskId } = removal;
  const said = reason("deregister", `${instanceId} leaves ${input.service}: ${why}.`, { instanceId, taskId });
  return proposalOf(input, action, { reason: said, version: "out" });
}

/** What failed and waits, one reason for each message: an operator may have to act. */
function failureReasons({ service, registry, now }: PlanInput): readonly Reason[] {
  const counts = new Map<string, { code: string; message: string; count: number }>();
  for (const entry of Object.values(registry.instances)) {
    if (entry.phase !== "waiting" || entry.nextTryAt <= now) continue;
    const { code, message } = entry;
    const count = (counts.get(`${code} ${message}`)?.count ?? 0) + 1;
    counts.set(`${code} ${message}`, { code, message, count });
  }
  return [...counts.values()].map(({ code, message, count }) =>
    reason("waiting", `${count} writes to ${service} failed (${code}: ${message}) and are tried again.`, {
      service,
      code,
      count,
    }),
  );
}

// --- shared -------------------------------------------------------------------------------------------

function proposalOf(
  input: PlanInput,
  action: Extract<Action, { instanceId: string }>,
  about: { readonly reason: Reason; readonly version: string },
): Proposal {
  const field = `registry/${input.service}/${action.instanceId}`;
  const verb = action.type.split("-")[0];
  return {
    id: `discovery/${verb}/${field}/${about.version}`,
    capability: "discovery",
    field,
    action,
    reason: about.reason,
  };
}

/** Operations are polled, failed tries repeated: both at their own time. */
function waitingWakeAt({ registry, now }: PlanInput): EpochMs | undefined {
  let wakeAt: EpochMs | undefined;
  for (const entry of Object.values(registry.instances)) {
    if (entry.phase === "waiting" && entry.nextTryAt > now) wakeAt = earliest(wakeAt, entry.nextTryAt);
    if (entry.phase === "registering" || entry.phase === "deregistering") {
      wakeAt = earliest(wakeAt, nextPollAt(entry.since, now));
    }
  }
  return wakeAt;
}

/**
 * ECS sends no event when a container's health changes, and events carry no health: it is asked for.
 * https://github.com/aws/containers-roadmap/issues/1019
 */
function healthWakeAt({ candidates, observation, now }: PlanInput): EpochMs | undefined {
  let wakeAt: EpochMs | undefined;
  for (const { standing, taskId } of Object.values(candidates)) {
    const fact = observation.tasks[taskId]?.fact;
    if ((standing !== "unproven" && standing !== "unhealthy") || fact === undefined) continue;
    wakeAt = earliest(wakeAt, nextPollAt(fact.startedAt ?? fact.at, now));
  }
  return wakeAt;
}
