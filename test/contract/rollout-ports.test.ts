// The contract of the rollouts' ports over every implementation: the world in process, the world over HTTP with
// the real SDK.

import { ECSClient } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { afterAll, beforeAll, describe } from "vitest";
import { createWorldClient } from "../../local/faces/ports/world-client.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { checkedWorld } from "../../local/models/answer-check.ts";
import { watchEvents } from "../../local/models/event-check.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { CONTROL_PLANE, clientOptions } from "../../shared/adapters/aws/client.ts";
import { CLUSTER } from "../simulation/rollouts/scene.ts";
import { describeDeployments } from "./deployments.suite.ts";
import type { RolloutClients, RolloutImplementation } from "./rollout-set-up.ts";
import { START } from "./samples.ts";
import { describeTaskSets } from "./task-sets.suite.ts";
import { describeTraffic } from "./traffic.suite.ts";

function freshWorld(): World {
  const plain = createWorld({
    seed: 7,
    startAt: START,
    throttling: false,
    ecs: { clusters: [CLUSTER] },
    elb: { provisioning: { minMs: 1_000, maxMs: 2_000 } },
  });
  watchEvents(plain.kernel);
  return { ...plain, ...checkedWorld(plain) };
}

function describePorts(name: string, implementation: RolloutImplementation): void {
  describeDeployments(name, implementation);
  describeTaskSets(name, implementation);
  describeTraffic(name, implementation);
}

describePorts("the world in process", {
  world: freshWorld,
  clients: async (world) => ({
    ecs: createWorldClient(world, "ecs"),
    elasticloadbalancing: createWorldClient(world, "elasticloadbalancing"),
  }),
});

describe("over HTTP", () => {
  let current = freshWorld();
  let wire: WireFace;
  let clients: RolloutClients & { readonly [name: string]: { destroy(): void } };

  beforeAll(async () => {
    // One server for all tests: each puts its own world behind it.
    const world = { call: (...call: Parameters<World["call"]>) => current.call(...call) };
    wire = await startWireFace({ world, account: "111122223333", region: "us-east-1" });
    const options = {
      ...clientOptions(CONTROL_PLANE, { AWS_ENDPOINT_URL: wire.endpoint }),
      endpoint: wire.endpoint,
      region: wire.region,
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    };
    clients = {
      ecs: new ECSClient(options),
      elasticloadbalancing: new ElasticLoadBalancingV2Client(options),
    };
  });

  afterAll(async () => {
    for (const client of Object.values(clients)) client.destroy();
    await wire.stop();
  });

  describePorts("the world over HTTP with the SDK", {
    world: freshWorld,
    clients: async (world) => {
      current = world;
      return clients;
    },
  });
});
