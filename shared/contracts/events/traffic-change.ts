// CloudTrail's record of a call that wrote the actions of a listener or a rule: how we hear of weights that
// somebody else changed. Best effort, minutes late, and only in accounts whose trail logs management events.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

import { trafficFeedKeyOf } from "../../base/keys.ts";
import { reason } from "../../base/reasons.ts";
import type { TrafficChangeFact } from "../facts.ts";
import type { Dict } from "../guards.ts";
import { dictAt, instantOf, isDict, malformed, maybeTextAt, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";
import type { Reading } from "./route.ts";

/** The request's parameter that names what was changed. */
const resourceParameters: ReadonlyMap<string, string> = new Map([
  ["ModifyRule", "ruleArn"],
  ["ModifyListener", "listenerArn"],
]);

export function readTrafficChange({ detail, at }: Envelope): Reading {
  const eventName = textAt(detail, "eventName", "detail");
  const parameter = resourceParameters.get(eventName);
  if (parameter === undefined) return reason("unused-call", `no capability uses calls of ${eventName}`);
  const refusal = maybeTextAt(detail, "errorCode", "detail");
  if (refusal !== undefined) return reason("refused-call", `${eventName} was refused: ${refusal}`);
  const path = "detail.requestParameters";
  const resource = textAt(dictAt(detail, "requestParameters", "detail"), parameter, path);
  const key = trafficFeedKeyOf(resource);
  if (key === undefined) throw malformed(`${path}.${parameter}`, resource, "the ARN of a listener or a rule");
  const fact: TrafficChangeFact = {
    kind: "traffic-change",
    eventName,
    resource,
    by: callerOf(detail),
    at: instantOf(detail["eventTime"]) ?? at,
  };
  return [{ key, facts: [fact] }];
}

/** AWS services have no ARN of their own; those that act in a role's name (ECS, CloudFormation) are named behind it. */
function callerOf(detail: Dict): string {
  const identity = detail["userIdentity"];
  if (!isDict(identity)) return "unknown";
  const path = "detail.userIdentity";
  const arn = maybeTextAt(identity, "arn", path);
  const service = maybeTextAt(identity, "invokedBy", path);
  if (arn === undefined) return service ?? maybeTextAt(identity, "type", path) ?? "unknown";
  return service === undefined ? arn : `${arn} by ${service}`;
}
