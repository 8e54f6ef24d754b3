// Freeze windows: deny over allow, time zones with their summer time, the thaw.

import { describe, expect, it } from "vitest";
import { epochMs, minutes } from "../../base/time.ts";
import type { FreezeWindow } from "../../contracts/rollout-policy.ts";
import { freezeAt, nextChange } from "./freeze.ts";

const at = (text: string) => epochMs(Date.parse(text));
const window = (changes: Partial<FreezeWindow> = {}): FreezeWindow => ({
  kind: "deny",
  schedule: "0 18 * * 5",
  durationMs: minutes(62 * 60),
  timeZone: "Europe/Paris",
  overrun: "hold",
  ...changes,
});
const daily = (kind: FreezeWindow["kind"], hour: number, hours: number): FreezeWindow =>
  window({ kind, schedule: `0 ${hour} * * *`, durationMs: minutes(hours * 60), timeZone: "UTC" });

describe("a deny window", () => {
  it.each([
    ["a second before", "2026-11-20T16:59:59Z", undefined],
    ["its first second", "2026-11-20T17:00:00Z", "2026-11-23T07:00:00Z"],
    ["in the middle", "2026-11-22T10:00:00Z", "2026-11-23T07:00:00Z"],
    ["its end", "2026-11-23T07:00:00Z", undefined],
    ["in summer an hour earlier by UTC", "2026-07-03T16:00:00Z", "2026-07-06T06:00:00Z"],
  ])("%s", (_name, now, until) => {
    const freeze = freezeAt([window()], at(now));
    expect(freeze?.until).toBe(until === undefined ? undefined : at(until));
    expect(freeze === undefined).toBe(until === undefined);
  });

  it("joins windows that follow each other", () => {
    const freeze = freezeAt([daily("deny", 1, 2), daily("deny", 3, 2)], at("2026-11-20T02:00:00Z"));
    expect(freeze?.until).toBe(at("2026-11-20T05:00:00Z"));
  });
});

describe("allow windows", () => {
  const office = daily("allow", 9, 8);
  it.each([
    ["inside", [office], "2026-11-20T10:00:00Z", false],
    ["outside is denied", [office], "2026-11-20T18:00:00Z", true],
    ["deny wins inside of one", [office, daily("deny", 12, 1)], "2026-11-20T12:30:00Z", true],
    ["none at all allows everything", [], "2026-11-20T18:00:00Z", false],
  ])("%s", (_name, windows, now, frozen) => {
    expect(freezeAt(windows, at(now)) !== undefined).toBe(frozen);
  });

  it("thaws at the next opening", () => {
    expect(freezeAt([office], at("2026-11-20T18:00:00Z"))?.until).toBe(at("2026-11-21T09:00:00Z"));
  });
});

it("the strictest overrun counts", () => {
  const both = [window(), window({ overrun: "rollback" }), window({ overrun: "finish" })];
  expect(freezeAt(both, at("2026-11-22T10:00:00Z"))?.overrun).toBe("rollback");
});

it("is safe on nonsense", () => {
  const bad = [
    window({ schedule: "not a schedule" }),
    window({ durationMs: Number.NaN as FreezeWindow["durationMs"] }),
  ];
  expect(freezeAt(bad, at("2026-11-22T10:00:00Z"))).toBeUndefined();
  expect(freezeAt([window()], epochMs(Number.NaN))).toBeUndefined();
});

it("wakes when a window may begin or end", () => {
  expect(nextChange([window()], at("2026-11-22T10:00:00Z"))).toBe(at("2026-11-23T07:00:00Z"));
  expect(nextChange([window()], at("2026-11-24T10:00:00Z"))).toBe(at("2026-11-27T17:00:00Z"));
});
