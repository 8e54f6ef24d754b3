// Ingest: good records ring, bad ones fail alone, unsent doorbells come back.

import { describe, expect, it } from "vitest";
import { AppError } from "../base/errors.ts";
import { epochMs } from "../base/time.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import { parseDoorbell } from "../contracts/parse-doorbell.ts";
import type { LogFields } from "../ports/log.ts";
import type { WorkQueue } from "../ports/queues.ts";
import type { IngestRecord } from "./ingest.ts";
import { ingestBatch } from "./ingest.ts";

const now = epochMs(1_800_000_000_000);

function bench(answer: WorkQueue["ring"] = async () => []) {
  const sent: Doorbell[] = [];
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const counts: Record<string, number>[] = [];
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  const ports = {
    clock: { now: () => now },
    log: {
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
      count: (c: Record<string, number>) => void counts.push(c),
    },
    work: {
      ring: (doorbells: readonly Doorbell[]) => {
        sent.push(...doorbells);
        return answer(doorbells);
      },
    },
  };
  return { ports, sent, lines, counts };
}

let count = 0;
function record(change: object = {}, service = "crane"): IngestRecord {
  count += 1;
  const body = {
    id: `event-${count}`,
    source: "aws.ecs",
    "detail-type": "ECS Task State Change",
    time: "2026-10-01T00:00:00Z",
    detail: {
      taskArn: `arn:aws:ecs:eu-west-3:123123123123:task/quay/t${count}`,
      clusterArn: "arn:aws:ecs:eu-west-3:123123123123:cluster/quay",
      group: `service:${service}`,
      lastStatus: "RUNNING",
      desiredStatus: "RUNNING",
      version: 3,
    },
    ...change,
  };
  return { messageId: `m${count}`, body: JSON.stringify(body) };
}

const wakeRecord = (change: object = {}): IngestRecord => ({
  messageId: "w",
  body: JSON.stringify({ fairlead: "wake", key: "1/r/quay/crane", wakeAt: 42, hops: 2, ...change }),
});

describe("ingestBatch", () => {
  it("rings once for each key and logs one summary", async () => {
    const { ports, sent, lines, counts } = bench();
    const { failedMessageIds, summary } = await ingestBatch([record(), record(), record({}, "barge")], ports);
    expect(failedMessageIds).toEqual([]);
    expect(summary).toEqual({ in: 3, dropped: {}, malformed: 0, doorbells: 2, unsent: 0, folded: 0 });
    expect(sent.map(({ key, hops, sentAt }) => [key, hops, sentAt])).toEqual([
      ["123123123123/eu-west-3/quay/crane", 0, now],
      ["123123123123/eu-west-3/quay/barge", 0, now],
    ]);
    expect(lines.map(({ level }) => level)).toEqual(["info"]);
    expect(counts).toHaveLength(1);
  });

  it("fails malformed records alone, with the failing path in the log", async () => {
    const { ports, sent, lines } = bench();
    const bad = record({ detail: { taskArn: 5 } });
    const noJson = { messageId: "no-json", body: "<xml/>" };
    const badWake = wakeRecord({ key: "nowhere" });
    const { failedMessageIds } = await ingestBatch([bad, record(), noJson, badWake], ports);
    expect(failedMessageIds).toEqual([bad.messageId, "no-json", "w"]);
    expect(sent).toHaveLength(1);
    const errors = lines
      .filter(({ level }) => level === "error")
      .map(({ fields }) => [fields["messageId"], fields["path"]]);
    expect(errors).toEqual([
      [bad.messageId, "detail.taskArn"],
      ["no-json", "(body)"],
      ["w", "key"],
    ]);
  });

  it("counts drops by reason and says the first", async () => {
    const { ports, sent, lines } = bench();
    const unknown = record({ "detail-type": "ECS Something New" });
    const sns = { messageId: "s", body: JSON.stringify({ Records: [{ Sns: {} }] }) };
    const { failedMessageIds, summary } = await ingestBatch([unknown, record({ source: "x" }), sns], ports);
    expect(failedMessageIds).toEqual([]);
    expect(summary.dropped).toEqual({ "unknown-type": 2, "sns-notification": 1 });
    expect(sent).toEqual([]);
    expect(lines[0]?.fields).toMatchObject({ dropped: 3, droppedBy: "unknown-type=2 sns-notification=1" });
    expect(lines[0]?.fields["firstDropped"]).toContain("ECS Something New");
  });

  it("fails the records whose doorbell was not taken, and only those", async () => {
    const { ports } = bench(async (doorbells) => doorbells.filter(({ key }) => key.endsWith("/barge")));
    const [taken, left, alsoLeft] = [record(), record({}, "barge"), record({}, "barge")];
    const { failedMessageIds, summary } = await ingestBatch([taken, left, alsoLeft], ports);
    expect(failedMessageIds).toEqual([left.messageId, alsoLeft.messageId]);
    expect(summary).toMatchObject({ doorbells: 1, unsent: 1 });
  });

  it("returns the ringing records when the queue does not answer", async () => {
    const { ports, lines } = bench(() => Promise.reject(new AppError("transient", "reset")));
    const good = record();
    const { failedMessageIds } = await ingestBatch([good, record({ source: "x" })], ports);
    expect(failedMessageIds).toEqual([good.messageId]);
    expect(lines[0]).toMatchObject({ level: "error", fields: { error: "reset" } });
  });

  it("turns a wake-up into a doorbell one hop on, with an id of its own for each hop", async () => {
    const { ports, sent } = bench();
    await ingestBatch([wakeRecord()], ports);
    await ingestBatch([wakeRecord()], ports);
    await ingestBatch([wakeRecord({ hops: 3 })], ports);
    expect(sent[0]).toMatchObject({
      key: "1/r/quay/crane",
      hops: 3,
      facts: [{ kind: "wake", cause: "timer", at: 42 }],
    });
    expect(sent[1]?.id).toBe(sent[0]?.id);
    expect(sent[2]?.id).not.toBe(sent[0]?.id);
  });

  it("sends what reconcile can read", async () => {
    const { ports, sent } = bench();
    await ingestBatch([record(), wakeRecord()], ports);
    for (const doorbell of sent) expect(parseDoorbell(JSON.stringify(doorbell))).toEqual(doorbell);
  });

  it("limits the lines about bad records", async () => {
    const { ports, lines } = bench();
    const bad = Array.from({ length: 50 }, (_, index) => ({ messageId: `${index}`, body: "" }));
    const { failedMessageIds } = await ingestBatch(bad, ports);
    expect(failedMessageIds).toHaveLength(50);
    expect(lines).toHaveLength(11);
  });
});
