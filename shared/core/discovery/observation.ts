// What one pass sees: tasks with the addresses of their hosts, and what was read from the registries.
// A part that could not be read is absent, and deciding treats absent as unknown, never as empty.

import type { EpochMs } from "../../base/time.ts";
import type { HostRecord } from "../../contracts/aggregate.ts";
import type { TaskFact } from "../../contracts/facts.ts";
import type { OperationStatus, RegistryInstance, RegistrySettings } from "../../contracts/registry.ts";

export interface TaskView {
  readonly fact: TaskFact;
  /** The container instance's addresses: needed by bridge, host and nat modes. */
  readonly host?: HostRecord;
  readonly publicIp?: string;
}

export interface RegistryView {
  /** Absent when GetService failed; `problem` says why. */
  readonly settings?: RegistrySettings;
  /** Every instance, when this pass listed them. */
  readonly listing?: readonly RegistryInstance[];
  /** InstancesRevision, read before the listing. */
  readonly revision?: number;
  readonly problem?: { readonly code: string; readonly message: string };
}

export interface StopRequest {
  readonly taskId: string;
  readonly at: EpochMs;
  readonly by: string;
}

export interface DiscoveryObservation {
  readonly tasks: Readonly<Record<string, TaskView>>;
  readonly registries: Readonly<Record<string, RegistryView>>;
  /** By operation id: those that the state waits for. */
  readonly operations: Readonly<Record<string, OperationStatus>>;
  readonly stops: readonly StopRequest[];
  /** Container instances whose status changed: true = leaving, false = back. */
  readonly hosts: Readonly<Record<string, boolean>>;
  /** Names our installation in the ownership mark. */
  readonly installation: string;
}
