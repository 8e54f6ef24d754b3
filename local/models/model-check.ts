// AWS's models as a judge: of requests, of answers, of errors. What does not fit comes back as findings;
// what a finding means (a refusal, a failed test) is the caller's.

import type { AwsError } from "../world/kernel.ts";
import type { ServiceData } from "./model-data.ts";
import { modelData, operationModel } from "./model-data.ts";
import type { CheckOptions, Finding, ShapeChecker, Step } from "./shape-check.ts";
import { createShapeChecker } from "./shape-check.ts";

const NONE: readonly never[] = [];
const checkers = { input: new Map<string, ShapeChecker>(), output: new Map<string, ShapeChecker>() };

function checkerOf(service: string, side: keyof typeof checkers): ShapeChecker {
  let checker = checkers[side].get(service);
  if (checker === undefined) {
    const options: CheckOptions = { reportUnknown: side === "output" };
    checker = createShapeChecker(modelData().services[service]?.shapes ?? {}, options);
    checkers[side].set(service, checker);
  }
  return checker;
}

/** Nothing for an operation that the data file does not have. */
export function checkRequest(service: string, operation: string, input: unknown): readonly Finding[] {
  const model = operationModel(service, operation);
  return model === undefined ? NONE : checkerOf(service, "input").check(model.input, input);
}

/** What is wrong with an answer, a line each; nothing for an operation that the data file does not have. */
export function checkAnswer(service: string, operation: string, output: unknown): readonly string[] {
  const model = operationModel(service, operation);
  if (model === undefined) return NONE;
  return checkerOf(service, "output")
    .check(model.output, output)
    .map((finding) => `${service}.${operation} answers ${describeFinding(finding)}`);
}

export function describeFinding({ path, kind, value, expected }: Finding): string {
  const shown = JSON.stringify(value)?.slice(0, 80);
  return `${path.map(stepText).join(".") || "(all)"}: ${kind} ${shown}: ${expected}`;
}

const stepText = (step: Step): string => (typeof step === "object" ? step.key : String(step));

/**
 * Errors that every operation of a service may answer though its model does not list them.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html (the same page in each API
 * reference; where it gives 403 or 404, the JSON services are seen to answer 400, hence both).
 * ValidationException and SerializationException stand in no such list: aws/aws-sdk-js-v3#2240.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html for EC2.
 */
const COMMON_ERRORS: Readonly<Record<string, readonly number[]>> = {
  AccessDeniedException: [400, 403],
  InternalFailure: [500],
  ServiceUnavailable: [503],
  ThrottlingException: [400],
  UnrecognizedClientException: [400, 403],
  UnknownOperationException: [400, 404],
  SerializationException: [400],
  ValidationException: [400],
};

/**
 * The query protocols' common errors have other names: as AWS's older references list them, such as
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html (404 for MalformedQueryString is theirs).
 * AccessDenied, and Throttling of Elastic Load Balancing, as users report them.
 */
const QUERY_ERRORS: Readonly<Record<string, readonly number[]>> = {
  AccessDenied: [403],
  InternalFailure: [500],
  InvalidAction: [400],
  InvalidClientTokenId: [403],
  InvalidParameterCombination: [400],
  InvalidParameterValue: [400],
  MalformedQueryString: [404],
  MissingParameter: [400],
  ServiceUnavailable: [503],
  Throttling: [400],
  UnknownOperationException: [400, 404],
  ValidationError: [400],
};

/** EC2's model lists no errors: those of its error page that the world answers with. */
const EC2_ERRORS: Readonly<Record<string, readonly number[]>> = {
  "InvalidInstanceID.Malformed": [400],
  "InvalidInstanceID.NotFound": [400],
  InvalidNextToken: [400],
  "InvalidNetworkInterfaceID.NotFound": [400],
  "InvalidNetworkInterfaceId.Malformed": [400],
  InvalidPaginationToken: [400],
  RequestLimitExceeded: [503],
  UnauthorizedOperation: [403],
  UnsupportedOperation: [400],
};

const COMMON_BY_SERVICE: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  ec2: { ...QUERY_ERRORS, ...EC2_ERRORS },
  elasticloadbalancing: QUERY_ERRORS,
  cloudwatch: { ...COMMON_ERRORS, ...QUERY_ERRORS },
};

/** What is wrong with an error that a call was refused with, a line each; nothing as for answers. */
export function checkRefusal(service: string, operation: string, error: AwsError): readonly string[] {
  const data = modelData().services[service];
  const model = operationModel(service, operation);
  if (data === undefined || model === undefined) return NONE;
  const where = `${service}.${operation} refuses with ${error.name}`;
  if (model.errors.includes(error.name)) {
    return modelledFaults(data, error).map((fault) => `${where}: ${fault}`);
  }
  const common = COMMON_BY_SERVICE[service] ?? COMMON_ERRORS;
  const statuses = Object.hasOwn(common, error.name) ? common[error.name] : undefined;
  if (statuses === undefined) return [`${where}: not an error of this operation`];
  return statuses.includes(error.status)
    ? NONE
    : [`${where}: status ${error.status}, not ${statuses.join()}`];
}

function modelledFaults({ errors }: ServiceData, error: AwsError): readonly string[] {
  const { status = 400, fields = {} } = errors[error.name] ?? {};
  return [
    ...(error.status === status ? [] : [`status ${error.status}, not ${status}`]),
    ...Object.keys(error.fields)
      .filter((field) => !Object.hasOwn(fields, field))
      .map((field) => `it has no field ${field}`),
  ];
}
