// The minute sweep: lost events, drift, timers, dead letters, many clusters.

import { describe, expect, it } from "vitest";
import { fact, hostArn, idOf, instanceId, KEY, NOW, ours } from "../../test/support/discovery-builders.ts";
import type { Bench } from "../../test/support/shell-bench.ts";
import { createBench, moved, wakeFact } from "../../test/support/shell-bench.ts";
import { AppError } from "../base/errors.ts";
import type { Key } from "../base/keys.ts";
import { keyOf, parseKey } from "../base/keys.ts";
import { minutes, seconds } from "../base/time.ts";
import type { Fact } from "../contracts/facts.ts";
import type { Command } from "../contracts/policy.ts";
import type { DeadLetter } from "../ports/queues.ts";
import { pass } from "./pass.ts";
import { sweep } from "./sweep.ts";

const causes = (facts: readonly Fact[]) => facts.map((one) => (one.kind === "wake" ? one.cause : one.kind));
const rungBy = (bench: Bench) =>
  bench.rung.map(({ key, facts }) => [
    parseKey(key).kind === "service" ? key.split("/").at(-1) : key,
    ...causes(facts),
  ]);

/** One service with tasks that are registered and confirmed; the registry's revision is known for good. */
async function settled(numbers: readonly number[] = [1, 2]): Promise<Bench> {
  const bench = createBench();
  await bench.manage();
  for (const number of numbers) bench.tasks.set(idOf(number), fact(number, { via: "describe" }));
  await pass({ key: KEY, facts: numbers.map((number) => fact(number)), hops: 0 }, bench.ports);
  for (let round = 0; round < 3; round += 1) {
    moved(bench, minutes(2));
    await pass({ key: KEY, facts: [wakeFact("drift")], hops: 0 }, bench.ports);
  }
  bench.calls.length = 0;
  bench.rung.length = 0;
  bench.wakes.length = 0;
  return bench;
}

describe("resync", () => {
  it("rings nothing for a settled fleet, writes nothing and describes each task once", async () => {
    const bench = await settled();
    expect(await sweep(bench.sweepPorts)).toEqual({
      overdue: 0,
      preSent: 0,
      redriven: 0,
      parked: 0,
      keysChecked: 1,
      keysRung: 0,
    });
    expect(bench.calls).toEqual(["listTasks", "describeTasks", "revision"]);
  });

  it("needs 20 calls for a thousand tasks", async () => {
    const bench = await settled(Array.from({ length: 1_000 }, (_, index) => index + 1));
    await sweep(bench.sweepPorts);
    expect(bench.count("listTasks") + bench.count("describeTasks")).toBe(20);
    expect(bench.rung).toEqual([]);
  });

  it.each<{ case: string; change: (bench: Bench) => void; tells: string[] }>([
    {
      case: "a lost start",
      change: ({ tasks }) => tasks.set(idOf(3), fact(3, { via: "describe" })),
      tells: ["task", "resync"],
    },
    {
      case: "a lost change",
      change: ({ tasks }) => tasks.set(idOf(1), fact(1, { version: 9, via: "describe" })),
      tells: ["task", "resync"],
    },
    {
      case: "a lost stop",
      change: ({ tasks }) =>
        tasks.set(
          idOf(1),
          fact(1, { version: 9, lastStatus: "STOPPED", desiredStatus: "STOPPED", via: "describe" }),
        ),
      tells: ["task", "resync"],
    },
    {
      case: "a task that ECS forgot",
      change: ({ tasks }) => tasks.delete(idOf(1)),
      tells: ["task-gone", "resync"],
    },
    {
      case: "health, which no event tells",
      change: ({ tasks }) => tasks.set(idOf(1), fact(1, { health: "UNHEALTHY", via: "describe" })),
      tells: ["task", "resync"],
    },
    {
      case: "a registry that somebody changed",
      change: ({ world }) => {
        world.revision += 1;
      },
      tells: ["drift"],
    },
    {
      case: "a registry that is gone",
      change: ({ world }) => {
        world.trip = (call) => {
          if (call === "revision") throw new AppError("missing", "gone");
        };
      },
      tells: ["drift"],
    },
  ])("finds $case", async ({ change, tells }) => {
    const bench = await settled();
    change(bench);
    await sweep(bench.sweepPorts);
    expect(rungBy(bench)).toEqual([["crane", ...tells]]);
  });

  it("a registry that cannot be read now is asked in the next cycle", async () => {
    const bench = await settled();
    bench.world.trip = (call) => {
      if (call === "revision") throw new AppError("throttled", "later");
    };
    await sweep(bench.sweepPorts);
    expect(bench.rung).toEqual([]);
  });

  it("heals through the pass it rings", async () => {
    const bench = await settled();
    bench.instances.delete(instanceId(1));
    bench.instances.set(instanceId(9), { ...ours(9), attributes: { ...ours(9).attributes } });
    bench.world.revision += 2;
    await sweep(bench.sweepPorts);
    for (const { key, facts } of bench.rung) await pass({ key, facts, hops: 0 }, bench.ports);
    expect([...bench.instances.keys()].sort()).toEqual([instanceId(1), instanceId(2)]);
  });

  it("finds keys that no pass has met, and registries that a policy named unheard", async () => {
    const bench = createBench();
    await bench.manage();
    await sweep(bench.sweepPorts);
    expect(rungBy(bench)).toEqual([["crane", "resync", "drift"]]);
  });

  it("has its turn every five minutes, not every minute", async () => {
    const bench = await settled();
    const checked: number[] = [];
    for (let minute = 0; minute < 7; minute += 1) {
      checked.push((await sweep(bench.sweepPorts)).keysChecked);
      moved(bench, minutes(1));
    }
    expect(checked).toEqual([1, 0, 0, 0, 0, 1, 0]);
  });
});

describe("commands", () => {
  const order = (id: string, at: number): Command => ({
    type: "rollout",
    id,
    verb: "promote",
    by: "ann",
    at,
  });
  const left = async (bench: Bench) =>
    (await bench.stores.state.load(KEY)).commands.map((command) =>
      command.type === "rollout" ? command.id : "",
    );

  it("about a rollout are dropped when it has heard them, or after a day", async () => {
    const bench = await settled();
    const { state } = await bench.stores.state.load(KEY);
    const capabilities = { ...state.capabilities, rollout: { phase: "idle", heard: ["heard"], past: [] } };
    await bench.stores.state.commit(KEY, state.version, {
      ...state,
      capabilities,
      version: state.version + 1,
    });
    const { now } = bench.world;
    const given = [order("heard", now), order("new", now), order("old", now - minutes(24 * 60) - 1)];
    for (const command of given) await bench.stores.fleet.putCommand(KEY, command);
    await sweep(bench.sweepPorts);
    expect(await left(bench)).toEqual(["new"]);
  });

  it("stay where no rollout has been yet", async () => {
    const bench = await settled();
    await bench.stores.fleet.putCommand(KEY, order("new", bench.world.now));
    await sweep(bench.sweepPorts);
    expect(await left(bench)).toEqual(["new"]);
  });
});

describe("many clusters", () => {
  const keyIn = (cluster: string): Key =>
    keyOf({ kind: "service", account: "111122223333", region: "eu-west-3", cluster, name: "crane" });
  async function fleet(): Promise<Bench> {
    const bench = createBench();
    for (const cluster of ["a", "b", "c"]) await bench.manage(keyIn(cluster));
    return bench;
  }
  const clusters = (bench: Bench) => bench.rung.map(({ key }) => key.split("/")[2]);

  it("one that fails does not keep the sweep from those behind it", async () => {
    const bench = await fleet();
    let lists = 0;
    bench.world.trip = (call, when) => {
      if (call === "listTasks" && when === "before" && ++lists === 1) throw new AppError("denied", "no");
    };
    expect(await sweep(bench.sweepPorts)).toMatchObject({ keysChecked: 2 });
    expect(clusters(bench)).toEqual(["b", "c"]);
    expect(bench.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  it("out of time, the next sweep goes on behind the last cluster", async () => {
    const bench = await fleet();
    bench.world.trip = (call, when) => {
      if (call === "listTasks" && when === "after") moved(bench, seconds(20));
    };
    await sweep(bench.sweepPorts);
    expect(clusters(bench)).toEqual(["a", "b"]);
    await sweep(bench.sweepPorts);
    expect(clusters(bench)).toEqual(["a", "b", "c"]);
    expect((await bench.stores.sweep.read()).version).toBe(2);
  });
});

describe("timers", () => {
  async function withTimer(wakeAt: number): Promise<Bench> {
    const bench = createBench();
    const { state } = await bench.stores.state.load(KEY);
    await bench.stores.state.commit(KEY, 0, { ...state, version: 1, wakeAt: wakeAt as typeof NOW });
    return bench;
  }
  it.each([
    { case: "overdue: rung", by: -seconds(16), rung: 1, delays: [] },
    { case: "late, but its wake-up may still come", by: -seconds(15), rung: 0, delays: [] },
    { case: "due within the minute: sent ahead", by: seconds(42), rung: 0, delays: [seconds(42)] },
    { case: "due later: the next sweep's", by: seconds(61), rung: 0, delays: [] },
  ])("$case", async ({ by, rung, delays }) => {
    const bench = await withTimer(NOW + by);
    await sweep(bench.sweepPorts);
    expect(causes(bench.rung.flatMap(({ facts }) => facts))).toEqual(Array(rung).fill("lost-work"));
    expect(bench.wakes.map(({ delayMs }) => delayMs)).toEqual(delays);
  });

  it("an overdue key that also drifted is rung twice, by different ids", async () => {
    const bench = await withTimer(NOW - minutes(5));
    await bench.manage();
    await sweep(bench.sweepPorts);
    expect([bench.rung.length, new Set(bench.rung.map(({ id }) => id)).size]).toEqual([2, 2]);
  });
});

describe("dead letters", () => {
  const letter = (receipt: string, redrives: number): DeadLetter => ({
    queue: "work",
    body: "{}",
    receipt,
    redrives,
  });
  it("go back three times, then wait for a person", async () => {
    const bench = createBench();
    bench.letters.push(letter("a", 0), letter("b", 2), letter("c", 3));
    expect(await sweep(bench.sweepPorts)).toMatchObject({ redriven: 2, parked: 1 });
    expect(bench.calls).toEqual(["redrive a", "redrive b", "park c"]);
    expect(bench.lines.some(({ level }) => level === "error")).toBe(true);
  });

  it("are redriven within a budget", async () => {
    const bench = createBench();
    for (let count = 0; count < 80; count += 1) bench.letters.push(letter(`l${count}`, 0));
    expect(await sweep(bench.sweepPorts)).toMatchObject({ redriven: 50 });
  });

  it("that cannot be sent do not keep the fleet from its resync, and the failure is heard", async () => {
    const bench = createBench();
    await bench.manage();
    bench.letters.push(letter("a", 0));
    bench.world.trip = (call) => {
      if (call === "redrive a") throw new AppError("denied", "key disabled");
    };
    await expect(sweep(bench.sweepPorts)).rejects.toMatchObject({ code: "denied" });
    expect(bench.rung).toHaveLength(1);
  });
});

it("a host that is back, though nobody said so, is asked for and told", async () => {
  const bench = await settled();
  const tasks = [1, 2].map((number) =>
    fact(number, { version: 8, containerInstanceArn: hostArn("h1"), via: "describe" }),
  );
  for (const task of tasks) bench.tasks.set(task.taskId, task);
  const leaving: Fact = {
    kind: "host-leaving",
    containerInstanceArn: hostArn("h1"),
    leaving: true,
    cause: "spot",
    at: NOW,
  };
  await pass({ key: KEY, facts: [...tasks, leaving], hops: 0 }, bench.ports);
  moved(bench, minutes(4));
  await sweep(bench.sweepPorts);
  expect(bench.count("instanceStatuses")).toBe(1);
  expect(bench.rung.flatMap(({ facts }) => facts)).toContainEqual(
    expect.objectContaining({ kind: "host-leaving", leaving: false }),
  );
});
