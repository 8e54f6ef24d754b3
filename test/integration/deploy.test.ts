// Two hand-made stacks on the local AWS, end to end: an event reaches a queue, a function takes it from there
// and writes to the table.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DescribeTableCommand, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import { startLocalAws } from "../../local/deploy/local-aws.ts";
import type { Stack, Template, TemplateResource } from "../../local/deploy/template.ts";

const fixtures = fileURLToPath(new URL("../fixtures", import.meta.url));

async function stackOf(name: string, file: string): Promise<Stack> {
  const template = JSON.parse(await readFile(`${fixtures}/templates/${file}`, "utf8")) as Template;
  return { name, template, assetRoot: fixtures };
}

describe("a deployment", () => {
  const calls: { service: string; operation: string; accessKeyId: string | undefined }[] = [];
  const errors: unknown[] = [];
  let local: LocalAws;
  let sqs: SQSClient;
  let dynamodb: DynamoDBClient;
  let events: EventBridgeClient;

  beforeAll(async () => {
    local = await startLocalAws({
      seed: 1,
      source: { stacks: [await stackOf("data", "data.json"), await stackOf("app", "app.json")] },
      asynchronous: { retryDelaysMs: [5, 5] },
      onCall: (call) => calls.push(call),
      onError: (error) => errors.push(error),
    });
    const credentials = { accessKeyId: "person", secretAccessKey: "any" };
    const config = { endpoint: local.wire.endpoint, region: "us-east-1", credentials };
    sqs = new SQSClient(config);
    dynamodb = new DynamoDBClient(config);
    events = new EventBridgeClient(config);
  });

  afterAll(async () => {
    for (const client of [sqs, dynamodb, events]) client.destroy();
    await local.stop();
    expect(errors).toEqual([]);
  });

  const queue = (logicalId: string) => {
    const found = local.deployment.queues.find((candidate) => candidate.logicalId === logicalId);
    if (found === undefined) throw new Error(`no queue ${logicalId}`);
    return found;
  };
  const put = (Source: string, detail: object) =>
    events.send(
      new PutEventsCommand({ Entries: [{ Source, DetailType: "Order", Detail: JSON.stringify(detail) }] }),
    );
  const receive = async (logicalId: string) => {
    const command = new ReceiveMessageCommand({
      QueueUrl: queue(logicalId).url,
      WaitTimeSeconds: 5,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    });
    const [message] = (await sqs.send(command)).Messages ?? [];
    return message;
  };

  it("creates queues with their properties, names and conditions", async () => {
    const { url, arn } = queue("Source");
    const AttributeNames = ["RedrivePolicy" as const, "VisibilityTimeout" as const, "QueueArn" as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
    expect(arn).toBe("arn:aws:sqs:us-east-1:111122223333:data-Source");
    expect(Attributes).toEqual({
      QueueArn: arn,
      VisibilityTimeout: "30",
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: "arn:aws:sqs:us-east-1:111122223333:given-name",
        maxReceiveCount: 3,
      }),
    });
    expect(queue("Ordered").name).toBe("data-Ordered.fifo");
    expect(local.deployment.queues.map(({ logicalId }) => logicalId)).not.toContain("OnlyInProduction");
  });

  it("creates the table with its index", async () => {
    const [table] = local.deployment.tables;
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table?.name }));
    expect(Table?.KeySchema?.map((key) => key.AttributeName)).toEqual(["pk", "sk"]);
    expect(Table?.GlobalSecondaryIndexes?.map((index) => index.IndexName)).toEqual(["bySource"]);
  });

  it("takes an event over a rule, a queue and a function into the table", async () => {
    await put("shop", { name: "too small", amount: 10 });
    await put("shop", { name: "tea", amount: 11 });
    const TableName = local.deployment.tables[0]?.name;
    await vi.waitFor(async () => {
      const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName }));
      expect(Items.map(({ pk, source }) => [pk?.S, source?.S])).toEqual([["tea", "111122223333/us-east-1"]]);
    }, 10_000);
    expect(calls).toContainEqual({ service: "dynamodb", operation: "PutItem", accessKeyId: "local-ledger" });
    const ordered = await receive("Ordered");
    expect(JSON.parse(ordered?.Body ?? "")).toMatchObject({ source: "shop", detail: { name: "tea" } });
    expect(ordered?.Attributes?.MessageGroupId).toBe("all");
  });

  it("keeps what a function failed at in its failure destination", async () => {
    await put("trouble", { name: "x" });
    const record = JSON.parse((await receive("Missed"))?.Body ?? "");
    expect(record).toMatchObject({
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 2 },
      requestPayload: { source: "trouble" },
      responsePayload: { errorMessage: "broken on purpose" },
    });
  });

  it("keeps what cannot be delivered in the target's dead-letter queue", async () => {
    await put("lost", { name: "y" });
    const letter = await vi.waitFor(async () => {
      const message = await receive("Missed");
      expect(JSON.parse(message?.Body ?? "{}")).toMatchObject({ source: "lost" });
      return message;
    }, 10_000);
    expect(letter?.MessageAttributes?.["TARGET_ARN"]?.StringValue).toContain(":nowhere");
  });

  it("tells what it created and what it ignored", () => {
    const { functions, roles, ignored, outputs, physicalIds } = local.deployment;
    expect(functions.map(({ name }) => name).sort()).toEqual(["app-Broken", "ledger"]);
    expect(functions[0]?.lambda.settings).toMatchObject({
      memoryMb: 256,
      timeoutMs: 5_000,
      reservedConcurrency: 2,
    });
    expect(roles[0]?.properties["Policies"]).toHaveLength(1);
    expect(ignored.map(({ logicalId }) => logicalId).sort()).toEqual(["Alarm"]);
    expect(outputs.get("app/Function")).toBe("ledger");
    expect(physicalIds.get("data/Dead")).toBe(queue("Dead").url);
  });
});

describe("stopping", () => {
  it("leaves nothing that keeps a process alive", async () => {
    const module = new URL("../../local/deploy/local-aws.ts", import.meta.url).href;
    const source = { stacks: [await stackOf("data", "data.json"), await stackOf("app", "app.json")] };
    const script = `
      import { startLocalAws } from ${JSON.stringify(module)};
      const local = await startLocalAws({ seed: 1, source: ${JSON.stringify(source)} });
      const ledger = local.deployment.functions.find(({ name }) => name === "ledger");
      console.log(JSON.stringify((await ledger.lambda.invoke({ Records: [] })).result));
      await local.stop();`;
    const options = { timeout: 20_000, env: { PATH: process.env["PATH"] } };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", script],
      options,
    );
    expect(JSON.parse(stdout)).toEqual({ batchItemFailures: [] });
  });
});

describe("a template that does not work", () => {
  const deploy = (Resources: Record<string, TemplateResource>) =>
    startLocalAws({
      seed: 1,
      source: { stacks: [{ name: "s", template: { Resources }, assetRoot: fixtures }] },
    });

  it.each([
    [
      "an unknown type",
      { Moon: { Type: "AWS::Moon::Base" } },
      "s Moon (AWS::Moon::Base): the local AWS does not know",
    ],
    [
      "a missing reference",
      { Q: { Type: "AWS::SQS::Queue", Properties: { QueueName: { Ref: "N" } } } },
      "Ref names N",
    ],
    [
      "a circle",
      {
        A: { Type: "AWS::SQS::Queue", DependsOn: "B" },
        B: { Type: "AWS::SQS::Queue", Properties: { Tags: [{ Ref: "A" }] } },
      },
      "A → B → A depend on each other",
    ],
    [
      "a wrong pattern",
      { R: { Type: "AWS::Events::Rule", Properties: { EventPattern: { source: "shop" } } } },
      "s R (AWS::Events::Rule): Event pattern is not valid",
    ],
    [
      "code that is not there",
      { F: { Type: "AWS::Lambda::Function", Properties: { Code: { S3Key: "x.zip" } } } },
      "s F (AWS::Lambda::Function): no ",
    ],
  ])("names %s", async (_name, resources, message) => {
    await expect(deploy(resources)).rejects.toThrow(message);
  });
});
