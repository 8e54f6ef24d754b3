// TrafficReader and TrafficWriter over Elastic Load Balancing: weights of listener rules, and header routes.

import type { Action, Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyRuleCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AppError } from "../../base/errors.ts";
import type { TrafficReader, TrafficWriter } from "../../ports/traffic.ts";
import type { AwsClient, Paced } from "./client.ts";
import { CONTROL_PLANE, clientOptions, send } from "./client.ts";
import { removeHeaderRoutes, setHeaderRoute } from "./header-routes.ts";
import { ruleOf } from "./rule-search.ts";
import { actionsWith, groupHealth, isListener, isSameShare, listenerOf, ruleView } from "./traffic-view.ts";

export const createElbClient = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  new ElasticLoadBalancingV2Client(clientOptions(CONTROL_PLANE, environment));

/** Calls: rule 1, ruleOf 2 and one for each listener, health 1 for each group. */
export function createTrafficReader(elb: Paced): TrafficReader {
  return {
    rule: async (arn) => ruleView(arn, (await readRule(elb, arn)).actions),
    ruleOf: (targetGroupArn) => ruleOf(elb, targetGroupArn),
    health: (arns) =>
      Promise.all(
        arns.map(async (TargetGroupArn) => {
          const output = await send(elb, new DescribeTargetHealthCommand({ TargetGroupArn }));
          return groupHealth(TargetGroupArn, output.TargetHealthDescriptions ?? []);
        }),
      ),
  };
}

interface FoundRule {
  readonly actions: readonly Action[];
  /** The default action is written on the listener: ModifyRule refuses it. */
  readonly isDefault: boolean;
}

async function readRule(elb: Paced, arn: string): Promise<FoundRule> {
  if (isListener(arn)) {
    const { Listeners = [] } = await send(elb, new DescribeListenersCommand({ ListenerArns: [arn] }));
    const listener = Listeners[0];
    if (listener === undefined) throw new AppError("missing", `DescribeListeners: ${arn}: not in the answer`);
    return { actions: listener.DefaultActions ?? [], isDefault: true };
  }
  const { Rules = [] } = await send(elb, new DescribeRulesCommand({ RuleArns: [arn] }));
  const rule: Rule | undefined = Rules[0];
  if (rule === undefined) throw new AppError("missing", `DescribeRules: ${arn}: not in the answer`);
  return { actions: rule.Actions ?? [], isDefault: rule.IsDefault === true };
}

/** Calls: setWeights 2 (1 when they stand already); setHeaderRoute and removeHeaderRoutes 2 and one for each rule. */
export function createTrafficWriter(elb: Paced): TrafficWriter {
  return {
    setWeights: (change) => setWeights(elb, change),
    setHeaderRoute: (route) => setHeaderRoute(elb, route),
    removeHeaderRoutes: (listener, rollout) => removeHeaderRoutes(elb, listener, rollout),
  };
}

async function setWeights(elb: Paced, change: Parameters<TrafficWriter["setWeights"]>[0]): Promise<void> {
  const { actions, isDefault } = await readRule(elb, change.rule);
  const next = actionsWith(change, actions);
  if (next === undefined) return;
  const { weights } = ruleView(change.rule, actions);
  if (change.expected !== undefined && !isSameShare(weights, change.expected)) {
    throw new AppError(
      "conflict",
      `${change.rule}: its weights are ${JSON.stringify(weights)}, not as expected`,
    );
  }
  if (change.isDue?.() === false)
    throw new AppError("busy", `${change.rule}: decided too long ago to be written now`);
  if (isDefault) {
    const listener = { ListenerArn: listenerOf(change.rule), DefaultActions: next };
    await send(elb, new ModifyListenerCommand(listener));
  } else await send(elb, new ModifyRuleCommand({ RuleArn: change.rule, Actions: next }));
}
