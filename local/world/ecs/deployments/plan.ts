// The way of a service deployment as a list of steps, made once when it begins and once when it rolls back.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html

import type {
  DeploymentConfiguration,
  DeploymentLifecycleHookStage,
  ServiceDeploymentLifecycleStage,
} from "@aws-sdk/client-ecs";
import type { DurationMs } from "../../../../shared/base/time.ts";
import { millis, minutes } from "../../../../shared/base/time.ts";

export type Stage = ServiceDeploymentLifecycleStage | DeploymentLifecycleHookStage;

/** What must be true before the step is over, besides its hooks and its bake time. */
export type Condition =
  | "none"
  | "target-ready"
  | "base-ready"
  | "only-base-and-target"
  | "only-base"
  | "only-target"
  /** The rolling scheduler has nothing left to do. */
  | "steady"
  /** The early success criteria of a rolling deployment. */
  | "healthy-enough";

export interface Step {
  readonly stage: Stage;
  readonly hooks: boolean;
  /** Percent of the desired count, by role; a role left out keeps its scale. */
  readonly scale?: {
    readonly target?: number;
    readonly base?: number;
    readonly others?: number;
  };
  /** The target's share of traffic from this step on, in percent. */
  readonly production?: number;
  readonly test?: number;
  /** The scheduler replaces tasks in place from this step on, until the end. */
  readonly rolls?: boolean;
  readonly until: Condition;
  readonly bakeMs: DurationMs;
}

export interface Surroundings {
  /** More than one revision has tasks. */
  readonly reconcile: boolean;
  /** There is a revision that has the traffic. */
  readonly hasBase: boolean;
  /** An earlier deployment was left with traffic on two revisions. */
  readonly split: boolean;
  /** The scheduler runs one task on each host: its tasks cannot be held back. */
  readonly daemon: boolean;
  /** How long ECS waits after it has written weights. */
  readonly shiftMs: DurationMs;
}

const NO_BAKE = millis(0);
/** Rolling deployments with alarms bake for "less than 5 minutes": deployment-alarm-failure. The figure is assumed. */
const ALARM_BAKE_MS = minutes(3);

/** Defaults of API_LinearConfiguration and API_CanaryConfiguration. */
const LINEAR_DEFAULTS = { percent: 10, bakeMinutes: 6 };
const CANARY_DEFAULTS = { percent: 5, bakeMinutes: 10 };

const plain = (stage: Step["stage"], until: Condition = "none"): Step => ({
  stage,
  hooks: true,
  until,
  bakeMs: NO_BAKE,
});

export function forwardSteps(configuration: DeploymentConfiguration, around: Surroundings): readonly Step[] {
  const strategy = configuration.strategy ?? "ROLLING";
  return strategy === "ROLLING" ? rollingSteps(configuration, around) : stagedSteps(configuration, around);
}

function stagedSteps(configuration: DeploymentConfiguration, around: Surroundings): readonly Step[] {
  return [
    ...reconcileSteps(around),
    plain("PRE_SCALE_UP"),
    { ...plain("SCALE_UP", "target-ready"), hooks: false, scale: { target: 100 } },
    plain("POST_SCALE_UP"),
    { ...plain("TEST_TRAFFIC_SHIFT"), test: 100, bakeMs: around.shiftMs },
    plain("POST_TEST_TRAFFIC_SHIFT"),
    ...productionSteps(configuration, around.shiftMs),
    plain("POST_PRODUCTION_TRAFFIC_SHIFT"),
    { ...plain("BAKE_TIME"), hooks: false, bakeMs: minutes(configuration.bakeTimeInMinutes ?? 0) },
    { ...plain("CLEAN_UP", "only-target"), hooks: false, scale: { base: 0, others: 0 } },
  ];
}

/** Traffic comes together on the base before anything that an earlier deployment left goes away. */
function reconcileSteps({ reconcile, hasBase, shiftMs }: Surroundings): readonly Step[] {
  if (!reconcile) return [];
  const alone: Step = {
    ...plain("RECONCILE_SERVICE", "only-base-and-target"),
    hooks: !hasBase,
    scale: { others: 0 },
  };
  if (!hasBase) return [alone];
  return [
    { ...plain("RECONCILE_SERVICE", "base-ready"), scale: { base: 100 } },
    { ...plain("RECONCILE_SERVICE"), hooks: false, production: 0, test: 0, bakeMs: shiftMs },
    alone,
  ];
}

/** `PRE_` and the shift itself for each step; no bake after the last: API_LinearConfiguration. */
function productionSteps(configuration: DeploymentConfiguration, shift: DurationMs): readonly Step[] {
  return sharesOf(configuration).flatMap(({ percent, bakeMs }): Step[] => [
    plain("PRE_PRODUCTION_TRAFFIC_SHIFT"),
    { ...plain("PRODUCTION_TRAFFIC_SHIFT"), production: percent, bakeMs: millis(bakeMs + shift) },
  ]);
}

interface Share {
  readonly percent: number;
  readonly bakeMs: DurationMs;
}

/** The shares that production traffic takes; percents have one decimal. */
export function sharesOf(configuration: DeploymentConfiguration): readonly Share[] {
  const last: Share = { percent: 100, bakeMs: NO_BAKE };
  const { canaryConfiguration: canary, linearConfiguration: linear } = configuration;
  if (configuration.strategy === "CANARY") {
    const percent = canary?.canaryPercent ?? CANARY_DEFAULTS.percent;
    const bakeMs = minutes(canary?.canaryBakeTimeInMinutes ?? CANARY_DEFAULTS.bakeMinutes);
    return percent < 100 ? [{ percent, bakeMs }, last] : [last];
  }
  if (configuration.strategy !== "LINEAR") return [last];
  const tenths = Math.round((linear?.stepPercent ?? LINEAR_DEFAULTS.percent) * 10);
  const bakeMs = minutes(linear?.stepBakeTimeInMinutes ?? LINEAR_DEFAULTS.bakeMinutes);
  const count = Math.ceil(1_000 / tenths) - 1;
  return [...Array.from({ length: count }, (_, at) => ({ percent: (tenths * (at + 1)) / 10, bakeMs })), last];
}

function rollingSteps(configuration: DeploymentConfiguration, around: Surroundings): readonly Step[] {
  const scaleUp: Step = {
    ...plain("SCALE_UP", configuration.earlySuccessCriteria?.enable === true ? "healthy-enough" : "steady"),
    hooks: false,
    rolls: true,
  };
  if (around.daemon) return [scaleUp, ...rollingBake(configuration)];
  const pauses = (["RECONCILE_SERVICE", "PRE_SCALE_UP"] as const).filter(
    (stage) =>
      hooksAt(configuration, stage) && (stage !== "RECONCILE_SERVICE" || (around.reconcile && !around.split)),
  );
  const after = hooksAt(configuration, "POST_SCALE_UP") ? [plain("POST_SCALE_UP")] : [];
  return [
    ...(around.split ? reconcileSteps(around) : []),
    ...pauses.map((stage) => plain(stage)),
    scaleUp,
    ...after,
    ...rollingBake(configuration),
    ...rollingCleanUp(configuration),
  ];
}

const hooksAt = (configuration: DeploymentConfiguration, stage: Step["stage"]): boolean =>
  configuration.lifecycleHooks?.some((hook) => hook.lifecycleStages?.some((one) => one === stage)) === true;

/** The bake time of a rolling deployment goes with alarms: deployment-alarm-failure#deployment-bake-time. */
function rollingBake(configuration: DeploymentConfiguration): readonly Step[] {
  if (configuration.alarms?.enable !== true) return [];
  const chosen = configuration.bakeTimeInMinutes ?? 0;
  return [{ ...plain("BAKE_TIME"), hooks: false, bakeMs: chosen > 0 ? minutes(chosen) : ALARM_BAKE_MS }];
}

/** BLOCKING waits for the source revisions' tasks, DEFERRED does not: early-success-criteria. */
function rollingCleanUp(configuration: DeploymentConfiguration): readonly Step[] {
  const early = configuration.earlySuccessCriteria;
  if (early?.enable !== true || early.sourceServiceRevisionCleanup === "DEFERRED") return [];
  return [{ ...plain("CLEAN_UP", "only-target"), hooks: false }];
}

/** What had happened when the deployment was told to go back. */
export interface Progress {
  readonly staged: boolean;
  readonly tested: boolean;
  readonly shifted: boolean;
  readonly shiftMs: DurationMs;
}

/**
 * Traffic first, while the base runs; then the target goes. The hooks of the two shifts run again:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
 */
export function backwardSteps({ staged, tested, shifted, shiftMs }: Progress): readonly Step[] {
  const production: Step[] = shifted
    ? [{ ...plain("PRODUCTION_TRAFFIC_SHIFT"), production: 0, bakeMs: shiftMs }]
    : [];
  const test: Step[] = tested ? [{ ...plain("TEST_TRAFFIC_SHIFT"), test: 0, bakeMs: shiftMs }] : [];
  const baseUp: Step = { ...plain("SCALE_UP", "base-ready"), hooks: false, scale: { base: 100 } };
  if (!staged) {
    const rolling: Step = { ...plain("SCALE_UP", "steady"), hooks: false, rolls: true };
    return shifted ? [baseUp, ...production, ...test, rolling] : [rolling];
  }
  return [
    baseUp,
    ...production,
    ...test,
    { ...plain("CLEAN_UP", "only-base"), hooks: false, scale: { target: 0, others: 0 } },
  ];
}
