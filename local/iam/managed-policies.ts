// AWS's managed policies that a role of a template may name. The documents are AWS's; any other ARN stops the
// deployment. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html

import { AppError } from "../../shared/base/errors.ts";
import type { Policy } from "./policy.ts";
import { readPolicy } from "./policy.ts";

const LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const SQS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

const XRAY = [
  "xray:PutTraceSegments",
  "xray:PutTelemetryRecords",
  "xray:GetSamplingRules",
  "xray:GetSamplingTargets",
  "xray:GetSamplingStatisticSummaries",
];

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  "service-role/AWSLambdaBasicExecutionRole": LOGS,
  "service-role/AWSLambdaSQSQueueExecutionRole": [...SQS, ...LOGS],
  AWSXRayDaemonWriteAccess: XRAY,
};

const PREFIX = "arn:aws:iam::aws:policy/";

export function managedPolicy(arn: string): Policy {
  const name = arn.slice(PREFIX.length);
  const Action = arn.startsWith(PREFIX) ? ACTIONS[name] : undefined;
  if (Action === undefined)
    throw new AppError("input", `the local AWS does not know the managed policy ${arn}`);
  const Statement = { Effect: "Allow", Action, Resource: "*" };
  return readPolicy(name.slice(name.lastIndexOf("/") + 1), { Version: "2012-10-17", Statement }, "identity");
}
