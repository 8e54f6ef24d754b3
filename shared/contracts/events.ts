// From an event's body to facts by key. `source` with `detail-type` is the only safe thing to dispatch on;
// each type has one parser below. Unknown fields are ignored, unknown types dropped with a reason, and a
// known type in a wrong shape is an `input` error that names the failing path.

import { AppError } from "../base/errors.ts";
import type { Reason } from "../base/reasons.ts";
import { reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import { readAlarm } from "./events/alarm.ts";
import { readDaemon, readDeployment, readHook, readServiceAction, readTask } from "./events/ecs.ts";
import type { Envelope } from "./events/envelope.ts";
import { bodyOf, envelopeOf, lookAlikeOf } from "./events/envelope.ts";
import { readHealthNotice } from "./events/health-notice.ts";
import { readImage } from "./events/image.ts";
import { readInstance, readInstanceHealth } from "./events/instance.ts";
import type { Reading, Routed } from "./events/route.ts";
import { readRebalance, readSpotInterruption } from "./events/spot.ts";
import { readTrafficChange } from "./events/traffic-change.ts";
import { isDict, textAt } from "./guards.ts";

export type { Routed } from "./events/route.ts";

export type Parsed =
  | { readonly kind: "facts"; readonly eventId: string; readonly routed: readonly Routed[] }
  | { readonly kind: "dropped"; readonly reason: Reason };

interface EventType {
  readonly source: string;
  readonly read: (envelope: Envelope) => Reading;
}

/** Every service's calls share this detail-type; the source tells them apart. */
const CLOUDTRAIL_CALL = "AWS API Call via CloudTrail";

/** `aws.` sources cannot be forged: PutEvents refuses them. */
const eventTypes: ReadonlyMap<string, EventType> = new Map([
  ["ECS Task State Change", { source: "aws.ecs", read: readTask }],
  ["ECS Service Action", { source: "aws.ecs", read: readServiceAction }],
  ["ECS Deployment State Change", { source: "aws.ecs", read: readDeployment }],
  ["ECS Hook State Change", { source: "aws.ecs", read: readHook }],
  ["ECS Container Instance State Change", { source: "aws.ecs", read: readInstance }],
  ["ECS Container Instance Health Change", { source: "aws.ecs", read: readInstanceHealth }],
  ["ECS Daemon Service Action", { source: "aws.ecs", read: readDaemon }],
  ["ECS Daemon Deployment State Change", { source: "aws.ecs", read: readDaemon }],
  ["CloudWatch Alarm State Change", { source: "aws.cloudwatch", read: readAlarm }],
  ["CloudWatch Alarm Contributor State Change", { source: "aws.cloudwatch", read: readAlarm }],
  ["ECR Image Action", { source: "aws.ecr", read: readImage }],
  ["AWS Health Event", { source: "aws.health", read: readHealthNotice }],
  ["EC2 Spot Instance Interruption Warning", { source: "aws.ec2", read: readSpotInterruption }],
  ["EC2 Instance Rebalance Recommendation", { source: "aws.ec2", read: readRebalance }],
  [CLOUDTRAIL_CALL, { source: "aws.elasticloadbalancing", read: readTrafficChange }],
]);

/** The detail-types that become facts, for docs, tests and infra's rules. */
export const EVENT_TYPES: readonly { readonly source: string; readonly detailType: string }[] = [
  ...eventTypes,
].map(([detailType, { source }]) => ({ source, detailType }));

/**
 * Throws only AppError `input`. `body` is decoded JSON; `receivedAt` stands in for a time that the event
 * does not tell.
 */
export function parseEvent(body: unknown, receivedAt: EpochMs): Parsed {
  const event = bodyOf(body);
  const alike = lookAlikeOf(event);
  if (alike !== undefined) return { kind: "dropped", reason: alike };
  const source = textAt(event, "source", "");
  const detailType = textAt(event, "detail-type", "");
  const type = eventTypes.get(detailType);
  if (type === undefined || type.source !== source)
    return { kind: "dropped", reason: unknownType(source, detailType) };
  const envelope = envelopeOf(event, receivedAt);
  const reading = type.read(envelope);
  if (!Array.isArray(reading)) return { kind: "dropped", reason: reading as Reason };
  return { kind: "facts", eventId: envelope.id, routed: reading as readonly Routed[] };
}

function unknownType(source: string, detailType: string): Reason {
  const text = `no capability uses events of type "${detailType}" from ${source}`;
  return reason("unknown-type", text, { source, detailType });
}

/** The detail-type of a body that may not be an event at all, for people. */
export function detailTypeOf(body: unknown): string {
  const detailType = isDict(body) ? body["detail-type"] : undefined;
  return typeof detailType === "string" ? detailType : "(none)";
}

/** The failing path of a malformed body; undefined when the error is not about a body's shape. */
export function failingPath(error: unknown): string | undefined {
  const path = error instanceof AppError ? error.detail["path"] : undefined;
  return typeof path === "string" ? path : undefined;
}
