// Time as a value: branded epoch milliseconds and durations, so that seconds never meet milliseconds
// by accident. Nothing here reads a clock; the clock is a port.

declare const epochBrand: unique symbol;
declare const durationBrand: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number & { readonly [epochBrand]: true };
/** A length of time in milliseconds. */
export type DurationMs = number & { readonly [durationBrand]: true };

export const epochMs = (value: number): EpochMs => value as EpochMs;
export const millis = (value: number): DurationMs => value as DurationMs;
export const seconds = (value: number): DurationMs => (value * 1_000) as DurationMs;
export const minutes = (value: number): DurationMs => (value * 60_000) as DurationMs;

export const addMs = (at: EpochMs, by: DurationMs): EpochMs => (at + by) as EpochMs;
export const elapsedMs = (from: EpochMs, to: EpochMs): DurationMs => (to - from) as DurationMs;

/** The earliest of the given instants; undefined when none is given. */
export function earliest(...instants: readonly (EpochMs | undefined)[]): EpochMs | undefined {
  let first: EpochMs | undefined;
  for (const at of instants) {
    if (at !== undefined && (first === undefined || at < first)) first = at;
  }
  return first;
}

/** Parses an ISO 8601 or RFC 1123 date (AWS Health uses the latter); undefined when it is neither. */
export function parseInstant(text: unknown): EpochMs | undefined {
  if (typeof text !== "string") return undefined;
  const value = Date.parse(text);
  return Number.isNaN(value) ? undefined : epochMs(value);
}

/** ISO 8601 with milliseconds, as AWS writes `updatedAt`. */
export const isoInstant = (at: EpochMs): string => new Date(at).toISOString();
