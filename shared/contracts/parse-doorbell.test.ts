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

const owner = "123123123123/eu-west-3/quay/crane";
const metrics = (series: object) =>
  doorbell({ facts: [{ kind: "metrics", rollout: "r", series: [series], at: 1 }] });
const query = { id: "q", periodMs: 60_000, source: { provider: "cloudwatch" } };
const order = (change: object) => {
  const given = { key: owner, rollout: "r", queries: [query], from: 1, settleMs: 2, until: 3, ...change };
  return doorbell({ facts: [{ kind: "subscription", subscription: given, at: 1 }] });
};

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
    ["facts[0].series", doorbell({ facts: [{ kind: "metrics", at: 1, rollout: "r" }] })],
    [
      "facts[0].series[0].points[1]",
      metrics({
        id: "q",
        points: [
          [1, 2],
          [1, null],
        ],
      }),
    ],
    ["facts[0].series[0].window", metrics({ id: "q", points: [], window: [1] })],
    ["facts[0].subscription", doorbell({ facts: [{ kind: "subscription", at: 1 }] })],
    ["facts[0].subscription.key", order({ key: "quay" })],
    ["facts[0].subscription.until", order({ until: "soon" })],
    ["facts[0].subscription.queries[0].periodMs", order({ queries: [{ ...query, periodMs: 0 }] })],
    ["facts[0].subscription.queries[0].source.provider", order({ queries: [{ ...query, source: {} }] })],
    ["facts[0].subscription.rules", order({ rules: [1] })],
    ["facts[0].subscription.queries", order({ queries: Array.from({ length: 201 }, () => query) })],
    ["facts[0].by", doorbell({ facts: [{ kind: "traffic-change", at: 1, eventName: "a", resource: "b" }] })],
  ])("names %s", (path, body) => {
    expect(pathOf(() => parseDoorbell(body))).toBe(path);
  });

  it.each([
    ["metrics", metrics({ id: "q", points: [[1, 2.5]], window: [0, 60], problem: "partial" })],
    ["an order that begins", order({})],
    [
      "an order that ends",
      doorbell({ facts: [{ kind: "subscription", at: 1, ends: { key: owner, rollout: "r" } }] }),
    ],
  ])("reads %s", (_case, body) => {
    expect(JSON.stringify(parseDoorbell(body))).toBe(body);
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
