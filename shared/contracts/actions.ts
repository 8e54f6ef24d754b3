// Outward acts as data, and what became of them. An action's id is the same on every retry.

import type { Reason } from "../base/reasons.ts";

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
    };

/** What a capability wants done. The first proposal for a field owns it in this pass. */
export interface Proposal {
  readonly id: string;
  readonly capability: string;
  /** The thing that is written, e.g. `registry/srv-1/abc-80` or `desiredCount`: one owner per field. */
  readonly field: string;
  readonly action: Action;
  readonly reason: Reason;
}

export type Outcome =
  | { readonly kind: "done"; readonly operationId?: string }
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
