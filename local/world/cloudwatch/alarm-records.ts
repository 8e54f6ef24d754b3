// Alarms as CloudWatch keeps them, made from PutMetricAlarm and PutCompositeAlarm, and how it shows them.

import type {
  CompositeAlarm,
  MetricAlarm,
  MetricDataQuery,
  PutCompositeAlarmInput,
  PutMetricAlarmInput,
} from "@aws-sdk/client-cloudwatch";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Kernel } from "../kernel.ts";
import { AwsError } from "../kernel.ts";
import type { AlarmRule, AlarmState } from "./alarm-rule.ts";
import { parseAlarmRule } from "./alarm-rule.ts";
import type { AlarmTest, MissingData } from "./evaluation.ts";
import { invalid, isStatistic } from "./metrics.ts";
import { periodOf, validatePeriod, validateQueries } from "./queries.ts";
import { isPlainStatistic } from "./statistics.ts";

export interface StateRecord {
  readonly value: AlarmState;
  readonly reason: string;
  readonly reasonData?: string;
  readonly at: EpochMs;
}

interface AlarmBase {
  readonly name: string;
  readonly arn: string;
  readonly description: string | undefined;
  state: StateRecord;
}

export interface MetricAlarmRecord extends AlarmBase {
  readonly kind: "metric";
  readonly input: PutMetricAlarmInput;
  readonly queries: readonly MetricDataQuery[];
  /** The query whose values are compared. */
  readonly watched: string;
  /** Seconds. */
  readonly period: number;
  readonly test: AlarmTest;
}

export interface CompositeAlarmRecord extends AlarmBase {
  readonly kind: "composite";
  readonly input: PutCompositeAlarmInput;
  readonly rule: AlarmRule;
}

export type AlarmRecord = MetricAlarmRecord | CompositeAlarmRecord;

const operators = [
  "GreaterThanThreshold",
  "GreaterThanOrEqualToThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
];
const missingTreatments = ["missing", "ignore", "breaching", "notBreaching"];
const DAY_SECONDS = 86_400;

function initialState(kernel: Kernel, existing: AlarmRecord | undefined): StateRecord {
  // An update leaves the state as it is.
  return (
    existing?.state ?? {
      value: "INSUFFICIENT_DATA",
      reason: "Unchecked: Initial alarm creation",
      at: kernel.now(),
    }
  );
}

export function metricAlarm(
  kernel: Kernel,
  input: PutMetricAlarmInput,
  existing: AlarmRecord | undefined,
): MetricAlarmRecord {
  const name = nameOf(input.AlarmName);
  const queries = input.Metrics ?? [singleMetric(kernel, input)];
  if (input.Metrics !== undefined) validateQueries(queries);
  const watched = queries.filter((query) => query.ReturnData !== false);
  if (watched.length !== 1) throw invalid("Exactly one metric or expression must return data.");
  const id = watched[0]?.Id ?? "";
  const period = periodOf(queries, id);
  return {
    kind: "metric",
    name,
    arn: kernel.arn("cloudwatch", `alarm:${name}`),
    description: input.AlarmDescription,
    state: initialState(kernel, existing),
    input,
    queries,
    watched: id,
    period,
    test: testOf(input, period),
  };
}

const nameOf = (name: string | undefined): string => {
  if (!name || name.length > 255) throw invalid("AlarmName is required, at most 255 characters.");
  return name;
};

/** One metric is the same as one query; CloudWatch gives it a random id in its events. */
function singleMetric(kernel: Kernel, input: PutMetricAlarmInput): MetricDataQuery {
  const stat = input.ExtendedStatistic ?? input.Statistic;
  if (!input.Namespace || !input.MetricName) throw invalid("Namespace and MetricName are required.");
  // `Statistic` takes the plain five; all others are an `ExtendedStatistic`: API_PutMetricAlarm.
  const fits = input.ExtendedStatistic !== undefined || isPlainStatistic(input.Statistic ?? "");
  if (!fits || !isStatistic(stat)) throw invalid(`The statistic ${stat} is not modelled.`);
  validatePeriod(input.Period);
  return {
    Id: `${kernel.hex(8)}-${kernel.hex(4)}-4${kernel.hex(3)}-a${kernel.hex(3)}-${kernel.hex(12)}`,
    MetricStat: {
      Metric: {
        Namespace: input.Namespace,
        MetricName: input.MetricName,
        Dimensions: input.Dimensions ?? [],
      },
      Period: input.Period,
      Stat: stat,
    },
    ReturnData: true,
  };
}

function testOf(input: PutMetricAlarmInput, period: number): AlarmTest {
  const evaluationPeriods = input.EvaluationPeriods ?? 0;
  const datapointsToAlarm = input.DatapointsToAlarm ?? evaluationPeriods;
  const missingData = input.TreatMissingData ?? "missing";
  if (evaluationPeriods < 1) throw invalid("EvaluationPeriods must be at least 1.");
  if (datapointsToAlarm < 1 || datapointsToAlarm > evaluationPeriods) {
    throw invalid("DatapointsToAlarm must be between 1 and EvaluationPeriods.");
  }
  const limit = period >= 3_600 ? 7 * DAY_SECONDS : DAY_SECONDS;
  if (period * evaluationPeriods > limit) throw invalid(`The alarm looks back more than ${limit} seconds.`);
  if (!operators.includes(input.ComparisonOperator ?? "")) {
    throw invalid(`The operator ${input.ComparisonOperator} is not modelled.`);
  }
  if (input.Threshold === undefined) throw invalid("Threshold is required.");
  if (!missingTreatments.includes(missingData))
    throw invalid(`TreatMissingData ${missingData} is not valid.`);
  return {
    operator: input.ComparisonOperator ?? "",
    threshold: input.Threshold,
    evaluationPeriods,
    datapointsToAlarm,
    missingData: missingData as MissingData,
  };
}

export function compositeAlarm(
  kernel: Kernel,
  input: PutCompositeAlarmInput,
  alarms: ReadonlyMap<string, AlarmRecord>,
): CompositeAlarmRecord {
  const name = nameOf(input.AlarmName);
  const rule = parseAlarmRule(input.AlarmRule ?? "");
  for (const child of rule.alarms) {
    if (!alarms.has(child))
      throw new AwsError("ValidationError", `Alarm ${child} in the alarm rule does not exist.`);
    if (reaches(alarms, child, name))
      throw new AwsError("ValidationError", `Alarm ${name} would depend on itself.`);
  }
  return {
    kind: "composite",
    name,
    arn: kernel.arn("cloudwatch", `alarm:${name}`),
    description: input.AlarmDescription,
    state: initialState(kernel, alarms.get(name)),
    input,
    rule,
  };
}

function reaches(alarms: ReadonlyMap<string, AlarmRecord>, from: string, target: string): boolean {
  if (from === target) return true;
  const alarm = alarms.get(from);
  return alarm?.kind === "composite" && alarm.rule.alarms.some((child) => reaches(alarms, child, target));
}

const shownState = (alarm: AlarmRecord) => ({
  AlarmName: alarm.name,
  AlarmArn: alarm.arn,
  ...(alarm.description !== undefined && { AlarmDescription: alarm.description }),
  ActionsEnabled: alarm.input.ActionsEnabled ?? true,
  OKActions: alarm.input.OKActions ?? [],
  AlarmActions: alarm.input.AlarmActions ?? [],
  InsufficientDataActions: alarm.input.InsufficientDataActions ?? [],
  StateValue: alarm.state.value,
  StateReason: alarm.state.reason,
  ...(alarm.state.reasonData !== undefined && { StateReasonData: alarm.state.reasonData }),
  StateUpdatedTimestamp: new Date(alarm.state.at),
  StateTransitionedTimestamp: new Date(alarm.state.at),
});

export function describeMetricAlarm(alarm: MetricAlarmRecord): MetricAlarm {
  const { AlarmName, Tags, ...given } = alarm.input;
  return {
    ...given,
    ...shownState(alarm),
    EvaluationPeriods: alarm.test.evaluationPeriods,
    DatapointsToAlarm: alarm.test.datapointsToAlarm,
    TreatMissingData: alarm.test.missingData,
  };
}

export const describeCompositeAlarm = (alarm: CompositeAlarmRecord): CompositeAlarm => ({
  ...shownState(alarm),
  AlarmRule: alarm.input.AlarmRule,
});
