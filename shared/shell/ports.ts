// Everything a pass may touch, in one record: wired once for each function, and for simulation.

import type { Mode } from "../contracts/policy.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseStore } from "../ports/leases.ts";
import type { Log } from "../ports/log.ts";
import type { MetricReader } from "../ports/metrics.ts";
import type { Notifier, WebhookCaller } from "../ports/outbound.ts";
import type { DelayQueue, WorkQueue } from "../ports/queues.ts";
import type { RegistryReader, RegistryWriter } from "../ports/registry.ts";
import type { DeploymentReader, DeploymentWriter, TaskSetWriter } from "../ports/rollouts.ts";
import type { HistoryStore, StateStore } from "../ports/state-store.ts";
import type { HostReader, TaskReader, TaskStopper } from "../ports/tasks.ts";
import type { TrafficReader, TrafficWriter } from "../ports/traffic.ts";

export interface Settings {
  /** Names this installation in ownership marks. */
  readonly installation: string;
  /** What the installation may do at most. */
  readonly mode: Mode;
  /** Roles without any write permission on deployments and rules: rollouts are watched only. */
  readonly watchesRollouts?: boolean;
  /** Roles that may deploy and not write listener rules: ECS alone shifts the traffic. */
  readonly leavesWeights?: boolean;
}

export interface ReadPorts {
  readonly tasks: TaskReader;
  readonly hosts: HostReader;
  readonly registry: RegistryReader;
  readonly deployments: DeploymentReader;
  readonly traffic: TrafficReader;
  readonly metrics: MetricReader;
}

export interface ActPorts {
  readonly registry: RegistryWriter;
  readonly stopper: TaskStopper;
  readonly deployments: DeploymentWriter;
  readonly taskSets: TaskSetWriter;
  readonly traffic: TrafficWriter;
  readonly leases: LeaseStore;
  readonly notifier: Notifier;
  readonly webhooks: WebhookCaller;
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
