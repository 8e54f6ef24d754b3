// What state a metric alarm's data points give: M of N, and what missing data counts as.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html

import type { AlarmState } from "./alarm-rule.ts";

export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface AlarmTest {
  readonly operator: string;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/** CloudWatch looks at more periods than it needs; its tables show 5 for 3. */
export const evaluationRange = (evaluationPeriods: number): number => evaluationPeriods + 2;

function isBreaching(operator: string, value: number, threshold: number): boolean {
  switch (operator) {
    case "GreaterThanThreshold":
      return value > threshold;
    case "GreaterThanOrEqualToThreshold":
      return value >= threshold;
    case "LessThanThreshold":
      return value < threshold;
    default:
      return value <= threshold;
  }
}

/**
 * `points` are the evaluation range, newest first, undefined where data is missing. undefined = the state stays.
 */
export function stateFrom(test: AlarmTest, points: readonly (number | undefined)[]): AlarmState | undefined {
  const existing = points.filter((value) => value !== undefined).slice(0, test.evaluationPeriods);
  const breaching = existing.filter((value) => isBreaching(test.operator, value, test.threshold)).length;
  const missing = test.evaluationPeriods - existing.length;
  if (existing.length === 0) return withoutData(test.missingData);
  if (breaching >= test.datapointsToAlarm) return "ALARM";
  if (missing === 0 || test.missingData === "notBreaching") return "OK";
  if (test.missingData === "breaching") return breaching + missing >= test.datapointsToAlarm ? "ALARM" : "OK";
  if (breaching < existing.length) return "OK";
  const oldest = points.findLastIndex((value) => value !== undefined) + 1;
  // All that is known breaches, and it lasts as long as the alarm asks: that is enough, unless gaps are ignored.
  return oldest >= test.datapointsToAlarm && test.missingData === "missing" ? "ALARM" : undefined;
}

function withoutData(missingData: MissingData): AlarmState | undefined {
  switch (missingData) {
    case "missing":
      return "INSUFFICIENT_DATA";
    case "ignore":
      return undefined;
    case "breaching":
      return "ALARM";
    case "notBreaching":
      return "OK";
  }
}
