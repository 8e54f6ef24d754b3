// The rules of a listener as the nodes of the load balancer hold them: compiled once for each change, so that
// a request costs no parsing.

import type { Action } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { RequestHead } from "../traffic.ts";
import { compileConditions } from "./conditions.ts";
import type { Meter } from "./meters.ts";
import type { ListenerRecord, LoadBalancerRecord, TargetGroupRecord } from "./model.ts";

export interface WeightedGroup {
  readonly group: TargetGroupRecord;
  readonly weight: number;
  readonly meter: Meter;
}

export type LiveAction =
  | {
      readonly kind: "forward";
      readonly groups: readonly WeightedGroup[];
      readonly totalWeight: number;
      /** Group stickiness; undefined: off. */
      readonly stickySeconds: number | undefined;
      /** The end of the rule's ARN: cookies of other rules say nothing here. */
      readonly ruleId: string;
    }
  | {
      readonly kind: "fixed";
      readonly statusCode: number;
      readonly contentType: string;
      readonly body: string;
    }
  | {
      readonly kind: "redirect";
      readonly statusCode: 301 | 302;
      readonly protocol: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
      readonly query: string;
    };

export interface LiveRule {
  matches(request: RequestHead): boolean;
  readonly action: LiveAction;
}

export interface LiveListener {
  /** By priority; the last matches everything. */
  readonly rules: readonly LiveRule[];
}

export interface LiveSources {
  group(arn: string): TargetGroupRecord | undefined;
  meter(balancer: LoadBalancerRecord, group: TargetGroupRecord): Meter;
}

export function compileListener(listener: ListenerRecord, sources: LiveSources): LiveListener {
  const rules = [...listener.rules, listener.defaultRule].map(({ arn, conditions, actions }) => ({
    matches: compileConditions(conditions),
    action: compileActions(actions, { listener, sources, ruleId: arn.slice(arn.lastIndexOf("/") + 1) }),
  }));
  return { rules };
}

interface Place {
  readonly listener: ListenerRecord;
  readonly sources: LiveSources;
  readonly ruleId: string;
}

/** Authentication passes everybody: the action that ends the list answers. */
function compileActions(actions: readonly Action[], place: Place): LiveAction {
  for (const action of actions) {
    if (action.Type === "forward") return compileForward(action, place);
    if (action.Type === "fixed-response") return compileFixed(action);
    if (action.Type === "redirect") return compileRedirect(action, place.listener);
  }
  return { kind: "fixed", statusCode: 503, contentType: "text/plain", body: "" };
}

function compileForward(action: Action, { listener, sources, ruleId }: Place): LiveAction {
  const groups: WeightedGroup[] = [];
  for (const { TargetGroupArn: arn = "", Weight: weight = 1 } of action.ForwardConfig?.TargetGroups ?? []) {
    const group = sources.group(arn);
    if (group !== undefined) groups.push({ group, weight, meter: sources.meter(listener.balancer, group) });
  }
  const sticky = action.ForwardConfig?.TargetGroupStickinessConfig;
  return {
    kind: "forward",
    groups,
    totalWeight: groups.reduce((sum, { weight }) => sum + weight, 0),
    stickySeconds: sticky?.Enabled === true ? sticky.DurationSeconds : undefined,
    ruleId,
  };
}

const compileFixed = ({ FixedResponseConfig: fixed }: Action): LiveAction => ({
  kind: "fixed",
  statusCode: Number(fixed?.StatusCode ?? 200),
  contentType: fixed?.ContentType ?? "text/plain",
  body: fixed?.MessageBody ?? "",
});

/** Members left out keep the request's own part: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html */
const compileRedirect = ({ RedirectConfig: redirect }: Action, listener: ListenerRecord): LiveAction => ({
  kind: "redirect",
  statusCode: redirect?.StatusCode === "HTTP_301" ? 301 : 302,
  protocol: (redirect?.Protocol ?? "#{protocol}").replaceAll("#{protocol}", listener.protocol),
  host: redirect?.Host ?? "#{host}",
  port: (redirect?.Port ?? "#{port}").replaceAll("#{port}", String(listener.port)),
  path: redirect?.Path ?? "/#{path}",
  query: redirect?.Query ?? "#{query}",
});
