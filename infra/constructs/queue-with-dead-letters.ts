// A queue and the queue of what it gave up on. Nothing is lost silently: every queue has one.

import { Duration, Validations } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { QueueProps } from "aws-cdk-lib/aws-sqs";
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { QueueShape } from "../pipeline.ts";
import { MAX_RECEIVES, visibilitySeconds } from "../pipeline.ts";

/** SQS's longest: time for a person to look. */
const DEAD_LETTER_RETENTION = Duration.days(14);

/**
 * High throughput for each group: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html.
 * No deduplication by content: it would swallow a second doorbell of the same text for five minutes.
 */
const fifo: QueueProps = {
  fifo: true,
  contentBasedDeduplication: false,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
};

/** SQS's own keys cost nothing; a customer's key is used where one is given. */
export function queueProtection(key: IKey | undefined): QueueProps {
  const encryption = key
    ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: Duration.hours(1) }
    : { encryption: QueueEncryption.SQS_MANAGED };
  return { ...encryption, enforceSSL: true };
}

/** Receives what others could not deliver. */
export function deadLetterQueue(scope: Construct, id: string, props: QueueProps): Queue {
  const queue = new Queue(scope, id, { ...props, retentionPeriod: DEAD_LETTER_RETENTION });
  const reason = "it is a dead-letter queue: an alarm watches its depth";
  Validations.of(queue).acknowledge(
    { id: "AwsSolutions-SQS3", reason },
    { id: "Serverless-SQSRedrivePolicy", reason },
  );
  return queue;
}

export interface QueueWithDeadLettersProps {
  readonly shape: QueueShape;
  readonly key: IKey | undefined;
}

export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { shape, key }: QueueWithDeadLettersProps) {
    super(scope, id);
    const kind = { ...queueProtection(key), ...(shape.fifo ? fifo : {}) };
    this.deadLetters = deadLetterQueue(this, "DeadLetters", kind);
    this.queue = new Queue(this, "Queue", {
      ...kind,
      visibilityTimeout: Duration.seconds(visibilitySeconds(shape)),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }
}
