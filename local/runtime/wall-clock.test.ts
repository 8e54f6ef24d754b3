// The pump: the world is never behind a call, and moves on its own.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, millis } from "../../shared/base/time.ts";
import { createKernel } from "../world/kernel.ts";
import { followWallClock } from "./wall-clock.ts";

const start = epochMs(1_000_000);

describe("followWallClock", () => {
  beforeEach(() => void vi.useFakeTimers({ now: start }));
  afterEach(() => void vi.useRealTimers());

  const kernelWith = (delayMs: number) => {
    const kernel = createKernel({ seed: 1, startAt: start });
    const ran: EpochMs[] = [];
    kernel.after(millis(delayMs), () => ran.push(kernel.now()));
    return { kernel, ran };
  };

  it("runs what is due, at its own virtual instant, without being asked", () => {
    const { kernel, ran } = kernelWith(120);
    const clock = followWallClock(kernel);
    vi.advanceTimersByTime(119);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(60);
    expect(ran).toEqual([start + 120]);
    clock.stop();
  });

  it("sees soon what was scheduled behind its back", () => {
    const { kernel, ran } = kernelWith(1_000_000);
    const clock = followWallClock(kernel);
    vi.advanceTimersByTime(500);
    kernel.after(millis(0), () => ran.push(kernel.now()));
    vi.advanceTimersByTime(50);
    expect(ran).toHaveLength(1);
    clock.stop();
  });

  it("brings the world up to now before each call", () => {
    const { kernel } = kernelWith(10);
    const clock = followWallClock(kernel);
    vi.setSystemTime(start + 5_000);
    const world = clock.inStep({ call: () => ({ at: kernel.now() }) });
    expect(world.call("ecs", "ListTasks", {})).toEqual({ at: start + 5_000 });
    clock.stop();
  });

  it("leaves no timer behind", () => {
    const clock = followWallClock(kernelWith(10).kernel);
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
