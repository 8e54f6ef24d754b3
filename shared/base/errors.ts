// One error type for the whole product. Expected outcomes are values; an AppError is what a caller
// could not have expected, and says whether trying again can help.

/** Closed set of causes; the retry policy of the pipeline follows from it. */
export type ErrorCode =
  | "input" // the user can fix it: names the place and the remedy, never retried
  | "conflict" // someone else won a conditional write: reload and decide again
  | "throttled" // AWS asked us to slow down
  | "transient" // 5xx, time-out, connection reset: the effect is unknown for writes
  | "denied" // IAM or a resource policy refused: an operator must act
  | "missing" // the named resource does not exist
  | "busy" // AWS is still working on the same thing (DuplicateRequest, ResourceInUse)
  | "limit" // a quota that waiting will not lift
  | "defect"; // a broken invariant: our bug

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Small, loggable facts. Never whole events or environments. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.detail = options.detail ?? {};
  }
}

const retryable: ReadonlySet<ErrorCode> = new Set(["conflict", "throttled", "transient", "busy"]);

/** Whether the same call may succeed later without anybody changing anything. */
export const mayRetry = (error: unknown): boolean =>
  !(error instanceof AppError) || retryable.has(error.code);

export const isCode = (error: unknown, code: ErrorCode): error is AppError =>
  error instanceof AppError && error.code === code;
