// The contract of the metrics port and of the sender of events: the world in process, and over HTTP with the
// real SDK; and what only a stub can show of GetMetricData: pages and incomplete answers.

import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorldClient } from "../../local/faces/ports/world-client.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { checkedWorld } from "../../local/models/answer-check.ts";
import type { DeliveryHooks } from "../../local/world/events/delivery.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { CONTROL_PLANE, clientOptions } from "../../shared/adapters/aws/client.ts";
import { createCloudWatchReader } from "../../shared/adapters/aws/cloudwatch-metrics.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import { epochMs, minutes } from "../../shared/base/time.ts";
import type { MetricQuery } from "../../shared/contracts/metrics.ts";
import { describeMetrics } from "./metrics.suite.ts";
import { START } from "./samples.ts";

function freshWorld(delivery?: DeliveryHooks): World {
  const plain = createWorld({ seed: 7, startAt: START, ...(delivery !== undefined && { delivery }) });
  return { ...plain, ...checkedWorld(plain) };
}

describeMetrics("the world in process", {
  world: freshWorld,
  clients: async (world) => ({
    cloudwatch: createWorldClient(world, "cloudwatch"),
    events: createWorldClient(world, "events"),
  }),
});

describe("over HTTP", () => {
  let current = freshWorld();
  let wire: WireFace;
  let clients: { readonly cloudwatch: CloudWatchClient; readonly events: EventBridgeClient };

  beforeAll(async () => {
    const world = { call: (...call: Parameters<World["call"]>) => current.call(...call) };
    wire = await startWireFace({ world, account: "111122223333", region: "us-east-1" });
    const options = {
      ...clientOptions(CONTROL_PLANE, { AWS_ENDPOINT_URL: wire.endpoint }),
      endpoint: wire.endpoint,
      region: wire.region,
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    };
    clients = { cloudwatch: new CloudWatchClient(options), events: new EventBridgeClient(options) };
  });

  afterAll(async () => {
    clients.cloudwatch.destroy();
    clients.events.destroy();
    await wire.stop();
  });

  describeMetrics("the world over HTTP with the SDK", {
    world: freshWorld,
    clients: async (world) => {
      current = world;
      return clients;
    },
  });
});

describe("answers of GetMetricData that the world does not give", () => {
  const query = (id: string): MetricQuery => ({
    id,
    source: { provider: "cloudwatch", namespace: "N", metricName: "M", dimensions: {}, statistic: "Sum" },
    periodMs: minutes(1),
  });
  const window = { from: epochMs(0), until: epochMs(120_000) };
  const result = (id: string, minute: number, status = "Complete") => ({
    Id: id,
    Timestamps: [new Date(minute * 60_000)],
    Values: [minute],
    StatusCode: status,
  });
  const read = (...pages: readonly object[]) => {
    let page = -1;
    const send = async () => {
      page += 1;
      return { ...pages[page], ...(page < pages.length - 1 && { NextToken: String(page) }) };
    };
    return createCloudWatchReader({ client: { send }, pace: unpaced }).read([query("a"), query("b")], window);
  };

  it("reads to the last page; there the status counts", async () => {
    const first = { MetricDataResults: [result("q0", 0, "PartialData"), result("q1", 0, "PartialData")] };
    const last = { MetricDataResults: [result("q0", 1), result("q1", 1, "PartialData")] };
    expect(await read(first, last)).toEqual([
      {
        id: "a",
        points: [
          [0, 0],
          [60_000, 1],
        ],
      },
      {
        id: "b",
        points: [
          [0, 0],
          [60_000, 1],
        ],
        problem: "CloudWatch answered PartialData",
      },
    ]);
  });

  it.each(["InternalError", "Forbidden", "SomethingNew"])("%s is a problem", async (status) => {
    const [a, b] = await read({ MetricDataResults: [result("q0", 0, status)] });
    expect(a?.problem).toBe(`CloudWatch answered ${status}`);
    expect(b?.problem).toBe("CloudWatch left it out");
  });
});
