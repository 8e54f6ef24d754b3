// Structured log lines and counters. Fields are an allow-list by construction: only scalars, never a
// whole event or environment. One summary line for a batch, none for each event.

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** CloudWatch embedded metric format: counts by name, unit Count. */
  count(metrics: Readonly<Record<string, number>>): void;
}
