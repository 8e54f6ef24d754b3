// HostReader over ECS, EC2 and SSM: where container instances can be reached. Addresses of a host do not
// change while it lives, so they are kept for a while; its status comes with events anyway.

import type { Instance } from "@aws-sdk/client-ec2";
import { DescribeInstancesCommand, DescribeNetworkInterfacesCommand, EC2Client } from "@aws-sdk/client-ec2";
import type { ContainerInstance, ListClustersCommandOutput } from "@aws-sdk/client-ecs";
import {
  DescribeContainerInstancesCommand,
  ListClustersCommand,
  ListContainerInstancesCommand,
} from "@aws-sdk/client-ecs";
import { DescribeInstanceInformationCommand, SSMClient } from "@aws-sdk/client-ssm";
import { isCode } from "../../base/errors.ts";
import { minutes } from "../../base/time.ts";
import type { HostRecord } from "../../contracts/aggregate.ts";
import type { Clock } from "../../ports/clock.ts";
import type { HostReader } from "../../ports/tasks.ts";
import type { Cache } from "./cache.ts";
import { createCache } from "./cache.ts";
import type { AwsClient, Paced } from "./client.ts";
import { CONTROL_PLANE, clientOptions, send } from "./client.ts";

const HOST_TTL_MS = minutes(10);
const MAX_CACHED_HOSTS = 10_000;
const MAX_CACHED_INTERFACES = 10_000;
/** DescribeContainerInstances takes 100; EC2 and SSM filters are chunked alike. */
const MAX_INSTANCES_PER_CALL = 100;
/** DescribeInstanceInformation answers at most 50 a page. */
const MAX_NODES_PER_CALL = 50;

/** ECS Anywhere's and other managed nodes; EC2 knows nothing of them. */
const isManagedNode = (hostId: string): boolean => hostId.startsWith("mi-");

export const createEc2Client = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  new EC2Client(clientOptions(CONTROL_PLANE, environment));

export const createSsmClient = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  new SSMClient(clientOptions(CONTROL_PLANE, environment));

export interface HostReaderOptions {
  readonly ecs: Paced;
  readonly ec2: Paced;
  readonly ssm: Paced;
  readonly clock: Clock;
}

type Address = Pick<HostRecord, "ipv4" | "ipv6" | "publicIp">;

export function createHostReader(options: HostReaderOptions): HostReader {
  const { clock } = options;
  const hosts = createCache<HostRecord>({ clock, ttlMs: HOST_TTL_MS, max: MAX_CACHED_HOSTS });
  const publicIps = createCache<string>({ clock, ttlMs: HOST_TTL_MS, max: MAX_CACHED_INTERFACES });
  return {
    hosts: (clusterArn, arns) =>
      throughCache(hosts, arns, async (missing) => {
        const read = await readHosts(options, clusterArn, missing);
        return new Map(read.map((host) => [host.containerInstanceArn, host]));
      }).then((found) => [...found.values()]),
    publicIps: async (eniIds) =>
      Object.fromEntries(
        await throughCache(publicIps, eniIds, (missing) => readPublicIps(options.ec2, missing)),
      ),
    containerInstanceOf: (hostId) => findContainerInstance(options.ecs, hostId),
  };
}

async function throughCache<T>(
  cache: Cache<T>,
  keys: readonly string[],
  read: (missing: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  for (const key of keys) {
    const known = cache.get(key);
    if (known !== undefined) found.set(key, known);
  }
  const missing = [...new Set(keys)].filter((key) => !found.has(key));
  if (missing.length === 0) return found;
  for (const [key, value] of await read(missing)) {
    cache.set(key, value);
    found.set(key, value);
  }
  return found;
}

async function readHosts(
  options: HostReaderOptions,
  clusterArn: string,
  arns: readonly string[],
): Promise<readonly HostRecord[]> {
  const instances: ContainerInstance[] = [];
  for (const containerInstances of chunks(arns, MAX_INSTANCES_PER_CALL)) {
    const command = new DescribeContainerInstancesCommand({ cluster: clusterArn, containerInstances });
    instances.push(...((await send(options.ecs, command)).containerInstances ?? []));
  }
  const hostIds = instances.flatMap(({ ec2InstanceId }) => ec2InstanceId ?? []);
  const addresses = new Map([
    ...(await ec2Addresses(
      options.ec2,
      hostIds.filter((id) => !isManagedNode(id)),
    )),
    ...(await nodeAddresses(options.ssm, hostIds.filter(isManagedNode))),
  ]);
  // A host without an address is left out, and not remembered: it may be about to get one.
  return instances.flatMap((instance) => {
    const address = addresses.get(instance.ec2InstanceId ?? "");
    return address === undefined ? [] : [hostRecord(instance, address)];
  });
}

function hostRecord(instance: ContainerInstance, address: Address): HostRecord {
  const attributes = new Map((instance.attributes ?? []).map(({ name, value }) => [name, value]));
  const instanceType = attributes.get("ecs.instance-type");
  const availabilityZone = attributes.get("ecs.availability-zone");
  return {
    containerInstanceArn: instance.containerInstanceArn ?? "",
    status: instance.status ?? "UNKNOWN",
    version: instance.version ?? 0,
    ...(instance.ec2InstanceId !== undefined && { ec2InstanceId: instance.ec2InstanceId }),
    ...(instanceType !== undefined && { instanceType }),
    ...(availabilityZone !== undefined && { availabilityZone }),
    ...address,
  };
}

async function ec2Addresses(
  ec2: Paced,
  ids: readonly string[],
): Promise<readonly (readonly [string, Address])[]> {
  const found: (readonly [string, Address])[] = [];
  for (const InstanceIds of chunks(ids, MAX_INSTANCES_PER_CALL)) {
    const output = await unlessOneIsMissing(
      () => send(ec2, new DescribeInstancesCommand({ InstanceIds })),
      () =>
        send(ec2, new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: InstanceIds }] })),
    );
    for (const instance of (output.Reservations ?? []).flatMap(({ Instances }) => Instances ?? [])) {
      const address = ec2Address(instance);
      if (instance.InstanceId !== undefined && address !== undefined)
        found.push([instance.InstanceId, address]);
    }
  }
  return found;
}

/** EC2 refuses a whole call by ids for one id that is gone; a filter leaves that one out. */
async function unlessOneIsMissing<T>(byIds: () => Promise<T>, byFilter: () => Promise<T>): Promise<T> {
  try {
    return await byIds();
  } catch (error) {
    if (isCode(error, "missing")) return await byFilter();
    throw error;
  }
}

function ec2Address(instance: Instance): Address | undefined {
  const ipv4 = instance.PrivateIpAddress;
  const ipv6 = instance.Ipv6Address ?? instance.NetworkInterfaces?.[0]?.Ipv6Addresses?.[0]?.Ipv6Address;
  const publicIp = instance.PublicIpAddress;
  if (ipv4 === undefined && ipv6 === undefined) return undefined;
  return {
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    // EC2 answers an empty text for instances without one.
    ...(publicIp !== undefined && publicIp !== "" && { publicIp }),
  };
}

async function nodeAddresses(
  ssm: Paced,
  ids: readonly string[],
): Promise<readonly (readonly [string, Address])[]> {
  const found: (readonly [string, Address])[] = [];
  for (const Values of chunks(ids, MAX_NODES_PER_CALL)) {
    const command = new DescribeInstanceInformationCommand({
      Filters: [{ Key: "InstanceIds", Values }],
      MaxResults: MAX_NODES_PER_CALL,
    });
    for (const { InstanceId, IPAddress } of (await send(ssm, command)).InstanceInformationList ?? []) {
      if (InstanceId === undefined || IPAddress === undefined || IPAddress === "") continue;
      found.push([InstanceId, IPAddress.includes(":") ? { ipv6: IPAddress } : { ipv4: IPAddress }]);
    }
  }
  return found;
}

async function readPublicIps(ec2: Paced, eniIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const NetworkInterfaceIds of chunks(eniIds, MAX_INSTANCES_PER_CALL)) {
    const Filters = [{ Name: "network-interface-id", Values: NetworkInterfaceIds }];
    const output = await unlessOneIsMissing(
      () => send(ec2, new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds })),
      () => send(ec2, new DescribeNetworkInterfacesCommand({ Filters })),
    );
    for (const { NetworkInterfaceId, Association } of output.NetworkInterfaces ?? []) {
      if (NetworkInterfaceId !== undefined && Association?.PublicIp)
        found.set(NetworkInterfaceId, Association.PublicIp);
    }
  }
  return found;
}

/** Spot notices name an EC2 instance only; ECS can be asked cluster by cluster. */
async function findContainerInstance(
  ecs: Paced,
  hostId: string,
): Promise<{ readonly clusterArn: string; readonly arn: string } | undefined> {
  let next: string | undefined;
  do {
    const page: ListClustersCommandOutput = await send(
      ecs,
      new ListClustersCommand(next === undefined ? {} : { nextToken: next }),
    );
    for (const clusterArn of page.clusterArns ?? []) {
      const filter = `ec2InstanceId == ${hostId}`;
      const output = await send(ecs, new ListContainerInstancesCommand({ cluster: clusterArn, filter }));
      const arn = output.containerInstanceArns?.[0];
      if (arn !== undefined) return { clusterArn, arn };
    }
    next = page.nextToken;
  } while (next !== undefined);
  return undefined;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}
