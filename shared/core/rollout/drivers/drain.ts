// When what has no weight may lose its tasks: weight 0 as the rule says, no request in its last complete bin, and
// the delay. Clients with a stickiness cookie come back to a group of weight 0 (it outranks weights), and new
// weights take seconds to hold everywhere: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import type { EpochMs } from "../../../base/time.ts";
import { addMs, minutes } from "../../../base/time.ts";
import type { DriverInput } from "../driver.ts";
import { dueAt, RECHECK_MS } from "./steering.ts";

/**
 * Metrics that should be there and do not come: a bin is a minute, published a minute later, and one may be lost.
 * The old tasks do not stay for ever because a provider is down; the delay alone decides then.
 */
const METRICS_PATIENCE_MS = minutes(5);

export interface Drain {
  readonly isOver: boolean;
  /** When to look again; later than now. */
  readonly until: EpochMs;
  readonly why: Reason;
}

/** Of workers without a load balancer: they take work as long as they run, so only the delay can be waited for. */
export function delayOf({ policy, now }: DriverInput, since: EpochMs): Drain {
  const due = dueAt(since, policy.scaleDownDelayMs);
  if (now < due) {
    const text = "The old revision keeps its tasks for the delay.";
    return { isOver: false, until: due, why: reason("scale-down-delay", text, { due }) };
  }
  return { isOver: true, until: addMs(now, RECHECK_MS), why: reason("drained", "The delay is over.") };
}

/** Of the old revision, whose weight is 0 since then. */
export function drainOf(input: DriverInput, since: EpochMs): Drain {
  const { rollout, policy, now } = input;
  const delay = delayOf(input, since);
  if (!delay.isOver) return delay;
  const due = dueAt(since, policy.scaleDownDelayMs);
  const requests = lastRequests(rollout, since, policy.analysis.periodMs);
  const until = addMs(now, RECHECK_MS);
  if (requests === "unknown" && now < addMs(due, METRICS_PATIENCE_MS)) {
    const text = "The old revision's requests since it has no weight are not known yet.";
    return { isOver: false, until, why: reason("requests-unknown", text, { since }) };
  }
  if (typeof requests === "number" && requests > 0) {
    const text = `The old revision still got ${requests} requests in the last period: its tasks stay.`;
    return { isOver: false, until, why: reason("requests-left", text, { requests }) };
  }
  const told = typeof requests === "number" ? "no request in the last period" : "no metric of its requests";
  return { isOver: true, until, why: reason("drained", `The old revision has weight 0 and ${told}.`) };
}

/** Of the old side, in the last bin that began after the weight was 0. none: nothing counts this service's requests. */
function lastRequests(
  { analysis }: DriverInput["rollout"],
  since: EpochMs,
  periodMs: number,
): number | "unknown" | "none" {
  const { answeredAt } = analysis;
  const metrics = Object.values(analysis.metrics);
  if (metrics.length === 0 || answeredAt === undefined) return "none";
  const after = metrics.filter(({ lastBinAt }) => lastBinAt !== undefined && lastBinAt >= since);
  if (after.length > 0) return Math.max(...after.map(({ lastRequests: last }) => last?.control ?? 0));
  // Bins in which nobody asked either side are not made: answers that bring none say zero.
  return answeredAt >= since + 3 * periodMs ? 0 : "unknown";
}
