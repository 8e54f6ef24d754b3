// The limiter's arithmetic, and the calls that wait for it.

import { describe, expect, it } from "vitest";
import { AppError, isCode } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import { advance, createPace, fullPace, slower, take } from "./pace.ts";

const limits = { perSecond: 10, burst: 5, maxWaitMs: 1_000 };

describe("the pace's rate", () => {
  it("lets a burst go, then one call a tenth of a second", () => {
    let state = fullPace(limits, 0);
    const waits = Array.from({ length: 8 }, () => {
      const taken = take(advance(state, limits, 0));
      state = taken.state;
      return taken.waitMs;
    });
    expect(waits).toEqual([0, 0, 0, 0, 0, 100, 200, 300]);
    expect(take(advance(state, limits, 10_000)).waitMs).toBe(0);
  });

  it("halves at a throttle, forgets its savings, and never stops altogether", () => {
    let state = slower(fullPace(limits, 0));
    expect(state).toMatchObject({ perSecond: 5, tokens: 0 });
    for (let times = 0; times < 50; times += 1) state = slower(state);
    expect(state.perSecond).toBe(0.5);
  });

  it("is back within a minute, and never above its limit", () => {
    const slowest = Array.from({ length: 50 }).reduce<ReturnType<typeof slower>>(slower, fullPace(limits, 0));
    expect(advance(slowest, limits, 30_000).perSecond).toBeCloseTo(5.5);
    expect(advance(slowest, limits, 60_000).perSecond).toBe(10);
    expect(advance(slowest, limits, 1e12)).toMatchObject({ perSecond: 10, tokens: 5 });
  });

  it("does not run backwards with the clock", () => {
    const state = fullPace(limits, 1_000);
    expect(advance(state, limits, 0)).toEqual(state);
  });
});

describe("a paced call", () => {
  const setUp = () => {
    const waited: number[] = [];
    let now = 0;
    const pace = createPace({
      limits,
      clock: { now: () => now as EpochMs },
      wait: async (ms) => {
        waited.push(ms);
        now += ms;
      },
    });
    return { pace, waited, call: () => pace.run(async () => "answer") };
  };

  it("answers what the call answers, after its wait", async () => {
    const { call, waited } = setUp();
    for (let calls = 0; calls < 7; calls += 1) expect(await call()).toBe("answer");
    expect(waited).toEqual([100, 100]);
  });

  it("waits longer after AWS throttled one", async () => {
    const { pace, call, waited } = setUp();
    const throttled = pace.run(() => Promise.reject(new AppError("throttled", "slow down")));
    await expect(throttled).rejects.toThrow("slow down");
    await call();
    expect(waited).toEqual([200]);
  });

  it("is not slowed by other failures", async () => {
    const { pace, call, waited } = setUp();
    await expect(pace.run(() => Promise.reject(new AppError("input", "wrong")))).rejects.toThrow("wrong");
    await call();
    expect(waited).toEqual([]);
  });

  it("fails as throttled at once when its turn is too far away, without taking a turn", async () => {
    const pace = createPace({ limits, clock: { now: () => 0 as EpochMs }, wait: async () => undefined });
    for (let calls = 0; calls < 15; calls += 1) await pace.run(async () => "in time");
    const error = await pace.run(async () => "late").catch((caught: unknown) => caught);
    expect(isCode(error, "throttled")).toBe(true);
    const again = await pace.run(async () => "late").catch((caught: unknown) => caught);
    expect((again as AppError).detail["waitMs"]).toBe((error as AppError).detail["waitMs"]);
  });
});
