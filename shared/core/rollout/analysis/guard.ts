// The absolute guard: Wald's sequential probability ratio test (1945) of the new revision alone against a rate
// that is allowed: the service level objective, or, where nothing runs beside it, what the old one did before.

import type { AnalysisPolicy } from "../../../contracts/rollout-policy.ts";
import type { Bin, MetricState } from "./analysis.ts";
import { upperShare } from "./bounds.ts";

/** Without a control only a clear difference counts: an incident of a dependency looks the same. */
const CLEAR_RATIO = 3;
/** Confidence that history's own rate is not higher. */
const HISTORY_RISK = 0.01;
/** Below this share nothing can be told from history: one error in ten thousand. */
const LEAST_SHARE = 1e-4;
const MOST_SHARE = 0.5;

export interface GuardRates {
  readonly allowed: number;
  readonly worse: number;
  readonly from: "slo" | "history";
}

/** What the guard tests, if anything: history only where the new revision has no control. */
export function guardRates(metric: MetricState, policy: AnalysisPolicy): GuardRates | undefined {
  const slo = policy.sloErrorRate;
  if (slo !== undefined && slo > 0 && slo < MOST_SHARE) return rates(slo, "slo");
  if (metric.control.total > 0 || metric.history === undefined || metric.history.total === 0)
    return undefined;
  const allowed = upperShare(metric.history, { phi: metric.phi, risk: HISTORY_RISK });
  return allowed >= MOST_SHARE ? undefined : rates(Math.max(allowed, LEAST_SHARE), "history");
}

function rates(allowed: number, from: "slo" | "history"): GuardRates {
  return { allowed, worse: Math.min(CLEAR_RATIO * allowed, (1 + allowed) / 2), from };
}

/** What one bin adds to the log-likelihood ratio. */
export function guardStep(metric: MetricState, bin: Bin, policy: AnalysisPolicy): number {
  const tested = guardRates(metric, policy);
  if (tested === undefined || (tested.from === "history" && bin.control.total > 0)) return 0;
  const { total, bad } = bin.candidate;
  const step =
    bad * Math.log(tested.worse / tested.allowed) +
    (total - bad) * Math.log((1 - tested.worse) / (1 - tested.allowed));
  return step / metric.phi;
}
