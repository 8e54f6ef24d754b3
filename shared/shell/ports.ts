// Everything a pass may touch, in one record: wired once for each function, and for simulation.

import type { Mode } from "../contracts/policy.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { DelayQueue, WorkQueue } from "../ports/queues.ts";
import type { RegistryReader, RegistryWriter } from "../ports/registry.ts";
import type { HistoryStore, StateStore } from "../ports/state-store.ts";
import type { HostReader, TaskReader, TaskStopper } from "../ports/tasks.ts";

export interface Settings {
  /** Names this installation in ownership marks. */
  readonly installation: string;
  /** What the installation may do at most. */
  readonly mode: Mode;
}

export interface ReadPorts {
  readonly tasks: TaskReader;
  readonly hosts: HostReader;
  readonly registry: RegistryReader;
}

export interface ActPorts {
  readonly registry: RegistryWriter;
  readonly stopper: TaskStopper;
}

export interface PassPorts {
  readonly store: StateStore;
  readonly history: HistoryStore;
  readonly work: WorkQueue;
  readonly delay: DelayQueue;
  readonly read: ReadPorts;
  readonly act: ActPorts;
  readonly clock: Clock;
  /** Lets a burst gather before the next pass of a key. */
  readonly wait: (ms: number) => Promise<void>;
  readonly log: Log;
  readonly settings: Settings;
}
