// Everything the sweep may touch, and what it counts: it reads, rings and redrives, it never acts.

import type { Clock } from "../ports/clock.ts";
import type { FleetStore, SweepMemory, TimerIndex } from "../ports/fleet-store.ts";
import type { Log } from "../ports/log.ts";
import type { DeadLetters, DelayQueue, WorkQueue } from "../ports/queues.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { ReadPorts } from "./ports.ts";

export interface SweepPorts {
  readonly fleet: FleetStore;
  readonly timers: TimerIndex;
  readonly memory: SweepMemory;
  readonly store: StateStore;
  readonly work: WorkQueue;
  readonly delay: DelayQueue;
  readonly deadLetters: DeadLetters;
  readonly read: Pick<ReadPorts, "tasks" | "registry">;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SweepSummary {
  readonly overdue: number;
  readonly preSent: number;
  readonly redriven: number;
  readonly parked: number;
  readonly keysChecked: number;
  readonly keysRung: number;
}
