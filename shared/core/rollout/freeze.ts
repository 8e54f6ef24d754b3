// Freeze windows, as Argo CD's sync windows: deny wins over allow, and where an allow window exists, all time
// outside of them is denied. Cron expressions and time zones are croner's.

import { Cron } from "croner";
import type { DurationMs, EpochMs } from "../../base/time.ts";
import { addMs, epochMs, isoInstant, millis } from "../../base/time.ts";
import type { FreezeWindow } from "../../contracts/rollout-policy.ts";

export interface Freeze {
  readonly overrun: FreezeWindow["overrun"];
  readonly text: string;
  /** The thaw; undefined: none that can be foreseen. */
  readonly until: EpochMs | undefined;
}

/** Windows that follow each other closely are one freeze; more than this is no calendar that a person wrote. */
const MAX_CHAINED = 50;

const strictness: Readonly<Record<FreezeWindow["overrun"], number>> = { finish: 0, hold: 1, rollback: 2 };

/** undefined = nothing forbids a change at this instant. */
export function freezeAt(windows: readonly FreezeWindow[], now: EpochMs): Freeze | undefined {
  const denying = denyingAt(windows, now);
  if (denying.length === 0) return undefined;
  const [strictest] = denying.toSorted((a, b) => strictness[b.overrun] - strictness[a.overrun]);
  if (strictest === undefined) return undefined;
  const until = thawAfter(windows, now);
  const end = until === undefined ? "" : ` until ${isoInstant(until)}`;
  const what = strictest.kind === "deny" ? "inside the deny window" : "outside of the allow window";
  const text = `It is ${what} "${strictest.schedule}" (${strictest.timeZone})${end}.`;
  return { overrun: strictest.overrun, text, until };
}

/** When the windows may say something else: a rollout under way wakes then. */
export function nextChange(windows: readonly FreezeWindow[], now: EpochMs): EpochMs | undefined {
  const instants = windows.flatMap((window) => {
    const end = endOf(window, now);
    const start = startAfter(window, now);
    return [end, start].filter((at) => at !== undefined);
  });
  return instants.length === 0 ? undefined : epochMs(Math.min(...instants));
}

/** Windows that forbid: deny windows that are open; all allow windows, when none of them is open. */
function denyingAt(windows: readonly FreezeWindow[], at: EpochMs): readonly FreezeWindow[] {
  const denies = windows.filter((window) => window.kind === "deny" && endOf(window, at) !== undefined);
  const allows = windows.filter((window) => window.kind === "allow");
  const isAllowed = allows.length === 0 || allows.some((window) => endOf(window, at) !== undefined);
  return isAllowed ? denies : [...denies, ...allows];
}

function thawAfter(windows: readonly FreezeWindow[], now: EpochMs): EpochMs | undefined {
  let at = now;
  for (let chained = 0; chained < MAX_CHAINED; chained += 1) {
    const next = nextChange(windows, at);
    if (next === undefined) return undefined;
    at = next;
    if (denyingAt(windows, at).length === 0) return at;
  }
  return undefined;
}

/** The end of the latest occurrence that is open at this instant; undefined = the window is shut. */
function endOf(window: FreezeWindow, at: EpochMs): EpochMs | undefined {
  const lasts = lengthOf(window);
  let start = startAfter(window, epochMs(at - lasts));
  let end: EpochMs | undefined;
  for (let seen = 0; start !== undefined && start <= at && seen < MAX_CHAINED; seen += 1) {
    end = addMs(start, lasts);
    start = startAfter(window, start);
  }
  return end;
}

const lengthOf = ({ durationMs }: FreezeWindow): DurationMs =>
  Number.isFinite(durationMs) && durationMs > 0 ? durationMs : millis(0);

const parsed = new Map<string, Cron | undefined>();

function startAfter({ schedule, timeZone }: FreezeWindow, at: EpochMs): EpochMs | undefined {
  const cron = cronOf(schedule, timeZone);
  const instant = Number.isFinite(at) ? cron?.nextRun(isoInstant(at)) : undefined;
  return instant === undefined || instant === null ? undefined : epochMs(instant.getTime());
}

/** Parsing is the same each time and the slowest part: kept. A schedule that cannot be read opens never. */
function cronOf(schedule: string, timeZone: string): Cron | undefined {
  const name = `${schedule} ${timeZone}`;
  if (!parsed.has(name)) parsed.set(name, tryCron(schedule, timeZone));
  return parsed.get(name);
}

function tryCron(schedule: string, timezone: string): Cron | undefined {
  try {
    return new Cron(schedule, { timezone, mode: "5-part", paused: true });
  } catch {
    // The manifest's schema refuses such schedules when they are written.
    return undefined;
  }
}
