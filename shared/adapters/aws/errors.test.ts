// Which AWS exception is which AppError.

import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../base/errors.ts";
import { AppError, mayRetry } from "../../base/errors.ts";
import { translateError } from "./errors.ts";

const exception = (name: string, status?: number, fields: object = {}): Error =>
  Object.assign(
    new Error("told so"),
    { name, ...(status && { $metadata: { httpStatusCode: status } }) },
    fields,
  );

const codeOf = (error: unknown): ErrorCode => translateError(error, "RegisterInstanceCommand").code;

describe("translateError", () => {
  it.each<readonly [string, number, ErrorCode]>([
    ["ThrottlingException", 400, "throttled"],
    ["ThrottledException", 400, "throttled"],
    ["RequestLimitExceeded", 400, "throttled"],
    ["RequestThrottled", 403, "throttled"],
    ["ProvisionedThroughputExceededException", 400, "throttled"],
    ["ConditionalCheckFailedException", 400, "conflict"],
    ["ConflictException", 400, "conflict"],
    ["PriorityInUseException", 400, "conflict"],
    ["PriorityInUse", 400, "conflict"],
    ["UpdateInProgressException", 400, "busy"],
    ["DuplicateRequest", 400, "busy"],
    ["ResourceInUse", 400, "busy"],
    ["ResourceLimitExceeded", 400, "limit"],
    ["LimitExceededException", 400, "limit"],
    ["TooManyRules", 400, "limit"],
    ["TooManyTargetGroupsException", 400, "limit"],
    ["TooManyRequestsException", 429, "throttled"],
    ["ServiceDeploymentNotFoundException", 400, "missing"],
    ["ServiceNotActiveException", 400, "missing"],
    ["RuleNotFound", 400, "missing"],
    ["TargetGroupNotFoundException", 400, "missing"],
    ["InstanceNotFound", 404, "missing"],
    ["ServiceNotFound", 404, "missing"],
    ["ClusterNotFoundException", 400, "missing"],
    ["OperationNotFound", 404, "missing"],
    ["InvalidInstanceID.NotFound", 400, "missing"],
    ["QueueDoesNotExist", 400, "missing"],
    ["AccessDeniedException", 400, "denied"],
    ["UnauthorizedOperation", 403, "denied"],
    ["ExpiredTokenException", 400, "denied"],
    ["BlockedException", 403, "denied"],
    ["ClientException", 400, "input"],
    ["UnsupportedFeatureException", 400, "input"],
    ["InvalidConfigurationRequestException", 400, "input"],
    ["OperationNotPermittedException", 400, "input"],
    ["ValidationException", 400, "input"],
    ["InvalidInput", 400, "input"],
    ["InvalidParameterException", 400, "input"],
    ["ServerException", 500, "transient"],
    ["InternalFailure", 500, "transient"],
    ["SomethingNew", 503, "transient"],
    ["SomethingNew", 429, "throttled"],
    ["SomethingNew", 404, "missing"],
    ["SomethingNew", 403, "denied"],
    ["SomethingNew", 400, "input"],
  ])("reads %s with status %i as %s", (name, status, code) => {
    expect(codeOf(exception(name, status))).toBe(code);
  });

  it.each(["TimeoutError", "AbortError", "ECONNRESET"])("reads %s without an answer as transient", (name) => {
    const error = translateError(exception(name), "UpdateItemCommand");
    expect(error.code).toBe("transient");
    expect(mayRetry(error)).toBe(true);
  });

  it("passes on which operation is running already", () => {
    const error = translateError(exception("DuplicateRequest", 400, { DuplicateOperationId: "op-1" }), "X");
    expect(error.detail).toMatchObject({ operationId: "op-1", name: "DuplicateRequest", status: 400 });
  });

  it("reads an item that is too large as a limit", () => {
    const error = Object.assign(exception("ValidationException", 400), {
      message: "Item size has exceeded 400 KB",
    });
    expect(codeOf(error)).toBe("limit");
  });

  it("names the call and keeps the cause", () => {
    const cause = exception("InvalidInput", 400);
    const error = translateError(cause, "RegisterInstanceCommand");
    expect(error.message).toBe("RegisterInstance: InvalidInput: told so");
    expect(error.cause).toBe(cause);
  });

  it("leaves an AppError alone, and takes anything else that can be thrown", () => {
    const own = new AppError("limit", "mine");
    expect(translateError(own, "X")).toBe(own);
    expect(codeOf("a text")).toBe("transient");
    expect(codeOf(undefined)).toBe("transient");
  });
});
