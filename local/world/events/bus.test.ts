// The event bus: rules and targets, delivery with retries, dead letters, faults, schedules, inputs.

import { describe, expect, it } from "vitest";
import { epochMs, millis, minutes } from "../../../shared/base/time.ts";
import { checkedOperations } from "../../models/answer-check.ts";
import type { AwsError, Timeline } from "../kernel.ts";
import { createKernel } from "../kernel.ts";
import type { EventBus } from "./bus.ts";
import { createEventBus } from "./bus.ts";
import type { DeadLetterMessage, Delivery, DeliveryOutcome, Target } from "./delivery.ts";

const startAt = epochMs(Date.UTC(2026, 10, 22, 12, 0, 0));
const hourMs = 3_600_000;

interface Got {
  readonly target: string;
  readonly at: number;
  readonly delivery: Delivery;
}

interface Bench {
  readonly kernel: Timeline;
  readonly bus: EventBus;
  readonly got: Got[];
  readonly letters: DeadLetterMessage[];
  call(operation: string, input: object): Record<string, unknown>;
  advance(byMs: number): void;
}

type Answer = (target: Target, delivery: Delivery) => DeliveryOutcome | Promise<DeliveryOutcome>;

function bench(answer: Answer = () => "delivered", seed = 1): Bench {
  const kernel = createKernel({ seed, startAt });
  const got: Got[] = [];
  const letters: DeadLetterMessage[] = [];
  const bus = createEventBus(kernel, {
    deliver: (target, delivery) => {
      got.push({ target: target.Id, at: kernel.now() - startAt, delivery });
      return answer(target, delivery);
    },
    deadLetter: (letter) => letters.push(letter),
  });
  const operations = checkedOperations("events", bus.operations);
  const call = (operation: string, input: object): Record<string, unknown> => {
    const run = operations[operation] as unknown as (given: object) => Record<string, unknown>; // -- inputs differ by operation
    return run(input);
  };
  const advance = (byMs: number): void => kernel.advanceTo(epochMs(kernel.now() + byMs));
  return { kernel, bus, got, letters, call, advance };
}

const errorOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as AwsError).name;
  }
  return "none";
};

const tasks = JSON.stringify({ source: ["aws.ecs"], "detail-type": ["ECS Task State Change"] });
const queue: Target = { Id: "queue", Arn: "arn:aws:sqs:us-east-1:111122223333:queue" };
const withLetters: Target = {
  ...queue,
  DeadLetterConfig: { Arn: "arn:aws:sqs:us-east-1:111122223333:dead" },
};
const emitTask = ({ kernel }: Bench, lastStatus = "RUNNING"): void =>
  kernel.emit({
    source: "aws.ecs",
    detailType: "ECS Task State Change",
    resources: ["arn:task"],
    detail: { lastStatus },
  });

function withRule(one: Bench, target: Target = queue, rule: object = { EventPattern: tasks }): Bench {
  one.call("PutRule", { Name: "tasks", ...rule });
  one.call("PutTargets", { Rule: "tasks", Targets: [target] });
  return one;
}

describe("rules", () => {
  it("sends what they match to every target, and nothing else", () => {
    const one = withRule(bench());
    one.call("PutTargets", { Rule: "tasks", Targets: [{ Id: "second", Arn: "arn:aws:lambda:x" }] });
    emitTask(one);
    one.kernel.emit({ source: "aws.ecs", detailType: "ECS Service Action", resources: [], detail: {} });
    expect(one.got).toEqual([]);
    one.advance(0);
    expect(one.got.map((delivery) => delivery.target)).toEqual(["queue", "second"]);
    expect(JSON.parse(one.got[0]?.delivery.body ?? "")).toMatchObject({
      "detail-type": "ECS Task State Change",
    });
    expect(one.bus.counters()).toMatchObject({ published: 2, matched: 1, delivered: 2, dropped: 0 });
  });

  it("finds rules that name no source, or several ways to it", () => {
    const one = bench();
    one.call("PutRule", { Name: "any", EventPattern: '{"detail":{"lastStatus":["RUNNING"]}}' });
    one.call("PutRule", {
      Name: "either",
      EventPattern: '{"$or":[{"source":["aws.ecs"]},{"source":["aws.ec2"]}]}',
    });
    one.call("PutRule", { Name: "prefix", EventPattern: '{"source":[{"prefix":"aws."}]}' });
    one.call("PutRule", { Name: "not", EventPattern: '{"source":["aws.ec2"]}' });
    const event = {
      version: "0",
      id: "1",
      "detail-type": "x",
      source: "aws.ecs",
      account: "1",
      time: "",
      region: "r",
    } as const;
    expect(one.bus.rulesFor({ ...event, resources: [], detail: { lastStatus: "RUNNING" } })).toEqual([
      "either",
      "any",
      "prefix",
    ]);
  });

  it("stop while disabled and keep their targets when put again", () => {
    const one = withRule(bench());
    one.call("DisableRule", { Name: "tasks" });
    emitTask(one);
    one.advance(0);
    expect(one.got).toHaveLength(0);
    one.call("PutRule", { Name: "tasks", EventPattern: '{"detail":{"lastStatus":["STOPPED"]}}' });
    emitTask(one, "STOPPED");
    emitTask(one, "RUNNING");
    one.advance(0);
    expect(one.got).toHaveLength(1);
  });

  it("are listed, described and deleted once without targets", () => {
    const one = withRule(bench());
    one.call("PutRule", { Name: "every", ScheduleExpression: "rate(1 minute)", State: "DISABLED" });
    expect(one.call("ListRules", { Limit: 1 })).toMatchObject({ Rules: [{ Name: "every" }], NextToken: "1" });
    expect(one.call("ListRules", { Limit: 1, NextToken: "1" })).toEqual({
      Rules: [one.call("DescribeRule", { Name: "tasks" })],
    });
    expect(one.call("DescribeRule", { Name: "tasks" })).toEqual({
      Name: "tasks",
      Arn: "arn:aws:events:us-east-1:111122223333:rule/tasks",
      EventPattern: tasks,
      State: "ENABLED",
      EventBusName: "default",
    });
    expect(one.call("ListTargetsByRule", { Rule: "tasks" })).toEqual({ Targets: [queue] });
    expect(errorOf(() => one.call("DeleteRule", { Name: "tasks" }))).toBe("ValidationException");
    one.call("RemoveTargets", { Rule: "tasks", Ids: ["queue"] });
    one.call("DeleteRule", { Name: "tasks" });
    expect(errorOf(() => one.call("DescribeRule", { Name: "tasks" }))).toBe("ResourceNotFoundException");
  });

  it.each([
    ["PutRule", { Name: "a b", EventPattern: tasks }, "ValidationException"],
    ["PutRule", { Name: "a" }, "ValidationException"],
    ["PutRule", { Name: "a", EventPattern: '{"source":"x"}' }, "InvalidEventPatternException"],
    ["PutRule", { Name: "a", EventPattern: "{" }, "InvalidEventPatternException"],
    ["PutRule", { Name: "a", ScheduleExpression: "rate(1 minutes)" }, "ValidationException"],
    ["PutRule", { Name: "a", EventPattern: tasks, EventBusName: "other" }, "ResourceNotFoundException"],
    ["PutTargets", { Rule: "none", Targets: [queue] }, "ResourceNotFoundException"],
    ["PutEvents", { Entries: [] }, "ValidationException"],
    ["TestEventPattern", { EventPattern: tasks, Event: "{}" }, "ValidationException"],
  ])("%s %j is answered with %s", (operation, input, name) => {
    expect(errorOf(() => bench().call(operation, input))).toBe(name);
  });

  it("take five targets at most", () => {
    const one = withRule(bench());
    const more = ["1", "2", "3", "4", "5"].map((Id) => ({ Id, Arn: "arn" }));
    expect(errorOf(() => one.call("PutTargets", { Rule: "tasks", Targets: more }))).toBe(
      "LimitExceededException",
    );
  });
});

describe("PutEvents and TestEventPattern", () => {
  it("publishes good entries and names what is wrong with the others", () => {
    const one = withRule(bench(), queue, { EventPattern: '{"source":["shop"]}' });
    const good = { Source: "shop", DetailType: "sold", Detail: '{"n":1}', Time: new Date(startAt - hourMs) };
    const answer = one.call("PutEvents", {
      Entries: [
        good,
        { ...good, Source: "aws.ecs" },
        { ...good, Detail: "[1]" },
        { Source: "shop", Detail: "{}" },
      ],
    });
    one.advance(0);
    expect(one.got.map(({ delivery }) => delivery.event.time)).toEqual(["2026-11-22T11:00:00Z"]);
    expect(answer).toMatchObject({
      FailedEntryCount: 3,
      Entries: [
        { EventId: one.got[0]?.delivery.event.id },
        { ErrorCode: "NotAuthorizedForSourceException" },
        { ErrorCode: "MalformedDetail" },
        { ErrorCode: "InvalidArgument" },
      ],
    });
  });

  it("tests a pattern on a whole event", () => {
    const event = {
      id: "1",
      account: "1",
      source: "aws.ecs",
      time: "",
      region: "",
      resources: [],
      "detail-type": "ECS Task State Change",
    };
    expect(bench().call("TestEventPattern", { EventPattern: tasks, Event: JSON.stringify(event) })).toEqual({
      Result: true,
    });
  });
});

describe("delivery", () => {
  it("is tried again with growing pauses until it succeeds", () => {
    const one = withRule(
      bench((_, { retries }) =>
        retries < 3 ? { failed: "retry", code: "THROTTLED", message: "slow" } : "delivered",
      ),
    );
    emitTask(one);
    one.advance(minutes(1));
    const times = one.got.map(({ at }) => at);
    expect(times).toHaveLength(4);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(gaps.every((gap, index) => gap >= 750 * 2 ** index && gap <= 1_250 * 2 ** index)).toBe(true);
    expect(one.bus.counters()).toMatchObject({ delivered: 1, retried: 3, deadLettered: 0 });
  });

  it("gives up within 24 h and 185 retries, with a dead letter", () => {
    const one = withRule(
      bench(() => ({ failed: "retry", code: "SDK_CLIENT_ERROR", message: "down" })),
      withLetters,
    );
    emitTask(one);
    one.advance(25 * hourMs);
    expect(one.letters).toHaveLength(1);
    expect(one.got.length).toBeGreaterThan(170);
    expect(one.got.length).toBeLessThanOrEqual(186);
    expect(one.got.at(-1)?.at).toBeLessThanOrEqual(24 * hourMs);
    expect(one.letters[0]).toMatchObject({
      queueArn: "arn:aws:sqs:us-east-1:111122223333:dead",
      attributes: {
        ERROR_CODE: "SDK_CLIENT_ERROR",
        RULE_ARN: "arn:aws:events:us-east-1:111122223333:rule/tasks",
      },
    });
    expect(JSON.parse(one.letters[0]?.body ?? "")).toMatchObject({ source: "aws.ecs" });
  });

  it("obeys the target's own policy", () => {
    const RetryPolicy = { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3_600 };
    const down: Answer = () => ({ failed: "retry", code: "X", message: "down" });
    const few = withRule(bench(down), { ...withLetters, RetryPolicy });
    const brief = withRule(bench(down), { ...withLetters, RetryPolicy: { MaximumEventAgeInSeconds: 60 } });
    for (const one of [few, brief]) {
      emitTask(one);
      one.advance(2 * hourMs);
    }
    expect(few.got).toHaveLength(3);
    expect(few.letters[0]?.attributes).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
      RETRY_ATTEMPTS: "2",
    });
    expect(brief.letters[0]?.attributes["EXHAUSTED_RETRY_CONDITION"]).toBe("MaximumEventAgeInSeconds");
    expect(brief.got.at(-1)?.at).toBeLessThan(60_000);
  });

  it("does not repeat what is refused, and counts what has no dead-letter queue", () => {
    const refused: Answer = () => ({ failed: "refused", code: "NO_PERMISSIONS", message: "denied" });
    const kept = withRule(bench(refused), withLetters);
    const lost = withRule(bench(refused));
    for (const one of [kept, lost]) {
      emitTask(one);
      one.advance(hourMs);
      expect(one.got).toHaveLength(1);
    }
    expect(kept.letters.map((letter) => letter.attributes["ERROR_CODE"])).toEqual(["NO_PERMISSIONS"]);
    expect(lost.bus.counters()).toMatchObject({ lost: 1, deadLettered: 0 });
  });

  it("waits for a target that answers later", async () => {
    const one = withRule(bench(() => Promise.resolve("delivered")));
    emitTask(one);
    one.advance(0);
    expect(one.bus.counters().delivered).toBe(0);
    await Promise.resolve();
    expect(one.bus.counters().delivered).toBe(1);
  });
});

describe("faults", () => {
  const burst = (one: Bench, count = 1_000): void => {
    for (let index = 0; index < count; index += 1) {
      emitTask(one, String(index));
      one.advance(10);
    }
    one.advance(24 * hourMs);
  };
  const order = (one: Bench): readonly number[] =>
    one.got.map(({ delivery }) => Number(delivery.event.detail["lastStatus"]));

  it("are off by default and draw no chance", () => {
    const one = withRule(bench());
    const other = createKernel({ seed: 1, startAt });
    burst(one);
    for (let index = 0; index < 1_000; index += 1)
      other.emit({ source: "x", detailType: "y", resources: [], detail: {} });
    expect(order(one)).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
    expect(one.kernel.chance.next()).toBe(other.chance.next());
  });

  it("drop, duplicate, delay and reorder as often as asked, and the counters say so", () => {
    const one = withRule(bench());
    one.bus.setFaults({
      drop: 0.1,
      duplicate: 0.1,
      delay: { probability: 0.1, minMs: millis(hourMs), maxMs: millis(2 * hourMs) },
      reorder: { probability: 0.1, windowMs: millis(100) },
    });
    burst(one);
    const { delivered, dropped, duplicated, delayed, reordered } = one.bus.counters();
    expect(delivered).toBe(1_000 - dropped + duplicated);
    for (const count of [dropped, duplicated, delayed, reordered]) {
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(150);
    }
    expect(one.got.filter(({ at }) => at >= 10_000 + hourMs / 2)).toHaveLength(delayed);
    expect(order(one)).not.toEqual([...order(one)].sort((a, b) => a - b));
  });

  it("repeat with the seed", () => {
    const runs = [5, 5, 6].map((seed) => {
      const one = withRule(bench(() => "delivered", seed));
      one.bus.setFaults({ drop: 0.3, duplicate: 0.3 });
      burst(one, 100);
      return order(one);
    });
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
  });
});

describe("schedules", () => {
  it("fire a Scheduled Event to their own targets only", () => {
    const one = withRule(bench(), queue, { ScheduleExpression: "rate(2 minutes)" });
    one.call("PutRule", { Name: "all", EventPattern: '{"source":[{"prefix":""}]}' });
    one.call("PutTargets", { Rule: "all", Targets: [{ Id: "all", Arn: "arn" }] });
    one.advance(minutes(5));
    expect(one.got.map(({ target, at }) => [target, at])).toEqual([
      ["queue", 120_000],
      ["queue", 240_000],
    ]);
    expect(one.got[0]?.delivery.event).toMatchObject({
      source: "aws.events",
      "detail-type": "Scheduled Event",
      time: "2026-11-22T12:02:00Z",
      resources: ["arn:aws:events:us-east-1:111122223333:rule/tasks"],
    });
  });

  it("stop when disabled or deleted and do not double when put again", () => {
    const one = withRule(bench(), queue, { ScheduleExpression: "rate(1 minute)" });
    one.call("PutRule", { Name: "tasks", ScheduleExpression: "rate(1 minute)" });
    one.advance(minutes(2));
    expect(one.got).toHaveLength(2);
    one.call("DisableRule", { Name: "tasks" });
    one.advance(minutes(5));
    expect(one.got).toHaveLength(2);
    one.call("EnableRule", { Name: "tasks" });
    one.call("RemoveTargets", { Rule: "tasks", Ids: ["queue"] });
    one.call("DeleteRule", { Name: "tasks" });
    expect(one.kernel.nextAt()).toBeUndefined();
  });
});
