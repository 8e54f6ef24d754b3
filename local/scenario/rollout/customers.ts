// The shop's customers: a steady stream of real requests, counted by version and outcome, and told to CloudWatch in
// high resolution every second, as an application tells its own metrics (EMF) in an account.

import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import type { Load } from "../load/load.ts";
import { startLoad } from "../load/load.ts";
import type { Tick } from "../load/load-worker.ts";
import { SHOP } from "./shop.ts";

const METRICS_NAMESPACE = "Shop";

export interface Sums {
  readonly requests: number;
  /** Every answer but 200, connections that broke included. */
  readonly failed: number;
  /** Of them the ones that this version gave. */
  readonly byVersion: Readonly<Record<string, { readonly requests: number; readonly failed: number }>>;
}

export interface Customers {
  /** What was answered since they came. */
  sums(): Sums;
  /** Epoch milliseconds of the version's newest answer. */
  lastAnswerOf(version: number): number | undefined;
  readonly load: Load;
  leave(): Promise<void>;
}

export interface CustomersOptions {
  readonly door: { readonly address: string; readonly port: number };
  readonly requestsPerSecond: number;
  readonly endpoint: string;
  readonly region: string;
  readonly onError: (error: unknown) => void;
}

const CONNECTIONS = 24;

export function welcomeCustomers(options: CustomersOptions): Customers {
  const { door, requestsPerSecond, endpoint, region, onError } = options;
  const credentials = { accessKeyId: "shop", secretAccessKey: "shop" };
  const cloudWatch = new CloudWatchClient({ endpoint, region, credentials });
  const counts = new Map<string, { requests: number; failed: number }>();
  let lastAt: Tick["lastAt"] = {};
  const load = startLoad({
    host: door.address,
    port: door.port,
    connections: CONNECTIONS,
    requestsPerSecond,
    onTick: (tick) => {
      lastAt = tick.lastAt;
      const fresh = freshOf(tick);
      for (const [version, { requests, failed }] of fresh) {
        const sum = counts.get(version) ?? { requests: 0, failed: 0 };
        counts.set(version, { requests: sum.requests + requests, failed: sum.failed + failed });
      }
      tell(cloudWatch, tick.at, fresh).catch(onError);
    },
  });
  return {
    load,
    lastAnswerOf: (version) => lastAt[String(version)],
    sums: () => sumsOf(counts),
    leave: async () => {
      await load.stop();
      cloudWatch.destroy();
    },
  };
}

type Counts = ReadonlyMap<string, { readonly requests: number; readonly failed: number }>;

function freshOf({ counts }: Tick): Counts {
  const fresh = new Map<string, { requests: number; failed: number }>();
  for (const [label, count] of Object.entries(counts)) {
    const [version = "none", status] = label.split(" ");
    const sum = fresh.get(version) ?? { requests: 0, failed: 0 };
    fresh.set(version, {
      requests: sum.requests + count,
      failed: sum.failed + (status === "200" ? 0 : count),
    });
  }
  return fresh;
}

function sumsOf(counts: Counts): Sums {
  const all = [...counts.values()];
  return {
    requests: all.reduce((sum, { requests }) => sum + requests, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    byVersion: Object.fromEntries(counts),
  };
}

/** The image's tag is the version, and the task definition's revision is the same number. */
async function tell(cloudWatch: CloudWatchClient, at: number, fresh: Counts): Promise<void> {
  const data = [...fresh].flatMap(([version, { requests, failed }]) => {
    if (version === "none") return [];
    const common = {
      Dimensions: [{ Name: "TaskDefinition", Value: `${SHOP}:${version}` }],
      Timestamp: new Date(at),
      StorageResolution: 1,
      Unit: "Count" as const,
    };
    return [
      { ...common, MetricName: "Requests", Value: requests },
      { ...common, MetricName: "Failures", Value: failed },
    ];
  });
  if (data.length === 0) return;
  await cloudWatch.send(new PutMetricDataCommand({ Namespace: METRICS_NAMESPACE, MetricData: data }));
}
