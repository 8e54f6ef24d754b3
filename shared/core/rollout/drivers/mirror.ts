// What can be seen of a deployment whose pace is not ours: how far ECS is.

import { reason } from "../../../base/reasons.ts";
import { addMs } from "../../../base/time.ts";
import type { DeploymentView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering, Wish } from "../driver.ts";
import type { Places, Rollout } from "../state.ts";
import { during, endedBy, endingOf, isGoingBack } from "./native-deployment.ts";
import { learntPlaces, withRule } from "./places.ts";
import { lacking, POLL_MS, reached, seen, waiting, withLearnt } from "./steering.ts";

/** Production weight where ECS shifts it, else the new revision's share of the running tasks. */
function progressOf({ target, sources }: DeploymentView): number {
  if (target === undefined) return 0;
  if (target.productionWeight !== undefined) return Math.round(target.productionWeight);
  const all = target.running + sources.reduce((sum, { running }) => sum + running, 0);
  return all === 0 ? 0 : Math.floor((100 * target.running) / all);
}

/** Once: where the traffic goes, for the metrics (service 1, revisions 1, rule 1). */
export function withMirroredPlaces(
  input: DriverInput,
  view: DeploymentView,
  then: (input: DriverInput) => Steering,
): Steering {
  const { observation, rollout } = input;
  if (rollout.places.loadBalancer !== undefined || rollout.places.sought === true) return then(input);
  const lack = lacking(input, "service", "revisions");
  // A read that failed is not worth a rollout's stand: its metrics stay unknown, and say so.
  if (lack !== undefined && lack.asks.length > 0) return lack;
  const service = seen(observation.service);
  if (service === undefined) return then(input);
  const revisions = seen(observation.revisions) ?? [];
  const learnt = learntPlaces(rollout, {
    service,
    revisions,
    targetArn: view.target?.arn,
    sourceArn: view.sources[0]?.arn,
  });
  if (service.balancers.length > 0 && observation.rule === undefined)
    return lacking(input, "rule") ?? reached();
  const rule = seen(observation.rule);
  const found: Places = { ...rollout.places, ...learnt.places, sought: true };
  const known: Steering["learnt"] = {
    ...learnt,
    places: rule === undefined ? found : withRule(found, rule),
  };
  const next: Rollout = { ...rollout, ...known } as Rollout;
  return withLearnt(then({ ...input, rollout: next }), known);
}

const begunBy = (weight: number, { rollout, now }: DriverInput): Steering["learnt"] =>
  weight > 0 && rollout.trafficSince === undefined ? { trafficSince: now } : {};

/** The wish is measured, never acted on. */
export function mirrored(input: DriverInput, view: DeploymentView, wish: Wish): Steering {
  const { rollout, now } = input;
  const ending = endingOf(view);
  if (ending !== undefined) {
    const weight = ending.outcome === "promoted" ? 100 : 0;
    return during(endedBy(ending, { learnt: { weight, ...begunBy(weight, input) } }), view, rollout);
  }
  const weight = progressOf(view);
  const learnt = { weight, ...begunBy(weight, input) };
  const why = reason("progress", `ECS has moved ${weight} % to the new revision.`, {
    weight,
    status: view.status,
    running: view.target?.running ?? 0,
    requested: view.target?.requested ?? 0,
  });
  const isThere =
    !isGoingBack(view) && (wish.kind === "ready" || (wish.kind === "weight" && weight >= wish.weight));
  if (isThere) return during(reached({ learnt, reasons: [why], wakeAt: addMs(now, POLL_MS) }), view, rollout);
  return during(waiting(input, why, { learnt }), view, rollout);
}
