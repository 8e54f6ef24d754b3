// One pass: intent and outcome, crashes and races, the operator's word, throttles.

import { describe, expect, it } from "vitest";
import {
  attributesOf,
  fact,
  idOf,
  instanceId,
  KEY,
  NOW,
  policyOf,
} from "../../test/support/discovery-builders.ts";
import type { Bench } from "../../test/support/shell-bench.ts";
import { createBench, moved, wakeFact } from "../../test/support/shell-bench.ts";
import { AppError } from "../base/errors.ts";
import { epochMs, minutes, seconds } from "../base/time.ts";
import type { Fact } from "../contracts/facts.ts";
import { pass, QUARANTINE_AFTER } from "./pass.ts";
import { HOP_BUDGET } from "./wake.ts";

const run = (bench: Bench, facts: readonly Fact[] = [], hops = 0) =>
  pass({ key: KEY, facts, hops }, bench.ports);
const stateOf = async (bench: Bench) => (await bench.stores.state.load(KEY)).state;
const throwing =
  (error: Error, on: string, when: "before" | "after" = "before") =>
  (call: string, at: string) => {
    if (call === on && at === when) throw error;
  };

async function managed(mode: "act" | "approve" | "observe" = "act", policy = policyOf()) {
  const bench = createBench(mode);
  await bench.manage(KEY, policy);
  return bench;
}

/** Task 1 runs, is registered, and nothing is left to do. */
async function settled() {
  const bench = await managed();
  await run(bench, [fact(1)]);
  moved(bench, seconds(2));
  await run(bench, [wakeFact("timer")]);
  bench.calls.length = 0;
  bench.wakes.length = 0;
  return bench;
}

describe("a pass", () => {
  it("lists, registers, follows the operation, and comes to rest", async () => {
    const bench = await managed();
    expect(await run(bench, [fact(1)])).toBe("acted");
    expect([...bench.instances.values()]).toEqual([
      { instanceId: instanceId(1), attributes: attributesOf(1) },
    ]);
    expect(bench.wakes.map(({ delayMs }) => delayMs)).toEqual([seconds(1)]);
    moved(bench, seconds(1));
    expect(await run(bench, [wakeFact("timer")])).toBe("settled");
    const state = await stateOf(bench);
    expect([state.wakeAt, state.intents, state.reasons["discovery"]?.[0]?.code]).toEqual([
      undefined,
      [],
      "in-sync",
    ]);
  });

  it("writes the intent before the first outward call and the outcome after the last", async () => {
    const bench = await managed();
    const seen: unknown[] = [];
    bench.world.trip = (call, when) => {
      if (call === "register" && when === "before")
        seen.push(...bench.calls.filter((one) => one === "commit"));
    };
    await run(bench, [fact(1), fact(2)]);
    expect(seen.length).toBe(2);
    expect(bench.calls.filter((call) => call === "commit" || call === "register")).toEqual([
      "commit",
      "register",
      "register",
      "commit",
    ]);
    const [record] = await bench.stores.history.recent(KEY, 1);
    expect(record?.actions.map(({ outcome }) => outcome.kind)).toEqual(["done", "done"]);
    expect(record).toMatchObject({ capability: "discovery", mode: "act", version: 1 });
  });

  it("writes nothing and calls nobody when nothing is news", async () => {
    const bench = await settled();
    expect(await run(bench, [fact(1), wakeFact("timer")])).toBe("settled");
    expect(bench.calls.filter((call) => call !== "settings")).toEqual([]);
    expect(bench.wakes).toEqual([]);
  });

  it("asks ECS nothing for complete facts, and once for what must not be believed", async () => {
    const bench = await settled();
    await run(bench, [fact(2)]);
    expect(bench.count("describeTasks")).toBe(0);
    bench.tasks.set(idOf(3), fact(3, { via: "describe" }));
    await run(bench, [fact(3, { version: 0 }), fact(4, { at: (NOW - minutes(60)) as typeof NOW })]);
    expect(bench.count("describeTasks")).toBe(1);
    expect([...bench.instances.keys()]).toEqual([1, 2, 3].map((number) => instanceId(number)));
  });

  it("leaves a key without a policy alone", async () => {
    const bench = createBench();
    expect(await run(bench, [fact(1)])).toBe("unmanaged");
    expect(bench.calls).toEqual([]);
  });
});

describe("crashes and races", () => {
  it.each(["before", "after"] as const)(
    "a crash %s the call repeats it with the same request id",
    async (when) => {
      const bench = await managed();
      const crash = new Error("killed");
      bench.world.trip = (call, at) => {
        // The function dies: neither outcome nor anything else is written.
        if (call === "register" && at === when)
          bench.world.trip = () => {
            throw crash;
          };
        if (call === "register" && at === when) throw crash;
      };
      await expect(run(bench, [fact(1)])).rejects.toThrow("killed");
      bench.world.trip = () => {};
      const crashed = await stateOf(bench);
      expect(crashed.intents).toHaveLength(1);
      expect(crashed.wakeAt).toBe(NOW + seconds(45));
      moved(bench, seconds(45));
      expect(await run(bench, [wakeFact("timer")])).toBe("acted");
      const intended = crashed.intents[0]?.action;
      expect(
        new Set([...bench.requestIds, intended?.type === "register-instance" && intended.requestId]).size,
      ).toBe(1);
      expect(bench.instances.size).toBe(1);
    },
  );

  it("a lost race decides again on what the winner wrote", async () => {
    const bench = await managed();
    let raced = false;
    const { commit } = bench.ports.store;
    const ports = {
      ...bench.ports,
      store: {
        ...bench.ports.store,
        commit: async (...args: Parameters<typeof commit>) => {
          if (!raced) {
            raced = true;
            const { state } = await bench.stores.state.load(KEY);
            await bench.stores.state.commit(KEY, state.version, {
              ...state,
              version: state.version + 1,
              tasks: { [idOf(2)]: fact(2) },
            });
          }
          return commit(...args);
        },
      },
    };
    expect(await pass({ key: KEY, facts: [fact(1)], hops: 0 }, ports)).toBe("acted");
    expect([...bench.instances.keys()].sort()).toEqual([instanceId(1), instanceId(2)]);
  });

  it("gives up after three collisions, without any outward call", async () => {
    const bench = await managed();
    const ports = {
      ...bench.ports,
      store: { ...bench.ports.store, commit: async () => "conflict" as const },
    };
    await expect(pass({ key: KEY, facts: [fact(1)], hops: 0 }, ports)).rejects.toMatchObject({
      code: "conflict",
    });
    expect(bench.count("register")).toBe(0);
  });

  it("a time-out of a write leaves its outcome unknown, and the same request finds out", async () => {
    const bench = await managed();
    bench.world.trip = throwing(new AppError("transient", "time-out"), "register", "after");
    await run(bench, [fact(1)]);
    expect(JSON.stringify((await stateOf(bench)).capabilities)).toContain('"phase":"registering"');
    bench.world.trip = () => {};
    moved(bench, seconds(2));
    await run(bench, [wakeFact("timer")]);
    expect(bench.requestIds).toHaveLength(2);
    expect(new Set(bench.requestIds).size).toBe(1);
  });
});

describe("a wake-up", () => {
  it("of a timer that was set anew since does nothing: that one has its own", async () => {
    const bench = await managed();
    await bench.stores.fleet.setKillSwitch(true);
    await run(bench, [fact(1)]);
    const { wakeAt } = await stateOf(bench);
    bench.wakes.length = 0;
    const stale: Fact = { kind: "wake", cause: "timer", at: epochMs(NOW - seconds(60)) };
    expect(await run(bench, [stale])).toBe("settled");
    expect([bench.wakes.length, (await stateOf(bench)).wakeAt]).toEqual([0, wakeAt]);
    // Its own, even too early, is answered: no other one would come.
    await bench.stores.fleet.setKillSwitch(false);
    await run(bench, [stale, { kind: "wake", cause: "timer", at: wakeAt ?? NOW }]);
    expect(bench.instances.size).toBe(1);
  });
});

describe("the operator", () => {
  it.each(["observe", "approve"] as const)(
    "mode %s makes no write, and shows what it would do",
    async (mode) => {
      const bench = await managed(mode);
      expect(await run(bench, [fact(1)])).toBe("settled");
      expect(bench.count("register")).toBe(0);
      const { awaiting, version } = await stateOf(bench);
      expect(awaiting.map(({ action }) => action.type)).toEqual(["register-instance"]);
      moved(bench, 5);
      await run(bench, [fact(1)]);
      expect((await stateOf(bench)).version).toBe(version);
    },
  );

  it("acts once what awaits is approved", async () => {
    const bench = await managed("approve");
    await run(bench, [fact(1)]);
    const proposalIds = (await stateOf(bench)).awaiting.map(({ id }) => id);
    await bench.stores.fleet.putCommand(KEY, { type: "approve", by: "ann", at: NOW, proposalIds });
    expect(await run(bench, [wakeFact("command")])).toBe("acted");
    expect(bench.instances.size).toBe(1);
  });

  it("a pause holds everything", async () => {
    const bench = await managed();
    await bench.stores.fleet.putCommand(KEY, { type: "pause", by: "ann", at: NOW });
    await run(bench, [fact(1)]);
    expect([bench.count("register"), (await stateOf(bench)).reasons["discovery"]?.at(-1)?.code]).toEqual([
      0,
      "paused",
    ]);
  });

  it("the kill switch postpones, decisions go on, and it is looked at again", async () => {
    const bench = await managed();
    await bench.stores.fleet.setKillSwitch(true);
    await run(bench, [fact(1)]);
    const [record] = await bench.stores.history.recent(KEY, 1);
    expect(record?.actions[0]?.outcome).toEqual({ kind: "postponed", code: "kill-switch" });
    expect([bench.count("register"), (await stateOf(bench)).wakeAt]).toEqual([0, NOW + seconds(5)]);
    await bench.stores.fleet.setKillSwitch(false);
    moved(bench, seconds(5));
    await run(bench, [wakeFact("timer")]);
    expect(bench.instances.size).toBe(1);
  });

  it("a pause in the middle of many acts stops the rest of them", async () => {
    const bench = await managed();
    bench.world.trip = (call, when) => {
      if (call === "register" && when === "after")
        void bench.stores.fleet.putCommand(KEY, { type: "pause", by: "ann", at: NOW });
    };
    await run(
      bench,
      Array.from({ length: 40 }, (_, index) => fact(index + 1)),
    );
    expect(bench.count("register")).toBe(10);
  });
});

describe("quarantine and hops", () => {
  it("after so many failures only the sweep and people are heard", async () => {
    const bench = await managed();
    for (let count = 0; count < QUARANTINE_AFTER; count += 1) await bench.stores.state.countFailure(KEY);
    expect(await run(bench, [fact(1), wakeFact("timer")])).toBe("quarantined");
    expect(bench.calls).toEqual([]);
    expect(await run(bench, [fact(1), wakeFact("resync")])).toBe("acted");
    expect((await stateOf(bench)).failures).toBe(0);
  });

  it("a spent hop budget sends no wake-up: the row is there for the sweep", async () => {
    const bench = await managed();
    await run(bench, [fact(1)], HOP_BUDGET);
    expect([bench.wakes, (await stateOf(bench)).wakeAt]).toEqual([[], NOW + seconds(1)]);
    const [line] = bench.lines;
    expect(line).toMatchObject({ level: "warn", fields: { hops: HOP_BUDGET } });
  });

  it("a wake-up that could not be sent costs latency only", async () => {
    const bench = await managed();
    const delay = { wakeLater: () => Promise.reject(new Error("no queue")) };
    expect(await pass({ key: KEY, facts: [fact(1)], hops: 0 }, { ...bench.ports, delay })).toBe("acted");
  });
});

describe("throttles", () => {
  it("the rest of the pass is postponed, and every worker slows down", async () => {
    const bench = await managed();
    bench.world.trip = throwing(new AppError("throttled", "slow"), "register");
    await run(
      bench,
      Array.from({ length: 30 }, (_, index) => fact(index + 1)),
    );
    expect(bench.count("register")).toBeLessThanOrEqual(10);
    const kinds =
      (await bench.stores.history.recent(KEY, 1))[0]?.actions.map(({ outcome }) => outcome.kind) ?? [];
    expect([kinds.length, kinds.filter((kind) => kind === "postponed").length]).toEqual([
      30,
      30 - bench.count("register"),
    ]);
    expect((await bench.stores.fleet.control()).slowUntil).toBe(NOW + seconds(5));
  });

  it("while slow, a pass makes five acts", async () => {
    const bench = await managed();
    await bench.stores.state.slowDown(NOW + seconds(5));
    await run(
      bench,
      Array.from({ length: 30 }, (_, index) => fact(index + 1)),
    );
    expect(bench.count("register")).toBe(5);
  });

  it.each([
    { case: "refused", error: new AppError("denied", "no"), kind: "failed" },
    { case: "a 5xx or time-out", error: new AppError("transient", "?"), kind: "unknown" },
    { case: "not understood", error: new TypeError("?"), kind: "unknown" },
  ])("$case: $kind", async ({ error, kind }) => {
    const bench = await managed();
    bench.world.trip = throwing(error, "register");
    await run(bench, [fact(1)]);
    expect((await bench.stores.history.recent(KEY, 1))[0]?.actions[0]?.outcome.kind).toBe(kind);
  });
});
