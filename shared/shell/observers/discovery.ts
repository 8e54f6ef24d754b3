// Reads what discovery needs, and no more: addresses of hosts that are not known yet, operations whose
// time has come, a registry's listing when it was never seen or has drifted. A failed read is reported
// as absent; it never fails the pass.

import { AppError, isCode } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import { elapsedMs, seconds } from "../../base/time.ts";
import type { HostRecord, KeyState } from "../../contracts/aggregate.ts";
import type { Fact, TaskFact } from "../../contracts/facts.ts";
import type { OperationStatus } from "../../contracts/registry.ts";
import { needsHost, needsTags } from "../../core/discovery/attributes.ts";
import type {
  DiscoveryObservation,
  RegistryView,
  StopRequest,
  TaskView,
} from "../../core/discovery/observation.ts";
import { healthOf } from "../../core/discovery/standing.ts";
import type { DiscoveryState, RegistryState } from "../../core/discovery/state.ts";
import { mergeTasks } from "../../core/tasks.ts";
import type { RegistryReader } from "../../ports/registry.ts";
import { mapBounded } from "../bounded.ts";
import type { PassPorts, ReadPorts } from "../ports.ts";
import type { Observed, ObserveInput } from "./registry.ts";

type Input = ObserveInput<"discovery">;

/** An operation younger than this is not asked for: its first poll is a timer's. */
const POLL_AFTER_MS = seconds(1);
const MAX_PARALLEL_READS = 10;

export async function observeDiscovery(input: Input, ports: PassPorts): Promise<Observed<"discovery">> {
  const tasks = await withHealth(input, await withTags(input, ports.read), ports.read);
  // Operations before listings: a listing that is older than an operation's end would deny it.
  const [addresses, operations] = await Promise.all([
    readAddresses(input, tasks, ports.read),
    readOperations(input, ports.read.registry),
  ]);
  const registries = await readRegistries(input, ports.read.registry);
  const observation: DiscoveryObservation = {
    tasks: viewsOf(tasks, addresses),
    registries,
    operations,
    stops: stopsOf(input),
    hosts: hostsOf(input.facts),
    installation: ports.settings.installation,
  };
  return { observation, tasks, ...addresses };
}

// --- tasks and addresses --------------------------------------------------------------------------------

type Addresses = Pick<Observed<"discovery">, "hosts" | "publicIps">;

const isUp = (fact: TaskFact): boolean => fact.lastStatus === "RUNNING" && fact.desiredStatus === "RUNNING";

/** Events carry no tags: a template that names one costs one DescribeTasks for each new task. */
async function withTags({ aggregate, policy }: Input, read: ReadPorts): Promise<KeyState["tasks"]> {
  const { tasks } = aggregate.state;
  if (!policy.registries.some(needsTags)) return tasks;
  const untagged = Object.values(tasks).filter((fact) => isUp(fact) && fact.tags === undefined);
  const cluster = untagged[0]?.clusterArn;
  if (cluster === undefined) return tasks;
  const ids = untagged.map((fact) => fact.taskId);
  const described = await orElse(read.tasks.describeTasks(cluster, ids, { tags: true }), []);
  return mergeTasks(tasks, described);
}

/** Neither does an event tell a container's health: tasks that wait for it are asked, on their timer. */
async function withHealth(
  { policy, aggregate, now }: Input,
  tasks: KeyState["tasks"],
  read: ReadPorts,
): Promise<KeyState["tasks"]> {
  const { wakeAt } = aggregate.state;
  const proofs = policy.registries.filter((registry) => registry.requireHealthy);
  if (proofs.length === 0 || wakeAt === undefined || wakeAt > now) return tasks;
  const unproven = Object.values(tasks).filter(
    (fact) => isUp(fact) && proofs.some((registry) => healthOf({ fact }, registry) !== "HEALTHY"),
  );
  const cluster = unproven[0]?.clusterArn;
  if (cluster === undefined) return tasks;
  const ids = unproven.map((fact) => fact.taskId);
  return mergeTasks(tasks, await orElse(read.tasks.describeTasks(cluster, ids), []));
}

async function readAddresses(
  { aggregate, policy }: Input,
  tasks: KeyState["tasks"],
  read: ReadPorts,
): Promise<Addresses> {
  const { state } = aggregate;
  const up = Object.values(tasks).filter(isUp);
  const byHost = up.filter((fact) => fact.interfaces.length === 0 || policy.registries.some(needsHost));
  const arns = new Set(byHost.map((fact) => fact.containerInstanceArn).filter((arn) => arn !== undefined));
  const wantsPublic = policy.registries.some((registry) => registry.address === "public");
  const enis = new Set(
    wantsPublic ? up.flatMap((fact) => fact.interfaces.map((face) => face.eniId ?? "")) : [],
  );
  enis.delete("");
  const [hosts, publicIps] = await Promise.all([
    readHosts([...arns], state.hosts ?? {}, { cluster: up[0]?.clusterArn ?? "", read }),
    readPublicIps([...enis], state.publicIps ?? {}, read),
  ]);
  return { hosts, publicIps };
}

async function readHosts(
  arns: readonly string[],
  known: Readonly<Record<string, HostRecord>>,
  from: { readonly cluster: string; readonly read: ReadPorts },
): Promise<Record<string, HostRecord>> {
  const hosts: Record<string, HostRecord> = {};
  for (const arn of arns) if (known[arn] !== undefined) hosts[arn] = known[arn];
  const unknown = arns.filter((arn) => hosts[arn] === undefined);
  if (unknown.length === 0) return hosts;
  for (const host of await orElse(from.read.hosts.hosts(from.cluster, unknown), [])) {
    hosts[host.containerInstanceArn] = host;
  }
  return hosts;
}

async function readPublicIps(
  enis: readonly string[],
  known: Readonly<Record<string, string>>,
  read: ReadPorts,
): Promise<Record<string, string>> {
  const ips: Record<string, string> = {};
  for (const eni of enis) if (known[eni] !== undefined) ips[eni] = known[eni];
  const unknown = enis.filter((eni) => ips[eni] === undefined);
  return unknown.length === 0 ? ips : { ...ips, ...(await orElse(read.hosts.publicIps(unknown), {})) };
}

function viewsOf(tasks: KeyState["tasks"], { hosts, publicIps }: Addresses): Record<string, TaskView> {
  const views: Record<string, TaskView> = {};
  for (const [taskId, fact] of Object.entries(tasks)) {
    const host = fact.containerInstanceArn === undefined ? undefined : hosts[fact.containerInstanceArn];
    const publicIp = publicIps[fact.interfaces[0]?.eniId ?? ""];
    views[taskId] = {
      fact,
      ...(host === undefined ? {} : { host }),
      ...(publicIp === undefined ? {} : { publicIp }),
    };
  }
  return views;
}

// --- registries -----------------------------------------------------------------------------------------

async function readOperations(
  { state, now }: Input,
  reader: RegistryReader,
): Promise<Record<string, OperationStatus>> {
  const due = new Map<string, string>();
  for (const [service, registry] of Object.entries(state.registries)) {
    for (const entry of Object.values(registry.instances)) {
      if (!("operationId" in entry) || entry.operationId === undefined) continue;
      if (isDue(entry.since, now)) due.set(entry.operationId, service);
    }
  }
  const statuses = await mapBounded([...due], MAX_PARALLEL_READS, async ([id, service]) => {
    return [id, await operationOf(id, service, reader)] as const;
  });
  return Object.fromEntries(statuses);
}

const isDue = (since: EpochMs, now: EpochMs): boolean => elapsedMs(since, now) >= POLL_AFTER_MS;

/** Cloud Map forgets operations: one it does not know any more is treated as a failure of unknown effect. */
async function operationOf(id: string, service: string, reader: RegistryReader): Promise<OperationStatus> {
  try {
    return await reader.operation(id, service);
  } catch (error) {
    if (!isCode(error, "missing")) return { status: "pending" };
    return { status: "failed", code: "OPERATION_NOT_FOUND", message: "Cloud Map forgot the operation" };
  }
}

async function readRegistries(input: Input, reader: RegistryReader): Promise<Record<string, RegistryView>> {
  const { policy, state, facts } = input;
  const drift = facts.some((fact) => fact.kind === "wake" && fact.cause === "drift");
  const services = new Set([
    ...policy.registries.map(({ service }) => service),
    ...Object.keys(state.registries),
  ]);
  const entries = await Promise.all(
    [...services].map(async (service) => {
      const view = await readRegistry(service, drift || mustList(state, service), reader);
      return [service, view] as const;
    }),
  );
  return Object.fromEntries(entries);
}

const mustList = (state: DiscoveryState, service: string): boolean =>
  (state.registries[service] as RegistryState | undefined)?.listedAt === undefined;

/** The revision is read before the listing: a change in between is seen as drift later, never missed. */
async function readRegistry(service: string, list: boolean, reader: RegistryReader): Promise<RegistryView> {
  try {
    const settings = await reader.settings(service);
    if (!list) return { settings };
    try {
      const revision = await orElse(reader.revision(settings), undefined);
      const listing = await reader.instances(service);
      return { settings, listing, ...(revision === undefined ? {} : { revision }) };
    } catch (error) {
      return { settings, problem: problemOf(error) };
    }
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

const problemOf = (error: unknown): { code: string; message: string } => ({
  code: error instanceof AppError ? error.code : "transient",
  message: error instanceof Error ? error.message : String(error),
});

/** A read that may fail without failing the pass: what is absent is unknown, and deciding waits for it. */
async function orElse<T, U>(read: Promise<T>, fallback: U): Promise<T | U> {
  try {
    return await read;
  } catch (error) {
    if (isCode(error, "defect")) throw error;
    return fallback;
  }
}

// --- words and signs ------------------------------------------------------------------------------------

const stopsOf = ({ aggregate }: Input): readonly StopRequest[] =>
  aggregate.commands.flatMap((command) =>
    command.type === "stop-task"
      ? [{ taskId: command.taskId, at: command.at as EpochMs, by: command.by }]
      : [],
  );

function hostsOf(facts: readonly Fact[]): Record<string, boolean> {
  const hosts: Record<string, boolean> = {};
  for (const fact of facts) if (fact.kind === "host-leaving") hosts[fact.containerInstanceArn] = fact.leaving;
  return hosts;
}
