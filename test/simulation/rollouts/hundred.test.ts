// A hundred services roll out at the same time: the quotas of ECS, ELB and CloudWatch are an account's, so what
// one rollout costs matters less than what all of them cost together.

import { beforeAll, describe, expect, it } from "vitest";
import type { EpochMs } from "../../../shared/base/time.ts";
import { minutes } from "../../../shared/base/time.ts";
import { callsByStep, rolloutCalls } from "./calls.ts";
import { give } from "./operator.ts";
import { tell, until } from "./play.ts";
import type { Cast, Stage } from "./stage.ts";
import { createStage } from "./stage.ts";
import { release } from "./versions.ts";

const ROLLOUTS = 100;
const KINDS = ["native", "task-sets", "strategy"] as const;
/** As many as one load balancer has target groups for, and some room. */
const SHARING = 25;

const MOST_CALLS = 10;
/** Queries of one GetMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const METRICS_OF_A_CALL = 500;
/** Requests, failures, broken connections and slow answers, of both revisions. */
const METRICS_OF_A_ROLLOUT = 8;
const WAIT_MINUTES = 4;
const MINUTE = minutes(1);

// The strategy's weights go in equal steps: so do these.
const STEPS = [
  { kind: "setWeight", weight: 25 },
  { kind: "pause" },
  { kind: "setWeight", weight: 50 },
  { kind: "pause", durationMs: MINUTE },
] as const;

/** The kinds in turn, each with a request every five seconds: twelve a minute, so that every bin has numbers. */
const services = Array.from({ length: ROLLOUTS }, (_, number) => ({
  name: `quay-${number}-of-many`,
  kind: KINDS[number % KINDS.length] ?? "native",
  desiredCount: 1,
  requestsPerSecond: 0.2,
  shares: { balancer: `pier-${Math.floor(number / SHARING)}`, port: 8_000 + (number % SHARING) },
  policy: { steps: STEPS },
}));

const every = (stage: Stage, holds: (cast: Cast) => boolean, what: string): Promise<void> =>
  until(stage, () => stage.cast.every(holds), { limitMs: minutes(30), for: what });

const isAtPause = (stage: Stage, { scene }: Cast): boolean => {
  const state = stage.state(scene.key);
  return state.phase === "stepping" && state.rollout.step === 1;
};

interface MetricReads {
  readonly calls: number;
  readonly asked: number;
  readonly different: number;
}

/** By minute of the clock. */
function metricReads({ trace }: Stage, from: EpochMs): readonly MetricReads[] {
  const reads = trace.flatMap((step) => (step.kind === "metrics" && step.at >= from ? [step] : []));
  const byMinute = Map.groupBy(reads, ({ at }) => Math.floor(at / MINUTE));
  return [...byMinute.values()].map((own) => {
    const asked = own.flatMap(({ metrics = [] }) => metrics);
    return { calls: own.length, asked: asked.length, different: new Set(asked).size };
  });
}

describe("a hundred rollouts at the same time", () => {
  let stage: Stage;
  let callsWhileWaiting: readonly string[];
  let metrics: readonly MetricReads[];

  beforeAll(async () => {
    stage = await createStage({ seed: 5, services });
    for (const { scene } of stage.cast)
      await give(stage, scene.key, { verb: "start", taskDefinition: release(stage.world, scene, "good") });
    await every(stage, (cast) => isAtPause(stage, cast), "the pause of every rollout");
    // The last to begin still read what was usual before, each for itself, once.
    await stage.pass(minutes(1));
    const begun = stage.world.kernel.now();
    const before = rolloutCalls(stage).length;
    await stage.pass(minutes(WAIT_MINUTES));
    callsWhileWaiting = rolloutCalls(stage)
      .slice(before)
      .map(({ name }) => name);
    for (const { scene } of stage.cast) await give(stage, scene.key, { verb: "promote", by: "bob" });
    await every(stage, ({ scene }) => stage.state(scene.key).phase === "idle", "the end of every rollout");
    metrics = metricReads(stage, begun);
  }, 120_000);

  it("all wait, go on when they are told to, and are promoted", () => {
    const unpromoted = stage.cast.filter(
      ({ scene }) => stage.state(scene.key).past[0]?.outcome !== "promoted",
    );
    expect(unpromoted.map((cast) => tell({ ...stage, cast: [cast] }))).toEqual([]);
    expect(stage.complaints).toEqual([]);
  });

  it("make no call to ECS or ELB while they wait", () => {
    expect(callsWhileWaiting).toEqual([]);
  });

  it("have their metrics read by one call a minute for each 500, each metric once", () => {
    const full = metrics.filter(({ asked }) => asked === ROLLOUTS * METRICS_OF_A_ROLLOUT);
    expect(full.length).toBeGreaterThanOrEqual(WAIT_MINUTES);
    for (const minute of metrics) {
      expect(minute.asked).toBe(minute.different);
      expect(minute.calls).toBe(Math.ceil(minute.different / METRICS_OF_A_CALL));
    }
  });

  // With ECS's own weights a step is one order to go on; ECS writes them.
  it.each(KINDS)("%s: no step of any makes more than ten calls", (kind) => {
    const own = stage.cast.filter(({ scene }) => scene.kind === kind);
    const steps = own.flatMap(({ scene }) =>
      [...callsByStep(stage, scene.key)].filter(([where]) => where.startsWith("step")),
    );
    expect(steps.length).toBeGreaterThanOrEqual(2 * own.length);
    expect(steps.filter(([, calls]) => calls.length > MOST_CALLS)).toEqual([]);
  });
});
