// The URL of a deployed function: who signs is who the function sees, and a role needs both grants of AWS.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import { startLocalAws } from "../../local/deploy/local-aws.ts";
import type { Template } from "../../local/deploy/template.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));

const grants = (...Action: string[]) => [
  {
    PolicyName: "Call",
    PolicyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action, Resource: "*" }],
    },
  },
];

const echo = (role: string) => ({
  Type: "AWS::Lambda::Function",
  Properties: {
    Code: { S3Bucket: "assets", S3Key: "0.zip" },
    Handler: "echo.handler",
    Role: { "Fn::GetAtt": [role, "Arn"] },
    ReservedConcurrentExecutions: role === "Full" ? 0 : 2,
  },
  Metadata: { "aws:asset:path": "functions" },
});
const role = (...actions: string[]) => ({
  Type: "AWS::IAM::Role",
  Properties: { AssumeRolePolicyDocument: {}, ...(actions.length > 0 && { Policies: grants(...actions) }) },
});
const urlOf = (target: string, AuthType: string) => ({
  Type: "AWS::Lambda::Url",
  Properties: { TargetFunctionArn: { "Fn::GetAtt": [target, "Arn"] }, AuthType },
});

const template: Template = {
  Resources: {
    Bare: role(),
    Half: role("lambda:InvokeFunctionUrl"),
    Full: role("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"),
    Echo: echo("Bare"),
    HalfCaller: echo("Half"),
    FullCaller: echo("Full"),
    EchoUrl: urlOf("Echo", "AWS_IAM"),
    BusyUrl: urlOf("FullCaller", "NONE"),
  },
  Outputs: { Url: { Value: { "Fn::GetAtt": ["EchoUrl", "FunctionUrl"] } } },
};

const signedBy = (accessKeyId: string, service = "lambda") => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261122/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

describe("a function's URL", () => {
  let local: LocalAws;
  beforeAll(async () => {
    const source = { stacks: [{ name: "urls", template, assetRoot: FIXTURES }] };
    local = await startLocalAws({ seed: 3, source, onDenial: () => undefined });
  });
  afterAll(() => local.stop());

  const named = (logicalId: string) =>
    local.deployment.functions.find((one) => one.logicalId === logicalId)?.name ?? "";
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${String(local.deployment.outputs.get("urls/Url")).replace(/\/$/, "")}${path}`, init);
  const echoed = async (response: Response) =>
    JSON.parse(await response.text()) as Record<string, Record<string, unknown>>;

  it("hands the request over in payload format 2.0, with who signed it", async () => {
    const response = await call("/v1/things?b=2&a=1&a=3", {
      method: "POST",
      headers: { ...signedBy("alice"), "content-type": "application/json" },
      body: '{"x":1}',
    });
    expect([response.status, response.headers.get("x-kind")]).toEqual([201, "echo"]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await echoed(response)).toMatchObject({
      version: "2.0",
      rawPath: "/v1/things",
      rawQueryString: "b=2&a=1&a=3",
      queryStringParameters: { b: "2", a: "1,3" },
      body: '{"x":1}',
      isBase64Encoded: false,
      requestContext: {
        http: { method: "POST", path: "/v1/things" },
        authorizer: { iam: { accessKey: "alice", userArn: "arn:aws:iam::111122223333:user/alice" } },
      },
    });
  });

  it("takes an answer without a status as the body of a JSON answer", async () => {
    const response = await call("/plain", { headers: signedBy("alice") });
    expect([response.status, await response.json()]).toEqual([200, { seen: "GET" }]);
  });

  it("tells a caller nothing of what broke inside", async () => {
    const response = await call("/crash", { headers: signedBy("alice") });
    expect([response.status, await response.json()]).toEqual([502, { Message: "Internal Server Error" }]);
  });

  it.each([
    ["nobody", {}],
    ["a signature for another service", signedBy("alice", "s3")],
    ["a function's key that nobody has", signedBy("local-ghost")],
  ])("refuses %s", async (_who, headers) => {
    const response = await call("/", { headers });
    expect([response.status, await response.json()]).toEqual([403, { Message: "Forbidden" }]);
  });

  it("asks a role for both permissions", async () => {
    const half = await call("/", { headers: signedBy(`local-${named("HalfCaller")}`) });
    const full = await call("/", { headers: signedBy(`local-${named("FullCaller")}`) });
    expect([half.status, full.status]).toEqual([403, 201]);
    expect(local.deployment.denials.map(({ action }) => action)).toEqual(["lambda:InvokeFunction"]);
    expect(await echoed(full)).toMatchObject({
      requestContext: {
        authorizer: { iam: { userArn: expect.stringMatching(/assumed-role\/.*Full.*\/urls-FullCaller$/) } },
      },
    });
  });

  it("answers 429 at the reserved concurrency, its only limit", async () => {
    const busy = local.deployment.urls.find(({ logicalId }) => logicalId === "BusyUrl");
    const response = await fetch(busy?.url ?? "");
    expect([response.status, response.headers.get("x-amzn-errortype")]).toEqual([
      429,
      "TooManyRequestsException",
    ]);
  });
});
