// One writer for what several keys may want to write: a listener. Held for seconds; a lease that its owner
// forgot ends by itself.

import type { DurationMs, EpochMs } from "../base/time.ts";

export interface Lease {
  readonly name: string;
  readonly owner: string;
}

export interface LeaseStore {
  /** One conditional UpdateItem. false = somebody else holds it. The same owner takes it again. */
  take(lease: Lease, until: { readonly now: EpochMs; readonly forMs: DurationMs }): Promise<boolean>;
  /** Only the owner's own; anything else is left. */
  release(lease: Lease): Promise<void>;
}
