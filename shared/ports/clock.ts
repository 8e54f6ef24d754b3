// The only way to know the time: virtual in simulation, the wall clock in Lambda.

import type { EpochMs } from "../base/time.ts";

export interface Clock {
  now(): EpochMs;
}
