// What must hold: after every call (safety), and once faults have stopped (liveness).

import type { World, WorldService } from "../../local/world/world.ts";
import type { KeyState } from "../../shared/contracts/aggregate.ts";
import { ownerOf } from "../../shared/core/discovery/decide.ts";
import { instanceIdOf } from "../../shared/core/discovery/desired.ts";
import type { DiscoveryState } from "../../shared/core/discovery/state.ts";
import type { Fleet, Member } from "./fleet.ts";
import { CLUSTER } from "./fleet.ts";
import { INSTALLATION } from "./pipeline.ts";

export interface Call {
  readonly service: WorldService;
  readonly operation: string;
  readonly input: object;
}

export interface Checked {
  readonly world: World;
  readonly fleet: Fleet;
  /** The committed state of a key, as the store has it now. */
  readonly stateOf: (member: Member) => KeyState | undefined;
  /** Fields of every intent that was ever committed. */
  readonly intended: ReadonlySet<string>;
}

type RegistryCall = { readonly ServiceId: string; readonly InstanceId: string };

/** Safety: called just before a function's call takes effect. Returns what is wrong with it. */
export function unsafe(call: Call, checked: Checked): string | undefined {
  if (call.service !== "servicediscovery") return undefined;
  const input = call.input as RegistryCall;
  switch (call.operation) {
    case "RegisterInstance":
      return touchesForeign(input, checked) ?? withoutIntent(input, checked);
    case "DeregisterInstance":
      return (
        touchesForeign(input, checked) ?? withoutIntent(input, checked) ?? removesWrongly(input, checked)
      );
    case "UpdateInstanceCustomHealthStatus":
      return touchesForeign(input, checked);
    default:
      return undefined;
  }
}

function touchesForeign(input: RegistryCall, { world, fleet }: Checked): string | undefined {
  const owners = new Set(fleet.members.map(({ key }) => ownerOf(INSTALLATION, key)));
  const present = world.cloudMap
    .instancesOf(input.ServiceId)
    .find((one) => one.instanceId === input.InstanceId);
  const owner = present?.attributes["fairlead.owner"];
  if (present === undefined || (owner !== undefined && owners.has(owner))) return undefined;
  return `touched ${input.InstanceId} of ${owner ?? "nobody"}`;
}

const memberOf = (fleet: Fleet, service: string): Member | undefined =>
  fleet.members.find(({ policy }) => policy.registries.some((registry) => registry.service === service));

/** Every write had its intent in the table first: of any pass, since a stalled worker acts late. */
function withoutIntent(input: RegistryCall, { intended }: Checked): string | undefined {
  const field = `registry/${input.ServiceId}/${input.InstanceId}`;
  return intended.has(field) ? undefined : `wrote ${field} without a durable intent`;
}

/** A task that runs, is healthy and stays is never taken out; and never the last one that we know answers. */
function removesWrongly(input: RegistryCall, checked: Checked): string | undefined {
  const member = memberOf(checked.fleet, input.ServiceId);
  if (member === undefined) return `deregistered in unmanaged ${input.ServiceId}`;
  const state = checked.stateOf(member);
  if (state === undefined) return undefined;
  const discovery = state.capabilities["discovery"] as unknown as DiscoveryState | undefined;
  const registry = discovery?.registries[input.ServiceId];
  const entry = registry?.instances[input.InstanceId];
  const fact = entry === undefined ? undefined : state.tasks[entry.taskId];
  if (registry === undefined || entry === undefined || fact === undefined) return undefined;
  if (fact.lastStatus !== "RUNNING" && fact.lastStatus !== "DEACTIVATING") return undefined;
  const name = input.InstanceId.slice(entry.taskId.length);
  const others = Object.entries(registry.instances).filter(
    ([id, other]) => id !== input.InstanceId && id.endsWith(name) && answers(other, state),
  );
  return others.length > 0 ? undefined : `removed ${input.InstanceId}, the last that answers`;
}

function answers(entry: { phase: string; taskId: string } & object, state: KeyState): boolean {
  const isIn =
    entry.phase === "registered" ||
    Reflect.get(entry, "registered") === true ||
    Reflect.get(entry, "present") === true;
  const fact = state.tasks[entry.taskId];
  return isIn && fact !== undefined && ["RUNNING", "DEACTIVATING"].includes(fact.lastStatus);
}

/** Liveness: the registries equal the tasks that answer, and nothing of others is gone. */
export function unsettled({ world, fleet }: Checked): readonly string[] {
  return fleet.members.flatMap((member) =>
    member.policy.registries.flatMap((registry) => [
      ...difference(world, member, registry.service),
      ...missingForeign(world, fleet, registry.service),
    ]),
  );
}

function difference(world: World, member: Member, service: string): readonly string[] {
  const expected = expectedIds(world, member, service);
  const owner = ownerOf(INSTALLATION, member.key);
  const present = world.cloudMap
    .instancesOf(service)
    .filter((one) => one.attributes["fairlead.owner"] === owner);
  const actual = new Map(present.map((one) => [one.instanceId, one]));
  const faults: string[] = [];
  for (const [id, address] of expected.wanted) {
    const instance = actual.get(id);
    if (instance === undefined) faults.push(`${service} lacks ${id} of ${member.name}`);
    else if (
      instance.attributes["AWS_INSTANCE_IPV4"] !== address.ip ||
      instance.attributes["AWS_INSTANCE_PORT"] !== address.port
    ) {
      faults.push(`${service} has ${id} at a wrong address`);
    }
  }
  for (const id of actual.keys()) {
    if (!expected.wanted.has(id) && !expected.tolerated.has(id)) faults.push(`${service} still has ${id}`);
  }
  return faults;
}

interface Expected {
  readonly wanted: ReadonlyMap<string, { readonly ip: string | undefined; readonly port: string }>;
  /** In or out: the last one that answers though it is unhealthy or its host drains. */
  readonly tolerated: ReadonlySet<string>;
}

function expectedIds(world: World, member: Member, service: string): Expected {
  const wanted = new Map<string, { ip: string | undefined; port: string }>();
  const tolerated = new Set<string>();
  const group = member.kind === "standalone" ? member.name : `service:${member.name}`;
  const draining = drainingHosts(world);
  for (const task of world.ecs.runningTasks(CLUSTER)) {
    if (task.group !== group || task.lastStatus !== "RUNNING" || task.desiredStatus !== "RUNNING") continue;
    for (const registry of member.policy.registries.filter((one) => one.service === service)) {
      const id = instanceIdOf(task.taskId, registry);
      const binding = task.bindings.find((one) => one.containerPort === registry.port);
      const leaves = task.containerInstanceArn !== undefined && draining.has(task.containerInstanceArn);
      const unproven = registry.requireHealthy && task.health !== "HEALTHY";
      if (leaves || unproven) tolerated.add(id);
      else wanted.set(id, { ip: task.addresses.ipv4, port: String(binding?.hostPort ?? registry.port) });
    }
  }
  return { wanted, tolerated };
}

function drainingHosts(world: World): ReadonlySet<string> {
  const arns = [...world.ecs.hosts()].map((host) => host.containerInstanceArn);
  if (arns.length === 0) return new Set();
  const { containerInstances } = world.call("ecs", "DescribeContainerInstances", {
    cluster: CLUSTER,
    containerInstances: arns,
  }) as { containerInstances: readonly { containerInstanceArn: string; status: string }[] };
  return new Set(
    containerInstances.filter((one) => one.status !== "ACTIVE").map((one) => one.containerInstanceArn),
  );
}

function missingForeign(world: World, fleet: Fleet, service: string): readonly string[] {
  const present = new Set(world.cloudMap.instancesOf(service).map((instance) => instance.instanceId));
  return (fleet.foreign.get(service) ?? [])
    .filter((id) => !present.has(id))
    .map((id) => `${service} lost foreign ${id}`);
}
