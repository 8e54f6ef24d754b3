// AWS's own tables of how missing data is treated, and M of N.

import { describe, expect, it } from "vitest";
import { parseAlarmRule } from "./alarm-rule.ts";
import type { MissingData } from "./evaluation.ts";
import { stateFrom } from "./evaluation.ts";
import { parseExpression } from "./expression.ts";

const treatments: MissingData[] = ["missing", "ignore", "breaching", "notBreaching"];
const states = (points: string, datapointsToAlarm: number): string => {
  const values = points.split(" ").map((one) => ({ "-": undefined, X: 10, "0": 0 })[one]);
  return treatments
    .map((missingData) => {
      const test = {
        operator: "GreaterThanThreshold",
        threshold: 5,
        evaluationPeriods: 3,
        datapointsToAlarm,
        missingData,
      };
      return stateFrom(test, values.toReversed()) ?? "stays";
    })
    .join(" ");
};

describe("an alarm over 3 periods", () => {
  it.each([
    ["0 - X - X", "OK OK OK OK"],
    ["0 - - - -", "OK OK OK OK"],
    ["- - - - -", "INSUFFICIENT_DATA stays ALARM OK"],
    ["0 X X - X", "ALARM ALARM ALARM ALARM"],
    ["- - X - -", "ALARM stays ALARM OK"],
    ["- - - - X", "stays stays ALARM OK"],
  ])("of which 3 must breach: %s", (points, expected) => {
    expect(states(points, 3)).toBe(expected);
  });

  it.each([
    ["0 - X - X", "ALARM ALARM ALARM ALARM"],
    ["0 0 X 0 X", "ALARM ALARM ALARM ALARM"],
    ["0 - X - -", "OK OK ALARM OK"],
    ["- - - - 0", "OK OK ALARM OK"],
    ["- - - X -", "ALARM stays ALARM OK"],
  ])("of which 2 must breach: %s", (points, expected) => {
    expect(states(points, 2)).toBe(expected);
  });
});

describe("a composite rule", () => {
  const state = (name: string) => (({ a: "ALARM", b: "OK", "c d": "INSUFFICIENT_DATA" }) as const)[name];
  it.each([
    ["ALARM(a)", true],
    ["ALARM(b) OR ALARM(a)", true],
    ["ALARM(a) AND NOT OK(b)", false],
    ['INSUFFICIENT_DATA("c d") AND (ALARM(b) OR TRUE)', true],
    ["ALARM(b) AND ALARM(b) OR ALARM(a)", true],
    ["NOT ALARM(a) OR FALSE", false],
    ["ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:a)", true],
  ])("%s is %s", (rule, expected) => {
    expect(parseAlarmRule(rule).evaluate(state)).toBe(expected);
  });

  it.each(["", "ALARM(a) AND", "ALARM a", "(ALARM(a)", "ALARM(a) ALARM(b)"])("refuses %j", (rule) => {
    expect(() => parseAlarmRule(rule)).toThrow(expect.objectContaining({ name: "ValidationError" }));
  });
});

describe("metric math", () => {
  const value = (id: string) => ({ m1: 6, m2: 2, zero: 0 })[id];
  it.each([
    ["m1/m2", 3],
    ["100 * (m1 - m2) / m1", 66.66666666666667],
    ["-m1 + 2 * m2", -2],
    ["m1/zero", undefined],
    ["m1 + unknown", undefined],
  ])("%s = %s", (text, expected) => {
    expect(parseExpression(text).evaluate(value)).toBe(expected);
  });

  it.each(["SUM(METRICS())", "m1 +", "m1 m2", "(m1"])("refuses %j", (text) => {
    expect(() => parseExpression(text)).toThrow(expect.objectContaining({ name: "InvalidParameterValue" }));
  });
});
