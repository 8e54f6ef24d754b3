// CloudFormation's functions over plain values.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's own syntax

import { describe, expect, it } from "vitest";
import type { Scope } from "./intrinsics.ts";
import { condition, referencedNames, resolve } from "./intrinsics.ts";

const scope: Scope = {
  refs: new Map<string, unknown>([
    ["AWS::Region", "us-east-1"],
    ["AWS::AccountId", "111122223333"],
    ["Queue", "http://queue"],
    ["Stage", "test"],
  ]),
  attributes: new Map([["Queue.Arn", "arn:queue"]]),
  exports: new Map([["other:Table", "table-1"]]),
  template: {
    Conditions: {
      IsTest: { "Fn::Equals": [{ Ref: "Stage" }, "test"] },
      IsNot: { "Fn::Not": [{ Condition: "IsTest" }] },
      Either: { "Fn::Or": [{ Condition: "IsNot" }, { Condition: "IsTest" }] },
      Both: { "Fn::And": [{ Condition: "IsNot" }, { Condition: "IsTest" }] },
    },
    Mappings: { Sizes: { small: { memory: 128 } } },
  },
};

describe("resolve", () => {
  it.each([
    [{ Ref: "Queue" }, "http://queue"],
    [{ "Fn::GetAtt": ["Queue", "Arn"] }, "arn:queue"],
    [{ "Fn::GetAtt": "Queue.Arn" }, "arn:queue"],
    [{ "Fn::ImportValue": "other:Table" }, "table-1"],
    [{ "Fn::ImportValue": { "Fn::Sub": "other:${!x}" } }, undefined],
    [{ "Fn::Join": ["-", ["a", { Ref: "Stage" }, "b"]] }, "a-test-b"],
    [{ "Fn::Select": ["1", { "Fn::Split": [":", "x:y:z"] }] }, "y"],
    [{ "Fn::Sub": "q=${Queue.Arn} in ${AWS::Region}, ${!literal}" }, "q=arn:queue in us-east-1, ${literal}"],
    [{ "Fn::Sub": ["${a}/${Stage}", { a: { Ref: "Queue" } }] }, "http://queue/test"],
    [{ "Fn::FindInMap": ["Sizes", "small", "memory"] }, 128],
    [{ "Fn::If": ["IsTest", "yes", { Ref: "Nowhere" }] }, "yes"],
    [{ "Fn::Base64": "hi" }, "aGk="],
    [{ a: { Ref: "AWS::NoValue" }, b: [{ Ref: "AWS::NoValue" }, 1] }, { b: [1] }],
    [{ a: { "Fn::If": ["IsNot", 1, { Ref: "AWS::NoValue" }] } }, {}],
    [
      { Ref: "Stage", other: 1 },
      { Ref: "Stage", other: 1 },
    ],
  ])("%j", (value, expected) => {
    if (expected === undefined) expect(() => resolve(value, scope)).toThrow("which no stack exports");
    else expect(resolve(value, scope)).toEqual(expected);
  });

  it.each([
    [{ Ref: "Nowhere" }, "Ref names Nowhere"],
    [{ "Fn::GetAtt": ["Queue", "Color"] }, "Fn::GetAtt names Queue.Color"],
    [{ "Fn::Transform": {} }, "Fn::Transform is not supported"],
    [{ "Fn::Select": [3, ["a"]] }, "wants entry 3 of 1"],
    [{ "Fn::If": ["Nope", 1, 2] }, "condition Nope does not exist"],
  ])("refuses %j", (value, message) => {
    expect(() => resolve(value, scope)).toThrow(message);
  });

  it("decides conditions", () => {
    const decided = ["IsTest", "IsNot", "Either", "Both"].map((name) => condition(name, scope));
    expect(decided).toEqual([true, false, true, false]);
  });
});

describe("referencedNames", () => {
  it("finds references of every form", () => {
    const value = {
      a: { Ref: "A" },
      b: [{ "Fn::GetAtt": ["B", "Arn"] }, { "Fn::GetAtt": "C.Arn" }],
      c: { "Fn::Sub": ["${D} ${E.Arn} ${!F} ${local}", { local: { Ref: "G" } }] },
    };
    expect(new Set(referencedNames(value))).toEqual(new Set(["A", "B", "C", "D", "E", "local", "G"]));
  });
});
