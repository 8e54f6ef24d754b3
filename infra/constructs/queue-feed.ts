// Takes messages from a queue to its function. A failed record returns to the queue alone.

import { Duration, Validations } from "aws-cdk-lib";
import type { Function as Lambda } from "aws-cdk-lib/aws-lambda";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { QueueShape } from "../pipeline.ts";

export interface QueueFeedProps {
  readonly shape: QueueShape;
  readonly queue: IQueue;
  readonly target: Lambda;
}

export function queueFeed(scope: Construct, id: string, { shape, queue, target }: QueueFeedProps): void {
  const mapping = new EventSourceMapping(scope, id, {
    target,
    eventSourceArn: queue.queueArn,
    batchSize: shape.batchSize,
    maxConcurrency: shape.maxConcurrency,
    reportBatchItemFailures: true,
    // SQS refuses a window, even of zero, for FIFO queues.
    ...(shape.windowSeconds > 0 ? { maxBatchingWindow: Duration.seconds(shape.windowSeconds) } : {}),
  });
  Validations.of(mapping).acknowledge({
    id: "Serverless-LambdaEventSourceMappingDestination",
    reason: "failure destinations are for streams; an SQS queue has its dead-letter queue",
  });
}
