// Operations on load balancers.

import type {
  CreateLoadBalancerInput,
  CreateLoadBalancerOutput,
  DeleteLoadBalancerInput,
  DescribeLoadBalancerAttributesInput,
  DescribeLoadBalancersInput,
  DescribeLoadBalancersOutput,
  LoadBalancer,
  ModifyLoadBalancerAttributesInput,
  SetIpAddressTypeInput,
  SetSecurityGroupsInput,
  SetSubnetsInput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import { changeAttributes, initialAttributes, listAttributes } from "./attributes.ts";
import type { ElbContext } from "./context.ts";
import { balancerOf, drawDelay, invalid, notFound } from "./context.ts";
import { checkDescribed, LIMITS } from "./limits.ts";
import { removeListener } from "./listeners.ts";
import { NAMESPACES } from "./meters.ts";
import type { LoadBalancerRecord } from "./model.ts";
import { flag } from "./model.ts";
import { pageOf } from "./page.ts";
import { refreshUsage } from "./propagation.ts";
import { checkName, requestText } from "./requests.ts";
import { checkTags, setTags } from "./tags.ts";

export const loadBalancerOperations = (context: ElbContext) => ({
  CreateLoadBalancer: (input: CreateLoadBalancerInput) => create(context, input),
  DescribeLoadBalancers: (input: DescribeLoadBalancersInput) => describe(context, input),
  DeleteLoadBalancer: (input: DeleteLoadBalancerInput) => remove(context, input),
  DescribeLoadBalancerAttributes: (input: DescribeLoadBalancerAttributesInput) => ({
    Attributes: listAttributes(balancerOf(context, input.LoadBalancerArn).attributes),
  }),
  ModifyLoadBalancerAttributes: (input: ModifyLoadBalancerAttributesInput) => {
    const balancer = balancerOf(context, input.LoadBalancerArn);
    changeAttributes(balancer.type, balancer.attributes, input.Attributes ?? []);
    return { Attributes: listAttributes(balancer.attributes) };
  },
  SetSecurityGroups: (input: SetSecurityGroupsInput) => {
    const balancer = balancerOf(context, input.LoadBalancerArn);
    balancer.securityGroups = input.SecurityGroups ?? [];
    return { SecurityGroupIds: [...balancer.securityGroups] };
  },
  SetIpAddressType: (input: SetIpAddressTypeInput) => {
    const balancer = balancerOf(context, input.LoadBalancerArn);
    balancer.ipAddressType = input.IpAddressType ?? balancer.ipAddressType;
    return { IpAddressType: balancer.ipAddressType };
  },
  SetSubnets: (input: SetSubnetsInput) => {
    const balancer = balancerOf(context, input.LoadBalancerArn);
    balancer.zones = zonesOf(context, input);
    return { AvailabilityZones: [...balancer.zones] };
  },
});

function create(context: ElbContext, input: CreateLoadBalancerInput): CreateLoadBalancerOutput {
  const name = checkName("Load balancer", input.Name);
  const text = requestText(input);
  const same = [...context.balancers.values()].find((balancer) => balancer.name === name);
  if (same !== undefined) {
    // "This operation is idempotent": with the same settings it answers what exists.
    if (context.requests.get(same.arn) === text) return { LoadBalancers: [describeBalancer(same)] };
    throw new AwsError(
      "DuplicateLoadBalancerName",
      `A load balancer with the same name '${name}' exists, but with different settings`,
    );
  }
  checkTags(input.Tags, "DuplicateTagKeys");
  const balancer = newBalancer(context, name, input);
  context.balancers.set(balancer.arn, balancer);
  context.requests.set(balancer.arn, text);
  setTags(context, balancer.arn, input.Tags);
  context.kernel.after(drawDelay(context, context.settings.provisioning), () => {
    balancer.state = "active";
  });
  return { LoadBalancers: [describeBalancer(balancer)] };
}

function newBalancer(context: ElbContext, name: string, input: CreateLoadBalancerInput): LoadBalancerRecord {
  const { kernel } = context;
  const type = input.Type ?? "application";
  if (type !== "application" && type !== "network")
    throw invalid(`Load balancers of type '${type}' are not modelled by the local AWS`);
  let count = 0;
  for (const other of context.balancers.values()) if (other.type === type) count += 1;
  if (count >= LIMITS[`${type}-load-balancers`])
    throw new AwsError("TooManyLoadBalancers", "The maximum number of load balancers has been reached");
  const zones = zonesOf(context, input);
  if (type === "application" && zones.length < 2)
    throw invalid("At least two subnets in two different Availability Zones must be specified");
  const scheme = input.Scheme === "internal" ? "internal" : "internet-facing";
  const id = kernel.hex(16);
  const path = `${type === "application" ? "app" : "net"}/${name}/${id}`;
  const arn = kernel.arn("elasticloadbalancing", `loadbalancer/${path}`);
  const label = `${scheme === "internal" ? "internal-" : ""}${name}`;
  const host =
    type === "application"
      ? `${label}-${Number.parseInt(kernel.hex(8), 16)}.${kernel.region}.elb.amazonaws.com`
      : `${label}-${id}.elb.${kernel.region}.amazonaws.com`;
  return {
    arn,
    name,
    path,
    dnsName: host,
    type,
    scheme,
    vpcId: "vpc-0000000000000000a",
    createdAt: kernel.now(),
    ipAddressType: input.IpAddressType ?? "ipv4",
    zones,
    securityGroups: input.SecurityGroups ?? [],
    state: "provisioning",
    attributes: initialAttributes(type),
    listeners: new Map(),
    meter: { namespace: NAMESPACES[type], dimensions: { LoadBalancer: path }, bucket: undefined },
    groupMeters: new Map(),
  };
}

function zonesOf(
  context: ElbContext,
  input: Pick<CreateLoadBalancerInput, "Subnets" | "SubnetMappings">,
): LoadBalancerRecord["zones"] {
  const mapped = (input.SubnetMappings ?? []).map(({ SubnetId: id = "" }) => id);
  const subnets = input.Subnets ?? mapped;
  if (subnets.length === 0) throw invalid("At least one subnet must be specified");
  return subnets.map((SubnetId) => ({
    ZoneName: context.zoneOfSubnet(SubnetId),
    SubnetId,
    LoadBalancerAddresses: [],
  }));
}

function describeBalancer(balancer: LoadBalancerRecord): LoadBalancer {
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: "Z35SXDOTRQ7X7K",
    CreatedTime: new Date(balancer.createdAt),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: balancer.state },
    Type: balancer.type,
    AvailabilityZones: [...balancer.zones],
    SecurityGroups: [...balancer.securityGroups],
    IpAddressType: balancer.ipAddressType as "ipv4",
  };
}

function describe(context: ElbContext, input: DescribeLoadBalancersInput): DescribeLoadBalancersOutput {
  const { LoadBalancerArns: arns = [], Names: names = [] } = input;
  checkDescribed("load balancers", arns);
  checkDescribed("load balancers", names);
  let found = [...context.balancers.values()];
  if (arns.length > 0) found = arns.map((arn) => balancerOf(context, arn));
  if (names.length > 0) {
    found = found.filter(({ name }) => names.includes(name));
    if (found.length < names.length) throw notFound("LoadBalancer");
  }
  const { items, next } = pageOf(found, input, ({ arn }) => arn);
  return { LoadBalancers: items.map(describeBalancer), ...next };
}

/** "If the load balancer does not exist or has already been deleted, the call succeeds": API_DeleteLoadBalancer. */
function remove(context: ElbContext, input: DeleteLoadBalancerInput): object {
  const balancer = context.balancers.get(input.LoadBalancerArn ?? "");
  if (balancer === undefined) return {};
  if (flag(balancer.attributes, "deletion_protection.enabled")) {
    throw new AwsError(
      "OperationNotPermitted",
      `Load balancer '${balancer.arn}' cannot be deleted because deletion protection is enabled`,
    );
  }
  for (const listener of balancer.listeners.values()) removeListener(context, listener);
  context.balancers.delete(balancer.arn);
  context.requests.delete(balancer.arn);
  context.tags.delete(balancer.arn);
  refreshUsage(context);
  return {};
}
