// Which resource types have a local meaning, which are known to have none. Any other type stops the
// deployment: a template must not lose a part of its meaning in silence.

import { AppError } from "../../shared/base/errors.ts";
import { createEventInvokeConfig, createEventSourceMapping, createFunction } from "./function.ts";
import { createFunctionUrl } from "./function-url.ts";
import { createQueue } from "./queue.ts";
import {
  createManagedPolicy,
  createPermission,
  createPolicy,
  createQueuePolicy,
  createRole,
} from "./role.ts";
import { createRule, createSchedule } from "./rule.ts";
import type { CreateResource, ResourceRequest, ResourceResult } from "./site.ts";
import { physicalName } from "./site.ts";
import { createTable } from "./table.ts";

const CREATED: Readonly<Record<string, CreateResource>> = {
  "AWS::DynamoDB::GlobalTable": createTable,
  "AWS::DynamoDB::Table": createTable,
  "AWS::Events::Rule": createRule,
  "AWS::IAM::ManagedPolicy": createManagedPolicy,
  "AWS::IAM::Policy": createPolicy,
  "AWS::IAM::Role": createRole,
  "AWS::Lambda::EventInvokeConfig": createEventInvokeConfig,
  "AWS::Lambda::EventSourceMapping": createEventSourceMapping,
  "AWS::Lambda::Function": createFunction,
  "AWS::Lambda::Permission": createPermission,
  "AWS::Lambda::Url": createFunctionUrl,
  "AWS::SQS::Queue": createQueue,
  "AWS::SQS::QueuePolicy": createQueuePolicy,
  "AWS::Scheduler::Schedule": createSchedule,
};

/** Type → the name of its service in ARNs and the property that names it. */
const WITHOUT_LOCAL_MEANING: Readonly<Record<string, { readonly service: string; readonly name?: string }>> =
  {
    "AWS::CDK::Metadata": { service: "cdk" },
    "AWS::CloudWatch::Alarm": { service: "cloudwatch", name: "AlarmName" },
    "AWS::CloudWatch::CompositeAlarm": { service: "cloudwatch", name: "AlarmName" },
    "AWS::CloudWatch::Dashboard": { service: "cloudwatch", name: "DashboardName" },
    "AWS::KMS::Alias": { service: "kms", name: "AliasName" },
    "AWS::KMS::Key": { service: "kms" },
    "AWS::Logs::LogGroup": { service: "logs", name: "LogGroupName" },
    "AWS::SNS::Topic": { service: "sns", name: "TopicName" },
  };

export interface Outcome {
  readonly result: ResourceResult;
  /** Known, but nothing was created for it. */
  readonly isIgnored: boolean;
}

/** Throws an `input` error that names the stack, the logical id and what is wrong. */
export async function createResource(request: ResourceRequest): Promise<Outcome> {
  const { Type: type } = request.resource;
  const create = CREATED[type];
  try {
    if (create !== undefined) return { result: await create(request), isIgnored: false };
  } catch (cause) {
    throw failure(request, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const known = WITHOUT_LOCAL_MEANING[type];
  if (known === undefined) throw failure(request, "the local AWS does not know this resource type");
  return { result: placeholder(request, known), isIgnored: true };
}

function failure(request: ResourceRequest, message: string, cause?: unknown): AppError {
  const { stack, logicalId, resource } = request;
  return new AppError("input", `${stack.name} ${logicalId} (${resource.Type}): ${message}`, { cause });
}

function placeholder(request: ResourceRequest, known: { service: string; name?: string }): ResourceResult {
  const { site, properties } = request;
  const name = physicalName(request, known.name === undefined ? undefined : properties[known.name], 255);
  const arn = `arn:aws:${known.service}:${site.region}:${site.account}:${name}`;
  return { ref: name, attributes: { Arn: arn, Id: name, KeyId: name, TopicArn: arn } };
}
