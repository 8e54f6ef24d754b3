// The custom resource behind constructs/weight-safe-listener-rule.ts. CloudFormation compares its own last text with
// its new one, never with what lives; so it may hear of everything about a rule but its weights.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html

import type {
  Action,
  ElasticLoadBalancingV2Client,
  Rule,
  RuleCondition,
  TargetGroupTuple,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  ModifyRuleCommand,
  SetRulePrioritiesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";

/** What a template says. */
export interface RuleSettings {
  readonly listenerArn: string;
  readonly priority: number;
  readonly conditions: readonly RuleCondition[];
  /** Authentication and its like, before the forwarding. */
  readonly before: readonly Action[];
  readonly groups: readonly { readonly targetGroupArn: string; readonly initialWeight: number }[];
}

export interface ResourceEvent {
  readonly RequestType: "Create" | "Update" | "Delete";
  readonly StackId: string;
  readonly LogicalResourceId: string;
  /** The rule's ARN, once there is one. */
  readonly PhysicalResourceId?: string;
  /** JSON: CloudFormation would make texts of its numbers. */
  readonly ResourceProperties: { readonly Rule: string };
}

type Elb = Pick<ElasticLoadBalancingV2Client, "send">;

/** Tells a rule of this resource from any other, should an answer to CreateRule have been lost. */
const OWNER_TAG = "fairlead:rule";

/** Does what the event asks; returns the rule's ARN. Throws with a sentence for whoever deploys. */
export async function applyRule(event: ResourceEvent, elb: Elb): Promise<string> {
  const { RequestType, PhysicalResourceId: ruleArn = "" } = event;
  if (RequestType === "Delete") return remove(ruleArn, elb);
  const wanted = JSON.parse(event.ResourceProperties.Rule) as RuleSettings;
  if (RequestType === "Create") return create(event, wanted, { elb });
  const live = await read(ruleArn, elb);
  return live === undefined || !isOf(ruleArn, wanted.listenerArn)
    ? create(event, wanted, { elb, live })
    : update(live, wanted, elb);
}

/** `listener/app/N/ID/L` and `listener-rule/app/N/ID/L/R` share what lies between. */
const isOf = (ruleArn: string, listenerArn: string): boolean =>
  ruleArn.startsWith(`${listenerArn.replace(":listener/", ":listener-rule/")}/`);

async function read(ruleArn: string, elb: Elb): Promise<Rule | undefined> {
  try {
    return (await elb.send(new DescribeRulesCommand({ RuleArns: [ruleArn] }))).Rules?.[0];
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown): boolean => error instanceof Error && error.name.startsWith("RuleNotFound");

const forwardOf = ({ Actions = [] }: Rule): Action | undefined =>
  Actions.find(({ Type }) => Type === "forward");

const tuplesOf = (forward: Action | undefined): readonly TargetGroupTuple[] =>
  forward?.ForwardConfig?.TargetGroups ??
  (forward?.TargetGroupArn === undefined ? [] : [{ TargetGroupArn: forward.TargetGroupArn, Weight: 1 }]);

/** On another listener it begins with the weights that the old rule has at this moment. */
async function create(
  event: ResourceEvent,
  wanted: RuleSettings,
  { elb, live }: { readonly elb: Elb; readonly live?: Rule | undefined },
): Promise<string> {
  const { listenerArn: ListenerArn, priority: Priority, conditions, groups } = wanted;
  const owner = `${event.StackId.split("/")[1]}/${event.LogicalResourceId}`;
  const weights = new Map(tuplesOf(live && forwardOf(live)).map((one) => [one.TargetGroupArn, one.Weight]));
  const isKnown = groups.some(({ targetGroupArn }) => (weights.get(targetGroupArn) ?? 0) > 0);
  const tuples = groups.map(({ targetGroupArn, initialWeight }) => ({
    TargetGroupArn: targetGroupArn,
    Weight: isKnown ? (weights.get(targetGroupArn) ?? 0) : initialWeight,
  }));
  const Actions = actionsOf(wanted, { Type: "forward", ForwardConfig: { TargetGroups: tuples } });
  const Tags = [{ Key: OWNER_TAG, Value: owner }];
  const input = { ListenerArn, Priority, Conditions: [...conditions], Actions, Tags };
  try {
    return arnOf((await elb.send(new CreateRuleCommand(input))).Rules?.[0]);
  } catch (error) {
    const own = isTaken(error) ? await findOwn(wanted, owner, elb) : undefined;
    if (own === undefined) throw error;
    return update(own, wanted, elb);
  }
}

const isTaken = (error: unknown): boolean => error instanceof Error && error.name.startsWith("PriorityInUse");

function arnOf(rule: Rule | undefined): string {
  if (rule?.RuleArn === undefined) throw new Error("Elastic Load Balancing answered without a rule");
  return rule.RuleArn;
}

/** CloudFormation repeats a Create whose answer it did not get. */
async function findOwn(
  { listenerArn, priority }: RuleSettings,
  owner: string,
  elb: Elb,
): Promise<Rule | undefined> {
  const { Rules = [] } = await elb.send(
    new DescribeRulesCommand({ ListenerArn: listenerArn, PageSize: 400 }),
  );
  const there = Rules.find(({ Priority }) => Priority === String(priority));
  if (there === undefined) return undefined;
  const { TagDescriptions = [] } = await elb.send(new DescribeTagsCommand({ ResourceArns: [arnOf(there)] }));
  const tags = TagDescriptions.flatMap(({ Tags = [] }) => Tags);
  return tags.some(({ Key, Value }) => Key === OWNER_TAG && Value === owner) ? there : undefined;
}

const actionsOf = ({ before }: RuleSettings, forward: Action): Action[] =>
  [...before, forward].map((action, index) => ({ ...action, Order: index + 1 }));

/** Actions are named to ELB only where something besides the weights is to change: what it is not told, it keeps. */
async function update(live: Rule, wanted: RuleSettings, elb: Elb): Promise<string> {
  const RuleArn = arnOf(live);
  if (live.Priority !== String(wanted.priority)) {
    const RulePriorities = [{ RuleArn, Priority: wanted.priority }];
    await elb.send(new SetRulePrioritiesCommand({ RulePriorities }));
  }
  const Actions = changedActions(live, wanted);
  const Conditions = [...wanted.conditions];
  await elb.send(new ModifyRuleCommand({ RuleArn, Conditions, ...(Actions !== undefined && { Actions }) }));
  return RuleArn;
}

function changedActions(live: Rule, wanted: RuleSettings): Action[] | undefined {
  const forward = forwardOf(live) ?? { Type: "forward" };
  const tuples = tuplesOf(forward);
  const names = wanted.groups.map(({ targetGroupArn }) => targetGroupArn);
  const isSameSet =
    tuples.length === names.length &&
    tuples.every(({ TargetGroupArn = "" }) => names.includes(TargetGroupArn));
  if (isSameSet && isSubset(wanted.before, othersOf(live))) return undefined;
  const busy = tuples.find(
    ({ TargetGroupArn = "", Weight = 0 }) => Weight > 0 && !names.includes(TargetGroupArn),
  );
  if (busy !== undefined) {
    throw new Error(
      `${busy.TargetGroupArn} still has traffic (weight ${busy.Weight}): finish the rollout first`,
    );
  }
  const TargetGroups = names.map((TargetGroupArn) => ({
    TargetGroupArn,
    Weight: tuples.find((one) => one.TargetGroupArn === TargetGroupArn)?.Weight ?? 0,
  }));
  const { TargetGroupArn: _single, ...rest } = forward;
  return actionsOf(wanted, { ...rest, ForwardConfig: { ...rest.ForwardConfig, TargetGroups } });
}

const othersOf = ({ Actions = [] }: Rule): readonly Action[] =>
  Actions.filter(({ Type }) => Type !== "forward");

/** Everything that is wanted is there: ELB adds defaults of its own to what it was told. */
function isSubset(wanted: unknown, live: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) &&
      wanted.length === live.length &&
      wanted.every((each, index) => isSubset(each, live[index]))
    );
  }
  if (typeof wanted !== "object" || wanted === null) return wanted === live;
  if (typeof live !== "object" || live === null) return false;
  return Object.entries(wanted).every(([name, value]) =>
    isSubset(value, (live as Record<string, unknown>)[name]),
  );
}

async function remove(ruleArn: string, elb: Elb): Promise<string> {
  // What failed to be created has no ARN.
  if (!ruleArn.includes(":listener-rule/")) return ruleArn;
  try {
    await elb.send(new DeleteRuleCommand({ RuleArn: ruleArn }));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return ruleArn;
}
