// What the virtual ECS sees of the load balancers: groups, targets, weights.

import type { Action } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Balancing } from "../balancing.ts";
import { forwardAction } from "./actions.ts";
import type { ElbContext } from "./context.ts";
import { groupOf, ruleOf } from "./context.ts";
import { deregisterTarget, registerTarget } from "./health.ts";
import type { RuleRecord } from "./model.ts";
import { numeric, targetKey } from "./model.ts";
import { propagate } from "./propagation.ts";

export function createBalancing(context: ElbContext): Balancing {
  return {
    targetGroup: (arn) => {
      const group = context.groups.get(arn);
      if (group === undefined) return undefined;
      return {
        arn: group.arn,
        name: group.name,
        targetType: group.targetType,
        port: group.port,
        deregistrationDelayMs: numeric(group.attributes, "deregistration_delay.timeout_seconds") * 1_000,
        loadBalancerArns: group.usedBy.map((balancer) => balancer.arn),
      };
    },
    registerTarget: (groupArn, target) => registerTarget(context, groupOf(context, groupArn), target),
    deregisterTarget: (groupArn, target) => deregisterTarget(context, groupOf(context, groupArn), target),
    targetHealth: (groupArn, target) => {
      const record = context.groups.get(groupArn)?.targets.get(targetKey(target));
      if (record === undefined) return undefined;
      return {
        state: record.state,
        ...(record.reason !== undefined && { reason: record.reason }),
        ...(record.description !== undefined && { description: record.description }),
      };
    },
    weightsOf: (arn) => {
      const forward = ruleAt(context, arn)?.actions.find(({ Type: type }) => type === "forward");
      const groups = forward?.ForwardConfig?.TargetGroups;
      if (groups === undefined) return undefined;
      return new Map(groups.map(({ TargetGroupArn: group = "", Weight: weight = 1 }) => [group, weight]));
    },
    setWeights: (arn, weights) => setWeights(context, ruleAt(context, arn) ?? ruleOf(context, arn), weights),
    onTargetHealth: (listener) => context.healthListeners.push(listener),
  };
}

/** A listener stands for its default rule. */
const ruleAt = (context: ElbContext, arn: string): RuleRecord | undefined =>
  context.rules.get(arn) ?? context.listeners.get(arn)?.defaultRule;

/** The map is the whole truth about groups; stickiness, authentication and all other actions stay. */
function setWeights(context: ElbContext, rule: RuleRecord, weights: ReadonlyMap<string, number>): void {
  for (const arn of weights.keys()) groupOf(context, arn);
  const withWeights = (action: Action): Action => {
    if (action.Type !== "forward") return action;
    const groups = [...weights].map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight }));
    return forwardAction(action, groups, action.ForwardConfig?.TargetGroupStickinessConfig);
  };
  rule.actions = rule.actions.map(withWeights);
  propagate(context, rule.listener);
}
