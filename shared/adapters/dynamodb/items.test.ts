// Items decode to what was encoded, and damaged ones say where.

import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { AppError } from "../../base/errors.ts";
import type { Key } from "../../base/keys.ts";
import { epochMs } from "../../base/time.ts";
import type { KeyState } from "../../contracts/aggregate.ts";
import type { TaskFact } from "../../contracts/facts.ts";
import { TABLE_SCHEMA } from "../../contracts/table.ts";
import type { Item } from "./attributes.ts";
import {
  decodeAggregate,
  decodeCommands,
  decodeControl,
  decodeMemory,
  decodePolicy,
  decodeRecord,
  decodeState,
  emptyState,
  encodeCommand,
  encodePolicy,
  encodeRecord,
  encodeState,
  recordSortKey,
  stateKey,
} from "./items.ts";

const key = "111122223333/us-east-1/prod/web" as Key;
const state: KeyState = {
  ...emptyState(),
  version: 3,
  decidedAt: epochMs(5),
  capabilities: { discovery: { a: [1] } },
};
const item = (changes: Item = {}): Item => ({ ...stateKey(key), ...encodeState(key, state).set, ...changes });
const bytes = (text: string): Item => ({ data: { B: deflateRawSync(text) } });

function errorOf(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("state items", () => {
  it("decode to what was encoded", () => {
    expect(decodeState(item())).toEqual(state);
    const waking = { ...state, wakeAt: epochMs(1_700_000_000_000), failures: 4 };
    expect(decodeState({ ...stateKey(key), ...encodeState(key, waking).set })).toEqual(waking);
  });

  it("are in the timer index only with a timer", () => {
    expect(encodeState(key, state).remove).toEqual(["wakeAt", "ipk", "isk"]);
    const { set, remove } = encodeState(key, { ...state, wakeAt: epochMs(42) });
    expect(remove).toEqual([]);
    expect(set["ipk"]?.S).toMatch(/^due#[01]$/);
    expect(set["isk"]).toEqual({ S: "000000000000042" });
  });

  it("that were only counted on have version 0", () => {
    expect(decodeState({ ...stateKey(key), schema: { N: "1" }, failures: { N: "2" } })).toEqual(
      emptyState(2),
    );
  });

  it("of 1,000 tasks fit", () => {
    const { set } = encodeState(key, { ...state, tasks: tasksOf(1_000, 1) });
    expect(set["data"]?.B?.byteLength).toBeLessThan(150 * 1024);
  });

  it("too large for DynamoDB are refused, naming key and tasks", () => {
    const error = errorOf(() => encodeState(key, { ...state, tasks: tasksOf(100, 1_500) }));
    expect(error.code).toBe("limit");
    expect(error.message).toContain(key);
    expect(error.message).toContain("100 tasks");
  });

  const damages: readonly (readonly [string, Item, string])[] = [
    ["a newer schema", { schema: { N: String(TABLE_SCHEMA + 1) } }, "schema"],
    ["no schema", { schema: { S: "1" } }, "schema"],
    ["a version that is no number", { version: { S: "x" } }, "version"],
    ["failures that are no number", { failures: { N: "many" } }, "failures"],
    ["a timer that is no number", { wakeAt: { S: "soon" } }, "wakeAt"],
    ["no data", { data: { S: "{}" } }, "data"],
    ["data that is not deflated", { data: { B: new Uint8Array([1, 2, 3]) } }, "data"],
    ["data that is not JSON", bytes("{"), "data"],
    ["data that is a list", bytes("[]"), "data"],
    ["data without tasks", bytes("{}"), "data.tasks"],
    ["data with tasks in a list", bytes('{"tasks":[]}'), "data.tasks"],
    ["data without intents", bytes('{"tasks":{},"capabilities":{},"reasons":{}}'), "data.intents"],
  ];
  it.each(damages)("with %s stop the reader, naming the item and the field", (_name, changes, field) => {
    const error = errorOf(() => decodeState(item(changes)));
    expect(error.code).toBe("defect");
    expect(error.detail).toMatchObject({ pk: key, sk: "now#state", field });
    expect(error.message).toContain(`${key} now#state`);
  });
});

describe("policy, commands and history items", () => {
  it("decode to what was encoded", () => {
    const policy = { discovery: { mode: "act" as const, registries: [] as const } };
    expect(decodePolicy(encodePolicy(key, policy as never))).toEqual(policy);
    const record = {
      key,
      at: epochMs(7),
      version: 2,
      capability: "discovery",
      mode: "act" as const,
      reasons: [],
      actions: [],
    };
    expect(decodeRecord(encodeRecord(record, 1_000))).toEqual(record);
  });

  it("are refused when damaged", () => {
    const head = { pk: { S: key }, sk: { S: "x" }, schema: { N: "1" } };
    expect(errorOf(() => decodePolicy({ ...head, data: { S: "no" } })).detail["field"]).toBe("data");
    expect(errorOf(() => decodePolicy({ ...head, data: { S: "[]" } })).detail["field"]).toBe("data");
    expect(errorOf(() => decodeCommands({ ...head, commands: { SS: ["no"] } })).detail["field"]).toBe(
      "commands",
    );
    expect(errorOf(() => decodeRecord({ ...head, ...bytes("{}") })).code).toBe("defect");
    expect(errorOf(() => decodeMemory({ ...head, version: { N: "1" } })).detail["field"]).toBe("data");
    expect(errorOf(() => decodeControl({ ...head, schema: { N: "9" } })).detail["field"]).toBe("schema");
  });

  it("expire in whole seconds after their retention", () => {
    const record = {
      key,
      at: epochMs(7_999),
      version: 2,
      capability: "c",
      mode: "act" as const,
      reasons: [],
      actions: [],
    };
    expect(encodeRecord(record, 2_000)["expiresAt"]).toEqual({ N: "9" });
  });

  it("sort by instant, then version, as text", () => {
    const at = (instant: number, version: number) =>
      recordSortKey({
        key,
        at: epochMs(instant),
        version,
        capability: "c",
        mode: "act",
        reasons: [],
        actions: [],
      });
    const sorted = [at(999, 5), at(1_000, 9), at(1_000, 10), at(1_700_000_000_000, 1)];
    expect(sorted.toSorted()).toEqual(sorted);
  });

  it("write equal commands equally", () => {
    expect(encodeCommand({ by: "ann", at: 1, type: "pause" })).toBe(
      encodeCommand({ type: "pause", at: 1, by: "ann" }),
    );
  });
});

it("takes what it does not know among a key's items for nothing", () => {
  const other: Item = { pk: { S: key }, sk: { S: "now#later-invention" } };
  expect(decodeAggregate(key, [other, item()])).toEqual({ key, policy: undefined, commands: [], state });
});

/** Text that deflate cannot shorten much: `weight` random words a task. */
function tasksOf(count: number, weight: number): Record<string, TaskFact> {
  let seed = 1;
  const word = (): string => {
    seed = Math.imul(seed, 1_664_525) + 1_013_904_223;
    return (seed >>> 0).toString(36);
  };
  const ids = Array.from(
    { length: count },
    (_, index) => `${index}-${Array.from({ length: weight }, word).join("")}`,
  );
  return Object.fromEntries(
    ids.map((taskId) => [taskId, { kind: "task", taskId, taskArn: taskId } as TaskFact]),
  );
}
