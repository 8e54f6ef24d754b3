// A rollout that waits costs nothing, and a step costs at most ten calls: quotas of ECS and ELB are an account's.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import { callsByStep, rolloutCalls } from "./calls.ts";
import { atWeight, begin, current, ended } from "./play.ts";
import { createStage } from "./stage.ts";

const MOST_CALLS = 10;
const WAIT_MS = minutes(60);
const KINDS = ["native", "strategy", "task-sets"] as const;

const stageOf = (kind: (typeof KINDS)[number], steps: RolloutPolicy["steps"]) =>
  createStage({ seed: 2, services: [{ name: "web", kind, desiredCount: 3, policy: { steps } }] });

describe.each(KINDS)("%s", (kind) => {
  it("makes no call to ECS or ELB while it waits", async () => {
    const stage = await stageOf(kind, [{ kind: "setWeight", weight: 20 }, { kind: "pause" }]);
    await begin(stage);
    await atWeight(stage, 20);
    await stage.pass(minutes(3));
    const before = rolloutCalls(stage).length;
    await stage.pass(WAIT_MS);
    expect(
      rolloutCalls(stage)
        .slice(before)
        .map(({ name }) => name),
    ).toEqual([]);
    expect(current(stage).step).toBe(1);
  });

  // ECS's own weights go in equal steps: so do these.
  it("makes at most ten for each step", async () => {
    const stage = await stageOf(kind, [
      { kind: "setWeight", weight: 20 },
      { kind: "pause", durationMs: minutes(2) },
      { kind: "setWeight", weight: 40 },
      { kind: "analysis", durationMs: minutes(2) },
      { kind: "setWeight", weight: 60 },
      { kind: "pause", durationMs: minutes(2) },
    ]);
    await begin(stage);
    expect((await ended(stage)).outcome).toBe("promoted");
    const steps = [...callsByStep(stage)].filter(([where]) => where.startsWith("step"));
    expect(steps.filter(([, calls]) => calls.length > MOST_CALLS)).toEqual([]);
  });
});
