// What an event or a read tells us, free of AWS's envelope. Facts are hints with a version: a pass
// merges them into state, it never acts on one alone.

import type { EpochMs } from "../base/time.ts";
import type { Series, Subscription } from "./metrics.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html */
export const TASK_STATUSES = [
  "PROVISIONING",
  "PENDING",
  "ACTIVATING",
  "RUNNING",
  "DEACTIVATING",
  "STOPPING",
  "DEPROVISIONING",
  "STOPPED",
  "DELETED",
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];
export type TaskHealth = "HEALTHY" | "UNHEALTHY" | "UNKNOWN";

export interface PortBinding {
  readonly containerPort: number;
  readonly hostPort: number;
  readonly protocol: string;
}

export interface ContainerFact {
  readonly name: string;
  readonly image?: string;
  readonly digest?: string;
  readonly lastStatus: string;
  readonly health?: TaskHealth;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly bindings: readonly PortBinding[];
}

export interface InterfaceFact {
  readonly eniId?: string;
  readonly subnetId?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** A task as ECS describes it: from an event or from DescribeTasks, both carry `version`. */
export interface TaskFact {
  readonly kind: "task";
  readonly taskArn: string;
  readonly taskId: string;
  /** Rises with every change; duplicates share it. Merging keeps the highest. */
  readonly version: number;
  /** `service:NAME`, `family:NAME` or a RunTask caller's own group. */
  readonly group: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: string;
  readonly health: TaskHealth;
  /** FARGATE | EC2 | EXTERNAL | MANAGED_INSTANCES */
  readonly launchType: string;
  readonly capacityProvider?: string;
  readonly platformVersion?: string;
  readonly platformFamily?: string;
  readonly availabilityZone?: string;
  readonly containerInstanceArn?: string;
  /** Deployment id (`ecs-svc/…`), task set id or the RunTask caller's mark. */
  readonly startedBy?: string;
  readonly interfaces: readonly InterfaceFact[];
  readonly containers: readonly ContainerFact[];
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly startedAt?: EpochMs;
  /** Present only where the read asked for tags: events carry none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** When the event was sent or the read was made. */
  readonly at: EpochMs;
  readonly via: "event" | "describe";
}

/** The task is unknown to ECS (DescribeTasks answered MISSING): it stopped more than an hour ago or never was. */
export interface TaskGoneFact {
  readonly kind: "task-gone";
  readonly taskId: string;
  readonly at: EpochMs;
}

export interface ServiceActionFact {
  readonly kind: "service-action";
  readonly eventName: string;
  readonly level: string;
  readonly reason?: string;
  readonly at: EpochMs;
}

export interface DeploymentFact {
  readonly kind: "deployment";
  readonly eventName: string;
  readonly deploymentId: string;
  readonly level: string;
  readonly reason?: string;
  readonly at: EpochMs;
}

export interface HookFact {
  readonly kind: "hook";
  readonly eventName: string;
  readonly hookId: string;
  readonly hookType: string;
  readonly lifecycleStage: string;
  readonly serviceDeploymentArn: string;
  readonly expiresAt?: EpochMs;
  readonly at: EpochMs;
}

export interface InstanceFact {
  readonly kind: "instance";
  readonly containerInstanceArn: string;
  readonly version: number;
  /** ACTIVE | DRAINING | REGISTERING | DEREGISTERING | REGISTRATION_FAILED | INACTIVE */
  readonly status: string;
  readonly agentConnected: boolean;
  /** `i-…`, or `mi-…` on ECS Anywhere. */
  readonly ec2InstanceId?: string;
  readonly availabilityZone?: string;
  readonly instanceType?: string;
  readonly at: EpochMs;
}

export interface InstanceHealthFact {
  readonly kind: "instance-health";
  readonly containerInstanceArn: string;
  readonly overallStatus: string;
  readonly checks: readonly { readonly type: string; readonly status: string }[];
  readonly ec2InstanceId?: string;
  readonly at: EpochMs;
}

export interface DaemonFact {
  readonly kind: "daemon";
  readonly detailType: string;
  readonly eventName: string;
  readonly level: string;
  readonly containerInstanceArn?: string;
  readonly reason?: string;
  readonly at: EpochMs;
}

export interface AlarmFact {
  readonly kind: "alarm";
  readonly alarmArn: string;
  readonly alarmName: string;
  /** OK | ALARM | INSUFFICIENT_DATA */
  readonly state: string;
  readonly previousState?: string;
  readonly reason?: string;
  /** Composite alarms: WaitPeriod, ExtensionPeriod or Alarm; muted alarms: the mute rule's ARN. */
  readonly suppressedBy?: string;
  /** Alarm Contributor State Change: which contributor moved. */
  readonly contributor?: string;
  readonly at: EpochMs;
}

export interface ImageFact {
  readonly kind: "image";
  readonly repository: string;
  readonly action: string;
  readonly result: string;
  readonly digest: string;
  readonly tag?: string;
  readonly at: EpochMs;
}

/** AWS Health: Fargate patching retirement and other ECS notices. */
export interface HealthNoticeFact {
  readonly kind: "health-notice";
  readonly eventTypeCode: string;
  readonly category: string;
  readonly startsAt?: EpochMs;
  readonly endsAt?: EpochMs;
  readonly taskIds: readonly string[];
  readonly at: EpochMs;
}

export interface SpotFact {
  readonly kind: "spot";
  /** `interruption`: 2 minutes' notice; `rebalance`: a raised risk only. */
  readonly notice: "interruption" | "rebalance";
  readonly ec2InstanceId: string;
  readonly action?: string;
  readonly at: EpochMs;
}

/** A host of the key's tasks is leaving; sent by an instance's pass to the keys that run on it. */
export interface HostLeavingFact {
  readonly kind: "host-leaving";
  readonly containerInstanceArn: string;
  /** false: it is back (ACTIVE again). */
  readonly leaving: boolean;
  readonly cause: string;
  readonly at: EpochMs;
}

/** The feed's answer to a subscription: every complete bin since the last answer. */
export interface MetricsFact {
  readonly kind: "metrics";
  readonly rollout: string;
  readonly series: readonly Series[];
  readonly at: EpochMs;
}

/** To the feed: begin or renew, or end. */
export interface SubscriptionFact {
  readonly kind: "subscription";
  readonly subscription: Subscription | undefined;
  readonly ends?: { readonly key: string; readonly rollout: string };
  readonly at: EpochMs;
}

/** CloudTrail: somebody wrote a listener's or a rule's actions. Best effort, minutes late. */
export interface TrafficChangeFact {
  readonly kind: "traffic-change";
  readonly eventName: string;
  /** The rule's or the listener's ARN. */
  readonly resource: string;
  readonly by: string;
  readonly at: EpochMs;
}

/** Why a pass was asked for without news: a timer, the sweep's findings, an operator's command, another key's news. */
export interface WakeFact {
  readonly kind: "wake";
  readonly cause: "timer" | "resync" | "drift" | "policy" | "command" | "lost-work" | "peer";
  readonly at: EpochMs;
}

export type Fact =
  | TaskFact
  | TaskGoneFact
  | ServiceActionFact
  | DeploymentFact
  | HookFact
  | InstanceFact
  | InstanceHealthFact
  | DaemonFact
  | AlarmFact
  | ImageFact
  | HealthNoticeFact
  | SpotFact
  | HostLeavingFact
  | MetricsFact
  | SubscriptionFact
  | TrafficChangeFact
  | WakeFact;

export type FactKind = Fact["kind"];
