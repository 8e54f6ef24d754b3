// The demo's own yardsticks: the shipped manifest, the truth, the percentiles.

import { describe, expect, it } from "vitest";
import { epochMs, seconds } from "../../shared/base/time.ts";
import { createWorld } from "../world/world.ts";
import type { DemoService } from "./fleet.ts";
import { CLUSTER, DEMO_ECS, demoPolicies } from "./fleet.ts";
import { percentiles } from "./measure.ts";
import { addForeignInstance, hasForeignInstance, isTrue, truthOf } from "./truth.ts";

const service = (registryId: string): DemoService => ({
  name: "api",
  kind: "EC2",
  containerPort: 80,
  registryId,
});

describe("the shipped manifest", () => {
  it("is valid, acts on every service, and gets the ids of the real registries", async () => {
    const services = (["web", "api", "edge"] as const).map((name) => ({ ...service(`srv-0${name}0`), name }));
    const policies = await demoPolicies(services, { account: "111122223333", region: "us-east-1" });
    const registries = policies.map(([key, { discovery }]) => [
      key,
      discovery?.mode,
      discovery?.registries[0]?.service,
    ]);
    expect(registries).toEqual(
      ["web", "api", "edge"].map((name) => [`111122223333/us-east-1/demo/${name}`, "act", `srv-0${name}0`]),
    );
  });
});

describe("the truth about a registry", () => {
  function stage() {
    const world = createWorld({ seed: 3, startAt: epochMs(Date.UTC(2026, 10, 22)), ecs: DEMO_ECS });
    const host = world.ecs.registerContainerInstance({ cluster: CLUSTER });
    const container = {
      name: "app",
      image: "a:1",
      cpu: 64,
      memory: 64,
      portMappings: [{ containerPort: 80 }],
    };
    world.call("ecs", "RegisterTaskDefinition", {
      family: "api",
      networkMode: "bridge",
      containerDefinitions: [container],
    });
    world.call("ecs", "CreateService", {
      cluster: CLUSTER,
      serviceName: "api",
      taskDefinition: "api",
      desiredCount: 2,
      launchType: "EC2",
    });
    world.advanceTo(epochMs(world.kernel.now() + seconds(60)));
    const { id: namespaceId } = world.cloudMap.addNamespace({ name: "demo", type: "HTTP" });
    const api = service(world.cloudMap.addService({ namespaceId, name: "api" }).id);
    return { world, host, api };
  }

  it("misses the tasks that nobody finds, at the port that ECS picked", () => {
    const { world, host, api } = stage();
    const truth = truthOf(world, api, new Set());
    expect(truth).toMatchObject({ running: 2, expected: 2, registered: 0, moving: 0 });
    expect(truth.missing).toHaveLength(2);
    expect(truth.missing.every((endpoint) => endpoint.startsWith(`${host.privateIp}:327`))).toBe(true);
    expect(isTrue(truth)).toBe(false);
  });

  it("counts what Fairlead registered, not what others did", () => {
    const { world, api } = stage();
    addForeignInstance(world, api);
    for (const [index, endpoint] of truthOf(world, api, new Set()).missing.entries()) {
      const [AWS_INSTANCE_IPV4 = "", AWS_INSTANCE_PORT = ""] = endpoint.split(":");
      const attributes = { AWS_INSTANCE_IPV4, AWS_INSTANCE_PORT, "fairlead.owner": "us" };
      world.cloudMap.putInstance(api.registryId, { instanceId: `t${index}`, attributes });
    }
    expect(hasForeignInstance(world, api)).toBe(true);
    expect(truthOf(world, api, new Set())).toMatchObject({ registered: 2, missing: [], stale: [] });
  });

  it("expects nobody on a host that is drained", () => {
    const { world, host, api } = stage();
    expect(truthOf(world, api, new Set([host.containerInstanceArn]))).toMatchObject({
      expected: 0,
      moving: 2,
      missing: [],
    });
  });
});

describe("percentiles", () => {
  it.each([
    [[], { p50: 0, p99: 0 }],
    [[7], { p50: 7, p99: 7 }],
    [Array.from({ length: 100 }, (_, index) => 100 - index), { p50: 50, p99: 99 }],
    [[1, 2, 3, 1_000], { p50: 2, p99: 1_000 }],
  ])("%#", (values, expected) => {
    expect(percentiles(values)).toEqual(expected);
  });
});
