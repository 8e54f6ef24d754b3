// Doorbells and wake-ups as they come back from a queue.

import { describe, expect, it } from "vitest";
import { AppError } from "../base/errors.ts";
import { parseDoorbell, parseWake } from "./parse-doorbell.ts";

const doorbell = (change: object = {}) =>
  JSON.stringify({
    key: "123123123123/eu-west-3/quay/crane",
    id: "abc",
    facts: [{ kind: "wake", cause: "timer", at: 5 }],
    hops: 1,
    sentAt: 7,
    ...change,
  });

const pathOf = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    if (error instanceof AppError) return error.code === "input" ? error.detail["path"] : error.code;
    throw error;
  }
  return undefined;
};

describe("parseDoorbell", () => {
  it("reads what was written", () => {
    expect(JSON.stringify(parseDoorbell(doorbell()))).toBe(doorbell());
  });

  it.each<[string, string]>([
    ["(body)", "{"],
    ["(body)", "[]"],
    ["key", doorbell({ key: "quay" })],
    ["id", doorbell({ id: "" })],
    ["hops", doorbell({ hops: -1 })],
    ["sentAt", doorbell({ sentAt: "soon" })],
    ["facts", doorbell({ facts: "none" })],
    ["facts[0]", doorbell({ facts: [1] })],
    ["facts[0].kind", doorbell({ facts: [{ kind: "toString", at: 1 }] })],
    ["facts[0].at", doorbell({ facts: [{ kind: "wake", cause: "timer" }] })],
    ["facts[0].version", doorbell({ facts: [{ kind: "task", at: 1 }] })],
    [
      "facts[0].taskIds",
      doorbell({ facts: [{ kind: "health-notice", at: 1, eventTypeCode: "a", category: "b" }] }),
    ],
  ])("names %s", (path, body) => {
    expect(pathOf(() => parseDoorbell(body))).toBe(path);
  });
});

describe("parseWake", () => {
  const wake = { fairlead: "wake", key: "123123123123/eu-west-3/quay/crane", wakeAt: 9, hops: 2 };

  it("reads what was written", () => {
    expect(parseWake(wake)).toEqual(wake);
  });

  it.each(["fairlead", "wakeAt", "hops"])("names %s", (name) => {
    expect(pathOf(() => parseWake({ ...wake, [name]: null }))).toBe(name);
  });
});
