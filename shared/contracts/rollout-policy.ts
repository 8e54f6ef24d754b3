// What a team says about rollouts of one service, as the store keeps it: checked by contracts/manifest.ts when
// it was written. Words and defaults follow Argo Rollouts where it has them.

import type { Key } from "../base/keys.ts";
import type { DurationMs } from "../base/time.ts";
import type { Mode } from "./policy.ts";

/** One step of a rollout. Weights are whole percents of production traffic on the new revision. */
export type RolloutStep =
  | { readonly kind: "setWeight"; readonly weight: number }
  /** Without a duration: until somebody promotes. */
  | { readonly kind: "pause"; readonly durationMs?: DurationMs }
  /** Holds the step until the analysis is sure, at least `durationMs`; inconclusive at the analysis deadline. */
  | { readonly kind: "analysis"; readonly durationMs?: DurationMs }
  /** Capacity of the new revision, percent of the desired count; only task sets can be partial. */
  | { readonly kind: "setScale"; readonly percent: number }
  /** Requests with this header go to the new revision, whatever the weight; without values: takes it away. */
  | { readonly kind: "headerRoute"; readonly header: string; readonly values: readonly string[] }
  /** Answers 200 `{"verdict": "pass" | "fail" | "wait", "reason": …}`; anything else is no answer and is asked again. */
  | { readonly kind: "webhook"; readonly url: string; readonly timeoutMs: DurationMs }
  /** Somebody else than the author must say yes. */
  | { readonly kind: "approve"; readonly expiresMs: DurationMs };

/** The risk-budgeted ramp: the next weight follows from what has been learnt. */
export interface AutoSteps {
  readonly kind: "auto";
  /** Expected failed requests put at risk between two looks at the metrics. */
  readonly riskBudget: number;
  /** The first weight, whole percent; it grows where traffic is too thin for it. */
  readonly firstWeight: number;
  /** The weight grows by the same factor each minute until the whole after so long; absent = only by what is learnt. */
  readonly soakMs?: DurationMs;
}

export type MetricProvider =
  | {
      readonly provider: "cloudwatch";
      readonly namespace: string;
      readonly metricName: string;
      /** Values may hold `{{placeholders}}`, see core/rollout/metrics.ts. */
      readonly dimensions: Readonly<Record<string, string>>;
      readonly statistic: string;
    }
  /** PromQL over one period; `{{period}}` stands for its length in seconds. `region` = sign for the managed service. */
  | {
      readonly provider: "prometheus";
      readonly url: string;
      readonly query: string;
      readonly region?: string;
    }
  /** GET; answers `{"points": [[epochSeconds, value], …]}`. */
  | { readonly provider: "webhook"; readonly url: string };

/** A metric of counts on both sides: bad ones out of all. */
export interface MetricPolicy {
  readonly name: string;
  /** Seconds of one bin: 60, or 10 where the metric is high resolution. */
  readonly periodMs: DurationMs;
  /** Requests, jobs, messages. `{{side}}`, `{{target_group}}`, `{{revision}}`, `{{load_balancer}}` differ per side. */
  readonly total: MetricProvider;
  readonly bad: MetricProvider;
  /** Looked at and told, but never decides. */
  readonly dryRun: boolean;
}

export type OnUnsure = "hold" | "continue" | "rollback";

export interface AnalysisPolicy {
  /** Probability of rolling back a version that is no worse, over all metrics and looks. 0 < alpha < 1. */
  readonly alpha: number;
  /** Probability of promoting early a version that is worse than `badRatio`. */
  readonly beta: number;
  /** A version may fail this many times as often as the old one: no reason to go back. */
  readonly maxRatio: number;
  /** A version that fails this many times as often must not be promoted early. */
  readonly badRatio: number;
  /** Requests of the new revision before an early promotion. */
  readonly minRequests: number;
  /** Hard bound beside the comparison: so large a share of bad requests rolls back at once. */
  readonly maxErrorRate: number;
  /** So small an excess share of bad requests is none: at thin traffic a ratio can never be settled. */
  readonly negligibleExcess?: number;
  /** The service level objective's share of bad requests, for the absolute guard; absent = no guard. */
  readonly sloErrorRate?: number;
  /** `default` = errors and slow requests of the target groups, discovered from the service. */
  readonly metrics: "default" | readonly MetricPolicy[];
  /** 60 s: what the load balancer publishes. */
  readonly periodMs: DurationMs;
  /** Metrics older than this decide nothing. */
  readonly freshnessMs: DurationMs;
  /** An analysis that is not sure by then is inconclusive. */
  readonly deadlineMs: DurationMs;
  readonly onFailure: "rollback" | "hold";
  readonly onInconclusive: OnUnsure;
  readonly onNoTraffic: OnUnsure;
}

/** As Argo CD's sync windows: deny wins over allow; where an allow window exists, outside of all is denied. */
export interface FreezeWindow {
  readonly kind: "deny" | "allow";
  /** Cron expression of the window's starts, five fields. */
  readonly schedule: string;
  readonly durationMs: DurationMs;
  /** IANA name. */
  readonly timeZone: string;
  /** A rollout that is under way when the freeze begins: goes on, holds where it is, or goes back. */
  readonly overrun: "finish" | "hold" | "rollback";
}

export interface RolloutGroup {
  readonly name: string;
  /** Every member's key, this one's included. */
  readonly members: readonly Key[];
  /** No member takes a step before all members have finished the one before. */
  readonly lockstep: boolean;
}

export type NotifiedEvent =
  | "started"
  | "step"
  | "awaiting"
  | "held"
  | "promoted"
  | "rolled-back"
  | "needs-operator";

export interface Notification {
  readonly on: readonly NotifiedEvent[];
  /** `events`: an EventBridge event of source `fairlead`; else an https URL that takes `{"text": …}` (Slack and its like). */
  readonly to: string;
}

export interface RolloutPolicy {
  readonly mode: Mode;
  readonly steps: AutoSteps | readonly RolloutStep[];
  /** `rule`: Fairlead writes the listener rule's weights; `strategy`: ECS alone does, in equal steps. */
  readonly weights: "rule" | "strategy";
  /** Percent that the new revision gets at most before it is promoted. */
  readonly maxWeight: number;
  /** Percent that stays on the old revision until the verdict. */
  readonly controlShare: number;
  readonly progressDeadlineMs: DurationMs;
  readonly onDeadline: "rollback" | "hold";
  /** A start towards one of so many last good revisions skips the steps. */
  readonly rollbackWindow: number;
  /** The old revision keeps its tasks so long after it has no traffic. */
  readonly scaleDownDelayMs: DurationMs;
  /** Slices in which an old task set goes away: 1 = at once. */
  readonly drainSlices: number;
  /** Also gives the old version fresh tasks beside the new one, to compare like with like (task sets only). */
  readonly baseline: boolean;
  /** A verdict is told on every deployment, nothing is touched. */
  readonly dryRun: boolean;
  readonly freeze: readonly FreezeWindow[];
  readonly group?: RolloutGroup;
  readonly dependsOn: readonly Key[];
  /** A newer revision while one rolls out: takes over, waits for its turn, or is refused. */
  readonly onNewer: "supersede" | "queue" | "refuse";
  /** Weights that somebody else changed: hold and tell, or write ours again. */
  readonly onDrift: "hold" | "repair";
  readonly analysis: AnalysisPolicy;
  readonly notifications: readonly Notification[];
}
