// Real SDK clients against the wire face: what they send arrives decoded, what the world answers comes back
// with AWS's types, and errors keep AWS's names.

import { connect } from "node:net";
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  ClusterNotFoundException,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  paginateListTasks,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import {
  DiscoverInstancesCommand,
  DuplicateRequest,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { DescribeInstanceInformationCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import type { WireCall } from "../../local/faces/wire/wire-call.ts";
import { AwsError } from "../../local/world/kernel.ts";

type Answer = (input: never) => object;

const account = "111122223333";
const answers = new Map<string, Answer>();
const calls: WireCall[] = [];
let refuse: AwsError | undefined;
let wire: WireFace;

const config = () => ({
  endpoint: wire.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "any" },
  maxAttempts: 1,
});

beforeAll(async () => {
  // The worlds of this file are made up: what they answer need not be AWS's.
  vi.stubEnv("FAIRLEAD_CHECK_ANSWERS", "0");
  const world = {
    call: (service: string, operation: string, input: object) => {
      const answer = answers.get(`${service}.${operation}`);
      if (answer === undefined) throw new AwsError("UnknownOperationException", `${service}.${operation}`);
      return answer(input as never);
    },
  };
  const onCall = (call: WireCall) => {
    calls.push(call);
    if (refuse !== undefined) throw refuse;
  };
  wire = await startWireFace({ world, account, region: "us-east-1", onCall });
});

afterEach(() => {
  answers.clear();
  calls.length = 0;
  refuse = undefined;
});

afterAll(() => wire.stop());

describe("awsJson", () => {
  it("carries dates and nested members both ways and drops unknown members of the answer", async () => {
    const at = new Date("2026-11-22T10:00:00.500Z");
    let seen: object = {};
    answers.set("ecs.DescribeTasks", (input) => {
      seen = input;
      return {
        tasks: [{ taskArn: "arn:t", version: 7, createdAt: at, containers: [{ name: "web" }], wrong: 1 }],
      };
    });
    const output = await new ECSClient(config()).send(
      new DescribeTasksCommand({ cluster: "c", tasks: ["t"] }),
    );
    expect(seen).toEqual({ cluster: "c", tasks: ["t"] });
    expect(output.tasks).toEqual([
      { taskArn: "arn:t", version: 7, createdAt: at, containers: [{ name: "web" }] },
    ]);
    expect(calls).toEqual([{ service: "ecs", operation: "DescribeTasks", accessKeyId: "AKIALOCAL" }]);
  });

  it("pages as the SDK's paginators expect", async () => {
    answers.set("ecs.ListTasks", (input: { nextToken?: string }) =>
      input.nextToken === undefined ? { taskArns: ["a"], nextToken: "2" } : { taskArns: ["b"] },
    );
    const found: string[] = [];
    for await (const page of paginateListTasks({ client: new ECSClient(config()) }, { cluster: "c" })) {
      found.push(...(page.taskArns ?? []));
    }
    expect(found).toEqual(["a", "b"]);
  });

  it("answers errors that the SDK turns into its own classes, with their fields", async () => {
    answers.set("ecs.ListTasks", () => {
      throw new AwsError("ClusterNotFoundException", "Cluster not found.");
    });
    await expect(new ECSClient(config()).send(new ListTasksCommand({}))).rejects.toThrow(
      ClusterNotFoundException,
    );

    answers.set("servicediscovery.RegisterInstance", () => {
      throw new AwsError("DuplicateRequest", "running", { fields: { DuplicateOperationId: "op-1" } });
    });
    const input = { ServiceId: "srv-1", InstanceId: "i", Attributes: { AWS_INSTANCE_IPV4: "10.0.0.1" } };
    const failure = await new ServiceDiscoveryClient(config())
      .send(new RegisterInstanceCommand(input))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DuplicateRequest);
    expect(failure).toMatchObject({ DuplicateOperationId: "op-1", $metadata: { httpStatusCode: 400 } });
  });

  it("answers 500 for a defect of the world", async () => {
    answers.set("ecs.ListTasks", () => {
      throw new TypeError("boom");
    });
    const failure = await new ECSClient(config())
      .send(new ListTasksCommand({}))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "InternalFailure", $metadata: { httpStatusCode: 500 } });
  });

  it("refuses what is missing or of a wrong type before the world sees it", async () => {
    answers.set("ecs.UpdateService", () => ({}));
    const ecs = new ECSClient(config());
    // -- reason: the types forbid what the test is about
    const nothing = {} as unknown as { service: string };
    await expect(ecs.send(new UpdateServiceCommand(nothing))).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: "service can not be blank.",
    });
    const wrong = { service: "s", desiredCount: "3" } as unknown as { service: string };
    await expect(ecs.send(new UpdateServiceCommand(wrong))).rejects.toMatchObject({
      name: "SerializationException",
      message: "STRING_VALUE can not be converted to a Number at 'desiredCount'",
    });
    const half = { ServiceId: "srv-1" } as unknown as {
      ServiceId: string;
      InstanceId: string;
      Attributes: Record<string, string>;
    };
    await expect(
      new ServiceDiscoveryClient(config()).send(new RegisterInstanceCommand(half)),
    ).rejects.toMatchObject({
      name: "InvalidInput",
      message: /^2 validation errors detected: Value null at 'instanceId'/,
    });
  });

  it("serves DiscoverInstances, SSM, EventBridge and CloudWatch", async () => {
    answers.set("servicediscovery.DiscoverInstances", () => ({
      Instances: [{ InstanceId: "i" }],
      InstancesRevision: 3,
    }));
    answers.set("ssm.DescribeInstanceInformation", () => ({
      InstanceInformationList: [{ InstanceId: "mi-1" }],
    }));
    answers.set("events.PutEvents", () => ({ FailedEntryCount: 0, Entries: [{ EventId: "e" }] }));
    answers.set("cloudwatch.DescribeAlarms", () => ({
      MetricAlarms: [{ AlarmName: "a", StateUpdatedTimestamp: new Date(1_000) }],
    }));
    const found = await new ServiceDiscoveryClient({ ...config(), disableHostPrefix: true }).send(
      new DiscoverInstancesCommand({ NamespaceName: "n", ServiceName: "s" }),
    );
    expect(found).toMatchObject({ Instances: [{ InstanceId: "i" }], InstancesRevision: 3 });
    const nodes = await new SSMClient(config()).send(new DescribeInstanceInformationCommand({}));
    expect(nodes.InstanceInformationList).toEqual([{ InstanceId: "mi-1" }]);
    const put = await new EventBridgeClient(config()).send(
      new PutEventsCommand({ Entries: [{ Detail: "{}" }] }),
    );
    expect(put.Entries).toEqual([{ EventId: "e" }]);
    const alarms = await new CloudWatchClient(config()).send(new DescribeAlarmsCommand({}));
    expect(alarms.MetricAlarms).toEqual([{ AlarmName: "a", StateUpdatedTimestamp: new Date(1_000) }]);
  });

  it("decodes CloudWatch's numbers, dates and lists", async () => {
    let seen: object = {};
    answers.set("cloudwatch.PutMetricData", (input) => {
      seen = input;
      return {};
    });
    const at = new Date("2026-11-22T10:00:00Z");
    const data = {
      Namespace: "N",
      MetricData: [{ MetricName: "m", Value: 1.5, Timestamp: at, Unit: "Count" as const }],
    };
    await new CloudWatchClient(config()).send(new PutMetricDataCommand(data));
    expect(seen).toEqual(data);
  });
});

describe("query protocols", () => {
  it("serves EC2 with filters, lists and nested answers", async () => {
    let seen: object = {};
    answers.set("ec2.DescribeInstances", (input) => {
      seen = input;
      const instance = {
        InstanceId: "i-1",
        PrivateIpAddress: "10.0.0.7",
        LaunchTime: new Date(0),
        Placement: { AvailabilityZone: "us-east-1a" },
        Tags: [{ Key: "a", Value: "<&>" }],
      };
      return { Reservations: [{ ReservationId: "r", Instances: [instance] }] };
    });
    const input = {
      InstanceIds: ["i-1", "i-2"],
      Filters: [{ Name: "x", Values: ["y", "z"] }],
      MaxResults: 5,
    };
    const output = await new EC2Client(config()).send(new DescribeInstancesCommand(input));
    expect(seen).toEqual(input);
    const [instance] = output.Reservations?.[0]?.Instances ?? [];
    expect(instance).toMatchObject({
      InstanceId: "i-1",
      PrivateIpAddress: "10.0.0.7",
      LaunchTime: new Date(0),
    });
    expect(instance?.Placement?.AvailabilityZone).toBe("us-east-1a");
    expect(instance?.Tags).toEqual([{ Key: "a", Value: "<&>" }]);
  });

  it("answers EC2 errors by their code", async () => {
    answers.set("ec2.DescribeInstances", () => {
      throw new AwsError("InvalidInstanceID.NotFound", "no i-9");
    });
    await expect(new EC2Client(config()).send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
      name: "InvalidInstanceID.NotFound",
      message: "no i-9",
    });
  });

  it("serves CloudWatch's old query protocol", async () => {
    let seen: object = {};
    answers.set("cloudwatch.DescribeAlarms", (input) => {
      seen = input;
      return { MetricAlarms: [{ AlarmName: "a" }] };
    });
    const body = "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=a&MaxRecords=3";
    const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    const response = await fetch(wire.endpoint, { method: "POST", body, headers });
    expect(seen).toEqual({ AlarmNames: ["a"], MaxRecords: 3 });
    expect(await response.text()).toContain(
      "<DescribeAlarmsResult><MetricAlarms><member><AlarmName>a</AlarmName></member></MetricAlarms></DescribeAlarmsResult>",
    );
  });
});

describe("what is refused", () => {
  it("names an unknown service and an unknown operation", async () => {
    for (const target of ["Nobody.Call", "AmazonSSM.NoSuchThing"]) {
      const response = await fetch(wire.endpoint, {
        method: "POST",
        body: "{}",
        headers: { "x-amz-target": target },
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ __type: "UnknownOperationException" });
    }
  });

  it("lets the listener refuse any call, on every backend", async () => {
    refuse = new AwsError("AccessDeniedException", "not allowed");
    const denied = { name: "AccessDeniedException", message: "not allowed" };
    await expect(new ECSClient(config()).send(new ListTasksCommand({}))).rejects.toMatchObject(denied);
    const get = new GetItemCommand({ TableName: "none", Key: { pk: { S: "1" } } });
    await expect(new DynamoDBClient(config()).send(get)).rejects.toMatchObject(denied);
    const receive = new ReceiveMessageCommand({ QueueUrl: `${wire.endpoint}/${account}/q` });
    await expect(new SQSClient(config()).send(receive)).rejects.toMatchObject(denied);
  });
});

describe("DynamoDB behind the same port", () => {
  it("keeps conditional writes", async () => {
    const client = new DynamoDBClient(config());
    await client.send(
      new CreateTableCommand({
        TableName: "things",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      }),
    );
    const update = new UpdateItemCommand({
      TableName: "things",
      Key: { pk: { S: "a" } },
      UpdateExpression: "SET version = :next",
      ConditionExpression: "attribute_not_exists(version)",
      ExpressionAttributeValues: { ":next": { N: "1" } },
    });
    await client.send(update);
    await expect(client.send(update)).rejects.toThrow(ConditionalCheckFailedException);
    const { Item } = await client.send(new GetItemCommand({ TableName: "things", Key: { pk: { S: "a" } } }));
    expect(Item).toEqual({ pk: { S: "a" }, version: { N: "1" } });
  });
});

describe("SQS behind the same port", () => {
  it("names queues by the world's account", async () => {
    const sqs = new SQSClient(config());
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "plain" }));
    expect(QueueUrl).toBe(`${wire.endpoint}/${account}/plain`);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    expect(Attributes).toEqual({ QueueArn: `arn:aws:sqs:us-east-1:${account}:plain` });
    const missing = new ReceiveMessageCommand({ QueueUrl: `${QueueUrl}-none` });
    await expect(sqs.send(missing)).rejects.toThrow(QueueDoesNotExist);
    const wrong = new CreateQueueCommand({ QueueName: "plain", Attributes: { FifoQueue: "true" } });
    await expect(sqs.send(wrong)).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });

  it("receives a whole FIFO group in order, and again in the same order after it came back", async () => {
    const sqs = new SQSClient(config());
    const created = new CreateQueueCommand({ QueueName: "ordered.fifo", Attributes: { FifoQueue: "true" } });
    const { QueueUrl = "" } = await sqs.send(created);
    for (const [index, group] of ["a", "a", "b", "a"].entries()) {
      const message = {
        MessageBody: `${group}${index}`,
        MessageGroupId: group,
        MessageDeduplicationId: `${index}`,
      };
      await sqs.send(new SendMessageCommand({ QueueUrl, ...message }));
    }
    const receive = async () => {
      const output = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      return output.Messages ?? [];
    };
    const first = await receive();
    const bodies = (group: string, messages: typeof first) =>
      messages.map((message) => message.Body ?? "").filter((body) => body.startsWith(group));
    expect(bodies("a", first)).toEqual(["a0", "a1", "a3"]);
    expect(bodies("b", first)).toEqual(["b2"]);
    expect(await receive()).toEqual([]);

    for (const message of first) {
      const { Body = "", ReceiptHandle } = message;
      if (Body === "a0") await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      else
        await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
    expect(bodies("a", await receive())).toEqual(["a1", "a3"]);
  });
});

describe("SNS and S3 behind the same port", () => {
  it("serves SNS by the world's account and S3 by path", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "Action=CreateTopic&Version=2010-03-31&Name=news";
    const topic = await (await fetch(wire.endpoint, { method: "POST", headers, body })).text();
    expect(topic).toContain(`<TopicArn>arn:aws:sns:us-east-1:${account}:news</TopicArn>`);
    expect((await fetch(`${wire.endpoint}/bucket`, { method: "PUT" })).status).toBe(200);
    await fetch(`${wire.endpoint}/bucket/key`, { method: "PUT", body: "content" });
    expect(await (await fetch(`${wire.endpoint}/bucket/key`)).text()).toBe("content");
  });

  it("survives a client that leaves in the middle of its request", async () => {
    const { port } = new URL(wire.endpoint);
    const target = "x-amz-target: DynamoDB_20120810.GetItem\r\ncontent-type: application/x-amz-json-1.0";
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${target}\r\ncontent-length: 100\r\n\r\n{`, () => {
          socket.destroy();
          resolve();
        });
      });
    });
    const found = await new ServiceDiscoveryClient({ ...config(), disableHostPrefix: true })
      .send(new DiscoverInstancesCommand({ NamespaceName: "n", ServiceName: "s" }))
      .catch((error: unknown) => error);
    expect(found).toMatchObject({ name: "UnknownOperationException" });
  });
});
