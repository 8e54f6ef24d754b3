// Folds what was read into the state: finished operations, a fresh listing, hosts and stop requests.
// Nothing here proposes anything.

import { assertNever } from "../../base/assert.ts";
import type { EpochMs } from "../../base/time.ts";
import { addMs, elapsedMs, minutes } from "../../base/time.ts";
import type { OperationStatus, RegistryInstance } from "../../contracts/registry.ts";
import { hashOf, OWNER_ATTRIBUTE } from "./attributes.ts";
import type { DiscoveryObservation, RegistryView } from "./observation.ts";
import { isThrottle, OPERATION_PATIENCE_MS, retryAfter, slowDownMs } from "./retry.ts";
import type { DiscoveryState, DrainState, InstanceState, RegistryState } from "./state.ts";

const CONFIRM_AFTER_MS = minutes(1);

interface Moment {
  readonly now: EpochMs;
  readonly seed: number;
}

/** What an operation's end made of an instance; `mustList` = only a listing can tell what is there now. */
interface Folded {
  readonly entry: InstanceState | undefined;
  readonly mustList?: boolean;
}

export function foldOperations(
  registry: RegistryState,
  operations: DiscoveryObservation["operations"],
  moment: Moment,
): RegistryState {
  const instances: Record<string, InstanceState> = {};
  let mustList = false;
  let slowUntil = registry.slowUntil;
  for (const [id, before] of Object.entries(registry.instances)) {
    const folded = foldOperation(before, operations, moment);
    if (folded.entry !== undefined) instances[id] = folded.entry;
    mustList ||= folded.mustList ?? false;
    slowUntil = latest(slowUntil, pauseAfter(before, folded.entry, moment.now));
  }
  // The order of the fields stays: a pass that learnt nothing is recognised by its text.
  const next = { ...registry, instances, ...(slowUntil === undefined ? {} : { slowUntil }) };
  if (!mustList) return next;
  const { listedAt: _unsure, ...unlisted } = next;
  return unlisted;
}

/** Route 53 throttles whole accounts: what one operation met, the next would meet too. */
function pauseAfter(
  before: InstanceState,
  after: InstanceState | undefined,
  now: EpochMs,
): EpochMs | undefined {
  if (before.phase === "waiting" || after?.phase !== "waiting" || !isThrottle(after.code)) return undefined;
  return addMs(now, slowDownMs(after.attempt));
}

const latest = (a: EpochMs | undefined, b: EpochMs | undefined): EpochMs | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;

function foldOperation(
  entry: InstanceState,
  operations: DiscoveryObservation["operations"],
  moment: Moment,
): Folded {
  if (entry.phase !== "registering" && entry.phase !== "deregistering") return { entry };
  const operation = entry.operationId === undefined ? undefined : operations[entry.operationId];
  if (operation === undefined || operation.status === "pending") {
    return { entry, mustList: elapsedMs(entry.since, moment.now) > OPERATION_PATIENCE_MS };
  }
  if (entry.adopted === true) return { entry: afterAdoption(entry, moment.now), mustList: true };
  if (operation.status === "failed") return { entry: failed(entry, operation, moment) };
  return { entry: entry.phase === "deregistering" ? undefined : registered(entry, moment.now) };
}

/** The listing that follows tells whether the instance is in; until then it counts as in. */
const ADOPTED = "adopted";
const afterAdoption = (
  entry: Extract<InstanceState, { attempt: number; since: EpochMs }>,
  now: EpochMs,
): InstanceState => ({
  phase: "waiting",
  taskId: entry.taskId,
  hash: entry.hash,
  registered: true,
  attempt: entry.attempt,
  code: ADOPTED,
  message: "an operation of somebody else ended",
  nextTryAt: now,
});

const registered = (entry: InstanceState, now: EpochMs): InstanceState => ({
  phase: "registered",
  taskId: entry.taskId,
  hash: entry.hash,
  since: now,
  health: "HEALTHY",
});

function failed(
  entry: Extract<InstanceState, { phase: "registering" | "deregistering" }>,
  operation: Extract<OperationStatus, { status: "failed" }>,
  { now, seed }: Moment,
): InstanceState {
  const { attempt } = entry;
  return {
    phase: "waiting",
    taskId: entry.taskId,
    hash: entry.hash,
    registered: entry.phase === "deregistering" || entry.present,
    attempt,
    code: operation.code,
    message: operation.message,
    nextTryAt: addMs(now, retryAfter({ code: operation.code, attempt, seed })),
  };
}

/** Compares our memory with the registry's truth. Only instances with our own mark enter the state. */
export function foldListing(
  registry: RegistryState,
  view: RegistryView,
  owned: { owner: string; now: EpochMs },
): RegistryState {
  if (view.listing === undefined) return registry;
  const ours = view.listing.filter((instance) => instance.attributes[OWNER_ATTRIBUTE] === owned.owner);
  const listed: Record<string, RegistryInstance> = {};
  for (const instance of ours) listed[instance.instanceId] = instance;
  const instances: Record<string, InstanceState> = {};
  for (const id of new Set([...Object.keys(registry.instances), ...Object.keys(listed)])) {
    const entry = afterListing(registry.instances[id], listed[id], owned.now);
    if (entry !== undefined) instances[id] = entry;
  }
  const { revision: _revision, seenRevision, ecsRegisters: _registers, ...rest } = registry;
  const confirmed = view.revision === seenRevision && isApart(registry.listedAt, owned.now);
  return {
    ...rest,
    instances,
    listedAt: owned.now,
    foreign: view.listing.length - ours.length,
    ...(view.revision === undefined ? {} : { seenRevision: view.revision }),
    ...(view.revision === undefined || !confirmed ? {} : { revision: view.revision }),
    ...placeOf(view),
    ...(view.listing.some(isEcsOwn) ? { ecsRegisters: true } : {}),
  };
}

/** Far enough apart that both listings cannot have come from the same stale copy. */
const isApart = (former: EpochMs | undefined, now: EpochMs): boolean =>
  former !== undefined && elapsedMs(former, now) >= CONFIRM_AFTER_MS;

function placeOf({ settings }: RegistryView): Pick<RegistryState, "place"> {
  if (settings?.namespaceName === undefined) return {};
  return { place: { name: settings.name, namespaceName: settings.namespaceName } };
}

/** ECS marks what it registers itself: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html */
const isEcsOwn = (instance: RegistryInstance): boolean =>
  instance.attributes["ECS_SERVICE_NAME"] !== undefined && instance.attributes[OWNER_ATTRIBUTE] === undefined;

function afterListing(
  entry: InstanceState | undefined,
  listed: RegistryInstance | undefined,
  now: EpochMs,
): InstanceState | undefined {
  if (listed === undefined) return entry === undefined ? undefined : whenAbsent(entry, now);
  const hash = hashOf(listed.attributes);
  const taskId = entry?.taskId ?? taskIdOf(listed.instanceId);
  const present = { phase: "registered", taskId, hash, since: now, health: "UNKNOWN" } as const;
  if (entry === undefined) return present;
  switch (entry.phase) {
    case "registered":
      return { ...entry, hash };
    case "registering":
      if (entry.hash === hash) return { ...present, health: "HEALTHY" };
      return hasExpired(entry, now) ? present : entry;
    case "deregistering":
      return hasExpired(entry, now) ? present : entry;
    case "waiting":
      return entry.code === ADOPTED ? present : { ...entry, registered: true };
    default:
      return assertNever(entry);
  }
}

function whenAbsent(entry: InstanceState, now: EpochMs): InstanceState | undefined {
  switch (entry.phase) {
    case "registered":
      return undefined;
    case "registering":
      return hasExpired(entry, now) ? undefined : entry;
    case "deregistering":
      return undefined;
    case "waiting":
      return entry.code === ADOPTED ? undefined : { ...entry, registered: false };
    default:
      return assertNever(entry);
  }
}

const hasExpired = (entry: Extract<InstanceState, { since: EpochMs }>, now: EpochMs): boolean =>
  elapsedMs(entry.since, now) > OPERATION_PATIENCE_MS;

/** The inverse of `instanceIdOf` for instances that a listing adopts. */
const taskIdOf = (instanceId: string): string => {
  const match = /^([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-/.exec(instanceId);
  return match?.[1] ?? instanceId;
};

export function foldHosts(
  leavingHosts: DiscoveryState["leavingHosts"],
  observation: DiscoveryObservation,
  now: EpochMs,
): DiscoveryState["leavingHosts"] {
  const inUse = new Set(Object.values(observation.tasks).map(({ fact }) => fact.containerInstanceArn));
  const next = new Map(Object.entries(leavingHosts));
  for (const [arn, leaving] of Object.entries(observation.hosts)) {
    if (leaving) next.set(arn, next.get(arn) ?? now);
    else next.delete(arn);
  }
  return Object.fromEntries([...next].filter(([arn]) => inUse.has(arn)).sort());
}

/** A drain lives from the request until its task is gone. */
export function foldDrains(
  state: DiscoveryState,
  observation: DiscoveryObservation,
): Record<string, DrainState> {
  const drains: Record<string, DrainState> = {};
  for (const { taskId, at } of observation.stops) {
    const lastStatus = observation.tasks[taskId]?.fact.lastStatus;
    if (lastStatus === undefined || lastStatus === "STOPPED" || lastStatus === "DELETED") continue;
    drains[taskId] = state.drains[taskId] ?? { askedAt: at };
  }
  return drains;
}
