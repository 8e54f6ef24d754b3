// Batches of doorbells: order in a group, partial failures, quarantine.

import { describe, expect, it } from "vitest";
import { fact, KEY } from "../../test/support/discovery-builders.ts";
import { createBench, doorbellFor, wakeFact } from "../../test/support/shell-bench.ts";
import { AppError } from "../base/errors.ts";
import type { Key } from "../base/keys.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import { parseDoorbell } from "../contracts/parse-doorbell.ts";
import type { FifoRecord, GroupWork } from "./fifo.ts";
import { runFifoBatch } from "./fifo.ts";
import { QUARANTINE_AFTER } from "./pass.ts";
import { reconcileBatch } from "./reconcile.ts";

const keyNamed = (name: string) => `1/r/quay/${name}` as Key;
const recordOf = (messageId: string, doorbell: Doorbell): FifoRecord => ({
  messageId,
  groupId: doorbell.key,
  body: JSON.stringify(doorbell),
});
/** `a1`: the first record of group a. */
const record = (messageId: string): FifoRecord =>
  recordOf(messageId, doorbellFor(keyNamed(messageId.charAt(0)), [wakeFact("timer")], { id: messageId }));
const bad = (messageId: string): FifoRecord => ({ ...record(messageId), body: "{" });

describe("runFifoBatch", () => {
  const { log } = createBench().ports;
  it.each([
    { case: "nothing", records: [], fails: "", ran: [], failed: [] },
    {
      case: "a group is one piece of work, in order",
      records: ["a1", "b1", "a2"].map(record),
      fails: "",
      ran: ["a1 a2", "b1"],
      failed: [],
    },
    {
      case: "a failed group goes back whole, others are not touched",
      records: ["a1", "b1", "a2", "c1"].map(record),
      fails: "a",
      ran: ["a1 a2", "b1", "c1"],
      failed: ["a1", "a2"],
    },
    {
      case: "malformed in the middle: what came before is done, it and the rest go back",
      records: [record("a1"), bad("a2"), record("a3"), record("b1")],
      fails: "",
      ran: ["a1", "b1"],
      failed: ["a2", "a3"],
    },
    {
      case: "malformed in front: nothing of the group runs",
      records: [bad("a1"), record("a2"), record("b1")],
      fails: "",
      ran: ["b1"],
      failed: ["a1", "a2"],
    },
    {
      case: "malformed behind a failure: all go back, once",
      records: [record("a1"), bad("a2")],
      fails: "a",
      ran: ["a1"],
      failed: ["a1", "a2"],
    },
  ])("$case", async ({ records, fails, ran, failed }) => {
    const seen: string[] = [];
    const run = async ({ doorbells, groupId }: GroupWork): Promise<void> => {
      seen.push(doorbells.map(({ id }) => id).join(" "));
      if (fails !== "" && groupId.endsWith(fails)) throw new Error("no");
    };
    expect(await runFifoBatch(records, { parse: parseDoorbell, run, log })).toEqual(failed);
    expect(seen.sort()).toEqual(ran);
  });
});

describe("reconcileBatch", () => {
  it("folds the doorbells of a key into one pass", async () => {
    const bench = createBench();
    await bench.manage();
    const doorbells = [1, 2, 3].map((number) => doorbellFor(KEY, [fact(number)], { id: `d${number}` }));
    const records = doorbells.map((doorbell) => recordOf(doorbell.id, doorbell));
    expect(await reconcileBatch(records, bench.ports)).toEqual({ failedMessageIds: [] });
    expect([bench.instances.size, bench.count("commit")]).toEqual([3, 2]);
    expect(bench.lines.at(-1)).toMatchObject({ message: "batch reconciled", fields: { "Pass-acted": 1 } });
  });

  it("starts a new chain of hops when news travels with a wake-up", async () => {
    const bench = createBench();
    await bench.manage();
    const both = [
      doorbellFor(KEY, [wakeFact("timer")], { id: "w", hops: 200 }),
      doorbellFor(KEY, [fact(1)], { id: "n" }),
    ];
    await reconcileBatch(
      both.map((doorbell) => recordOf(doorbell.id, doorbell)),
      bench.ports,
    );
    expect(bench.wakes.map(({ wake }) => wake.hops)).toEqual([0]);
  });

  it("answers a key that keeps failing after five times, and leaves it to the sweep", async () => {
    const bench = createBench();
    await bench.manage();
    bench.world.trip = (call) => {
      if (call === "commit") throw new AppError("defect", "broken");
    };
    const records = [recordOf("m", doorbellFor(KEY, [fact(1)]))];
    const answers: number[] = [];
    for (let count = 0; count < QUARANTINE_AFTER + 1; count += 1) {
      answers.push((await reconcileBatch(records, bench.ports)).failedMessageIds.length);
    }
    expect(answers).toEqual([1, 1, 1, 1, 0, 0]);
    expect(bench.lines.filter(({ message }) => message.startsWith("quarantined"))).toHaveLength(1);
  });

  it.each(["conflict", "throttled"] as const)("%s says nothing about the key", async (code) => {
    const bench = createBench();
    await bench.manage();
    bench.world.trip = (call) => {
      if (call === "commit") throw new AppError(code, "busy");
    };
    const records = [recordOf("m", doorbellFor(KEY, [fact(1)]))];
    for (let count = 0; count < 9; count += 1) {
      expect((await reconcileBatch(records, bench.ports)).failedMessageIds).toEqual(["m"]);
    }
    expect((await bench.stores.state.load(KEY)).state.failures).toBe(0);
  });
});
