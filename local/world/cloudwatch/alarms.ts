// CloudWatch alarms: evaluated every minute (every 10 seconds for periods below a minute), composite ones
// whenever an alarm of their rule changes. Each change of state is an event on the default bus.

import type {
  DeleteAlarmsInput,
  DescribeAlarmsInput,
  DescribeAlarmsOutput,
  PutCompositeAlarmInput,
  PutMetricAlarmInput,
  SetAlarmStateInput,
} from "@aws-sdk/client-cloudwatch";
import type { EpochMs } from "../../../shared/base/time.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Kernel } from "../kernel.ts";
import { AwsError } from "../kernel.ts";
import { compositeStateOf, metricStateOf, stateChangeEvent } from "./alarm-events.ts";
import type { AlarmRecord, CompositeAlarmRecord, MetricAlarmRecord, StateRecord } from "./alarm-records.ts";
import { compositeAlarm, describeCompositeAlarm, describeMetricAlarm, metricAlarm } from "./alarm-records.ts";
import type { AlarmState } from "./alarm-rule.ts";
import { evaluationRange, stateFrom } from "./evaluation.ts";
import type { MetricStore, Window } from "./metrics.ts";
import { invalid } from "./metrics.ts";
import { pointsOf } from "./queries.ts";

const STANDARD_TICK_MS = 60_000;
const HIGH_RESOLUTION_TICK_MS = 10_000;
const MAX_RECORDS = 100;
const DEFAULT_RECORDS = 50;

interface Alarms {
  readonly kernel: Kernel;
  readonly store: MetricStore;
  readonly byName: Map<string, AlarmRecord>;
}

export function createAlarms(kernel: Kernel, store: MetricStore) {
  const alarms: Alarms = { kernel, store, byName: new Map() };
  const standard = tick(alarms, STANDARD_TICK_MS, (alarm) => alarm.period >= 60);
  const fine = tick(alarms, HIGH_RESOLUTION_TICK_MS, (alarm) => alarm.period < 60);
  const operations = {
    PutMetricAlarm: (input: PutMetricAlarmInput) => {
      const alarm = metricAlarm(kernel, input, alarms.byName.get(input.AlarmName ?? ""));
      alarms.byName.set(alarm.name, alarm);
      (alarm.period < 60 ? fine : standard)();
      return {};
    },
    PutCompositeAlarm: (input: PutCompositeAlarmInput) => {
      const alarm = compositeAlarm(kernel, input, alarms.byName);
      alarms.byName.set(alarm.name, alarm);
      evaluateComposite(alarms, alarm, undefined);
      return {};
    },
    DescribeAlarms: (input: DescribeAlarmsInput) => describeAlarms(alarms, input),
    SetAlarmState: (input: SetAlarmStateInput) => setState(alarms, input),
    DeleteAlarms: (input: DeleteAlarmsInput) => {
      const names = input.AlarmNames ?? [];
      const missing = names.find((name) => !alarms.byName.has(name));
      if (missing !== undefined)
        throw new AwsError("ResourceNotFound", `Alarm ${missing} does not exist.`, { status: 404 });
      for (const name of names) alarms.byName.delete(name);
      return {};
    },
  };
  return {
    operations,
    stateOf: (name: string): AlarmState | undefined => alarms.byName.get(name)?.state.value,
  };
}

/** Returns what starts the ticking; it goes on as long as there is an alarm to evaluate. */
function tick(alarms: Alarms, everyMs: number, concerns: (alarm: MetricAlarmRecord) => boolean): () => void {
  let running = false;
  const schedule = (): void => {
    const next = (Math.floor(alarms.kernel.now() / everyMs) + 1) * everyMs;
    alarms.kernel.at(epochMs(next), run);
  };
  const run = (): void => {
    const due = [...alarms.byName.values()].filter((alarm) => alarm.kind === "metric").filter(concerns);
    running = due.length > 0;
    if (running) schedule();
    for (const alarm of due) evaluateMetric(alarms, alarm);
  };
  return () => {
    if (running) return;
    running = true;
    schedule();
  };
}

/** The last windows of a period that end now, oldest first: they slide with the evaluation. */
function slidingWindows(now: number, periodSeconds: number, count: number): readonly Window[] {
  const length = periodSeconds * 1_000;
  return Array.from({ length: count }, (_, index) => {
    const end = now - (count - 1 - index) * length;
    return { start: end - length, end };
  });
}

function evaluateMetric(alarms: Alarms, alarm: MetricAlarmRecord): void {
  const now = alarms.kernel.now();
  const range = evaluationRange(alarm.test.evaluationPeriods);
  const windows = (period: number): readonly Window[] => slidingWindows(now, period, range);
  const values = pointsOf({ store: alarms.store, queries: alarm.queries, windows }, alarm.watched);
  const newestFirst = windows(alarm.period)
    .map(({ start }) => ({ at: start, value: values.get(start) }))
    .reverse();
  const state = stateFrom(
    alarm.test,
    newestFirst.map((point) => point.value),
  );
  if (state === undefined || state === alarm.state.value) return;
  const points = newestFirst
    .flatMap(({ at, value }) => (value === undefined ? [] : [{ at, value }]))
    .slice(0, alarm.test.evaluationPeriods);
  const startAt = points.at(-1)?.at ?? now;
  change(alarms, alarm, metricStateOf(alarm, state, { points, startAt, now }));
}

function change(alarms: Alarms, alarm: AlarmRecord, state: StateRecord): void {
  const previous = alarm.state;
  alarm.state = state;
  alarms.kernel.emit(stateChangeEvent(alarm, previous));
  for (const parent of alarms.byName.values()) {
    if (parent.kind === "composite" && parent.rule.alarms.includes(alarm.name)) {
      evaluateComposite(alarms, parent, alarm);
    }
  }
}

function evaluateComposite(
  alarms: Alarms,
  alarm: CompositeAlarmRecord,
  changed: AlarmRecord | undefined,
): void {
  const holds = alarm.rule.evaluate((name) => alarms.byName.get(name)?.state.value);
  const value: AlarmState = holds ? "ALARM" : "OK";
  if (value === alarm.state.value) return;
  const children = alarm.rule.alarms.flatMap((name) => alarms.byName.get(name) ?? []);
  change(alarms, alarm, compositeStateOf(value, { children, changed, arn: alarm.arn }, alarms.kernel.now()));
}

/** Holds until the next evaluation, as in CloudWatch. */
function setState(alarms: Alarms, input: SetAlarmStateInput): object {
  const alarm = alarms.byName.get(input.AlarmName ?? "");
  if (alarm === undefined) {
    throw new AwsError("ResourceNotFound", `Alarm ${input.AlarmName} does not exist.`, { status: 404 });
  }
  const value = input.StateValue;
  if (value !== "OK" && value !== "ALARM" && value !== "INSUFFICIENT_DATA")
    throw invalid(`State ${value} is not valid.`);
  if (input.StateReasonData !== undefined && !isJson(input.StateReasonData)) {
    throw new AwsError("InvalidFormat", "StateReasonData is not JSON.");
  }
  const at: EpochMs = alarms.kernel.now();
  const reason = input.StateReason ?? "";
  const reasonData = input.StateReasonData === undefined ? {} : { reasonData: input.StateReasonData };
  if (value !== alarm.state.value) change(alarms, alarm, { value, reason, ...reasonData, at });
  return {};
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Without AlarmTypes only metric alarms are answered. */
function describeAlarms(alarms: Alarms, input: DescribeAlarmsInput): DescribeAlarmsOutput {
  const size = input.MaxRecords ?? DEFAULT_RECORDS;
  if (size < 1 || size > MAX_RECORDS) throw invalid(`MaxRecords must be between 1 and ${MAX_RECORDS}.`);
  if ((input.AlarmNames ?? []).length > MAX_RECORDS)
    throw invalid(`At most ${MAX_RECORDS} alarm names are allowed.`);
  const types: readonly string[] = input.AlarmTypes ?? ["MetricAlarm"];
  const matching = [...alarms.byName.values()]
    .filter((alarm) => types.includes(alarm.kind === "metric" ? "MetricAlarm" : "CompositeAlarm"))
    .filter((alarm) => input.AlarmNames?.includes(alarm.name) ?? true)
    .filter((alarm) => alarm.name.startsWith(input.AlarmNamePrefix ?? ""))
    .filter((alarm) => input.StateValue === undefined || alarm.state.value === input.StateValue)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const rest = matching.filter((alarm) => input.NextToken === undefined || alarm.name > input.NextToken);
  const page = rest.slice(0, input.AlarmNames === undefined ? size : MAX_RECORDS);
  const next = page.at(-1)?.name;
  return {
    MetricAlarms: page.filter((alarm) => alarm.kind === "metric").map(describeMetricAlarm),
    CompositeAlarms: page.filter((alarm) => alarm.kind === "composite").map(describeCompositeAlarm),
    ...(rest.length > page.length && next !== undefined && { NextToken: next }),
  };
}
