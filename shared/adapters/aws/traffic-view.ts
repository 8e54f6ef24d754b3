// Listener rules in our words, and back: pure. Weights are compared as shares, 1 to 1 is 50 to 50.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html

import type {
  Action,
  Rule,
  RuleCondition,
  TargetGroupTuple,
  TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AppError } from "../../base/errors.ts";
import type { GroupHealth, RuleView } from "../../contracts/rollout-views.ts";

export type Weights = Readonly<Record<string, number>>;

/** A rule with a single group is written without a weight; API_TargetGroupTuple tells no default. */
const DEFAULT_WEIGHT = 1;

export const isListener = (arn: string): boolean => arn.includes(":listener/");

/** `…:listener-rule/app/name/id/listener/rule` is a rule of `…:listener/app/name/id/listener`. */
export function listenerOf(arn: string): string {
  if (isListener(arn)) return arn;
  const match = /^(.*):listener-rule\/([^/]+\/[^/]+\/[^/]+\/[^/]+)\//.exec(arn);
  if (match === null) throw new AppError("input", `${arn} is neither a listener nor one of its rules`);
  const [, prefix = "", path = ""] = match;
  return `${prefix}:listener/${path}`;
}

/** `app/name/id`: the dimension LoadBalancer of its metrics. */
const loadBalancerOf = (listenerArn: string): string =>
  listenerArn.slice(listenerArn.indexOf(":listener/") + ":listener/".length).replace(/\/[^/]+$/, "");

export function ruleView(arn: string, actions: readonly Action[]): RuleView {
  const listenerArn = listenerOf(arn);
  const forward = actions.find(isForward);
  return {
    arn,
    listenerArn,
    loadBalancer: loadBalancerOf(listenerArn),
    weights: forward === undefined ? {} : weightsOf(forward),
    sticky: forward?.ForwardConfig?.TargetGroupStickinessConfig?.Enabled === true,
    otherActions: actions.flatMap((action) => (isForward(action) ? [] : (action.Type ?? []))),
  };
}

const isForward = ({ Type }: Action): boolean => Type === "forward";

const tuplesOf = ({ ForwardConfig, TargetGroupArn }: Action): readonly TargetGroupTuple[] =>
  ForwardConfig?.TargetGroups ?? (TargetGroupArn === undefined ? [] : [{ TargetGroupArn }]);

export const weightsOf = (forward: Action): Weights =>
  Object.fromEntries(
    tuplesOf(forward).flatMap(({ TargetGroupArn: arn, Weight = DEFAULT_WEIGHT }) =>
      arn === undefined ? [] : [[arn, Weight]],
    ),
  );

/** Equal in what they do: a group that is not named has 0. */
export function isSameShare(one: Weights, other: Weights): boolean {
  const total = (weights: Weights): number => Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const [sumOne, sumOther] = [total(one), total(other)];
  if (sumOne === 0 || sumOther === 0) return sumOne === sumOther;
  return Object.keys({ ...one, ...other }).every(
    // Whole numbers on both sides: no rounding.
    (arn) => (one[arn] ?? 0) * sumOther === (other[arn] ?? 0) * sumOne,
  );
}

export interface WeightChange {
  readonly weights: Weights;
  readonly stickiness: "keep" | "off";
}

/**
 * The action list with other weights, everything else as it was; undefined when nothing would change. A group
 * that is to have 0 must be named all the same: the targets of one that no rule names are `unused`, and never
 * healthy. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function actionsWith(
  { weights, stickiness }: WeightChange,
  actions: readonly Action[],
): Action[] | undefined {
  const forward = actions.find(isForward);
  if (forward === undefined) throw new AppError("input", "the rule forwards to no target group");
  const now = weightsOf(forward);
  const sticky = forward.ForwardConfig?.TargetGroupStickinessConfig;
  const isLoose = stickiness === "keep" || sticky?.Enabled !== true;
  const isNamed = Object.keys(weights).every((arn) => arn in now);
  if (isLoose && isNamed && isSameShare(now, weights)) return undefined;
  const unnamed = Object.fromEntries(Object.keys(now).map((arn) => [arn, 0]));
  const TargetGroups = Object.entries({ ...unnamed, ...weights }).map(([TargetGroupArn, Weight]) => ({
    TargetGroupArn,
    Weight,
  }));
  const { TargetGroupArn: _single, ...rest } = forward;
  const config = stickiness === "off" ? { Enabled: false } : sticky;
  return actions.map((action) =>
    action === forward
      ? {
          ...rest,
          ForwardConfig: {
            TargetGroups,
            ...(config !== undefined && { TargetGroupStickinessConfig: config }),
          },
        }
      : asDescribed(action),
  );
}

/**
 * DescribeRules never tells the client secret of an OIDC action; without this member ELB wants it again:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
 */
function asDescribed(action: Action): Action {
  const oidc = action.AuthenticateOidcConfig;
  if (oidc === undefined) return action;
  return { ...action, AuthenticateOidcConfig: { ...oidc, UseExistingClientSecret: true } };
}

export interface HeaderMatch {
  readonly header: string;
  readonly values: readonly string[];
}

export const isHeaderRule = ({ Conditions = [] }: Rule): boolean =>
  Conditions.some(({ Field }) => Field === "http-header");

export const hasHeader = ({ Conditions = [] }: Rule, header: string): boolean =>
  Conditions.some(
    ({ HttpHeaderConfig }) => HttpHeaderConfig?.HttpHeaderName?.toLowerCase() === header.toLowerCase(),
  );

/** Who would reach production and says the header. Described in two forms, a condition is taken in one. */
export function conditionsFor(
  { header, values }: HeaderMatch,
  production: Rule | undefined,
): RuleCondition[] {
  const kept = (production?.Conditions ?? []).map((condition): RuleCondition => {
    const { Values: _short, ...long } = condition;
    return Object.keys(long).length > 1 ? long : condition;
  });
  return [
    ...kept,
    { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: header, Values: [...values] } },
  ];
}

/** Production's actions with all of its traffic on one group. */
export function actionsTo(targetGroupArn: string, production: readonly Action[]): Action[] {
  if (production.some(({ AuthenticateOidcConfig }) => AuthenticateOidcConfig !== undefined)) {
    // A route without it would let everybody in who knows the header.
    throw new AppError(
      "input",
      "the production rule signs users in by OIDC, whose client secret cannot be read: no header route beside it",
    );
  }
  return production.map((action) =>
    isForward(action)
      ? { Type: "forward", TargetGroupArn: targetGroupArn, ...(action.Order && { Order: action.Order }) }
      : action,
  );
}

/** API_CreateRule: 1 to 50,000, the default rule comes last. */
const MAX_PRIORITY = 50_000;

/** The nearest free one before the production rule, so that other rules keep their precedence. */
export function freePriority(rules: readonly Rule[], production: Rule | undefined): number {
  const taken = new Set(rules.map(({ Priority }) => Number(Priority)));
  const last = Number(production?.Priority ?? "default");
  let priority = Number.isNaN(last) ? MAX_PRIORITY : last - 1;
  while (priority > 0 && taken.has(priority)) priority -= 1;
  if (priority > 0) return priority;
  throw new AppError(
    "limit",
    `no priority is free before rule ${production?.RuleArn}: leave a gap before it`,
  );
}

export function groupHealth(
  targetGroupArn: string,
  targets: readonly TargetHealthDescription[],
): GroupHealth {
  const count = (state: string): number =>
    targets.filter(({ TargetHealth }) => TargetHealth?.State === state).length;
  const [healthy, unhealthy] = [count("healthy"), count("unhealthy")];
  return { targetGroupArn, healthy, unhealthy, other: targets.length - healthy - unhealthy };
}
