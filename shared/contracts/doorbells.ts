// The message on the work queue: which key to look at, and the facts that came with the ring.

import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import type { Fact } from "./facts.ts";

export interface Doorbell {
  readonly key: Key;
  /**
   * Identifies the stimulus (event ids, timer instant), never the key or the content: SQS FIFO forgets
   * nothing for 5 minutes and swallows a second send with the same deduplication id.
   */
  readonly id: string;
  readonly facts: readonly Fact[];
  /** Passes and timers since the last outside stimulus; see `HOP_BUDGET` in the shell. */
  readonly hops: number;
  readonly sentAt: EpochMs;
}

/** The message on the delay queue: a wake-up; the timer row in the table is the truth. */
export interface Wake {
  readonly fairlead: "wake";
  readonly key: Key;
  readonly wakeAt: EpochMs;
  readonly hops: number;
}
