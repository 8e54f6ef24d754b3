// Lifecycle hooks of a deployment call functions of a deployed stack, over the wire and in real time.

import { fileURLToPath } from "node:url";
import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import {
  CreateServiceCommand,
  DescribeServiceDeploymentsCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import { startLocalAws } from "../../local/deploy/local-aws.ts";
import type { Template } from "../../local/deploy/template.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const PATIENCE = { timeout: 30_000, interval: 100 };
const AT_ONCE = { minMs: 10, maxMs: 20 };
const DWELL = {
  provisioning: AT_ONCE,
  pending: AT_ONCE,
  activating: AT_ONCE,
  leaving: AT_ONCE,
  deactivating: AT_ONCE,
  stopping: AT_ONCE,
  deprovisioning: AT_ONCE,
};

const hookFunction = (handler: string) => ({
  Type: "AWS::Lambda::Function",
  Properties: {
    Code: { S3Bucket: "assets", S3Key: "0.zip" },
    Handler: `hook.${handler}`,
    Role: { "Fn::GetAtt": ["HookRole", "Arn"] },
  },
  Metadata: { "aws:asset:path": "functions" },
});

const template: Template = {
  Resources: {
    HookRole: { Type: "AWS::IAM::Role", Properties: { AssumeRolePolicyDocument: {} } },
    Patient: hookFunction("patient"),
    Crashing: hookFunction("crashing"),
  },
};

describe("a Lambda hook of a deployment", () => {
  let local: LocalAws;
  let ecs: ECSClient;

  beforeAll(async () => {
    local = await startLocalAws({
      seed: 3,
      source: { stacks: [{ name: "hooks", template, assetRoot: FIXTURES }] },
      ecs: { clusters: ["demo"], hostDwell: DWELL, fargateDwell: DWELL, schedulerLatency: AT_ONCE },
    });
    const credentials = { accessKeyId: "person", secretAccessKey: "any" };
    ecs = new ECSClient({ endpoint: local.wire.endpoint, region: "us-east-1", credentials });
    const containerDefinitions = [{ name: "app", image: "example/app:1", memory: 64, essential: true }];
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: "app",
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        cpu: "256",
        memory: "512",
        containerDefinitions,
      }),
    );
  });
  afterAll(async () => {
    ecs.destroy();
    await local.stop();
  });

  const deploymentsOf = async (service: string): Promise<readonly ServiceDeployment[]> => {
    const listed = await ecs.send(new ListServiceDeploymentsCommand({ cluster: "demo", service }));
    const serviceDeploymentArns = (listed.serviceDeployments ?? []).map(
      ({ serviceDeploymentArn }) => serviceDeploymentArn ?? "",
    );
    const described = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns }));
    return described.serviceDeployments ?? [];
  };
  /** A first revision without hooks, then one that the function decides about. */
  const deployWith = async (service: string, functionName: string) => {
    const common = { cluster: "demo", taskDefinition: "app" };
    const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1"] } };
    const configuration = { strategy: "BLUE_GREEN" as const, bakeTimeInMinutes: 0 };
    await ecs.send(
      new CreateServiceCommand({
        ...common,
        serviceName: service,
        // A task without a health check counts as healthy only 40 s after its start.
        desiredCount: 0,
        launchType: "FARGATE",
        networkConfiguration,
        deploymentConfiguration: configuration,
      }),
    );
    await vi.waitFor(async () => {
      expect((await deploymentsOf(service)).map(({ status }) => status)).toEqual(["SUCCESSFUL"]);
    }, PATIENCE);
    const hookTargetArn = `arn:aws:lambda:us-east-1:111122223333:function:${functionName}`;
    const roleArn = "arn:aws:iam::111122223333:role/hooks";
    const lifecycleStages = ["POST_SCALE_UP" as const];
    await ecs.send(
      new UpdateServiceCommand({
        ...common,
        service,
        forceNewDeployment: true,
        deploymentConfiguration: {
          ...configuration,
          lifecycleHooks: [{ hookTargetArn, roleArn, lifecycleStages }],
        },
      }),
    );
  };
  const nameOf = (logicalId: string): string => {
    const found = local.deployment.functions.find((one) => one.logicalId === logicalId);
    if (found === undefined) throw new Error(`no function ${logicalId}`);
    return found.name;
  };

  it("is called again until it is done, and the deployment goes on", async () => {
    await deployWith("calm", nameOf("Patient"));
    await vi.waitFor(async () => {
      const statuses = (await deploymentsOf("calm")).map(({ status }) => status);
      expect(statuses).toEqual(["SUCCESSFUL", "SUCCESSFUL"]);
    }, PATIENCE);
    const patient = local.deployment.functions.find(({ logicalId }) => logicalId === "Patient");
    expect(patient?.lambda.counts().invocations).toBe(2);
  });

  it("rolls the deployment back when it crashes, and says why", async () => {
    await deployWith("rash", nameOf("Crashing"));
    const last = await vi.waitFor(async () => {
      const found = (await deploymentsOf("rash")).find(({ status }) => status === "ROLLBACK_SUCCESSFUL");
      expect(found).toBeDefined();
      return found;
    }, PATIENCE);
    expect(last?.statusReason).toContain("RangeError: not this version");
  });

  it("rolls the deployment back when there is no such function", async () => {
    await deployWith("lost", "nobody");
    const last = await vi.waitFor(async () => {
      const found = (await deploymentsOf("lost")).find(({ status }) => status === "ROLLBACK_SUCCESSFUL");
      expect(found).toBeDefined();
      return found;
    }, PATIENCE);
    expect(last?.statusReason).toContain("Function not found");
  });
});
