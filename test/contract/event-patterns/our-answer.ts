// The answer of our matcher in the oracle's alphabet: 1 = match, 0 = no match, x = invalid pattern.

import { compile } from "../../../local/world/events/matcher.ts";
import { PatternError } from "../../../local/world/events/pattern-error.ts";

export function ourAnswer(pattern: string, event: string): string {
  try {
    return compile(JSON.parse(pattern)).matches(JSON.parse(event)) ? "1" : "0";
  } catch (error) {
    if (error instanceof PatternError) return "x";
    throw error;
  }
}
