// The rules of partial batch failures, as AWS documents them.

import { describe, expect, it } from "vitest";
import { settledMessageIds } from "./batch-response.ts";

const ids = ["a", "b", "c"];
const failure = (...failed: unknown[]) => ({
  batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })),
});

describe("settledMessageIds", () => {
  it.each([
    ["nothing returned", undefined, ids],
    ["null", null, ids],
    ["an empty object", {}, ids],
    ["an empty list", failure(), ids],
    ["a null list", { batchItemFailures: null }, ids],
    ["one failure", failure("b"), ["a", "c"]],
    ["all failed", failure("a", "b", "c"), []],
    ["the same failure twice", failure("b", "b"), ["a", "c"]],
    ["an empty id", failure("b", ""), []],
    ["a null id", failure(null), []],
    ["an unknown id", failure("b", "z"), []],
    ["a bad key", { batchItemFailures: [{ id: "b" }] }, []],
    ["not a list", { batchItemFailures: "b" }, []],
    ["text", "done", []],
  ])("%s", (_name, result, settled) => {
    expect(settledMessageIds(ids, { result }, true)).toEqual(settled);
  });

  it("keeps everything after an error and deletes everything when failures are not reported", () => {
    const error = { errorType: "Error", errorMessage: "" };
    expect(settledMessageIds(ids, { error }, true)).toEqual([]);
    expect(settledMessageIds(ids, { error }, false)).toEqual([]);
    expect(settledMessageIds(ids, { result: failure("b") }, false)).toEqual(ids);
  });
});
