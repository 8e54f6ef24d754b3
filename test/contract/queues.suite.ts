// What Fairlead relies on in its queues, through the real SQS adapters, whatever is underneath.

import type { Message } from "@aws-sdk/client-sqs";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import type { AwsClient } from "../../shared/adapters/aws/client.ts";
import { send } from "../../shared/adapters/aws/client.ts";
import { createDeadLetters } from "../../shared/adapters/aws/dead-letters.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import { createDelayQueue, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import { isCode } from "../../shared/base/errors.ts";
import type { Key } from "../../shared/base/keys.ts";
import { groupIdOf } from "../../shared/base/keys.ts";
import { addMs, millis, seconds } from "../../shared/base/time.ts";
import type { Doorbell } from "../../shared/contracts/doorbells.ts";
import { START, serviceKey, taskFact } from "./samples.ts";

/** A message that was received this often without being deleted goes to the dead letters. */
export const MAX_RECEIVE_COUNT = 2;

export interface Queues {
  readonly client: AwsClient;
  /** FIFO, dead letters after MAX_RECEIVE_COUNT receipts. */
  readonly workUrl: string;
  readonly workDeadUrl: string;
  /** Standard. */
  readonly delayUrl: string;
}

/** Empty queues, each time. */
export type MakeQueues = () => Promise<Queues>;

const web = serviceKey("web");
const api = serviceKey("api");

const doorbell = (key: Key, id: string, changes: Partial<Doorbell> = {}): Doorbell => ({
  key,
  id,
  facts: [taskFact("a")],
  hops: 0,
  sentAt: START,
  ...changes,
});

const setUp = async (make: MakeQueues) => {
  const queues = await make();
  const { client } = queues;
  const to = { client, pace: unpaced };
  const receive = async (url: string, max = 10): Promise<readonly Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      MessageSystemAttributeNames: ["All"],
    });
    return (await send(to, command)).Messages ?? [];
  };
  const remove = (url: string, message: Message) =>
    send(to, new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
  const release = (url: string, message: Message) =>
    send(
      to,
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
  /** Takes everything there is, in the order of delivery. */
  const drain = async (url: string): Promise<readonly Message[]> => {
    const all: Message[] = [];
    for (let batch = await receive(url); batch.length > 0; batch = await receive(url)) {
      for (const message of batch) await remove(url, message);
      all.push(...batch);
    }
    return all;
  };
  /** Receives and releases a message until it is a dead letter. */
  const kill = async (): Promise<void> => {
    for (let receipts = 0; receipts < MAX_RECEIVE_COUNT; receipts += 1) {
      for (const message of await receive(queues.workUrl)) await release(queues.workUrl, message);
    }
    expect(await receive(queues.workUrl)).toEqual([]);
  };
  return {
    ...queues,
    receive,
    remove,
    release,
    drain,
    kill,
    work: createWorkQueue({ client, url: queues.workUrl }),
    delay: createDelayQueue({ client, url: queues.delayUrl }),
    letters: createDeadLetters({ client, sources: new Map([[queues.workDeadUrl, queues.workUrl]]) }),
  };
};

const idsOf = (messages: readonly Message[]): string[] =>
  messages.map(({ Body }) => (JSON.parse(Body ?? "{}") as Doorbell).id);

export function describeQueues(name: string, make: MakeQueues): void {
  describe(`WorkQueue over ${name}`, () => describeWorkQueue(make));
  describe(`WorkQueue's batches over ${name}`, () => describeBatches(make));
  describe(`DelayQueue over ${name}`, () => describeDelayQueue(make));
  describe(`DeadLetters over ${name}`, () => describeDeadLetters(make));
}

function describeWorkQueue(make: MakeQueues): void {
  it("delivers a doorbell whole, in the group of its key", async () => {
    const { work, workUrl, receive } = await setUp(make);
    expect(await work.ring([doorbell(web, "1")])).toEqual([]);
    const [message] = await receive(workUrl);
    expect(JSON.parse(message?.Body ?? "")).toEqual(doorbell(web, "1"));
    expect(message?.Attributes?.MessageGroupId).toBe(groupIdOf(web));
  });

  it("keeps the order of a key, and keys do not wait for each other", async () => {
    const { work, workUrl, receive, remove, drain } = await setUp(make);
    await work.ring([doorbell(web, "1"), doorbell(web, "2"), doorbell(api, "3"), doorbell(web, "4")]);
    const [first] = await receive(workUrl, 1);
    expect(idsOf(first === undefined ? [] : [first])).toEqual(["1"]);
    expect(idsOf(await receive(workUrl))).toEqual(["3"]);
    if (first !== undefined) await remove(workUrl, first);
    expect(idsOf(await drain(workUrl))).toEqual(["2", "4"]);
  });

  it("gives a released doorbell again, before the later ones of its key", async () => {
    const { work, workUrl, receive, release, drain } = await setUp(make);
    await work.ring([doorbell(web, "1"), doorbell(web, "2")]);
    const [first] = await receive(workUrl, 1);
    if (first !== undefined) await release(workUrl, first);
    const [again] = await receive(workUrl, 1);
    expect(again?.Attributes?.ApproximateReceiveCount).toBe("2");
    expect(idsOf(again === undefined ? [] : [again])).toEqual(["1"]);
    if (again !== undefined) await release(workUrl, again);
    expect(idsOf(await drain(workUrl))).not.toContain("1");
  });

  it("swallows a stimulus that was rung before, also after it was consumed", async () => {
    const { work, workUrl, drain } = await setUp(make);
    await work.ring([doorbell(web, "same")]);
    expect(await work.ring([doorbell(web, "same", { hops: 3 })])).toEqual([]);
    expect(idsOf(await drain(workUrl))).toEqual(["same"]);
    expect(await work.ring([doorbell(web, "same")])).toEqual([]);
    expect(await drain(workUrl)).toEqual([]);
  });

  it("refuses for good where the queue is missing", async () => {
    const { client, workUrl } = await setUp(make);
    const gone = createWorkQueue({ client, url: workUrl.replace(/[^/]*$/, "gone.fifo") });
    await expect(gone.ring([doorbell(web, "1")])).rejects.toSatisfy((error) => isCode(error, "missing"));
  });
}

function describeBatches(make: MakeQueues): void {
  it("takes more doorbells than one request holds", async () => {
    const { work, workUrl, drain } = await setUp(make);
    const many = Array.from({ length: 37 }, (_, index) =>
      doorbell(serviceKey(`s${index % 20}`), `id-${index}`),
    );
    expect(await work.ring(many)).toEqual([]);
    expect(idsOf(await drain(workUrl)).toSorted()).toEqual(many.map(({ id }) => id).toSorted());
  });

  it("takes doorbells that together exceed a request's size", async () => {
    const { work, workUrl, drain } = await setUp(make);
    const facts = [
      { kind: "wake" as const, cause: "timer" as const, at: START, padding: "x".repeat(100_000) },
    ];
    const large = ["1", "2", "3", "4"].map((id) => doorbell(serviceKey(id), id, { facts }));
    expect(await work.ring(large)).toEqual([]);
    expect(idsOf(await drain(workUrl)).toSorted()).toEqual(["1", "2", "3", "4"]);
  });

  it("takes keys and ids that are longer or stranger than SQS allows", async () => {
    const { work, workUrl, drain } = await setUp(make);
    const long = serviceKey("n".repeat(200));
    expect(await work.ring([doorbell(long, "wake up ".repeat(40)), doorbell(web, "señal 1")])).toEqual([]);
    expect((await drain(workUrl)).length).toBe(2);
  });

  it("has nothing to say to no doorbells", async () => {
    const { work } = await setUp(make);
    expect(await work.ring([])).toEqual([]);
  });
}

function describeDelayQueue(make: MakeQueues): void {
  const wake = { fairlead: "wake", key: web, wakeAt: START, hops: 2 } as const;

  it("holds a wake-up back for its delay", async () => {
    const { delay, delayUrl, receive } = await setUp(make);
    await delay.wakeLater([
      { wake, delayMs: seconds(300) },
      { wake: { ...wake, key: api }, delayMs: millis(0) },
    ]);
    const bodies = (await receive(delayUrl)).map(({ Body }) => JSON.parse(Body ?? ""));
    expect(bodies).toEqual([{ ...wake, key: api }]);
  });

  it("takes delays longer than SQS's 900 s and instants gone by", async () => {
    const { delay, delayUrl, receive } = await setUp(make);
    await delay.wakeLater([
      { wake, delayMs: seconds(90_000) },
      { wake: { ...wake, wakeAt: addMs(START, millis(1)) }, delayMs: millis(-5_000) },
    ]);
    expect((await receive(delayUrl)).length).toBe(1);
  });
}

function describeDeadLetters(make: MakeQueues): void {
  it("finds what gave up, with its group", async () => {
    const { work, letters, kill, workDeadUrl } = await setUp(make);
    await work.ring([doorbell(web, "1")]);
    await kill();
    const [letter, ...others] = await letters.receive(10);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ queue: workDeadUrl, group: groupIdOf(web), redrives: 0 });
    expect(JSON.parse(letter?.body ?? "")).toEqual(doorbell(web, "1"));
  });

  it("sends a letter back, though its id is still remembered, and counts how often", async () => {
    const { work, letters, kill, receive, workUrl } = await setUp(make);
    await work.ring([doorbell(web, "1")]);
    for (const expected of [0, 1]) {
      await kill();
      const [letter] = await letters.receive(10);
      expect(letter?.redrives).toBe(expected);
      if (letter !== undefined) await letters.redrive(letter);
      expect(await letters.receive(10)).toEqual([]);
    }
    expect(idsOf(await receive(workUrl))).toEqual(["1"]);
  });

  it("hides a parked letter", async () => {
    const { work, letters, kill } = await setUp(make);
    await work.ring([doorbell(web, "1")]);
    await kill();
    const [letter] = await letters.receive(1);
    if (letter !== undefined) await letters.park(letter);
    expect(letter).toBeDefined();
    expect(await letters.receive(10)).toEqual([]);
  });

  it("receives at most as many as asked for", async () => {
    const { work, letters, kill } = await setUp(make);
    await work.ring(["1", "2", "3"].map((id) => doorbell(serviceKey(id), id)));
    await kill();
    expect((await letters.receive(2)).length).toBe(2);
  });
}
