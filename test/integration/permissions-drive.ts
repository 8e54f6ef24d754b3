// Drives the product's bundles, as deployed from its template, so that every grant of their roles is needed
// once. Nothing here signs with a function's key: the calls are the functions' own.

import { readFileSync } from "node:fs";
import type { CreateServiceCommandInput, RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import {
  CreateServiceCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { expect, vi } from "vitest";
import type { Installation } from "../../cli/installation.ts";
import { openInstallation } from "../../cli/installation.ts";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import type { DeployedFunction } from "../../local/deploy/site.ts";
import type { Key } from "../../shared/base/keys.ts";
import { keyOf } from "../../shared/base/keys.ts";
import { millis } from "../../shared/base/time.ts";
import type { Json } from "../../shared/contracts/aggregate.ts";
import { ENVIRONMENT } from "../../shared/contracts/environment.ts";
import type { DiscoveryPolicy, RegistryPolicy } from "../../shared/contracts/policy.ts";
import type { DiscoveryState } from "../../shared/core/discovery/state.ts";
import { discoveryStateOf } from "../../shared/shell/drift.ts";
import { applyPolicies, command } from "../../shared/shell/operator.ts";
import type { Clients } from "./permissions-clients.ts";

const CLUSTER = "default";
const MINUTES_MS = 300_000;
const PATIENCE = { timeout: 20_000, interval: 50 };

export interface Stage {
  readonly local: LocalAws;
  readonly clients: Clients;
  readonly installation: Installation;
  /** By the service's name. */
  readonly registries: ReadonlyMap<string, string>;
}

function functionNamed({ deployment }: LocalAws, end: string): DeployedFunction {
  const found = deployment.functions.find(({ name }) => name.endsWith(end));
  if (found === undefined) throw new Error(`no function ${end}`);
  return found;
}

export function openStage(local: LocalAws, clients: Clients): Stage {
  const { endpoint, region, account } = local.wire;
  const { variables } = functionNamed(local, "reconcile").lambda.settings;
  const installation = openInstallation({
    table: variables[ENVIRONMENT.table] ?? "",
    workQueueUrl: variables[ENVIRONMENT.workQueueUrl] ?? "",
    endpoint,
    region,
    isLocal: true,
    scope: { account, region },
  });
  return { local, clients, installation, registries: createRegistries(local) };
}

/** `web` reports health to its registry itself. */
function createRegistries({ world }: LocalAws): ReadonlyMap<string, string> {
  const namespace = world.cloudMap.addNamespace({ name: "shop", type: "HTTP" });
  const names = ["web", "api", "edge", "open"];
  return new Map(
    names.map((name) => {
      const setup = { namespaceId: namespace.id, name, customHealth: name === "web" };
      return [name, world.cloudMap.addService(setup).id];
    }),
  );
}

const keyFor = ({ local }: Stage, name: string): Key =>
  keyOf({
    kind: "service",
    account: local.wire.account,
    region: local.wire.region,
    cluster: CLUSTER,
    name,
  });

interface Blueprint {
  readonly name: string;
  readonly launchType: "FARGATE" | "EC2" | "EXTERNAL";
  readonly address: RegistryPolicy["address"];
}

const BLUEPRINTS: readonly [Blueprint, ...Blueprint[]] = [
  { name: "web", launchType: "FARGATE", address: "ipv4" },
  // Its public address stands on the network interface only.
  { name: "open", launchType: "FARGATE", address: "public" },
  { name: "api", launchType: "EC2", address: "ipv4" },
  { name: "edge", launchType: "EXTERNAL", address: "ipv4" },
];

function policyFor({ registries }: Stage, { name, address }: Blueprint): DiscoveryPolicy {
  const service = registries.get(name) ?? "";
  const registry = { service, port: 80, address, requireHealthy: false, attributes: {} };
  return { mode: "act", maxRemoveShare: 1, force: false, drainMs: millis(0), registries: [registry] };
}

async function manage(stage: Stage): Promise<void> {
  const policies = BLUEPRINTS.map(
    (blueprint) => [keyFor(stage, blueprint.name), { discovery: policyFor(stage, blueprint) }] as const,
  );
  await applyPolicies(policies, stage.installation);
}

async function createService({ clients }: Stage, { name, launchType }: Blueprint): Promise<void> {
  const isFargate = launchType === "FARGATE";
  const definition: RegisterTaskDefinitionCommandInput = {
    family: name,
    networkMode: isFargate ? "awsvpc" : "bridge",
    requiresCompatibilities: [launchType],
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      {
        name: "app",
        image: "app",
        portMappings: [{ containerPort: 80 }],
        healthCheck: { command: ["CMD", "true"], interval: 5 },
      },
    ],
  };
  await clients.ecs.send(new RegisterTaskDefinitionCommand(definition));
  const awsvpcConfiguration = { subnets: ["subnet-1"], assignPublicIp: "ENABLED" as const };
  const service: CreateServiceCommandInput = {
    serviceName: name,
    taskDefinition: name,
    desiredCount: 2,
    launchType,
    ...(isFargate ? { networkConfiguration: { awsvpcConfiguration } } : {}),
  };
  await clients.ecs.send(new CreateServiceCommand(service));
}

const instancesOf = ({ local, registries }: Stage, name: string) =>
  local.world.cloudMap.instancesOf(registries.get(name) ?? "");

const waitForInstances = (stage: Stage, name: string, count: number): Promise<void> =>
  vi.waitFor(() => expect([name, instancesOf(stage, name).length]).toEqual([name, count]), PATIENCE);

/** A policy for a cluster that the installation may not read; the sweep reads every managed cluster. */
export async function manageElsewhere(stage: Stage, cluster: string): Promise<void> {
  const { account, region } = stage.local.wire;
  const key = keyOf({ kind: "service", account, region, cluster, name: "web" });
  await stage.installation.fleet.putPolicy(key, { discovery: policyFor(stage, BLUEPRINTS[0]) });
  await functionNamed(stage.local, "sweep").lambda.invoke({});
}

/** Services of every kind of address. */
export async function launchFleet(stage: Stage): Promise<void> {
  const { world } = stage.local;
  world.ecs.registerContainerInstance({ cluster: CLUSTER });
  world.ecs.registerContainerInstance({ cluster: CLUSTER, kind: "EXTERNAL", instanceType: "on-premises" });
  await manage(stage);
  for (const blueprint of BLUEPRINTS) await createService(stage, blueprint);
}

/** Their tasks come into their registries. */
export async function startFleet(stage: Stage): Promise<void> {
  await launchFleet(stage);
  for (const { name } of BLUEPRINTS) await waitForInstances(stage, name, 2);
}

function taskOf({ local }: Stage, name: string): string {
  for (const task of local.world.ecs.runningTasks(CLUSTER)) {
    if (task.group === `service:${name}` && task.desiredStatus === "RUNNING") return task.taskId;
  }
  throw new Error(`no task of ${name} runs`);
}

export async function scaleIn({ clients, ...stage }: Stage): Promise<void> {
  await clients.ecs.send(new UpdateServiceCommand({ service: "api", desiredCount: 1 }));
  await waitForInstances({ clients, ...stage }, "api", 1);
}

/** An operator's word: out of discovery first, stopped then. */
export async function stopTask(stage: Stage): Promise<void> {
  const taskId = taskOf(stage, "open");
  const word = { type: "stop-task", by: "test", at: Date.now(), taskId } as const;
  await command(keyFor(stage, "open"), word, stage.installation);
  const isStopping = () => {
    const running = [...stage.local.world.ecs.runningTasks(CLUSTER)];
    expect(running.find((task) => task.taskId === taskId)?.desiredStatus ?? "STOPPED").toBe("STOPPED");
  };
  await vi.waitFor(isStopping, PATIENCE);
}

/** The notice names the EC2 instance; reconcile finds the container instance on it. */
export async function interruptHost(stage: Stage): Promise<void> {
  const { world, wire } = stage.local;
  const host = [...world.ecs.hosts()].find(({ kind }) => kind === "EC2");
  const id = host?.ec2InstanceId ?? "";
  const file = new URL("../fixtures/events/ec2-spot-interruption.json", import.meta.url);
  const sample = JSON.parse(readFileSync(file, "utf8")) as Parameters<typeof world.events.publish>[0];
  world.events.publish({
    ...sample,
    account: wire.account,
    region: wire.region,
    time: new Date().toISOString(),
    resources: [`arn:aws:ec2:${wire.region}a:instance/${id}`],
    detail: { "instance-id": id, "instance-action": "terminate" },
  });
  await vi.waitFor(async () => {
    const { state } = await stage.installation.store.load(keyFor(stage, "api"));
    expect(Object.keys(discoveryStateOf(state).leavingHosts)).toHaveLength(1);
  }, PATIENCE);
}

const queueUrl = ({ local }: Stage, part: string): string =>
  local.deployment.queues.find(({ logicalId }) => logicalId.startsWith(part))?.url ?? "";

/** What no pass can read comes back from reconcile, sooner than the visibility time-out. */
export async function sendBrokenDoorbell(stage: Stage): Promise<void> {
  const message = { MessageBody: "{}", MessageGroupId: "broken", MessageDeduplicationId: "broken" };
  await stage.clients.sqs.send(
    new SendMessageCommand({ QueueUrl: queueUrl(stage, "WorkQueue"), ...message }),
  );
  await vi.waitFor(() => {
    const grant = stage.local.deployment.grants().find(({ statement }) => statement === "RetrySoon");
    expect(grant?.isUsed).toBe(true);
  }, PATIENCE);
}

/** One letter that is tried again, one that has died too often. */
export async function fillDeadLetters(stage: Stage): Promise<void> {
  const QueueUrl = queueUrl(stage, "IngressDeadLetters");
  const redrives = { redrives: { DataType: "Number", StringValue: "3" } };
  await stage.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
  await stage.clients.sqs.send(
    new SendMessageCommand({ QueueUrl, MessageBody: "[]", MessageAttributes: redrives }),
  );
}

type Change = (state: DiscoveryState) => DiscoveryState;

/** What else would take minutes: the stored state, as time would have left it. */
async function rewriteState(stage: Stage, name: string, change: Change): Promise<void> {
  const { store } = stage.installation;
  const key = keyFor(stage, name);
  await vi.waitFor(async () => {
    const { state } = await store.load(key);
    const discovery = JSON.parse(JSON.stringify(change(discoveryStateOf(state)))) as Json;
    const capabilities = { ...state.capabilities, discovery };
    const next = { ...state, version: state.version + 1, capabilities };
    expect(await store.commit(key, state.version, next)).toBe("committed");
  }, PATIENCE);
}

/**
 * After two listings, a minute apart, the sweep asks a registry for its revision alone; a host that has been
 * marked for minutes is doubted.
 */
export async function letTimePass(stage: Stage): Promise<void> {
  const { cloudMap } = stage.local.world;
  await rewriteState(stage, "edge", (state) => {
    const settled = Object.entries(state.registries).map(([service, registry]) => [
      service,
      { ...registry, revision: cloudMap.revisionOf(service) ?? 0 },
    ]);
    return { ...state, registries: Object.fromEntries(settled) };
  });
  await rewriteState(stage, "api", (state) => {
    const marked = Object.keys(state.leavingHosts).map((arn) => [arn, Date.now() - MINUTES_MS]);
    return { ...state, leavingHosts: Object.fromEntries(marked) };
  });
}

/**
 * The schedule comes once a minute; the same bundle, at once. ECS sends no event for a task's health: the
 * sweep's resync finds it, before ECS replaces the task.
 */
export async function sweepUnhealthyTask(stage: Stage): Promise<void> {
  stage.local.world.ecs.setTaskHealth(taskOf(stage, "web"), "UNHEALTHY");
  const { error } = await functionNamed(stage.local, "sweep").lambda.invoke({});
  expect(error).toBeUndefined();
  await vi.waitFor(() => {
    const writes = stage.local.world.cloudMap.writesByService().get(stage.registries.get("web") ?? "");
    expect(writes?.health).toBeGreaterThan(0);
  }, PATIENCE);
}
