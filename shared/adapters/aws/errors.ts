// AWS's exceptions become AppErrors here and nowhere else. The name decides first, the HTTP status second:
// services name the same thing differently (ThrottlingException, RequestLimitExceeded, ThrottledException…).

import type { ErrorCode } from "../../base/errors.ts";
import { AppError } from "../../base/errors.ts";

/** The part of an SDK exception that we read. */
interface AwsFailure {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** Cloud Map's DuplicateRequest names the operation that is already running. */
  readonly operationId: string | undefined;
}

/** First match wins; order matters where a name fits two (LimitExceeded in RequestLimitExceeded). */
const byName: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /^(Throttl|RequestThrottled|RequestLimitExceeded|TooManyRequests|SlowDown|OverLimit|KmsThrottled)/,
    "throttled",
  ],
  [/^(ProvisionedThroughputExceeded|BandwidthLimitExceeded|PriorRequestNotComplete)/, "throttled"],
  [
    /^(ConditionalCheckFailed|TransactionConflict|TransactionCanceled|ConflictException|PriorityInUse)/,
    "conflict",
  ],
  [/^(DuplicateRequest|ResourceInUse|UpdateInProgress)/, "busy"],
  // Elastic Load Balancing names a limit by what there is too much of: TooManyRules, TooManyTargetGroups…
  [/(ResourceLimitExceeded|LimitExceeded|QuotaExceeded|InstanceLimitExceeded)(Exception|Fault)?$/, "limit"],
  [/^TooMany/, "limit"],
  [/NotFound(Exception|Fault)?$|NonExistentQueue$|DoesNotExist(Exception)?$|^InvalidInstanceId$/, "missing"],
  // A service that was deleted, or is being deleted.
  [/^ServiceNotActive/, "missing"],
  [/^(AccessDenied|UnauthorizedOperation|NotAuthorized|AuthFailure|OptInRequired|Blocked)/, "denied"],
  [
    /^(UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken)/,
    "denied",
  ],
  [/^(MissingAuthenticationToken|IncompleteSignature|CredentialsProviderError|KmsAccessDenied)/, "denied"],
  [
    /^(TimeoutError|AbortError|RequestTimeout|RequestExpired|NetworkingError|InternalServer|InternalError)/,
    "transient",
  ],
  [/^(InternalFailure|ServerException|ServiceUnavailable|Unavailable|RequestAbort)/, "transient"],
  [
    /^(Validation|InvalidInput|InvalidParameter|Serialization|Malformed|MissingParameter|ClientException)/,
    "input",
  ],
];

/** An exception of the SDK, of its transport, or of the local world behind the same interface. */
export function translateError(error: unknown, call: string): AppError {
  if (error instanceof AppError) return error;
  const failure = failureOf(error);
  const code = codeOf(failure);
  return new AppError(code, `${call.replace(/Command$/, "")}: ${failure.name}: ${failure.message}`, {
    cause: error,
    detail: {
      name: failure.name,
      ...(failure.status !== undefined && { status: failure.status }),
      ...(failure.requestId !== undefined && { requestId: failure.requestId }),
      ...(failure.operationId !== undefined && { operationId: failure.operationId }),
    },
  });
}

function failureOf(error: unknown): AwsFailure {
  const fields = (typeof error === "object" && error !== null ? error : {}) as Readonly<
    Record<string, unknown>
  >;
  const metadata = (fields["$metadata"] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    name: textOf(fields["name"]) ?? "Unknown",
    message: textOf(fields["message"]) ?? String(error),
    status: typeof metadata["httpStatusCode"] === "number" ? metadata["httpStatusCode"] : undefined,
    requestId: textOf(metadata["requestId"]),
    operationId: textOf(fields["DuplicateOperationId"]),
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

function codeOf(failure: AwsFailure): ErrorCode {
  // DynamoDB says so only in the text of a ValidationException.
  if (failure.message.startsWith("Item size") && failure.name.startsWith("Validation")) return "limit";
  const named = byName.find(([pattern]) => pattern.test(failure.name));
  if (named !== undefined) return named[1];
  // No status: the connection broke (ECONNRESET…), so nobody knows whether the call took effect.
  if (failure.status === undefined || failure.status >= 500) return "transient";
  if (failure.status === 429) return "throttled";
  if (failure.status === 403 || failure.status === 401) return "denied";
  return failure.status === 404 ? "missing" : "input";
}
