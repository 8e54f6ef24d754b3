// AWS::SQS::Queue: the properties of the template as the attributes of the API.

import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import type { CreateResource, Site } from "./site.ts";
import { physicalName } from "./site.ts";
import type { Properties } from "./template.ts";

/** Properties that are attributes of the same name in the API; objects travel as JSON. */
const ATTRIBUTES = [
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "DelaySeconds",
  "FifoQueue",
  "FifoThroughputLimit",
  "KmsDataKeyReusePeriodSeconds",
  "KmsMasterKeyId",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "RedriveAllowPolicy",
  "RedrivePolicy",
  "SqsManagedSseEnabled",
  "VisibilityTimeout",
] as const;

/** A queue name has at most 80 characters. */
const NAME_LIMIT = 80;

export const createQueue: CreateResource = async (request) => {
  const { site, properties, stack, logicalId } = request;
  const isFifo = properties["FifoQueue"] === true;
  const suffix = isFifo && properties["QueueName"] === undefined ? ".fifo" : "";
  const name = physicalName(request, properties["QueueName"], NAME_LIMIT - suffix.length) + suffix;
  const Attributes = attributesOf(properties);
  const { QueueUrl = "" } = await site.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const arn = `arn:aws:sqs:${site.region}:${site.account}:${name}`;
  site.queues.set(arn, { stack: stack.name, logicalId, name, arn, url: QueueUrl });
  return { ref: QueueUrl, attributes: { Arn: arn, QueueName: name, QueueUrl } };
};

function attributesOf(properties: Properties): Record<string, string> {
  const given = ATTRIBUTES.flatMap((name) => {
    const value = properties[name];
    if (value === undefined) return [];
    return [[name, typeof value === "object" ? JSON.stringify(value) : String(value)] as const];
  });
  return Object.fromEntries(given);
}

/** The URL of a queue by its ARN; undefined for a queue that is not of this deployment. */
export const queueUrlOf = (site: Site, arn: string): string | undefined => site.queues.get(arn)?.url;
