// Weights that somebody else wrote: a stack update resets them to what its code says (aws-cdk#36649), and
// ECS shifts without looking at what stands there (containers-roadmap#2853).

import type { MetricsFact } from "../../contracts/facts.ts";
import { binsOf } from "./metrics.ts";
import type { Pass } from "./pass.ts";
import { ask } from "./pass.ts";
import { isPaced } from "./policy.ts";
import type { Active, Rollout } from "./state.ts";

/**
 * Something speaks against our weights: the driver shall look, although nothing is due. It reads the rule, and
 * holds or repairs. While nobody speaks, nothing is read.
 */
export function isDriftSuspected(pass: Pass, { phase, rollout }: Active): boolean {
  const { policy } = pass.input;
  const isOurs = policy.weights === "rule" && isPaced(rollout) && phase === "stepping";
  if (!isOurs || rollout.places.rule === undefined || rollout.weights === undefined) return false;
  if (!isSuspicious(pass, rollout)) return false;
  // Read here, because the driver believes what it wrote itself until something was read.
  ask(pass, "rule");
  return true;
}

/** Reasons of the drivers that name somebody else's weights: waiting for a person is no lack of progress. */
export const DRIFT_CODES: ReadonlySet<string> = new Set(["weights-drifted", "live-weights-disagree"]);

function isSuspicious(pass: Pass, rollout: Rollout): boolean {
  const { facts } = pass.input.observation;
  const { rule, listener } = rollout.places;
  const isTold = facts.some(
    (fact) => fact.kind === "traffic-change" && (fact.resource === rule || fact.resource === listener),
  );
  return isTold || facts.some((fact) => fact.kind === "metrics" && contradicts(fact, rollout, pass));
}

/** So many requests show a share within 4 points, 99 times of 100; sticky clients move it by a few more. */
const REQUESTS_TO_TELL = 1_000;
const POINTS_TO_TELL = 15;

/** The share of the requests tells other weights than ours. */
function contradicts(fact: MetricsFact, rollout: Rollout, { input }: Pass): boolean {
  if (fact.rollout !== rollout.id) return false;
  // What this pass has learnt from is left out of its bins: the state of before still has them.
  const before = input.state.phase === "idle" ? rollout : input.state.rollout;
  const { bins, withoutControl } = binsOf(fact, { rollout: before, policy: input.policy });
  const [first] = Object.entries(bins).filter(([metric]) => !withoutControl.includes(metric));
  const since = (first?.[1] ?? []).filter(({ at }) => at >= rollout.stepSince);
  const candidate = since.reduce((sum, bin) => sum + bin.candidate.total, 0);
  const all = since.reduce(
    (sum, bin) => sum + bin.candidate.total + bin.control.total + (bin.stable ?? 0),
    0,
  );
  if (all < REQUESTS_TO_TELL) return false;
  return Math.abs((candidate * 100) / all - rollout.weight) > POINTS_TO_TELL;
}
