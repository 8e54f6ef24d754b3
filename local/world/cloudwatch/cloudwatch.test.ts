// Metrics, metric data and alarms over virtual time.

import { describe, expect, it } from "vitest";
import { epochMs, seconds } from "../../../shared/base/time.ts";
import { checkedOperations } from "../../models/answer-check.ts";
import { watchEvents } from "../../models/event-check.ts";
import type { BusEvent } from "../kernel.ts";
import { createKernel } from "../kernel.ts";
import { createCloudWatch } from "./cloudwatch.ts";

const START = Date.UTC(2026, 10, 22);

function fixture() {
  const kernel = createKernel({ seed: 1, startAt: epochMs(START) });
  const cloudWatch = createCloudWatch(kernel);
  const events: BusEvent[] = [];
  kernel.onEvent((event) => events.push(event));
  watchEvents(kernel);
  const operations = checkedOperations("cloudwatch", cloudWatch.operations);
  const call = (operation: string, input: object): object => operations[operation]?.(input as never) ?? {};
  return {
    kernel,
    cloudWatch,
    events,
    call,
    pass: (ms: number) => kernel.advanceTo(epochMs(kernel.now() + ms)),
    publish: (value: number, resolutionSeconds: 1 | 60 = 60) =>
      cloudWatch.publish({
        namespace: "App",
        name: "Errors",
        dimensions: { Service: "web" },
        value,
        resolutionSeconds,
      }),
    put: (input: object = {}) =>
      call("PutMetricAlarm", {
        AlarmName: "errors",
        Namespace: "App",
        MetricName: "Errors",
        Dimensions: [{ Name: "Service", Value: "web" }],
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 3,
        DatapointsToAlarm: 2,
        Threshold: 5,
        ComparisonOperator: "GreaterThanThreshold",
        ...input,
      }),
    get: (queries: object[], minutes = 5) =>
      call("GetMetricData", {
        StartTime: new Date(START),
        EndTime: new Date(START + minutes * 60_000),
        ScanBy: "TimestampAscending",
        MetricDataQueries: queries,
      }),
  };
}

const metric = (Id: string, Stat: string, rest: object = {}) => ({
  Id,
  MetricStat: {
    Metric: { Namespace: "App", MetricName: "Errors", Dimensions: [{ Name: "Service", Value: "web" }] },
    Period: 60,
    Stat,
  },
  ...rest,
});

describe("metric data", () => {
  it("gives the statistics of each period, percentiles among them", () => {
    const world = fixture();
    for (let value = 1; value <= 100; value += 1) world.publish(value);
    const results = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p99", "p99.9"].map(
      (stat, index) => metric(`m${index}`, stat),
    );
    const values = (
      world.get(results) as { MetricDataResults: { Values: number[] }[] }
    ).MetricDataResults.map((result) => result.Values);
    expect(values).toEqual([[5_050], [50.5], [1], [100], [100], [50], [99], [100]]);
  });

  it("computes expressions where all their metrics have data", () => {
    const world = fixture();
    world.publish(10);
    world.pass(60_000);
    world.publish(20);
    const queries = [metric("m1", "Sum", { ReturnData: false }), { Id: "e1", Expression: "m1 * 2 + 1" }];
    expect(world.get(queries)).toMatchObject({
      MetricDataResults: [
        { Id: "e1", Values: [21, 41], Timestamps: [new Date(START), new Date(START + 60_000)] },
      ],
    });
  });

  it("takes values with counts and statistic sets, of which no percentile is known", () => {
    const world = fixture();
    const Dimensions = [{ Name: "Service", Value: "web" }];
    const put = (datum: object) =>
      world.call("PutMetricData", {
        Namespace: "App",
        MetricData: [{ MetricName: "Errors", Dimensions, ...datum }],
      });
    put({ Values: [1, 3], Counts: [2, 1] });
    const both = [metric("m1", "Sum"), metric("m2", "p50")];
    expect(world.get(both)).toMatchObject({ MetricDataResults: [{ Values: [5] }, { Values: [1] }] });
    // A set whose values are all the same tells them.
    put({ StatisticValues: { Sum: 4, SampleCount: 4, Minimum: 1, Maximum: 1 } });
    expect(world.get(both)).toMatchObject({ MetricDataResults: [{ Values: [9] }, { Values: [1] }] });
    put({ StatisticValues: { Sum: 6, SampleCount: 2, Minimum: 2, Maximum: 4 } });
    expect(world.get(both)).toMatchObject({ MetricDataResults: [{ Values: [15] }, { Values: [] }] });
  });

  it.each([
    ["AWS's namespaces", { Namespace: "AWS/ECS", MetricData: [{ MetricName: "x", Value: 1 }] }],
    ["NaN", { Namespace: "App", MetricData: [{ MetricName: "x", Value: Number.NaN }] }],
    [
      "1,001 metrics",
      { Namespace: "App", MetricData: Array.from({ length: 1_001 }, () => ({ MetricName: "x", Value: 1 })) },
    ],
  ])("refuses %s", (_, input) => {
    expect(() => fixture().call("PutMetricData", input)).toThrow(
      expect.objectContaining({ name: "InvalidParameterValue" }),
    );
  });

  it("refuses a value beside values, and a window that ends before it begins", () => {
    const world = fixture();
    const both = { Namespace: "App", MetricData: [{ MetricName: "x", Value: 1, Values: [1] }] };
    expect(() => world.call("PutMetricData", both)).toThrow(
      expect.objectContaining({ name: "InvalidParameterCombination" }),
    );
    const backwards = {
      StartTime: new Date(2),
      EndTime: new Date(1),
      MetricDataQueries: [metric("m", "Sum")],
    };
    expect(() => world.call("GetMetricData", backwards)).toThrow(
      expect.objectContaining({ name: "ValidationError" }),
    );
  });
});

describe("a metric alarm", () => {
  it("goes to ALARM when M of N periods breach, and back", () => {
    const world = fixture();
    world.put();
    const states: (string | undefined)[] = [];
    for (const value of [1, 9, 1, 9, 1, 1]) {
      world.publish(value);
      world.pass(60_000);
      states.push(world.cloudWatch.alarmState("errors"));
    }
    expect(states).toEqual(["OK", "OK", "OK", "ALARM", "OK", "OK"]);
    expect(world.events).toHaveLength(3);
  });

  it("tells its change as CloudWatch does", () => {
    const world = fixture();
    world.put({ EvaluationPeriods: 1, DatapointsToAlarm: 1, AlarmDescription: "too many" });
    world.publish(7.5);
    world.pass(60_000);
    expect(world.events[0]).toMatchObject({
      source: "aws.cloudwatch",
      "detail-type": "CloudWatch Alarm State Change",
      resources: ["arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors"],
      detail: {
        alarmName: "errors",
        state: {
          value: "ALARM",
          timestamp: "2026-11-22T00:01:00.000+0000",
          reason:
            "Threshold Crossed: 1 out of the last 1 datapoints [7.5 (22/11/26 00:00:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).",
        },
        previousState: { value: "INSUFFICIENT_DATA", reason: "Unchecked: Initial alarm creation" },
        configuration: {
          description: "too many",
          metrics: [
            {
              metricStat: {
                metric: { namespace: "App", name: "Errors", dimensions: { Service: "web" } },
                period: 60,
                stat: "Sum",
              },
              returnData: true,
            },
          ],
        },
      },
    });
  });

  it("is evaluated every 10 s when its period is shorter than a minute", () => {
    const world = fixture();
    world.put({ Period: 10, EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    world.publish(9, 1);
    world.pass(seconds(9));
    expect(world.cloudWatch.alarmState("errors")).toBe("INSUFFICIENT_DATA");
    world.pass(seconds(1));
    expect(world.cloudWatch.alarmState("errors")).toBe("ALARM");
  });

  it("slides a long period with each minute", () => {
    const world = fixture();
    world.put({ Period: 300, EvaluationPeriods: 1, DatapointsToAlarm: 1, TreatMissingData: "notBreaching" });
    world.pass(seconds(120));
    world.publish(9);
    world.pass(seconds(60));
    expect(world.cloudWatch.alarmState("errors")).toBe("ALARM");
  });

  it("loses its state with its data, unless missing data is given a meaning", () => {
    const missing = (TreatMissingData: string): string | undefined => {
      const world = fixture();
      world.put({ EvaluationPeriods: 1, DatapointsToAlarm: 1, TreatMissingData });
      world.publish(9);
      world.pass(seconds(600));
      return world.cloudWatch.alarmState("errors");
    };
    expect(["missing", "ignore", "breaching", "notBreaching"].map(missing)).toEqual([
      "INSUFFICIENT_DATA",
      "ALARM",
      "ALARM",
      "OK",
    ]);
  });

  it("watches an expression", () => {
    const world = fixture();
    const Metrics = [
      metric("m1", "Sum", { ReturnData: false }),
      { Id: "e1", Expression: "m1 / 2", ReturnData: true },
    ];
    world.call("PutMetricAlarm", {
      AlarmName: "rate",
      Metrics,
      EvaluationPeriods: 1,
      Threshold: 4,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
    });
    world.publish(8);
    world.pass(60_000);
    expect(world.cloudWatch.alarmState("rate")).toBe("ALARM");
    expect(world.events[0]?.detail["configuration"]).toMatchObject({
      metrics: [{ id: "m1" }, { expression: "m1 / 2" }],
    });
  });

  it("keeps a state set by hand until the next evaluation", () => {
    const world = fixture();
    world.put({ EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    world.publish(1);
    world.pass(60_000);
    world.call("SetAlarmState", { AlarmName: "errors", StateValue: "ALARM", StateReason: "drill" });
    expect(world.cloudWatch.alarmState("errors")).toBe("ALARM");
    expect(world.events.at(-1)?.detail["state"]).toMatchObject({ value: "ALARM", reason: "drill" });
    world.publish(1);
    world.pass(60_000);
    expect(world.cloudWatch.alarmState("errors")).toBe("OK");
  });

  it("keeps its state when it is changed, and stops ticking when it is gone", () => {
    const world = fixture();
    world.put({ EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    world.publish(9);
    world.pass(60_000);
    world.put({ EvaluationPeriods: 1, DatapointsToAlarm: 1, Threshold: 100 });
    expect(world.cloudWatch.alarmState("errors")).toBe("ALARM");
    world.call("DeleteAlarms", { AlarmNames: ["errors"] });
    world.pass(120_000);
    expect(world.kernel.nextAt()).toBeUndefined();
  });

  it.each([
    { DatapointsToAlarm: 4 },
    { Period: 45 },
    { EvaluationPeriods: 1_441 },
    { Statistic: "TM(10%:90%)" },
  ])("refuses %j", (input) => {
    expect(() => fixture().put(input)).toThrow(expect.objectContaining({ name: "InvalidParameterValue" }));
  });
});

describe("a composite alarm", () => {
  const world = () => {
    const base = fixture();
    base.put({ EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    base.call("PutCompositeAlarm", { AlarmName: "service", AlarmRule: "ALARM(errors) AND NOT OK(errors)" });
    return base;
  };

  it("follows its children at once and tells which one changed", () => {
    const { call, cloudWatch, events } = world();
    expect(cloudWatch.alarmState("service")).toBe("OK");
    call("SetAlarmState", { AlarmName: "errors", StateValue: "ALARM", StateReason: "drill" });
    expect(cloudWatch.alarmState("service")).toBe("ALARM");
    expect(events.at(-1)?.detail).toMatchObject({
      alarmName: "service",
      state: {
        reason:
          "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors transitioned to ALARM at Sunday 22 November, 2026 00:00:00 UTC",
      },
      configuration: { alarmRule: "ALARM(errors) AND NOT OK(errors)" },
    });
  });

  it("is described only when asked for", () => {
    const { call } = world();
    expect(call("DescribeAlarms", {})).toMatchObject({
      MetricAlarms: [{ AlarmName: "errors" }],
      CompositeAlarms: [],
    });
    expect(call("DescribeAlarms", { AlarmTypes: ["CompositeAlarm"] })).toMatchObject({
      MetricAlarms: [],
      CompositeAlarms: [{ AlarmName: "service", StateValue: "OK" }],
    });
  });

  it("may neither name an unknown alarm nor itself", () => {
    const { call } = world();
    const put = (AlarmName: string, AlarmRule: string) => () =>
      call("PutCompositeAlarm", { AlarmName, AlarmRule });
    expect(put("x", "ALARM(unknown)")).toThrow(expect.objectContaining({ name: "ValidationError" }));
    call("PutCompositeAlarm", { AlarmName: "outer", AlarmRule: "ALARM(service)" });
    expect(put("service", "ALARM(outer)")).toThrow(expect.objectContaining({ name: "ValidationError" }));
  });
});
