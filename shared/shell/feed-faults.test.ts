// The feed when things go wrong: providers that fail or are late, queues that refuse, crashes, races. No bin is
// lost, and nothing is told twice under another name.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  at,
  begins,
  everyMinute,
  FEED,
  feedBench,
  heard,
  keyAt,
  MINUTE,
  order,
  run,
  stateOf,
  T0,
} from "../../test/support/feed-bench.ts";
import { moved, wakeFact } from "../../test/support/shell-bench.ts";
import { AppError } from "../base/errors.ts";
import { epochMs, minutes, seconds } from "../base/time.ts";
import type { MetricsFact } from "../contracts/facts.ts";
import { sweep } from "./sweep.ts";

describe("what goes wrong", () => {
  const begun = async () => {
    const bench = feedBench();
    await run(bench, [begins(order(1)), begins(order(2))]);
    at(bench, 2 * MINUTE);
    return bench;
  };

  it("a series that failed is told, and asked for again with the next bin", async () => {
    const bench = await begun();
    bench.answer = (one, window) =>
      one.source.provider === "cloudwatch" && one.source.metricName === "bad-1"
        ? { id: one.id, points: [], problem: "InternalError" }
        : everyMinute(one, window);
    await run(bench);
    const fact = bench.rung.find(({ key }) => key === keyAt(1))?.facts[0] as MetricsFact;
    expect(fact.series.map(({ problem }) => problem)).toEqual([undefined, "InternalError"]);
    bench.answer = everyMinute;
    expect((await stateOf(bench)).wakeAt).toBe(T0 + 3 * MINUTE);
    at(bench, 3 * MINUTE);
    await run(bench);
    at(bench, 4 * MINUTE);
    await run(bench);
    expect(heard(bench).map(({ bad }) => bad)).toEqual([[], [0, 1], [1, 2]]);
  });

  it("a newest bin that is late is looked for again, twice, before the next is due", async () => {
    const bench = await begun();
    await run(bench);
    let lag = 0;
    bench.answer = (one, { from, until }) => everyMinute(one, { from, until: epochMs(until - lag) });
    lag = MINUTE;
    const heardAt: number[] = [];
    for (const second of [180, 200, 220, 240]) {
      at(bench, second * 1_000);
      const before = bench.rung.length;
      if (second === 220) lag = 0;
      await run(bench, [wakeFact("timer")]);
      if (bench.rung.length > before) heardAt.push(second);
      if (second === 180) expect((await stateOf(bench)).wakeAt).toBe(T0 + 200_000);
    }
    expect(heardAt).toEqual([220, 240]);
    expect(heard(bench).map(({ total }) => total)).toEqual([[0], [0, 1], [1, 2]]);
  });

  it("what did come is not held back, however late the retry is", async () => {
    const bench = await begun();
    await run(bench);
    bench.answer = (one, { from, until }) => everyMinute(one, { from, until: epochMs(until - MINUTE) });
    for (const minute of [3, 4, 5]) {
      at(bench, minute * MINUTE);
      await run(bench, [wakeFact("timer")]);
    }
    expect(heard(bench).at(-1)?.["total"]?.at(-1)).toBe(2);
    expect(heard(bench).length).toBe(3);
  });

  it("where nobody calls any more, it is told after two retries, and then every minute", async () => {
    const bench = await begun();
    await run(bench);
    bench.answer = ({ id }) => ({ id, points: [] });
    const rungAt: number[] = [];
    for (let second = 180; second <= 360; second += 20) {
      at(bench, second * 1_000);
      const before = bench.rung.length;
      if (((await stateOf(bench)).wakeAt ?? 0) > bench.world.now) continue;
      await run(bench, [wakeFact("timer")]);
      if (bench.rung.length > before) rungAt.push(second);
    }
    expect(rungAt).toEqual([220, 240, 300, 360]);
  });

  it("metrics that cannot be read at all are a problem of every series, never of the pass", async () => {
    const bench = await begun();
    bench.world.trip = (call) => {
      if (call === "metrics") throw new AppError("throttled", "GetMetricData: Throttling");
    };
    expect(await run(bench)).toBe("fed");
    const fact = bench.rung[0]?.facts[0] as MetricsFact;
    expect(new Set(fact.series.map(({ problem }) => problem))).toEqual(
      new Set(["GetMetricData: Throttling"]),
    );
  });

  it("what the queue did not take is read and sent again, within seconds", async () => {
    const bench = await begun();
    bench.world.unsent = true;
    await run(bench);
    expect((await stateOf(bench)).wakeAt).toBe(bench.world.now + 5_000);
    bench.world.unsent = false;
    moved(bench, seconds(5));
    await run(bench);
    expect([heard(bench, 1).length, heard(bench, 2).length]).toEqual([1, 1]);
  });

  it("a crash before the commit delivers again, with the same id", async () => {
    const bench = await begun();
    bench.world.trip = (call, when) => {
      if (call === "commit" && when === "before") throw new Error("killed");
    };
    await expect(run(bench)).rejects.toThrow("killed");
    bench.world.trip = () => undefined;
    await run(bench);
    const ids = bench.rung.filter(({ key }) => key === keyAt(1)).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });

  it("a second worker's commit is not overwritten", async () => {
    const bench = await begun();
    let raced = false;
    bench.world.trip = (call) => {
      if (call !== "metrics" || raced) return;
      raced = true;
      void bench.stores.state
        .load(FEED)
        .then(({ state }) =>
          bench.stores.state.commit(FEED, state.version, { ...state, version: state.version + 1 }),
        );
    };
    await run(bench);
    expect(Object.keys((await stateOf(bench)).capabilities["feed"] ?? {}).length).toBe(2);
    expect((await stateOf(bench)).version).toBe(3);
  });

  it("an early wake-up writes nothing", async () => {
    const bench = await begun();
    at(bench, MINUTE);
    const before = bench.calls.length;
    expect(await run(bench, [wakeFact("timer")])).toBe("settled");
    expect(bench.calls.slice(before)).toEqual([]);
  });

  it("the sweep finds a timer that was lost", async () => {
    const bench = await begun();
    at(bench, 3 * MINUTE);
    bench.rung.length = 0;
    await sweep(bench.sweepPorts);
    expect(bench.rung).toMatchObject([{ key: FEED, facts: [{ kind: "wake", cause: "lost-work" }], hops: 0 }]);
  });

  it("is never put into quarantine", async () => {
    const bench = await begun();
    for (let failure = 0; failure < 9; failure += 1) await bench.stores.state.countFailure(FEED);
    await run(bench);
    expect(heard(bench).length).toBe(1);
    expect((await stateOf(bench)).failures).toBe(0);
  });
});

describe("whatever happens", () => {
  const mishap = fc.constantFrom("none", "none", "crash", "unsent", "no-metrics", "late", "asleep");

  it("no bin is lost, and each is told in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mishap, { maxLength: 20 }), async (mishaps) => {
        const bench = feedBench();
        await run(bench, [begins(order(1, { until: epochMs(T0 + minutes(90)) }))]);
        const script = [...mishaps, "none", "none"];
        for (const [index, happens] of script.entries()) {
          at(bench, (index + 2) * MINUTE);
          bench.world.unsent = happens === "unsent";
          const lag = happens === "late" ? MINUTE : 0;
          bench.answer = (one, { from, until }) =>
            happens === "no-metrics"
              ? { id: one.id, points: [], problem: "InternalError" }
              : everyMinute(one, { from, until: epochMs(until - lag) });
          bench.world.trip = (call, when) => {
            if (happens === "crash" && call === "commit" && when === "before") throw new Error("killed");
          };
          if (happens !== "asleep") await run(bench, [wakeFact("timer")]).catch(() => undefined);
        }
        const told = heard(bench).flatMap(({ total }) => total ?? []);
        const fresh = told.filter((minute, index) => told.slice(0, index).every((one) => one < minute));
        expect(fresh).toEqual(Array.from({ length: script.length }, (_, minute) => minute));
      }),
      { numRuns: 60 },
    );
  });
});
