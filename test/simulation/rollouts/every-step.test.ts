// An abort at every step of a rollout, and a stack that resets the weights at every step.

import { describe, expect, it } from "vitest";
import { minutes, seconds } from "../../../shared/base/time.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import { give } from "./operator.ts";
import { begin, current, ended, groupNow, shareOf, until } from "./play.ts";
import type { Stage } from "./stage.ts";
import { createStage, only } from "./stage.ts";
import { rolloutOf } from "./trace.ts";
import { resetWeights } from "./workload.ts";

const STEPS: RolloutPolicy["steps"] = [
  { kind: "setWeight", weight: 5 },
  { kind: "pause", durationMs: minutes(1) },
  { kind: "setWeight", weight: 30 },
  { kind: "analysis", durationMs: minutes(1) },
  { kind: "setWeight", weight: 70 },
  { kind: "pause", durationMs: minutes(1) },
];

const KINDS = ["native", "strategy", "task-sets"] as const;
type Point = "starting" | "preparing" | number | "finishing";
const POINTS: readonly Point[] = ["starting", "preparing", ...STEPS.keys(), "finishing"];

/** ECS moves its own weights back after it has seen the request: assumed in local/world. */
const BOUND_MS = { native: seconds(30), "task-sets": seconds(30), strategy: minutes(3) } as const;

async function stageAt(kind: (typeof KINDS)[number], point: Point): Promise<Stage> {
  const service = { name: "web", kind, desiredCount: 3, requestsPerSecond: 6, policy: { steps: STEPS } };
  const stage = await createStage({ seed: 4, services: [service] });
  await begin(stage);
  await until(stage, () => isAt(stage, point), { limitMs: minutes(30), for: `point ${point}` });
  return stage;
}

function isAt(stage: Stage, point: Point): boolean {
  const state = stage.state(only(stage).scene.key);
  const phase = typeof point === "number" ? "stepping" : point;
  // A phase may pass between two looks: the one after it will do.
  const order = ["starting", "preparing", "stepping", "finishing"];
  if (order.indexOf(state.phase) > order.indexOf(phase)) return true;
  return state.phase === phase && (typeof point !== "number" || (rolloutOf(state)?.step ?? 0) >= point);
}

describe.each(KINDS)("%s: an abort", (kind) => {
  it.each(POINTS)("at %s gives the old revision everything within the bound", async (point) => {
    const stage = await stageAt(kind, point);
    const { id } = current(stage);
    const from = stage.world.kernel.now();
    await give(stage, only(stage).scene.key, { verb: "abort", rollout: id });
    const end = await ended(stage);
    if (end.outcome === "promoted") {
      // Too late only where the new revision had everything already.
      expect(point).toBe("finishing");
      return;
    }
    expect(end.outcome).toBe("rolled-back");
    const shifted = stage.trace.findLast(
      (step) => step.kind === "call" && step.refused === undefined && step.operation === "ModifyRule",
    );
    if (kind !== "strategy" && shifted !== undefined && shifted.at > from)
      expect(shifted.at - from).toBeLessThan(BOUND_MS[kind]);
    await stage.pass(minutes(3));
    expect(groupNow(stage, "blue")).toMatchObject({ weight: 100, healthy: 3 });
    expect(shareOf(stage, "green")).toBe(0);
    expect(only(stage).load.all.failed).toBe(0);
    expect(stage.complaints).toEqual([]);
  });
});

describe.each(KINDS)("%s: weights that a stack resets", (kind) => {
  it.each(POINTS)("at %s do not keep the rollout from its end", async (point) => {
    const stage = await stageAt(kind, point);
    resetWeights(stage, only(stage));
    const end = await ended(stage);
    await stage.pass(minutes(10));
    const isNew = end.outcome === "promoted";
    const [served, other] = isNew ? (["green", "blue"] as const) : (["blue", "green"] as const);
    expect(groupNow(stage, served), `after ${end.outcome}: ${end.reason}`).toMatchObject({
      weight: 100,
      healthy: 3,
    });
    expect(groupNow(stage, other)).toMatchObject({ weight: 0, healthy: 0 });
    expect(stage.complaints).toEqual([]);
  });
});
