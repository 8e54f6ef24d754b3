// The EventBridge envelope, and the look-alikes that reach a queue by mistake.
// https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html

import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Dict } from "../guards.ts";
import { dictAt, instantOf, isDict, listAt, malformed, maybeTextAt, textAt } from "../guards.ts";

export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly resources: readonly unknown[];
  readonly detail: Dict;
  /** `time`, else `detail.updatedAt`, else when we received it: some of AWS's samples lack a time. */
  readonly at: EpochMs;
}

/** An event is an object with source, detail-type and detail; anything else is malformed. */
export function envelopeOf(event: Dict, receivedAt: EpochMs): Envelope {
  const detail = dictAt(event, "detail", "");
  return {
    id: textAt(event, "id", ""),
    source: textAt(event, "source", ""),
    detailType: textAt(event, "detail-type", ""),
    account: maybeTextAt(event, "account", ""),
    region: maybeTextAt(event, "region", ""),
    resources: listAt(event, "resources", ""),
    detail,
    at: instantOf(event["time"]) ?? instantOf(detail["updatedAt"]) ?? receivedAt,
  };
}

interface LookAlike {
  readonly code: string;
  readonly text: string;
  fits(body: Dict): boolean;
}

/** Other ways in which AWS hands over the same news; none of them carries a detail-type. */
const lookAlikes: readonly LookAlike[] = [
  {
    code: "sns-notification",
    text:
      "an Amazon SNS notification, not an EventBridge event: remove the subscription; alarms reach Fairlead " +
      "through its EventBridge rule",
    fits: (body) => isSnsBatch(body["Records"]) || (body["Type"] === "Notification" && "TopicArn" in body),
  },
  {
    code: "alarm-lambda-action",
    text:
      "a CloudWatch alarm's Lambda action, not an EventBridge event: remove the action; alarms reach Fairlead " +
      "through its EventBridge rule",
    fits: (body) => isDict(body["alarmData"]),
  },
  {
    code: "put-events-entry",
    text: "an entry for PutEvents (capitalised names, Detail as text), not an event: send it with `aws events put-events`",
    fits: (body) => "DetailType" in body && "Detail" in body,
  },
  {
    code: "sqs-batch",
    text: "a batch of SQS records, not an event: send the body of each record",
    fits: (body) => Array.isArray(body["Records"]) && "body" in (firstOf(body["Records"]) ?? {}),
  },
];

const firstOf = (list: readonly unknown[]): Dict | undefined => (isDict(list[0]) ? list[0] : undefined);
const isSnsBatch = (records: unknown): boolean => Array.isArray(records) && "Sns" in (firstOf(records) ?? {});

/** Why a body is no envelope, and how to send it; undefined when it may be one. */
export function lookAlikeOf(body: Dict): Reason | undefined {
  if (typeof body["detail-type"] === "string") return undefined;
  const match = lookAlikes.find((candidate) => candidate.fits(body));
  return match === undefined ? undefined : reason(match.code, `looks like ${match.text}`);
}

export function bodyOf(body: unknown): Dict {
  if (isDict(body)) return body;
  throw malformed("(body)", body, "an EventBridge event, a JSON object");
}
