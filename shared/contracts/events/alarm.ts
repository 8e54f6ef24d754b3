// CloudWatch alarms: state changes, and those of single contributors of a multi time series alarm.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.md

import type { AlarmFact } from "../facts.ts";
import type { Dict, Mutable } from "../guards.ts";
import { dictAt, instantOf, isDict, keep, malformed, maybeReasonAt, maybeTextAt, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";
import type { Reading } from "./route.ts";
import { routed, scopeOf } from "./route.ts";

/** Names may hold any character, colons and slashes too: the name is all that follows `alarm:`. */
const alarmPattern = /^arn:[^:]*:cloudwatch:([^:]*):([^:]*):alarm:(.+)$/;

export function readAlarm(envelope: Envelope): Reading {
  const { detail, resources } = envelope;
  const state = dictAt(detail, "state", "detail");
  const [alarmArn, arn] = alarmArnOf(resources);
  const alarmName = textAt(detail, "alarmName", "detail");
  const fact: Mutable<AlarmFact> = {
    kind: "alarm",
    alarmArn,
    alarmName,
    state: textAt(state, "value", "detail.state"),
    at: instantOf(state["timestamp"]) ?? envelope.at,
  };
  keep(fact, "reason", maybeReasonAt(state, "reason", "detail.state"));
  keep(fact, "previousState", previousStateOf(detail));
  keep(fact, "suppressedBy", suppressorOf(detail, state));
  keep(fact, "contributor", contributorOf(envelope));
  return routed({ kind: "alarm", name: alarmName, ...scopeOf(envelope, arn) }, fact);
}

function alarmArnOf(resources: readonly unknown[]): [string, { region: string; account: string }] {
  const text = resources[0];
  const match = typeof text === "string" ? alarmPattern.exec(text) : null;
  if (match === null) throw malformed("resources[0]", text, "a CloudWatch alarm ARN");
  const [whole, region = "", account = ""] = match;
  return [whole, { region, account }];
}

function previousStateOf(detail: Dict): string | undefined {
  const previous = detail["previousState"];
  return isDict(previous) ? maybeTextAt(previous, "value", "detail.previousState") : undefined;
}

/** Mute rules do not stop events, they mark them. */
function suppressorOf(detail: Dict, state: Dict): string | undefined {
  const suppressor = maybeTextAt(state, "actionsSuppressedBy", "detail.state");
  const mute = detail["muteDetail"];
  if (suppressor !== undefined || !isDict(mute)) return suppressor;
  return maybeTextAt(mute, "mutedByArn", "detail.muteDetail");
}

function contributorOf(envelope: Envelope): string | undefined {
  if (envelope.detailType !== "CloudWatch Alarm Contributor State Change") return undefined;
  return textAt(dictAt(envelope.detail, "alarmContributor", "detail"), "id", "detail.alarmContributor");
}
