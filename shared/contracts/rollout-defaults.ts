// What a rollout does where a manifest says nothing, each number with its origin. The manifest's schema and the
// tests read the same constants; core gets them inside the policy.

import { minutes, seconds } from "../base/time.ts";
import type { AnalysisPolicy, AutoSteps, RolloutPolicy } from "./rollout-policy.ts";

/** One false rollback in a hundred rollouts: what the comparison with every peer was made with. */
const DEFAULT_ALPHA = 0.01;
/** An early promotion of a version at `badRatio` once in twenty: only waiting is saved, so it may cost more. */
const DEFAULT_BETA = 0.05;
/** A quarter more errors is within what one deployment to the next differs by. */
const DEFAULT_MAX_RATIO = 1.25;
/** Nearer ratios cannot be told from 1 within half an hour at 100 requests a second (docs/rollout-benchmark.md). */
const DEFAULT_BAD_RATIO = 3;
/** At 10 requests a second no ratio is settled within half an hour; an excess of one request in 200 is. */
export const DEFAULT_NEGLIGIBLE_EXCESS = 0.005;
/** Fewer requests than this say nothing about a version that is not broken outright. */
const DEFAULT_MIN_REQUESTS = 50;
/** One request in five fails: no comparison is needed. The research's hard guard. */
const DEFAULT_MAX_ERROR_RATE = 0.2;
/** Load balancers publish once a minute: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html */
const DEFAULT_METRIC_PERIOD_MS = seconds(60);
/** A bin, its publication and two lost answers. */
const DEFAULT_FRESHNESS_MS = minutes(5);
/** The soak, and as long again for thin traffic: nine of ten good versions are known by then at 10 requests a second. */
const DEFAULT_ANALYSIS_DEADLINE_MS = minutes(60);
/**
 * Requests that may fail because of the new version between two looks, if it is as bad as 90 % sure bounds allow:
 * 1000 requests a second still reach half within the soak (docs/rollout-benchmark.md).
 */
const DEFAULT_RISK_BUDGET = 250;
/** Leaks and slow failures show with time: the weight grows by the same factor each minute to the end of it. */
export const DEFAULT_SOAK_MS = minutes(30);
/** Small shares lose nothing statistically for each failed request: one percent is the least ALB can weigh here. */
const DEFAULT_FIRST_WEIGHT = 1;
/** Everything; the control share bounds it until the verdict. */
const DEFAULT_MAX_WEIGHT = 100;
/** At least so much stays comparable: after 100 % only history is left to compare with. */
export const DEFAULT_CONTROL_SHARE = 5;
/** Argo Rollouts' progressDeadlineSeconds. */
const DEFAULT_PROGRESS_DEADLINE_MS = seconds(600);
/** Argo Rollouts waits 30 s; behind an ALB 503s were seen for longer (argo-rollouts#4595 used 120 s for the worst). */
const DEFAULT_SCALE_DOWN_DELAY_MS = seconds(60);
/** The last three good revisions need no proof again. */
const DEFAULT_ROLLBACK_WINDOW = 3;
/** Connections of a quarter of the old tasks move at a time (containers-roadmap#969). */
const DEFAULT_DRAIN_SLICES = 4;
/** An approval is for what was seen: a working day later somebody looks again. */
export const DEFAULT_APPROVAL_EXPIRES_MS = minutes(8 * 60);
/** A webhook answers while a pass runs, which has 30 s in all. */
export const DEFAULT_WEBHOOK_TIMEOUT_MS = seconds(5);

export const defaultAutoSteps: AutoSteps = {
  kind: "auto",
  riskBudget: DEFAULT_RISK_BUDGET,
  firstWeight: DEFAULT_FIRST_WEIGHT,
  soakMs: DEFAULT_SOAK_MS,
};

export const defaultAnalysisPolicy: AnalysisPolicy = {
  alpha: DEFAULT_ALPHA,
  beta: DEFAULT_BETA,
  maxRatio: DEFAULT_MAX_RATIO,
  badRatio: DEFAULT_BAD_RATIO,
  minRequests: DEFAULT_MIN_REQUESTS,
  maxErrorRate: DEFAULT_MAX_ERROR_RATE,
  negligibleExcess: DEFAULT_NEGLIGIBLE_EXCESS,
  metrics: "default",
  periodMs: DEFAULT_METRIC_PERIOD_MS,
  freshnessMs: DEFAULT_FRESHNESS_MS,
  deadlineMs: DEFAULT_ANALYSIS_DEADLINE_MS,
  onFailure: "rollback",
  // Argo Rollouts pauses on an inconclusive run.
  onInconclusive: "hold",
  // A service that nobody asks is not worse than before; a rollout that waits for requests would never end.
  onNoTraffic: "continue",
};

export const defaultRolloutPolicy: RolloutPolicy = {
  // What a newly adopted service gets: it is told what would be done.
  mode: "observe",
  steps: defaultAutoSteps,
  weights: "rule",
  maxWeight: DEFAULT_MAX_WEIGHT,
  controlShare: DEFAULT_CONTROL_SHARE,
  progressDeadlineMs: DEFAULT_PROGRESS_DEADLINE_MS,
  onDeadline: "rollback",
  rollbackWindow: DEFAULT_ROLLBACK_WINDOW,
  scaleDownDelayMs: DEFAULT_SCALE_DOWN_DELAY_MS,
  drainSlices: DEFAULT_DRAIN_SLICES,
  baseline: false,
  dryRun: false,
  freeze: [],
  dependsOn: [],
  onNewer: "supersede",
  onDrift: "hold",
  analysis: defaultAnalysisPolicy,
  notifications: [],
};

/** ECS's own canary: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html */
export const DEFAULT_CANARY = { weight: 5, durationMs: minutes(10) } as const;
/** ECS's own linear deployment: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html */
export const DEFAULT_LINEAR = { step: 10, intervalMs: minutes(6) } as const;
/** As long as ECS's own canary looks. */
export const DEFAULT_BLUE_GREEN = { durationMs: minutes(10) } as const;

/**
 * A PAUSE hook waits 14 days at most: nothing can outlive it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
 */
export const MAX_WAIT_MS = minutes(20_160);
/** With bins of ten seconds a minute without an answer is as long as five with bins of a minute. */
export const DEFAULT_FAST_FRESHNESS_MS = minutes(1);
