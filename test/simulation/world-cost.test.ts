// What one task state change costs the local AWS: so many scheduled steps whatever the fleet's size, and a rate far
// above which nothing could be called cheap. `npm run bench -- --only W1` measures the rate itself.

import { describe, expect, it } from "vitest";
import { createWorld } from "../../local/world/world.ts";
import { epochMs, minutes } from "../../shared/base/time.ts";

interface Cost {
  readonly changes: number;
  readonly steps: number;
  readonly cpuS: number;
}

function costOf(tasks: number): Cost {
  const world = createWorld({ seed: 1, startAt: epochMs(Date.UTC(2026, 0, 1)), throttling: false });
  const count = { changes: 0, steps: 0 };
  world.kernel.onEvent((event) => {
    if (event["detail-type"] === "ECS Task State Change") count.changes += 1;
  });
  for (const name of ["at", "after"] as const) {
    const original = world.kernel[name];
    world.kernel[name] = (when: never, run: () => void) => {
      count.steps += 1;
      return original(when, run);
    };
  }
  world.call("ecs", "RegisterTaskDefinition", {
    family: "app",
    networkMode: "awsvpc",
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ name: "app", image: "example/app:1" }],
  });
  const before = process.cpuUsage();
  world.call("ecs", "CreateService", {
    serviceName: "app",
    taskDefinition: "app",
    desiredCount: tasks,
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2"] } },
  });
  world.advanceTo(epochMs(world.kernel.now() + minutes(5)));
  world.call("ecs", "UpdateService", { service: "app", desiredCount: 0 });
  world.advanceTo(epochMs(world.kernel.now() + minutes(5)));
  const { user, system } = process.cpuUsage(before);
  return { ...count, cpuS: (user + system) / 1_000_000 };
}

/** PROVISIONING to STOPPED, and one for `desiredStatus`: local/ASSUMPTIONS.md, "Statuses". */
const CHANGES_PER_TASK = 9;
/** A tenth of the goal of W1: missed by a scan of the fleet for each change, not by a busy machine. */
const FLOOR_PER_CPU_S = 5_000;

describe("a task state change", () => {
  it("costs the same in a large fleet as in a small one", () => {
    const small = costOf(100);
    const large = costOf(3_000);
    expect(small.changes).toBe(100 * CHANGES_PER_TASK);
    expect(large.changes).toBe(3_000 * CHANGES_PER_TASK);
    expect(large.steps / large.changes).toBeLessThan(1.5);
    expect(large.steps / large.changes).toBeLessThan((small.steps / small.changes) * 1.1);
    expect(large.changes / large.cpuS).toBeGreaterThan(FLOOR_PER_CPU_S);
  });
});
