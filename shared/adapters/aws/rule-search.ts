// The listener rule that leads to a target group, for services that do not name one: ECS knows the production rule
// of staged deployments only, a task set or a plain rolling service says no more than its group.

import type { Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  DescribeListenersCommand,
  DescribeTargetGroupsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { RuleView } from "../../contracts/rollout-views.ts";
import type { Paced } from "./client.ts";
import { send } from "./client.ts";
import { rulesOf } from "./header-routes.ts";
import { ruleView } from "./traffic-view.ts";

/** Calls: 2 and one for each listener; once for each rollout, which then knows its rule. */
export async function ruleOf(elb: Paced, targetGroupArn: string): Promise<RuleView | undefined> {
  const groups = await send(elb, new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroupArn] }));
  // A target group belongs to one load balancer at most, but for Lambda and VPC Lattice.
  const LoadBalancerArn = groups.TargetGroups?.[0]?.LoadBalancerArns?.[0];
  if (LoadBalancerArn === undefined) return undefined;
  const { Listeners = [] } = await send(elb, new DescribeListenersCommand({ LoadBalancerArn }));
  const listed = await Promise.all(Listeners.map(({ ListenerArn = "" }) => rulesOf(elb, ListenerArn)));
  const views = listed
    .flat()
    .map(viewOf)
    .filter(({ weights }) => targetGroupArn in weights);
  return carrying(views, targetGroupArn)[0];
}

const viewOf = ({ RuleArn = "", Actions = [] }: Rule): RuleView => ruleView(RuleArn, Actions);

/** Where several rules name the group, production is the one that gives it most. */
const carrying = (views: readonly RuleView[], group: string): readonly RuleView[] =>
  views.toSorted((one, other) => (other.weights[group] ?? 0) - (one.weights[group] ?? 0));
