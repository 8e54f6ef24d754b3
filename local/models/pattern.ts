// AWS's models hold Java regular expressions that are matched against the whole value.

/** undefined when JavaScript cannot run it. */
export function compilePattern(pattern: string): RegExp | undefined {
  // `u` gives \p{L} and whole code points; it refuses needless escapes (`\_`) that Java takes.
  for (const flags of /\\[pP]\{/.test(pattern) ? ["u"] : ["u", ""]) {
    try {
      return new RegExp(`^(?:${pattern})$`, flags);
    } catch {
      // The next set of flags, or none.
    }
  }
  return undefined;
}
