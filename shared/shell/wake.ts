// Timers: the row in the table is the truth, a delayed message is only the wake-up. What is further away
// than SQS can delay is the sweep's business.

import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import { elapsedMs, millis } from "../base/time.ts";
import type { PassPorts } from "./ports.ts";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html DelaySeconds */
const LONGEST_DELAY_MS = 900_000;
/**
 * Lambda stops a chain of invocations through SQS after about 16 hops unless RecursiveLoop is ALLOW, as it
 * is here: so the budget is ours. Beyond it only the sweep, once a minute, goes on waking the key.
 */
export const HOP_BUDGET = 240;

export interface Alarm {
  readonly key: Key;
  readonly wakeAt: EpochMs | undefined;
  readonly hops: number;
}

export async function setWake(
  { key, wakeAt, hops }: Alarm,
  ports: Pick<PassPorts, "clock" | "delay" | "log">,
): Promise<void> {
  if (wakeAt === undefined) return;
  if (hops >= HOP_BUDGET) {
    ports.log.warn("hop budget spent: the sweep goes on", { key, hops });
    return;
  }
  const delayMs = millis(Math.max(0, elapsedMs(ports.clock.now(), wakeAt)));
  if (delayMs > LONGEST_DELAY_MS) return;
  try {
    await ports.delay.wakeLater([{ wake: { fairlead: "wake", key, wakeAt, hops }, delayMs }]);
  } catch (error) {
    // The row is committed: the sweep rings within a minute.
    ports.log.warn("wake-up not sent", { key, error: error instanceof Error ? error.message : "unknown" });
  }
}
