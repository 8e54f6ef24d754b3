// What is wrong with an event pattern, where, and how to put it right.

export class PatternError extends Error {
  /** Where in the pattern, e.g. `detail.lastStatus[0].prefix`; empty for the pattern itself. */
  readonly path: string;
  readonly found: string;
  readonly remedy: string;

  constructor(path: string, found: string, remedy: string) {
    super(`event pattern${path === "" ? "" : ` at ${path}`}: found ${found}; ${remedy}`);
    this.name = "PatternError";
    this.path = path;
    this.found = found;
    this.remedy = remedy;
  }
}

const shownLength = 60;

/** A short name of a wrong value for messages. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
    return typeof value;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 4).join(", ")}`;
  }
  const text = JSON.stringify(value);
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
