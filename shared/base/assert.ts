// Invariants that hold by construction: a violation is our defect, never the user's.

import { AppError } from "./errors.ts";

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError("defect", message);
}

/** Closes an exhaustive switch: the compiler refuses an unhandled case. */
export function assertNever(value: never): never {
  throw new AppError("defect", `unhandled case ${JSON.stringify(value)}`);
}
