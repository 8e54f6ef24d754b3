// ECS, EC2 and Systems Manager as a recording knows them, behind AWS's own operations. What is read is what
// the events have told so far; what is written has no effect, since what happened has happened.

import { arnName } from "../../shared/base/arn.ts";
import { fingerprint } from "../../shared/base/fingerprint.ts";
import { parseInstant } from "../../shared/base/time.ts";
import { ec2Operations, ssmOperations } from "../world/hosts.ts";
import type { BusEvent, Kernel } from "../world/kernel.ts";
import { AwsError } from "../world/kernel.ts";
import type { FoldedFleet, Shape } from "./folded-fleet.ts";
import { createFoldedFleet } from "./folded-fleet.ts";
import type { RecordedHost } from "./format.ts";

export interface RecordedAws {
  readonly fleet: FoldedFleet;
  fold(event: BusEvent): void;
  /** undefined: not one of the services that a recording stands in for. */
  call(service: string, operation: string, input: object): object | undefined;
}

type Run = (input: never) => object;

export function createRecordedAws(kernel: Kernel, hosts: readonly RecordedHost[]): RecordedAws {
  const fleet = createFoldedFleet();
  const source = hostSource(fleet, hosts);
  const services: Readonly<Record<string, Readonly<Record<string, Run>>>> = {
    ecs: { ...taskReads(fleet, kernel), ...instanceReads(fleet), ...serviceReads(fleet) },
    ec2: ec2Operations(kernel, source),
    ssm: ssmOperations(source),
  };
  return {
    fleet,
    fold: fleet.fold,
    call: (service, operation, input) => {
      const operations = Object.hasOwn(services, service) ? services[service] : undefined;
      if (operations === undefined) return undefined;
      const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      if (run !== undefined) return run(input as never);
      throw new AwsError("UnknownOperationException", `a recording does not answer ${service} ${operation}`);
    },
  };
}

// --- tasks --------------------------------------------------------------------------------------------------

/** "Stopped tasks appear in the results for at least one hour": API_DescribeTasks. */
const STOPPED_VISIBLE_MS = 3_600_000;
const MAX_PAGE = 100;

interface Listing {
  readonly cluster?: string;
  readonly desiredStatus?: string;
  readonly serviceName?: string;
  readonly family?: string;
  readonly containerInstance?: string;
  readonly filter?: string;
  readonly status?: string;
  readonly nextToken?: string;
  readonly maxResults?: number;
}

/** A place in the list, as text. */
function page(arns: readonly unknown[], { nextToken = "0", maxResults = MAX_PAGE }: Listing) {
  const from = Number(nextToken);
  const until = from + maxResults;
  return { arns: arns.slice(from, until), rest: until < arns.length ? { nextToken: String(until) } : {} };
}

const isIn = (shape: Shape, cluster = "default"): boolean =>
  arnName(String(shape["clusterArn"])) === arnName(cluster);

function taskReads(fleet: FoldedFleet, kernel: Kernel): Readonly<Record<string, Run>> {
  const isVisible = (task: Shape): boolean => {
    const stoppedAt = parseInstant(task["stoppedAt"]);
    return stoppedAt === undefined || kernel.now() - stoppedAt < STOPPED_VISIBLE_MS;
  };
  return {
    ListTasks: (input: Listing) => {
      const { cluster, desiredStatus = "RUNNING", serviceName, family, containerInstance } = input;
      const fits = (task: Shape): boolean =>
        isIn(task, cluster) &&
        isVisible(task) &&
        task["desiredStatus"] === desiredStatus &&
        (serviceName === undefined || task["group"] === `service:${arnName(serviceName)}`) &&
        (family === undefined || task["group"] === `family:${family}`) &&
        (containerInstance === undefined ||
          arnName(String(task["containerInstanceArn"])) === arnName(containerInstance));
      const { arns, rest } = page(
        [...fleet.tasks()].filter(fits).map((task) => task["taskArn"]),
        input,
      );
      return { taskArns: arns, ...rest };
    },
    DescribeTasks: ({ tasks = [] }: { readonly tasks?: readonly string[] }) => {
      const found = tasks.map((reference) => {
        const task = fleet.task(reference);
        return task !== undefined && isVisible(task)
          ? withDates(withHealth(task, kernel))
          : { arn: reference, reason: "MISSING" };
      });
      return {
        tasks: found.filter((one) => !("reason" in one && "arn" in one)),
        failures: found.filter((one) => "reason" in one && "arn" in one),
      };
    },
    StopTask: ({ task = "" }: { readonly task?: string }) => {
      const found = fleet.task(task);
      if (found === undefined)
        throw new AwsError("InvalidParameterException", "The referenced task was not found.");
      return { task: withDates(found) };
    },
  };
}

/** No event tells that a task became healthy; one that runs for so long counts as it. Assumed. */
const HEALTHY_AFTER_MS = 60_000;

function withHealth(task: Shape, kernel: Kernel): Shape {
  const startedAt = parseInstant(task["startedAt"]);
  const isUp = task["lastStatus"] === "RUNNING" && startedAt !== undefined;
  if (!isUp || kernel.now() - startedAt < HEALTHY_AFTER_MS) return task;
  const healthy = (shape: Shape): Shape =>
    (shape["healthStatus"] ?? "UNKNOWN") === "UNKNOWN" ? { ...shape, healthStatus: "HEALTHY" } : shape;
  const containers = Array.isArray(task["containers"]) ? task["containers"].map(healthy) : [];
  return { ...healthy(task), containers };
}

/** Events write instants as text, the API answers dates. */
const withDates = (task: Shape): Shape =>
  Object.fromEntries(
    Object.entries(task).map(([name, value]) => {
      const at = name.endsWith("At") ? parseInstant(value) : undefined;
      return [name, at === undefined ? value : new Date(at)];
    }),
  );

// --- instances and services ---------------------------------------------------------------------------------

function instanceReads(fleet: FoldedFleet): Readonly<Record<string, Run>> {
  return {
    ListClusters: (input: Listing) => {
      const { arns, rest } = page(fleet.clusters(), input);
      return { clusterArns: arns, ...rest };
    },
    ListContainerInstances: (input: Listing) => {
      const hostId = /^ec2InstanceId == (\S+)$/.exec(input.filter ?? "")?.[1];
      const fits = (instance: Shape): boolean =>
        isIn(instance, input.cluster) &&
        (hostId === undefined || instance["ec2InstanceId"] === hostId) &&
        (input.status === undefined
          ? instance["status"] !== "INACTIVE"
          : instance["status"] === input.status);
      const all = [...fleet.instances()].filter(fits).map((one) => one["containerInstanceArn"]);
      const { arns, rest } = page(all, input);
      return { containerInstanceArns: arns, ...rest };
    },
    DescribeContainerInstances: (input: { readonly containerInstances?: readonly string[] }) => {
      const asked = input.containerInstances ?? [];
      const found = asked.flatMap((reference) => {
        const instance = fleet.instance(reference);
        return instance === undefined ? [] : [withDates(instance)];
      });
      const failures = asked
        .filter((reference) => fleet.instance(reference) === undefined)
        .map((arn) => ({ arn, reason: "MISSING" }));
      return { containerInstances: found, failures };
    },
  };
}

function serviceReads(fleet: FoldedFleet): Readonly<Record<string, Run>> {
  return {
    DescribeServices: (input: { readonly cluster?: string; readonly services?: readonly string[] }) => {
      const described = (input.services ?? []).map((reference) =>
        serviceOf(fleet, input.cluster, arnName(reference)),
      );
      return {
        services: described.filter((one) => one["status"] !== undefined),
        failures: described.filter((one) => one["status"] === undefined),
      };
    },
  };
}

/** Counts are those of its tasks: no event tells a service's desired count. */
function serviceOf(fleet: FoldedFleet, cluster: string | undefined, name: string): Shape {
  const tasks = [...fleet.tasks()].filter(
    (task) => isIn(task, cluster) && task["group"] === `service:${name}` && task["lastStatus"] !== "STOPPED",
  );
  const [first] = tasks;
  if (first === undefined) return { arn: name, reason: "MISSING" };
  const clusterArn = String(first["clusterArn"]);
  const serviceArn = `${clusterArn.replace(":cluster/", ":service/")}/${name}`;
  const wanted = tasks.filter((task) => task["desiredStatus"] === "RUNNING");
  return {
    serviceName: name,
    serviceArn,
    clusterArn,
    status: "ACTIVE",
    taskDefinition: wanted.at(-1)?.["taskDefinitionArn"] ?? first["taskDefinitionArn"],
    desiredCount: wanted.length,
    runningCount: tasks.filter((task) => task["lastStatus"] === "RUNNING").length,
    pendingCount: wanted.filter((task) => task["lastStatus"] !== "RUNNING").length,
    events: fleet.messages(serviceArn).map(({ at, text }) => ({
      id: fingerprint(`${at} ${text}`),
      createdAt: new Date(at),
      message: `(service ${name}) ${text}`,
    })),
  };
}

// --- hosts --------------------------------------------------------------------------------------------------

/** 198.18.0.0/15 is for benchmarks (RFC 2544): nobody takes such an address for a real one. */
function standInAddress(hostId: string): string {
  const digits = Number.parseInt(fingerprint(hostId).slice(0, 6), 16);
  return `198.${18 + ((digits >> 16) & 1)}.${(digits >> 8) & 0xff}.${digits & 0xff}`;
}

function hostSource(fleet: FoldedFleet, recorded: readonly RecordedHost[]) {
  const known = new Map(recorded.map((host) => [host.hostId, host]));
  const host = (hostId: string) => {
    const { privateIp = standInAddress(hostId), publicIp } = known.get(hostId) ?? {};
    return { hostId, privateIp, publicIp };
  };
  return {
    host,
    hosts: () => [...fleet.instances()].map((one) => host(String(one["ec2InstanceId"]))),
    networkInterface: (eniId: string) => ({ eniId }),
  };
}
