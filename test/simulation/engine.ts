// Virtual time for asynchronous code: promises run to their end between two instants of the world's
// clock, so a run has one order of events and a seed replays it.

import type { Timeline } from "../../local/world/kernel.ts";
import type { DurationMs, EpochMs } from "../../shared/base/time.ts";
import { addMs, millis } from "../../shared/base/time.ts";

/** Everything that can run without the clock moving has run. */
const microtasksDone = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function runUntil(kernel: Timeline, until: EpochMs): Promise<void> {
  for (;;) {
    await microtasksDone();
    const next = kernel.nextAt();
    if (next === undefined || next > until) break;
    kernel.advanceTo(next);
  }
  kernel.advanceTo(until);
  await microtasksDone();
}

export const runFor = (kernel: Timeline, duration: DurationMs): Promise<void> =>
  runUntil(kernel, addMs(kernel.now(), duration));

export const sleep = (kernel: Timeline, ms: number): Promise<void> =>
  new Promise((resolve) => kernel.after(millis(ms), resolve));
