// What goes wrong below the tasks: hosts, their agents, Spot capacity, a whole Availability Zone.

import { AppError } from "../../shared/base/errors.ts";
import type { World } from "../world/world.ts";
import type { Break } from "./break.ts";
import type { Given } from "./parameters.ts";
import { shareOf } from "./parameters.ts";

type Host = ReturnType<World["ecs"]["hosts"]> extends Iterable<infer T> ? T : never;

const HOST = {
  name: "host",
  kind: "text",
  about: "one host by its id (i-…, mi-…); without it: so many as --count says",
} as const;
const COUNT = { name: "count", kind: "count", about: "hosts, the oldest first", default: "1" } as const;

function hostsFrom({ ecs }: World, given: Given, isFit: (host: Host) => boolean): readonly Host[] {
  const all = [...ecs.hosts()].filter(isFit);
  const id = given.text("host");
  const chosen =
    id === undefined
      ? all.slice(0, given.count("count"))
      : all.filter(({ ec2InstanceId }) => ec2InstanceId === id);
  if (chosen.length > 0) return chosen;
  const list =
    all.map(({ ec2InstanceId, kind }) => `\n  ${ec2InstanceId} (${kind})`).join("") || "\n  (none)";
  const fault = id === undefined ? "there is no such host" : `--host: "${id}" is none of them`;
  throw new AppError("input", `${fault}. Hosts of the local AWS:${list}`);
}

const agentLost: Break = {
  name: "agent-lost",
  does: "the ECS agent of a host stops answering: its tasks run on, and ECS can neither see nor stop them",
  parameters: [HOST, COUNT],
  apply: ({ world, strikes }, given) => {
    const hosts = hostsFrom(world, given, ({ agentConnected }) => agentConnected);
    for (const { ec2InstanceId } of hosts) {
      world.ecs.disconnectAgent(ec2InstanceId);
      strikes(ec2InstanceId);
    }
    return () => {
      for (const { ec2InstanceId } of hosts)
        if (world.ecs.host(ec2InstanceId) !== undefined) world.ecs.reconnectAgent(ec2InstanceId);
    };
  },
};

/** An Auto Scaling group's doing: another host of the same kind in the same place. */
function replace({ ecs }: World, hosts: readonly Host[]): void {
  for (const { clusterArn, kind, instanceType, availabilityZone } of hosts) {
    // ECS itself brings those back.
    if (kind === "MANAGED_INSTANCES") continue;
    ecs.registerContainerInstance({
      cluster: clusterArn.slice(clusterArn.lastIndexOf("/") + 1),
      kind,
      instanceType,
      ...(availabilityZone !== undefined && { availabilityZone }),
    });
  }
}

const hostLoss: Break = {
  name: "host-loss",
  does: "a host is gone at once with all its tasks; mending adds another of its kind",
  parameters: [HOST, COUNT],
  apply: ({ world, strikes }, given) => {
    const hosts = hostsFrom(world, given, () => true);
    for (const { ec2InstanceId } of hosts) {
      world.ecs.loseHost(ec2InstanceId);
      strikes(ec2InstanceId);
    }
    return () => replace(world, hosts);
  },
};

const spotReclaim: Break = {
  name: "spot-reclaim",
  does: "Fargate Spot takes tasks back after two minutes' notice, and has no capacity until it is mended",
  parameters: [shareOf("percent of the Fargate Spot tasks")],
  apply: ({ world, strikes }, given) => {
    const { length: tasks } = world.ecs.reclaimSpot({ share: given.share() });
    strikes(tasks === 0 ? "no task runs on Fargate Spot" : `${tasks} tasks on Fargate Spot`);
    world.ecs.setFargateCapacity("FARGATE_SPOT", false);
    return () => world.ecs.setFargateCapacity("FARGATE_SPOT", true);
  },
};

/** Zones in which something is, the fullest first. */
function zonesOf({ ecs }: World): readonly string[] {
  const sizes = new Map<string, number>();
  const count = (zone: string | undefined, by: number): void => {
    if (zone !== undefined) sizes.set(zone, (sizes.get(zone) ?? 0) + by);
  };
  for (const { availabilityZone } of ecs.hosts()) count(availabilityZone, 0);
  for (const { availabilityZone } of ecs.runningTasks()) count(availabilityZone, 1);
  return [...sizes].sort(([, a], [, b]) => b - a).map(([zone]) => zone);
}

const azLoss: Break = {
  name: "az-loss",
  does: "an Availability Zone is gone with its hosts and Fargate tasks, and nothing is placed there",
  parameters: [{ name: "zone", kind: "text", about: "such as us-east-1a; without it: the fullest one" }],
  apply: ({ world, strikes }, given) => {
    const zones = zonesOf(world);
    const zone = given.text("zone") ?? zones[0];
    if (zone === undefined || !zones.includes(zone)) {
      const list = zones.map((one) => `\n  ${one}`).join("") || "\n  (none)";
      throw new AppError("input", `--zone: nothing is in "${zone ?? ""}". Zones in use:${list}`);
    }
    const lost = [...world.ecs.hosts()].filter(({ availabilityZone }) => availabilityZone === zone);
    world.ecs.loseZone(zone);
    strikes(zone);
    return () => {
      world.ecs.restoreZone(zone);
      replace(world, lost);
    };
  },
};

export const hostBreaks: readonly Break[] = [agentLost, hostLoss, spotReclaim, azLoss];
