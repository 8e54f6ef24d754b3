// Merging task facts by version: duplicates, disorder, tombstones, and what events leave out.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { container, fact, idOf, later, NOW } from "../../test/support/discovery-builders.ts";
import { minutes, seconds } from "../base/time.ts";
import type { Fact, TaskFact } from "../contracts/facts.ts";
import { mergeTasks, needsFreshRead, prunedTasks } from "./tasks.ts";

const id = idOf(1);
const known = (changes: Partial<TaskFact> = {}) => ({ [id]: fact(1, changes) });
const gone: Fact = { kind: "task-gone", taskId: id, at: later(5) };

describe("mergeTasks", () => {
  it.each([
    { case: "an unknown task is news", tasks: {}, news: fact(1), version: 3 },
    { case: "a higher version wins", tasks: known(), news: fact(1, { version: 4 }), version: 4 },
  ])("$case", ({ tasks, news, version }) => {
    expect(mergeTasks(tasks, [news])[id]).toMatchObject({ version });
  });

  it.each<{ case: string; tasks: Record<string, TaskFact>; news: Fact }>([
    { case: "the same version", tasks: known(), news: fact(1, { lastStatus: "STOPPED" }) },
    { case: "an older version", tasks: known(), news: fact(1, { version: 2 }) },
    { case: "no version", tasks: known(), news: fact(1, { version: 0 }) },
    { case: "no version of an unknown task", tasks: {}, news: fact(1, { version: 0 }) },
    { case: "an unknown task that is gone", tasks: {}, news: gone },
    { case: "a stopped task that is gone", tasks: known({ lastStatus: "STOPPED" }), news: gone },
    {
      case: "a read of an older version",
      tasks: known(),
      news: fact(1, { version: 2, via: "describe", tags: { a: "b" } }),
    },
    { case: "a read that says the same", tasks: known(), news: fact(1, { via: "describe" }) },
    { case: "another kind of fact", tasks: known(), news: { kind: "wake", cause: "timer", at: NOW } },
  ])("changes nothing, and is the same object: $case", ({ tasks, news }) => {
    expect(mergeTasks(tasks, [news])).toBe(tasks);
  });

  it("a task that ECS forgot has stopped, and no late event raises it", () => {
    const dead = mergeTasks(known(), [gone]);
    expect(dead[id]).toMatchObject({ lastStatus: "STOPPED", desiredStatus: "STOPPED", at: later(5) });
    expect(mergeTasks(dead, [fact(1, { version: 99 })])).toBe(dead);
  });

  it.each([
    { case: "health", read: { health: "HEALTHY" as const } },
    { case: "a container's health", read: { containers: [container({ health: "HEALTHY" })] } },
    { case: "tags", read: { tags: {} } },
  ])("a read of the same version tells what no version counts: $case", ({ read }) => {
    const tasks = known();
    expect(mergeTasks(tasks, [fact(1, { via: "describe", ...read })])).not.toBe(tasks);
  });

  it("an event keeps the tags and health that a read told; a read replaces them", () => {
    const told = known({
      tags: { a: "b" },
      health: "HEALTHY",
      containers: [container({ health: "HEALTHY" })],
      via: "describe",
    });
    const event = mergeTasks(told, [fact(1, { version: 4 })])[id];
    expect(event).toMatchObject({
      version: 4,
      tags: { a: "b" },
      health: "HEALTHY",
      containers: [{ health: "HEALTHY" }],
    });
    const read = mergeTasks(told, [fact(1, { version: 4, via: "describe" })])[id];
    expect(read).toMatchObject({ tags: { a: "b" }, health: "UNKNOWN" });
  });

  it("ends at the highest version of each task, in any order and with any duplicates", () => {
    const news = fc.array(
      fc
        .record({ task: fc.integer({ min: 1, max: 3 }), version: fc.nat(9) })
        .map(({ task, version }) => fact(task, { version })),
    );
    fc.assert(
      fc.property(news, (facts) => {
        const highest: Record<string, number> = {};
        for (const { taskId, version } of facts)
          if (version > 0) highest[taskId] = Math.max(highest[taskId] ?? 0, version);
        const versions = (list: readonly Fact[]) =>
          Object.fromEntries(
            Object.values(mergeTasks({}, list)).map(({ taskId, version }) => [taskId, version]),
          );
        expect(versions(facts)).toEqual(highest);
        expect(versions([...facts, ...facts].reverse())).toEqual(highest);
      }),
    );
  });
});

describe("needsFreshRead", () => {
  it.each([
    { case: "recent news", news: fact(1, { version: 4 }), expected: false },
    { case: "news two minutes old", news: fact(1, { version: 4, at: later(-minutes(2)) }), expected: false },
    { case: "older news", news: fact(1, { version: 4, at: later(-minutes(2) - 1) }), expected: true },
    {
      case: "old news of an end",
      news: fact(1, { version: 4, at: later(-minutes(60)), lastStatus: "STOPPED" }),
      expected: false,
    },
    { case: "an old duplicate", news: fact(1, { at: later(-minutes(60)) }), expected: false },
    { case: "no version", news: fact(1, { version: 0 }), expected: true },
    { case: "a read", news: fact(1, { version: 0, via: "describe" }), expected: false },
  ])("$case: $expected", ({ news, expected }) => {
    expect(needsFreshRead(news, known(), NOW)).toBe(expected);
  });
});

describe("prunedTasks", () => {
  it.each([
    { case: "running for ever", task: fact(1, { at: later(-minutes(6_000)) }), kept: true },
    {
      case: "stopped ten minutes ago",
      task: fact(1, { lastStatus: "STOPPED", at: later(-minutes(10)) }),
      kept: true,
    },
    {
      case: "stopped longer ago",
      task: fact(1, { lastStatus: "STOPPED", at: later(-minutes(10) - 1) }),
      kept: false,
    },
    {
      case: "deleted longer ago",
      task: fact(1, { lastStatus: "DELETED", at: later(-minutes(11)) }),
      kept: false,
    },
    {
      case: "stopping, not stopped",
      task: fact(1, { lastStatus: "STOPPING", at: later(-minutes(11)) }),
      kept: true,
    },
  ])("$case: kept $kept", ({ task, kept }) => {
    const tasks = { [id]: task };
    const pruned = prunedTasks(tasks, NOW);
    expect(Object.keys(pruned)).toHaveLength(kept ? 1 : 0);
    if (kept) expect(pruned[id]?.version).toBe(task.version);
  });

  it("keeps of a tombstone what a late event is measured by, and gives the same object back after that", () => {
    const tasks = { [id]: fact(1, { version: 7, lastStatus: "STOPPED", at: later(-seconds(11)) }) };
    const slim = prunedTasks(tasks, NOW);
    expect(slim[id]).toMatchObject({ version: 7, lastStatus: "STOPPED", containers: [], interfaces: [] });
    expect(prunedTasks(slim, NOW)).toBe(slim);
  });
});
