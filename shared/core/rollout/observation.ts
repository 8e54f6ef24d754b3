// What one pass sees of a rollout. A part that was not asked for is absent; one that could not be read says
// why. `decide` asks for what it lacks (`asks`), the shell reads it and decides again in the same pass: so a
// rollout that waits reads nothing.

import type { Key } from "../../base/keys.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Fact } from "../../contracts/facts.ts";
import type { Series } from "../../contracts/metrics.ts";
import type { RolloutCommand } from "../../contracts/policy.ts";
import type {
  DeploymentView,
  GroupHealth,
  RevisionView,
  RuleView,
  ServiceView,
} from "../../contracts/rollout-views.ts";
import type { Tasks } from "../tasks.ts";

export type Read<T> =
  | { readonly ok: true; readonly value: T; readonly at: EpochMs }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What `decide` may ask for; each costs the calls that stand beside it. */
export type RolloutAsk =
  /** DescribeServices */
  | "service"
  /** DescribeServiceDeployments of the current one; ListServiceDeployments where the service names none */
  | "deployment"
  /** DescribeServiceRevisions of source and target */
  | "revisions"
  /**
   * DescribeRules (or DescribeListeners) of the production rule: of `places.rule`; before that is known, of the first
   * `productionRuleArn` of the service seen in this pass; without one, `TrafficReader.ruleOf` of the group of the
   * primary task set or of the first balancer
   */
  | "rule"
  /**
   * DescribeTargetHealth of both groups (and the baseline's): of `places`; before those are known, of the groups of
   * the revisions, task sets and balancers seen in this pass
   */
  | "health"
  /** GetMetricData: p99 of a day and half an hour of counts by minute, once for each rollout */
  | "baseline"
  /** The other members' and dependencies' state, from the table */
  | "peers";

export interface Baseline {
  /** Seconds; slower requests count as slow. Absent: the old revision had no traffic to learn from. */
  readonly p99Seconds?: number;
  /** Counts of the old revision by minute, for the dispersion. */
  readonly series: readonly Series[];
}

export interface PeerView {
  readonly key: Key;
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly weight: number;
  /** Of the rollout under way, else of the last. */
  readonly rollout?: string;
  readonly outcome?: string;
  /** Why it goes back: a reason's code. */
  readonly cause?: string;
  readonly startedAt?: EpochMs;
  readonly endedAt?: EpochMs;
}

export interface RolloutObservation {
  /** This pass's doorbells. */
  readonly facts: readonly Fact[];
  readonly commands: readonly RolloutCommand[];
  /** A plain `pause` of the key stands. */
  readonly isPaused: boolean;
  readonly tasks: Tasks;
  readonly service?: Read<ServiceView>;
  readonly deployment?: Read<DeploymentView | undefined>;
  readonly revisions?: Read<readonly RevisionView[]>;
  readonly rule?: Read<RuleView>;
  readonly health?: Read<readonly GroupHealth[]>;
  readonly baseline?: Read<Baseline>;
  readonly peers?: Read<readonly PeerView[]>;
  /** What may be done at most: `observe` installations have no write permission. */
  readonly mayAct: boolean;
  /** The installation's role has no permission on listener rules: only ECS shifts, in its own steps. */
  readonly mayWeigh?: false;
}
