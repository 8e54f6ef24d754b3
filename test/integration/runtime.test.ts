// The local Lambda runtime: real worker threads, real queues behind the wire face.

import { fileURLToPath } from "node:url";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { createAsyncInvoker } from "../../local/runtime/async-invoker.ts";
import type { FunctionSettings, LambdaFunction, LogLine } from "../../local/runtime/lambda-function.ts";
import { createLambdaFunction } from "../../local/runtime/lambda-function.ts";
import type { QueueMapping } from "../../local/runtime/queue-poller.ts";
import { startQueuePoller } from "../../local/runtime/queue-poller.ts";

const codeFile = fileURLToPath(new URL("../fixtures/functions/probe.cjs", import.meta.url));
const stops: (() => Promise<void>)[] = [];
const lines: LogLine[] = [];

function lambda(exportName: string, more: Partial<FunctionSettings> = {}): LambdaFunction {
  const created = createLambdaFunction({
    name: exportName,
    arn: `arn:aws:lambda:us-east-1:111122223333:function:${exportName}`,
    codeFile,
    exportName,
    variables: { GREETING: "hello" },
    timeoutMs: 3_000,
    memoryMb: 128,
    onLog: (line) => lines.push(line),
    ...more,
  });
  stops.push(() => created.stop());
  return created;
}

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  lines.length = 0;
});

describe("an execution environment", () => {
  it("is initialised once and used again", async () => {
    const target = lambda("count");
    const first = await target.invoke({ a: 1 });
    const second = await target.invoke({ a: 2 });
    expect(first).toMatchObject({ result: { invocations: 1, event: { a: 1 }, requestId: first.requestId } });
    expect(second).toMatchObject({ result: { invocations: 2, event: { a: 2 } } });
    expect(first.initMs).toBeGreaterThan(0);
    expect(second).not.toHaveProperty("initMs");
    expect(target.counts()).toEqual({ invocations: 2, errors: 0, throttles: 0, coldStarts: 1 });
  });

  it("serves one invocation at a time: overlapping ones start more", async () => {
    const target = lambda("sleep");
    await Promise.all([target.invoke({ ms: 200 }), target.invoke({ ms: 200 })]);
    await target.invoke({ ms: 0 });
    expect(target.counts().coldStarts).toBe(2);
  });

  it("is reaped when idle", async () => {
    const target = lambda("count", { idleMs: 30 });
    await target.invoke({});
    await vi.waitFor(async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect((await target.invoke({})).result).toMatchObject({ invocations: 1 });
    });
    expect(target.counts().coldStarts).toBeGreaterThan(1);
  });

  it("has the template's variables and Lambda's own, and nothing of the host", async () => {
    const { result } = await lambda("variables").invoke({});
    expect(result).toMatchObject({ GREETING: "hello", AWS_LAMBDA_FUNCTION_NAME: "variables" });
    expect(result).not.toHaveProperty("PATH");
  });

  it("hands over whole log lines with their request", async () => {
    const { requestId } = await lambda("log").invoke({});
    await vi.waitFor(() => expect(lines.map((line) => line.line)).toEqual(["first 1", "second", "third"]));
    expect(new Set(lines.map((line) => line.requestId))).toEqual(new Set([requestId]));
  });
});

describe("what goes wrong", () => {
  it("answers a thrown error and stays warm", async () => {
    const target = lambda("fail");
    const { error } = await target.invoke({});
    expect(error).toMatchObject({ errorType: "RangeError", errorMessage: "not like this" });
    await target.invoke({});
    expect(target.counts()).toMatchObject({ errors: 2, coldStarts: 1 });
  });

  it("ends the environment at the time-out, as Lambda reports it", async () => {
    const target = lambda("sleep", { timeoutMs: 150 });
    const { error, requestId } = await target.invoke({ ms: 5_000 });
    expect(error?.errorType).toBe("Sandbox.Timedout");
    expect(error?.errorMessage).toMatch(
      new RegExp(`^RequestId: ${requestId} Error: Task timed out after 0\\.1\\d seconds$`),
    );
    expect((await target.invoke({ ms: 0 })).result).toBe("slept");
    expect(target.counts().coldStarts).toBe(2);
  });

  it("reports a process that leaves, and code that does not load", async () => {
    expect((await lambda("exit").invoke({})).error?.errorType).toBe("Runtime.ExitError");
    expect((await lambda("nothing").invoke({})).error?.errorType).toBe("Runtime.HandlerNotFound");
    const missing = await lambda("count", { codeFile: "/nowhere/index.js" }).invoke({});
    expect(missing.error?.errorMessage).toContain("no such file");
  });

  it("throttles at the reserved concurrency; 0 stops the function", async () => {
    const target = lambda("sleep", { reservedConcurrency: 1 });
    const first = target.invoke({ ms: 300 });
    await expect(target.invoke({ ms: 0 })).rejects.toMatchObject({
      name: "TooManyRequestsException",
      status: 429,
    });
    await first;
    await expect(lambda("count", { reservedConcurrency: 0 }).invoke({})).rejects.toThrow("Rate Exceeded.");
  });
});

describe("asynchronous invocation", () => {
  it("tries three times, then hands the event to the dead-letter target", async () => {
    const invoker = createAsyncInvoker({ retryDelaysMs: [5, 5] });
    const target = lambda("fail");
    const givenUp = vi.fn(async () => {});
    invoker.invoke(target, { id: 7 }, { maximumRetries: 2, onGivenUp: givenUp });
    await vi.waitFor(() => expect(givenUp).toHaveBeenCalledOnce(), { timeout: 5_000 });
    expect(givenUp.mock.calls[0]).toMatchObject([
      { id: 7 },
      { tries: 3, invocation: { error: { errorType: "RangeError" } } },
    ]);
    expect(target.counts().invocations).toBe(3);
    await invoker.stop();
  });
});

describe("an SQS event source mapping", () => {
  let wire: WireFace;
  let sqs: SQSClient;
  let queues = 0;

  beforeAll(async () => {
    wire = await startWireFace({ world: { call: () => ({}) }, account: "111122223333", region: "us-east-1" });
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    sqs = new SQSClient({ endpoint: wire.endpoint, region: "us-east-1", credentials });
  });
  afterAll(async () => {
    sqs.destroy();
    await wire.stop();
  });

  async function queue(
    suffix: string,
    attributes: Record<string, string> = {},
  ): Promise<{ url: string; arn: string }> {
    queues += 1;
    const name = `q${queues}${suffix}`;
    const { QueueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
    );
    return { url: QueueUrl, arn: `arn:aws:sqs:us-east-1:111122223333:${name}` };
  }

  function map(
    source: { url: string; arn: string },
    target: LambdaFunction,
    more: Partial<QueueMapping> = {},
  ): void {
    const poller = startQueuePoller({
      sqs,
      queueUrl: source.url,
      queueArn: source.arn,
      region: "us-east-1",
      target,
      batchSize: 10,
      windowMs: 0,
      reportsFailures: true,
      ...more,
    });
    stops.push(() => poller.stop());
  }

  const send = (url: string, bodies: readonly string[], group?: string) =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: bodies.map((MessageBody, index) => ({
          Id: String(index),
          MessageBody,
          ...(group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: MessageBody }),
        })),
      }),
    );

  const left = async (url: string) => {
    const AttributeNames = [
      "ApproximateNumberOfMessages" as const,
      "ApproximateNumberOfMessagesNotVisible" as const,
    ];
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }),
    );
    return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
  };

  it("deletes what succeeded; what fails for good ends in the dead-letter queue", async () => {
    const dead = await queue("-dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    const source = await queue("", { VisibilityTimeout: "1", RedrivePolicy });
    map(source, lambda("poison"));
    await send(source.url, ["good 1", "poison", "good 2"]);
    await vi.waitFor(async () => expect(await left(dead.url)).toBe(1), { timeout: 10_000 });
    expect(await left(source.url)).toBe(0);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead.url }));
    expect(Messages?.[0]?.Body).toBe("poison");
  });

  it("keeps the order of a FIFO group over a partial failure", async () => {
    const source = await queue(".fifo", { FifoQueue: "true", VisibilityTimeout: "1" });
    await send(source.url, ["a1", "a2 flaky", "a3"], "a");
    await send(source.url, ["b1", "b2"], "b");
    map(source, lambda("inOrder"));
    await vi.waitFor(async () => expect(await left(source.url)).toBe(0), { timeout: 10_000 });
    await vi.waitFor(() => expect(lines).toHaveLength(5));
    const handled = lines.map((line) => line.line);
    expect(handled.filter((line) => line.startsWith("a"))).toEqual(["a1", "a2 flaky", "a3"]);
    expect(handled.filter((line) => line.startsWith("b"))).toEqual(["b1", "b2"]);
  });

  it("gathers a batch over its window, up to its size", async () => {
    const source = await queue("");
    const bodies = Array.from({ length: 10 }, (_, index) => `m${index}`);
    await send(source.url, bodies);
    await send(source.url, bodies);
    await send(source.url, bodies.slice(0, 5));
    map(source, lambda("gather"), { batchSize: 100, windowMs: 300 });
    await vi.waitFor(() => expect(lines.map((line) => line.line)).toEqual(["batch 25"]), { timeout: 5_000 });
    await vi.waitFor(async () => expect(await left(source.url)).toBe(0));
  });

  it("keeps to its concurrency", async () => {
    const source = await queue("");
    const target = lambda("gather");
    await send(source.url, ["1", "2", "3", "4", "5", "6"]);
    map(source, target, { batchSize: 1, maximumConcurrency: 2 });
    await vi.waitFor(async () => expect(await left(source.url)).toBe(0), { timeout: 5_000 });
    expect(target.counts().invocations).toBe(6);
    expect(target.counts().coldStarts).toBeLessThanOrEqual(2);
  });
});
