// Folding a batch: newest version, one doorbell for each key, whatever the order.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key } from "../base/keys.ts";
import { epochMs } from "../base/time.ts";
import type { Fact, TaskFact } from "../contracts/facts.ts";
import type { Stimulus } from "./fold.ts";
import { fold } from "./fold.ts";

const sentAt = epochMs(1_000);
const keyNamed = (name: string) => `1/r/quay/${name}` as Key;

const task = (id: string, version: number, change: Partial<TaskFact> = {}): TaskFact => ({
  kind: "task",
  taskArn: `arn:aws:ecs:r:1:task/quay/${id}`,
  taskId: id,
  version,
  group: "service:crane",
  clusterArn: "arn:aws:ecs:r:1:cluster/quay",
  taskDefinitionArn: "",
  lastStatus: "RUNNING",
  desiredStatus: "RUNNING",
  health: "UNKNOWN",
  launchType: "FARGATE",
  interfaces: [],
  containers: [],
  at: epochMs(0),
  via: "event",
  ...change,
});

let count = 0;
const stimulus = (fact: Fact, change: Partial<Stimulus> = {}): Stimulus => {
  count += 1;
  return {
    messageId: `m${count}`,
    id: `e${count}`,
    key: keyNamed("crane"),
    facts: [fact],
    hops: 0,
    ...change,
  };
};

describe("fold", () => {
  it("rings once for a key, with the newest version of each task and every message that it answers for", () => {
    const { rings, superseded } = fold(
      [stimulus(task("a", 2)), stimulus(task("a", 1)), stimulus(task("b", 7))],
      sentAt,
    );
    expect(rings).toHaveLength(1);
    expect(
      rings[0]?.doorbell.facts.map((fact) => fact.kind === "task" && [fact.taskId, fact.version]),
    ).toEqual([
      ["a", 2],
      ["b", 7],
    ]);
    expect(rings[0]?.messageIds).toHaveLength(3);
    expect(superseded).toBe(1);
  });

  it("keeps a hint beside a versioned fact: either may be the later one", () => {
    const { rings } = fold([stimulus(task("a", 0)), stimulus(task("a", 5))], sentAt);
    expect(rings[0]?.doorbell.facts).toHaveLength(2);
  });

  it("keeps different events of one kind, and one event delivered twice only once", () => {
    const moved = (state: string): Fact => ({
      kind: "alarm",
      alarmArn: "a",
      alarmName: "a",
      state,
      at: epochMs(5),
    });
    const twice = stimulus(moved("ALARM"));
    const { rings } = fold([twice, { ...twice, messageId: "again" }, stimulus(moved("OK"))], sentAt);
    expect(rings[0]?.doorbell.facts).toHaveLength(2);
    expect(rings[0]?.messageIds).toContain("again");
  });

  it("keeps every answer of the feed and every change of a rule: each tells something else", () => {
    const answer: Fact = { kind: "metrics", rollout: "r-1", series: [], at: epochMs(5) };
    const change: Fact = {
      kind: "traffic-change",
      eventName: "ModifyRule",
      resource: "r",
      by: "b",
      at: epochMs(5),
    };
    const { rings, superseded } = fold(
      [answer, answer, change, change].map((fact) => stimulus(fact)),
      sentAt,
    );
    expect(rings[0]?.doorbell.facts).toHaveLength(4);
    expect(superseded).toBe(0);
  });

  it("starts a new chain of hops when news from outside travels with a wake-up", () => {
    const wake: Fact = { kind: "wake", cause: "timer", at: epochMs(1) };
    expect(fold([stimulus(wake, { hops: 9 })], sentAt).rings[0]?.doorbell.hops).toBe(9);
    expect(fold([stimulus(wake, { hops: 9 }), stimulus(task("a", 1))], sentAt).rings[0]?.doorbell.hops).toBe(
      0,
    );
  });

  it("gives each key its own id for one event: FIFO deduplicates over the whole queue", () => {
    const notice: Fact = {
      kind: "health-notice",
      eventTypeCode: "x",
      category: "y",
      taskIds: [],
      at: epochMs(1),
    };
    const both = ["crane", "barge"].map((name) => stimulus(notice, { id: "one", key: keyNamed(name) }));
    expect(new Set(fold(both, sentAt).rings.map(({ doorbell }) => doorbell.id)).size).toBe(2);
  });

  it("splits what would not fit, loses nothing, and gives each part its own id", () => {
    const large = Array.from({ length: 300 }, (_, index) =>
      stimulus(task(`t${index}`, 1, { stoppedReason: "é".repeat(512) })),
    );
    const { rings } = fold(large, sentAt);
    expect(rings.length).toBeGreaterThan(1);
    expect(new Set(rings.map(({ doorbell }) => doorbell.id)).size).toBe(rings.length);
    expect(rings.reduce((sum, { doorbell }) => sum + doorbell.facts.length, 0)).toBe(300);
    for (const { doorbell } of rings)
      expect(Buffer.byteLength(JSON.stringify(doorbell))).toBeLessThan(200_000);
  });
});

const anyStimulus = fc
  .record({
    key: fc.constantFrom("crane", "barge").map(keyNamed),
    taskId: fc.constantFrom("a", "b", "c"),
    version: fc.nat(4),
    at: fc.nat(3),
    id: fc.nat(30).map((number) => `e${number}`),
    lastStatus: fc.constantFrom<TaskFact["lastStatus"]>("PENDING", "RUNNING", "STOPPED"),
  })
  .map(({ key, taskId, version, at, id, lastStatus }): Stimulus => {
    // An id names one event: what it tells is a function of it, as redelivery repeats it word for word.
    const fact = task(taskId, version, { at: epochMs(at), lastStatus });
    return {
      messageId: `m-${id}`,
      id: `${id}/${key}/${taskId}/${version}/${at}/${lastStatus}`,
      key,
      facts: [fact],
      hops: 0,
    };
  });

const batches = fc.array(anyStimulus, { maxLength: 40 });
const byKey = (stimuli: readonly Stimulus[]) =>
  new Map(fold(stimuli, sentAt).rings.map(({ doorbell }) => [doorbell.key, doorbell]));

describe("any batch", () => {
  it("does not depend on order or on deliveries", () => {
    const shuffled = batches.chain((batch) =>
      fc.tuple(
        fc.constant(batch),
        fc.shuffledSubarray([...batch, ...batch], { minLength: batch.length * 2 }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([batch, again]) => {
        expect(byKey(again)).toEqual(byKey(batch));
      }),
    );
  });

  it("keeps the highest version of each task and loses no task", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const newest = new Map<string, number>();
        for (const { key, facts } of batch) {
          const { taskId, version } = facts[0] as TaskFact;
          newest.set(`${key} ${taskId}`, Math.max(version, newest.get(`${key} ${taskId}`) ?? 0));
        }
        const kept = new Map<string, number>();
        for (const [key, { facts }] of byKey(batch)) {
          for (const { taskId, version } of facts as TaskFact[]) {
            kept.set(`${key} ${taskId}`, Math.max(version, kept.get(`${key} ${taskId}`) ?? 0));
          }
        }
        expect(kept).toEqual(newest);
      }),
    );
  });
});
