// The table, as a pass sees it. Errors: AppError `throttled` | `transient` | `denied` | `defect` (an item
// that does not decode). Every method may be repeated.

import type { Key } from "../base/keys.ts";
import type { Aggregate, DecisionRecord, KeyState } from "../contracts/aggregate.ts";
import type { Command, Control } from "../contracts/policy.ts";

export interface StateStore {
  /** One strongly consistent Query: policy, commands, state. A key never seen has version 0. */
  load(key: Key): Promise<Aggregate>;
  /**
   * One conditional UpdateItem: succeeds only while the stored version is `expectedVersion`; `next.version`
   * must be `expectedVersion + 1`. `conflict` = another worker committed first; nothing was written.
   */
  commit(key: Key, expectedVersion: number, next: KeyState): Promise<"committed" | "conflict">;
  /** The operator's words, read again before every outward act: the switches and the key's commands. */
  readOrders(key: Key): Promise<{ readonly control: Control; readonly commands: readonly Command[] }>;
  /** Adds 1 to the failures of a key whose pass threw, so that a crash loop is seen. Returns the count. */
  countFailure(key: Key): Promise<number>;
  /** Sets `control.slowUntil` if later than the stored one: a throttle slows every worker down. */
  slowDown(until: number): Promise<void>;
}

export interface HistoryStore {
  /** Unconditional and idempotent: the record's key, time, version and capability name the item. */
  append(records: readonly DecisionRecord[]): Promise<void>;
  /** Newest first. */
  recent(key: Key, limit: number): Promise<readonly DecisionRecord[]>;
}
