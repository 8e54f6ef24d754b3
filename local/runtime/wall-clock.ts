// Lets the virtual world follow the wall clock. Together with the timers of this folder it is the only place
// under local/ that reads a real clock.

import type { EpochMs } from "../../shared/base/time.ts";
import type { WorldApi } from "../faces/wire/world-api.ts";
import type { Timeline } from "../world/kernel.ts";

/** How late something is seen that was scheduled past the clock, by a control surface of the world. */
const LONGEST_NAP_MS = 50;

export interface WallClock {
  /** Brings the world up to now. */
  catchUp(): void;
  /** The same world, brought up to now around every call. */
  inStep(world: WorldApi): WorldApi;
  /** Something happened outside of the world: it is told now, by the world's clock, and takes effect now. */
  enter(tell: () => void): void;
  stop(): void;
}

export type Clocked = Pick<Timeline, "advanceTo" | "nextAt">;

export function followWallClock(timeline: Clocked, now: () => number = Date.now): WallClock {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const catchUp = () => timeline.advanceTo(now() as EpochMs);
  const nap = () => {
    if (isStopped) return;
    catchUp();
    const dueInMs = (timeline.nextAt() ?? Number.POSITIVE_INFINITY) - now();
    timer = setTimeout(nap, Math.max(1, Math.min(dueInMs, LONGEST_NAP_MS)));
  };
  nap();
  return {
    catchUp,
    inStep: (world) => ({
      call: (...call) => {
        catchUp();
        const output = world.call(...call);
        // What the call made due at once (an event's delivery) must not wait for the next nap to end.
        catchUp();
        return output;
      },
    }),
    enter: (tell) => {
      catchUp();
      tell();
      catchUp();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
