// A small fleet drawn from the seed: services on Fargate, on EC2 in bridge mode and on ECS Anywhere, and
// standalone tasks, each with registries of various shapes, some shared with other owners.

import type { World } from "../../local/world/world.ts";
import type { Key } from "../../shared/base/keys.ts";
import { keyOf } from "../../shared/base/keys.ts";
import { seconds } from "../../shared/base/time.ts";
import type { DiscoveryPolicy, RegistryPolicy } from "../../shared/contracts/policy.ts";

export const CLUSTER = "sim";

export interface Member {
  readonly key: Key;
  readonly name: string;
  readonly kind: "fargate" | "bridge" | "external" | "standalone";
  readonly policy: DiscoveryPolicy;
}

export interface Fleet {
  readonly members: readonly Member[];
  /** Instances that nobody but their owner may touch, by registry. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
}

const containers = (port: number, options: { health: boolean; bridge: boolean }) => [
  {
    name: "app",
    image: "registry.example/app:1.4.2",
    memory: 128,
    cpu: 64,
    essential: true,
    portMappings: [{ containerPort: port, ...(options.bridge ? { hostPort: 0 } : {}), protocol: "tcp" }],
    ...(options.health ? { healthCheck: { command: ["CMD", "true"], interval: 5 } } : {}),
  },
];

export function createFleet(world: World): Fleet {
  const { kernel } = world;
  const { chance } = kernel;
  for (let host = 0; host < 3; host += 1) world.ecs.registerContainerInstance({ cluster: CLUSTER });
  for (let host = 0; host < 2; host += 1) {
    world.ecs.registerContainerInstance({ cluster: CLUSTER, kind: "EXTERNAL" });
  }
  const kinds = ["fargate", "bridge", "external", "standalone"] as const;
  const chosen = kinds.filter(() => chance.chance(0.6));
  const members = (chosen.length === 0 ? [chance.pick(kinds)] : chosen).map((kind) =>
    createMember(world, kind),
  );
  const foreign = new Map(
    members.flatMap(({ policy }) =>
      policy.registries.map((registry) => [registry.service, addForeign(world, registry.service)] as const),
    ),
  );
  return { members, foreign };
}

function createMember(world: World, kind: Member["kind"]): Member {
  const { kernel } = world;
  const { chance } = kernel;
  const name = kind === "standalone" ? "family:job" : `svc-${kind}`;
  const health = chance.chance(0.3);
  registerDefinition(world, kind, health);
  if (kind !== "standalone") createService(world, kind, name);
  const registries = Array.from({ length: chance.int(1, 2) }, (_, index) =>
    createRegistry(world, { index, health }),
  );
  const scope = { account: kernel.account, region: kernel.region, cluster: CLUSTER, name };
  const key = keyOf(kind === "standalone" ? { kind: "group", ...scope } : { kind: "service", ...scope });
  const policy: DiscoveryPolicy = {
    mode: "act",
    registries,
    maxRemoveShare: chance.pick([0.34, 0.5, 1]),
    force: false,
    drainMs: seconds(10),
  };
  return { key, name, kind, policy };
}

function registerDefinition(world: World, kind: Member["kind"], health: boolean): void {
  const isHosted = kind === "bridge" || kind === "external";
  world.call("ecs", "RegisterTaskDefinition", {
    family: kind === "standalone" ? "job" : `svc-${kind}`,
    networkMode: isHosted ? "bridge" : "awsvpc",
    cpu: "256",
    memory: "512",
    requiresCompatibilities: [kind === "external" ? "EXTERNAL" : kind === "bridge" ? "EC2" : "FARGATE"],
    containerDefinitions: containers(8080, { health, bridge: isHosted }),
  });
}

const launchTypes = { fargate: "FARGATE", bridge: "EC2", external: "EXTERNAL" } as const;
export const network = { awsvpcConfiguration: { subnets: ["subnet-0a1b2c3d"] } };

function createService(world: World, kind: Exclude<Member["kind"], "standalone">, name: string): void {
  world.call("ecs", "CreateService", {
    cluster: CLUSTER,
    serviceName: name,
    taskDefinition: name,
    desiredCount: world.kernel.chance.int(1, 4),
    launchType: launchTypes[kind],
    ...(kind === "fargate" ? { networkConfiguration: network } : {}),
  });
}

function createRegistry(world: World, options: { index: number; health: boolean }): RegistryPolicy {
  const { chance } = world.kernel;
  const { id: namespaceId } = world.cloudMap.addNamespace({
    name: `ns-${world.kernel.hex(6)}`,
    type: "HTTP",
  });
  const service = world.cloudMap.addService({
    namespaceId,
    name: `reg-${options.index}`,
    customHealth: chance.chance(0.3),
  });
  return {
    service: service.id,
    address: "ipv4",
    port: 8080,
    requireHealthy: options.health && chance.chance(0.5),
    attributes: { revision: "{{revision}}", az: "{{availability_zone}}" },
    ...(chance.chance(0.3) ? { portName: "http" } : {}),
  };
}

function addForeign(world: World, service: string): readonly string[] {
  const ids = Array.from({ length: world.kernel.chance.int(0, 2) }, (_, index) => `foreign-${index}`);
  for (const instanceId of ids) {
    world.cloudMap.putInstance(service, {
      instanceId,
      attributes: { AWS_INSTANCE_IPV4: "192.0.2.7", "fairlead.owner": "another:installation" },
    });
  }
  return ids;
}
