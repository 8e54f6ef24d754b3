// Parsing of events: every type, every trap of the real samples, and hostile input.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../base/errors.ts";
import { groupIdOf, parseKey } from "../base/keys.ts";
import { epochMs } from "../base/time.ts";
import { EVENT_TYPES, parseEvent } from "./events.ts";
import type { Fact, TaskFact } from "./facts.ts";
import { parseDoorbell } from "./parse-doorbell.ts";

const receivedAt = epochMs(1_800_000_000_000);
const cluster = "arn:aws:ecs:eu-west-3:123123123123:cluster/quay";

const taskEvent = (detail: object = {}, envelope: object = {}) => ({
  id: "event-1",
  source: "aws.ecs",
  "detail-type": "ECS Task State Change",
  account: "999999999999",
  region: "us-east-1",
  time: "2026-10-01T00:00:00Z",
  resources: [],
  detail: {
    taskArn: "arn:aws:ecs:eu-west-3:123123123123:task/quay/t1",
    clusterArn: cluster,
    group: "service:crane",
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    version: 3,
    ...detail,
  },
  ...envelope,
});

function only(body: unknown): { key: string; fact: Fact } {
  const parsed = parseEvent(body, receivedAt);
  if (parsed.kind !== "facts") throw new Error(parsed.reason.text);
  const [{ key, facts } = { key: "", facts: [] }] = parsed.routed;
  return { key, fact: facts[0] as Fact };
}

const errorOf = (body: unknown): AppError => {
  try {
    parseEvent(body, receivedAt);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("expected an error");
};

describe("keys", () => {
  it("takes account and Region from the ARN, not from the envelope", () => {
    expect(only(taskEvent()).key).toBe("123123123123/eu-west-3/quay/crane");
  });

  it("falls back to the envelope where the ARN is blank", () => {
    const blank = "arn:aws:ecs:::cluster/quay";
    expect(only(taskEvent({ clusterArn: blank })).key).toBe("999999999999/us-east-1/quay/crane");
  });

  it("names the envelope's field when neither tells", () => {
    const error = errorOf(taskEvent({ clusterArn: "arn:aws:ecs:::cluster/quay" }, { account: undefined }));
    expect(error.detail["path"]).toBe("account");
  });

  it.each([
    ["service:crane", "123123123123/eu-west-3/quay/crane"],
    ["family:report", "123123123123/eu-west-3/quay/group:family:report"],
    ["my batch", "123123123123/eu-west-3/quay/group:my batch"],
    ["service:a:b", "123123123123/eu-west-3/quay/group:service:a:b"],
    [undefined, "task:123123123123/eu-west-3/quay/t1"],
  ])("group %s rings %s", (group, key) => {
    expect(only(taskEvent({ group })).key).toBe(key);
  });
});

describe("times", () => {
  const at = (envelope: object, detail: object = {}) => only(taskEvent(detail, envelope)).fact.at;

  it("prefers the envelope, then updatedAt, then the moment of receipt", () => {
    expect(at({})).toBe(Date.UTC(2026, 9, 1));
    expect(at({ time: undefined }, { updatedAt: "2026-10-01T00:00:01.123456789Z" })).toBe(
      Date.UTC(2026, 9, 1, 0, 0, 1, 123),
    );
    expect(at({ time: "yyyy-mm-ddThh:mm:ssZ" })).toBe(receivedAt);
    expect(at({ time: "1969-07-20T20:17:40Z" })).toBe(receivedAt);
  });
});

describe("drops", () => {
  it("says which type nobody uses", () => {
    const parsed = parseEvent(taskEvent({}, { "detail-type": "ECS Something New" }), receivedAt);
    expect(parsed).toMatchObject({ kind: "dropped", reason: { code: "unknown-type" } });
    expect(parsed.kind === "dropped" && parsed.reason.text).toContain('"ECS Something New" from aws.ecs');
  });

  it("does not take a known type from a foreign source", () => {
    expect(parseEvent(taskEvent({}, { source: "shop.test" }), receivedAt).kind).toBe("dropped");
  });

  it.each([
    ["sns-notification", { Type: "Notification", TopicArn: "arn:aws:sns:eu-west-3:1:t", Message: "{}" }],
    ["sns-notification", { Records: [{ Sns: {} }] }],
    ["sqs-batch", { Records: [{ messageId: "1", body: "{}" }] }],
    ["alarm-lambda-action", { source: "aws.cloudwatch", alarmData: {} }],
    ["put-events-entry", { Source: "a", DetailType: "b", Detail: "{}" }],
  ])("%s", (code, body) => {
    expect(parseEvent(body, receivedAt)).toMatchObject({ kind: "dropped", reason: { code } });
  });
});

describe("malformed bodies name the failing path", () => {
  it.each<[string, unknown]>([
    ["(body)", []],
    ["(body)", null],
    ["source", {}],
    ["detail-type", { source: "aws.ecs" }],
    ["detail", taskEvent({}, { detail: "{}" })],
    ["id", taskEvent({}, { id: "" })],
    ["resources", taskEvent({}, { resources: "arn" })],
    ["detail.taskArn", taskEvent({ taskArn: "t1" })],
    ["detail.taskArn", taskEvent({ taskArn: "arn:aws:ecs:eu-west-3:1:task/quay/" })],
    ["detail.clusterArn", taskEvent({ clusterArn: "arn:aws:ecs:eu-west-3:1:service/quay" })],
    ["detail.lastStatus", taskEvent({ lastStatus: "constructor" })],
    ["detail.version", taskEvent({ version: -1 })],
    ["detail.containers", taskEvent({ containers: {} })],
    ["detail.containers[1]", taskEvent({ containers: [{ name: "a" }, 5] })],
    ["detail.containers[0].exitCode", taskEvent({ containers: [{ name: "a", exitCode: "1" }] })],
    [
      "detail.containers[0].networkBindings[0].containerPortRange",
      taskEvent({
        containers: [{ name: "a", networkBindings: [{ containerPortRange: "1..9", hostPortRange: "1-9" }] }],
      }),
    ],
    ["(key)", taskEvent({ group: "a\nb" })],
  ])("%s", (path, body) => {
    const error = errorOf(body);
    expect(error.code).toBe("input");
    expect(error.detail["path"]).toBe(path);
    expect(error.message).toMatch(/found .*, expected /);
  });
});

it("reads the documented Fargate Spot notice as a hint: version 0 under the task's own key", () => {
  const { fact } = only(taskEvent({ version: undefined, group: undefined, desiredStatus: "STOPPED" }));
  expect(fact as TaskFact).toMatchObject({
    version: 0,
    group: "",
    desiredStatus: "STOPPED",
    lastStatus: "RUNNING",
  });
});

it("cuts reasons: they are prose of any length", () => {
  const { fact } = only(taskEvent({ stoppedReason: "x".repeat(10_000) }));
  expect((fact as TaskFact).stoppedReason).toHaveLength(512);
});

/** Any JSON in any place of an envelope of a known type; often the right shape, so that parsers get far. */
const hostileText = fc.oneof(
  fc.constantFrom("__proto__", "service:", "", "arn:aws:ecs:r:a:cluster/c", "a/b", cluster),
  fc.string(),
);
const hostileDetail = fc.dictionary(
  fc.constantFrom(
    ...[
      "taskArn",
      "clusterArn",
      "group",
      "lastStatus",
      "version",
      "containers",
      "attachments",
      "tags",
      "eventName",
    ],
    ...[
      "eventType",
      "service",
      "affectedEntities",
      "state",
      "alarmName",
      "instance-id",
      "repository-name",
      "status",
    ],
  ),
  fc.oneof(hostileText, fc.jsonValue()),
);
const hostileEvent = fc
  .record({
    type: fc.constantFrom(...EVENT_TYPES),
    detail: hostileDetail,
    resources: fc.array(hostileText),
    account: hostileText,
  })
  .chain(({ type, detail, resources, account }) =>
    fc.constantFrom({}, taskEvent().detail).map((base) => ({
      ...taskEvent({}, { source: type.source, "detail-type": type.detailType, resources, account }),
      detail: { ...base, ...detail },
    })),
  );

describe("any input", () => {
  it("is parsed, dropped, or an input error, and what is parsed can be sent, read and grouped", () => {
    const bodies = fc.oneof({ weight: 4, arbitrary: hostileEvent }, { weight: 1, arbitrary: fc.jsonValue() });
    const seen = { facts: 0, dropped: 0, error: 0 };
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          const parsed = parseEvent(body, receivedAt);
          seen[parsed.kind] += 1;
          for (const { key, facts } of parsed.kind === "facts" ? parsed.routed : []) {
            parseKey(key);
            expect(groupIdOf(key).length).toBeLessThanOrEqual(128);
            parseDoorbell(JSON.stringify({ key, id: "i", facts, hops: 0, sentAt: 1 }));
          }
        } catch (error) {
          seen.error += 1;
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe("input");
        }
      }),
      { numRuns: 3_000 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  });
});
