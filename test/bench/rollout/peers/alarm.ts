// A CloudWatch alarm on a share of bad requests: M of the last N periods over the threshold. A period without
// requests has no data point and is left out, as with missing data treated as missing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html

import type { Setting, Tally, View, Window } from "../replay.ts";

export interface AlarmSetting {
  /** green = the new revision's target group; service = both. */
  readonly on: "green" | "service";
  readonly threshold: number;
  readonly points: number;
  readonly of: number;
  /** A second alarm: the share of slow requests, which is twice the usual one. */
  readonly slowThreshold?: number;
}

const PERIOD_SECONDS = 60;

export function alarm(chosen: AlarmSetting): (setting: Setting) => (view: View) => boolean {
  return ({ feed }) => {
    let red = false;
    return (view) => {
      const isNew = (view.now - feed.lagSeconds) % PERIOD_SECONDS === 0;
      if (isNew) red = isRed(view, view.now - feed.lagSeconds, chosen);
      return red;
    };
  };
}

function isRed(
  view: View,
  until: number,
  { on, threshold, points, of, slowThreshold }: AlarmSetting,
): boolean {
  let errors = 0;
  let slow = 0;
  for (let back = 0; back < of; back += 1) {
    const to = until - back * PERIOD_SECONDS;
    if (to < PERIOD_SECONDS) break;
    const tally = tallyOf(view.window(to - PERIOD_SECONDS, to), on);
    if (tally === undefined || tally.total === 0) continue;
    if (tally.bad / tally.total > threshold) errors += 1;
    if (slowThreshold !== undefined && tally.slow / tally.total > slowThreshold) slow += 1;
  }
  return errors >= points || slow >= points;
}

function tallyOf(window: Window | undefined, on: AlarmSetting["on"]): Tally | undefined {
  if (window === undefined || on === "green") return window?.candidate;
  const { candidate, control } = window;
  return {
    total: candidate.total + control.total,
    bad: candidate.bad + control.bad,
    slow: candidate.slow + control.slow,
  };
}
