// Outward acts as data, and what became of them. An action's id is the same on every retry.

import type { Key } from "../base/keys.ts";
import type { Reason } from "../base/reasons.ts";
import type { DurationMs } from "../base/time.ts";
import type { Subscription } from "./metrics.ts";
import type { DeploymentOrder, TaskSetOrder } from "./rollout-orders.ts";

export type Action =
  | {
      readonly type: "register-instance";
      /** Cloud Map service id, or its ARN when another account owns the namespace. */
      readonly registry: string;
      readonly instanceId: string;
      readonly attributes: Readonly<Record<string, string>>;
      /** CreatorRequestId, at most 64 characters: makes a repeated register run once. */
      readonly requestId: string;
    }
  | { readonly type: "deregister-instance"; readonly registry: string; readonly instanceId: string }
  | {
      readonly type: "set-instance-health";
      readonly registry: string;
      readonly instanceId: string;
      readonly health: "HEALTHY" | "UNHEALTHY";
    }
  | {
      readonly type: "stop-task";
      readonly clusterArn: string;
      readonly taskArn: string;
      /** Shown by ECS as the task's stoppedReason. */
      readonly note: string;
    }
  | RolloutAction;

/** Everything that a rollout does to the outside. */
export type RolloutAction =
  | { readonly type: "start-deployment"; readonly order: DeploymentOrder }
  | {
      readonly type: "continue-deployment";
      readonly deploymentArn: string;
      readonly hookId: string;
      readonly answer: "CONTINUE" | "ROLLBACK";
    }
  | { readonly type: "stop-deployment"; readonly deploymentArn: string; readonly how: "ROLLBACK" | "ABORT" }
  | {
      readonly type: "set-weights";
      /** A listener rule, or a listener for its default action. */
      readonly rule: string;
      /** Whole percents by target group, sum 100. */
      readonly weights: Readonly<Record<string, number>>;
      /** As decide saw them: other weights there now mean that somebody else writes. Absent = whatever is there. */
      readonly expected?: Readonly<Record<string, number>>;
      /** A rollback ends stickiness, or clients stay on the group without traffic: it outranks weights. */
      readonly stickiness: "keep" | "off";
    }
  | { readonly type: "create-task-set"; readonly order: TaskSetOrder }
  | { readonly type: "scale-task-set"; readonly taskSetArn: string; readonly percent: number }
  | { readonly type: "set-primary-task-set"; readonly taskSetArn: string }
  | { readonly type: "delete-task-set"; readonly taskSetArn: string }
  | {
      readonly type: "set-header-route";
      readonly listener: string;
      /** The rule of production: the new one goes before it. */
      readonly rule: string;
      readonly header: string;
      readonly values: readonly string[];
      readonly targetGroupArn: string;
      /** Marks the rule as this rollout's. */
      readonly rollout: string;
    }
  | { readonly type: "remove-header-routes"; readonly listener: string; readonly rollout: string }
  | { readonly type: "subscribe-metrics"; readonly subscription: Subscription }
  | { readonly type: "unsubscribe-metrics"; readonly key: Key; readonly rollout: string }
  /** Other members of the group have news. */
  | { readonly type: "ring-keys"; readonly keys: readonly Key[] }
  | {
      readonly type: "call-webhook";
      readonly url: string;
      readonly body: Readonly<Record<string, string | number>>;
      readonly timeoutMs: DurationMs;
    }
  | {
      readonly type: "notify";
      /** `events` or an https URL. */
      readonly to: string;
      readonly event: string;
      readonly detail: Readonly<Record<string, string | number>>;
    };

/** What a capability wants done. The first proposal for a field owns it in this pass. */
export interface Proposal {
  readonly id: string;
  readonly capability: string;
  /** The thing that is written, e.g. `registry/srv-1/abc-80` or `desiredCount`: one owner per field. */
  readonly field: string;
  readonly action: Action;
  readonly reason: Reason;
  /** Leads back to the last good state: done also while the key is paused, and an abort never stops it. */
  readonly rollback?: true;
  /** Carries out an operator's own order: waits for no approval. */
  readonly ordered?: true;
}

export type Outcome =
  | {
      readonly kind: "done";
      readonly operationId?: string;
      /** What the call answered: a new deployment's or task set's ARN, a webhook's verdict. */
      readonly answer?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "failed";
      /** An ErrorCode, or the name AWS gave. */
      readonly code: string;
      readonly message: string;
      readonly retry: boolean;
      /** Cloud Map's DuplicateRequest names the operation that is already running. */
      readonly operationId?: string;
    }
  /** A time-out or a crash: the effect may or may not have happened. */
  | { readonly kind: "unknown" }
  /** Not tried: kill switch, a throttle in the same pass, or the time budget. */
  | { readonly kind: "postponed"; readonly code: string };

export interface Settled {
  readonly proposal: Proposal;
  readonly outcome: Outcome;
}
