// The contract of the ports to AWS over every implementation: the world in process, the world over HTTP with
// the real SDK.

import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe } from "vitest";
import { createWorldClient } from "../../local/faces/ports/world-client.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { checkedWorld } from "../../local/models/answer-check.ts";
import { watchEvents } from "../../local/models/event-check.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { CONTROL_PLANE, clientOptions } from "../../shared/adapters/aws/client.ts";
import type { Clients, Implementation } from "./aws-set-up.ts";
import { describeCloudMap } from "./cloud-map.suite.ts";
import { describeCompute } from "./compute.suite.ts";
import { START } from "./samples.ts";

function freshWorld(): World {
  const plain = createWorld({ seed: 7, startAt: START });
  watchEvents(plain.kernel);
  return { ...plain, ...checkedWorld(plain) };
}

const inProcess = async (world: World): Promise<Clients> => ({
  ecs: createWorldClient(world, "ecs"),
  ec2: createWorldClient(world, "ec2"),
  ssm: createWorldClient(world, "ssm"),
  servicediscovery: createWorldClient(world, "servicediscovery"),
});

function describeAws(name: string, implementation: Implementation): void {
  describeCompute(name, implementation);
  describeCloudMap(name, implementation);
}

describeAws("the world in process", { world: freshWorld, clients: inProcess });

describe("over HTTP", () => {
  let current = freshWorld();
  let wire: WireFace;
  let clients: Clients & { readonly [name: string]: { destroy(): void } };

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
      ec2: new EC2Client(options),
      ssm: new SSMClient(options),
      servicediscovery: new ServiceDiscoveryClient(options),
    };
  });

  afterAll(async () => {
    for (const client of Object.values(clients)) client.destroy();
    await wire.stop();
  });

  describeAws("the world over HTTP with the SDK", {
    world: freshWorld,
    clients: async (world) => {
      current = world;
      return clients;
    },
  });
});
