// Policies against requests: AWS's documented examples and rules.

import { describe, expect, it } from "vitest";
import type { AccessRequest, Principal } from "./evaluate.ts";
import { evaluate } from "./evaluate.ts";
import { readPolicy } from "./policy.ts";

const principal: Principal = {
  kind: "role",
  account: "123456789012",
  roleArn: "arn:aws:iam::123456789012:role/reader",
  sessionArn: "arn:aws:sts::123456789012:assumed-role/reader/session",
};

type Context = Readonly<Record<string, string | readonly string[]>>;

function request(action: string, resource: string, context: Context = {}): AccessRequest {
  const known = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()]));
  return { principal, action, resource, context: (key) => known.get(key.toLowerCase()) };
}

const policy = (...Statement: readonly object[]) =>
  readPolicy(
    "p",
    { Version: "2012-10-17", Statement: Statement.map((one) => ({ Effect: "Allow", ...one })) },
    "identity",
  );

const verdict = (statements: readonly object[], asked: AccessRequest): string => {
  const decision = evaluate({ identity: [policy(...statements)], resource: [] }, asked);
  if (decision.isAllowed) return "allowed";
  return decision.isExplicit ? "explicit" : "implicit";
};

const queue = "arn:aws:sqs:us-east-1:123456789012:orders";
const task = "arn:aws:ecs:us-east-1:123456789012:task/shop/1";
const send = { Action: "sqs:SendMessage", Resource: queue };

describe("actions and resources", () => {
  it.each([
    ["the same action, in any case", [{ Action: "SQS:sendmessage", Resource: queue }], "allowed"],
    ["another action", [{ Action: "sqs:ReceiveMessage", Resource: queue }], "implicit"],
    ["an action by a wildcard", [{ Action: "sqs:*Message", Resource: queue }], "allowed"],
    ["an action by ?", [{ Action: "sqs:Send?essage", Resource: queue }], "allowed"],
    ["every action", [{ Action: "*", Resource: "*" }], "allowed"],
    ["NotAction of another", [{ NotAction: "sqs:ReceiveMessage", Resource: "*" }], "allowed"],
    ["NotAction of this one", [{ NotAction: "sqs:Send*", Resource: "*" }], "implicit"],
    [
      "a resource by a wildcard",
      [{ Action: "sqs:*", Resource: "arn:aws:sqs:*:123456789012:ord*" }],
      "allowed",
    ],
    [
      "a resource in another case",
      [{ Action: "sqs:*", Resource: queue.replace("orders", "Orders") }],
      "implicit",
    ],
    ["a wildcard that ends a part", [{ Action: "sqs:*", Resource: "arn:aws:sqs:*:orders" }], "allowed"],
    ["a wildcard within a part", [{ Action: "sqs:*", Resource: "arn:aws:sqs:us-*t-1:orders" }], "implicit"],
    [
      "a deny by a wildcard that ends a part",
      [send, { Effect: "Deny", Action: "*", Resource: "arn:aws:*:orders" }],
      "explicit",
    ],
    ["an ARN that ends early", [{ Action: "sqs:*", Resource: "arn:aws:sqs" }], "allowed"],
    ["NotResource of another", [{ Action: "sqs:*", NotResource: `${queue}2` }], "allowed"],
    ["NotResource of this one", [{ Action: "sqs:*", NotResource: queue }], "implicit"],
    ["an explicit deny", [send, { ...send, Effect: "Deny" }], "explicit"],
    [
      "an explicit deny before the grant",
      [{ Effect: "Deny", Action: "sqs:*", Resource: "*" }, send],
      "explicit",
    ],
    ["nothing that fits", [{ Action: "ecs:*", Resource: "*" }], "implicit"],
  ])("%s", (_name, statements, expected) => {
    expect(verdict(statements, request("sqs:SendMessage", queue))).toBe(expected);
  });

  it("lets a wildcard of the last part cross slashes and colons", () => {
    const within = [{ Action: "ecs:*", Resource: "arn:aws:ecs:us-east-1:123456789012:task/*" }];
    expect(verdict(within, request("ecs:StopTask", task))).toBe("allowed");
    const logs = [{ Action: "logs:*", Resource: "arn:aws:logs:us-east-1:123456789012:log-group:/a*" }];
    const stream = "arn:aws:logs:us-east-1:123456789012:log-group:/aws:log-stream:x";
    expect(verdict(logs, request("logs:PutLogEvents", stream))).toBe("allowed");
  });

  it("lets only * cover a call without a resource", () => {
    const all = request("ecs:ListClusters", "*");
    expect(verdict([{ Action: "ecs:*", Resource: "*" }], all)).toBe("allowed");
    expect(verdict([{ Action: "ecs:*", Resource: "arn:aws:ecs:*:*:*" }], all)).toBe("implicit");
  });
});

describe("conditions", () => {
  const cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
  it.each<
    [operator: string, key: string, wanted: unknown, given: string | readonly string[] | undefined, boolean]
  >([
    ["StringEquals", "aws:ResourceTag/team", "a", "a", true],
    ["StringEquals", "aws:ResourceTag/team", ["a", "b"], "b", true],
    ["StringEquals", "aws:ResourceTag/team", "a", "A", false],
    ["StringEquals", "aws:ResourceTag/team", "a*", "ab", false],
    ["StringEquals", "aws:ResourceTag/team", "a", undefined, false],
    ["StringEqualsIfExists", "aws:ResourceTag/team", "a", undefined, true],
    ["StringEqualsIfExists", "aws:ResourceTag/team", "a", "b", false],
    ["StringEqualsIgnoreCase", "aws:ResourceTag/team", "a", "A", true],
    ["StringNotEquals", "aws:ResourceTag/team", "a", "b", true],
    ["StringNotEquals", "aws:ResourceTag/team", ["a", "b"], "b", false],
    ["StringNotEquals", "aws:ResourceTag/team", "a", undefined, true],
    ["StringLike", "aws:ResourceTag/team", "a?c*", "abcd", true],
    ["StringLike", "aws:ResourceTag/team", "a?c", "ac", false],
    ["StringNotLike", "aws:ResourceTag/team", "a*", "ab", false],
    ["ArnEquals", "ecs:cluster", cluster, cluster, true],
    ["ArnEquals", "ecs:cluster", cluster.replace("shop", "s*"), cluster, true],
    ["ArnLike", "ecs:cluster", "arn:aws:ecs:*:*:cluster/shop", cluster, true],
    ["ArnLike", "ecs:cluster", "arn:aws:ecs:*:cluster/shop", cluster, false],
    ["ArnNotLike", "ecs:cluster", "arn:aws:ecs:*:*:cluster/other", cluster, true],
    ["Bool", "aws:SecureTransport", "false", "true", false],
    ["Bool", "aws:SecureTransport", true, "true", true],
    ["BoolIfExists", "aws:SecureTransport", "true", undefined, true],
    ["Null", "aws:PrincipalTag/team", "true", undefined, true],
    ["Null", "aws:PrincipalTag/team", "false", undefined, false],
    ["Null", "aws:PrincipalTag/team", "false", "a", true],
    ["NumericLessThanEquals", "aws:EpochTime", "10", "10", true],
    ["NumericLessThan", "aws:EpochTime", "10", "10", false],
    ["NumericNotEquals", "aws:EpochTime", "10", "11", true],
    ["DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", "2026-11-22T00:00:00Z", true],
    ["DateLessThan", "aws:CurrentTime", "1767225600", "2026-11-22T00:00:00Z", false],
    ["IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.9", true],
    ["IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.9", false],
    ["NotIpAddress", "aws:SourceIp", "2001:db8::/32", "2001:db8::1", false],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], ["a"], true],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], ["a", "c"], false],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["a"], [], true],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["a"], undefined, true],
    ["ForAnyValue:StringEquals", "aws:TagKeys", ["a"], ["b", "a"], true],
    ["ForAnyValue:StringEquals", "aws:TagKeys", ["a"], undefined, false],
    ["ForAllValues:StringNotEquals", "aws:TagKeys", ["a"], ["b", "a"], false],
    ["ForAnyValue:StringNotEquals", "aws:TagKeys", ["a"], ["b", "a"], true],
  ])("%s %s: %j for %j is %s", (operator, key, wanted, given, isAllowed) => {
    const Condition = { [operator]: { [key]: wanted } };
    const context = given === undefined ? {} : { [key]: given };
    const asked = request("ecs:StopTask", task, context);
    expect(verdict([{ Action: "ecs:*", Resource: "*", Condition }], asked)).toBe(
      isAllowed ? "allowed" : "implicit",
    );
  });

  it("must all hold: operators and keys with and", () => {
    const Condition = { StringEquals: { "aws:ResourceTag/a": "1", "aws:ResourceTag/b": "2" } };
    const statement = { Action: "*", Resource: "*", Condition };
    const both = { "aws:ResourceTag/a": "1", "aws:ResourceTag/b": "2" };
    expect(verdict([statement], request("a:B", "*", both))).toBe("allowed");
    expect(verdict([statement], request("a:B", "*", { "aws:ResourceTag/a": "1" }))).toBe("implicit");
  });
});

const variable = (inside: string): string => `\${${inside}}`;

describe("policy variables", () => {
  const Resource = `arn:aws:s3:::bucket/${variable("aws:PrincipalTag/team")}/*`;
  const read = (context: Context, key: string) =>
    verdict(
      [{ Action: "s3:GetObject", Resource }],
      request("s3:GetObject", `arn:aws:s3:::bucket/${key}`, context),
    );

  it("stand for values of the request, taken literally", () => {
    expect(read({ "aws:PrincipalTag/team": "red" }, "red/1")).toBe("allowed");
    expect(read({ "aws:PrincipalTag/team": "red" }, "blue/1")).toBe("implicit");
    expect(read({ "aws:PrincipalTag/team": "*" }, "blue/1")).toBe("implicit");
    expect(read({}, "/1")).toBe("implicit");
  });

  it("have fallbacks and escapes", () => {
    const fallback = { Action: "*", Resource: `arn:aws:s3:::b/${variable("aws:PrincipalTag/team, 'none'")}` };
    expect(verdict([fallback], request("s3:GetObject", "arn:aws:s3:::b/none"))).toBe("allowed");
    const star = { Action: "*", Resource: `arn:aws:s3:::b/${variable("*")}` };
    expect(verdict([star], request("s3:GetObject", "arn:aws:s3:::b/*"))).toBe("allowed");
    expect(verdict([star], request("s3:GetObject", "arn:aws:s3:::b/x"))).toBe("implicit");
  });

  it("are plain text in policies of the older version", () => {
    const Statement = { Effect: "Allow", Action: "*", Resource };
    const old = readPolicy("p", { Version: "2008-10-17", Statement }, "identity");
    const asked = request("s3:GetObject", "arn:aws:s3:::bucket/red/1", { "aws:PrincipalTag/team": "red" });
    expect(evaluate({ identity: [old], resource: [] }, asked).isAllowed).toBe(false);
  });
});

describe("policies together", () => {
  const asked = request("sqs:SendMessage", queue);
  const resource = (Principal: unknown, Effect = "Allow") => [
    readPolicy("q", { Statement: [{ Effect, Principal, Action: "sqs:*", Resource: queue }] }, "resource"),
  ];
  const allow = [policy(send)];

  it("a boundary limits, and grants nothing", () => {
    const boundary = [policy({ Action: "ecs:*", Resource: "*" })];
    expect(evaluate({ identity: allow, boundary, resource: [] }, asked)).toEqual({
      isAllowed: false,
      isExplicit: false,
      policyType: "permissions boundary",
    });
    expect(evaluate({ identity: [], boundary: allow, resource: [] }, asked).isAllowed).toBe(false);
    expect(evaluate({ identity: allow, boundary: allow, resource: [] }, asked).isAllowed).toBe(true);
  });

  it("a resource's policy alone allows the role that it names, but not its account", () => {
    const { roleArn } = principal;
    const may = (who: unknown) => evaluate({ identity: [], resource: resource(who) }, asked).isAllowed;
    expect(may({ AWS: roleArn })).toBe(true);
    expect(may("*")).toBe(true);
    expect(may({ AWS: "arn:aws:iam::123456789012:root" })).toBe(false);
    expect(may({ AWS: "123456789012" })).toBe(false);
    expect(may({ Service: "events.amazonaws.com" })).toBe(false);
  });

  it("a boundary limits what a resource's policy gives to the role, not what it gives to the session", () => {
    const boundary = [policy({ Action: "ecs:*", Resource: "*" })];
    const may = (AWS: string) =>
      evaluate({ identity: [], boundary, resource: resource({ AWS }) }, asked).isAllowed;
    expect(may(principal.roleArn)).toBe(false);
    expect(may(principal.sessionArn)).toBe(true);
  });

  it("a resource's policy denies explicitly", () => {
    const denied = resource({ AWS: "arn:aws:iam::123456789012:root" }, "Deny");
    expect(evaluate({ identity: allow, resource: denied }, asked)).toEqual({
      isAllowed: false,
      isExplicit: true,
      policyType: "resource-based policy",
    });
  });

  it("a service needs the resource's policy", () => {
    const service = { ...asked, principal: { kind: "service", name: "events.amazonaws.com" } as const };
    const may = (who: unknown) => evaluate({ identity: [], resource: resource(who) }, service).isAllowed;
    expect(may({ Service: "events.amazonaws.com" })).toBe(true);
    expect(may({ Service: ["sns.amazonaws.com", "events.amazonaws.com"] })).toBe(true);
    expect(may({ Service: "sns.amazonaws.com" })).toBe(false);
  });

  it("tells which statement and action allowed", () => {
    const identity = [policy({ Sid: "S", Action: ["sqs:Send*", "sqs:ReceiveMessage"], Resource: "*" })];
    expect(evaluate({ identity, resource: [] }, asked)).toEqual({
      isAllowed: true,
      by: [{ policy: "p", statement: "S", action: "sqs:send*" }],
    });
  });
});

describe("a malformed document", () => {
  it.each([
    ["no statement", {}],
    ["a wrong version", { Version: "2020-01-01", Statement: [] }],
    ["a wrong effect", { Statement: [{ Effect: "allow", Action: "*", Resource: "*" }] }],
    [
      "both Action and NotAction",
      { Statement: [{ Effect: "Allow", Action: "*", NotAction: "a:*", Resource: "*" }] },
    ],
    [
      "an action without a service",
      { Statement: [{ Effect: "Allow", Action: "SendMessage", Resource: "*" }] },
    ],
    ["a resource that is no ARN", { Statement: [{ Effect: "Allow", Action: "*", Resource: "orders" }] }],
    [
      "a Sid that comes twice",
      { Statement: ["a:B", "a:C"].map((Action) => ({ Sid: "S", Effect: "Allow", Action, Resource: "*" })) },
    ],
    ["no Resource", { Statement: [{ Effect: "Allow", Action: "*" }] }],
    ["a principal", { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Principal: "*" }] }],
    ["an unknown element", { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", When: "now" }] }],
    [
      "an unknown operator",
      { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Condition: { Equals: { a: "b" } } }] },
    ],
  ])("is refused: %s", (_name, document) => {
    expect(() => readPolicy("p", document, "identity")).toThrow("MalformedPolicyDocument: p: ");
  });
});
