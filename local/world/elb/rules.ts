// Operations on rules.

import type {
  CreateRuleInput,
  CreateRuleOutput,
  DeleteRuleInput,
  DescribeRulesInput,
  DescribeRulesOutput,
  ModifyRuleInput,
  ModifyRuleOutput,
  Rule,
  RuleCondition,
  SetRulePrioritiesInput,
  SetRulePrioritiesOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import { acceptActions } from "./actions.ts";
import { compileConditions } from "./conditions.ts";
import type { ElbContext } from "./context.ts";
import { invalid, listenerOf, ruleOf } from "./context.ts";
import { LIMITS } from "./limits.ts";
import { replaceActions } from "./listeners.ts";
import type { ListenerRecord, RuleRecord } from "./model.ts";
import { pageOf } from "./page.ts";
import { propagate } from "./propagation.ts";
import { checkTags, setTags } from "./tags.ts";

export const ruleOperations = (context: ElbContext) => ({
  CreateRule: (input: CreateRuleInput) => create(context, input),
  DescribeRules: (input: DescribeRulesInput) => describe(context, input),
  ModifyRule: (input: ModifyRuleInput) => modify(context, input),
  DeleteRule: (input: DeleteRuleInput) => remove(context, input),
  SetRulePriorities: (input: SetRulePrioritiesInput) => setPriorities(context, input),
});

const MAX_PRIORITY = 50_000;

function checkPriority(priority: number | undefined): number {
  if (priority === undefined || !Number.isInteger(priority) || priority < 1 || priority > MAX_PRIORITY)
    throw invalid(`The priority '${priority}' must be between 1 and ${MAX_PRIORITY}`);
  return priority;
}

const priorityInUse = (priority: number): AwsError =>
  new AwsError("PriorityInUse", `Priority '${priority}' is currently in use`);

function create(context: ElbContext, input: CreateRuleInput): CreateRuleOutput {
  const listener = listenerOf(context, input.ListenerArn);
  const { balancer } = listener;
  if (balancer.type !== "application")
    throw new AwsError("UnsupportedProtocol", "Rules are not supported by Network Load Balancers");
  const priority = checkPriority(input.Priority);
  if (listener.rules.some((rule) => rule.priority === priority)) throw priorityInUse(priority);
  let count = 0;
  for (const other of balancer.listeners.values()) count += other.rules.length;
  if (count >= LIMITS["rules-per-application-load-balancer"])
    throw new AwsError("TooManyRules", "The maximum number of rules has been reached");
  const conditions = acceptConditions(input.Conditions);
  checkTags(input.Tags);
  const rule: RuleRecord = {
    arn: context.kernel.arn(
      "elasticloadbalancing",
      `listener-rule/${listener.path}/${context.kernel.hex(16)}`,
    ),
    listener,
    priority,
    conditions,
    actions: [],
    transforms: input.Transforms ?? [],
  };
  const actions = acceptActions(context, balancer, input.Actions);
  context.rules.set(rule.arn, rule);
  try {
    replaceActions(context, rule, actions);
  } catch (error) {
    context.rules.delete(rule.arn);
    throw error;
  }
  listener.rules.push(rule);
  sortRules(listener);
  setTags(context, rule.arn, input.Tags);
  propagate(context, listener);
  return { Rules: [describeRule(rule)] };
}

const sortRules = (listener: ListenerRecord): void => {
  listener.rules = listener.rules.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
};

const FIELDS = new Map<string, keyof RuleCondition>([
  ["host-header", "HostHeaderConfig"],
  ["path-pattern", "PathPatternConfig"],
  ["http-header", "HttpHeaderConfig"],
  ["http-request-method", "HttpRequestMethodConfig"],
  ["query-string", "QueryStringConfig"],
  ["source-ip", "SourceIpConfig"],
]);
/** "Each rule can optionally include up to one of each of these": API_CreateRule. */
const ONCE = new Set(["host-header", "path-pattern", "http-request-method", "source-ip"]);

function acceptConditions(given: readonly RuleCondition[] | undefined): readonly RuleCondition[] {
  const conditions = given ?? [];
  if (conditions.length === 0) throw invalid("A rule must have at least one condition");
  const seen = new Set<string>();
  let values = 0;
  for (const condition of conditions) {
    const field = condition.Field ?? "";
    if (!FIELDS.has(field))
      throw invalid(`Condition field '${field}' must be one of '[${[...FIELDS.keys()].join(", ")}]'`);
    if (seen.has(field) && ONCE.has(field)) throw invalid(`A rule can only have one '${field}' condition`);
    seen.add(field);
    const count = valuesOf(condition).length;
    if (count === 0) throw invalid("A condition value must be specified");
    values += count;
  }
  const most = LIMITS["condition-values-per-alb-rule"];
  if (values > most) throw invalid(`Rules can have at most ${most} condition values`);
  const accepted = conditions.map(withConfig);
  checkPatterns(accepted);
  return accepted;
}

function checkPatterns(conditions: readonly RuleCondition[]): void {
  const texts = conditions.flatMap(valuesOf).map((value) => JSON.stringify(value));
  const wildcards = texts.join("").replace(/[^*?]/g, "").length;
  const most = LIMITS["condition-wildcards-per-alb-rule"];
  if (wildcards > most) throw invalid(`Rules can have at most ${most} wildcard characters`);
  try {
    compileConditions(conditions);
  } catch {
    // A regular expression or an address range that is none.
    throw invalid(`A condition value is not valid: ${texts.join(", ")}`);
  }
}

function valuesOf(condition: RuleCondition): readonly unknown[] {
  const config = configOf(condition);
  return [...(config?.Values ?? []), ...(config?.RegexValues ?? []), ...(condition.Values ?? [])];
}

interface AnyConfig {
  readonly Values?: readonly unknown[];
  readonly RegexValues?: readonly string[];
}

const configOf = (condition: RuleCondition): AnyConfig | undefined =>
  condition[FIELDS.get(condition.Field ?? "") ?? "HostHeaderConfig"] as AnyConfig | undefined;

/** Described in both forms, as AWS does for host-header and path-pattern. */
function withConfig(condition: RuleCondition): RuleCondition {
  const both = condition.Field === "host-header" || condition.Field === "path-pattern";
  if (!both) return condition;
  const config = configOf(condition);
  const values = (config?.Values ?? condition.Values ?? []) as readonly string[];
  if (config?.RegexValues !== undefined && values.length === 0) return condition;
  const key = FIELDS.get(condition.Field ?? "") ?? "HostHeaderConfig";
  return { ...condition, Values: [...values], [key]: { ...config, Values: [...values] } };
}

const describeRule = (rule: RuleRecord): Rule => ({
  RuleArn: rule.arn,
  Priority: rule.priority === undefined ? "default" : String(rule.priority),
  Conditions: [...rule.conditions],
  Actions: [...rule.actions],
  IsDefault: rule.priority === undefined,
  ...(rule.transforms.length > 0 && { Transforms: [...rule.transforms] }),
});

function describe(context: ElbContext, input: DescribeRulesInput): DescribeRulesOutput {
  const { ListenerArn: listenerArn, RuleArns: arns = [] } = input;
  if ((listenerArn === undefined) === (arns.length === 0))
    throw invalid("You must specify either listener rule ARN(s) or a listener ARN");
  const listener = listenerArn === undefined ? undefined : listenerOf(context, listenerArn);
  const found =
    listener === undefined
      ? arns.map((arn) => ruleOf(context, arn))
      : [...listener.rules, listener.defaultRule];
  const { items, next } = pageOf(found, input, ({ arn }) => arn);
  return { Rules: items.map(describeRule), ...next };
}

/** "To change the actions of the default rule, use ModifyListener": API_ModifyRule. */
function modify(context: ElbContext, input: ModifyRuleInput): ModifyRuleOutput {
  const rule = ruleOf(context, input.RuleArn);
  if (rule.priority === undefined)
    throw new AwsError("OperationNotPermitted", `Default rule '${rule.arn}' cannot be modified`);
  const conditions = input.Conditions === undefined ? rule.conditions : acceptConditions(input.Conditions);
  if (input.Actions !== undefined)
    replaceActions(context, rule, acceptActions(context, rule.listener.balancer, input.Actions));
  rule.conditions = conditions;
  if (input.ResetTransforms === true) rule.transforms = [];
  else rule.transforms = input.Transforms ?? rule.transforms;
  propagate(context, rule.listener);
  return { Rules: [describeRule(rule)] };
}

function remove(context: ElbContext, input: DeleteRuleInput): object {
  const rule = ruleOf(context, input.RuleArn);
  if (rule.priority === undefined)
    throw new AwsError("OperationNotPermitted", `Default rule '${rule.arn}' cannot be deleted`);
  context.rules.delete(rule.arn);
  context.tags.delete(rule.arn);
  rule.listener.rules = rule.listener.rules.filter((other) => other !== rule);
  propagate(context, rule.listener);
  return {};
}

/** Several at once, so that rules can swap: only the outcome must be without doubles. */
function setPriorities(context: ElbContext, input: SetRulePrioritiesInput): SetRulePrioritiesOutput {
  const wanted = new Map<RuleRecord, number>();
  for (const { RuleArn: arn, Priority: priority } of input.RulePriorities ?? []) {
    const rule = ruleOf(context, arn);
    if (rule.priority === undefined)
      throw new AwsError("OperationNotPermitted", `Default rule '${rule.arn}' priority cannot be modified`);
    wanted.set(rule, checkPriority(priority));
  }
  const listeners = new Set([...wanted.keys()].map(({ listener }) => listener));
  for (const listener of listeners) {
    const taken = new Set<number>();
    for (const rule of listener.rules) {
      const priority = wanted.get(rule) ?? rule.priority ?? 0;
      if (taken.has(priority)) throw priorityInUse(priority);
      taken.add(priority);
    }
  }
  for (const [rule, priority] of wanted) rule.priority = priority;
  for (const listener of listeners) {
    sortRules(listener);
    propagate(context, listener);
  }
  return { Rules: [...wanted.keys()].map(describeRule) };
}
