// SQS's rules in virtual time: order, locks, visibility, deduplication, dead letters.

import { describe, expect, it } from "vitest";
import type { EpochMs } from "../../../shared/base/time.ts";
import { addMs, minutes, seconds } from "../../../shared/base/time.ts";
import { createKernel } from "../../world/kernel.ts";
import type { ReceivedMessage } from "./memory-queues.ts";
import { createMemoryQueue } from "./memory-queues.ts";

const START = 1_700_000_000_000 as EpochMs;

function setUp(fifo: boolean) {
  const kernel = createKernel({ seed: 1, startAt: START });
  const visibilityMs = seconds(30);
  const dead = createMemoryQueue(kernel, { name: "dead", fifo, visibilityMs });
  const redrive = { maxReceiveCount: 2, to: dead };
  const queue = createMemoryQueue(kernel, { name: "queue", fifo, visibilityMs, redrive });
  const pass = (ms: number) => kernel.advanceTo(addMs(kernel.now(), ms as never));
  let sent = 0;
  const send = (body: string, group = "g", id?: string) => {
    sent += 1;
    return queue.send({ body, group, deduplicationId: id ?? String(sent) });
  };
  return { kernel, queue, dead, pass, send };
}

const bodies = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ body }) => body);

describe("a FIFO queue", () => {
  it("gives several of a group in one receipt and then locks the group", () => {
    const { queue, send } = setUp(true);
    for (const body of ["1", "2", "3"]) send(body);
    send("4", "other");
    const first = queue.receive(2);
    expect(bodies(first)).toEqual(["1", "2"]);
    expect(bodies(queue.receive(10))).toEqual(["4"]);
    queue.deleteBatch([first[0]?.receipt ?? ""]);
    expect(queue.receive(10)).toEqual([]);
    queue.deleteBatch([first[1]?.receipt ?? ""]);
    expect(bodies(queue.receive(10))).toEqual(["3"]);
  });

  it("gives a message again in its order when its visibility ends", () => {
    const { queue, pass, send } = setUp(true);
    send("1");
    send("2");
    queue.receive(1);
    pass(29_999);
    expect(queue.receive(10)).toEqual([]);
    pass(1);
    expect(bodies(queue.receive(10))).toEqual(["1", "2"]);
  });

  it("refuses receipts that are over, so that a slow worker cannot delete what another one has", () => {
    const { queue, pass, send } = setUp(true);
    send("1");
    const [slow] = queue.receive(1);
    pass(30_000);
    queue.deleteBatch([slow?.receipt ?? ""]);
    const [quick] = queue.receive(1);
    expect(quick?.receiveCount).toBe(2);
    queue.deleteBatch([slow?.receipt ?? ""]);
    expect(() => queue.changeVisibility(slow?.receipt ?? "", seconds(1))).toThrow("not in flight");
    expect(queue.depth()).toEqual({ visible: 0, hidden: 1 });
  });

  it("swallows an id for 5 minutes from its first sending", () => {
    const { queue, pass, send } = setUp(true);
    expect(send("1", "g", "same")).toBe("taken");
    pass(minutes(5) - 1);
    expect(send("2", "h", "same")).toBe("swallowed");
    pass(1);
    expect(send("3", "g", "same")).toBe("taken");
    expect(bodies(queue.receive(10))).toEqual(["1", "3"]);
  });

  it("moves a message to the dead letters and goes on with its group", () => {
    const { queue, dead, send } = setUp(true);
    send("bad");
    send("good");
    for (const _ of [1, 2]) {
      for (const { receipt } of queue.receive(1)) queue.changeVisibility(receipt, seconds(0));
    }
    expect(bodies(queue.receive(1))).toEqual(["good"]);
    expect(dead.receive(1)).toMatchObject([{ body: "bad", group: "g", receiveCount: 1 }]);
  });

  it("wants a group and a deduplication id", () => {
    const { queue } = setUp(true);
    expect(() => queue.send({ body: "1" })).toThrow("MessageGroupId");
  });
});

describe("a standard queue", () => {
  it("delays", () => {
    const { queue, pass } = setUp(false);
    queue.send({ body: "later", delayMs: seconds(10) });
    queue.send({ body: "now" });
    expect(bodies(queue.receive(10))).toEqual(["now"]);
    pass(10_000);
    expect(bodies(queue.receive(10))).toEqual(["later"]);
  });

  it("announces what may be received: when sent, delayed, released or timed out", () => {
    const { kernel, queue, pass } = setUp(false);
    const ready: number[] = [];
    queue.onReady(() => ready.push(kernel.now() - START));
    queue.send({ body: "1", delayMs: seconds(5) });
    pass(5_000);
    const [message] = queue.receive(1);
    queue.changeVisibility(message?.receipt ?? "", seconds(2));
    pass(60_000);
    expect(ready).toEqual([5_000, 7_000, 35_000]);
    expect(queue.receive(1).length).toBe(1);
  });
});
