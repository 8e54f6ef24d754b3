// CloudWatch as one piece: metrics in, metric data out, alarms over them.

import type { GetMetricDataInput, PutMetricDataInput } from "@aws-sdk/client-cloudwatch";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Kernel, Operations } from "../kernel.ts";
import type { AlarmState } from "./alarm-rule.ts";
import { createAlarms } from "./alarms.ts";
import { createMetricStore } from "./metrics.ts";
import { getMetricData } from "./queries.ts";

export interface PublishedValue {
  /** May be one of AWS's own (`AWS/ECS`), which PutMetricData refuses. */
  readonly namespace: string;
  readonly name: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly value?: number;
  /** Instead of one value: several, each as often as `counts` says (once when left out). */
  readonly values?: readonly number[];
  readonly counts?: readonly number[];
  /** Now when left out; the past for late data. */
  readonly at?: EpochMs;
  /** 1 = high resolution. */
  readonly resolutionSeconds?: 1 | 60;
}

export interface CloudWatch {
  readonly operations: Operations;
  publish(value: PublishedValue): void;
  alarmState(name: string): AlarmState | undefined;
}

export function createCloudWatch(kernel: Kernel): CloudWatch {
  const store = createMetricStore(() => kernel.now());
  const alarms = createAlarms(kernel, store);
  return {
    operations: {
      PutMetricData: (input: PutMetricDataInput) => {
        store.put(input);
        return {};
      },
      GetMetricData: (input: GetMetricDataInput) => getMetricData(store, input),
      ...alarms.operations,
    },
    publish: (value) => {
      const dimensions = Object.entries(value.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value }));
      store.add(
        { namespace: value.namespace, name: value.name, dimensions },
        {
          MetricName: value.name,
          ...(value.value !== undefined && { Value: value.value }),
          ...(value.values !== undefined && { Values: [...value.values] }),
          ...(value.counts !== undefined && { Counts: [...value.counts] }),
          Timestamp: new Date(value.at ?? kernel.now()),
          StorageResolution: value.resolutionSeconds ?? 60,
        },
      );
    },
    alarmState: alarms.stateOf,
  };
}
