// The product's own stacks and bundles on the local AWS: built, synthesized, deployed, and a service's tasks
// come into and leave Cloud Map.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand as CreateRegistryCommand,
  GetOperationCommand,
  ListInstancesCommand,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fairleadApp } from "../../infra/app.ts";
import { buildFunctions } from "../../infra/build/build.ts";
import { readSettings } from "../../infra/settings.ts";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import { startLocalAws } from "../../local/deploy/local-aws.ts";
import { createFleetStore } from "../../shared/adapters/dynamodb/fleet.ts";
import { tableOf } from "../../shared/adapters/dynamodb/table.ts";
import { keyOf } from "../../shared/base/keys.ts";
import { millis } from "../../shared/base/time.ts";

const step = { minMs: 50, maxMs: 150 };
const fargateDwell = {
  provisioning: step,
  pending: step,
  activating: step,
  leaving: step,
  deactivating: step,
  stopping: step,
  deprovisioning: step,
};

describe("the product's stacks", () => {
  const errors: unknown[] = [];
  let folder: string;
  let local: LocalAws;
  let ecs: ECSClient;
  let cloudMap: ServiceDiscoveryClient;
  let dynamodb: DynamoDBClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fairlead-stack-"));
    const sources = fileURLToPath(new URL("../../functions", import.meta.url));
    await buildFunctions({ sources, out: join(folder, "dist") });
    const given: Record<string, string> = { installation: "test", mode: "act", retentionDays: "1" };
    const settings = readSettings((name) => given[name]);
    const cdkOut = join(folder, "cdk.out");
    fairleadApp({ outdir: cdkOut, bundles: join(folder, "dist", "functions"), settings }).synth();
    local = await startLocalAws({
      seed: 7,
      source: { cdkOut },
      ecs: { fargateDwell, schedulerLatency: step },
      onError: (error) => errors.push(error),
    });
    const credentials = { accessKeyId: "person", secretAccessKey: "any" };
    const config = { endpoint: local.wire.endpoint, region: local.wire.region, credentials };
    ecs = new ECSClient(config);
    cloudMap = new ServiceDiscoveryClient(config);
    dynamodb = new DynamoDBClient(config);
  }, 60_000);

  afterAll(async () => {
    for (const client of [ecs, cloudMap, dynamodb]) client.destroy();
    await local.stop();
    await rm(folder, { recursive: true });
  });

  async function createRegistry(): Promise<string> {
    const { OperationId } = await cloudMap.send(new CreateHttpNamespaceCommand({ Name: "shop" }));
    const NamespaceId = await vi.waitFor(async () => {
      const { Operation } = await cloudMap.send(new GetOperationCommand({ OperationId }));
      expect(Operation?.Status).toBe("SUCCESS");
      return Operation?.Targets?.NAMESPACE;
    }, 20_000);
    const { Service } = await cloudMap.send(new CreateRegistryCommand({ Name: "web", NamespaceId }));
    return Service?.Id ?? "";
  }

  async function manage(registry: string): Promise<void> {
    const { account, region } = local.wire;
    const key = keyOf({ kind: "service", account, region, cluster: "default", name: "web" });
    const table = tableOf(dynamodb, local.deployment.tables[0]?.name ?? "");
    const registries = [
      { service: registry, port: 80, address: "ipv4", requireHealthy: false, attributes: {} } as const,
    ];
    const discovery = {
      mode: "act",
      maxRemoveShare: 0.5,
      force: false,
      drainMs: millis(0),
      registries,
    } as const;
    await createFleetStore(table).putPolicy(key, { discovery });
  }

  async function createService(): Promise<void> {
    const container = { name: "web", image: "web", portMappings: [{ containerPort: 80 }] };
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: "web",
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        cpu: "256",
        memory: "512",
        containerDefinitions: [container],
      }),
    );
    const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1"] } };
    const shape = {
      taskDefinition: "web",
      desiredCount: 3,
      launchType: "FARGATE" as const,
      networkConfiguration,
    };
    await ecs.send(new CreateServiceCommand({ serviceName: "web", ...shape }));
  }

  it("are deployed whole: nothing has an unknown meaning", () => {
    const { functions, queues, tables, roles, ignored } = local.deployment;
    expect(functions.map(({ name }) => name).sort()).toEqual([
      "test-api",
      "test-hook",
      "test-ingest",
      "test-reconcile",
      "test-sweep",
    ]);
    expect(tables).toHaveLength(1);
    expect(queues.filter(({ name }) => name.endsWith(".fifo"))).toHaveLength(2);
    // One for each function, and the one that ECS takes to call the hook.
    const others = roles
      .map(({ arn }) => arn)
      .filter((arn) => !functions.some(({ roleArn }) => roleArn === arn));
    expect(others).toEqual([expect.stringContaining("HookInvoker")]);
    expect(new Set(functions.map(({ roleArn }) => roleArn)).size).toBe(functions.length);
    expect(new Set(ignored.map(({ type }) => type))).not.toContain("AWS::SQS::Queue");
  });

  it("register a service's tasks and take them out again", async () => {
    const registry = await createRegistry();
    await manage(registry);
    await createService();
    const registered = async (count: number) => {
      const { Instances = [] } = await cloudMap.send(new ListInstancesCommand({ ServiceId: registry }));
      expect(Instances).toHaveLength(count);
    };
    await vi.waitFor(() => registered(3), { timeout: 15_000, interval: 50 });
    await ecs.send(new UpdateServiceCommand({ service: "web", desiredCount: 1 }));
    await vi.waitFor(() => registered(1), { timeout: 15_000, interval: 50 });
    for (const { name, lambda } of local.deployment.functions)
      expect([name, lambda.counts().errors]).toEqual([name, 0]);
    expect(errors).toEqual([]);
  }, 60_000);
});
