// What a load balancer counts, and how it reaches CloudWatch: added up in memory for a minute, published
// after its end. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

import type { DurationMs, EpochMs } from "../../../shared/base/time.ts";
import { addMs, epochMs } from "../../../shared/base/time.ts";
import type { PublishedValue } from "../cloudwatch/cloudwatch.ts";
import type { Kernel } from "../kernel.ts";

/** Metrics are in 60-second periods (same page). */
export const PERIOD_MS = 60_000;

export const NAMESPACES = { application: "AWS/ApplicationELB", network: "AWS/NetworkELB" } as const;

interface Bucket {
  readonly start: number;
  readonly counts: Map<string, number>;
  /** Seconds, rounded, with how often each was seen. */
  readonly times: Map<number, number>;
  perTarget?: number;
}

export interface Meter {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
  bucket: Bucket | undefined;
  /** Of the group's: RequestCountPerTarget divides by it. */
  readonly targets?: () => number;
}

export type Publish = (value: PublishedValue) => void;

export interface Meters {
  count(meter: Meter, name: string): void;
  responseTime(meter: Meter, ms: number): void;
}

export function createMeters(kernel: Kernel, publish: Publish, lagMs: DurationMs): Meters {
  const send = (meter: Meter, bucket: Bucket): void => {
    const { namespace, dimensions } = meter;
    const at = epochMs(bucket.start);
    for (const [name, count] of bucket.counts)
      publish({ namespace, dimensions, name, at, values: [1], counts: [count] });
    if (bucket.perTarget !== undefined) {
      const { TargetGroup = "" } = dimensions;
      const name = "RequestCountPerTarget";
      for (const scope of [dimensions, { TargetGroup }])
        publish({ namespace, dimensions: scope, name, at, value: bucket.perTarget });
    }
    if (bucket.times.size === 0) return;
    const values = [...bucket.times.keys()];
    publish({
      namespace,
      dimensions,
      name: "TargetResponseTime",
      at,
      values,
      counts: [...bucket.times.values()],
    });
  };
  const close = (meter: Meter, bucket: Bucket): void => {
    if (meter.bucket === bucket) meter.bucket = undefined;
    const requests = bucket.counts.get("RequestCount");
    if (meter.targets !== undefined && requests !== undefined)
      bucket.perTarget = requests / Math.max(1, meter.targets());
    kernel.at(addMs(epochMs(bucket.start + PERIOD_MS), lagMs), () => send(meter, bucket));
  };
  const bucketOf = (meter: Meter): Bucket => {
    const now = kernel.now();
    const open = meter.bucket;
    if (open !== undefined && now < open.start + PERIOD_MS) return open;
    const bucket: Bucket = { start: minuteOf(now), counts: new Map(), times: new Map() };
    meter.bucket = bucket;
    kernel.at(epochMs(bucket.start + PERIOD_MS), () => close(meter, bucket));
    return bucket;
  };
  return {
    count: (meter, name) => {
      const { counts } = bucketOf(meter);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    responseTime: (meter, ms) => {
      const { times } = bucketOf(meter);
      const seconds = rounded(ms);
      times.set(seconds, (times.get(seconds) ?? 0) + 1);
    },
  };
}

export const minuteOf = (now: EpochMs): number => now - (now % PERIOD_MS);

/** To 0.1 ms below 10 ms, 1 ms below a second, else 10 ms: few enough different values for a minute's map. */
function rounded(ms: number): number {
  const perSecond = ms < 10 ? 10_000 : ms < 1_000 ? 1_000 : 100;
  return Math.round((ms * perSecond) / 1_000) / perSecond;
}
