// What a rollout remembers: a union on `phase`, plain JSON. Everything that an operator asks about stands in
// it: which step, which weight, what was learnt, who approved, why it holds or goes back.

import type { EpochMs } from "../../base/time.ts";
import type { RolloutAction } from "../../contracts/actions.ts";
import type { RolloutVerb } from "../../contracts/policy.ts";
import type { RolloutStep } from "../../contracts/rollout-policy.ts";
import type { AnalysisState, Verdict } from "./analysis/analysis.ts";

/** native: ECS deploys, PAUSE hooks give the pace. rolling: no pace, only analysis and a stop. watch: never acts. */
export type DriverName = "native" | "task-sets" | "rolling" | "watch";

export interface Revision {
  readonly taskDefinition: string;
  readonly revisionArn?: string;
  /** `container=image@digest`, for people. */
  readonly images: readonly string[];
}

/** Where the two revisions get their traffic and where their numbers are. */
export interface Places {
  readonly rule?: string;
  readonly listener?: string;
  readonly loadBalancer?: string;
  readonly stableGroup?: string;
  readonly candidateGroup?: string;
  readonly testRule?: string;
  /** A second group with the old version, as fresh as the new one: `policy.baseline`. */
  readonly baselineGroup?: string;
  /** They were looked for, also where there are none: a service without a load balancer. */
  readonly sought?: true;
  /** Further production rules, which only ECS can move together. */
  readonly otherRules?: readonly string[];
}

export interface TaskSetIds {
  readonly stable?: string;
  readonly candidate?: string;
  readonly baseline?: string;
}

export interface Approval {
  readonly step: number;
  readonly by: string;
  readonly at: EpochMs;
  readonly decision: string;
}

export interface Hold {
  readonly code: string;
  readonly text: string;
  readonly since: EpochMs;
}

/** The last refusal or unknown outcome: when the same act is tried again. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly tries: number;
  readonly nextTryAt: EpochMs;
}

export interface Rollout {
  /** `r-` and eight hex digits: equal however often the start is heard. */
  readonly id: string;
  readonly driver: DriverName;
  readonly author: string;
  readonly startedAt: EpochMs;
  readonly target: Revision;
  readonly source: Revision;
  readonly deploymentArn?: string;
  /** The service's deployment when the rollout was ordered: another one before ours is somebody else's. */
  readonly foundDeployment?: string;
  readonly taskSets: TaskSetIds;
  readonly places: Places;
  /** Presets and `auto` are written out as far as they are known; `auto` adds a step whenever it raises the weight. */
  readonly steps: readonly RolloutStep[];
  readonly isAuto: boolean;
  /** Index of the step under way; `steps.length` = all done. */
  readonly step: number;
  readonly stepSince: EpochMs;
  /** Percent of production on the new revision, as last set by us or told by ECS. */
  readonly weight: number;
  /** Weights as we last wrote or accepted them, by target group: anything else is drift. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Weights that were proposed last: found there after a crash or a time-out they are ours, not drift. */
  readonly asked?: Readonly<Record<string, number>>;
  /** The header route that was written, `header=values`; empty = taken away again. */
  readonly routed?: string;
  /** ECS did not take a StopServiceDeployment: the PAUSE hook is told to roll back instead. */
  readonly stopRefused?: true;
  /** Percent of capacity of the new revision that was asked for. */
  readonly scale: number;
  /** Traffic on the new revision since; the analysis' clock. */
  readonly trafficSince?: EpochMs;
  /** No traffic on what is to go since; the scale-down delay's clock. */
  readonly drainedSince?: EpochMs | undefined;
  /** The old task set goes, in slices, since. */
  readonly shrinkingSince?: EpochMs;
  readonly analysis: AnalysisState;
  readonly verdict?: Verdict;
  readonly approvals: readonly Approval[];
  readonly hold?: Hold;
  readonly paused?: { readonly by: string; readonly since: EpochMs };
  readonly trouble?: Trouble;
  /** ECS's last word on a deployment that is only watched, and whose verdict is still to come. */
  readonly over?: string;
  /** Why it goes back. */
  readonly cause?: Hold;
  /** The PAUSE hook that waits for us. */
  readonly openHook?:
    | { readonly id: string; readonly stage: string; readonly expiresAt?: EpochMs }
    | undefined;
  readonly webhook?: {
    readonly verdict: "pass" | "fail" | "wait";
    readonly reason: string;
    readonly at: EpochMs;
  };
  /** The feed's order stands until then. */
  readonly subscribedUntil?: EpochMs;
  /** Messages to the feed, to people or to peers that failed are sent again from then on. */
  readonly messagesAt?: EpochMs;
  /** Events that were already told. */
  readonly notified: readonly string[];
  /** The wish that the driver said was reached: a rollout that waits asks nobody. */
  readonly reached?: string;
  /** When the driver wants to look again; and when it last looked. */
  readonly lookAt?: EpochMs;
  readonly lookedAt?: EpochMs;
  /** The present wish stands since: the progress deadline's clock. */
  readonly movingSince?: EpochMs;
  /** The old revision's history was learnt, or could not be: it is read once. */
  readonly baselined?: boolean;
  /** Whose order, or which rule, lets it finish without a verdict. */
  readonly waived?: string;
  /** A step that an operator lets it take although the analysis knows too little. */
  readonly waivedStep?: number;
  /** Members of the group that were told where this rollout stands: `phase/step`. */
  readonly rung?: string;
}

export type Outcome = "promoted" | "rolled-back" | "superseded" | "failed" | "needs-operator" | "watched";

/** A rollout that is over, as `rollout history` shows it. Newest first. */
export interface PastRollout {
  readonly id: string;
  readonly outcome: Outcome;
  readonly driver: DriverName;
  readonly author: string;
  readonly target: Revision;
  readonly source: Revision;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly step: number;
  readonly steps: number;
  readonly weight: number;
  readonly reason: string;
  readonly verdict?: Verdict;
}

/** A start that waits: for its turn, a thaw, a dependency. */
export interface Wanted {
  readonly taskDefinition: string;
  readonly by: string;
  readonly at: EpochMs;
  readonly decision: string;
  readonly hold?: Hold;
}

/** What became of an order, for whoever asks by its decision id. */
export interface Answered {
  readonly decision: string;
  readonly verb: RolloutVerb;
  readonly by: string;
  readonly at: EpochMs;
  readonly outcome: "done" | "refused";
  readonly text: string;
  /** The rollout that it was about, or that it begins. */
  readonly rollout?: string;
}

interface Memory {
  /** Ids of commands that were carried out or refused, the newest last: never done twice. */
  readonly heard: readonly string[];
  /** What was answered to the last ones, the newest last. */
  readonly answered?: readonly Answered[];
  readonly past: readonly PastRollout[];
  readonly wanted?: Wanted;
  /** When the service's weights and deployment were last read without a rollout. */
  readonly checkedAt?: EpochMs;
  /** The deployment that the last look knew: a new one is somebody else's start. */
  readonly knownDeployment?: string;
  /** The production rule whose weights are guarded between rollouts: only services that ECS deploys in stages have one. */
  readonly guardedRule?: string;
  /** Weights between rollouts that point at the wrong group, or at nobody healthy. */
  readonly drift?: Hold;
  /** The feed tells of the guarded rule's changes until then. */
  readonly watchedUntil?: EpochMs;
  /** What a rollout that ended had still to say. */
  readonly untold?: readonly Untold[];
}

/** A last message: sent again until its outcome is known. */
export interface Untold {
  readonly id: string;
  readonly action: Extract<RolloutAction, { type: "notify" | "unsubscribe-metrics" | "ring-keys" }>;
}

export interface Idle extends Memory {
  readonly phase: "idle";
}

export interface Active extends Memory {
  /**
   * starting: the new revision was asked for. preparing: its tasks start. stepping: steps run. finishing: it
   * has everything, the old one waits to go. aborting: back to the old one. stuck: needs an operator.
   */
  readonly phase: "starting" | "preparing" | "stepping" | "finishing" | "aborting" | "stuck";
  readonly rollout: Rollout;
}

export type RolloutState = Idle | Active;

export const initialRolloutState: RolloutState = { phase: "idle", heard: [], past: [] };
