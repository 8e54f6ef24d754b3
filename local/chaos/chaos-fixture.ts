// A small world for the tests of breaks: a Fargate service, a checked one on two hosts, and a rule that takes
// every event.

import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, minutes, seconds } from "../../shared/base/time.ts";
import { watchEvents } from "../models/event-check.ts";
import type { BusEvent } from "../world/kernel.ts";
import type { World } from "../world/world.ts";
import { createWorld } from "../world/world.ts";
import type { Chaos } from "./chaos.ts";
import { createChaos } from "./chaos.ts";

export interface Stage {
  readonly world: World;
  readonly chaos: Chaos;
  readonly changes: string[];
  /** What reached the rule's target, and when. */
  readonly delivered: { readonly event: BusEvent; readonly at: EpochMs }[];
  readonly emitted: BusEvent[];
  advance(byS: number): void;
  /** Of tasks that stopped since the start: stop code, reason, and the container's exit and reason. */
  stops(service: string): readonly string[];
  running(service: string): number;
}

const network = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };
const container = { name: "app", image: "example/app:3", cpu: 64, memory: 128, essential: true };

function furnish({ call, ecs }: World): void {
  call("ecs", "PutClusterCapacityProviders", {
    cluster: "demo",
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    defaultCapacityProviderStrategy: [],
  });
  for (let host = 0; host < 2; host += 1) ecs.registerContainerInstance({ cluster: "demo" });
  call("ecs", "RegisterTaskDefinition", {
    family: "web",
    networkMode: "awsvpc",
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ ...container, portMappings: [{ containerPort: 8080 }] }],
  });
  call("ecs", "RegisterTaskDefinition", {
    family: "api",
    networkMode: "bridge",
    containerDefinitions: [{ ...container, healthCheck: { command: ["CMD", "true"], interval: 5 } }],
  });
  const common = { cluster: "demo", desiredCount: 4 };
  call("ecs", "CreateService", {
    ...common,
    serviceName: "web",
    taskDefinition: "web",
    capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
    networkConfiguration: network,
  });
  call("ecs", "CreateService", { ...common, serviceName: "api", taskDefinition: "api", launchType: "EC2" });
  call("events", "PutRule", { Name: "all", EventPattern: JSON.stringify({ source: ["aws.ecs"] }) });
  call("events", "PutTargets", { Rule: "all", Targets: [{ Id: "1", Arn: "target" }] });
}

function stopText(detail: Readonly<Record<string, unknown>>): string {
  const [first] = detail["containers"] as readonly { exitCode?: number; reason?: string }[];
  return [detail["stopCode"], detail["stoppedReason"], first?.exitCode, first?.reason]
    .filter((part) => part !== undefined)
    .join(" | ");
}

export function createStage(seed = 1): Stage {
  const delivered: Stage["delivered"] = [];
  const emitted: BusEvent[] = [];
  const world = createWorld({
    seed,
    startAt: epochMs(Date.UTC(2026, 0, 1)),
    ecs: { clusters: ["demo"] },
    delivery: {
      deliver: (_target, { event }) => {
        delivered.push({ event, at: world.kernel.now() });
        return "delivered";
      },
    },
  });
  world.kernel.onEvent((event) => emitted.push(event));
  watchEvents(world.kernel);
  const changes: string[] = [];
  const chaos = createChaos(world, {
    onChange: ({ what, broken }) => changes.push(`${what} ${broken.name}`),
  });
  furnish(world);
  world.advanceTo(epochMs(world.kernel.now() + minutes(3)));
  return {
    world,
    chaos,
    changes,
    delivered,
    emitted,
    advance: (byS) => world.advanceTo(epochMs(world.kernel.now() + seconds(byS))),
    stops: (service) =>
      emitted
        .filter(
          ({ detail }) => detail["lastStatus"] === "STOPPED" && detail["group"] === `service:${service}`,
        )
        .map(({ detail }) => stopText(detail)),
    running: (service) =>
      [...world.ecs.runningTasks("demo")].filter(
        ({ group, lastStatus, desiredStatus }) =>
          group === `service:${service}` && lastStatus === "RUNNING" && desiredStatus === "RUNNING",
      ).length,
  };
}
