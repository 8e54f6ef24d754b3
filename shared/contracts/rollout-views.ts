// What ECS and Elastic Load Balancing say about a service under change, free of AWS's shapes: read through
// ports/rollouts.ts and ports/traffic.ts, looked at by core/rollout.

import type { EpochMs } from "../base/time.ts";

export interface BalancerView {
  readonly targetGroupArn: string;
  readonly containerName: string;
  readonly containerPort: number;
  /** The second group, and who may write its rules: absent on services that were never set up for staged deployments. */
  readonly alternateTargetGroupArn?: string;
  readonly productionRuleArn?: string;
  readonly testRuleArn?: string;
  readonly roleArn?: string;
}

export interface HookSetting {
  readonly kind: "PAUSE" | "LAMBDA";
  readonly stages: readonly string[];
  readonly targetArn?: string;
}

export interface TaskSetView {
  readonly arn: string;
  readonly id: string;
  readonly externalId?: string;
  readonly taskDefinition: string;
  /** PRIMARY | ACTIVE | DRAINING */
  readonly status: string;
  /** Percent of the service's desired count. */
  readonly scale: number;
  readonly computedDesired: number;
  readonly running: number;
  readonly pending: number;
  /** STEADY_STATE | STABILIZING */
  readonly stability: string;
  readonly targetGroupArn?: string;
  readonly createdAt: EpochMs;
}

export interface ServiceView {
  readonly serviceArn: string;
  readonly clusterArn: string;
  readonly name: string;
  readonly status: string;
  /** ECS | CODE_DEPLOY | EXTERNAL */
  readonly controller: string;
  readonly isExpress: boolean;
  /** DAEMON | REPLICA */
  readonly scheduling: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  /** ROLLING | BLUE_GREEN | LINEAR | CANARY */
  readonly strategy: string;
  readonly hooks: readonly HookSetting[];
  readonly balancers: readonly BalancerView[];
  readonly currentDeploymentArn?: string;
  readonly currentRevisionArn?: string;
  readonly taskSets: readonly TaskSetView[];
  /** ECS refuses new tasks for a while: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html */
  readonly createdAt: EpochMs;
}

export interface RevisionCount {
  readonly arn: string;
  readonly requested: number;
  readonly running: number;
  readonly pending: number;
  /** Percent of production traffic that ECS asked for; absent where it does not move traffic. */
  readonly productionWeight?: number;
  readonly testWeight?: number;
}

export interface OpenHook {
  readonly hookId: string;
  readonly kind: "PAUSE" | "LAMBDA";
  /** IN_PROGRESS | AWAITING_ACTION | SUCCEEDED | FAILED | TIMED_OUT */
  readonly status: string;
  readonly expiresAt?: EpochMs;
  /** What ECS does then: CONTINUE | ROLLBACK, which is its default. */
  readonly timeoutAction?: string;
}

export interface DeploymentView {
  readonly arn: string;
  /** PENDING | IN_PROGRESS | SUCCESSFUL | STOPPED | STOP_REQUESTED | ROLLBACK_REQUESTED | ROLLBACK_IN_PROGRESS | ROLLBACK_SUCCESSFUL | ROLLBACK_FAILED */
  readonly status: string;
  readonly statusReason?: string;
  /** An open string: AWS adds stages. */
  readonly stage?: string;
  readonly strategy: string;
  /** CANARY's or LINEAR's percent. */
  readonly percent?: number;
  /** The one with the traffic first, then the one with more tasks. */
  readonly sources: readonly RevisionCount[];
  readonly target?: RevisionCount;
  readonly hooks: readonly OpenHook[];
  readonly alarmStatus?: string;
  readonly triggeredAlarms: readonly string[];
  readonly rollbackReason?: string;
  readonly createdAt: EpochMs;
  readonly finishedAt?: EpochMs;
}

export interface RevisionView {
  readonly arn: string;
  readonly taskDefinition: string;
  readonly images: readonly {
    readonly container: string;
    readonly image: string;
    readonly digest?: string;
  }[];
  readonly targetGroupArns: readonly string[];
  readonly createdAt: EpochMs;
}

/** A listener rule, or a listener's default action under the listener's own ARN. */
export interface RuleView {
  readonly arn: string;
  readonly listenerArn: string;
  /** Dimension `LoadBalancer` of its metrics: `app/name/id`. */
  readonly loadBalancer: string;
  /** As they stand, 0-999; a group that is not named has 0. */
  readonly weights: Readonly<Record<string, number>>;
  readonly sticky: boolean;
  /** Actions beside the forward one (authentication); they are kept. */
  readonly otherActions: readonly string[];
}

export interface GroupHealth {
  readonly targetGroupArn: string;
  readonly healthy: number;
  readonly unhealthy: number;
  /** initial, draining, unused, unavailable. */
  readonly other: number;
}
