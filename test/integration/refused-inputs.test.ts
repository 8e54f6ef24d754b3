// Requests that AWS's models do not allow, sent by real SDK clients over the wire and in process: both faces
// refuse them alike, and clients throw their own exception classes.

import { CloudWatchClient, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeNetworkInterfacesCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  ClientException,
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  InvalidParameterException,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridgeClient, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  InvalidInput,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import { DescribeInstanceInformationCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorldClient } from "../../local/faces/ports/world-client.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import type { WorldService } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";

const world = createWorld({ seed: 1, startAt: epochMs(Date.UTC(2026, 10, 22)) });
let wire: WireFace;

beforeAll(async () => {
  wire = await startWireFace({ world, account: world.kernel.account, region: world.kernel.region });
});
afterAll(() => wire.stop());

const config = () => ({
  endpoint: wire.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "any" },
  maxAttempts: 1,
});

interface Client {
  send(command: never): Promise<unknown>;
}

interface Case {
  readonly service: WorldService;
  readonly client: () => Client;
  readonly command: object;
  readonly name: string;
  readonly type?: abstract new (...given: never[]) => Error;
  readonly says: RegExp;
}

const ecs = () => new ECSClient(config());
const bad = (value: string): never => value as never;

const CASES: Readonly<Record<string, Case>> = {
  "an unknown launch type": {
    service: "ecs",
    client: ecs,
    command: new CreateServiceCommand({ serviceName: "s", launchType: bad("SERVERLESS") }),
    name: "InvalidParameterException",
    type: InvalidParameterException,
    says: /^launchType should be one of \[EC2,FARGATE,/,
  },
  "an unknown thing to include": {
    service: "ecs",
    client: ecs,
    command: new DescribeServicesCommand({ services: ["s"], include: [bad("SECRETS")] }),
    name: "InvalidParameterException",
    type: InvalidParameterException,
    says: /^include should be one of \[TAGS\]$/,
  },
  "a task definition with an unknown network mode": {
    service: "ecs",
    client: ecs,
    command: new RegisterTaskDefinitionCommand({
      family: "f",
      networkMode: bad("magic"),
      containerDefinitions: [],
    }),
    name: "ClientException",
    type: ClientException,
    says: /^networkMode should be one of/,
  },
  "an instance id that is too long": {
    service: "servicediscovery",
    client: () => new ServiceDiscoveryClient(config()),
    command: new RegisterInstanceCommand({
      ServiceId: "srv-1",
      InstanceId: "i".repeat(65),
      Attributes: { AWS_INSTANCE_IPV4: "10.0.0.1" },
    }),
    name: "InvalidInput",
    type: InvalidInput,
    says: /^1 validation error detected: .* at 'instanceId' .*length less than or equal to 64$/,
  },
  "a port of 0": {
    service: "elasticloadbalancing",
    client: () => new ElasticLoadBalancingV2Client(config()),
    command: new CreateTargetGroupCommand({ Name: "web", Protocol: "HTTP", Port: 0, VpcId: "vpc-1" }),
    name: "ValidationError",
    says: /^1 validation error detected: Value '0' at 'port' failed to satisfy constraint: Member must have value greater/,
  },
  "two faults in targets": {
    service: "events",
    client: () => new EventBridgeClient(config()),
    command: new PutTargetsCommand({ Rule: "no spaces", Targets: [{ Id: "", Arn: "arn:q" }] }),
    name: "ValidationException",
    says: /^3 validation errors detected: .*at 'rule'.*; .*at 'targets\.1\.member\.id'/,
  },
  "an unknown statistic": {
    service: "cloudwatch",
    client: () => new CloudWatchClient(config()),
    command: new PutMetricAlarmCommand({
      AlarmName: "a",
      EvaluationPeriods: 1,
      ComparisonOperator: "GreaterThanThreshold",
      Statistic: bad("Median"),
    }),
    name: "ValidationError",
    says: /at 'statistic' failed to satisfy constraint: Member must satisfy enum value set: \[SampleCount, /,
  },
  "too small a page of nodes": {
    service: "ssm",
    client: () => new SSMClient(config()),
    command: new DescribeInstanceInformationCommand({ MaxResults: 1 }),
    name: "ValidationException",
    says: /at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 5/,
  },
  "too small a page of interfaces": {
    service: "ec2",
    client: () => new EC2Client(config()),
    command: new DescribeNetworkInterfacesCommand({ MaxResults: 1 }),
    name: "InvalidParameterValue",
    says: /^Value \(1\) for parameter MaxResults is invalid/,
  },
};

describe.each(Object.entries(CASES))("%s", (_, { service, client, command, name, type, says }) => {
  const refusal = {
    name,
    message: expect.stringMatching(says),
    $metadata: expect.objectContaining({ httpStatusCode: 400 }),
  };

  it("is refused over the wire, as the client's own exception", async () => {
    const failure = await client()
      .send(command as never)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject(refusal);
    if (type !== undefined) expect(failure).toBeInstanceOf(type);
  });

  it("is refused in process", async () => {
    const before = world.throttle.callCounts();
    await expect(createWorldClient(world, service).send(command as never)).rejects.toMatchObject(refusal);
    expect(world.throttle.callCounts(), "the world never saw it").toEqual(before);
  });
});
