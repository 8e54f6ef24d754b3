// Service deployments as records: one attempt of the ECS controller to bring a service to a revision.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html

import type {
  DeploymentConfiguration,
  DeploymentLifecycleHook,
  DeploymentLifecycleHookStatus,
  ServiceDeploymentRollbackMonitorsStatus,
  ServiceDeploymentStatus,
  ServiceRevisionSummary,
} from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../../../shared/base/time.ts";
import type { DeploymentRecord, TaskRecord } from "../model.ts";
import type { Ordered } from "../roster.ts";
import type { Step } from "./plan.ts";

/** One execution of a hook at a stage. */
export interface HookRecord {
  readonly hookId: string;
  readonly executionId: string;
  readonly hook: DeploymentLifecycleHook;
  readonly stage: Step["stage"];
  readonly expiresAt: EpochMs;
  status: DeploymentLifecycleHookStatus;
  /** What the function handed to its next call. */
  details: Readonly<Record<string, unknown>>;
  /** Why it failed, as `statusReason` words it. */
  failure: string | undefined;
  cancelCall: (() => void) | undefined;
}

export interface RollbackRecord {
  readonly reason: string;
  readonly startedAt: EpochMs;
  readonly revision: DeploymentRecord;
}

export interface MonitorRecord {
  status: ServiceDeploymentRollbackMonitorsStatus;
}

/** The share of traffic that goes to the target revision, in percent; the base has the rest. */
export interface TrafficShares {
  production: number;
  test: number;
}

export interface ServiceDeploymentRecord extends Ordered {
  readonly id: string;
  readonly arn: string;
  /** As it was when the deployment began; later changes of the service count for the next one. */
  readonly configuration: DeploymentConfiguration;
  readonly target: DeploymentRecord;
  /** Revisions that had tasks when it began. */
  readonly sources: readonly DeploymentRecord[];
  /** The revision that traffic stays on until it shifts, and goes back to. */
  readonly base: DeploymentRecord | undefined;
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  startedAt: EpochMs | undefined;
  finishedAt: EpochMs | undefined;
  stoppedAt: EpochMs | undefined;
  status: ServiceDeploymentStatus;
  statusReason: string | undefined;
  steps: readonly Step[];
  position: number;
  stepSince: EpochMs;
  hooks: HookRecord[];
  readonly traffic: TrafficShares;
  /** An earlier deployment left two revisions with traffic, and this one has not brought it together yet. */
  inheritsSplit: boolean;
  rollback: RollbackRecord | undefined;
  readonly breaker: MonitorRecord & { failures: number; readonly healthy: WeakSet<TaskRecord> };
  readonly alarms: MonitorRecord & { triggered: readonly string[]; nextPollAt: EpochMs };
  /** What the scheduler's last look found: nothing left to do. */
  steady: boolean;
  /** What is wrong with the load balancers. */
  networkFault: string | undefined;
  /** The task counts when it ended; live counts until then. */
  finalCounts: readonly ServiceRevisionSummary[] | undefined;
  cancelWake: (() => void) | undefined;
}

const ENDED: ReadonlySet<ServiceDeploymentStatus> = new Set<ServiceDeploymentStatus>([
  "SUCCESSFUL",
  "STOPPED",
  "ROLLBACK_SUCCESSFUL",
  "ROLLBACK_FAILED",
]);

export const hasEnded = (record: ServiceDeploymentRecord): boolean => ENDED.has(record.status);

/** BLUE_GREEN, LINEAR and CANARY run two revisions side by side; ROLLING replaces tasks in place. */
export const isStaged = (configuration: DeploymentConfiguration): boolean =>
  (configuration.strategy ?? "ROLLING") !== "ROLLING";
