// Folds what became of accepted proposals into the state: the other half of every transition.

import { assertNever } from "../../base/assert.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs, earliest, seconds } from "../../base/time.ts";
import type { Action, Outcome } from "../../contracts/actions.ts";
import type { SettleInput } from "../capability.ts";
import { hashOf } from "./attributes.ts";
import { isThrottle, nextPollAt, retryAfter, slowDownMs } from "./retry.ts";
import type { DiscoveryState, DrainState, InstanceState, RegistryState } from "./state.ts";
import { emptyRegistry, isIn } from "./state.ts";

type InstanceAction = Extract<Action, { instanceId: string }>;

const isOnInstance = (action: Action): action is InstanceAction => "instanceId" in action;

interface Context {
  readonly action: InstanceAction;
  readonly outcome: Outcome;
  readonly taskId: string;
  readonly now: EpochMs;
  readonly seed: number;
}

export function settleDiscovery(input: SettleInput<DiscoveryState>): {
  state: DiscoveryState;
  wakeAt: EpochMs | undefined;
} {
  const registries = { ...input.state.registries };
  const drains = { ...input.state.drains };
  let wakeAt: EpochMs | undefined;
  for (const { proposal, outcome } of input.settled) {
    const { action } = proposal;
    const named = proposal.reason.inputs?.["taskId"];
    if (action.type === "stop-task") {
      const stop = { taskId: String(named), outcome, now: input.now, seed: input.seed };
      const nextTryAt = settleStop(drains, stop);
      wakeAt = earliest(wakeAt, nextTryAt);
      continue;
    }
    // Other capabilities' acts are settled by themselves.
    if (!isOnInstance(action)) continue;
    const taskId = typeof named === "string" ? named : action.instanceId;
    const context = { action, outcome, taskId, now: input.now, seed: input.seed };
    const before = ownCopy(registries, action.registry, input.state);
    const after = settleOne(before, context);
    registries[action.registry] = after;
    wakeAt = earliest(wakeAt, wakeFor(after, context));
  }
  return { state: { ...input.state, registries, drains }, wakeAt };
}

interface Draft extends RegistryState {
  /** Ours alone in this call: changed in place, or a thousand outcomes would copy a thousand entries each. */
  readonly instances: Record<string, InstanceState>;
}

function ownCopy(registries: Record<string, RegistryState>, service: string, given: DiscoveryState): Draft {
  const registry = registries[service] ?? emptyRegistry;
  const isFirst = registry.instances === (given.registries[service] ?? emptyRegistry).instances;
  return isFirst ? { ...registry, instances: { ...registry.instances } } : (registry as Draft);
}

/** ECS tells by an event that the task stops; should that be lost, it is asked again. */
const STOP_RECHECK_MS = seconds(30);

function settleStop(
  drains: Record<string, DrainState>,
  stop: Pick<Context, "taskId" | "outcome" | "now" | "seed">,
): EpochMs | undefined {
  const { taskId, outcome, now, seed } = stop;
  const drain = drains[taskId];
  if (drain === undefined) return undefined;
  if (outcome.kind === "postponed") return addMs(now, POSTPONED_RECHECK_MS);
  const tries = (drain.tries ?? 0) + 1;
  const code = outcome.kind === "failed" ? outcome.code : outcome.kind;
  const wait = outcome.kind === "done" ? STOP_RECHECK_MS : retryAfter({ code, attempt: tries, seed });
  const nextTryAt = addMs(now, wait);
  drains[taskId] = { ...drain, tries, nextTryAt };
  return nextTryAt;
}

function settleOne(registry: Draft, context: Context): RegistryState {
  const { action, outcome } = context;
  const entry = registry.instances[action.instanceId];
  const next = nextEntry(entry, context);
  if (next === undefined) delete registry.instances[action.instanceId];
  else registry.instances[action.instanceId] = next;
  const settled: RegistryState = registry;
  if (outcome.kind !== "failed") return settled;
  if (isThrottle(outcome.code)) {
    return {
      ...settled,
      slowUntil: addMs(context.now, slowDownMs(next?.phase === "waiting" ? next.attempt : 1)),
    };
  }
  if (action.type !== "set-instance-health" || outcome.code !== "missing") return settled;
  // Somebody removed the instance whose health we tell: only a listing says what else is gone.
  const { listedAt: _unsure, ...unlisted } = settled;
  return unlisted;
}

/** The number of the attempt that is made now: one more than failed, the same while its outcome is unknown. */
function attemptOf(entry: InstanceState | undefined): number {
  if (entry === undefined || entry.phase === "registered") return 1;
  return entry.phase === "waiting" ? entry.attempt + 1 : entry.attempt;
}

function nextEntry(entry: InstanceState | undefined, context: Context): InstanceState | undefined {
  const { outcome, action } = context;
  switch (outcome.kind) {
    case "postponed":
      return entry;
    case "done":
      return whenDone(entry, context, outcome.operationId);
    case "unknown":
      return whenUnknown(entry, context);
    case "failed":
      return outcome.operationId !== undefined && action.type !== "set-instance-health"
        ? adopted(entry, context, outcome.operationId)
        : whenFailed(entry, context, outcome);
    default:
      return assertNever(outcome);
  }
}

function whenDone(
  entry: InstanceState | undefined,
  { action, taskId, now }: Context,
  operationId: string | undefined,
): InstanceState | undefined {
  const operation = operationId === undefined ? {} : { operationId };
  switch (action.type) {
    case "register-instance":
      return { ...registering(entry, action, { taskId, now }), since: now, ...operation };
    case "deregister-instance":
      if (operationId === undefined) return undefined;
      return { ...deregistering(entry, { taskId, now }), since: now, ...operation };
    case "set-instance-health":
      return entry?.phase === "registered" ? { ...entry, health: action.health } : entry;
    default:
      return assertNever(action);
  }
}

function registering(
  entry: InstanceState | undefined,
  action: Extract<Action, { type: "register-instance" }>,
  { taskId, now }: { taskId: string; now: EpochMs },
): Extract<InstanceState, { phase: "registering" }> {
  return {
    phase: "registering",
    taskId,
    hash: hashOf(action.attributes),
    requestId: action.requestId,
    present: entry !== undefined && isIn(entry),
    since: entry?.phase === "registering" && entry.operationId === undefined ? entry.since : now,
    attempt: attemptOf(entry),
  };
}

const deregistering = (
  entry: InstanceState | undefined,
  { taskId, now }: { taskId: string; now: EpochMs },
): Extract<InstanceState, { phase: "deregistering" }> => ({
  phase: "deregistering",
  taskId,
  hash: entry?.hash ?? "",
  since: entry?.phase === "deregistering" && entry.operationId === undefined ? entry.since : now,
  attempt: attemptOf(entry),
});

/** The call may have happened: the same request again finds out. */
function whenUnknown(
  entry: InstanceState | undefined,
  { action, taskId, now }: Context,
): InstanceState | undefined {
  switch (action.type) {
    case "register-instance":
      return registering(entry, action, { taskId, now });
    case "deregister-instance":
      return deregistering(entry, { taskId, now });
    case "set-instance-health":
      return entry;
    default:
      return assertNever(action);
  }
}

/** Cloud Map works on this instance already: that operation is ours now; its end decides what is next. */
function adopted(
  entry: InstanceState | undefined,
  context: Context,
  operationId: string,
): InstanceState | undefined {
  const unknown = whenUnknown(entry, context);
  if (unknown === undefined || unknown.phase === "registered" || unknown.phase === "waiting") return unknown;
  return { ...unknown, operationId, adopted: true };
}

function whenFailed(
  entry: InstanceState | undefined,
  { action, taskId, now, seed }: Context,
  failure: Extract<Outcome, { kind: "failed" }>,
): InstanceState | undefined {
  if (action.type === "set-instance-health") return entry;
  const attempt = attemptOf(entry);
  return {
    phase: "waiting",
    taskId,
    hash: entry?.hash ?? "",
    registered: action.type === "deregister-instance" || (entry !== undefined && isIn(entry)),
    attempt,
    code: failure.code,
    message: failure.message,
    nextTryAt: addMs(now, retryAfter({ code: failure.code, attempt, seed })),
  };
}

/** Postponed by a switch or a throttle: looked at again without a stimulus. */
const POSTPONED_RECHECK_MS = seconds(5);

function wakeFor(registry: RegistryState, { action, outcome, now, seed }: Context): EpochMs | undefined {
  if (outcome.kind === "postponed") return addMs(now, POSTPONED_RECHECK_MS);
  const entry = registry.instances[action.instanceId];
  if (entry === undefined) return undefined;
  if (entry.phase === "registered") return healthWakeAt(registry, { outcome, now, seed });
  const at = entry.phase === "waiting" ? entry.nextTryAt : nextPollAt(entry.since, now);
  return registry.slowUntil === undefined || registry.slowUntil < at ? at : registry.slowUntil;
}

/** Custom health that could not be told is told again; nothing else leaves an instance as it was. */
function healthWakeAt(
  registry: RegistryState,
  { outcome, now, seed }: Pick<Context, "outcome" | "now" | "seed">,
): EpochMs | undefined {
  if (outcome.kind === "done") return undefined;
  const code = outcome.kind === "failed" ? outcome.code : outcome.kind;
  const at = addMs(now, retryAfter({ code, attempt: 1, seed }));
  return registry.slowUntil === undefined || registry.slowUntil < at ? at : registry.slowUntil;
}
