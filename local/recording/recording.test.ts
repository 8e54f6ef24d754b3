// Events in every form in which people save them become the same recording: once each, redacted, in order.

import { describe, expect, it } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import type { BusEvent } from "../world/kernel.ts";
import { readRecording, writeRecording } from "./format.ts";
import type { Received } from "./read-events.ts";
import { findEvents } from "./read-events.ts";
import { createRecorder } from "./recorder.ts";
import { REDACTED, redact } from "./redact.ts";

const T0 = Date.UTC(2026, 10, 2, 8);

const event = (id: string, offsetS: number, detail: BusEvent["detail"] = {}): BusEvent => ({
  version: "0",
  id,
  "detail-type": "ECS Task State Change",
  source: "aws.ecs",
  account: "210987654321",
  time: new Date(T0 + offsetS * 1_000).toISOString(),
  region: "eu-central-1",
  resources: [`arn:aws:ecs:eu-central-1:210987654321:task/harbour/${id}`],
  detail: { version: 1, ...detail },
});

const [one, two] = [event("a", 0), event("b", 5)];
const bodies = [one, two].map((each) => JSON.stringify(each));
const sent = (index: number): string => String(T0 + 1_000 * (index + 1));

const forms: Readonly<Record<string, string>> = {
  "one event": bodies[0] ?? "",
  "a list": `[${bodies.join(",")}]`,
  "JSON lines": bodies.join("\n"),
  "JSON lines of Windows": bodies.join("\r\n"),
  "a Lambda batch": JSON.stringify({
    Records: bodies.map((body, index) => ({ body, attributes: { SentTimestamp: sent(index) } })),
  }),
  "SQS messages": JSON.stringify({
    Messages: bodies.map((Body, index) => ({ Body, Attributes: { SentTimestamp: sent(index) } })),
  }),
  "SQS bodies, one on each line": bodies.map((Body) => JSON.stringify({ Body })).join("\n"),
  "an SNS notification in SQS": JSON.stringify({
    Messages: [{ Body: JSON.stringify({ Type: "Notification", Message: bodies[0] }) }],
  }),
  "aws logs filter-log-events": JSON.stringify({
    events: bodies.map((message, index) => ({ message, timestamp: T0 + index, ingestionTime: T0 + index })),
  }),
  "Logs Insights": JSON.stringify({
    results: bodies.map((value) => [
      { field: "@timestamp", value: "2026-11-02 08:00:03.000" },
      { field: "@message", value },
    ]),
  }),
  "aws logs tail": bodies.map((body) => `2026-11-02T08:00:01.000000+00:00 stream/1 ${body}`).join("\n"),
  "an export to S3": bodies.map((body) => `2026-11-02T08:00:01.000Z ${body}`).join("\n"),
  "fairlead events -o json": bodies.map((body) => `{"event":${body},"index":0}`).join("\n"),
};

describe("reading", () => {
  it.each(Object.entries(forms))("%s", (_form, text) => {
    const { received, skipped } = findEvents(text);
    expect(skipped).toBe(0);
    expect(received.map((each) => each.event)).toEqual([one, two].slice(0, received.length));
    expect(received.length).toBe(text.includes('"b"') || text.includes('\\"b\\"') ? 2 : 1);
  });

  it.each([
    ["SQS messages", T0 + 1_000],
    ["Logs Insights", T0 + 3_000],
    ["an export to S3", T0 + 1_000],
    ["JSON lines", undefined],
  ])("takes the time of arrival from %s", (form, at) => {
    expect(findEvents(forms[form] ?? "").received[0]?.at).toBe(at);
  });

  it("counts what holds no event", () => {
    const { received, skipped } = findEvents(`hello\n${bodies[0]}\n{"a":1}\n{"Body":"not json"}`);
    expect(received).toHaveLength(1);
    expect(skipped).toBe(3);
  });
});

const record = (received: readonly Received[], account?: string) => {
  const recorder = createRecorder(account === undefined ? {} : { account });
  const text = recorder.take(received);
  return { recording: readRecording(text, "x"), summary: recorder.summary, text };
};

const untimed = (events: readonly BusEvent[]): readonly Received[] =>
  events.map((each) => ({ event: each, at: undefined }));

describe("recording", () => {
  it("keeps each event once, though documentation repeats ids", () => {
    const { summary, recording } = record(untimed([one, two, one, event("a", 9, { version: 2 })]));
    expect(summary).toMatchObject({ events: 3, duplicates: 1 });
    expect(recording.header).toEqual({ startedAt: T0, account: "210987654321", region: "eu-central-1" });
  });

  it("keeps the order of arrival beside the time of the event", () => {
    const late = event("late", -60);
    const { recording, summary } = record(untimed([one, two, late]));
    expect(recording.events.map(({ atMs, event: { id } }) => [id, atMs])).toEqual([
      ["a", 0],
      ["b", 5_000],
      ["late", 5_000],
    ]);
    expect(summary.outOfOrder).toBe(1);
  });

  it("sorts the streams of a log by arrival", () => {
    const { recording } = record([
      { event: two, at: epochMs(T0 + 7_000) },
      { event: one, at: epochMs(T0 + 1_000) },
    ]);
    expect(recording.events.map(({ atMs, event: { id } }) => [id, atMs])).toEqual([
      ["a", 0],
      ["b", 6_000],
    ]);
  });

  it("goes on where it was in the next batch", () => {
    const recorder = createRecorder();
    const text = recorder.take(untimed([one])) + recorder.take(untimed([one, two]));
    expect(readRecording(text, "x").events.map(({ atMs }) => atMs)).toEqual([0, 5_000]);
  });

  it("writes another account everywhere, and tells a second one apart", () => {
    const shared = event("c", 1, {
      image: "123456789012.dkr.ecr.eu-central-1.example.com/app",
      targets: ["arn:aws:ecs:eu-central-1:123456789012:cluster/other"],
      count: "3123456789012",
    });
    const { text } = record(untimed([one, shared]), "999900001111");
    expect(text).not.toContain("210987654321");
    expect(text).toContain("999900001111.dkr".replace("1111", "1112"));
    expect(text).toContain("arn:aws:ecs:eu-central-1:999900001112:cluster/other");
    expect(text).toContain('"count":"3123456789012"');
  });

  it("writes an account that begins with zeros for one that is a number", () => {
    const { recording } = record(untimed([event("n", 0, { accountId: 210_987_654_321 })]), "000000000001");
    expect(recording.events[0]?.event.detail["accountId"]).toBe("000000000001");
  });

  it("survives being written and read", () => {
    const recording = {
      header: { startedAt: epochMs(T0), account: "210987654321", region: "eu-central-1" },
      hosts: [{ hostId: "i-1", privateIp: "10.0.0.1" }],
      events: [{ atMs: 3, event: one }],
    };
    expect(readRecording(writeRecording(recording), "x")).toEqual(recording);
  });

  it.each([
    ["", "x.jsonl:1: expected a JSON object"],
    ["{}", 'x.jsonl:1: expected "format":"fairlead-recording"'],
    ['{"format":"fairlead-recording","version":2}', 'x.jsonl:1: expected "version":1, found 2'],
    ['{"format":"fairlead-recording","version":1}', "x.jsonl:1: expected startedAt"],
    [
      '{"format":"fairlead-recording","version":1,"startedAt":"2026-01-01T00:00:00Z","account":"1","region":"r"}\n\n{"atMs":-1}',
      "x.jsonl:3: expected atMs",
    ],
  ])("is refused by line: %j", (text, message) => {
    expect(() => readRecording(text, "x.jsonl")).toThrow(message);
  });
});

describe("redaction", () => {
  const detailOf = (detail: BusEvent["detail"]) => redact(event("r", 0, detail)).event.detail;

  it("takes out every value of an environment", () => {
    const overrides = {
      containerOverrides: [
        {
          name: "app",
          environment: [
            { name: "MODE", value: "blue" },
            { name: "DB_PASSWORD", value: "hunter2" },
          ],
        },
      ],
    };
    const { event: redacted, count } = redact(event("r", 0, { overrides }));
    expect(count).toBe(2);
    expect(redacted.detail["overrides"]).toEqual({
      containerOverrides: [
        {
          name: "app",
          environment: [
            { name: "MODE", value: REDACTED },
            { name: "DB_PASSWORD", value: REDACTED },
          ],
        },
      ],
    });
  });

  it.each([
    [{ command: ["run", "--password=hunter2"] }, ["run", `--password=${REDACTED}`]],
    [{ command: ["postgres://app:hunter2@db/x"] }, [`postgres://${REDACTED}@db/x`]],
    [{ command: ["AKIAABCDEFGHIJKLMNOP"] }, [REDACTED]],
    [{ command: ["app", "--password", "hunter2"] }, ["app", "--password", REDACTED]],
    [
      { command: ["redis://:hunter2@db", "https://hunter2@host"] },
      [`redis://${REDACTED}@db`, `https://${REDACTED}@host`],
    ],
  ])("takes secrets out of %j", (detail, expected) => {
    expect(detailOf(detail)["command"]).toEqual(expected);
  });

  it.each<[string, BusEvent["detail"]]>([
    ["an environment that is a map", { environment: { DB_PASS: "hunter2", MODE: "hunter2" } }],
    ["variables below an environment", { environment: { variables: { A: "hunter2" } } }],
    ["CodeBuild's variables", { "environment-variables": [{ name: "A", value: "hunter2", type: "x" }] }],
    ["a variable that is a number", { environment: [{ name: "A", value: 2_718_281 }] }],
    ["a tag whose name says so", { tags: [{ key: "api-token", value: "hunter2" }] }],
    ["a parameter whose name says so", { parameters: [{ Name: "DbPassword", Value: "hunter2" }] }],
    ["all that is below a secret", { credentials: { user: "x", codes: ["hunter2"], pin: 2_718_281 } }],
    ["a password that is a number", { password: 2_718_281 }],
    ["an AWS key in a text", { reason: "AWS_SECRET_ACCESS_KEY=hunter2/x exited" }],
    ["a short name in a text", { reason: "DB_PASS=hunter2 exited" }],
    ["JSON in a text", { reason: '{"password":"three hunter2 words"}' }],
    ["JSON in JSON in a text", { reason: JSON.stringify(JSON.stringify({ token: "a hunter2" })) }],
    ["a header", { reason: "Authorization: Bearer hunter2hunter2" }],
    ["another header", { reason: "authorization=Basic aHVudGVyMg== hunter1" }],
    ["a text after an ARN", { reason: "arn:aws:ecs:eu-central-1:1:task/a password=hunter2" }],
    ["a password with an @", { reason: "amqp://app:p@hunter2@host/x" }],
    ["a signed address", { reason: "https://b/x?X-Amz-Signature=hunter2&a=b" }],
    ["keys with a known prefix", { reason: "ghp_hunter2hunter2 xoxb-hunter2-hunter2" }],
  ])("lets none through: %s", (_what, detail) => {
    const text = JSON.stringify(redact(event("r", 0, detail)));
    expect(text).toContain(REDACTED);
    expect(text).not.toMatch(/hunter2|2718281|aHVudGVyMg/);
  });

  it("looks at what an event carries beside its detail", () => {
    const odd = { ...event("r", 0), headers: { authorization: "hunter2" } };
    expect(JSON.stringify(redact(odd))).not.toContain("hunter2");
  });

  it("leaves what names a resource, and what happened", () => {
    const detail = {
      version: 1,
      taskArn: "arn:aws:ecs:eu-central-1:210987654321:task/harbour/abc",
      secretArn: "arn:aws:secretsmanager:eu-central-1:210987654321:secret:db-x",
      stoppedReason: "ResourceInitializationError: unable to pull secrets or registry auth",
      group: "service:token-service",
      reason:
        "unable to retrieve secret from asm: arn:aws:secretsmanager:eu-central-1:210987654321:secret:db-x was not found",
      environment: "production",
      healthChecks: "passed: 3",
      startedBy: "ecs-svc/1234567890123456789",
    };
    expect(detailOf(detail)).toEqual(detail);
  });
});
