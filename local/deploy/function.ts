// AWS::Lambda::Function, EventSourceMapping and EventInvokeConfig.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { AppError } from "../../shared/base/errors.ts";
import { FUNCTION_KEY_PREFIX } from "../iam/roles.ts";
import type { AsyncPolicy, GivenUp } from "../runtime/async-invoker.ts";
import type { FunctionSettings } from "../runtime/lambda-function.ts";
import { createLambdaFunction } from "../runtime/lambda-function.ts";
import { startQueuePoller } from "../runtime/queue-poller.ts";
import { queueUrlOf } from "./queue.ts";
import type { CreateResource, DeployedFunction, ResourceRequest, Site } from "./site.ts";
import { physicalName } from "./site.ts";
import type { Properties } from "./template.ts";

export const createFunction: CreateResource = async (request) => {
  const { site, properties, stack, logicalId } = request;
  const name = physicalName(request, properties["FunctionName"], 64);
  const arn = `arn:aws:lambda:${site.region}:${site.account}:function:${name}`;
  const accessKeyId = `${FUNCTION_KEY_PREFIX}${name}`;
  const settings = { ...shapeOf(properties), ...codeOf(request), name, arn, onLog: site.onLog };
  const lambda = createLambdaFunction({ ...settings, variables: variablesOf(request, accessKeyId) });
  const roleArn = String(properties["Role"]);
  site.authority.roles.signAs(accessKeyId, { roleArn, sessionName: name });
  site.functions.set(arn, { stack: stack.name, logicalId, name, arn, roleArn, accessKeyId, lambda });
  const deadLetters = properties["DeadLetterConfig"] as { readonly TargetArn?: string } | undefined;
  const { TargetArn } = deadLetters ?? {};
  if (TargetArn !== undefined) {
    await requirePermissions(site, { roleArn, sessionName: name }, [["sqs:SendMessage", TargetArn]]);
    site.asyncPolicies.set(arn, { maximumRetries: 2, onGivenUp: toDeadLetters(site, TargetArn) });
  }
  return { ref: name, attributes: { Arn: arn } };
};

/** Lambda refuses what the function's role does not let it do later. */
async function requirePermissions(
  site: Site,
  as: { readonly roleArn: string; readonly sessionName: string },
  needed: readonly (readonly [action: string, resource: string])[],
): Promise<void> {
  for (const [action, resource] of needed) {
    const denial = await site.authority.act({ as, action, resource });
    if (denial === undefined) continue;
    const call = action.slice(action.indexOf(":") + 1);
    const summary = `The provided execution role does not have permissions to call ${call} on SQS`;
    throw new AppError("input", `${summary}: ${denial.message}`);
  }
}

/** AWS's defaults: 3 s, 128 MB. */
function shapeOf(
  properties: Properties,
): Pick<FunctionSettings, "timeoutMs" | "memoryMb" | "reservedConcurrency"> {
  const reserved = properties["ReservedConcurrentExecutions"];
  return {
    timeoutMs: Number(properties["Timeout"] ?? 3) * 1_000,
    memoryMb: Number(properties["MemorySize"] ?? 128),
    ...(reserved === undefined ? {} : { reservedConcurrency: Number(reserved) }),
  };
}

function variablesOf(request: ResourceRequest, accessKeyId: string): Record<string, string> {
  const { site, properties } = request;
  const environment = properties["Environment"] as
    | { readonly Variables?: Record<string, unknown> }
    | undefined;
  const given = Object.entries(environment?.Variables ?? {}).map(([name, value]) => [name, String(value)]);
  return {
    ...Object.fromEntries(given),
    AWS_ENDPOINT_URL: site.endpoint,
    AWS_REGION: site.region,
    AWS_DEFAULT_REGION: site.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_SESSION_TOKEN: "local",
  };
}

/** CDK names the asset's folder in the metadata, and by its hash in the S3 key. */
function codeOf({
  resource,
  properties,
  stack,
}: ResourceRequest): Pick<FunctionSettings, "codeFile" | "exportName"> {
  const code = (properties["Code"] ?? {}) as { readonly S3Key?: string };
  const path = resource.Metadata?.["aws:asset:path"] ?? `asset.${String(code.S3Key).replace(/\.zip$/, "")}`;
  const [file = "index", exportName = "handler"] = String(properties["Handler"] ?? "index.handler").split(
    ".",
  );
  const base = join(stack.assetRoot, String(path), file);
  const codeFile = [`${base}.js`, `${base}.cjs`, `${base}.mjs`].find((candidate) => existsSync(candidate));
  if (codeFile === undefined) throw new AppError("input", `no ${base}.js: run \`npm run synth\` again`);
  return { codeFile, exportName };
}

function functionOf(site: Site, nameOrArn: unknown): DeployedFunction {
  const wanted = String(nameOrArn);
  const found = [...site.functions.values()].find(({ name, arn }) => wanted === name || wanted === arn);
  if (found === undefined) throw new AppError("input", `there is no function ${wanted}`);
  return found;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions */
const POLLER_ACTIONS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

export const createEventSourceMapping: CreateResource = async (request) => {
  const { site, properties, stack, logicalId } = request;
  const queueArn = String(properties["EventSourceArn"]);
  const queueUrl = queueUrlOf(site, queueArn);
  if (queueUrl === undefined)
    throw new AppError("input", `EventSourceArn is ${queueArn}: expected a queue of this app`);
  if (properties["FilterCriteria"] !== undefined)
    throw new AppError("input", "FilterCriteria is not modelled");
  const scaling = properties["ScalingConfig"] as { readonly MaximumConcurrency?: number } | undefined;
  const responses = (properties["FunctionResponseTypes"] ?? []) as readonly string[];
  const isEnabled = properties["Enabled"] !== false;
  const { name, roleArn, lambda } = functionOf(site, properties["FunctionName"]);
  const needed = POLLER_ACTIONS.map((action) => [action, queueArn] as const);
  await requirePermissions(site, { roleArn, sessionName: name }, needed);
  const mapping = {
    sqs: site.sqs,
    queueUrl,
    queueArn,
    region: site.region,
    target: lambda,
    batchSize: Number(properties["BatchSize"] ?? 10),
    windowMs: Number(properties["MaximumBatchingWindowInSeconds"] ?? 0) * 1_000,
    reportsFailures: responses.includes("ReportBatchItemFailures"),
    onError: site.onError,
    ...(scaling?.MaximumConcurrency === undefined
      ? {}
      : { maximumConcurrency: Number(scaling.MaximumConcurrency) }),
  };
  if (isEnabled) site.pollers.push(startQueuePoller(mapping));
  return { ref: `${stack.name}-${logicalId}`, attributes: { Id: `${stack.name}-${logicalId}` } };
};

export const createEventInvokeConfig: CreateResource = async ({ site, properties, stack, logicalId }) => {
  const { arn, name, roleArn } = functionOf(site, properties["FunctionName"]);
  const destinations = properties["DestinationConfig"] as
    | { OnFailure?: { Destination?: string } }
    | undefined;
  const destination = destinations?.OnFailure?.Destination;
  const age = properties["MaximumEventAgeInSeconds"];
  if (destination !== undefined) {
    await requirePermissions(site, { roleArn, sessionName: name }, [["sqs:SendMessage", destination]]);
  }
  const policy: AsyncPolicy = {
    maximumRetries: Number(properties["MaximumRetryAttempts"] ?? 2),
    ...(age === undefined ? {} : { maximumAgeMs: Number(age) * 1_000 }),
    ...(destination === undefined
      ? {}
      : { onGivenUp: toDestination(site, { functionArn: arn, destination }) }),
  };
  site.asyncPolicies.set(arn, { ...site.asyncPolicies.get(arn), ...policy });
  return { ref: `${stack.name}-${logicalId}`, attributes: {} };
};

type GiveUp = NonNullable<AsyncPolicy["onGivenUp"]>;

/** The event itself, with the error in attributes. */
function toDeadLetters(site: Site, targetArn: string): GiveUp {
  return async (event, { invocation }) => {
    const text = (StringValue: string) => ({ DataType: "String", StringValue });
    const MessageAttributes = {
      RequestID: text(invocation?.requestId ?? "none"),
      ErrorCode: text("200"),
      ErrorMessage: text(invocation?.error?.errorMessage ?? "event age exceeded"),
    };
    const QueueUrl = queueUrlOf(site, targetArn);
    await site.sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event), MessageAttributes }),
    );
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-async-destinations */
function toDestination(site: Site, to: { functionArn: string; destination: string }): GiveUp {
  return async (event, { tries, invocation }: GivenUp) => {
    const record = {
      version: "1.0",
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId: invocation?.requestId ?? null,
        functionArn: `${to.functionArn}:$LATEST`,
        condition: invocation === undefined ? "EventAgeExceeded" : "RetriesExhausted",
        approximateInvokeCount: tries,
      },
      requestPayload: event,
      ...(invocation === undefined
        ? {}
        : {
            responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
            responsePayload: invocation.error,
          }),
    };
    const QueueUrl = queueUrlOf(site, to.destination);
    await site.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(record) }));
  };
}
