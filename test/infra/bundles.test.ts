// The real bundles: within budget, and still speaking to AWS after the trims. The gates are proven by
// bundles that break them.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUNDLE_BYTES_MAX, budgetFaults } from "../../infra/build/budget.ts";
import { buildFunctions } from "../../infra/build/build.ts";
import type { Bundle } from "../../infra/build/bundle.ts";
import { FUNCTIONS } from "../../infra/pipeline.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the project, so that planted sources find node_modules.
mkdirSync(join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(join(root, ".cache", "bundles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let planted = 0;
async function bundleOf(source: string): Promise<Bundle> {
  planted += 1;
  const sources = join(folder, `planted-${planted}`);
  mkdirSync(join(sources, "planted"), { recursive: true });
  writeFileSync(join(sources, "planted", "handler.ts"), source);
  const [bundle] = await buildFunctions({ sources, out: join(sources, "dist") });
  return bundle as Bundle;
}

describe("the functions", () => {
  let bundles: readonly Bundle[] = [];
  beforeAll(async () => {
    bundles = await buildFunctions({ sources: join(root, "functions"), out: join(folder, "dist") });
  });

  it("are all bundled", () => {
    expect(bundles.map(({ name }) => name)).toEqual(Object.keys(FUNCTIONS).sort());
  });

  it.each(Object.keys(FUNCTIONS))("%s is within budget", (name) => {
    const bundle = bundles.find((each) => each.name === name) as Bundle;
    expect(budgetFaults(bundle)).toEqual([]);
    expect(bundle.bytes).toBeGreaterThan(10_000);
  });
});

describe("the gates", () => {
  const using = (module: string): string =>
    `import * as it from "${module}"; export const handler = () => it;`;

  it.each([
    ["zod", "schemas belong in the CLI"],
    ["ajv", "compiling validators at start"],
    ["@smithy/credential-provider-imds", "no instance metadata"],
    ["@aws-sdk/credential-provider-ini", "hands credentials over"],
  ])("refuse %s", async (module, because) => {
    expect(budgetFaults(await bundleOf(using(module))).join()).toContain(because);
  });

  it("let ajv's runtime for standalone validators pass", async () => {
    expect(budgetFaults(await bundleOf(using("ajv/dist/runtime/equal.js")))).toEqual([]);
  });

  it("refuse a bundle that is too large, in pieces, or incomplete", async () => {
    const bundle = await bundleOf("export const handler = () => 1;");
    expect(budgetFaults({ ...bundle, bytes: BUNDLE_BYTES_MAX + 1 })).toEqual([
      "has 400001 B; the budget is 400000 B",
    ]);
    const output = { bytes: 1, inputs: {}, exports: [], imports: [] };
    const metafile = { inputs: {}, outputs: { "index.js": output, "chunk.js": output } };
    expect(budgetFaults({ ...bundle, metafile })).toEqual(["consists of 2 files; one is the budget"]);
    const imports = [{ path: "node:http", kind: "import-statement", external: true } as const];
    expect(
      budgetFaults({ ...bundle, metafile: { inputs: {}, outputs: { a: { ...output, imports } } } }),
    ).toEqual(["reaches node:http by import-statement: an ES import of it may load undici"]);
    const missing = [{ path: "@aws-sdk/client-s3", kind: "require-call", external: true } as const];
    expect(
      budgetFaults({ ...bundle, metafile: { inputs: {}, outputs: { a: { ...output, imports: missing } } } }),
    ).toEqual(["needs @aws-sdk/client-s3, which is not in the bundle"]);
  });
});

const probe = `
import { DescribeTasksCommand, ECSClient } from "@aws-sdk/client-ecs";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { RegisterInstanceCommand, ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { DescribeRulesCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { DescribeInstanceInformationCommand, SSMClient } from "@aws-sdk/client-ssm";
const answer = (call) => call.catch(({ name, message, DuplicateOperationId }) => ({ name, message, DuplicateOperationId }));
export const handler = async () => ({
  ec2: await answer(new EC2Client({}).send(new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: ["i-1"] }] }))),
  elb: await answer(new ElasticLoadBalancingV2Client({}).send(new DescribeRulesCommand({ RuleArns: ["r-1"] }))),
  bus: await answer(new EventBridgeClient({}).send(new PutEventsCommand({ Entries: [{ Source: "fairlead" }] }))),
  ecs: await answer(new ECSClient({}).send(new DescribeTasksCommand({ tasks: ["a"] }))),
  ssm: await answer(new SSMClient({}).send(new DescribeInstanceInformationCommand({}))),
  map: await answer(new ServiceDiscoveryClient({}).send(new RegisterInstanceCommand({ ServiceId: "s", InstanceId: "i", Attributes: { a: "b" } }))),
});`;

const instances = `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>
<instancesSet><item><instanceId>i-1</instanceId><privateIpAddress>10.0.0.1</privateIpAddress></item></instancesSet>
</item></reservationSet></DescribeInstancesResponse>`;

const ruleGone = `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error>
<Type>Sender</Type><Code>RuleNotFound</Code><Message>no such rule</Message></Error></ErrorResponse>`;

const replies: readonly (readonly [RegExp, number, string])[] = [
  [/Action=DescribeInstances&.*Filter\.1\.Value\.1=i-1/, 200, instances],
  [/PutEvents/, 200, '{"FailedEntryCount":0,"Entries":[{"EventId":"e-1"}]}'],
  [/Action=DescribeRules&.*RuleArns\.member\.1=r-1/, 400, ruleGone],
  [/DescribeTasks/, 400, '{"__type":"ClusterNotFoundException","message":"no such cluster"}'],
  [/DescribeInstanceInformation/, 400, '{"__type":"InvalidFilterKey","message":"no such filter"}'],
  [/RegisterInstance/, 400, '{"__type":"DuplicateRequest","message":"busy","DuplicateOperationId":"op-1"}'],
];

describe("a trimmed bundle", () => {
  const signatures: string[] = [];
  const stub = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      signatures.push(String(request.headers.authorization));
      const said = `${request.headers["x-amz-target"] ?? ""} ${Buffer.concat(chunks).toString()}`;
      const [, status, body] = replies.find(([pattern]) => pattern.test(said)) ?? [/./, 500, said];
      response.writeHead(status).end(body);
    });
  });
  const before = { ...process.env };
  beforeAll(async () => {
    await new Promise<void>((listening) => stub.listen(0, "127.0.0.1", listening));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(stub.address() as AddressInfo).port}`,
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "AKIAPROBE",
      AWS_SECRET_ACCESS_KEY: "probe",
    });
  });
  afterAll(() => {
    process.env = before;
    stub.closeAllConnections();
    stub.close();
  });

  it("takes endpoint and credentials from the environment, and reads answers and errors as ever", async () => {
    const { file } = await bundleOf(probe);
    const { handler } = createRequire(file)(file) as { handler: () => Promise<Record<string, object>> };
    const { ec2, elb, bus, ecs, ssm, map } = await handler();
    expect(ec2).toMatchObject({
      Reservations: [{ Instances: [{ InstanceId: "i-1", PrivateIpAddress: "10.0.0.1" }] }],
    });
    expect(ecs).toEqual({ name: "ClusterNotFoundException", message: "no such cluster" });
    expect(ssm).toEqual({ name: "InvalidFilterKey", message: "no such filter" });
    expect(map).toEqual({ name: "DuplicateRequest", message: "busy", DuplicateOperationId: "op-1" });
    // Told apart by name alone: shared/adapters/aws/errors.ts takes it with and without its suffix.
    expect(elb).toMatchObject({ name: expect.stringMatching(/^RuleNotFound/), message: "no such rule" });
    expect(bus).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: "e-1" }] });
    expect(signatures).toHaveLength(6);
    for (const signature of signatures) expect(signature).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAPROBE\//);
  });
});
