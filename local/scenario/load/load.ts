// Load on an HTTP address from a thread of its own: as fast as it is answered, or so many requests a second.

import { Worker } from "node:worker_threads";
import type { LoadOrder, LoadResult, Tick } from "./load-worker.ts";

export interface Load {
  answered(): number;
  /** Waits for that many answers in all; ends early when interrupted. */
  until(answered: number, signal?: AbortSignal): Promise<void>;
  stop(): Promise<LoadResult & { readonly durationMs: number }>;
}

export interface LoadOptions extends Omit<LoadOrder, "counters"> {
  /** Every second: what was answered since the last time. */
  readonly onTick?: (tick: Tick) => void;
}

/** As in load-worker.ts, which must not be loaded here: it runs. */
const ANSWERED = 0;
const ENDING = 1;
const LOOK_EVERY_MS = 10;

export function startLoad({ onTick, ...order }: LoadOptions): Load {
  const shared = new SharedArrayBuffer(8);
  const counters = new Int32Array(shared);
  const workerData: LoadOrder = { ...order, counters: shared };
  const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData });
  const result = resultOf(worker, onTick);
  const startedAt = performance.now();
  const answered = () => Atomics.load(counters, ANSWERED);
  return {
    answered,
    until: async (wanted, signal) => {
      while (answered() < wanted && signal?.aborted !== true)
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    },
    stop: async () => {
      Atomics.store(counters, ENDING, 1);
      const total = await result;
      const durationMs = performance.now() - startedAt;
      await worker.terminate();
      return { ...total, durationMs };
    },
  };
}

/** The last message is the result, all others are ticks. */
const resultOf = (worker: Worker, onTick: LoadOptions["onTick"]): Promise<LoadResult> =>
  new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message: LoadResult | { readonly tick: Tick }) => {
      if ("tick" in message) onTick?.(message.tick);
      else resolve(message);
    });
  });
