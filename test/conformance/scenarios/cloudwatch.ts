// CloudWatch: metrics, statistics, metric math and alarms.
import type { Scenario, Value } from "../scenario.ts";
import { matches, present } from "../scenario.ts";

const MINUTE_MS = 60_000;
/** A full minute, some minutes ago: the points of one period. */
const START_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 10 * MINUTE_MS;
const minute = (after: number): Date => new Date(START_MS + after * MINUTE_MS);

const DIMENSIONS = [{ Name: "Service", Value: "web" }];
const WINDOW = { StartTime: minute(0), EndTime: minute(3), ScanBy: "TimestampAscending" };

const statistic = (id: string, stat: string): Value => ({
  Id: id,
  MetricStat: {
    Metric: { Namespace: "Shop", MetricName: "Latency", Dimensions: DIMENSIONS },
    Period: 60,
    Stat: stat,
  },
});

const ALARM = {
  AlarmName: "slow",
  Namespace: "Shop",
  MetricName: "Errors",
  Dimensions: DIMENSIONS,
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 5,
  ComparisonOperator: "GreaterThanThreshold",
};

export const cloudwatchMetrics: Scenario = {
  name: "cloudwatch-metrics",
  about: "PutMetricData and GetMetricData: statistics, percentiles, math, gaps",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "put values",
      call: "cloudwatch.PutMetricData",
      input: {
        Namespace: "Shop",
        MetricData: [
          ...[10, 20, 30, 40].map((value) => ({
            MetricName: "Latency",
            Dimensions: DIMENSIONS,
            Timestamp: minute(0),
            Value: value,
            Unit: "Milliseconds",
          })),
          {
            MetricName: "Latency",
            Dimensions: DIMENSIONS,
            Timestamp: minute(2),
            Values: [5, 7],
            Counts: [3, 1],
            Unit: "Milliseconds",
          },
        ],
      },
    },
    {
      name: "average",
      call: "cloudwatch.GetMetricData",
      input: { ...WINDOW, MetricDataQueries: [statistic("a", "Average")] },
      expect: {
        "MetricDataResults.*.Id": ["a"],
        "MetricDataResults.0.Values": [25, 5.5],
        "MetricDataResults.0.Timestamps": [minute(0), minute(2)],
        "MetricDataResults.0.StatusCode": "Complete",
      },
    },
    {
      name: "newest first",
      call: "cloudwatch.GetMetricData",
      input: {
        StartTime: minute(0),
        EndTime: minute(3),
        ScanBy: "TimestampDescending",
        MetricDataQueries: [statistic("a", "Average")],
      },
      expect: { "MetricDataResults.0.Values": [5.5, 25] },
    },
    {
      name: "sum, extremes, count",
      call: "cloudwatch.GetMetricData",
      input: {
        ...WINDOW,
        MetricDataQueries: [
          statistic("s", "Sum"),
          statistic("l", "Minimum"),
          statistic("h", "Maximum"),
          statistic("n", "SampleCount"),
        ],
      },
      expect: {
        "MetricDataResults.[Id=s].Values": [100, 22],
        "MetricDataResults.[Id=l].Values": [10, 5],
        "MetricDataResults.[Id=h].Values": [40, 7],
        "MetricDataResults.[Id=n].Values": [4, 4],
      },
    },
    {
      name: "percentile",
      call: "cloudwatch.GetMetricData",
      input: {
        StartTime: minute(0),
        EndTime: minute(1),
        MetricDataQueries: [statistic("p", "p100")],
      },
      expect: { "MetricDataResults.0.Values": [40] },
    },
    {
      name: "math",
      call: "cloudwatch.GetMetricData",
      input: {
        ...WINDOW,
        MetricDataQueries: [
          { ...(statistic("s", "Sum") as object), ReturnData: false },
          { ...(statistic("n", "SampleCount") as object), ReturnData: false },
          { Id: "mean", Expression: "s / n * 2", Label: "twice the mean" },
        ],
      },
      expect: {
        "MetricDataResults.*.Id": ["mean"],
        "MetricDataResults.0.Values": [50, 11],
        "MetricDataResults.0.Label": "twice the mean",
      },
    },
    {
      name: "other dimensions are another metric",
      call: "cloudwatch.GetMetricData",
      input: {
        ...WINDOW,
        MetricDataQueries: [
          {
            Id: "x",
            MetricStat: {
              Metric: {
                Namespace: "Shop",
                MetricName: "Latency",
                Dimensions: [{ Name: "Service", Value: "api" }],
              },
              Period: 60,
              Stat: "Sum",
            },
          },
        ],
      },
      expect: { "MetricDataResults.*.Id": ["x"], "MetricDataResults.0.Values": [] },
    },
    {
      name: "the start after the end",
      call: "cloudwatch.GetMetricData",
      input: { StartTime: minute(3), EndTime: minute(0), MetricDataQueries: [statistic("a", "Sum")] },
      fails: ["ValidationError", 400],
    },
    {
      name: "values and a value",
      call: "cloudwatch.PutMetricData",
      input: { Namespace: "Shop", MetricData: [{ MetricName: "Latency", Value: 1, Values: [1] }] },
      fails: ["InvalidParameterCombinationException", 400],
    },
  ],
};

export const cloudwatchAlarms: Scenario = {
  name: "cloudwatch-alarms",
  about: "an alarm from data, by hand, composite, deletion",
  witnesses: ["moto", "ministack"],
  steps: [
    { name: "put alarm", call: "cloudwatch.PutMetricAlarm", input: { ...ALARM, TreatMissingData: "ignore" } },
    {
      name: "it has no data",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNames: ["slow"] },
      expect: {
        "MetricAlarms.*.AlarmName": ["slow"],
        "MetricAlarms.0.StateValue": "INSUFFICIENT_DATA",
        "MetricAlarms.0.AlarmArn": "arn:aws:cloudwatch:<region>:<account>:alarm:slow",
        "MetricAlarms.0.Threshold": 5,
        "MetricAlarms.0.ActionsEnabled": true,
        "MetricAlarms.0.TreatMissingData": "ignore",
        "MetricAlarms.0.StateUpdatedTimestamp": present,
        CompositeAlarms: [],
      },
    },
    {
      name: "put a breaching value",
      call: "cloudwatch.PutMetricData",
      input: { Namespace: "Shop", MetricData: [{ MetricName: "Errors", Dimensions: DIMENSIONS, Value: 9 }] },
    },
    {
      name: "it goes off",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNames: ["slow"] },
      until: { "MetricAlarms.0.StateValue": "ALARM" },
      expect: { "MetricAlarms.0.StateReason": matches(/^Threshold Crossed/) },
    },
    {
      name: "set by hand",
      call: "cloudwatch.SetAlarmState",
      input: { AlarmName: "slow", StateValue: "OK", StateReason: "a test" },
    },
    {
      name: "it shows that state",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNames: ["slow"] },
      expect: { "MetricAlarms.*.StateValue": ["OK"], "MetricAlarms.0.StateReason": "a test" },
    },
    {
      name: "by state",
      call: "cloudwatch.DescribeAlarms",
      input: { StateValue: "ALARM" },
      expect: { MetricAlarms: [] },
    },
    {
      name: "by prefix",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNamePrefix: "sl" },
      expect: { "MetricAlarms.*.AlarmName": ["slow"] },
    },
    {
      name: "composite",
      call: "cloudwatch.PutCompositeAlarm",
      input: { AlarmName: "any", AlarmRule: "ALARM(slow)" },
    },
    {
      name: "describe composite",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNames: ["any"], AlarmTypes: ["CompositeAlarm"] },
      expect: { "CompositeAlarms.*.AlarmName": ["any"], MetricAlarms: [] },
    },
    {
      name: "the child goes off",
      call: "cloudwatch.SetAlarmState",
      input: { AlarmName: "slow", StateValue: "ALARM", StateReason: "a test" },
    },
    {
      name: "the composite follows",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNames: ["any"], AlarmTypes: ["CompositeAlarm"] },
      until: { "CompositeAlarms.0.StateValue": "ALARM" },
    },
    {
      name: "state of an unknown alarm",
      call: "cloudwatch.SetAlarmState",
      input: { AlarmName: "nobody", StateValue: "OK", StateReason: "a test" },
      fails: ["ResourceNotFound", 404],
    },
    { name: "delete composite", call: "cloudwatch.DeleteAlarms", input: { AlarmNames: ["any"] } },
    { name: "delete", call: "cloudwatch.DeleteAlarms", input: { AlarmNames: ["slow"] } },
    {
      name: "none is left",
      call: "cloudwatch.DescribeAlarms",
      input: { AlarmNames: ["slow"] },
      expect: { MetricAlarms: [] },
    },
  ],
};
