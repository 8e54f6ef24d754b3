// Where a request goes: the first rule that matches, the group by weight or by cookie, a target of that group
// and of no other. What became of it is counted.

import type { Outcome, RequestHead, Route } from "../traffic.ts";
import { chooseTarget, eligibleTargets } from "./choosing.ts";
import type { ElbContext } from "./context.ts";
import { listenerOf } from "./context.ts";
import { APP_COOKIE, GROUP_COOKIE, setCookies, subjectOf, TARGET_COOKIE } from "./cookies.ts";
import { requestEnded } from "./health.ts";
import type { LiveAction, WeightedGroup } from "./live.ts";
import type { Meter } from "./meters.ts";
import type { ListenerRecord, LoadBalancerRecord, TargetGroupRecord, TargetRecord } from "./model.ts";
import { flag, numeric, targetKey } from "./model.ts";

type Forward = Extract<LiveAction, { kind: "forward" }>;

const NO_COOKIES: readonly string[] = [];

export function route(context: ElbContext, listenerArn: string, request: RequestHead): Route {
  const listener = listenerOf(context, listenerArn);
  for (const rule of listener.live.rules) {
    if (!rule.matches(request)) continue;
    const { action } = rule;
    if (action.kind === "forward") return forward(context, { listener, action, request });
    const meter = listener.balancer.meter;
    if (action.kind === "redirect") {
      context.meters.count(meter, "HTTP_Redirect_Count");
      context.meters.count(meter, "HTTPCode_ELB_3XX_Count");
      return { kind: "redirect", statusCode: action.statusCode, location: locationOf(action, request) };
    }
    context.meters.count(meter, "HTTP_Fixed_Response_Count");
    countOwnAnswer(context, meter, action.statusCode);
    return action;
  }
  return unavailable(context, listener.balancer);
}

/** A client's connection, however many requests it carries. */
export function connected(context: ElbContext, listenerArn: string): void {
  context.meters.count(listenerOf(context, listenerArn).balancer.meter, "NewConnectionCount");
}

interface Exchange {
  readonly listener: ListenerRecord;
  readonly action: Forward;
  readonly request: RequestHead;
}

/** "503: the target groups have no registered targets": load-balancer-troubleshooting. */
function forward(context: ElbContext, exchange: Exchange): Route {
  const { listener, request } = exchange;
  const cookies: string[] = [];
  const chosen = chooseGroup(context, exchange, cookies);
  if (chosen === undefined) return unavailable(context, listener.balancer);
  const record = pickTarget(context, { group: chosen.group, request, cookies });
  if (record === undefined) return unavailable(context, listener.balancer);
  record.open += 1;
  const meters = [listener.balancer.meter, chosen.meter] as const;
  for (const meter of meters) {
    context.meters.count(meter, "RequestCount");
    if (chosen.group.failsOpen) context.meters.count(meter, "UnhealthyRoutingRequestCount");
  }
  let open = true;
  return {
    kind: "forward",
    targetGroupArn: chosen.group.arn,
    target: record.target,
    cookies: cookies.length === 0 ? NO_COOKIES : cookies,
    done: (outcome) => {
      if (!open) return;
      open = false;
      countOutcome(context, meters, outcome);
      requestEnded(context, record);
    },
  };
}

/**
 * A cookie outranks the weights, also when its group has the weight 0 or no target left; a group that the rule
 * no longer names is chosen anew.
 */
function chooseGroup(
  context: ElbContext,
  { action, request }: Exchange,
  cookies: string[],
): WeightedGroup | undefined {
  const { stickySeconds, groups } = action;
  if (stickySeconds === undefined) return byWeight(context, action);
  const now = context.kernel.now();
  const subject = subjectOf(request.headers["cookie"], GROUP_COOKIE, now);
  const kept = groups.find(({ group }) => subject === `${action.ruleId}|${group.path}`);
  if (kept !== undefined) return kept;
  const chosen = byWeight(context, action);
  if (chosen !== undefined) {
    const stamp = `${action.ruleId}|${chosen.group.path}`;
    cookies.push(...setCookies({ name: GROUP_COOKIE, subject: stamp, now, seconds: stickySeconds }));
  }
  return chosen;
}

function byWeight(context: ElbContext, { groups, totalWeight }: Forward): WeightedGroup | undefined {
  if (totalWeight === 0) return undefined;
  if (groups.length === 1) return groups[0];
  let left = context.chance().next() * totalWeight;
  for (const weighted of groups) {
    left -= weighted.weight;
    if (left < 0) return weighted;
  }
  return groups.findLast(({ weight }) => weight > 0);
}

interface Pick {
  readonly group: TargetGroupRecord;
  readonly request: RequestHead;
  readonly cookies: string[];
}

function pickTarget(context: ElbContext, { group, request, cookies }: Pick): TargetRecord | undefined {
  if (!flag(group.attributes, "stickiness.enabled")) return chooseTarget(context, group);
  const type = group.attributes.get("stickiness.type");
  if (type !== "lb_cookie" && type !== "app_cookie") return chooseTarget(context, group);
  const name = type === "lb_cookie" ? TARGET_COOKIE : APP_COOKIE;
  const now = context.kernel.now();
  const subject = subjectOf(request.headers["cookie"], name, now);
  const kept = eligibleTargets(group).find(({ target }) => subject === `${group.path}|${targetKey(target)}`);
  const record = kept ?? chooseTarget(context, group);
  // Every answer carries a new cookie: the duration begins again with each request.
  if (record !== undefined) {
    const seconds = numeric(group.attributes, `stickiness.${type}.duration_seconds`);
    cookies.push(...setCookies({ name, subject: `${group.path}|${targetKey(record.target)}`, now, seconds }));
  }
  return record;
}

function unavailable(context: ElbContext, balancer: LoadBalancerRecord): Route {
  countOwnAnswer(context, balancer.meter, 503);
  return { kind: "fixed", statusCode: 503, contentType: "text/html", body: UNAVAILABLE };
}

const UNAVAILABLE =
  "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n</html>\r\n";

/** Codes with a metric of their own: HTTPCode_ELB_500, 502, 503 and 504. */
const OWN_CODES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** HTTPCode_ELB_*: "Dimensions: LoadBalancer; AvailabilityZone, LoadBalancer", none of the target group. */
function countOwnAnswer(context: ElbContext, balancer: Meter, statusCode: number): void {
  const family = Math.floor(statusCode / 100);
  if (family < 3 || family > 5) return;
  context.meters.count(balancer, `HTTPCode_ELB_${family}XX_Count`);
  if (OWN_CODES.has(statusCode)) context.meters.count(balancer, `HTTPCode_ELB_${statusCode}_Count`);
}

const TARGET_CODES = ["", "", ...[2, 3, 4, 5].map((family) => `HTTPCode_Target_${family}XX_Count`)];

type BothMeters = readonly [balancer: Meter, group: Meter];

/** "Connections that were not successfully established": those that broke later are none of them. */
function countConnectionError(context: ElbContext, meters: BothMeters, connected: boolean): void {
  if (connected) return;
  for (const meter of meters) context.meters.count(meter, "TargetConnectionErrorCount");
}

function countOutcome(context: ElbContext, meters: BothMeters, outcome: Outcome): void {
  const [balancer] = meters;
  switch (outcome.kind) {
    case "answered":
      for (const meter of meters) {
        const name = TARGET_CODES[Math.floor(outcome.statusCode / 100)];
        if (name !== undefined && name !== "") context.meters.count(meter, name);
        context.meters.responseTime(meter, outcome.targetMs);
      }
      return;
    case "target-error":
      countConnectionError(context, meters, outcome.connected === true);
      countOwnAnswer(context, balancer, 502);
      return;
    case "target-timeout":
      countConnectionError(context, meters, outcome.connected === true);
      countOwnAnswer(context, balancer, 504);
      return;
    case "client-gone":
      // 460: the client closed before the idle time-out; counted with the load balancer's own 4XX.
      countOwnAnswer(context, balancer, 460);
  }
}

/** Keywords as in API_RedirectActionConfig; `#{path}` has no leading slash. */
function locationOf(action: Extract<LiveAction, { kind: "redirect" }>, request: RequestHead): string {
  const host = request.host.replace(/:\d+$/, "");
  const fill = (text: string): string =>
    text
      .replaceAll("#{host}", host)
      .replaceAll("#{path}", request.path.replace(/^\//, ""))
      .replaceAll("#{query}", request.query)
      .replaceAll("#{port}", action.port)
      .replaceAll("#{protocol}", action.protocol);
  const query = fill(action.query);
  const scheme = action.protocol.toLowerCase();
  return `${scheme}://${fill(action.host)}:${action.port}${fill(action.path)}${query === "" ? "" : `?${query}`}`;
}
