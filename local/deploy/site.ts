// What one local deployment is made of while it grows: clients to the wire face, and everything created.

import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { WorldApi } from "../faces/wire/world-api.ts";
import type { Authority } from "../iam/authority.ts";
import type { Policy } from "../iam/policy.ts";
import type { AsyncInvoker, AsyncPolicy } from "../runtime/async-invoker.ts";
import type { LambdaFunction, LogLine } from "../runtime/lambda-function.ts";
import type { QueuePoller } from "../runtime/queue-poller.ts";
import type { Properties, Stack, TemplateResource } from "./template.ts";

export interface Created {
  readonly stack: string;
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
}

export interface DeployedQueue extends Created {
  readonly url: string;
}

export interface DeployedFunction extends Created {
  readonly roleArn: string;
  /** Signs the function's calls: tells the wire face who is calling. */
  readonly accessKeyId: string;
  readonly lambda: LambdaFunction;
}

/** A function's URL: named by its function. */
export interface DeployedUrl extends Created {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export interface DeployedRole extends Created {
  readonly properties: Properties;
}

export interface Site {
  readonly account: string;
  readonly region: string;
  readonly endpoint: string;
  readonly world: WorldApi;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly asynchronous: AsyncInvoker;
  readonly authority: Authority;
  readonly onLog: (line: LogLine) => void;
  readonly onError: (error: unknown) => void;
  /** Each by ARN. */
  readonly queues: Map<string, DeployedQueue>;
  readonly functions: Map<string, DeployedFunction>;
  /** By the ARN of the function behind it. */
  readonly urls: Map<string, DeployedUrl>;
  readonly tables: Map<string, Created>;
  readonly roles: Map<string, DeployedRole>;
  /** Managed policies of the templates. */
  readonly policies: Map<string, Policy>;
  /** By function ARN. */
  readonly asyncPolicies: Map<string, AsyncPolicy>;
  readonly pollers: QueuePoller[];
}

export interface ResourceRequest {
  readonly site: Site;
  readonly stack: Stack;
  readonly logicalId: string;
  readonly resource: TemplateResource;
  /** Resolved. */
  readonly properties: Properties;
}

/** What references to the resource give. */
export interface ResourceResult {
  readonly ref: string;
  readonly attributes: Properties;
}

export type CreateResource = (request: ResourceRequest) => Promise<ResourceResult> | ResourceResult;

/** CloudFormation's own way of naming, without its random end: the same template gives the same names. */
export function physicalName(request: ResourceRequest, given: unknown, limit: number): string {
  return typeof given === "string" ? given : `${request.stack.name}-${request.logicalId}`.slice(0, limit);
}
