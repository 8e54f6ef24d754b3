// What every driver of rollouts keeps to, whichever way ECS moves the service: the same wishes, the same ends.

import { beforeEach, describe, expect, it } from "vitest";
import { minutes, seconds } from "../../shared/base/time.ts";
import type { Wish } from "../../shared/core/rollout/driver.ts";
import { noFaults } from "../simulation/faults.ts";
import type { Bench, BenchOptions } from "./rollout-bench.ts";
import { createBench } from "./rollout-bench.ts";

const ready: Wish = { kind: "ready", scale: 100 };
const weight = (percent: number): Wish => ({ kind: "weight", weight: percent, scale: 100 });
const finished: Wish = { kind: "finished" };
const back: Wish = { kind: "rolled-back" };

const WAYS: readonly (readonly [name: string, way: readonly Wish[]])[] = [
  ["before anything was asked for", []],
  ["ready", [ready]],
  ["10 %", [ready, weight(10)]],
  ["50 %", [ready, weight(10), weight(50)]],
];

const shares = (bench: Bench) => bench.look().groups.map((group) => Math.round(group.weight));

async function go(bench: Bench, way: readonly Wish[]): Promise<void> {
  for (const wish of way) await bench.reach(wish);
}

export function rolloutDriverContract(name: string, options: BenchOptions): void {
  describe(`a rollout by ${name}`, () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await createBench(options);
    });

    it("is ready with healthy capacity and without production traffic", async () => {
      await bench.reach(ready);
      const now = bench.look();
      expect(shares(bench)).toEqual([100, 0]);
      expect(now.groups[1]?.healthy).toBe(4);
    });

    it("gives the new revision what is wished, and then everything", async () => {
      await bench.reach(ready);
      await bench.reach(weight(10));
      expect(shares(bench)).toEqual([90, 10]);
      await bench.reach(weight(50));
      expect(shares(bench)).toEqual([50, 50]);
      await bench.reach(finished);
      await bench.pass(minutes(3));
      expect(bench.look().groups).toMatchObject([
        { healthy: 0, weight: 0 },
        { healthy: 4, weight: 100 },
      ]);
      expect(bench.load.all.failed).toBe(0);
    });

    it("keeps the old tasks for the delay after their last request", async () => {
      await go(bench, [ready, weight(50)]);
      const limit = bench.world.kernel.now() + minutes(15);
      while (shares(bench)[1] !== 100 && bench.world.kernel.now() < limit) {
        await bench.steer(finished);
        await bench.pass(seconds(2));
      }
      expect(shares(bench)).toEqual([0, 100]);
      for (let waited = 0; waited < bench.policy.scaleDownDelayMs - 10_000; waited += 5_000) {
        await bench.steer(finished);
        await bench.pass(seconds(5));
        expect(bench.look().groups[0]?.healthy).toBe(4);
      }
    });

    it.each(WAYS)("goes back from %s, without a failed request", async (_name, way) => {
      await go(bench, way);
      await bench.reach(back);
      await bench.pass(minutes(3));
      expect(bench.look().groups).toMatchObject([
        { healthy: 4, weight: 100 },
        { healthy: 0, weight: 0 },
      ]);
      expect(bench.load.all.failed).toBe(0);
    });

    it.each(WAYS.slice(1))("proposes nothing more when it is at %s", async (_name, way) => {
      await go(bench, way);
      const last = way.at(-1) ?? ready;
      for (let again = 0; again < 3; again += 1) {
        await bench.pass(seconds(20));
        const answer = await bench.steer(last);
        expect(answer).toMatchObject({ standing: "reached", proposals: [], asks: [] });
      }
    });

    it("repeats an act whose answer was lost without a second effect", async () => {
      bench.chaos.profile = { ...noFaults, timeoutAfterEffect: 0.4 };
      await go(bench, [ready, weight(10), weight(50)]);
      bench.chaos.profile = noFaults;
      expect(bench.look().taskSets.length).toBeLessThanOrEqual(2);
      expect(bench.look().deployments.length).toBeLessThanOrEqual(2);
      expect(shares(bench)).toEqual([50, 50]);
      bench.chaos.profile = { ...noFaults, timeoutAfterEffect: 0.4 };
      await bench.reach(back);
      bench.chaos.profile = noFaults;
      await bench.pass(minutes(3));
      expect(shares(bench)).toEqual([100, 0]);
      expect(bench.load.all.failed).toBe(0);
    });

    it("does not raise the weight towards targets that are not healthy", async () => {
      await go(bench, [ready, weight(10)]);
      const { taskDefinition } = bench.rollout.target;
      bench.world.applications.set({ taskDefinitionArn: taskDefinition }, { health: () => 500 });
      await bench.pass(minutes(1));
      for (let again = 0; again < 5; again += 1) {
        await bench.steer(weight(50));
        await bench.pass(seconds(10));
      }
      expect(shares(bench)[1]).toBeLessThanOrEqual(10);
    });
  });
}
