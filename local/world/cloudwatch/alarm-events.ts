// The event of an alarm's change of state, as CloudWatch writes it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html

import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { EventDraft } from "../kernel.ts";
import type { AlarmRecord, MetricAlarmRecord, StateRecord } from "./alarm-records.ts";

/** CloudWatch writes +0000 where ISO has Z. */
const cloudWatchTime = (at: EpochMs | number): string => new Date(at).toISOString().replace("Z", "+0000");

export function stateChangeEvent(alarm: AlarmRecord, previous: StateRecord): EventDraft {
  return {
    source: "aws.cloudwatch",
    detailType: "CloudWatch Alarm State Change",
    resources: [alarm.arn],
    detail: {
      alarmName: alarm.name,
      state: stateDetail(alarm.state),
      previousState: stateDetail(previous),
      configuration: {
        ...(alarm.description !== undefined && { description: alarm.description }),
        ...(alarm.kind === "metric"
          ? { metrics: alarm.queries.map(queryDetail) }
          : { alarmRule: alarm.input.AlarmRule }),
      },
    },
  };
}

const stateDetail = (state: StateRecord): object => ({
  value: state.value,
  reason: state.reason,
  ...(state.reasonData !== undefined && { reasonData: state.reasonData }),
  timestamp: cloudWatchTime(state.at),
});

function queryDetail(query: MetricDataQuery): object {
  const stat = query.MetricStat;
  return {
    id: query.Id,
    ...(query.Label !== undefined && { label: query.Label }),
    ...(query.Expression !== undefined && { expression: query.Expression }),
    ...(stat !== undefined && {
      metricStat: {
        metric: {
          namespace: stat.Metric?.Namespace,
          name: stat.Metric?.MetricName,
          dimensions: Object.fromEntries(
            (stat.Metric?.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]),
          ),
        },
        period: stat.Period,
        stat: stat.Stat,
      },
    }),
    returnData: query.ReturnData !== false,
  };
}

const operatorTexts: Readonly<Record<string, string>> = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

const decimal = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
const pad = (value: number): string => String(value).padStart(2, "0");

/** `02/10/19 17:10:00`: day first. */
function shortTime(at: number): string {
  const date = new Date(at);
  const day = `${pad(date.getUTCDate())}/${pad(date.getUTCMonth() + 1)}/${pad(date.getUTCFullYear() % 100)}`;
  return `${day} ${date.toISOString().slice(11, 19)}`;
}

export interface Datapoint {
  readonly at: number;
  readonly value: number;
}

/** `points` are the existing data points of the evaluation, newest first. */
export function metricStateOf(
  alarm: MetricAlarmRecord,
  value: StateRecord["value"],
  evaluated: { readonly points: readonly Datapoint[]; readonly startAt: number; readonly now: EpochMs },
): StateRecord {
  const { test } = alarm;
  const { points, startAt, now } = evaluated;
  const stat = alarm.queries.length === 1 ? alarm.queries[0]?.MetricStat?.Stat : undefined;
  const reasonData = JSON.stringify({
    version: "1.0",
    queryDate: cloudWatchTime(now),
    ...(points.length > 0 && { startDate: cloudWatchTime(startAt) }),
    ...(stat !== undefined && { statistic: stat }),
    period: alarm.period,
    recentDatapoints: points.map((point) => point.value).reverse(),
    threshold: test.threshold,
  });
  return { value, reason: reasonOf(alarm, value, points), reasonData, at: now };
}

function reasonOf(
  alarm: MetricAlarmRecord,
  value: StateRecord["value"],
  points: readonly Datapoint[],
): string {
  const { test } = alarm;
  if (value === "INSUFFICIENT_DATA" || points.length === 0) {
    const treated = value === "INSUFFICIENT_DATA" ? "" : ` (treated as [${test.missingData}])`;
    return `Insufficient Data: no datapoints were received for ${test.evaluationPeriods} period(s)${treated}.`;
  }
  const listed = points.map((point) => `${decimal(point.value)} (${shortTime(point.at)})`).join(", ");
  const verdict = `${value === "ALARM" ? "was" : "was not"} ${operatorTexts[test.operator]} the threshold (${decimal(test.threshold)})`;
  const needed =
    value === "ALARM" ? test.datapointsToAlarm : test.evaluationPeriods - test.datapointsToAlarm + 1;
  const transition = value === "ALARM" ? "OK -> ALARM" : "ALARM -> OK";
  const noun = needed === 1 ? "datapoint" : "datapoints";
  const counted = `${points.length} out of the last ${test.evaluationPeriods} datapoints [${listed}]`;
  return `Threshold Crossed: ${counted} ${verdict} (minimum ${needed} ${noun} for ${transition} transition).`;
}

export function compositeStateOf(
  value: StateRecord["value"],
  cause: {
    readonly children: readonly AlarmRecord[];
    readonly changed: AlarmRecord | undefined;
    readonly arn: string;
  },
  now: EpochMs,
): StateRecord {
  const { changed } = cause;
  const reason =
    changed === undefined
      ? `${cause.arn} was created and its alarm rule evaluates to ${value}`
      : `${changed.arn} transitioned to ${changed.state.value} at ${longTime(changed.state.at)}`;
  const triggeringAlarms = cause.children.map((child) => ({
    arn: child.arn,
    state: { value: child.state.value, timestamp: cloudWatchTime(child.state.at) },
  }));
  return { value, reason, reasonData: JSON.stringify({ triggeringAlarms }), at: now };
}

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = "January February March April May June July August September October November December".split(
  " ",
);

/** `Friday 22 July, 2022 15:57:45 UTC`. */
function longTime(at: number): string {
  const date = new Date(at);
  const day = `${weekdays[date.getUTCDay()]} ${pad(date.getUTCDate())} ${months[date.getUTCMonth()]}, ${date.getUTCFullYear()}`;
  return `${day} ${date.toISOString().slice(11, 19)} UTC`;
}
