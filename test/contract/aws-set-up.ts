// The world, the clients that reach it, and the real adapters over them: what the suites of AWS ports stand on.

import type { World } from "../../local/world/world.ts";
import type { AwsClient, Paced } from "../../shared/adapters/aws/client.ts";
import { createRegistryReader, createRegistryWriter } from "../../shared/adapters/aws/cloud-map.ts";
import { createTaskReader, createTaskStopper } from "../../shared/adapters/aws/ecs-tasks.ts";
import { createHostReader } from "../../shared/adapters/aws/hosts.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import type { AppError } from "../../shared/base/errors.ts";
import { addMs, seconds } from "../../shared/base/time.ts";

export interface Clients {
  readonly ecs: AwsClient;
  readonly ec2: AwsClient;
  readonly ssm: AwsClient;
  readonly servicediscovery: AwsClient;
}

/** A fresh world of the suite's own making and the clients that reach it. */
export type MakeClients = (world: World) => Promise<Clients>;
export type MakeWorld = () => World;

export interface Implementation {
  readonly world: MakeWorld;
  readonly clients: MakeClients;
}

const SUBNET = "subnet-0d0eab1bb38d5ca64";

export const setUp = async ({ world: makeWorld, clients: makeClients }: Implementation) => {
  const world = makeWorld();
  const clients = await makeClients(world);
  const paced = (client: AwsClient): Paced => ({ client, pace: unpaced });
  const clock = { now: () => world.kernel.now() };
  const ecs = paced(clients.ecs);
  const cloudMap = paced(clients.servicediscovery);
  return {
    world,
    clusterArn: world.kernel.arn("ecs", "cluster/default"),
    pass: (byS: number) => world.advanceTo(addMs(world.kernel.now(), seconds(byS))),
    tasks: createTaskReader({ ...ecs, clock }),
    stopper: createTaskStopper(ecs),
    hosts: createHostReader({ ecs, ec2: paced(clients.ec2), ssm: paced(clients.ssm), clock }),
    reader: createRegistryReader({ ...cloudMap, clock }),
    writer: createRegistryWriter(cloudMap),
  };
};

export type SetUp = Awaited<ReturnType<typeof setUp>>;

/** Registers a definition, creates a service and lets its tasks come up. */
export function runService(set: SetUp, networkMode: "awsvpc" | "bridge", desiredCount: number): void {
  const { world } = set;
  const fargate = networkMode === "awsvpc";
  world.call("ecs", "RegisterTaskDefinition", {
    family: "web",
    networkMode,
    ...(fargate && { requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512" }),
    containerDefinitions: [
      { name: "app", image: "app:1", cpu: 64, memory: 64, portMappings: [{ containerPort: 80 }] },
    ],
  });
  world.call("ecs", "CreateService", {
    cluster: "default",
    serviceName: "web",
    taskDefinition: "web",
    desiredCount,
    launchType: fargate ? "FARGATE" : "EC2",
    ...(fargate && {
      networkConfiguration: { awsvpcConfiguration: { subnets: [SUBNET], assignPublicIp: "ENABLED" } },
    }),
  });
  set.pass(600);
}

export const failure = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error("nothing was thrown")),
    (error: AppError) => error,
  );
