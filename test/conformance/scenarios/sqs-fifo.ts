// SQS: a FIFO queue with deduplication, order of a group, and a dead-letter queue.
import type { Scenario, ValueMap } from "../scenario.ts";
import { absent, matches, present } from "../scenario.ts";

const message = (body: string, more: ValueMap = {}): ValueMap => ({
  QueueUrl: "<queue>",
  MessageBody: body,
  MessageGroupId: "g1",
  ...more,
});

export const sqsFifo: Scenario = {
  name: "sqs-fifo",
  about: "deduplication, order and lock of a group, dead-letter queue, refusals",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "create dead-letter queue",
      call: "sqs.CreateQueue",
      input: { QueueName: "dead.fifo", Attributes: { FifoQueue: "true" } },
      saves: { dead: "QueueUrl" },
    },
    {
      name: "its ARN",
      call: "sqs.GetQueueAttributes",
      input: { QueueUrl: "<dead>", AttributeNames: ["QueueArn"] },
      expect: { "Attributes.QueueArn": "arn:aws:sqs:<region>:<account>:dead.fifo" },
      saves: { deadArn: "Attributes.QueueArn" },
    },
    {
      name: "create queue",
      call: "sqs.CreateQueue",
      input: {
        QueueName: "work.fifo",
        Attributes: {
          FifoQueue: "true",
          VisibilityTimeout: "60",
          RedrivePolicy: '{"deadLetterTargetArn":"<deadArn>","maxReceiveCount":"2"}',
        },
      },
      expect: { QueueUrl: matches(/\/work\.fifo$/) },
      saves: { queue: "QueueUrl" },
    },
    {
      name: "create again with the same attributes",
      call: "sqs.CreateQueue",
      input: { QueueName: "work.fifo", Attributes: { FifoQueue: "true", VisibilityTimeout: "60" } },
      expect: { QueueUrl: "<queue>" },
    },
    {
      name: "create again with others",
      call: "sqs.CreateQueue",
      input: { QueueName: "work.fifo", Attributes: { FifoQueue: "true", VisibilityTimeout: "61" } },
      fails: ["QueueNameExists", 400],
    },
    {
      name: "FIFO without the suffix",
      call: "sqs.CreateQueue",
      input: { QueueName: "work", Attributes: { FifoQueue: "true" } },
      fails: ["InvalidParameterValue", 400],
    },
    {
      name: "send first",
      call: "sqs.SendMessage",
      input: message("one", { MessageDeduplicationId: "d1" }),
      expect: { SequenceNumber: matches(/^\d+$/), MessageId: present },
      saves: { firstId: "MessageId", firstNumber: "SequenceNumber" },
    },
    {
      name: "send it again",
      call: "sqs.SendMessage",
      input: message("one", { MessageDeduplicationId: "d1" }),
      expect: { MessageId: "<firstId>", SequenceNumber: "<firstNumber>" },
    },
    {
      name: "send second",
      call: "sqs.SendMessage",
      input: message("two", { MessageDeduplicationId: "d2" }),
    },
    {
      name: "send without deduplication id",
      call: "sqs.SendMessage",
      input: message("three"),
      fails: ["InvalidParameterValue", 400],
    },
    {
      name: "send without group",
      call: "sqs.SendMessage",
      input: { QueueUrl: "<queue>", MessageBody: "x", MessageDeduplicationId: "d9" },
      fails: ["MissingParameter", 400],
    },
    {
      name: "send with a delay of its own",
      call: "sqs.SendMessage",
      input: message("late", { MessageDeduplicationId: "d8", MessageGroupId: "g8", DelaySeconds: 5 }),
      fails: ["InvalidParameterValue", 400],
    },
    {
      name: "receive the head",
      call: "sqs.ReceiveMessage",
      input: {
        QueueUrl: "<queue>",
        MaxNumberOfMessages: 1,
        MessageSystemAttributeNames: ["ApproximateReceiveCount", "MessageGroupId", "SequenceNumber"],
      },
      expect: {
        "Messages.*.Body": ["one"],
        "Messages.0.Attributes.ApproximateReceiveCount": "1",
        "Messages.0.Attributes.MessageGroupId": "g1",
        "Messages.0.Attributes.SequenceNumber": "<firstNumber>",
      },
      saves: { receipt: "Messages.0.ReceiptHandle" },
    },
    {
      name: "the group is locked",
      call: "sqs.ReceiveMessage",
      input: { QueueUrl: "<queue>", MaxNumberOfMessages: 10 },
      expect: { Messages: absent },
    },
    {
      name: "give it back",
      call: "sqs.ChangeMessageVisibility",
      input: { QueueUrl: "<queue>", ReceiptHandle: "<receipt>", VisibilityTimeout: 0 },
    },
    {
      name: "it comes again",
      call: "sqs.ReceiveMessage",
      input: {
        QueueUrl: "<queue>",
        MaxNumberOfMessages: 1,
        MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      },
      expect: { "Messages.*.Body": ["one"], "Messages.0.Attributes.ApproximateReceiveCount": "2" },
      saves: { receipt2: "Messages.0.ReceiptHandle" },
    },
    {
      name: "give it back once more",
      call: "sqs.ChangeMessageVisibility",
      input: { QueueUrl: "<queue>", ReceiptHandle: "<receipt2>", VisibilityTimeout: 0 },
    },
    {
      name: "out of receives: the next of the group comes",
      call: "sqs.ReceiveMessage",
      input: { QueueUrl: "<queue>", MaxNumberOfMessages: 10 },
      expect: { "Messages.*.Body": ["two"] },
      saves: { receipt3: "Messages.0.ReceiptHandle" },
    },
    {
      name: "the first is in the dead-letter queue",
      call: "sqs.ReceiveMessage",
      input: { QueueUrl: "<dead>", MaxNumberOfMessages: 10 },
      expect: { "Messages.*.Body": ["one"], "Messages.*.MessageId": ["<firstId>"] },
    },
    {
      name: "delete",
      call: "sqs.DeleteMessage",
      input: { QueueUrl: "<queue>", ReceiptHandle: "<receipt3>" },
    },
    {
      name: "nothing is left",
      call: "sqs.GetQueueAttributes",
      input: {
        QueueUrl: "<queue>",
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      },
      expect: {
        "Attributes.ApproximateNumberOfMessages": "0",
        "Attributes.ApproximateNumberOfMessagesNotVisible": "0",
      },
    },
    {
      name: "unknown queue",
      call: "sqs.GetQueueUrl",
      input: { QueueName: "nobody.fifo" },
      fails: ["QueueDoesNotExist", 400],
    },
  ],
};
