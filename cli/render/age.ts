// Ages and lengths of time, as short as they can be said.

const UNITS = [
  { letter: "d", ms: 86_400_000 },
  { letter: "h", ms: 3_600_000 },
  { letter: "m", ms: 60_000 },
  { letter: "s", ms: 1_000 },
] as const;

/** `4s`, `2m10s`, `3h`, `5d2h`: two units where the first is small. */
export function duration(ms: number): string {
  const index = UNITS.findIndex((unit) => ms >= unit.ms);
  const unit = UNITS[index];
  if (unit === undefined) return "0s";
  const count = Math.floor(ms / unit.ms);
  const next = UNITS[index + 1];
  const rest = next === undefined ? 0 : Math.floor((ms % unit.ms) / next.ms);
  return next === undefined || rest === 0 || count >= 10
    ? `${count}${unit.letter}`
    : `${count}${unit.letter}${rest}${next.letter}`;
}

export const age = (at: number | undefined, now: number): string =>
  at === undefined ? "-" : duration(Math.max(0, now - at));

/** `in 5s`, or `now` when the time has come. */
export const ahead = (at: number, now: number): string => (at <= now ? "now" : `in ${duration(at - now)}`);
