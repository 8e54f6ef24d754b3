// Metrics, from whatever provider. A query that fails comes back with a `problem`; the call itself throws only
// when nothing at all could be read. Errors: AppError `throttled` | `transient` | `denied`.

import type { EpochMs } from "../base/time.ts";
import type { MetricQuery, Series } from "../contracts/metrics.ts";

export interface MetricWindow {
  readonly from: EpochMs;
  readonly until: EpochMs;
}

export interface MetricReader {
  /** CloudWatch: 500 queries a GetMetricData call, all of one window. A point that is missing is left out. */
  read(queries: readonly MetricQuery[], window: MetricWindow): Promise<readonly Series[]>;
}
