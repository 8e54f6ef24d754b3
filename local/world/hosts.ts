// What EC2 and Systems Manager say about the hosts of tasks: addresses of instances, public addresses of
// network interfaces, addresses of managed nodes outside AWS. They only read; ECS's model owns the hosts.

import type {
  DescribeInstancesRequest,
  DescribeInstancesResult,
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  Instance,
  NetworkInterface,
} from "@aws-sdk/client-ec2";
import type {
  DescribeInstanceInformationRequest,
  DescribeInstanceInformationResult,
  InstanceInformation,
} from "@aws-sdk/client-ssm";
import type { Kernel, Operations } from "./kernel.ts";
import { AwsError } from "./kernel.ts";

export interface WorldHost {
  /** `i-…` in EC2, `mi-…` outside. */
  readonly hostId: string;
  readonly privateIp?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly publicIp?: string | undefined;
  readonly instanceType?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly osType?: "linux" | "windows" | undefined;
}

export interface WorldInterface {
  readonly eniId: string;
  readonly subnetId?: string | undefined;
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly publicIp?: string | undefined;
}

/** Where hosts and interfaces come from: the ECS model. */
export interface HostSource {
  hosts(): Iterable<WorldHost>;
  host(hostId: string): WorldHost | undefined;
  networkInterface(eniId: string): WorldInterface | undefined;
}

const SSM_PAGE_SIZE = 10;
const SSM_MAX_PAGE_SIZE = 50;

export function ec2Operations(kernel: Kernel, source: HostSource): Operations {
  return {
    DescribeInstances: (input: DescribeInstancesRequest) => describeInstances(kernel, source, input),
    DescribeNetworkInterfaces: (input: DescribeNetworkInterfacesRequest) => describeInterfaces(source, input),
  };
}

export function ssmOperations(source: HostSource): Operations {
  return {
    DescribeInstanceInformation: (input: DescribeInstanceInformationRequest) => describeNodes(source, input),
  };
}

const notSupported = (what: string): AwsError =>
  new AwsError("InvalidParameterValue", `${what} is not modelled by the local AWS.`);

/** One unknown id refuses the whole call, as in EC2. */
function describeInstances(
  kernel: Kernel,
  source: HostSource,
  input: DescribeInstancesRequest,
): DescribeInstancesResult {
  if (input.Filters !== undefined && input.Filters.length > 0) throw notSupported("Filters");
  const hosts = input.InstanceIds?.map((id) => ec2Host(source, id)) ?? [...source.hosts()].filter(isEc2);
  const Reservations = hosts.map((host) => ({
    ReservationId: `r-${host.hostId.slice(2)}`,
    OwnerId: kernel.account,
    Instances: [instanceOf(host)],
  }));
  return { Reservations };
}

const isEc2 = (host: WorldHost): boolean => host.hostId.startsWith("i-");

function ec2Host(source: HostSource, id: string): WorldHost {
  if (!/^i-[0-9a-f]{8,17}$/.test(id)) {
    throw new AwsError("InvalidInstanceID.Malformed", `Invalid id: "${id}"`);
  }
  const host = source.host(id);
  if (host === undefined) {
    throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
  }
  return host;
}

function instanceOf(host: WorldHost): Instance {
  return {
    InstanceId: host.hostId,
    State: { Code: 16, Name: "running" },
    ...(host.osType === "windows" && { Platform: "Windows" as const }),
    ...(host.instanceType !== undefined && {
      InstanceType: host.instanceType as NonNullable<Instance["InstanceType"]>,
    }),
    ...(host.availabilityZone !== undefined && { Placement: { AvailabilityZone: host.availabilityZone } }),
    ...(host.privateIp !== undefined && { PrivateIpAddress: host.privateIp }),
    ...(host.publicIp !== undefined && { PublicIpAddress: host.publicIp }),
    ...(host.ipv6 !== undefined && { Ipv6Address: host.ipv6 }),
  };
}

function describeInterfaces(
  source: HostSource,
  input: DescribeNetworkInterfacesRequest,
): DescribeNetworkInterfacesResult {
  const ids = input.NetworkInterfaceIds;
  if (ids === undefined || ids.length === 0) throw notSupported("DescribeNetworkInterfaces without ids");
  return { NetworkInterfaces: ids.map((id) => interfaceOf(source, id)) };
}

function interfaceOf(source: HostSource, id: string): NetworkInterface {
  const found = source.networkInterface(id);
  if (found === undefined) {
    throw new AwsError(
      "InvalidNetworkInterfaceID.NotFound",
      `The networkInterface ID '${id}' does not exist`,
    );
  }
  return {
    NetworkInterfaceId: found.eniId,
    Status: "in-use",
    ...(found.subnetId !== undefined && { SubnetId: found.subnetId }),
    ...(found.ipv4 !== undefined && { PrivateIpAddress: found.ipv4 }),
    ...(found.ipv6 !== undefined && { Ipv6Addresses: [{ Ipv6Address: found.ipv6 }] }),
    ...(found.publicIp !== undefined && { Association: { PublicIp: found.publicIp } }),
  };
}

/** Unknown ids are left out; a page has 10 nodes unless asked otherwise. */
function describeNodes(
  source: HostSource,
  input: DescribeInstanceInformationRequest,
): DescribeInstanceInformationResult {
  const size = input.MaxResults ?? SSM_PAGE_SIZE;
  if (size < 5 || size > SSM_MAX_PAGE_SIZE) {
    throw new AwsError("ValidationException", `MaxResults must be between 5 and ${SSM_MAX_PAGE_SIZE}.`);
  }
  const from = input.NextToken === undefined ? 0 : Number(input.NextToken);
  if (!Number.isInteger(from) || from < 0)
    throw new AwsError("InvalidNextToken", "The specified token isn't valid.");
  const nodes = wantedNodes(source, input);
  const end = from + size;
  return {
    InstanceInformationList: nodes.slice(from, end).map(nodeOf),
    ...(end < nodes.length && { NextToken: String(end) }),
  };
}

function wantedNodes(source: HostSource, input: DescribeInstanceInformationRequest): readonly WorldHost[] {
  let nodes: readonly WorldHost[] | undefined;
  for (const filter of input.Filters ?? []) {
    if (filter.Key !== "InstanceIds")
      throw new AwsError("InvalidInstanceInformationFilterValue", `${filter.Key}`);
    nodes = (filter.Values ?? []).map((id) => source.host(id)).filter((host) => host !== undefined);
  }
  return nodes ?? [...source.hosts()];
}

function nodeOf(host: WorldHost): InstanceInformation {
  return {
    InstanceId: host.hostId,
    PingStatus: "Online",
    PlatformType: host.osType === "windows" ? "Windows" : "Linux",
    ResourceType: isEc2(host) ? "EC2Instance" : "ManagedInstance",
    ...(host.privateIp !== undefined && { IPAddress: host.privateIp }),
  };
}
