// A bounded memory of answers that rarely change, for one process: oldest out first, gone after its time.

import type { DurationMs, EpochMs } from "../../base/time.ts";
import type { Clock } from "../../ports/clock.ts";

export interface Cache<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
}

export interface CacheOptions {
  readonly clock: Clock;
  readonly ttlMs: DurationMs;
  readonly max: number;
}

export function createCache<T>(options: CacheOptions): Cache<T> {
  const entries = new Map<string, { readonly value: T; readonly at: EpochMs }>();
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined || options.clock.now() - entry.at >= options.ttlMs) return undefined;
      return entry.value;
    },
    set: (key, value) => {
      // Map keeps insertion order: re-inserting makes the entry the youngest.
      entries.delete(key);
      entries.set(key, { value, at: options.clock.now() });
      const oldest = entries.keys().next();
      if (entries.size > options.max && oldest.done !== true) entries.delete(oldest.value);
    },
  };
}
