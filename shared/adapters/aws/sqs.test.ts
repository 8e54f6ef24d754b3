// What the queues do when SQS refuses; over SQS's rules they are tested in test/contract.

import { describe, expect, it } from "vitest";
import type { Key } from "../../base/keys.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Doorbell } from "../../contracts/doorbells.ts";
import { createDelayQueue, createWorkQueue, deduplicationIdOf } from "./sqs.ts";

interface Batch {
  readonly Entries: readonly { readonly Id: string; readonly MessageBody: string }[];
}

/** SQS as seen from here: notes each batch, and answers what it is told to. */
function fakeSqs(answer: (batch: Batch) => object) {
  const batches: Batch[] = [];
  const client = {
    send: async (command: { readonly input: Batch }) => {
      batches.push(command.input);
      return answer(command.input);
    },
  };
  return { batches, queue: { client, url: "work.fifo" } };
}

const bell = (key: string, id: string, facts: Doorbell["facts"] = []): Doorbell => ({
  key: key as Key,
  id,
  facts,
  hops: 0,
  sentAt: 0 as EpochMs,
});

const idIn = (body: string): string => (JSON.parse(body) as Doorbell).id;

/** Refuses the entries with these ids. */
const refusing =
  (...ids: string[]) =>
  (batch: Batch) => ({
    Failed: batch.Entries.filter(({ MessageBody }) => ids.includes(idIn(MessageBody))).map(({ Id }) => ({
      Id,
    })),
  });

const failing = (name: string, status: number) => () => {
  throw Object.assign(new Error("no"), { name, $metadata: { httpStatusCode: status } });
};

describe("ring", () => {
  it("returns what SQS refused", async () => {
    const { queue } = fakeSqs(refusing("2"));
    const bells = [bell("a/r/c/1", "1"), bell("a/r/c/2", "2"), bell("a/r/c/3", "3")];
    expect(await createWorkQueue(queue).ring(bells)).toEqual([bells[1]]);
  });

  it("holds back the later doorbells of a key that was refused", async () => {
    const { queue, batches } = fakeSqs(refusing("1"));
    const bells = [bell("a/r/c/x", "1"), bell("a/r/c/y", "2"), bell("a/r/c/x", "3"), bell("a/r/c/y", "4")];
    expect(await createWorkQueue(queue).ring(bells)).toEqual([bells[0], bells[2]]);
    const sent = batches.map(({ Entries }) => Entries.map(({ MessageBody }) => idIn(MessageBody)));
    expect(sent).toEqual([["1", "2"], ["4"]]);
  });

  it("returns all of a request that failed for now, and throws what no repetition mends", async () => {
    const bells = [bell("a/r/c/1", "1")];
    expect(await createWorkQueue(fakeSqs(failing("ServiceUnavailable", 503)).queue).ring(bells)).toEqual(
      bells,
    );
    expect(await createWorkQueue(fakeSqs(failing("TimeoutError", 0)).queue).ring(bells)).toEqual(bells);
    const denied = createWorkQueue(fakeSqs(failing("AccessDeniedException", 403)).queue).ring(bells);
    await expect(denied).rejects.toThrow("AccessDenied");
  });

  it("keeps requests at 10 messages and 256 KB", async () => {
    const { queue, batches } = fakeSqs(() => ({}));
    const padding = "é".repeat(30_000);
    const facts = [{ kind: "wake" as const, cause: "timer" as const, at: 0 as EpochMs, padding }];
    const many = Array.from({ length: 25 }, (_, index) => bell(`a/r/c/s${index}`, `${index}`));
    const large = Array.from({ length: 9 }, (_, index) => bell(`a/r/c/l${index}`, `${index}`, facts));
    await createWorkQueue(queue).ring([...many, ...large]);
    for (const { Entries } of batches) {
      expect(Entries.length).toBeLessThanOrEqual(10);
      const bytes = Entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);
      expect(bytes).toBeLessThanOrEqual(256 * 1024);
    }
    expect(batches.flatMap(({ Entries }) => Entries).length).toBe(34);
  });
});

describe("wakeLater", () => {
  it("says how many wake-ups were not taken", async () => {
    const { queue } = fakeSqs(() => ({ Failed: [{ Id: "0" }] }));
    const wake = { fairlead: "wake", key: "a/r/c/s" as Key, wakeAt: 5 as EpochMs, hops: 0 } as const;
    const wakes = [
      { wake, delayMs: 1 as never },
      { wake, delayMs: 2 as never },
    ];
    await expect(createDelayQueue(queue).wakeLater(wakes)).rejects.toThrow("1 of 2 wake-ups");
  });
});

it("keeps ids that SQS takes and replaces the others by what identifies them", () => {
  expect(deduplicationIdOf("evt-1:abc/def")).toBe("evt-1:abc/def");
  expect(deduplicationIdOf("x".repeat(129))).toMatch(/^[0-9a-f]{32}$/);
  expect(deduplicationIdOf("with space")).not.toBe(deduplicationIdOf("with  space"));
});
