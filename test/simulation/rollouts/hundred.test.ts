// A hundred services roll out at the same time: quotas of ECS, ELB and CloudWatch are an account's, so what one
// rollout costs matters less than what all of them cost together.

import { beforeAll, describe, expect, it } from "vitest";
import type { EpochMs } from "../../../shared/base/time.ts";
import { minutes } from "../../../shared/base/time.ts";
import { callsByStep, rolloutCalls } from "./calls.ts";
import { give } from "./operator.ts";
import { current, tell, until } from "./play.ts";
import type { Stage } from "./stage.ts";
import { createStage } from "./stage.ts";
import { release } from "./versions.ts";

const ROLLOUTS = 100;
const MOST_CALLS = 10;
const KINDS = ["native", "task-sets", "strategy"] as const;
const SHARING = 25;
const WAIT_MS = minutes(10);

/** Three kinds in turn; a request every five seconds each. */
const services = Array.from({ length: ROLLOUTS }, (_, number) => ({
  name: `quay-${String(number).padStart(3, "0")}`,
  kind: KINDS[number % KINDS.length] ?? "native",
  desiredCount: 1,
  requestsPerSecond: 0.2,
  shares: { balancer: `pier-${Math.floor(number / SHARING)}`, port: 8_000 + (number % SHARING) },
  policy: {
    steps: [
      { kind: "setWeight", weight: 25 } as const,
      { kind: "pause" } as const,
      { kind: "setWeight", weight: 50 } as const,
      { kind: "pause", durationMs: minutes(2) } as const,
    ],
  },
}));

const time: Record<string, number> = {};
async function timed<T>(name: string, run: () => Promise<T>) {
  const t = Date.now();
  const r = await run();
  time[name] = Date.now() - t;
  console.log(name, time[name]);
  return r;
}

describe("a hundred rollouts at the same time", () => {
  it("works", async () => {
    const stage = await timed("create", () => createStage({ seed: 5, services }));
    for (const { scene } of stage.cast) {
      await give(stage, scene.key, { verb: "start", taskDefinition: release(stage.world, scene, "good") });
    }
    try {
      await timed("start", () =>
        until(
          stage,
          () =>
            stage.cast.every((cast) => {
              const s = stage.state(cast.scene.key);
              return s.phase === "stepping" && s.rollout.step === 1;
            }),
          { limitMs: minutes(20) },
        ),
      );
    } catch (e) {
      console.log(String(e).slice(0, 3000));
      const ph: any = {};
      for (const c of stage.cast) {
        const s = stage.state(c.scene.key);
        const k = c.scene.kind + " " + s.phase + " " + (s as any).rollout?.step;
        ph[k] = (ph[k] ?? 0) + 1;
      }
      console.log(ph);
      return;
    }
    await timed("settle", () => stage.pass(minutes(3)));
    const before = rolloutCalls(stage).length;
    const from = stage.world.kernel.now();
    await timed("wait", () => stage.pass(WAIT_MS));
    console.log(
      rolloutCalls(stage)
        .slice(before)
        .map(({ name }) => name),
    );
    const steps = stage.trace.flatMap((s) => (s.kind === "metrics" && s.at > from ? [s] : []));
    console.log(steps.map((s) => [new Date(s.at).toISOString(), s.metrics?.length]));
    console.log(stage.complaints.slice(0, 5));
  }, 300_000);
});
