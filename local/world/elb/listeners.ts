// Operations on listeners.

import type {
  CreateListenerInput,
  CreateListenerOutput,
  DeleteListenerInput,
  DescribeListenerAttributesInput,
  DescribeListenersInput,
  DescribeListenersOutput,
  Listener,
  ModifyListenerInput,
  ModifyListenerOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import type { ListenerView } from "../traffic.ts";
import { acceptActions } from "./actions.ts";
import { listAttributes } from "./attributes.ts";
import type { ElbContext } from "./context.ts";
import { balancerOf, invalid, listenerOf } from "./context.ts";
import { checkUse, LIMITS } from "./limits.ts";
import type { ListenerRecord, LoadBalancerRecord, RuleRecord } from "./model.ts";
import { pageOf } from "./page.ts";
import { compileNow, propagate, refreshUsage } from "./propagation.ts";
import { requestText } from "./requests.ts";
import { checkTags, setTags } from "./tags.ts";

export const listenerOperations = (context: ElbContext) => ({
  CreateListener: (input: CreateListenerInput) => create(context, input),
  DescribeListeners: (input: DescribeListenersInput) => describe(context, input),
  ModifyListener: (input: ModifyListenerInput) => modify(context, input),
  DeleteListener: (input: DeleteListenerInput) => {
    removeListener(context, listenerOf(context, input.ListenerArn));
    refreshUsage(context);
    return {};
  },
  DescribeListenerAttributes: (input: DescribeListenerAttributesInput) => ({
    Attributes: listAttributes(listenerOf(context, input.ListenerArn).attributes),
  }),
});

const PROTOCOLS = {
  application: ["HTTP", "HTTPS"],
  network: ["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"],
} as const;

function create(context: ElbContext, input: CreateListenerInput): CreateListenerOutput {
  const balancer = balancerOf(context, input.LoadBalancerArn);
  const text = requestText(input);
  for (const other of balancer.listeners.values()) {
    if (other.port !== input.Port) continue;
    if (context.requests.get(other.arn) === text) return { Listeners: [describeListener(other)] };
    throw new AwsError(
      "DuplicateListener",
      `A listener already exists on this port for this load balancer '${balancer.arn}'`,
    );
  }
  if (balancer.listeners.size >= LIMITS[`listeners-per-${balancer.type}-load-balancer`])
    throw new AwsError("TooManyListeners", "The maximum number of listeners has been reached");
  const protocol = checkProtocol(balancer, input.Protocol);
  checkPort(input.Port);
  checkTags(input.Tags);
  if (["HTTPS", "TLS"].includes(protocol) && (input.Certificates ?? []).length === 0)
    throw new AwsError("CertificateNotFound", `A certificate must be specified for ${protocol} listeners`);
  const actions = acceptActions(context, balancer, input.DefaultActions);
  const listener = newListener(context, balancer, { ...input, Protocol: protocol as "HTTP" });
  listener.defaultRule.actions = actions;
  enter(context, listener);
  try {
    checkUse(context, balancer);
  } catch (error) {
    removeListener(context, listener);
    throw error;
  }
  context.requests.set(listener.arn, text);
  setTags(context, listener.arn, input.Tags);
  listener.live = compileNow(context, listener);
  refreshUsage(context);
  for (const plane of context.planeListeners) plane.added(listenerView(listener));
  return { Listeners: [describeListener(listener)] };
}

function enter(context: ElbContext, listener: ListenerRecord): void {
  context.listeners.set(listener.arn, listener);
  context.rules.set(listener.defaultRule.arn, listener.defaultRule);
  listener.balancer.listeners.set(listener.arn, listener);
}

function checkProtocol(balancer: LoadBalancerRecord, protocol: string | undefined): string {
  const allowed: readonly string[] = PROTOCOLS[balancer.type];
  if (protocol !== undefined && allowed.includes(protocol)) return protocol;
  throw invalid(`Listener protocol '${protocol ?? ""}' must be one of '${allowed.join(", ")}'`);
}

function checkPort(port: number | undefined): void {
  if (port === undefined) throw invalid("A listener port must be specified");
  if (port < 1 || port > 65_535) throw invalid(`Port '${port}' must be between 1 and 65535`);
}

function newListener(
  context: ElbContext,
  balancer: LoadBalancerRecord,
  input: CreateListenerInput,
): ListenerRecord {
  const { kernel } = context;
  const path = `${balancer.path}/${kernel.hex(16)}`;
  const rule: Omit<RuleRecord, "listener"> & { listener?: ListenerRecord } = {
    arn: kernel.arn("elasticloadbalancing", `listener-rule/${path}/${kernel.hex(16)}`),
    priority: undefined,
    conditions: [],
    actions: [],
    transforms: [],
  };
  const listener: ListenerRecord = {
    arn: kernel.arn("elasticloadbalancing", `listener/${path}`),
    path,
    balancer,
    port: input.Port ?? 0,
    protocol: input.Protocol ?? "HTTP",
    sslPolicy: input.SslPolicy ?? (input.Protocol === "HTTPS" ? "ELBSecurityPolicy-2016-08" : undefined),
    certificates: input.Certificates ?? [],
    alpnPolicy: input.AlpnPolicy ?? [],
    mutualAuthentication: input.MutualAuthentication,
    attributes: new Map(),
    defaultRule: rule as RuleRecord,
    rules: [],
    live: { rules: [] },
    version: 0,
    liveVersion: 0,
  };
  rule.listener = listener;
  return listener;
}

function describeListener(listener: ListenerRecord): Listener {
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.balancer.arn,
    Port: listener.port,
    Protocol: listener.protocol as "HTTP",
    ...(listener.certificates.length > 0 && { Certificates: [...listener.certificates] }),
    ...(listener.sslPolicy !== undefined && { SslPolicy: listener.sslPolicy }),
    DefaultActions: [...listener.defaultRule.actions],
    ...(listener.alpnPolicy.length > 0 && { AlpnPolicy: [...listener.alpnPolicy] }),
    ...(listener.mutualAuthentication !== undefined && {
      MutualAuthentication: listener.mutualAuthentication,
    }),
  };
}

export const listenerView = (listener: ListenerRecord): ListenerView => ({
  arn: listener.arn,
  loadBalancerArn: listener.balancer.arn,
  loadBalancerName: listener.balancer.name,
  dnsName: listener.balancer.dnsName,
  port: listener.port,
  protocol: listener.protocol,
});

function describe(context: ElbContext, input: DescribeListenersInput): DescribeListenersOutput {
  const { ListenerArns: arns = [], LoadBalancerArn: balancerArn } = input;
  if (arns.length === 0 && balancerArn === undefined)
    throw invalid("You must specify either listener ARNs or a load balancer ARN");
  const found =
    balancerArn === undefined
      ? arns.map((arn) => listenerOf(context, arn))
      : [...balancerOf(context, balancerArn).listeners.values()];
  const { items, next } = pageOf(found, input, ({ arn }) => arn);
  return { Listeners: items.map(describeListener), ...next };
}

/** Members that are left out keep their value; a list of actions replaces the whole list: API_ModifyListener. */
function modify(context: ElbContext, input: ModifyListenerInput): ModifyListenerOutput {
  const listener = listenerOf(context, input.ListenerArn);
  const { balancer, defaultRule } = listener;
  const protocol = input.Protocol === undefined ? undefined : checkProtocol(balancer, input.Protocol);
  const moved = input.Port !== undefined && input.Port !== listener.port;
  if (moved) checkFree(balancer, input.Port);
  if (input.DefaultActions !== undefined)
    replaceActions(context, defaultRule, acceptActions(context, balancer, input.DefaultActions));
  const changes: Partial<ListenerRecord> = {
    ...(input.Port !== undefined && { port: input.Port }),
    ...(protocol !== undefined && { protocol }),
    ...(input.SslPolicy !== undefined && { sslPolicy: input.SslPolicy }),
    ...(input.Certificates !== undefined && { certificates: input.Certificates }),
    ...(input.AlpnPolicy !== undefined && { alpnPolicy: input.AlpnPolicy }),
    ...(input.MutualAuthentication !== undefined && { mutualAuthentication: input.MutualAuthentication }),
  };
  Object.assign(listener, changes);
  propagate(context, listener);
  for (const plane of moved ? context.planeListeners : []) {
    plane.removed(listener.arn);
    plane.added(listenerView(listener));
  }
  return { Listeners: [describeListener(listener)] };
}

function checkFree(balancer: LoadBalancerRecord, port: number | undefined): void {
  checkPort(port);
  for (const other of balancer.listeners.values()) {
    if (other.port !== port) continue;
    throw new AwsError("DuplicateListener", "A listener with the specified port already exists");
  }
}

/** Leaves the old actions in place when the new ones go over a limit of the load balancer. */
export function replaceActions(context: ElbContext, rule: RuleRecord, actions: RuleRecord["actions"]): void {
  const before = rule.actions;
  rule.actions = actions;
  try {
    checkUse(context, rule.listener.balancer);
  } catch (error) {
    rule.actions = before;
    throw error;
  }
}

/** Its rules go with it. Who calls refreshes the use of groups. */
export function removeListener(context: ElbContext, listener: ListenerRecord): void {
  for (const { arn } of [...listener.rules, listener.defaultRule]) {
    context.rules.delete(arn);
    context.tags.delete(arn);
  }
  context.listeners.delete(listener.arn);
  context.requests.delete(listener.arn);
  context.tags.delete(listener.arn);
  listener.balancer.listeners.delete(listener.arn);
  for (const plane of context.planeListeners) plane.removed(listener.arn);
}
