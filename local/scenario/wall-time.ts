// Waiting in real time: the demo follows the wall clock.

import { setTimeout as sleep } from "node:timers/promises";

export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

const LOOK_EVERY_MS = 50;

/** Waits until the condition holds. Returns false when it did not in time, or when interrupted. */
export async function until(
  holds: () => boolean,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (signal.aborted || performance.now() > deadline) return false;
    await pause(LOOK_EVERY_MS, signal);
  }
  return true;
}
