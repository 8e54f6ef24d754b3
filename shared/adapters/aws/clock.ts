// The wall clock, as a port.

import type { EpochMs } from "../../base/time.ts";
import type { Clock } from "../../ports/clock.ts";

export const systemClock: Clock = { now: () => Date.now() as EpochMs };
