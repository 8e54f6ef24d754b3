// The cache's two bounds: time and size.

import { expect, it } from "vitest";
import type { EpochMs } from "../../base/time.ts";
import { seconds } from "../../base/time.ts";
import { createCache } from "./cache.ts";

it("forgets with time and the oldest first, so that it never grows beyond its size", () => {
  let now = 0;
  const cache = createCache<number>({ clock: { now: () => now as EpochMs }, ttlMs: seconds(1), max: 2 });
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  cache.set("c", 4);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([3, undefined, 4]);
  now = 999;
  expect(cache.get("a")).toBe(3);
  now = 1_000;
  expect(cache.get("a")).toBeUndefined();
});
