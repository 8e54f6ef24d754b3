// The queues. Work: FIFO, group = key. Delay: standard, wake-ups only. Dead letters: what gave up.

import type { DurationMs } from "../base/time.ts";
import type { Doorbell, Wake } from "../contracts/doorbells.ts";

export interface WorkQueue {
  /** At least once, in order within a key. Returns the doorbells that were not taken, to be sent again. */
  ring(doorbells: readonly Doorbell[]): Promise<readonly Doorbell[]>;
}

export interface DelayQueue {
  /** Second precision, at most 900 s: later wake-ups are the sweep's. A lost wake-up costs latency only. */
  wakeLater(wakes: readonly { readonly wake: Wake; readonly delayMs: DurationMs }[]): Promise<void>;
}

export interface DeadLetter {
  readonly queue: string;
  readonly body: string;
  readonly receipt: string;
  /** FIFO group to send it back with; undefined on standard queues. */
  readonly group?: string;
  /** How often the sweep sent it back before. */
  readonly redrives: number;
}

export interface DeadLetters {
  /** At most `limit` messages over all dead-letter queues. */
  receive(limit: number): Promise<readonly DeadLetter[]>;
  /** Back to its source queue with `redrives + 1`, then deleted here. */
  redrive(letter: DeadLetter): Promise<void>;
  /** Leaves it for a person: hides it for 12 h (SQS's longest visibility time-out). */
  park(letter: DeadLetter): Promise<void>;
}
