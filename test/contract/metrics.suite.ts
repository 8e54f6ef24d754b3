// What the port to CloudWatch's metrics and the sender of events must do, through the real adapters, whatever
// is underneath.

import { describe, expect, it } from "vitest";
import type { DeliveryHooks } from "../../local/world/events/delivery.ts";
import type { World } from "../../local/world/world.ts";
import type { AwsClient } from "../../shared/adapters/aws/client.ts";
import { createCloudWatchReader } from "../../shared/adapters/aws/cloudwatch-metrics.ts";
import { createEventSender } from "../../shared/adapters/aws/event-sender.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import { addMs, epochMs, minutes, seconds } from "../../shared/base/time.ts";
import type { MetricQuery } from "../../shared/contracts/metrics.ts";
import { failure } from "./aws-set-up.ts";
import { START } from "./samples.ts";

export interface MetricClients {
  readonly cloudwatch: AwsClient;
  readonly events: AwsClient;
}

export interface MetricImplementation {
  readonly world: (delivery?: DeliveryHooks) => World;
  readonly clients: (world: World) => Promise<MetricClients>;
}

/** A full minute of the world's. */
const T0 = epochMs(Math.ceil(START / 60_000) * 60_000);
const at = (minute: number) => addMs(T0, minutes(minute));

const query = (id: string, changes: Partial<MetricQuery["source"]> = {}): MetricQuery => ({
  id,
  source: {
    provider: "cloudwatch",
    namespace: "Crane",
    metricName: "Requests",
    dimensions: { Version: "2" },
    statistic: "Sum",
    ...changes,
  } as MetricQuery["source"],
  periodMs: minutes(1),
});

async function setUp(implementation: MetricImplementation, delivery?: DeliveryHooks) {
  const world = implementation.world(delivery);
  const clients = await implementation.clients(world);
  const publish = (name: string, minute: number, values: readonly number[]): void => {
    world.cloudWatch.publish({
      namespace: "Crane",
      name,
      dimensions: { Version: "2" },
      values,
      at: at(minute),
    });
  };
  return {
    world,
    publish,
    reader: createCloudWatchReader({ client: clients.cloudwatch, pace: unpaced }),
    send: createEventSender({ client: clients.events, pace: unpaced }),
    calls: () => world.throttle.callCounts()["cloudwatch.GetMetricData"] ?? 0,
  };
}

export function describeMetrics(name: string, implementation: MetricImplementation): void {
  describe(`MetricReader over ${name}`, () => describeReader(implementation));
  describe(`the sender of events over ${name}`, () => describeSender(implementation));
}

function describeReader(implementation: MetricImplementation): void {
  it("reads complete bins, oldest first, and leaves missing ones out", async () => {
    const { publish, reader } = await setUp(implementation);
    publish("Requests", 0, [1, 1]);
    publish("Requests", 2, [0]);
    publish("Requests", 3, [9]);
    expect(await reader.read([query("errors/candidate/total")], { from: at(0), until: at(3) })).toEqual([
      {
        id: "errors/candidate/total",
        points: [
          [at(0), 2],
          [at(2), 0],
        ],
      },
    ]);
  });

  it.each([
    ["TC(0.25:)", 2],
    ["p99", 0.9],
    ["SampleCount", 4],
  ])("knows the statistic %s", async (statistic, value) => {
    const { publish, reader } = await setUp(implementation);
    publish("Latency", 0, [0.1, 0.25, 0.3, 0.9]);
    const [series] = await reader.read([query("q", { metricName: "Latency", statistic })], {
      from: at(0),
      until: at(1),
    });
    expect(series?.points).toEqual([[at(0), value]]);
  });

  it("reads a metric of ten seconds", async () => {
    const { world, reader } = await setUp(implementation);
    const publishAt = (second: number, value: number): void => {
      const when = addMs(T0, seconds(second));
      world.cloudWatch.publish({ namespace: "F", name: "R", value, at: when, resolutionSeconds: 1 });
    };
    publishAt(1, 3);
    publishAt(25, 4);
    const fine = {
      ...query("q", { namespace: "F", metricName: "R", dimensions: {} }),
      periodMs: seconds(10),
    };
    const [series] = await reader.read([fine], { from: T0, until: addMs(T0, seconds(30)) });
    expect(series?.points).toEqual([
      [T0, 3],
      [addMs(T0, seconds(20)), 4],
    ]);
  });

  it.each([
    [500, 1],
    [501, 2],
    [800, 2],
  ])("asks for %i series in %i calls", async (series, calls) => {
    const set = await setUp(implementation);
    set.publish("Requests", 0, [7]);
    const queries = Array.from({ length: series }, (_, index) => query(`r-${index}/candidate/total`));
    const read = await set.reader.read(queries, { from: at(0), until: at(1) });
    expect(new Set(read.map(({ id }) => id))).toEqual(new Set(queries.map(({ id }) => id)));
    expect(read.every(({ points }) => points[0]?.[1] === 7)).toBe(true);
    expect(set.calls()).toBe(calls);
  });

  it.each([
    ["a statistic that is none", query("bad", { statistic: "Mean" })],
    ["a period that is none", { ...query("bad"), periodMs: seconds(45) }],
    ["an empty dimension", query("bad", { dimensions: { Version: "" } })],
    // Only AWS knows that this percentile is too large.
    ["a query that AWS refuses", query("bad", { statistic: "p123" })],
  ])("%s is a problem of its series alone", async (_case, bad) => {
    const { publish, reader } = await setUp(implementation);
    publish("Requests", 0, [7]);
    const good = Array.from({ length: 20 }, (_, index) => query(`q-${index}`));
    const read = await reader.read([...good.slice(0, 7), bad, ...good.slice(7)], {
      from: at(0),
      until: at(1),
    });
    expect(read.find(({ id }) => id === "bad")).toMatchObject({ points: [], problem: expect.any(String) });
    expect(read.filter(({ points }) => points.length === 1).length).toBe(20);
  });

  it("throws when nothing at all could be read", async () => {
    const { reader } = await setUp(implementation);
    expect((await failure(reader.read([query("q")], { from: at(2), until: at(1) }))).code).toBe("input");
  });
}

function describeSender(implementation: MetricImplementation): void {
  it("puts an event on the default bus", async () => {
    const heard: unknown[] = [];
    const { world, send } = await setUp(implementation, {
      deliver: (_target, { event }) => {
        heard.push(event);
        return "delivered";
      },
    });
    world.call("events", "PutRule", { Name: "ours", EventPattern: '{"source":["fairlead"]}' });
    world.call("events", "PutTargets", { Rule: "ours", Targets: [{ Id: "queue", Arn: "arn:aws:sqs:::q" }] });
    await send({ event: "rolled-back", rollout: "r-1", failed: 14 });
    world.advanceTo(world.kernel.now());
    expect(heard).toMatchObject([
      {
        source: "fairlead",
        "detail-type": "Fairlead Rollout",
        detail: { event: "rolled-back", rollout: "r-1", failed: 14 },
      },
    ]);
  });
}
