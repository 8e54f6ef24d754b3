// The wiring that a deployment gets, read from the synthesized templates.

import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { FUNCTIONS, QUEUES } from "../../infra/pipeline.ts";
import { ENVIRONMENT } from "../../shared/contracts/environment.ts";
import { createTableInput, TABLE } from "../../shared/contracts/table.ts";
import type { Resource } from "./synthesized.ts";
import { everySetting, ofType, referent, synthesize } from "./synthesized.ts";

const plain = synthesize();
const full = synthesize(everySetting);
const installations = [
  ["by default", plain],
  ["with every setting", full],
] as const;

describe.each(installations)("an installation %s", (_name, made) => {
  const queues = ofType(made, "AWS::SQS::Queue");
  const queue = (id: string): Resource => queues.find((each) => each.id === id) as Resource;
  const functions = ofType(made, "AWS::Lambda::Function");
  const mappings = ofType(made, "AWS::Lambda::EventSourceMapping");
  const deadLetterOf = ({ properties }: Resource): string | undefined =>
    properties["RedrivePolicy"] && referent(properties["RedrivePolicy"].deadLetterTargetArn, made);

  it("has dead letters behind every queue, and keeps them for 14 days", () => {
    const sources = queues.filter((each) => deadLetterOf(each) !== undefined);
    const sinks = queues.filter((each) => deadLetterOf(each) === undefined);
    expect(sources).toHaveLength(4);
    expect(new Set(sources.map(deadLetterOf)).size).toBe(4);
    for (const sink of sinks) expect(sink.properties["MessageRetentionPeriod"]).toBe(14 * 86_400);
    for (const source of sources) {
      const letters = queue(deadLetterOf(source) ?? "");
      expect(sinks).toContain(letters);
      expect(letters.properties["FifoQueue"]).toBe(source.properties["FifoQueue"]);
    }
  });

  it("encrypts every queue and refuses plain HTTP", () => {
    expect(queues).toHaveLength(10);
    const policies = ofType(made, "AWS::SQS::QueuePolicy");
    for (const { id, properties } of queues) {
      expect(properties["SqsManagedSseEnabled"] === true || properties["KmsMasterKeyId"] !== undefined).toBe(
        true,
      );
      const policy = policies.find((each) => referent(each.properties["Queues"][0], made) === id);
      expect(policy?.properties["PolicyDocument"].Statement).toContainEqual(
        expect.objectContaining({
          Effect: "Deny",
          Action: "sqs:*",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      );
    }
  });

  it("orders work by key at high throughput and never deduplicates by content", () => {
    const fifo = queues.filter((each) => each.properties["FifoQueue"] === true);
    expect(fifo).toHaveLength(2);
    for (const { properties } of fifo) {
      expect(properties).toMatchObject({
        DeduplicationScope: "messageGroup",
        FifoThroughputLimit: "perMessageGroupId",
        ContentBasedDeduplication: false,
      });
    }
  });

  it("hides a message for six times its function's time-out, and its window", () => {
    expect(mappings).toHaveLength(4);
    for (const { properties } of mappings) {
      const source = queue(referent(properties["EventSourceArn"], made));
      const target = functions.find((each) => each.id === referent(properties["FunctionName"], made));
      const timeoutSeconds = target?.properties["Timeout"] as number;
      const windowSeconds = properties["MaximumBatchingWindowInSeconds"] ?? 0;
      expect(source.properties["VisibilityTimeout"]).toBe(6 * timeoutSeconds + windowSeconds);
    }
  });

  it("feeds batches whose records fail one by one, within the reserved concurrency", () => {
    const taken: Record<string, number> = {};
    for (const { properties } of mappings) {
      expect(properties["FunctionResponseTypes"]).toEqual(["ReportBatchItemFailures"]);
      const target = referent(properties["FunctionName"], made);
      taken[target] = (taken[target] ?? 0) + properties["ScalingConfig"].MaximumConcurrency;
    }
    for (const [target, concurrency] of Object.entries(taken)) {
      const { properties } = functions.find(({ id }) => id === target) as Resource;
      expect(concurrency).toBe(properties["ReservedConcurrentExecutions"]);
    }
  });

  it("gives every function the whole environment contract", () => {
    expect(functions).toHaveLength(5);
    for (const { properties } of functions) {
      expect(Object.keys(properties["Environment"].Variables).sort()).toEqual(
        Object.values(ENVIRONMENT).sort(),
      );
    }
  });

  it("sends every rule to a queue that admits this rule, with dead letters for both", () => {
    const rules = ofType(made, "AWS::Events::Rule").filter(({ properties }) => properties["EventPattern"]);
    expect(rules.length).toBeGreaterThanOrEqual(13);
    for (const { properties } of rules) {
      const [target] = properties["Targets"];
      for (const arn of [target.Arn, target.DeadLetterConfig.Arn]) {
        expect(admittedRules(referent(arn, made), made)).toContain(`:rule/${properties["Name"]}`);
      }
    }
  });

  it("watches ages, dead letters, errors, throttles and silence", () => {
    const alarms = ofType(made, "AWS::CloudWatch::Alarm").map(({ properties }) => properties);
    const count = (metric: string): number => alarms.filter(({ MetricName }) => MetricName === metric).length;
    expect(count("ApproximateAgeOfOldestMessage")).toBe(4);
    expect(count("ApproximateNumberOfMessagesVisible")).toBe(6);
    expect(count("Errors")).toBe(5);
    expect(count("Throttles")).toBe(5);
    expect(alarms.filter(({ MetricName }) => MetricName === "Invocations")).toEqual([
      expect.objectContaining({
        Period: 60,
        EvaluationPeriods: 3,
        Threshold: 1,
        ComparisonOperator: "LessThanThreshold",
        TreatMissingData: "breaching",
      }),
    ]);
  });
});

function admittedRules(queueId: string, made: typeof plain): readonly string[] {
  const policies = ofType(made, "AWS::SQS::QueuePolicy");
  const policy = policies.find(({ properties }) => referent(properties["Queues"][0], made) === queueId);
  const statements: Record<string, unknown>[] = policy?.properties["PolicyDocument"].Statement ?? [];
  const admitting = statements.find(({ Sid }) => Sid === "EventBridgeRules") ?? {};
  expect(admitting).toMatchObject({
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
  });
  const { ArnEquals } = admitting["Condition"] as { ArnEquals: Record<string, unknown> };
  const arns = [ArnEquals["aws:SourceArn"]].flat() as { "Fn::Join": [string, unknown[]] }[];
  return arns.map((arn) => String(arn["Fn::Join"][1].at(-1)));
}

describe("the table", () => {
  it("has the keys of the contract and outlives the stack", () => {
    const [table] = ofType(plain, "AWS::DynamoDB::Table");
    const expected = createTableInput("any");
    expect(table?.properties).toMatchObject({
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: expected.KeySchema,
      GlobalSecondaryIndexes: expected.GlobalSecondaryIndexes,
      AttributeDefinitions: expected.AttributeDefinitions,
      TimeToLiveSpecification: { AttributeName: TABLE.expiryAttribute, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
    expect(table?.deletionPolicy).toBe("Retain");
  });
});

describe("the functions", () => {
  it("run lean on arm64 and may loop through SQS", () => {
    for (const [name, shape] of Object.entries(FUNCTIONS)) {
      plain.stateless.hasResourceProperties("AWS::Lambda::Function", {
        FunctionName: `fairlead-${name}`,
        Architectures: ["arm64"],
        Runtime: "nodejs24.x",
        MemorySize: 256,
        Timeout: shape.timeoutSeconds,
        ReservedConcurrentExecutions: shape.reservedConcurrency,
        RecursiveLoop: "Allow",
        Handler: "index.handler",
      });
    }
  });

  it("batch what is bulk and let pass what is urgent", () => {
    plain.stateless.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
    });
    const windows = ofType(plain, "AWS::Lambda::EventSourceMapping").map(
      ({ properties }) => properties["MaximumBatchingWindowInSeconds"] ?? 0,
    );
    expect(windows.sort()).toEqual(
      Object.values(QUEUES)
        .map(({ windowSeconds }) => windowSeconds)
        .sort(),
    );
  });

  it("log for as long as decisions are kept, or the next longer time that CloudWatch offers", () => {
    const days = (made: typeof plain) =>
      ofType(made, "AWS::Logs::LogGroup").map(({ properties }) => properties["RetentionInDays"]);
    expect(days(plain)).toEqual(Object.keys(FUNCTIONS).map(() => 30));
    expect(days(full)).toEqual(Object.keys(FUNCTIONS).map(() => 120));
  });

  it("are swept every minute; what EventBridge or Lambda gives up on is kept", () => {
    plain.stateless.hasResourceProperties("AWS::Events::Rule", {
      ScheduleExpression: "rate(1 minute)",
      Targets: [Match.objectLike({ DeadLetterConfig: Match.anyValue(), RetryPolicy: Match.anyValue() })],
    });
    plain.stateless.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      DestinationConfig: { OnFailure: Match.anyValue() },
    });
  });

  it("find every dead-letter queue with the queue that it came from", () => {
    const [sweep] = ofType(plain, "AWS::Lambda::Function").filter(({ id }) => id.startsWith("Sweep"));
    const variables = sweep?.properties["Environment"].Variables;
    const parts: unknown[] = variables[ENVIRONMENT.deadLetterQueues]["Fn::Join"][1];
    const pairs = parts.filter((part) => typeof part === "object").map((part) => referent(part, plain));
    expect(pairs).toHaveLength(10);
    for (let index = 0; index < 8; index += 2) {
      const source = ofType(plain, "AWS::SQS::Queue").find(({ id }) => id === pairs[index + 1]);
      expect(referent(source?.properties["RedrivePolicy"].deadLetterTargetArn, plain)).toBe(pairs[index]);
    }
    expect(pairs.slice(8)).toEqual([
      expect.stringMatching(/^Undelivered/),
      expect.stringMatching(/^IngressQueue/),
    ]);
  });
});

describe("the entrances", () => {
  it("are one URL for callers that IAM knows, without streaming and without other origins", () => {
    const urls = ofType(plain, "AWS::Lambda::Url");
    expect(urls.map(({ properties }) => properties)).toEqual([
      { AuthType: "AWS_IAM", InvokeMode: "BUFFERED", TargetFunctionArn: expect.anything() },
    ]);
    expect(referent(urls[0]?.properties["TargetFunctionArn"], plain)).toMatch(/^Api/);
    // No function lets anybody in by its own policy but EventBridge's schedule.
    const invited = ofType(plain, "AWS::Lambda::Permission").map(({ properties }) => properties["Principal"]);
    expect(invited).toEqual(["events.amazonaws.com"]);
  });

  it("are a role for ECS that calls the hook alone", () => {
    const [role] = ofType(plain, "AWS::IAM::Role").filter(({ id }) => id.startsWith("HookInvoker"));
    expect(role?.properties["AssumeRolePolicyDocument"].Statement).toEqual([
      expect.objectContaining({
        Principal: { Service: "ecs.amazonaws.com" },
        Condition: { StringEqualsIfExists: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
      }),
    ]);
    const [statement, ...more] = (role as Resource).properties["Policies"][0].PolicyDocument.Statement;
    expect([statement.Action, more]).toEqual(["lambda:InvokeFunction", []]);
    expect(JSON.stringify(statement.Resource)).toContain(":function:fairlead-hook");
  });

  it("are told by the stack's outputs", () => {
    const { Outputs } = plain.stateless.toJSON() as { Outputs: Record<string, unknown> };
    expect(Object.keys(Outputs)).toEqual(
      expect.arrayContaining(["ApiAddress", "HookFunctionArn", "HookRoleArn"]),
    );
  });
});

describe("the settings", () => {
  it("name everything after the installation", () => {
    for (const { properties } of ofType(full, "AWS::Lambda::Function")) {
      expect(properties["FunctionName"]).toMatch(/^team-a-/);
    }
    for (const { properties } of ofType(full, "AWS::Events::Rule"))
      expect(properties["Name"]).toMatch(/^team-a-/);
  });

  it("encrypt with the given key and report to the given topic", () => {
    const { kmsKeyArn, alarmTopicArn } = everySetting;
    full.stateful.allResourcesProperties("AWS::SQS::Queue", { KmsMasterKeyId: kmsKeyArn });
    full.stateful.hasResourceProperties("AWS::DynamoDB::Table", {
      SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: kmsKeyArn },
    });
    full.stateless.allResourcesProperties("AWS::Logs::LogGroup", { KmsKeyId: kmsKeyArn });
    full.stateless.allResourcesProperties("AWS::CloudWatch::Alarm", { AlarmActions: [alarmTopicArn] });
  });
});
