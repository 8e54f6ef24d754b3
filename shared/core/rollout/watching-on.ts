// A deployment that is only watched is often over before the first minute of its numbers is published: then it is
// judged on, without a call to ECS, until there is a verdict, the analysis' deadline, or something newer.

import { NO_REVISION } from "../../base/arn.ts";
import { reason } from "../../base/reasons.ts";
import { addMs } from "../../base/time.ts";
import type { Verdict } from "./analysis/analysis.ts";
import { hasMetrics } from "./evidence.ts";
import type { Pass } from "./pass.ts";
import { say, wake } from "./pass.ts";
import type { Active, Rollout } from "./state.ts";

const UNDECIDED: ReadonlySet<Verdict["kind"] | undefined> = new Set([undefined, "pending", "no-data"]);

/** The ids in ECS's events are not always those of service deployments: after the end, one that begins is another. */
const isFollowed = ({ input }: Pass, { rollout, wanted }: Active): boolean =>
  wanted !== undefined ||
  (rollout.over !== undefined &&
    input.observation.facts.some(
      (fact) =>
        fact.kind === "hook" ||
        (fact.kind === "deployment" && fact.eventName === "SERVICE_DEPLOYMENT_IN_PROGRESS"),
    ));

const deadlineOf = ({ input }: Pass, { trafficSince }: Rollout) =>
  addMs(trafficSince ?? input.now, input.policy.analysis.deadlineMs);

/** ECS is done with it, and its verdict is still to come. */
export const isJudgedOn = (pass: Pass, active: Active): boolean => {
  const { rollout } = active;
  const isCompared = rollout.source.taskDefinition !== NO_REVISION && hasMetrics(pass, rollout);
  if (rollout.driver !== "watch" || rollout.trafficSince === undefined || !isCompared) return false;
  const isOpen = UNDECIDED.has(rollout.verdict?.kind) && deadlineOf(pass, rollout) > pass.input.now;
  return isOpen && !isFollowed(pass, active);
};

/** Nothing is looked at until then: the feed tells the numbers. */
export function judgedOn(pass: Pass, active: Active, over: string): Active {
  const until = deadlineOf(pass, active.rollout);
  wake(pass, until);
  say(pass, reason("judged-on", `${over} It is watched on until its verdict.`, { until }));
  return { ...active, rollout: { ...active.rollout, over, lookAt: until } };
}
