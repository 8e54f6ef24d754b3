// A known deviation: where a party does not do what the scenario expects, why, and who is right.

import type { Party } from "./scenario.ts";

export interface Deviation {
  readonly of: Party;
  /** `unknown`: AWS does not document it, and nobody here has seen it. Of ours, only `witness` is listed. */
  readonly right: "ours" | "witness" | "unknown";
  readonly reason: string;
  /** AWS's documentation of what is right; of `unknown`, where it should stand. */
  readonly source: string;
  /** By `scenario: step`, the differences as the run words them. */
  readonly at: Readonly<Record<string, readonly string[]>>;
}
