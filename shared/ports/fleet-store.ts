// The table, as the sweep, the CLI and `apply` see it: across keys.

import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import type { Json } from "../contracts/aggregate.ts";
import type { Command, Control, ServicePolicy } from "../contracts/policy.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; undefined on the last page. */
  readonly next: string | undefined;
}

export interface FleetStore {
  /** Keys with a policy, in a stable order. */
  managedKeys(page: { readonly limit: number; readonly after?: string }): Promise<Page<Key>>;
  putPolicy(key: Key, policy: ServicePolicy | undefined): Promise<void>;
  /** Appends; a pass consumes. Never waits for a queue. */
  putCommand(key: Key, command: Command): Promise<void>;
  /** Removes consumed commands. */
  dropCommands(key: Key, commands: readonly Command[]): Promise<void>;
  control(): Promise<Control>;
  setKillSwitch(on: boolean): Promise<void>;
}

/** Timer rows: the sparse index over `wakeAt`. */
export interface TimerIndex {
  /** Keys due at or before the instant, oldest first, from every shard. */
  due(before: EpochMs, limit: number): Promise<readonly { readonly key: Key; readonly wakeAt: EpochMs }[]>;
}

/** The sweep's own memory, so that its work is spread over invocations. */
export interface SweepMemory {
  read(): Promise<{ readonly version: number; readonly memory: Json }>;
  /** Conditional on `version`: two overlapping sweeps never both advance. */
  write(version: number, memory: Json): Promise<"committed" | "conflict">;
}
