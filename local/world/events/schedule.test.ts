// Rate and cron expressions.

import { describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { parseSchedule } from "./schedule.ts";

const from = epochMs(Date.parse("2026-11-22T12:07:30Z"));
const next = (expression: string): string | undefined => {
  const at = parseSchedule(expression)?.nextAfter(from);
  return at === undefined ? undefined : new Date(at).toISOString().slice(0, 16);
};

describe("schedules", () => {
  it.each([
    ["rate(1 minute)", "2026-11-22T12:08"],
    ["rate(5 minutes)", "2026-11-22T12:12"],
    ["rate(1 hour)", "2026-11-22T13:07"],
    ["rate(7 days)", "2026-11-29T12:07"],
    ["cron(* * * * ? *)", "2026-11-22T12:08"],
    ["cron(0 10 * * ? *)", "2026-11-23T10:00"],
    ["cron(0/15 * * * ? *)", "2026-11-22T12:15"],
    ["cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00"],
    ["cron(30 8 1 JAN,JUL ? *)", "2027-01-01T08:30"],
    ["cron(5 */6 ? * 1 *)", "2026-11-22T18:05"],
    ["cron(0 0 29 2 ? *)", "2028-02-29T00:00"],
    ["cron(0 0 31 2 ? *)", undefined],
    ["cron(0 0 1 1 ? 2020)", undefined],
  ])("%s comes next at %s", (expression, at) => {
    expect(parseSchedule(expression)).toBeDefined();
    expect(next(expression)).toBe(at);
  });

  it.each([
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(0 minutes)",
    "rate(1.5 hours)",
    "rate(1 week)",
    "rate 1 minute",
    "cron(* * * * *)",
    "cron(* * * * * *)",
    "cron(* * ? * ? *)",
    "cron(60 * * * ? *)",
    "cron(5-1 * * * ? *)",
    "cron(0 0 L * ? *)",
    "cron(0 0 ? * XYZ *)",
    "cron(, * * * ? *)",
    "at(2026-01-01T00:00:00)",
  ])("%s is refused", (expression) => {
    expect(parseSchedule(expression)).toBeUndefined();
  });
});
