// Load on an HTTP address from a thread of its own.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { LoadOrder, LoadResult } from "./load-worker.ts";

export interface Load {
  answered(): number;
  /** Waits for that many answers in all. */
  until(answered: number): Promise<void>;
  stop(): Promise<LoadResult & { readonly durationMs: number }>;
}

/** As in load-worker.ts, which must not be loaded here: it runs. */
const ANSWERED = 0;
const ENDING = 1;
const LOOK_EVERY_MS = 10;

export function startLoad({ host, port, connections }: Omit<LoadOrder, "counters">): Load {
  const shared = new SharedArrayBuffer(8);
  const counters = new Int32Array(shared);
  const workerData: LoadOrder = { host, port, connections, counters: shared };
  const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData });
  const startedAt = performance.now();
  const answered = () => Atomics.load(counters, ANSWERED);
  return {
    answered,
    until: async (wanted) => {
      while (answered() < wanted) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    },
    stop: async () => {
      Atomics.store(counters, ENDING, 1);
      const [result] = (await once(worker, "message")) as [LoadResult];
      const durationMs = performance.now() - startedAt;
      await worker.terminate();
      return { ...result, durationMs };
    },
  };
}
