// Versions of a service, good and bad, as the modelled applications in its tasks behave.

import type { ApplicationModel } from "../../../local/world/applications.ts";
import type { World } from "../../../local/world/world.ts";
import type { Scene } from "./scene.ts";
import { CLUSTER, registerVersion } from "./scene.ts";

export const BEHAVIOURS = {
  good: {},
  failing: { errorRate: 0.5 },
  worse: { errorRate: 0.1 },
  slow: { medianMs: 900, p99Ms: 3_000 },
  "never-healthy": { health: () => 500 },
  "never-listens": { readyAfterMs: 1_000_000_000 },
} as const satisfies Readonly<Record<string, Partial<ApplicationModel>>>;

export type Behaviour = keyof typeof BEHAVIOURS | "exits";

/** Registers a revision that behaves so; answers the task definition's ARN. */
export function release(world: World, scene: Scene, behaviour: Behaviour): string {
  const taskDefinitionArn = registerVersion(world, scene.name);
  if (behaviour !== "exits") world.applications.set({ taskDefinitionArn }, BEHAVIOURS[behaviour]);
  else {
    const plan = { kind: "exits", afterMs: 20_000, exitCode: 1 } as never;
    world.ecs.failTasksOf({ cluster: CLUSTER, service: scene.name }, plan);
  }
  return taskDefinitionArn;
}
