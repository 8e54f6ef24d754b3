// An ECS task as AWS spells it, to a TaskFact. EventBridge events and DescribeTasks share the names;
// times are ISO text in events and Dates from the SDK.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html

import { arnName, parseEcsArn } from "../base/arn.ts";
import type { EpochMs } from "../base/time.ts";
import type { ContainerFact, InterfaceFact, PortBinding, TaskFact, TaskHealth, TaskStatus } from "./facts.ts";
import { TASK_STATUSES } from "./facts.ts";
import type { Dict, Mutable } from "./guards.ts";
import {
  dictsAt,
  instantOf,
  joined,
  keep,
  malformed,
  maybeReasonAt,
  maybeTextAt,
  maybeWholeAt,
  textAt,
} from "./guards.ts";

export interface TaskSource {
  readonly at: EpochMs;
  readonly via: "event" | "describe";
  /** The read asked for tags, so an empty list is an answer. */
  readonly tags?: boolean;
  /** Where the task stands in its body, for errors: `detail` in events, default `task`. */
  readonly path?: string;
}

/**
 * Throws an `input` error with the failing path. A task without `version` (the Fargate Spot notice as AWS
 * documents it) gets version 0: it is a hint that something happened, never newer than what is stored.
 */
export function taskFactOf(task: Dict, source: TaskSource): TaskFact {
  const path = source.path ?? "task";
  const taskArn = ecsArnAt(task, "taskArn", path);
  const fact: Mutable<TaskFact> = {
    kind: "task",
    taskArn,
    taskId: arnName(taskArn),
    version: maybeWholeAt(task, "version", path) ?? 0,
    group: maybeTextAt(task, "group", path) ?? "",
    clusterArn: ecsArnAt(task, "clusterArn", path),
    taskDefinitionArn: maybeTextAt(task, "taskDefinitionArn", path) ?? "",
    lastStatus: statusAt(task, path),
    desiredStatus: maybeTextAt(task, "desiredStatus", path) ?? "",
    health: healthAt(task, path) ?? "UNKNOWN",
    launchType: maybeTextAt(task, "launchType", path) ?? "",
    interfaces: interfacesOf(task, path),
    containers: dictsAt(task, "containers", path).map((container, index) =>
      containerOf(container, `${path}.containers[${index}]`),
    ),
    at: source.at,
    via: source.via,
  };
  keepOptional(fact, task, path);
  keepTags(fact, task, source);
  return fact;
}

function ecsArnAt(task: Dict, name: string, path: string): string {
  const arn = textAt(task, name, path);
  if (parseEcsArn(arn) === undefined || arn.endsWith("/"))
    throw malformed(joined(path, name), arn, "an ECS ARN");
  return arn;
}

function keepOptional(fact: Mutable<TaskFact>, task: Dict, path: string): void {
  keep(fact, "capacityProvider", maybeTextAt(task, "capacityProviderName", path));
  keep(fact, "platformVersion", maybeTextAt(task, "platformVersion", path));
  keep(fact, "platformFamily", maybeTextAt(task, "platformFamily", path));
  keep(fact, "availabilityZone", maybeTextAt(task, "availabilityZone", path));
  keep(fact, "containerInstanceArn", maybeTextAt(task, "containerInstanceArn", path));
  keep(fact, "startedBy", maybeTextAt(task, "startedBy", path));
  keep(fact, "stopCode", maybeTextAt(task, "stopCode", path));
  keep(fact, "stoppedReason", maybeReasonAt(task, "stoppedReason", path));
  keep(fact, "startedAt", instantOf(task["startedAt"]));
}

function keepTags(fact: Mutable<TaskFact>, task: Dict, source: TaskSource): void {
  const tags = dictsAt(task, "tags", source.path ?? "task");
  if (tags.length === 0 && source.tags !== true) return;
  fact.tags = Object.fromEntries(
    tags.map((tag, index) => {
      const at = `${source.path ?? "task"}.tags[${index}]`;
      return [textAt(tag, "key", at), maybeTextAt(tag, "value", at) ?? ""];
    }),
  );
}

const statuses: ReadonlySet<string> = new Set(TASK_STATUSES);

function statusAt(task: Dict, path: string): TaskStatus {
  const status = task["lastStatus"];
  if (typeof status === "string" && statuses.has(status)) return status as TaskStatus;
  throw malformed(joined(path, "lastStatus"), status, `one of ${TASK_STATUSES.join(", ")}`);
}

function healthAt(part: Dict, path: string): TaskHealth | undefined {
  const health = maybeTextAt(part, "healthStatus", path);
  if (health === "HEALTHY" || health === "UNHEALTHY" || health === undefined) return health;
  return "UNKNOWN";
}

function containerOf(container: Dict, path: string): ContainerFact {
  const fact: Mutable<ContainerFact> = {
    name: textAt(container, "name", path),
    lastStatus: maybeTextAt(container, "lastStatus", path) ?? "UNKNOWN",
    bindings: bindingsOf(container, path),
  };
  keep(fact, "image", maybeTextAt(container, "image", path));
  keep(fact, "digest", maybeTextAt(container, "imageDigest", path));
  keep(fact, "health", healthAt(container, path));
  keep(fact, "exitCode", exitCodeAt(container, path));
  keep(fact, "reason", maybeReasonAt(container, "reason", path));
  return fact;
}

/** Windows exit codes may be negative (NTSTATUS as a signed number). */
function exitCodeAt(container: Dict, path: string): number | undefined {
  const code = container["exitCode"];
  if (code === undefined || code === null) return undefined;
  if (typeof code === "number" && Number.isSafeInteger(code)) return code;
  throw malformed(joined(path, "exitCode"), code, "a whole number");
}

function bindingsOf(container: Dict, path: string): readonly PortBinding[] {
  const listed = dictsAt(container, "networkBindings", path);
  if (listed.length === 0) return [];
  const bindings: PortBinding[] = [];
  for (let index = 0; index < listed.length; index += 1) {
    for (const binding of portsOf(listed[index] as Dict, `${path}.networkBindings[${index}]`)) {
      if (!bindings.some((known) => samePort(known, binding))) bindings.push(binding);
    }
  }
  return bindings;
}

/** Docker binds 0.0.0.0 and :: separately: the same pair of ports twice. */
const samePort = (a: PortBinding, b: PortBinding): boolean =>
  a.containerPort === b.containerPort && a.hostPort === b.hostPort && a.protocol === b.protocol;

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkBinding.html: at most 100 a range. */
const MAX_RANGE_PORTS = 100;

/** A range (`containerPortRange`) is spread out: containers register single ports. */
function portsOf(binding: Dict, path: string): readonly PortBinding[] {
  const protocol = maybeTextAt(binding, "protocol", path) ?? "tcp";
  const first = rangeAt(binding, "containerPortRange", path);
  const host = rangeAt(binding, "hostPortRange", path);
  if (first === undefined || host === undefined) {
    const containerPort = maybeWholeAt(binding, "containerPort", path);
    const hostPort = maybeWholeAt(binding, "hostPort", path);
    if (containerPort === undefined || hostPort === undefined) return [];
    return [{ containerPort, hostPort, protocol }];
  }
  const length = Math.min(first.length, host.length, MAX_RANGE_PORTS);
  return Array.from({ length }, (_, offset) => ({
    containerPort: first.start + offset,
    hostPort: host.start + offset,
    protocol,
  }));
}

function rangeAt(binding: Dict, name: string, path: string): { start: number; length: number } | undefined {
  const text = maybeTextAt(binding, name, path);
  if (text === undefined) return undefined;
  const [, start = "", end = ""] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  if (start === "") throw malformed(joined(path, name), text, "a port range such as 8000-8010");
  return { start: Number(start), length: Math.max(0, Number(end) - Number(start) + 1) };
}

/** Events say `eni`, DescribeTasks says `ElasticNetworkInterface`. */
const eniTypes: ReadonlySet<unknown> = new Set(["eni", "ElasticNetworkInterface"]);

/** Attachments name the interface; only the containers name its IPv6 address. */
function interfacesOf(task: Dict, path: string): readonly InterfaceFact[] {
  const found = new Map<string, Mutable<InterfaceFact>>();
  const attachments = dictsAt(task, "attachments", path);
  for (let index = 0; index < attachments.length; index += 1) {
    const attachment = attachments[index] as Dict;
    if (!eniTypes.has(attachment["type"])) continue;
    const at = `${path}.attachments[${index}]`;
    const seen = attachedInterface(attachment, at);
    if (Object.keys(seen).length > 0) found.set(maybeTextAt(attachment, "id", at) ?? at, seen);
  }
  const containers = dictsAt(task, "containers", path);
  for (let index = 0; index < containers.length; index += 1) {
    addAddresses(found, containers[index] as Dict, `${path}.containers[${index}]`);
  }
  return [...found.values()];
}

function attachedInterface(attachment: Dict, path: string): Mutable<InterfaceFact> {
  const result: Mutable<InterfaceFact> = {};
  for (const { name, value } of dictsAt(attachment, "details", path)) {
    if (typeof value !== "string" || value === "") continue;
    if (name === "networkInterfaceId") result.eniId = value;
    else if (name === "subnetId") result.subnetId = value;
    else if (name === "privateIPv4Address") result.ipv4 = value;
    else if (name === "privateIPv6Address" || name === "ipv6Address") result.ipv6 = value;
  }
  return result;
}

function addAddresses(found: Map<string, Mutable<InterfaceFact>>, container: Dict, path: string): void {
  for (const seen of dictsAt(container, "networkInterfaces", path)) {
    const ipv4 = maybeTextAt(seen, "privateIpv4Address", path);
    const ipv6 = maybeTextAt(seen, "ipv6Address", path);
    if (ipv4 === undefined && ipv6 === undefined) continue;
    const id = maybeTextAt(seen, "attachmentId", path) ?? "";
    const known = found.get(id) ?? {};
    if (known.ipv4 === undefined) keep(known, "ipv4", ipv4);
    if (known.ipv6 === undefined) keep(known, "ipv6", ipv6);
    found.set(id, known);
  }
}
