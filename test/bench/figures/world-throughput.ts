// W1: how many task state changes the virtual ECS makes in a second of one core's time, so that a simulation of
// a large fleet is cheap: a service is scaled out to thousands of tasks and in again, round after round.

import { createWorld } from "../../../local/world/world.ts";
import { epochMs, minutes } from "../../../shared/base/time.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import { median } from "../rig/statistics.ts";

const GOAL_PER_S = 50_000;
const TASKS = 4_000;
const HOSTS = 500;
const WARM_UP_ROUNDS = 2;
const ROUNDS = 7;
/** Longer than any start or stop. */
const SETTLED_AFTER = minutes(5);

interface Ground {
  readonly launchType: "FARGATE" | "EC2";
  scaleTo(desiredCount: number): void;
  changes(): number;
}

function groundOf(launchType: Ground["launchType"]): Ground {
  const world = createWorld({
    seed: 1,
    startAt: epochMs(Date.UTC(2026, 0, 1)),
    throttling: false,
    ecs: { clusters: ["bench"] },
  });
  let changes = 0;
  world.kernel.onEvent((event) => {
    if (event["detail-type"] === "ECS Task State Change") changes += 1;
  });
  const isFargate = launchType === "FARGATE";
  if (!isFargate)
    for (let host = 0; host < HOSTS; host += 1) world.ecs.registerContainerInstance({ cluster: "bench" });
  world.call("ecs", "RegisterTaskDefinition", {
    family: "app",
    networkMode: isFargate ? "awsvpc" : "bridge",
    requiresCompatibilities: [launchType],
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ name: "app", image: "example/app:1", portMappings: [{ containerPort: 8080 }] }],
  });
  const network = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };
  world.call("ecs", "CreateService", {
    cluster: "bench",
    serviceName: "app",
    taskDefinition: "app",
    desiredCount: 0,
    launchType,
    ...(isFargate && { networkConfiguration: network }),
  });
  return {
    launchType,
    changes: () => changes,
    scaleTo: (desiredCount) => {
      world.call("ecs", "UpdateService", { cluster: "bench", service: "app", desiredCount });
      world.advanceTo(epochMs(world.kernel.now() + SETTLED_AFTER));
    },
  };
}

/** State changes for each second of CPU in one scale-out and scale-in. */
function roundOf(ground: Ground): number {
  const before = { changes: ground.changes(), cpu: process.cpuUsage() };
  ground.scaleTo(TASKS);
  ground.scaleTo(0);
  const { user, system } = process.cpuUsage(before.cpu);
  return ((ground.changes() - before.changes) / (user + system)) * 1_000_000;
}

function worldFigure(launchType: Ground["launchType"]): Figure {
  const ground = groundOf(launchType);
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) roundOf(ground);
  const rates = Array.from({ length: ROUNDS }, () => roundOf(ground));
  return figure({
    id: "W1",
    function: `local AWS, ${launchType === "FARGATE" ? "Fargate" : `${HOSTS} EC2 hosts`}`,
    value: median(rates),
    goal: GOAL_PER_S,
    atLeast: true,
    unit: "task state changes/s",
    detail: `virtual, on one core: ${TASKS} tasks out and in, median of ${ROUNDS} rounds, slowest ${Math.round(Math.min(...rates))}`,
  });
}

export const worldFigures = (): Promise<readonly Figure[]> =>
  Promise.resolve([worldFigure("FARGATE"), worldFigure("EC2")]);
