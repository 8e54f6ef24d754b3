// Actions of rules: checked, and in the form in which AWS describes them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html

import type {
  Action,
  TargetGroupStickinessConfig,
  TargetGroupTuple,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import type { ElbContext } from "./context.ts";
import { groupOf, invalid, invalidConfiguration } from "./context.ts";
import type { LoadBalancerRecord, TargetGroupRecord } from "./model.ts";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const MAX_GROUPS_PER_ACTION = 5;
const MAX_WEIGHT = 999;
const MAX_STICKY_SECONDS = 604_800;

const LAST_TYPES: ReadonlySet<string> = new Set(["forward", "redirect", "fixed-response"]);
const AUTHENTICATION: ReadonlySet<string> = new Set([
  "authenticate-oidc",
  "authenticate-cognito",
  "jwt-validation",
]);

/** Checked and normalized, in their order. */
export function acceptActions(
  context: ElbContext,
  balancer: LoadBalancerRecord,
  given: readonly Action[] | undefined,
): readonly Action[] {
  const actions = (given ?? []).toSorted(
    (a, b) => (a.Order ?? Number.MAX_SAFE_INTEGER) - (b.Order ?? Number.MAX_SAFE_INTEGER),
  );
  if (actions.length === 0) throw invalid("You must specify at least one action");
  const last = actions.at(-1)?.Type ?? "";
  if (!LAST_TYPES.has(last)) {
    throw new AwsError(
      "InvalidLoadBalancerAction",
      "The last action must be a forward, redirect, or fixed-response action",
    );
  }
  for (const action of actions.slice(0, -1)) {
    if (AUTHENTICATION.has(action.Type ?? "")) continue;
    throw new AwsError("InvalidLoadBalancerAction", "Only one action of a routing type is allowed");
  }
  return actions.map((action) => acceptAction(context, balancer, action));
}

/** What AWS fills in for members left out, and describes: API_RedirectActionConfig. */
const KEPT_PARTS = {
  Protocol: "#{protocol}",
  Port: "#{port}",
  Host: "#{host}",
  Path: "/#{path}",
  Query: "#{query}",
};

function acceptAction(context: ElbContext, balancer: LoadBalancerRecord, action: Action): Action {
  if (balancer.type === "network" && action.Type !== "forward") {
    throw new AwsError("InvalidLoadBalancerAction", "Network Load Balancers support forward actions only");
  }
  switch (action.Type) {
    case "forward":
      return acceptForward(context, balancer, action);
    case "fixed-response":
      if (!/^[245]\d\d$/.test(action.FixedResponseConfig?.StatusCode ?? ""))
        throw invalid("The status code of a fixed-response action must be 2XX, 4XX or 5XX");
      return action;
    case "redirect":
      if (action.RedirectConfig?.StatusCode === undefined)
        throw invalid("A redirect action must specify a status code");
      return { ...action, RedirectConfig: { ...KEPT_PARTS, ...action.RedirectConfig } };
    default:
      return action;
  }
}

function acceptForward(context: ElbContext, balancer: LoadBalancerRecord, action: Action): Action {
  const config = action.ForwardConfig;
  const given = config?.TargetGroups ?? [];
  if (given.length === 0 && action.TargetGroupArn === undefined)
    throw invalid("A target group ARN must be specified");
  const both = given.length > 0 && action.TargetGroupArn !== undefined;
  if (both && (given.length > 1 || given[0]?.TargetGroupArn !== action.TargetGroupArn)) {
    throw invalidConfiguration("TargetGroupArn and ForwardConfig must name the same one target group");
  }
  const tuples = given.length > 0 ? given : [{ TargetGroupArn: action.TargetGroupArn }];
  if (tuples.length > MAX_GROUPS_PER_ACTION) {
    throw new AwsError(
      "InvalidLoadBalancerAction",
      `At most ${MAX_GROUPS_PER_ACTION} target groups are allowed for each action`,
    );
  }
  const arns = new Set(tuples.map(({ TargetGroupArn: arn }) => arn));
  if (arns.size < tuples.length) throw invalid("Target groups of an action must be unique");
  for (const tuple of tuples) checkGroup(balancer, groupOf(context, tuple.TargetGroupArn));
  return forwardAction(action, tuples.map(withWeight), config?.TargetGroupStickinessConfig);
}

function withWeight({ TargetGroupArn, Weight = 1 }: TargetGroupTuple): TargetGroupTuple {
  if (!Number.isInteger(Weight) || Weight < 0 || Weight > MAX_WEIGHT)
    throw invalid(`Target group weight '${Weight}' must be between 0 and ${MAX_WEIGHT}`);
  return { TargetGroupArn, Weight };
}

const NETWORK_PROTOCOLS: ReadonlySet<string> = new Set(["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"]);

function checkGroup(balancer: LoadBalancerRecord, group: TargetGroupRecord): void {
  if (NETWORK_PROTOCOLS.has(group.protocol) === (balancer.type === "network")) return;
  throw new AwsError(
    "IncompatibleProtocols",
    `Protocol ${group.protocol} of the target group does not suit a load balancer of type ${balancer.type}`,
  );
}

/** As DescribeRules shows it: always with ForwardConfig; with TargetGroupArn when there is one group only. */
export function forwardAction(
  action: Action,
  groups: readonly TargetGroupTuple[],
  sticky: TargetGroupStickinessConfig | undefined,
): Action {
  const { TargetGroupArn: _arn, ForwardConfig: _config, ...rest } = action;
  const only = groups.length === 1 ? groups[0]?.TargetGroupArn : undefined;
  return {
    ...rest,
    Type: "forward",
    ...(only !== undefined && { TargetGroupArn: only }),
    ForwardConfig: { TargetGroups: [...groups], TargetGroupStickinessConfig: acceptSticky(sticky) },
  };
}

function acceptSticky(sticky: TargetGroupStickinessConfig | undefined): TargetGroupStickinessConfig {
  if (sticky?.Enabled !== true) return { Enabled: false };
  const { DurationSeconds: seconds } = sticky;
  if (seconds === undefined || seconds < 1 || seconds > MAX_STICKY_SECONDS)
    throw invalid(`The stickiness duration must be between 1 and ${MAX_STICKY_SECONDS} seconds`);
  return { Enabled: true, DurationSeconds: seconds };
}
