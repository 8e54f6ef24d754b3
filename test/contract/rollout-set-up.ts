// Services that can be rolled out in a fresh world, and the real adapters over whatever clients reach it: what the
// suites of the rollouts' ports stand on.

import type { World, WorldService } from "../../local/world/world.ts";
import type { AwsClient, Paced } from "../../shared/adapters/aws/client.ts";
import { createDeploymentReader, createDeploymentWriter } from "../../shared/adapters/aws/deployments.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import { createTaskSetWriter } from "../../shared/adapters/aws/task-sets.ts";
import { createTrafficReader, createTrafficWriter } from "../../shared/adapters/aws/traffic.ts";
import { addMs, minutes, seconds } from "../../shared/base/time.ts";
import type { DeploymentOrder } from "../../shared/contracts/rollout-orders.ts";
import type { Kind } from "../simulation/rollouts/scene.ts";
import { CLUSTER, createScene, registerVersion } from "../simulation/rollouts/scene.ts";

export interface RolloutClients {
  readonly ecs: AwsClient;
  readonly elasticloadbalancing: AwsClient;
}

export interface RolloutImplementation {
  readonly world: () => World;
  readonly clients: (world: World) => Promise<RolloutClients>;
}

export const SERVICE = "web";
export const HOOK_LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:check";
const SETTLED_S = 300;

/** A client that writes down what it sends. */
function counted(client: AwsClient, sent: string[]): AwsClient {
  return {
    send: (command, options) => {
      sent.push((command as object).constructor.name.replace(/Command$/, ""));
      return client.send(command, options);
    },
  };
}

export async function setUpRollout(
  { world: makeWorld, clients: connect }: RolloutImplementation,
  kind: Kind,
) {
  const world = makeWorld();
  const scene = createScene(world, { name: SERVICE, kind, desiredCount: 2 });
  const clients = await connect(world);
  const sent: string[] = [];
  const paced = (client: AwsClient): Paced => ({ client: counted(client, sent), pace: unpaced });
  const [ecs, elb] = [paced(clients.ecs), paced(clients.elasticloadbalancing)];
  const clusterArn = world.kernel.arn("ecs", `cluster/${CLUSTER}`);
  const pass = (byS: number): void => world.advanceTo(addMs(world.kernel.now(), seconds(byS)));
  pass(SETTLED_S);
  const order = (changes: Partial<DeploymentOrder> = {}): DeploymentOrder => ({
    clusterArn,
    service: SERVICE,
    taskDefinition: registerVersion(world, SERVICE),
    strategy: "BLUE_GREEN",
    pauseAt: ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"],
    pauseTimeoutMs: minutes(60),
    ...changes,
  });
  return {
    world,
    scene,
    clusterArn,
    pass,
    order,
    of: { clusterArn, service: SERVICE },
    /** AWS's own operations, past every adapter: the truth that the tests look at. */
    aws: (service: WorldService, operation: string, input: object) =>
      world.call(service, operation, input as never) as Readonly<Record<string, never>>,
    /** Calls that the adapters sent since the last look. */
    calls: () => sent.splice(0),
    reader: createDeploymentReader(ecs),
    writer: createDeploymentWriter(ecs),
    taskSets: createTaskSetWriter(ecs),
    trafficReader: createTrafficReader(elb),
    trafficWriter: createTrafficWriter(elb),
  };
}

export type RolloutSetUp = Awaited<ReturnType<typeof setUpRollout>>;

export const trafficOf = ({ scene }: RolloutSetUp) => {
  if (scene.traffic === undefined) throw new Error("the scene has no load balancer");
  return scene.traffic;
};
