// Lengths of time as people write them: `90s`, `10m`, `2h`, `1h30m`, `7d`.

import type { DurationMs } from "../../base/time.ts";
import { millis } from "../../base/time.ts";

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;
type Unit = keyof typeof UNIT_MS;

const pattern = /^(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/;
const UNITS: readonly Unit[] = ["d", "h", "m", "s"];

/** undefined when it is no length of time. Larger units stand first, each once. */
export function parseDuration(text: string): DurationMs | undefined {
  const match = pattern.exec(text);
  if (text === "" || match === null) return undefined;
  return millis(UNITS.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * UNIT_MS[unit], 0));
}

/** The shortest way to write it; parses back to the same, whole seconds provided. */
export function durationText(ms: DurationMs): string {
  let rest: number = ms;
  let text = "";
  for (const unit of UNITS) {
    const count = Math.floor(rest / UNIT_MS[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * UNIT_MS[unit];
  }
  return text === "" ? "0s" : text;
}
