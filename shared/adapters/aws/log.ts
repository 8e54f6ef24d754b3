// The log port as JSON lines on stdout, counters in CloudWatch's embedded metric format: no agent, no
// library. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

import type { Clock } from "../../ports/clock.ts";
import type { Log, LogFields } from "../../ports/log.ts";
import { systemClock } from "./clock.ts";

const METRIC_NAMESPACE = "Fairlead";
const METRIC_DIMENSION = "function";

/** CloudWatch takes at most 100 metrics in one line. */
const MAX_METRICS_PER_LINE = 100;

export interface LogOptions {
  /** The function's name: `ingest`, `reconcile`, … */
  readonly name: string;
  readonly clock: Clock;
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): Log {
  // Lambda takes each console line as one log event; this is the only use of console in the product.
  const write = options.write ?? ((line: string) => console.log(line));
  const line = (level: string) => (message: string, fields?: LogFields) => {
    const head = { level, function: options.name, message, time: new Date(options.clock.now()) };
    // Twice: the line's own names stand first and win.
    write(JSON.stringify({ ...head, ...fields, ...head }));
  };
  return {
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    count: (metrics) => {
      const names = Object.keys(metrics);
      for (let from = 0; from < names.length; from += MAX_METRICS_PER_LINE) {
        write(metricLine(options, names.slice(from, from + MAX_METRICS_PER_LINE), metrics));
      }
    },
  };
}

/** For what is played through and did not happen: the lines are made all the same. */
export const silentLog: Log = createLog({
  name: "rehearsal",
  clock: systemClock,
  write: () => undefined,
});

function metricLine(
  options: LogOptions,
  names: readonly string[],
  metrics: Readonly<Record<string, number>>,
): string {
  return JSON.stringify({
    _aws: {
      Timestamp: options.clock.now(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [[METRIC_DIMENSION]],
          Metrics: names.map((name) => ({ Name: name, Unit: "Count" })),
        },
      ],
    },
    [METRIC_DIMENSION]: options.name,
    ...Object.fromEntries(names.map((name) => [name, metrics[name]])),
  });
}
