// Operations on target groups.

import type {
  CreateTargetGroupInput,
  CreateTargetGroupOutput,
  DeleteTargetGroupInput,
  DescribeTargetGroupAttributesInput,
  DescribeTargetGroupsInput,
  DescribeTargetGroupsOutput,
  ModifyTargetGroupAttributesInput,
  ModifyTargetGroupInput,
  ModifyTargetGroupOutput,
  TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import { changeAttributes, initialAttributes, listAttributes } from "./attributes.ts";
import type { ElbContext } from "./context.ts";
import { balancerOf, groupOf, invalid, notFound } from "./context.ts";
import { probeAnew, stopProbing } from "./health.ts";
import type { HealthCheckInput } from "./health-settings.ts";
import { describeHealthCheck, initialHealthCheck, withHealthCheck } from "./health-settings.ts";
import { checkDescribed, LIMITS } from "./limits.ts";
import type { TargetGroupRecord } from "./model.ts";
import { pageOf } from "./page.ts";
import { checkName, requestText } from "./requests.ts";
import { checkTags, setTags } from "./tags.ts";

export const targetGroupOperations = (context: ElbContext) => ({
  CreateTargetGroup: (input: CreateTargetGroupInput) => create(context, input),
  DescribeTargetGroups: (input: DescribeTargetGroupsInput) => describe(context, input),
  ModifyTargetGroup: (input: ModifyTargetGroupInput) => modify(context, input),
  DeleteTargetGroup: (input: DeleteTargetGroupInput) => remove(context, input),
  DescribeTargetGroupAttributes: (input: DescribeTargetGroupAttributesInput) => ({
    Attributes: listAttributes(groupOf(context, input.TargetGroupArn).attributes),
  }),
  ModifyTargetGroupAttributes: (input: ModifyTargetGroupAttributesInput) => {
    const group = groupOf(context, input.TargetGroupArn);
    changeAttributes(kindOf(group.protocol), group.attributes, input.Attributes ?? []);
    group.eligible = undefined;
    return { Attributes: listAttributes(group.attributes) };
  },
});

const isWeb = (protocol: string): boolean => protocol === "HTTP" || protocol === "HTTPS";

const kindOf = (protocol: string): "application-group" | "network-group" =>
  isWeb(protocol) ? "application-group" : "network-group";

function create(context: ElbContext, input: CreateTargetGroupInput): CreateTargetGroupOutput {
  const name = checkName("Target group", input.Name);
  const text = requestText(input);
  for (const other of context.groups.values()) {
    if (other.name !== name) continue;
    if (context.requests.get(other.arn) === text) return { TargetGroups: [describeGroup(other)] };
    throw new AwsError(
      "DuplicateTargetGroupName",
      `A target group with the same name '${name}' exists, but with different settings`,
    );
  }
  if (context.groups.size >= LIMITS["target-groups"])
    throw new AwsError("TooManyTargetGroups", "The maximum number of target groups has been reached");
  checkTags(input.Tags);
  const group = newGroup(context, name, input);
  context.groups.set(group.arn, group);
  context.requests.set(group.arn, text);
  setTags(context, group.arn, input.Tags);
  return { TargetGroups: [describeGroup(group)] };
}

const PROTOCOLS: ReadonlySet<string> = new Set([
  "HTTP",
  "HTTPS",
  "TCP",
  "TLS",
  "UDP",
  "TCP_UDP",
  "QUIC",
  "TCP_QUIC",
]);

function newGroup(context: ElbContext, name: string, input: CreateTargetGroupInput): TargetGroupRecord {
  const { Protocol: protocol, Port: port, VpcId: vpcId, TargetType: targetType = "instance" } = input;
  if (targetType !== "ip" && targetType !== "instance")
    throw invalid(`Target groups of type '${targetType}' are not modelled by the local AWS`);
  if (protocol === undefined) throw invalid("A protocol must be specified");
  if (!PROTOCOLS.has(protocol)) throw invalid(`The protocol '${protocol}' is not valid`);
  if (port === undefined) throw invalid("A port must be specified");
  if (port < 1 || port > 65_535) throw invalid(`Port '${port}' must be between 1 and 65535`);
  if (vpcId === undefined) throw invalid("A VPC ID must be specified");
  const path = `targetgroup/${name}/${context.kernel.hex(16)}`;
  return {
    arn: context.kernel.arn("elasticloadbalancing", path),
    name,
    path,
    protocol,
    protocolVersion: isWeb(protocol) ? (input.ProtocolVersion ?? "HTTP1") : undefined,
    port,
    vpcId,
    targetType,
    ipAddressType: input.IpAddressType ?? "ipv4",
    health: withHealthCheck(initialHealthCheck(protocol), input, protocol),
    attributes: initialAttributes(kindOf(protocol)),
    targets: new Map(),
    usedBy: [],
    eligible: undefined,
    failsOpen: false,
    cursor: 0,
  };
}

const describeGroup = (group: TargetGroupRecord): TargetGroup => ({
  TargetGroupArn: group.arn,
  TargetGroupName: group.name,
  Protocol: group.protocol as "HTTP",
  Port: group.port,
  VpcId: group.vpcId,
  ...describeHealthCheck(group.health),
  LoadBalancerArns: group.usedBy.map(({ arn }) => arn),
  TargetType: group.targetType,
  ...(group.protocolVersion !== undefined && { ProtocolVersion: group.protocolVersion }),
  IpAddressType: group.ipAddressType as "ipv4",
});

function describe(context: ElbContext, input: DescribeTargetGroupsInput): DescribeTargetGroupsOutput {
  const { TargetGroupArns: arns = [], Names: names = [], LoadBalancerArn: balancerArn } = input;
  checkDescribed("target groups", arns);
  checkDescribed("target groups", names);
  let found = [...context.groups.values()];
  if (balancerArn !== undefined) {
    const balancer = balancerOf(context, balancerArn);
    found = found.filter(({ usedBy }) => usedBy.includes(balancer));
  }
  if (arns.length > 0) found = arns.map((arn) => groupOf(context, arn));
  if (names.length > 0) {
    found = found.filter(({ name }) => names.includes(name));
    if (found.length < names.length) throw notFound("TargetGroup");
  }
  const { items, next } = pageOf(found, input, ({ arn }) => arn);
  return { TargetGroups: items.map(describeGroup), ...next };
}

function modify(context: ElbContext, input: ModifyTargetGroupInput): ModifyTargetGroupOutput {
  const group = groupOf(context, input.TargetGroupArn);
  const given: HealthCheckInput = input;
  Object.assign(group.health, withHealthCheck(group.health, given, group.protocol));
  probeAnew(context, group);
  return { TargetGroups: [describeGroup(group)] };
}

/** "You can delete a target group if it is not referenced by any actions": API_DeleteTargetGroup. */
function remove(context: ElbContext, input: DeleteTargetGroupInput): object {
  const group = context.groups.get(input.TargetGroupArn ?? "");
  if (group === undefined) return {};
  if (group.usedBy.length > 0)
    throw new AwsError(
      "ResourceInUse",
      `Target group '${group.arn}' is currently in use by a listener or a rule`,
    );
  for (const record of group.targets.values()) {
    stopProbing(record);
    record.cancelDrain?.();
  }
  group.targets.clear();
  group.eligible = undefined;
  context.groups.delete(group.arn);
  context.requests.delete(group.arn);
  context.tags.delete(group.arn);
  return {};
}
