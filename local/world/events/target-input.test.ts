// What a target gets: constants, parts and templates.

import { describe, expect, it } from "vitest";
import type { BusEvent } from "../kernel.ts";
import { targetInput } from "./target-input.ts";

const event: BusEvent = {
  version: "0",
  id: "1",
  "detail-type": "ECS Task State Change",
  source: "aws.ecs",
  account: "111122223333",
  time: "2026-11-22T12:00:00Z",
  region: "us-east-1",
  resources: ["arn:task"],
  detail: { lastStatus: 'say "hi"' },
};
const rule = { name: "tasks", arn: "arn:rule" };
const template = (InputTemplate: string): object => ({
  InputTransformer: {
    InputPathsMap: { status: "$.detail.lastStatus", task: "$.resources[0]", all: "$.detail", none: "$.x.y" },
    InputTemplate,
  },
});

describe("target input", () => {
  it.each([
    [{}, JSON.stringify(event)],
    [{ Input: '{"fixed":1}' }, '{"fixed":1}'],
    [{ InputPath: "$" }, JSON.stringify(event)],
    [{ InputPath: "$.detail" }, '{"lastStatus":"say \\"hi\\""}'],
    [{ InputPath: "$.resources[0]" }, '"arn:task"'],
    [{ InputPath: "$.detail.missing" }, "{}"],
    [template('{"s": <status>, "t": "task <task>"}'), '{"s": "say \\"hi\\"", "t": "task arn:task"}'],
    [template('{"s": "<status>", "d": <all>}'), '{"s": "say \\"hi\\"", "d": {"lastStatus":"say \\"hi\\""}}'],
    [template('"<aws.events.rule-name> <none> <unknown>"'), '"tasks  <unknown>"'],
    [template("<aws.events.event.json>"), JSON.stringify(event)],
  ])("%j", (choice, body) => {
    expect(targetInput(choice, event, rule)).toBe(body);
  });
});
