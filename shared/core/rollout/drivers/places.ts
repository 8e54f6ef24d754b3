// Where the two revisions of a deployment get their traffic: learnt once from the service and its revisions.

import type { BalancerView, RevisionView, RuleView, ServiceView } from "../../../contracts/rollout-views.ts";
import type { Steering } from "../driver.ts";
import type { Places, Revision, Rollout } from "../state.ts";
import { rulesOf } from "./native-plan.ts";

interface Sources {
  readonly service: ServiceView;
  readonly revisions: readonly RevisionView[];
  readonly targetArn: string | undefined;
  readonly sourceArn: string | undefined;
}

/** Which of a balancer's two groups is whose stands in the revisions: they swap with every deployment. */
export function learntPlaces(rollout: Rollout, from: Sources): Steering["learnt"] {
  const { service, revisions, targetArn, sourceArn } = from;
  const target = revisions.find(({ arn }) => arn === targetArn);
  const source = revisions.find(({ arn }) => arn === sourceArn);
  const balancer =
    service.balancers.find(({ productionRuleArn }) => productionRuleArn !== undefined) ??
    service.balancers[0];
  return {
    places: {
      ...rollout.places,
      ...(balancer === undefined ? {} : placesOf(service, balancer, { target, source })),
    },
    ...(target === undefined ? {} : { target: revisionOf(rollout.target, target) }),
    ...(source === undefined ? {} : { source: revisionOf(rollout.source, source) }),
  };
}

interface Pair {
  readonly target: RevisionView | undefined;
  readonly source: RevisionView | undefined;
}

function placesOf(service: ServiceView, balancer: BalancerView, { target, source }: Pair): Places {
  const groups = [balancer.targetGroupArn, balancer.alternateTargetGroupArn];
  const ofTarget = target?.targetGroupArns.find((arn) => groups.includes(arn));
  const ofSource = source?.targetGroupArns.find((arn) => groups.includes(arn));
  const [rule, ...otherRules] = rulesOf(service);
  return {
    ...(rule === undefined ? {} : { rule }),
    ...(otherRules.length === 0 ? {} : { otherRules }),
    ...(balancer.testRuleArn === undefined ? {} : { testRule: balancer.testRuleArn }),
    ...(ofTarget === undefined ? {} : { candidateGroup: ofTarget }),
    // One group for both: its numbers tell nothing apart, so nothing is called the old revision's.
    ...(ofSource === undefined || ofSource === ofTarget ? {} : { stableGroup: ofSource }),
  };
}

const revisionOf = (known: Revision, view: RevisionView): Revision => ({
  taskDefinition: view.taskDefinition,
  revisionArn: view.arn,
  images: known.images.length > 0 ? known.images : view.images.map(shownImage),
});

const shownImage = ({ container, image, digest }: RevisionView["images"][number]): string =>
  digest === undefined || image.includes("@") ? `${container}=${image}` : `${container}=${image}@${digest}`;

/** What only the rule says. */
export const withRule = (places: Places, rule: RuleView): Places => ({
  ...places,
  rule: rule.arn,
  listener: rule.listenerArn,
  loadBalancer: rule.loadBalancer,
});
