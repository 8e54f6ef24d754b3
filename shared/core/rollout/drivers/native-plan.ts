// Which of ECS's strategies carries the steps, and where it shall stop and ask: made once, when Fairlead starts
// the deployment. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import type { DurationMs } from "../../../base/time.ts";
import { minutes } from "../../../base/time.ts";
import type { RolloutPolicy, RolloutStep } from "../../../contracts/rollout-policy.ts";
import type { DeploymentView, ServiceView } from "../../../contracts/rollout-views.ts";

export const GATE = "PRE_PRODUCTION_TRAFFIC_SHIFT";
export const AFTER = "POST_PRODUCTION_TRAFFIC_SHIFT";
/** Test traffic alone is there; a set-up may stop here too. What happens here can as well happen at the gate. */
export const TESTED = "POST_TEST_TRAFFIC_SHIFT";

/** Nothing can wait longer: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html */
const PAUSE_TIMEOUT_MS: DurationMs = minutes(20_160);

/** API_LinearConfiguration: 3.0 to 100.0, 10.0 by default. API_CanaryConfiguration: 5.0 by default. */
const LEAST_LINEAR_PERCENT = 3;
const DEFAULT_PERCENT: Readonly<Record<string, number>> = { LINEAR: 10, CANARY: 5 };

export interface Plan {
  readonly strategy: "BLUE_GREEN" | "LINEAR" | "CANARY";
  readonly percent?: number;
  readonly pauseAt: readonly string[];
  readonly pauseTimeoutMs: DurationMs;
  readonly reasons: readonly Reason[];
}

/**
 * ECS asks before every production shift at the gate, with a new hook each time. At AFTER the old revision still
 * has its tasks: that is where the scale-down delay passes.
 */
const HOOKS = { pauseAt: [GATE, AFTER], pauseTimeoutMs: PAUSE_TIMEOUT_MS };

export function planOf(service: ServiceView, policy: RolloutPolicy): Plan {
  const rules = rulesOf(service);
  if (policy.weights === "rule" && rules.length === 1)
    return { strategy: "BLUE_GREEN", ...HOOKS, reasons: [] };
  const why = policy.weights === "rule" ? [insteadOfRule(rules.length)] : [];
  const isNetwork = rules.some(isNetworkListener);
  const plan =
    "kind" in policy.steps
      ? rampPlan(policy.steps.firstWeight, isNetwork)
      : strategyPlan(weightsOf(policy.steps), isNetwork);
  return { ...plan, ...HOOKS, reasons: [...why, ...plan.reasons] };
}

export const rulesOf = ({ balancers }: ServiceView): readonly string[] => [
  ...new Set(balancers.flatMap(({ productionRuleArn }) => productionRuleArn ?? [])),
];

const insteadOfRule = (rules: number): Reason =>
  reason(
    "strategy-weights",
    rules === 0
      ? "The service has no production rule: ECS shifts in its own steps."
      : `The service has ${rules} production rules, which only ECS moves together: it shifts in its own steps.`,
    { rules },
  );

/** `:listener/net/`: ECS waits 10 minutes for each shift there (nlb-resources-for-blue-green), so few are taken. */
const isNetworkListener = (arn: string): boolean => arn.includes(":listener/net/");

/** The weights that the steps name between nothing and everything, rising; what never rises is left out. */
function weightsOf(steps: readonly RolloutStep[]): readonly number[] {
  const named = steps.flatMap((step) => (step.kind === "setWeight" ? [step.weight] : []));
  return [...new Set(named)]
    .filter((weight) => weight > 0 && weight <= 100)
    .sort((one, other) => one - other);
}

/** Twenty shifts of half a minute: fine enough for a ramp that decides as it goes. */
const RAMP_PERCENT = 5;

function rampPlan(firstWeight: number, isNetwork: boolean): StrategyPlan {
  const first = Math.max(1, firstWeight);
  if (isNetwork) return networkPlan(first);
  const percent = Math.max(RAMP_PERCENT, first);
  if (percent >= 50) return { strategy: "CANARY", percent: Math.min(99, percent), reasons: [] };
  const text = `ECS shifts in equal steps: the ramp's weights are rounded up to multiples of ${percent} %.`;
  return { strategy: "LINEAR", percent, reasons: [reason("steps-rounded", text, { percent })] };
}

function networkPlan(percent: number): StrategyPlan {
  const text = `Behind a Network Load Balancer each shift takes ECS ten minutes: ${percent} %, then 100 %.`;
  return { strategy: "CANARY", percent, reasons: [reason("steps-rounded", text, { percent })] };
}

type StrategyPlan = Pick<Plan, "strategy" | "percent" | "reasons">;

function strategyPlan(weights: readonly number[], isNetwork: boolean): StrategyPlan {
  const parts = weights.filter((weight) => weight < 100);
  const [first] = parts;
  if (first === undefined) return { strategy: "BLUE_GREEN", reasons: [] };
  if (parts.length === 1) return { strategy: "CANARY", percent: first, reasons: [] };
  if (isNetwork) return networkPlan(first);
  return linearPlan(parts);
}

function linearPlan(parts: readonly number[]): StrategyPlan {
  const percent = stepPercentFor(parts);
  const rounded = parts.filter((weight) => weight % percent !== 0);
  if (rounded.length === 0) return { strategy: "LINEAR", percent, reasons: [] };
  const shown = rounded.map((weight) => `${weight} → ${roundedUp(weight, percent)}`).join(", ");
  const text = `ECS shifts in equal steps of at least ${LEAST_LINEAR_PERCENT} %; with ${percent} % these weights are rounded: ${shown}.`;
  return { strategy: "LINEAR", percent, reasons: [reason("steps-rounded", text, { percent })] };
}

const roundedUp = (weight: number, percent: number): number =>
  Math.min(100, Math.ceil(weight / percent) * percent);

/** The least overshoot over all weights, none of which may become everything; among equals the fewest shifts. */
function stepPercentFor(parts: readonly number[]): number {
  const overshoot = (percent: number): number =>
    parts.reduce((sum, weight) => {
      const at = roundedUp(weight, percent);
      return sum + (at >= 100 ? 1_000 : at - weight);
    }, 0);
  let best = LEAST_LINEAR_PERCENT;
  for (let percent = LEAST_LINEAR_PERCENT; percent <= 50; percent += 1) {
    if (overshoot(percent) <= overshoot(best)) best = percent;
  }
  return best;
}

/** What ECS's next shift makes of the production weight. Where it is not known, AWS's own default. */
export function nextWeightOf({ strategy, percent, target }: DeploymentView): number {
  const now = target?.productionWeight ?? 0;
  const step = percent ?? DEFAULT_PERCENT[strategy] ?? 100;
  if (strategy === "CANARY") return now < step ? step : 100;
  if (strategy !== "LINEAR") return 100;
  // Percents have one decimal.
  const next = Math.round((now + step) * 10) / 10;
  return next > 100 - 0.05 ? 100 : next;
}
