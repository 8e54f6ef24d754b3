// Schedule expressions of EventBridge rules: rate(…) and cron(…) with six fields, in UTC.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

import type { EpochMs } from "../../../shared/base/time.ts";
import { epochMs } from "../../../shared/base/time.ts";

export interface Schedule {
  /** The next firing after this one (or after the rule was made); undefined when there is none. */
  nextAfter(at: EpochMs): EpochMs | undefined;
}

/** Undefined when the expression is not valid. L, W and # in cron are not modelled and so not valid. */
export function parseSchedule(expression: string): Schedule | undefined {
  const [, kind, body] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === undefined || body === undefined) return undefined;
  return kind === "rate" ? parseRate(body) : parseCron(body);
}

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** "1 minute" but "2 minutes": AWS refuses the other forms. */
function parseRate(body: string): Schedule | undefined {
  const [, count, unit, plural] = /^([1-9]\d*) (minute|hour|day)(s?)$/.exec(body) ?? [];
  if (count === undefined || unit === undefined || (count === "1") === (plural === "s")) return undefined;
  const everyMs = Number(count) * (unitMs[unit] ?? 0);
  return { nextAfter: (at) => epochMs(at + everyMs) };
}

interface CronField {
  readonly min: number;
  readonly max: number;
  /** Names for the numbers from `min` on. */
  readonly names?: readonly string[];
}

const minuteField: CronField = { min: 0, max: 59 };
const hourField: CronField = { min: 0, max: 23 };
const dayField: CronField = { min: 1, max: 31 };
const monthField: CronField = {
  min: 1,
  max: 12,
  names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const weekdayField: CronField = { min: 1, max: 7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };
const yearField: CronField = { min: 1970, max: 2199 };

interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
}

function parseCron(body: string): Schedule | undefined {
  const [minute, hour, day, month, weekday, year, ...rest] = body.trim().split(/\s+/);
  if (year === undefined || rest.length > 0 || (day === "?") === (weekday === "?")) return undefined;
  const minutes = cronValues(minute, minuteField);
  const hours = cronValues(hour, hourField);
  const days = cronValues(day === "?" ? "*" : day, dayField);
  const months = cronValues(month, monthField);
  const weekdays = cronValues(weekday === "?" ? "*" : weekday, weekdayField);
  const years = cronValues(year, yearField);
  if (!minutes || !hours || !days || !months || !weekdays || !years) return undefined;
  const cron: Cron = { minutes, hours, days, months, weekdays, years };
  return { nextAfter: (at) => nextOf(cron, at) };
}

function cronValues(text: string | undefined, field: CronField): ReadonlySet<number> | undefined {
  const parts = (text ?? "").split(",").map((part) => cronPart(part, field));
  return parts.every((part) => part !== undefined) ? new Set(parts.flat()) : undefined;
}

/** `*`, `5`, `5-9`, `0/15`, `MON-FRI`. */
function cronPart(part: string, field: CronField): readonly number[] | undefined {
  const [, from, to, step = "1"] =
    /^(\*|[A-Z]{3}|\d+)(?:-([A-Z]{3}|\d+))?(?:\/([1-9]\d*))?$/.exec(part) ?? [];
  if (from === undefined) return undefined;
  const first = from === "*" ? field.min : cronNumber(from, field);
  const open = from === "*" || (to === undefined && part.includes("/"));
  const last = open ? field.max : cronNumber(to ?? from, field);
  if (first === undefined || last === undefined || first > last) return undefined;
  const values: number[] = [];
  for (let value = first; value <= last; value += Number(step)) values.push(value);
  return values;
}

function cronNumber(text: string, field: CronField): number | undefined {
  const named = field.names?.indexOf(text) ?? -1;
  const value = named >= 0 ? named + field.min : Number(text);
  return value >= field.min && value <= field.max ? value : undefined;
}

/** 29 February comes at most eight years apart. */
const farthestDays = 8 * 366 + 1;

function nextOf(cron: Cron, at: EpochMs): EpochMs | undefined {
  const dayMs = 86_400_000;
  const earliestMs = Math.floor(at / 60_000) * 60_000 + 60_000;
  const firstDayMs = Math.floor(earliestMs / dayMs) * dayMs;
  for (let day = 0; day < farthestDays; day += 1) {
    const dayStartMs = firstDayMs + day * dayMs;
    if (!dayFits(cron, new Date(dayStartMs))) continue;
    for (let atMs = Math.max(dayStartMs, earliestMs); atMs < dayStartMs + dayMs; atMs += 60_000) {
      const minuteOfDay = (atMs - dayStartMs) / 60_000;
      if (cron.hours.has(Math.floor(minuteOfDay / 60)) && cron.minutes.has(minuteOfDay % 60))
        return epochMs(atMs);
    }
  }
  return undefined;
}

function dayFits(cron: Cron, day: Date): boolean {
  return (
    cron.years.has(day.getUTCFullYear()) &&
    cron.months.has(day.getUTCMonth() + 1) &&
    cron.days.has(day.getUTCDate()) &&
    cron.weekdays.has(day.getUTCDay() + 1)
  );
}
