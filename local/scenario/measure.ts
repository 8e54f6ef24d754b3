// Measures the demo from outside: on the world's clock, from the instant an event is sent to the instant
// the registry shows it. Nothing in the functions is asked how long it took.

import type { BusEvent } from "../world/kernel.ts";
import type { World } from "../world/world.ts";
import type { DemoService } from "./fleet.ts";
import { CLUSTER } from "./fleet.ts";

/** How often the registries are looked at: the error of a removal's time. */
const LOOK_EVERY_MS = 5;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Measured {
  readonly events: { readonly in: number; readonly dropped: number };
  readonly registerMs: Percentiles;
  readonly deregisterMs: Percentiles;
  readonly registrations: number;
  readonly deregistrations: number;
  /** Gone from the registry before ECS sent the task's own leaving event: its host was leaving. */
  readonly aheadOfTheirEvent: number;
  /** Tasks whose event was lost: repaired by the sweep, not measured. */
  readonly repaired: number;
  readonly awsCalls: Readonly<Record<string, number>>;
}

export interface Meter {
  /** From now on events are lost (true) or delivered (false). */
  setLosing(losing: boolean): void;
  countCall(call: { readonly service: string; readonly operation: string }): void;
  /** Log lines of the functions: `ingest` counts what it drops. */
  readLog(line: string): void;
  sweeps(): number;
  result(): Measured;
  stop(): void;
}

interface Span {
  readonly from: number;
  readonly wasLost: boolean;
}

interface Tracks {
  readonly running: Map<string, Span>;
  readonly leaving: Map<string, Span>;
  /** By instance id. */
  readonly present: Set<string>;
  readonly registerMs: number[];
  readonly deregisterMs: number[];
  ahead: number;
  repaired: number;
}

const newTracks = (): Tracks => ({
  running: new Map(),
  leaving: new Map(),
  present: new Set(),
  registerMs: [],
  deregisterMs: [],
  ahead: 0,
  repaired: 0,
});

export function startMeter(world: World, services: readonly DemoService[], installation: string): Meter {
  const tracks = newTracks();
  const counts = { in: 0, lost: 0, dropped: 0, sweeps: 0 };
  const awsCalls: Record<string, number> = {};
  let losing = false;
  world.kernel.onEvent((event) => {
    if (!world.events.rulesFor(event).some((name) => name.startsWith(`${installation}-`))) return;
    if (losing) counts.lost += 1;
    else counts.in += 1;
    noteTask(tracks, event, { from: world.kernel.now(), wasLost: losing });
  });
  const look = () => {
    for (const { registryId } of services) noteRegistry(tracks, world, registryId);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    setLosing: (value) => {
      losing = value;
    },
    countCall: ({ service, operation }) => {
      const name = `${service}.${operation}`;
      awsCalls[name] = (awsCalls[name] ?? 0) + 1;
    },
    readLog: (line) => {
      counts.dropped += metric(line, "EventsDropped");
      counts.sweeps += metric(line, "SweepCompleted");
    },
    sweeps: () => counts.sweeps,
    result: () => ({
      events: { in: counts.in, dropped: counts.dropped },
      registerMs: percentiles(tracks.registerMs),
      deregisterMs: percentiles(tracks.deregisterMs),
      registrations: tracks.registerMs.length,
      deregistrations: tracks.deregisterMs.length,
      aheadOfTheirEvent: tracks.ahead,
      repaired: tracks.repaired,
      awsCalls: Object.fromEntries(Object.entries(awsCalls).sort(([a], [b]) => (a < b ? -1 : 1))),
    }),
    stop: () => clearInterval(timer),
  };
}

/** A counter of CloudWatch's embedded metric format; 0 for any other line. */
function metric(line: string, name: string): number {
  if (!line.includes("_aws") || !line.includes(`"${name}"`)) return 0;
  try {
    const value: unknown = Reflect.get(JSON.parse(line) as object, name);
    return typeof value === "number" ? value : 0;
  } catch {
    return 0;
  }
}

function noteTask(tracks: Tracks, event: BusEvent, span: Span): void {
  if (event["detail-type"] !== "ECS Task State Change") return;
  const { taskArn, clusterArn, lastStatus, desiredStatus } = event.detail;
  if (!String(clusterArn).endsWith(`/${CLUSTER}`)) return;
  const taskId = String(taskArn).split("/").at(-1) ?? "";
  const isLeaving = desiredStatus === "STOPPED" || lastStatus === "DEACTIVATING";
  if (isLeaving) {
    if (!tracks.leaving.has(taskId)) tracks.leaving.set(taskId, span);
  } else if (lastStatus === "RUNNING" && !tracks.running.has(taskId)) {
    tracks.running.set(taskId, span);
  }
}

/** Instance ids are `TASK-PORT`. */
const taskOf = (instanceId: string): string => instanceId.slice(0, instanceId.lastIndexOf("-"));

function noteRegistry(tracks: Tracks, world: World, registryId: string): void {
  const now = world.kernel.now();
  const seen = new Set<string>();
  for (const { instanceId, registeredAt } of world.cloudMap.instancesOf(registryId)) {
    const track = `${registryId} ${instanceId}`;
    seen.add(track);
    if (tracks.present.has(track)) continue;
    tracks.present.add(track);
    noteArrival(tracks, taskOf(instanceId), registeredAt);
  }
  for (const track of tracks.present) {
    if (!track.startsWith(`${registryId} `) || seen.has(track)) continue;
    tracks.present.delete(track);
    noteDeparture(tracks, taskOf(track.slice(registryId.length + 1)), now);
  }
}

function noteArrival(tracks: Tracks, taskId: string, at: number): void {
  const span = tracks.running.get(taskId);
  if (span === undefined) return;
  if (span.wasLost) tracks.repaired += 1;
  else tracks.registerMs.push(at - span.from);
}

function noteDeparture(tracks: Tracks, taskId: string, at: number): void {
  const span = tracks.leaving.get(taskId);
  if (span === undefined) tracks.ahead += 1;
  else if (span.wasLost) tracks.repaired += 1;
  else tracks.deregisterMs.push(at - span.from);
}

/** Nearest rank; 0 when there is nothing. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: rank(0.5), p99: rank(0.99) };
}
