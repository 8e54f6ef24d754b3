// Retries and polls stay within their bounds.

import fc from "fast-check";
import { expect, it } from "vitest";
import { later, NOW } from "../../../test/support/discovery-builders.ts";
import { minutes, seconds } from "../../base/time.ts";
import { isThrottle, mendsItself, nextPollAt, retryAfter, slowDownMs } from "./retry.ts";

it.each([
  [1, seconds(2)],
  [2, seconds(4)],
  [5, seconds(32)],
  [8, seconds(256)],
  [9, minutes(5)],
  [1e9, minutes(5)],
])("attempt %d waits %d ms, without jitter", (attempt, wait) => {
  expect(retryAfter({ code: "busy", attempt, seed: 0 })).toBe(wait);
});

it("is bounded for any attempt, seed and code", () => {
  const code = fc.constantFrom("busy", "denied", "throttled", "INVALID_CHANGE_BATCH", "");
  fc.assert(
    fc.property(fc.integer(), fc.integer(), code, (attempt, seed, one) => {
      const wait = retryAfter({ code: one, attempt, seed });
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(minutes(5) * 1.25);
    }),
  );
});

it("polls later than now, at most half a minute later", () => {
  fc.assert(
    fc.property(fc.integer(), (by) => {
      const wait = nextPollAt(later(by), NOW) - NOW;
      expect(wait).toBeGreaterThanOrEqual(seconds(1));
      expect(wait).toBeLessThanOrEqual(seconds(30));
    }),
  );
});

it("slows down by doubling to a minute", () => {
  expect([1, 2, 6, 60].map(slowDownMs)).toEqual([2, 4, 60, 60].map(seconds));
});

it("knows what waiting does not mend, and every name of a throttle", () => {
  expect(["denied", "limit", "missing", "busy", "EXPIRED_TOKEN"].map(mendsItself)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
  expect(["throttled", "THROTTLED_REQUEST", "busy"].map(isThrottle)).toEqual([true, true, false]);
});
