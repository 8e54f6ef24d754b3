// EventBridge: rules, patterns, targets, and what arrives in a queue.
import type { Scenario, Step } from "../scenario.ts";
import { absent, matches, present } from "../scenario.ts";

const EVENT = {
  version: "0",
  id: "3b6f4f0a-0000-4000-8000-000000000001",
  "detail-type": "ECS Task State Change",
  source: "aws.ecs",
  account: "123456789012",
  time: "2026-11-22T10:00:00Z",
  region: "us-east-1",
  resources: ["arn:aws:ecs:us-east-1:123456789012:task/quay/1"],
  detail: {
    lastStatus: "RUNNING",
    group: "service:web",
    version: 4,
    containers: [{ name: "app", exitCode: 1 }, { name: "side" }],
    overrides: { cpu: null },
  },
};

/** AWS's own words: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
const PATTERNS: readonly (readonly [string, object, boolean])[] = [
  ["equal", { detail: { lastStatus: ["RUNNING", "STOPPED"] } }, true],
  ["not equal", { detail: { lastStatus: ["STOPPED"] } }, false],
  ["prefix", { detail: { group: [{ prefix: "service:" }] } }, true],
  ["suffix", { detail: { group: [{ suffix: ":web" }] } }, true],
  ["anything but", { detail: { lastStatus: [{ "anything-but": ["STOPPED"] }] } }, true],
  ["anything but this", { detail: { lastStatus: [{ "anything-but": "RUNNING" }] } }, false],
  ["anything but a prefix", { detail: { group: [{ "anything-but": { prefix: "service:" } }] } }, false],
  ["number", { detail: { version: [{ numeric: [">", 3, "<=", 4] }] } }, true],
  ["number outside", { detail: { version: [{ numeric: [">", 4] }] } }, false],
  ["number in another form", { detail: { version: [4.0] } }, true],
  ["exists", { detail: { group: [{ exists: true }] } }, true],
  ["does not exist", { detail: { stopCode: [{ exists: false }] } }, true],
  ["does not exist, below a missing parent", { detail: { missing: { deep: [{ exists: false }] } } }, true],
  ["null", { detail: { overrides: { cpu: [null] } } }, true],
  ["in a list of objects", { detail: { containers: { exitCode: [1] } } }, true],
  ["members of one entry", { detail: { containers: { name: ["side"], exitCode: [1] } } }, false],
  ["ignoring case", { detail: { lastStatus: [{ "equals-ignore-case": "running" }] } }, true],
  ["wildcard", { detail: { group: [{ wildcard: "ser*:w*b" }] } }, true],
  ["either", { $or: [{ source: ["aws.ec2"] }, { detail: { version: [4] } }] }, true],
  ["resources by prefix", { resources: [{ prefix: "arn:aws:ecs:us-east-1:123456789012:task/quay/" }] }, true],
];

const test = ([name, pattern, result]: (typeof PATTERNS)[number]): Step => ({
  name: `pattern: ${name}`,
  call: "events.TestEventPattern",
  input: { EventPattern: JSON.stringify(pattern), Event: JSON.stringify(EVENT) },
  expect: { Result: result },
});

export const eventbridgePatterns: Scenario = {
  name: "eventbridge-patterns",
  about: "TestEventPattern by operator, and patterns that are refused",
  // moto answers TestEventPattern with nothing: there is nothing to compare.
  witnesses: ["ministack"],
  steps: [
    ...PATTERNS.map(test),
    {
      name: "refused: a value that is no list",
      call: "events.TestEventPattern",
      input: { EventPattern: '{"source":"aws.ecs"}', Event: JSON.stringify(EVENT) },
      fails: ["InvalidEventPatternException", 400],
    },
    {
      name: "refused: no JSON",
      call: "events.TestEventPattern",
      input: { EventPattern: "source", Event: JSON.stringify(EVENT) },
      fails: ["InvalidEventPatternException", 400],
    },
    {
      name: "refused: unknown operator",
      call: "events.TestEventPattern",
      input: { EventPattern: '{"source":[{"like":"x"}]}', Event: JSON.stringify(EVENT) },
      fails: ["InvalidEventPatternException", 400],
    },
  ],
};

export const eventbridgeDelivery: Scenario = {
  name: "eventbridge-delivery",
  about: "rule, target with transformer, PutEvents to a FIFO queue, disabling, refusals",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "create queue",
      call: "sqs.CreateQueue",
      input: {
        QueueName: "inbox.fifo",
        Attributes: { FifoQueue: "true", ContentBasedDeduplication: "true" },
      },
      saves: { queue: "QueueUrl" },
    },
    {
      name: "its ARN",
      call: "sqs.GetQueueAttributes",
      input: { QueueUrl: "<queue>", AttributeNames: ["QueueArn"] },
      saves: { queueArn: "Attributes.QueueArn" },
    },
    {
      name: "put rule",
      call: "events.PutRule",
      input: {
        Name: "orders",
        EventPattern: '{"source":["shop.orders"],"detail":{"total":[{"numeric":[">",10]}]}}',
        Description: "large orders",
      },
      expect: { RuleArn: "arn:aws:events:<region>:<account>:rule/orders" },
    },
    {
      name: "put target",
      call: "events.PutTargets",
      input: {
        Rule: "orders",
        Targets: [{ Id: "inbox", Arn: "<queueArn>", SqsParameters: { MessageGroupId: "all" } }],
      },
      expect: { FailedEntryCount: 0, FailedEntries: [] },
    },
    {
      name: "describe rule",
      call: "events.DescribeRule",
      input: { Name: "orders" },
      expect: {
        Name: "orders",
        State: "ENABLED",
        Description: "large orders",
        EventBusName: "default",
        ScheduleExpression: absent,
      },
    },
    {
      name: "list targets",
      call: "events.ListTargetsByRule",
      input: { Rule: "orders" },
      expect: {
        Targets: [{ Id: "inbox", Arn: "<queueArn>", SqsParameters: { MessageGroupId: "all" } }],
      },
    },
    {
      name: "put events, one of them matches",
      call: "events.PutEvents",
      input: {
        Entries: [
          { Source: "shop.orders", DetailType: "Order", Detail: '{"id":"a","total":11}' },
          { Source: "shop.orders", DetailType: "Order", Detail: '{"id":"b","total":9}' },
        ],
      },
      expect: { FailedEntryCount: 0, "Entries.length": 2, "Entries.0.EventId": present },
      saves: { eventId: "Entries.0.EventId" },
    },
    {
      name: "it arrives",
      call: "sqs.ReceiveMessage",
      input: {
        QueueUrl: "<queue>",
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ["MessageGroupId"],
      },
      until: { "Messages.length": 1 },
      expect: {
        "Messages.0.Attributes.MessageGroupId": "all",
        "Messages.0.Body.id": "<eventId>",
        "Messages.0.Body.source": "shop.orders",
        "Messages.0.Body.detail-type": "Order",
        "Messages.0.Body.account": "<account>",
        "Messages.0.Body.region": "<region>",
        "Messages.0.Body.resources": [],
        "Messages.0.Body.detail": { id: "a", total: 11 },
        "Messages.0.Body.time": matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        "Messages.0.Body.version": "0",
      },
      saves: { receipt: "Messages.0.ReceiptHandle" },
    },
    {
      name: "take it",
      call: "sqs.DeleteMessage",
      input: { QueueUrl: "<queue>", ReceiptHandle: "<receipt>" },
    },
    {
      name: "target with a transformer",
      call: "events.PutTargets",
      input: {
        Rule: "orders",
        Targets: [
          {
            Id: "inbox",
            Arn: "<queueArn>",
            SqsParameters: { MessageGroupId: "all" },
            InputTransformer: {
              InputPathsMap: { order: "$.detail.id" },
              InputTemplate: '{"order": \\<order>, "sum": 1}',
            },
          },
        ],
      },
      expect: { FailedEntryCount: 0 },
    },
    {
      name: "put another event",
      call: "events.PutEvents",
      input: { Entries: [{ Source: "shop.orders", DetailType: "Order", Detail: '{"id":"c","total":12}' }] },
      expect: { FailedEntryCount: 0 },
    },
    {
      name: "it arrives transformed",
      call: "sqs.ReceiveMessage",
      input: { QueueUrl: "<queue>", MaxNumberOfMessages: 10 },
      until: { "Messages.length": 1 },
      expect: { "Messages.0.Body.order": "c", "Messages.0.Body.sum": 1 },
      saves: { receipt2: "Messages.0.ReceiptHandle" },
    },
    {
      name: "take that, too",
      call: "sqs.DeleteMessage",
      input: { QueueUrl: "<queue>", ReceiptHandle: "<receipt2>" },
    },
    { name: "disable", call: "events.DisableRule", input: { Name: "orders" } },
    {
      name: "it is disabled",
      call: "events.DescribeRule",
      input: { Name: "orders" },
      expect: { State: "DISABLED" },
    },
    {
      name: "delete a rule with targets",
      call: "events.DeleteRule",
      input: { Name: "orders" },
      fails: ["ValidationException", 400],
    },
    {
      name: "an entry without source",
      call: "events.PutEvents",
      input: { Entries: [{ DetailType: "Order", Detail: "{}" }] },
      expect: { FailedEntryCount: 1, "Entries.0.ErrorCode": "InvalidArgument" },
    },
    {
      name: "an entry whose detail is no JSON",
      call: "events.PutEvents",
      input: { Entries: [{ Source: "shop", DetailType: "Order", Detail: "no" }] },
      expect: { FailedEntryCount: 1, "Entries.0.ErrorCode": "MalformedDetail" },
    },
    {
      name: "describe unknown rule",
      call: "events.DescribeRule",
      input: { Name: "nobody" },
      fails: ["ResourceNotFoundException", 400],
    },
    {
      name: "targets of unknown rule",
      call: "events.PutTargets",
      input: { Rule: "nobody", Targets: [{ Id: "a", Arn: "<queueArn>" }] },
      fails: ["ResourceNotFoundException", 400],
    },
    {
      name: "wrong pattern",
      call: "events.PutRule",
      input: { Name: "wrong", EventPattern: '{"source":"shop"}' },
      fails: ["InvalidEventPatternException", 400],
    },
    {
      name: "wrong schedule",
      call: "events.PutRule",
      input: { Name: "wrong", ScheduleExpression: "rate(1 minutes)" },
      fails: ["ValidationException", 400],
    },
    {
      name: "neither pattern nor schedule",
      call: "events.PutRule",
      input: { Name: "empty" },
      fails: ["ValidationException", 400],
    },
    {
      name: "remove target",
      call: "events.RemoveTargets",
      input: { Rule: "orders", Ids: ["inbox"] },
      expect: { FailedEntryCount: 0 },
    },
    { name: "delete rule", call: "events.DeleteRule", input: { Name: "orders" } },
  ],
};
