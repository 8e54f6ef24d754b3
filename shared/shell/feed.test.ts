// The feed: orders begin, renew and end; one call reads for all; every rollout hears of its own bins.

import { describe, expect, it } from "vitest";
import {
  at,
  begins,
  FEED,
  feedBench,
  heard,
  keyAt,
  MINUTE,
  order,
  query,
  run,
  stateOf,
  T0,
} from "../../test/support/feed-bench.ts";
import { wakeFact } from "../../test/support/shell-bench.ts";
import type { Key } from "../base/keys.ts";
import { trafficFeedKeyOf } from "../base/keys.ts";
import { epochMs, minutes, seconds } from "../base/time.ts";
import type { TrafficChangeFact } from "../contracts/facts.ts";
import { feedDoorbellOf } from "./feed.ts";
import { MAX_ORDERS } from "./feed-state.ts";
import { reconcileBatch } from "./reconcile.ts";

describe("an order", () => {
  it("is asked for nothing before its first bin is complete, then every minute, one bin back", async () => {
    const bench = feedBench();
    await run(bench, [begins(order(1))]);
    expect(bench.reads).toEqual([]);
    expect((await stateOf(bench)).wakeAt).toBe(T0 + 2 * MINUTE);
    expect(bench.wakes).toEqual([
      { wake: { fairlead: "wake", key: FEED, wakeAt: T0 + 2 * MINUTE, hops: 0 }, delayMs: 2 * MINUTE },
    ]);
    for (const minute of [2, 3, 4]) {
      at(bench, minute * MINUTE);
      await run(bench, [wakeFact("timer")]);
    }
    expect(heard(bench)).toEqual([
      { total: [0], bad: [0] },
      { total: [0, 1], bad: [0, 1] },
      { total: [1, 2], bad: [1, 2] },
    ]);
    expect(bench.rung.map(({ hops }) => hops)).toEqual([0, 0, 0]);
    expect((await stateOf(bench)).wakeAt).toBe(T0 + 5 * MINUTE);
  });

  it("reads the past only from where it is wanted, and no further back than an hour", async () => {
    const bench = feedBench();
    at(bench, 100 * MINUTE);
    await run(bench, [
      begins(order(1, { from: epochMs(T0 + 95 * MINUTE), until: epochMs(T0 + minutes(200)) })),
    ]);
    expect(heard(bench)).toEqual([{ total: [95, 96, 97, 98], bad: [95, 96, 97, 98] }]);
    await run(bench, [begins(order(2, { until: epochMs(T0 + minutes(200)) }))]);
    expect(heard(bench, 2)[0]?.["total"]?.[0]).toBe(39);
  });

  it("ends when it is told to, or when nobody renews it; then the feed sleeps", async () => {
    const bench = feedBench();
    await run(bench, [begins(order(1)), begins(order(2, { until: epochMs(T0 + 3 * MINUTE) }))]);
    await run(bench, [
      { kind: "subscription", subscription: undefined, ends: { key: keyAt(1), rollout: "r-1" }, at: T0 },
    ]);
    at(bench, 2 * MINUTE);
    await run(bench);
    expect([heard(bench, 1), heard(bench, 2).length]).toEqual([[], 1]);
    at(bench, 3 * MINUTE);
    await run(bench);
    expect((await stateOf(bench)).wakeAt).toBeUndefined();
    expect(heard(bench, 2).length).toBe(1);
  });

  it("goes on where it was when it is renewed, also with other queries", async () => {
    const bench = feedBench();
    await run(bench, [begins(order(1))]);
    at(bench, 2 * MINUTE);
    await run(bench);
    const renewed = order(1, {
      from: epochMs(T0 + MINUTE),
      until: epochMs(T0 + minutes(60)),
      queries: [query("total")],
    });
    at(bench, 40 * MINUTE);
    // Redelivered, an older order does not shorten the newer one.
    await run(bench, [begins(renewed), begins(order(1, { queries: [query("total")] }))]);
    expect(heard(bench).at(-1)?.["total"]).toEqual(Array.from({ length: 39 }, (_, minute) => minute));
  });

  it("beyond what the item can hold is not taken; those that stand go on", async () => {
    const bench = feedBench();
    const orders = Array.from({ length: MAX_ORDERS + 1 }, (_, number) => begins(order(number)));
    await run(bench, orders);
    await run(bench, [begins(order(1, { until: epochMs(T0 + minutes(60)) }))]);
    at(bench, 2 * MINUTE);
    await run(bench);
    expect([heard(bench, 1).length, heard(bench, MAX_ORDERS).length]).toEqual([1, 0]);
  });

  it("is heard through the work queue's consumer", async () => {
    const bench = feedBench();
    const doorbell = feedDoorbellOf(begins(order(1)));
    expect(doorbell.key).toBe(FEED);
    const body = JSON.stringify(doorbell);
    await reconcileBatch([{ messageId: "m", groupId: FEED, body }], bench.ports);
    at(bench, 2 * MINUTE);
    await run(bench);
    expect(heard(bench).length).toBe(1);
  });
});

describe("a hundred rollouts", () => {
  it("cost one read a minute, each query once", async () => {
    const bench = feedBench();
    const queries = (number: number) =>
      ["a", "b", "c", "d", "e", "f", "g"]
        .map((id) => query(id, `${id}-${number}`))
        .concat(query("h", `a-${number}`));
    const orders = Array.from({ length: 100 }, (_, number) => order(number, { queries: queries(number) }));
    await run(
      bench,
      orders.map((one) => begins(one)),
    );
    const before = bench.calls.length;
    for (let minute = 2; minute <= 11; minute += 1) {
      at(bench, minute * MINUTE);
      await run(bench, [wakeFact("timer")]);
    }
    expect(bench.reads.map((read) => read.queries.length)).toEqual(Array.from({ length: 10 }, () => 700));
    expect(new Set(bench.reads[0]?.queries.map(({ id }) => id)).size).toBe(700);
    expect(bench.calls.slice(before).filter((call) => call === "commit").length).toBe(10);
    expect(heard(bench, 99).length).toBe(10);
    expect(heard(bench, 99)[0]?.["h"]).toEqual([0]);
  });

  it("with bins of ten seconds are read every ten", async () => {
    const bench = feedBench();
    const fine = [query("total", "t", { periodMs: seconds(10), settleMs: seconds(10) })];
    await run(bench, [begins(order(1, { queries: fine })), begins(order(2))]);
    for (let second = 20; second <= 120; second += 10) {
      at(bench, second * 1_000);
      await run(bench, [wakeFact("timer")]);
    }
    expect([heard(bench, 1).length, heard(bench, 2).length, bench.reads.length]).toEqual([11, 1, 12]);
    expect((await stateOf(bench)).wakeAt).toBe(T0 + 130_000);
  });
});

describe("changes of rules", () => {
  const rule = "arn:aws:elasticloadbalancing:eu-west-3:111122223333:listener-rule/app/quay/50dc/aaaa/bbbb";
  const traffic = trafficFeedKeyOf(rule) as Key;
  const watch = begins(order(1, { rollout: "watch", queries: [], rules: [rule] }));
  const change = (changes: Partial<TrafficChangeFact> = {}): TrafficChangeFact => ({
    kind: "traffic-change",
    eventName: "ModifyRule",
    resource: rule,
    by: "arn:aws:sts::111122223333:assumed-role/cdk/AWSCloudFormation",
    at: T0,
    ...changes,
  });

  it("are rung at the keys that watch the rule, and nowhere else", async () => {
    const bench = feedBench();
    expect(feedDoorbellOf(watch).key).toBe(traffic);
    await run(bench, [watch], traffic);
    expect((await stateOf(bench, traffic)).wakeAt).toBeUndefined();
    await run(bench, [change(), change({ resource: `${rule}c` })], traffic);
    expect(bench.rung).toMatchObject([{ key: keyAt(1), facts: [change()], hops: 0 }]);
  });

  it("are no news where we wrote them ourselves", async () => {
    const bench = feedBench();
    await run(bench, [watch], traffic);
    const { installation } = bench.ports.settings;
    await run(bench, [change({ by: `arn:aws:sts::1:assumed-role/any/${installation}-reconcile` })], traffic);
    expect(bench.rung).toEqual([]);
  });

  it("go back to the queue when they cannot be handed on", async () => {
    const bench = feedBench();
    await run(bench, [watch], traffic);
    bench.world.unsent = true;
    await expect(run(bench, [change()], traffic)).rejects.toMatchObject({ code: "transient" });
  });
});
