// Which target group a revision is behind, and the weights of the listener rules that lead there.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html

import type { LoadBalancer } from "@aws-sdk/client-ecs";
import type { DurationMs } from "../../../../shared/base/time.ts";
import { millis, minutes } from "../../../../shared/base/time.ts";
import type { EcsContext } from "../context.ts";
import type { DeploymentRecord } from "../model.ts";
import type { ServiceDeploymentRecord, TrafficShares } from "./records.ts";

const groupsOf = (loadBalancer: LoadBalancer): readonly string[] =>
  [loadBalancer.targetGroupArn, loadBalancer.advancedConfiguration?.alternateTargetGroupArn].filter(
    (arn) => arn !== undefined,
  );

/** A staged deployment takes the group that the base is not behind; a rolling one stays where the base is. */
export function resolveLoadBalancers(
  configured: readonly LoadBalancer[],
  base: DeploymentRecord | undefined,
  staged: boolean,
): readonly LoadBalancer[] {
  return configured.map((loadBalancer) => {
    const groups = groupsOf(loadBalancer);
    const taken = base?.loadBalancers.find((one) =>
      groups.includes(one.targetGroupArn ?? ""),
    )?.targetGroupArn;
    if (taken === undefined) return loadBalancer;
    const targetGroupArn = staged ? (groups.find((arn) => arn !== taken) ?? taken) : taken;
    return { ...loadBalancer, targetGroupArn };
  });
}

interface Route {
  readonly rule: string;
  readonly targetGroup: string;
  readonly otherGroup: string;
  /** The base is behind the target's group too: a rolling deployment. */
  readonly shared: boolean;
}

/** The rules of one kind of traffic, with the target revision's group and the other one. */
function routesOf({ target, base }: ServiceDeploymentRecord, traffic: keyof TrafficShares): readonly Route[] {
  return target.configuredLoadBalancers.flatMap((configured, at): Route[] => {
    const { productionListenerRule, testListenerRule } = configured.advancedConfiguration ?? {};
    const rule = traffic === "production" ? productionListenerRule : testListenerRule;
    const targetGroup = target.loadBalancers[at]?.targetGroupArn;
    const otherGroup = groupsOf(configured).find((arn) => arn !== targetGroup);
    if (rule === undefined || targetGroup === undefined || otherGroup === undefined) return [];
    const shared = base?.loadBalancers.some((one) => one.targetGroupArn === targetGroup) === true;
    return [{ rule, targetGroup, otherGroup, shared }];
  });
}

/** ECS writes a part as thousandths and the whole as 100, as users' listings show: 5 % is 50 and 950. */
function weightsFor(
  route: Pick<Route, "targetGroup" | "otherGroup">,
  percent: number,
): ReadonlyMap<string, number> {
  const whole = percent === 0 || percent === 100;
  const share = whole ? percent : Math.round(percent * 10);
  return new Map([
    [route.otherGroup, (whole ? 100 : 1_000) - share],
    [route.targetGroup, share],
  ]);
}

/** Sends the target revision its share; a rule that is gone is a fault of the deployment. */
export function shiftTraffic(
  context: EcsContext,
  record: ServiceDeploymentRecord,
  shares: Partial<TrafficShares>,
): void {
  for (const traffic of ["production", "test"] as const) {
    const percent = shares[traffic];
    if (percent === undefined) continue;
    record.traffic[traffic] = percent;
    if (traffic === "production") record.inheritsSplit = false;
    for (const route of routesOf(record, traffic)) {
      if (context.balancing.weightsOf(route.rule) === undefined) record.networkFault ??= RULE_NOT_FOUND;
      else context.balancing.setWeights(route.rule, weightsFor(route, route.shared ? 100 : percent));
    }
  }
}

/** Texts: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html */
const FAULT = "Service deployment rolled back because of invalid networking configuration.";
const RULE_NOT_FOUND = `${FAULT} One or more rules not found`;

/** What ECS finds wrong before it starts anything. */
export function networkFaultOf(context: EcsContext, target: DeploymentRecord): string | undefined {
  for (const loadBalancer of target.configuredLoadBalancers) {
    const fault = faultOf(context, loadBalancer);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOf(context: EcsContext, loadBalancer: LoadBalancer): string | undefined {
  const { productionListenerRule, testListenerRule } = loadBalancer.advancedConfiguration ?? {};
  if (productionListenerRule === undefined) return undefined;
  const production = context.balancing.weightsOf(productionListenerRule);
  const test = testListenerRule === undefined ? undefined : context.balancing.weightsOf(testListenerRule);
  if (production === undefined || (testListenerRule !== undefined && test === undefined))
    return RULE_NOT_FOUND;
  const groups = groupsOf(loadBalancer);
  const lost = groups.find((arn) => !production.has(arn) && test?.has(arn) !== true);
  if (lost !== undefined) {
    return `${FAULT.slice(0, -1)}: Target group ${lost} is not associated with either productionListenerRule or testListenerRule.`;
  }
  const foreign = [...production].find(([arn, weight]) => weight > 0 && !groups.includes(arn));
  if (foreign === undefined) return undefined;
  return (
    `${FAULT} Production listener rule is forwarding traffic to unexpected target group ${foreign[0]}. ` +
    `Expected traffic to be forwarded to either targetGroupArn: ${groups[0]} or alternateTargetGroupArn: ${groups[1]}`
  );
}

/** "ECS adds 10 minutes": https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html */
const NETWORK_SHIFT_MS = minutes(10);

/** Until new weights hold everywhere. Network Load Balancers have no rules: their listener stands for one. */
export function shiftTimeOf(
  { shiftMs }: Pick<EcsContext, "shiftMs">,
  loadBalancers: readonly LoadBalancer[],
): DurationMs {
  const rules = loadBalancers.flatMap((one) => one.advancedConfiguration?.productionListenerRule ?? []);
  if (rules.length === 0) return millis(0);
  return rules.some((rule) => rule.includes(":listener/net/")) ? NETWORK_SHIFT_MS : shiftMs;
}
