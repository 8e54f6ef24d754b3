// Calls of a role against the policies attached to it: condition keys, denials in each service's own words,
// what services do themselves, and the grants that were used.

import { describe, expect, it } from "vitest";
import type { Authority } from "./authority.ts";
import { createAuthority } from "./authority.ts";
import { managedPolicy } from "./managed-policies.ts";
import { readPolicy } from "./policy.ts";

const account = "111122223333";
const region = "us-east-1";
const roleArn = `arn:aws:iam::${account}:role/app`;
const queue = `arn:aws:sqs:${region}:${account}:work`;
const url = `http://127.0.0.1/${account}/work`;

function authority(...statements: readonly object[]): Authority {
  const made = createAuthority({
    account,
    region,
    lookup: (service, operation, input) =>
      service === "ecs" &&
      operation === "ListTagsForResource" &&
      JSON.stringify(input).includes("task/shop/1")
        ? { tags: [{ key: "Team", value: "red" }] }
        : undefined,
  });
  const document = {
    Version: "2012-10-17",
    Statement: statements.map((one) => ({ Effect: "Allow", ...one })),
  };
  const policies = [readPolicy("p", document, "identity")];
  made.roles.add({ name: "app", arn: roleArn, tags: { team: "red" }, policies, boundary: undefined });
  made.roles.signAs("local-f", { roleArn, sessionName: "f" });
  return made;
}

interface Asked {
  readonly to: Authority;
  readonly service: string;
  readonly operation: string;
  readonly input?: object;
  readonly by?: string;
}

/** `allowed`, or the error's name, status and message. */
const ask = ({ to, service, operation, input = {}, by = "local-f" }: Asked): Promise<unknown> =>
  to
    .authorize({ service, operation, accessKeyId: by, input: () => input })
    .then(() => "allowed")
    .catch((error: { name: string; status: number; message: string }) => [
      error.name,
      error.status,
      error.message,
    ]);

const who = `User: arn:aws:sts::${account}:assumed-role/app/f is not authorized to perform:`;

describe("a denial", () => {
  const nothing = authority({ Action: "a:B", Resource: "*" });
  it.each([
    [
      "ecs",
      "ListClusters",
      {},
      "AccessDeniedException",
      400,
      `${who} ecs:ListClusters on resource: * because no identity-based policy allows the ecs:ListClusters action`,
    ],
    [
      "dynamodb",
      "GetItem",
      { TableName: "t" },
      "AccessDeniedException",
      400,
      `${who} dynamodb:GetItem on resource: arn:aws:dynamodb:${region}:${account}:table/t because no identity-based policy allows the dynamodb:GetItem action`,
    ],
    [
      "sqs",
      "SendMessageBatch",
      { QueueUrl: url },
      "AccessDenied",
      403,
      `${who} sqs:sendmessage on resource: ${queue} because no identity-based policy allows the sqs:sendmessage action`,
    ],
    [
      "ec2",
      "DescribeInstances",
      {},
      "UnauthorizedOperation",
      403,
      `You are not authorized to perform this operation. ${who} ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action`,
    ],
  ])("of %s %s is answered as AWS does", async (service, operation, input, name, status, message) => {
    expect(await ask({ to: nothing, service, operation, input })).toEqual([name, status, message]);
    expect(nothing.denials.at(-1)).toMatchObject({
      principal: expect.stringContaining("assumed-role/app/f"),
    });
  });

  it("names an explicit deny and its policy", async () => {
    const to = authority({ Action: "*", Resource: "*" }, { Effect: "Deny", Action: "sqs:*", Resource: "*" });
    expect(await ask({ to, service: "sqs", operation: "SendMessage", input: { QueueUrl: url } })).toEqual([
      "AccessDenied",
      403,
      `${who} sqs:sendmessage on resource: ${queue} with an explicit deny in an identity-based policy`,
    ]);
  });

  it("never meets anybody but functions", async () => {
    expect(await ask({ to: nothing, service: "ecs", operation: "ListClusters", by: "person" })).toBe(
      "allowed",
    );
  });
});

it("refuses the key of a function that is not deployed", async () => {
  const to = authority({ Action: "*", Resource: "*" });
  expect(await ask({ to, service: "ecs", operation: "ListClusters", by: "local-other" })).toEqual([
    "UnrecognizedClientException",
    400,
    "The security token included in the request is invalid.",
  ]);
});

describe("condition keys", () => {
  const stop = { cluster: "shop", task: "1" };
  it.each<[string, object, object, boolean]>([
    [
      "the cluster",
      { ArnEquals: { "ecs:cluster": `arn:aws:ecs:${region}:${account}:cluster/shop` } },
      stop,
      true,
    ],
    [
      "another cluster",
      { ArnEquals: { "ecs:cluster": `arn:aws:ecs:${region}:${account}:cluster/x` } },
      stop,
      false,
    ],
    ["a tag of the task", { StringEquals: { "aws:ResourceTag/team": "red" } }, stop, true],
    [
      "a tag of no such task",
      { StringEquals: { "aws:ResourceTag/team": "red" } },
      { ...stop, task: "2" },
      false,
    ],
    ["the Region", { StringEquals: { "aws:RequestedRegion": region } }, stop, true],
    ["a tag of the role", { StringEquals: { "aws:PrincipalTag/team": "blue" } }, stop, false],
    [
      "a key that AWS does not supply for the action",
      { StringEquals: { "ecs:service": "web" } },
      stop,
      false,
    ],
  ])("%s", async (_name, Condition, input, isAllowed) => {
    const to = authority({ Action: "ecs:StopTask", Resource: "*", Condition });
    const answer = await ask({ to, service: "ecs", operation: "StopTask", input });
    expect(answer === "allowed").toBe(isAllowed);
  });

  it("that nobody knows are refused with the policy", () => {
    const Statement = [
      { Effect: "Allow", Action: "*", Resource: "*", Condition: { Bool: { "aws:Moon": "true" } } },
    ];
    const policy = readPolicy("odd", { Version: "2012-10-17", Statement }, "identity");
    expect(() => authority().roles.attach("app", policy)).toThrow(
      "odd: the local AWS does not know the condition key aws:moon",
    );
  });
});

it("refuses a policy with a variable that nobody knows", () => {
  const Resource = `arn:aws:sqs:*:*:${"$"}{aws:Moon}`;
  const Statement = [{ Effect: "Deny", Action: "*", Resource }];
  const policy = readPolicy("odd", { Version: "2012-10-17", Statement }, "identity");
  expect(() => authority().roles.attach("app", policy)).toThrow("does not know the condition key aws:moon");
});

it("asks for the actions of a transaction's parts, on every table", async () => {
  const to = authority({
    Action: "dynamodb:PutItem",
    Resource: `arn:aws:dynamodb:${region}:${account}:table/*`,
  });
  const put = { TransactItems: [{ Put: { TableName: "a" } }, { Put: { TableName: "b" } }] };
  expect(await ask({ to, service: "dynamodb", operation: "TransactWriteItems", input: put })).toBe("allowed");
  const both = { TransactItems: [...put.TransactItems, { ConditionCheck: { TableName: "a" } }] };
  expect(await ask({ to, service: "dynamodb", operation: "TransactWriteItems", input: both })).toEqual([
    "AccessDeniedException",
    400,
    expect.stringContaining("dynamodb:ConditionCheckItem"),
  ]);
});

describe("what a call hands on", () => {
  const listener = `arn:aws:elasticloadbalancing:${region}:${account}:listener/app/a/1/2`;
  const rules = `arn:aws:elasticloadbalancing:${region}:${account}:listener-rule/app/*`;
  const service = `arn:aws:ecs:${region}:${account}:service/default/web`;
  const hooks = `arn:aws:iam::${account}:role/hooks`;
  const update = (roleArn_: string) => ({
    service: "web",
    deploymentConfiguration: { lifecycleHooks: [{ roleArn: roleArn_ }, { targetType: "PAUSE" }] },
  });

  it("needs AddTags for the tags of a new rule, on rules and for that creation only", async () => {
    const tag = { Key: "fairlead:rollout", Value: "r-1" };
    const input = { ListenerArn: listener, Tags: [tag] };
    const create = {
      Action: "elasticloadbalancing:CreateRule",
      Resource: listener,
      Condition: { Null: { "aws:RequestTag/fairlead:rollout": "false" } },
    };
    const add = {
      Action: "elasticloadbalancing:AddTags",
      Resource: rules,
      Condition: { StringEquals: { "elasticloadbalancing:CreateAction": "CreateRule" } },
    };
    const asked = { service: "elasticloadbalancing", operation: "CreateRule", input };
    expect(await ask({ to: authority(create, add), ...asked })).toBe("allowed");
    expect(await ask({ to: authority(create, add), ...asked, input: { ListenerArn: listener } })).toEqual([
      "AccessDenied",
      403,
      expect.stringContaining("CreateRule"),
    ]);
    expect(await ask({ to: authority(create), ...asked })).toEqual([
      "AccessDenied",
      403,
      expect.stringContaining("elasticloadbalancing:AddTags"),
    ]);
    const later = { ResourceArns: [rules.replace("*", "a/1/2/3")], Tags: [tag] };
    expect(
      await ask({ to: authority(add), service: "elasticloadbalancing", operation: "AddTags", input: later }),
    ).toEqual(["AccessDenied", 403, expect.any(String)]);
  });

  it("needs PassRole for the roles of hooks, for ECS", async () => {
    const passing = (to: string) => ({
      Action: "iam:PassRole",
      Resource: hooks,
      Condition: { StringEquals: { "iam:PassedToService": to } },
    });
    const call = { service: "ecs", operation: "UpdateService", input: update(hooks) };
    const writes = { Action: "ecs:UpdateService", Resource: service };
    expect(await ask({ to: authority(writes, passing("ecs.amazonaws.com")), ...call })).toBe("allowed");
    for (const to of [authority(writes), authority(writes, passing("ecs-tasks.amazonaws.com"))]) {
      expect(await ask({ to, ...call })).toEqual([
        "AccessDeniedException",
        400,
        `${who} iam:PassRole on resource: ${hooks} because no identity-based policy allows the iam:PassRole action`,
      ]);
    }
  });

  it("lets events out under the sources that a role may use", async () => {
    const bus = `arn:aws:events:${region}:${account}:event-bus/default`;
    const own = { StringEquals: { "events:source": "fairlead" } };
    const to = authority({ Action: "events:PutEvents", Resource: bus, Condition: own });
    const put = (Source: string) => ({ Entries: [{ Source, DetailType: "x", Detail: "{}" }] });
    const asked = { to, service: "events", operation: "PutEvents" };
    expect(await ask({ ...asked, input: put("fairlead") })).toBe("allowed");
    expect(await ask({ ...asked, input: put("shop") })).toEqual([
      "AccessDeniedException",
      400,
      expect.any(String),
    ]);
  });
});

describe("what a service does itself", () => {
  const rule = `arn:aws:events:${region}:${account}:rule/r`;
  const act = { action: "sqs:SendMessage", resource: queue, sourceArn: rule };
  const Condition = { ArnEquals: { "aws:SourceArn": rule }, StringEquals: { "aws:SourceAccount": account } };
  const statement = {
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: queue,
    Condition,
  };

  it("needs the resource's policy, for that source", async () => {
    const to = authority();
    const as = { service: "events.amazonaws.com" };
    expect((await to.act({ ...act, as }))?.message).toContain("because no resource-based policy allows");
    to.addResourcePolicy(queue, readPolicy("q", { Statement: [statement] }, "resource"));
    expect(await to.act({ ...act, as })).toBeUndefined();
    expect(await to.act({ ...act, as, sourceArn: `${rule}2` })).toBeDefined();
    expect(await to.act({ ...act, as: { service: "sns.amazonaws.com" } })).toBeDefined();
    expect(to.denials).toHaveLength(3);
  });

  it("needs the role's policy where it acts as a role", async () => {
    const to = authority({ Action: "sqs:SendMessage", Resource: queue });
    expect(await to.act({ ...act, as: { roleArn, sessionName: "s" } })).toBeUndefined();
    expect(await to.act({ ...act, as: { roleArn: `${roleArn}2`, sessionName: "s" } })).toBeDefined();
  });
});

it("lists every grant, used or not", async () => {
  const to = authority({ Sid: "S", Action: ["sqs:SendMessage", "sqs:DeleteMessage"], Resource: queue });
  to.roles.attach("app", managedPolicy("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"));
  await ask({ to, service: "sqs", operation: "SendMessage", input: { QueueUrl: url } });
  await ask({ to, service: "sqs", operation: "DeleteMessage", input: { QueueUrl: `${url}2` } });
  const used = to.roles.grants().map(({ policy, action, isUsed }) => [policy, action, isUsed]);
  expect(used).toEqual([
    ["p", "sqs:sendmessage", true],
    ["p", "sqs:deletemessage", false],
    ["AWSLambdaBasicExecutionRole", "logs:createloggroup", false],
    ["AWSLambdaBasicExecutionRole", "logs:createlogstream", false],
    ["AWSLambdaBasicExecutionRole", "logs:putlogevents", false],
  ]);
});
