// What a recording has told of tasks and container instances so far: the newest of each, as ECS would answer it.
// Behind reality as long as events are on their way, like ECS's own reads.

import { arnName, parseEcsArn } from "../../shared/base/arn.ts";
import { fingerprint } from "../../shared/base/fingerprint.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { parseInstant } from "../../shared/base/time.ts";
import type { BusEvent } from "../world/kernel.ts";

export type Shape = Readonly<Record<string, unknown>>;

export interface FoldedFleet {
  fold(event: BusEvent): void;
  tasks(): Iterable<Shape>;
  task(reference: string): Shape | undefined;
  instances(): Iterable<Shape>;
  instance(reference: string): Shape | undefined;
  clusters(): readonly string[];
  /** `ERROR SERVICE_TASK_PLACEMENT_FAILURE …` of a service, newest first. */
  messages(serviceArn: string): readonly { readonly at: EpochMs; readonly text: string }[];
}

const versionOf = (shape: Shape | undefined): number => {
  const version = shape?.["version"];
  return typeof version === "number" ? version : -1;
};

const textOf = (shape: Shape, name: string): string => String(shape[name] ?? "");

export function createFoldedFleet(): FoldedFleet {
  const tasks = new Map<string, Shape>();
  const instances = new Map<string, Shape>();
  const clusters = new Set<string>();
  const messages = new Map<string, { at: EpochMs; text: string }[]>();
  const keepNewest = (into: Map<string, Shape>, name: string, { detail }: BusEvent): void => {
    const id = arnName(textOf(detail, name));
    if (detail["clusterArn"] !== undefined) clusters.add(textOf(detail, "clusterArn"));
    // The Fargate Spot notice has no version: a hint, never newer than what is known.
    if (!into.has(id) || versionOf(detail) > versionOf(into.get(id))) into.set(id, detail);
  };
  const foldTask = (event: BusEvent): void => {
    keepNewest(tasks, "taskArn", event);
    const arn = event.detail["containerInstanceArn"];
    if (typeof arn === "string" && !instances.has(arnName(arn)))
      instances.set(arnName(arn), unseenInstance(arn, event.detail));
  };
  return {
    fold: (event) => {
      if (event.source !== "aws.ecs") return;
      if (event["detail-type"] === "ECS Task State Change") foldTask(event);
      if (event["detail-type"] === "ECS Container Instance State Change")
        keepNewest(instances, "containerInstanceArn", event);
      if (event["detail-type"] === "ECS Service Action") keepMessage(messages, event);
    },
    tasks: () => tasks.values(),
    task: (reference) => tasks.get(arnName(reference)),
    instances: () => instances.values(),
    instance: (reference) => instances.get(arnName(reference)),
    clusters: () => [...clusters],
    messages: (serviceArn) => messages.get(serviceArn) ?? [],
  };
}

/** Recorded only through its tasks: it was there before the recording began. */
const unseenInstance = (arn: string, task: Shape): Shape => ({
  containerInstanceArn: arn,
  clusterArn: task["clusterArn"],
  ec2InstanceId: `${task["launchType"] === "EXTERNAL" ? "mi" : "i"}-0${fingerprint(arn).slice(0, 16)}`,
  status: "ACTIVE",
  agentConnected: true,
  attributes:
    task["availabilityZone"] === undefined
      ? []
      : [{ name: "ecs.availability-zone", value: task["availabilityZone"] }],
});

function keepMessage(into: Map<string, { at: EpochMs; text: string }[]>, event: BusEvent): void {
  const at = parseInstant(event.detail["createdAt"]) ?? parseInstant(event.time);
  const [arn] = event.resources;
  if (at === undefined || arn === undefined || parseEcsArn(arn) === undefined) return;
  const { eventType, eventName, reason } = event.detail;
  const text = [eventType, eventName, reason].filter((part) => part !== undefined).join(" ");
  into.set(arn, [{ at, text }, ...(into.get(arn) ?? [])]);
}
