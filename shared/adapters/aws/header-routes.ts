// Header routes: rules of our own before the production rule, marked with their rollout so that all of them
// are found again, also by a process that never heard of them.

import type { DescribeRulesCommandOutput, Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  ModifyRuleCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AppError, isCode } from "../../base/errors.ts";
import { ROLLOUT_RULE_TAG } from "../../contracts/tags.ts";
import type { TrafficWriter } from "../../ports/traffic.ts";
import type { Paced } from "./client.ts";
import { send } from "./client.ts";
import {
  actionsTo,
  conditionsFor,
  freePriority,
  hasHeader,
  isHeaderRule,
  isListener,
} from "./traffic-view.ts";

/** API_DescribeTags. */
const MAX_TAGGED = 20;
/** Between looking for a free priority and taking it somebody else may take it. */
const MAX_TRIES = 3;

type HeaderRoute = Parameters<TrafficWriter["setHeaderRoute"]>[0];

export async function setHeaderRoute(elb: Paced, route: HeaderRoute): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await setOnce(elb, route);
    } catch (error) {
      if (!isCode(error, "conflict") || attempt === MAX_TRIES) throw error;
    }
  }
}

async function setOnce(elb: Paced, route: HeaderRoute): Promise<void> {
  const rules = await rulesOf(elb, route.listener);
  const production = rules.find(({ RuleArn, IsDefault }) =>
    isListener(route.rule) ? IsDefault === true : RuleArn === route.rule,
  );
  if (production === undefined) throw new AppError("missing", `${route.rule}: the production rule is gone`);
  const isPlain = production.IsDefault === true;
  const Conditions = conditionsFor(route, isPlain ? undefined : production);
  const Actions = actionsTo(route.targetGroupArn, production.Actions ?? []);
  const own = await rulesOfRollout(elb, rules, route.rollout);
  const before = own.find((rule) => hasHeader(rule, route.header));
  if (before === undefined) {
    const Tags = [{ Key: ROLLOUT_RULE_TAG, Value: route.rollout }];
    const Priority = freePriority(rules, isPlain ? undefined : production);
    await send(
      elb,
      new CreateRuleCommand({ ListenerArn: route.listener, Priority, Conditions, Actions, Tags }),
    );
  } else if (!leadsSo(before, route)) {
    await send(elb, new ModifyRuleCommand({ RuleArn: before.RuleArn, Conditions, Actions }));
  }
}

function leadsSo({ Conditions = [], Actions = [] }: Rule, route: HeaderRoute): boolean {
  const values = Conditions.flatMap(({ HttpHeaderConfig }) => HttpHeaderConfig?.Values ?? []);
  const groups = Actions.flatMap(({ TargetGroupArn, ForwardConfig }) =>
    TargetGroupArn === undefined
      ? (ForwardConfig?.TargetGroups ?? []).flatMap((one) => one.TargetGroupArn ?? [])
      : [TargetGroupArn],
  );
  return isSameSet(values, route.values) && isSameSet(groups, [route.targetGroupArn]);
}

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((value) => other.includes(value));

export async function removeHeaderRoutes(elb: Paced, listener: string, rollout: string): Promise<void> {
  for (const { RuleArn } of await rulesOfRollout(elb, await rulesOf(elb, listener), rollout)) {
    try {
      await send(elb, new DeleteRuleCommand({ RuleArn }));
    } catch (error) {
      if (!isCode(error, "missing")) throw error;
    }
  }
}

/** All pages; the default rule is the last. */
export async function rulesOf(elb: Paced, listener: string): Promise<readonly Rule[]> {
  const rules: Rule[] = [];
  let Marker: string | undefined;
  do {
    const page: DescribeRulesCommandOutput = await send(
      elb,
      new DescribeRulesCommand({ ListenerArn: listener, ...(Marker !== undefined && { Marker }) }),
    );
    rules.push(...(page.Rules ?? []));
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  return rules;
}

/** Only rules that look at a header can be ours: a listener without any costs no second call. */
async function rulesOfRollout(elb: Paced, rules: readonly Rule[], rollout: string): Promise<readonly Rule[]> {
  const candidates = rules.filter(isHeaderRule);
  const marked = new Set<string>();
  for (let from = 0; from < candidates.length; from += MAX_TAGGED) {
    const ResourceArns = candidates.slice(from, from + MAX_TAGGED).flatMap(({ RuleArn }) => RuleArn ?? []);
    const { TagDescriptions = [] } = await send(elb, new DescribeTagsCommand({ ResourceArns }));
    for (const { ResourceArn, Tags = [] } of TagDescriptions) {
      const isOurs = Tags.some(({ Key, Value }) => Key === ROLLOUT_RULE_TAG && Value === rollout);
      if (isOurs && ResourceArn !== undefined) marked.add(ResourceArn);
    }
  }
  return candidates.filter(({ RuleArn = "" }) => marked.has(RuleArn));
}
