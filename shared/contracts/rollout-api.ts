// What the API says about rollouts and takes as orders: read by the CLI and the console, written by
// shell/rollout-view.ts and functions/api. Plain JSON; instants are epoch milliseconds.

import type { Key } from "../base/keys.ts";
import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Mode, RolloutVerb } from "./policy.ts";

/** The one word for a service's rollouts, as Argo Rollouts' users know them, worst first where two would fit. */
export type RolloutStatus =
  /** Needs an operator, or the last rollout ended without a good version. */
  | "degraded"
  | "rolling-back"
  /** Decides to wait: a hold, a freeze, drift, a dependency. */
  | "held"
  /** Somebody said pause, or the step waits for somebody. */
  | "paused"
  | "awaiting-approval"
  | "progressing"
  /** Told about, never acted on: dry run, Express Mode, CodeDeploy. */
  | "watching"
  | "healthy"
  /** No pass has looked at it yet. */
  | "unseen";

export interface StepView {
  /** `setWeight 25`, `pause 10m`, as in the manifest. */
  readonly text: string;
  readonly state: "done" | "current" | "waiting";
}

export interface CountView {
  readonly desired: number;
  readonly running: number;
  /** Absent = nobody has told of any. ECS sends no event when a task becomes healthy: the next reading tells. */
  readonly healthy?: number;
}

export interface RolloutTaskView {
  readonly id: string;
  readonly status: string;
  readonly health: string;
  readonly startedAt?: EpochMs;
  readonly stoppedReason?: string;
}

/** A deployment of the service, or one of its task sets. */
export interface TaskGroupView {
  readonly kind: "task-set" | "deployment" | "tasks";
  /** Its id, as ECS writes it into a task's `startedBy`. */
  readonly name: string;
  readonly counts: CountView;
  readonly tasks: readonly RolloutTaskView[];
}

export interface RevisionNode {
  /** `family:revision` */
  readonly name: string;
  readonly role: "candidate" | "stable" | "baseline" | "other";
  readonly images: readonly string[];
  /** Percent of production that it was given; absent = unknown. */
  readonly weight?: number;
  readonly counts: CountView;
  readonly groups: readonly TaskGroupView[];
}

export interface MetricLine {
  readonly name: string;
  readonly kind: "bad" | "good" | "pending";
  readonly candidate: { readonly total: number; readonly bad: number };
  readonly control: { readonly total: number; readonly bad: number };
  /** Evidence that it is worse and that it is not; each decides at its `needed`. */
  readonly eBad: number;
  readonly eGood: number;
  readonly needed: number;
  readonly phi: number;
  /** Upper bound of the candidate's excess share of bad requests. */
  readonly excessBound?: number;
}

export interface AnalysisView {
  readonly kind: string;
  readonly text: string;
  readonly by?: string;
  readonly since?: EpochMs;
  readonly at?: EpochMs;
  readonly failed: number;
  readonly leastFailed?: number;
  readonly requestsPerSecond: number;
  readonly problem?: string;
  readonly metrics: readonly MetricLine[];
}

export interface CountdownView {
  /** What happens then: `next step`, `approval expires`, `deadline`, … */
  readonly what: string;
  readonly at: EpochMs;
}

export interface OrderView {
  readonly decision: string;
  readonly verb: RolloutVerb;
  readonly by: string;
  readonly at: EpochMs;
}

/** An order that a pass has heard, and what came of it. */
export interface AnsweredView extends OrderView {
  readonly outcome: "done" | "refused";
  /** One sentence. */
  readonly text: string;
  /** The rollout that it is about, or that it began. */
  readonly rollout?: string;
  /** Where that rollout stands: its phase, or how it ended. Absent = nobody knows it any more. */
  readonly became?: string;
}

/** The rollout under way. */
export interface ActiveRolloutView {
  readonly id: string;
  readonly phase: string;
  readonly driver: string;
  readonly author: string;
  readonly startedAt: EpochMs;
  readonly target: string;
  readonly source: string;
  readonly targetImages: readonly string[];
  readonly sourceImages: readonly string[];
  /** Steps done. */
  readonly step: number;
  readonly stepSince: EpochMs;
  readonly steps: readonly StepView[];
  /** The ramp: it adds a step whenever the analysis lets the weight grow. */
  readonly isAuto: boolean;
  readonly setWeight: number;
  /** What the new revision really gets; absent = nothing tells yet. */
  readonly actualWeight?: { readonly percent: number; readonly from: "requests" | "listener" };
  /** Percent of the capacity that was asked for. */
  readonly setScale: number;
  readonly deploymentArn?: string;
  /** Why it needs no verdict, in one sentence. */
  readonly waived?: string;
  readonly approvals: readonly { readonly step: number; readonly by: string; readonly decision: string }[];
}

export interface PastRolloutView {
  readonly id: string;
  readonly outcome: string;
  readonly driver: string;
  readonly author: string;
  readonly target: string;
  readonly source: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly step: number;
  readonly steps: number;
  readonly weight: number;
  readonly reason: string;
  readonly verdict?: string;
}

/** GET /rollouts/{key} */
export interface RolloutView {
  readonly key: Key;
  readonly at: EpochMs;
  readonly mode: Mode;
  readonly status: RolloutStatus;
  /** One sentence: why it stands where it stands. */
  readonly message: string;
  /** `auto`, or the kinds of its steps. */
  readonly strategy: string;
  readonly rollout?: ActiveRolloutView;
  readonly counts: CountView;
  readonly revisions: readonly RevisionNode[];
  readonly analysis?: AnalysisView;
  /** Nearest first. */
  readonly countdowns: readonly CountdownView[];
  readonly reasons: readonly Reason[];
  /** A start that waits for its turn. */
  readonly wanted?: {
    readonly taskDefinition: string;
    readonly by: string;
    readonly at: EpochMs;
    readonly decision: string;
    readonly why?: string;
  };
  /** Set by the API: nothing is acted on at all. */
  readonly killSwitch?: boolean;
  /** Given and not heard yet. */
  readonly orders: readonly OrderView[];
  /** The last ones that were heard, newest first. */
  readonly answered: readonly AnsweredView[];
  /** Proposals that are only shown, or wait for an approval of the key. */
  readonly awaiting: readonly { readonly id: string; readonly text: string }[];
  readonly past: readonly PastRolloutView[];
}

/** One line of GET /rollouts. */
export interface RolloutSummary {
  readonly key: Key;
  readonly mode: Mode;
  readonly status: RolloutStatus;
  readonly strategy: string;
  readonly message: string;
  readonly rollout?: string;
  readonly target?: string;
  readonly step?: number;
  readonly steps?: number;
  readonly setWeight?: number;
  readonly startedAt?: EpochMs;
  /** The last one that ended. */
  readonly outcome?: string;
  readonly endedAt?: EpochMs;
}

export interface RolloutList {
  readonly at: EpochMs;
  /** Nothing is acted on at all. */
  readonly killSwitch: boolean;
  readonly rollouts: readonly RolloutSummary[];
  /** `?after=` of the next page. */
  readonly next?: string;
}

/** GET /rollouts/{key}/history */
export interface RolloutHistory {
  readonly key: Key;
  readonly at: EpochMs;
  readonly past: readonly PastRolloutView[];
  readonly answered: readonly AnsweredView[];
  readonly decisions: readonly {
    readonly at: EpochMs;
    readonly version: number;
    readonly mode: Mode;
    readonly reasons: readonly Reason[];
    readonly acts: readonly { readonly what: string; readonly outcome: string; readonly why: string }[];
  }[];
}

/** Body of POST /rollouts/{key}/{verb}. What is named must be what is there, else the order is void. */
export interface OrderRequest {
  readonly rollout?: string;
  readonly step?: number;
  readonly revision?: string;
  /** start, undo: `family:revision` or an ARN. */
  readonly taskDefinition?: string;
}

/** 202: durable in the table, the key was rung. */
export interface OrderAnswer {
  /** `d-` and twelve hex digits; reasons and history name it. */
  readonly decision: string;
  readonly key: Key;
  readonly verb: RolloutVerb;
  readonly by: string;
  readonly rollout?: string;
  readonly step?: number;
  readonly taskDefinition?: string;
  /** One sentence: what happens next. */
  readonly next: string;
}

/** Every answer that is not 2xx. */
export interface ApiProblem {
  /** Stable and searchable. */
  readonly error: string;
  readonly message: string;
  readonly remedy?: string;
}
