// Short names of keys, in both directions.

import { describe, expect, it } from "vitest";
import type { Key } from "../shared/base/keys.ts";
import { resolveKey, shortNames } from "./keys.ts";

const keys = [
  "111111111111/eu-west-3/quay/crane",
  "111111111111/eu-west-3/quay/ferry",
  "222222222222/eu-west-3/quay/crane",
] as Key[];
const [crane, ferry, otherCrane] = keys as [Key, Key, Key];

describe("keys as people type them", () => {
  it.each([
    ["quay/ferry", ferry],
    ["ferry", ferry],
    [crane, crane],
    ["222222222222/eu-west-3/quay/crane", otherCrane],
  ])("%s", (typed, key) => {
    expect(resolveKey(typed, keys)).toBe(key);
  });

  it.each([
    ["quay/crane", `"quay/crane" names 2 keys:\n  ${crane}\n  ${otherCrane}`],
    ["erry", `"erry" is not managed. Managed keys:\n  quay/ferry\n  ${crane}\n  ${otherCrane}`],
  ])("%s is refused with what is possible", (typed, message) => {
    expect(() => resolveKey(typed, keys)).toThrow(message);
  });

  it("says how to begin when nothing is managed", () => {
    expect(() => resolveKey("a/b", [])).toThrow("fairlead apply -f FILE");
  });

  it("are shown short unless that is ambiguous", () => {
    expect([...shortNames(keys).values()]).toEqual([crane, "quay/ferry", otherCrane]);
  });
});
