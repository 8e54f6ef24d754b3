// Quotas of an account and Region, and DescribeAccountLimits.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html

import type {
  DescribeAccountLimitsInput,
  DescribeAccountLimitsOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import type { ElbContext } from "./context.ts";
import { invalid } from "./context.ts";
import type { LoadBalancerRecord } from "./model.ts";
import { pageOf } from "./page.ts";
import { groupArnsOf } from "./propagation.ts";

export const LIMITS = {
  "application-load-balancers": 50,
  "target-groups": 3_000,
  "targets-per-application-load-balancer": 1_000,
  "listeners-per-application-load-balancer": 50,
  "rules-per-application-load-balancer": 100,
  "network-load-balancers": 50,
  "targets-per-network-load-balancer": 3_000,
  "listeners-per-network-load-balancer": 50,
  "condition-values-per-alb-rule": 5,
  "condition-wildcards-per-alb-rule": 6,
  "target-groups-per-action-on-application-load-balancer": 5,
  "target-groups-per-action-on-network-load-balancer": 5,
  "target-groups-per-application-load-balancer": 100,
  "target-id-registrations-per-application-load-balancer": 1_000,
  "targets-per-target-group": 1_000,
} as const;

export const accountLimits = (input: DescribeAccountLimitsInput): DescribeAccountLimitsOutput => {
  const all = Object.entries(LIMITS).map(([Name, max]) => ({ Name, Max: String(max) }));
  const { items, next } = pageOf(all, input, ({ Name }) => Name);
  return { Limits: items, ...next };
};

/** Of load balancers and tags by their API references, of target groups by their refusals (FeLvi-zzz/tentez#27). */
const MAX_DESCRIBED = 20;

export function checkDescribed(kind: string, named: readonly unknown[] | undefined): void {
  if (named === undefined || named.length <= MAX_DESCRIBED) return;
  throw invalid(`You cannot describe more than '${MAX_DESCRIBED}' ${kind} at a time`);
}

/** After a change of rules: the groups and targets that one load balancer uses are bounded. */
export function checkUse(context: ElbContext, balancer: LoadBalancerRecord): void {
  const arns = new Set<string>();
  for (const { actions, listener } of context.rules.values()) {
    if (listener.balancer === balancer) for (const arn of groupArnsOf(actions)) arns.add(arn);
  }
  if (arns.size > LIMITS["target-groups-per-application-load-balancer"]) {
    throw new AwsError(
      "TooManyUniqueTargetGroupsPerLoadBalancer",
      "You've reached the limit on the number of unique target groups per load balancer across all listeners",
    );
  }
}
