// Messages to people and to their programs: notifications and webhook steps.
// Errors: AppError `transient` | `denied` | `input` (an address that may not be called).

import type { DurationMs } from "../base/time.ts";

export type Detail = Readonly<Record<string, string | number>>;

export interface Notifier {
  /** `events`: PutEvents on the default bus, source `fairlead`; else POST `{"text": …}` to the https URL. */
  notify(to: string, event: string, detail: Detail): Promise<void>;
}

export interface WebhookCaller {
  /** POST; what it answered with 200, else undefined. */
  call(
    url: string,
    body: Detail,
    timeoutMs: DurationMs,
  ): Promise<{ readonly verdict: "pass" | "fail" | "wait"; readonly reason: string } | undefined>;
}
