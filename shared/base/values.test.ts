// The small values of base: time, ARNs, fingerprints, seeded chance, errors, reasons.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arnName, clusterArn, parseEcsArn, taskDefinitionParts } from "./arn.ts";
import { assert, assertNever } from "./assert.ts";
import { AppError, isCode, mayRetry } from "./errors.ts";
import { fingerprint, fingerprint32 } from "./fingerprint.ts";
import { prng } from "./prng.ts";
import { reason } from "./reasons.ts";
import {
  addMs,
  earliest,
  elapsedMs,
  epochMs,
  isoInstant,
  millis,
  minutes,
  parseInstant,
  seconds,
} from "./time.ts";

describe("time", () => {
  it.each([
    ["ISO 8601", "2026-06-01T10:00:00Z", Date.UTC(2026, 5, 1, 10)],
    ["with a zone", "2026-06-01T12:00:00.5+02:00", Date.UTC(2026, 5, 1, 10) + 500],
    ["RFC 1123, as AWS Health", "Mon, 1 Jun 2026 10:00:00 GMT", Date.UTC(2026, 5, 1, 10)],
    ["words", "soon", undefined],
    ["a number", 5, undefined],
  ])("parses %s", (_case, text, at) => {
    expect(parseInstant(text)).toBe(at);
  });

  it("reads back what it wrote", () => {
    const instants = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
    fc.assert(fc.property(instants, (at) => parseInstant(isoInstant(epochMs(at))) === at));
  });

  it("adds, subtracts and finds the earliest", () => {
    expect(elapsedMs(epochMs(1), addMs(epochMs(1), minutes(2)))).toBe(seconds(120));
    expect([earliest(), earliest(undefined), earliest(epochMs(2), undefined, epochMs(1))]).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect(millis(5)).toBe(5);
  });
});

describe("ARNs", () => {
  it.each([
    ["arn:aws:ecs:r:1:task/quay/abc", { account: "1", region: "r", type: "task", path: ["quay", "abc"] }],
    ["arn:aws-cn:ecs:r:1:service/crane", { account: "1", region: "r", type: "service", path: ["crane"] }],
    [
      "arn:aws:ecs:r:1:container-instance/q/i",
      { account: "1", region: "r", type: "container-instance", path: ["q", "i"] },
    ],
    ["arn:aws:s3:::bucket/key", undefined],
    ["quay", undefined],
    [7, undefined],
  ])("%s", (arn, parts) => {
    expect(parseEcsArn(arn)).toEqual(parts);
  });

  it.each([
    ["eu-west-3", "arn:aws:ecs:eu-west-3:1:cluster/quay"],
    ["cn-north-1", "arn:aws-cn:ecs:cn-north-1:1:cluster/quay"],
    ["us-gov-east-1", "arn:aws-us-gov:ecs:us-gov-east-1:1:cluster/quay"],
  ])("a cluster in %s", (region, arn) => {
    expect(clusterArn({ account: "1", region, cluster: "quay" })).toBe(arn);
    expect(arnName(arn)).toBe("quay");
  });

  it("take task definitions apart", () => {
    expect(taskDefinitionParts("arn:aws:ecs:r:1:task-definition/web:7")).toEqual({
      family: "web",
      revision: "7",
    });
    expect(taskDefinitionParts("web")).toEqual({ family: "web", revision: undefined });
  });
});

describe("fingerprint", () => {
  it("stays what it is: ids in stored states derive from it", () => {
    expect(fingerprint("crane")).toBe(fingerprint("crane"));
    expect(fingerprint("")).toBe("811c9dc59e3779b985ebca6bc2b2ae35");
  });

  it("has 128 bits of hex, and tells near texts apart", () => {
    const texts = Array.from({ length: 20_000 }, (_, index) => `1/r/quay/service-${index}`);
    const prints = texts.map(fingerprint);
    expect(prints.every((print) => /^[0-9a-f]{32}$/.test(print))).toBe(true);
    expect(new Set(prints).size).toBe(texts.length);
    expect(fingerprint("ab")).not.toBe(fingerprint("ba"));
    fc.assert(
      fc.property(fc.string(), (text) => Number.isInteger(fingerprint32(text)) && fingerprint32(text) >= 0),
    );
  });
});

describe("prng", () => {
  it("replays a seed, and another seed is another run", () => {
    const run = (seed: number) => Array.from({ length: 20 }, prng(seed).next);
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it("stays in its bounds, and reaches both ends", () => {
    const chance = prng(1);
    const drawn = new Set(Array.from({ length: 500 }, () => chance.int(-1, 2)));
    expect([...drawn].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    const uniform = Array.from({ length: 10_000 }, chance.next);
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(uniform.reduce((sum, value) => sum + value, 0) / 10_000 - 0.5)).toBeLessThan(0.02);
    expect([chance.chance(0), chance.chance(1), chance.pick(["a"])]).toEqual([false, true, "a"]);
  });
});

describe("errors", () => {
  it.each([
    ["conflict", true],
    ["throttled", true],
    ["transient", true],
    ["busy", true],
    ["input", false],
    ["denied", false],
    ["missing", false],
    ["limit", false],
    ["defect", false],
  ] as const)("%s may be tried again: %s", (code, again) => {
    const error = new AppError(code, "m", { cause: "c", detail: { a: 1 } });
    expect([mayRetry(error), isCode(error, code), error.cause, error.detail]).toEqual([
      again,
      true,
      "c",
      { a: 1 },
    ]);
  });

  it("what we do not know may be tried again", () => {
    expect([mayRetry(new Error("?")), isCode(new Error("?"), "input")]).toEqual([true, false]);
  });

  it("a broken invariant is our defect", () => {
    const defect = expect.objectContaining({ code: "defect" });
    expect(() => assert(false, "no")).toThrow(defect);
    expect(() => assertNever("x" as never)).toThrow(defect);
    expect(assert(true, "yes")).toBeUndefined();
  });
});

it("reasons carry inputs only where there are some", () => {
  expect([reason("c", "t"), reason("c", "t", { n: 1 })]).toEqual([
    { code: "c", text: "t" },
    { code: "c", text: "t", inputs: { n: 1 } },
  ]);
});
