// What the ports to Cloud Map must do, through the real adapters, whatever is underneath.

import { describe, expect, it } from "vitest";
import type { World } from "../../local/world/world.ts";
import type { AppError } from "../../shared/base/errors.ts";
import { isCode } from "../../shared/base/errors.ts";
import type { Implementation } from "./aws-set-up.ts";
import { failure, setUp } from "./aws-set-up.ts";

export function describeCloudMap(name: string, implementation: Implementation): void {
  describe(`RegistryReader over ${name}`, () => describeRegistryReader(implementation));
  describe(`RegistryWriter over ${name}`, () => describeRegistryWriter(implementation));
}

function describeRegistryReader(implementation: Implementation): void {
  it("reads what kind of registry it is", async () => {
    const { world, reader } = await setUp(implementation);
    const namespace = world.cloudMap.addNamespace({ name: "shop", type: "HTTP" });
    const plain = world.cloudMap.addService({ namespaceId: namespace.id, name: "web", customHealth: true });
    const managed = world.cloudMap.addService({
      namespaceId: namespace.id,
      name: "mesh",
      tags: [{ Key: "AmazonECSManaged", Value: "true" }],
    });
    expect(await reader.settings(plain.id)).toEqual({
      serviceId: plain.id,
      name: "web",
      namespaceName: "shop",
      customHealth: true,
      ecsManaged: false,
      recordTypes: [],
    });
    expect(await reader.settings(managed.id)).toMatchObject({ ecsManaged: true, customHealth: false });
  });

  it("asks for settings once in 5 minutes", async () => {
    const { world, reader, pass } = await setUp(implementation);
    const service = addService(world);
    await reader.settings(service);
    const calls = () => world.throttle.callCounts()["servicediscovery.GetService"];
    await reader.settings(service);
    pass(299);
    await reader.settings(service);
    expect(calls()).toBe(1);
    pass(1);
    await reader.settings(service);
    expect(calls()).toBe(2);
  });

  it("lists instances to the last page", async () => {
    const { world, reader } = await setUp(implementation);
    const service = addService(world);
    expect(await reader.instances(service)).toEqual([]);
    for (let index = 0; index < 230; index += 1) {
      world.cloudMap.putInstance(service, {
        instanceId: `i-${index}`,
        attributes: { AWS_INSTANCE_IPV4: "10.0.0.1", n: `${index}` },
      });
    }
    const instances = await reader.instances(service);
    expect(new Set(instances.map(({ instanceId }) => instanceId)).size).toBe(230);
    expect(instances.find(({ instanceId }) => instanceId === "i-229")?.attributes).toEqual({
      AWS_INSTANCE_IPV4: "10.0.0.1",
      n: "229",
    });
  });

  it("tells a missing service and a missing operation", async () => {
    const { reader } = await setUp(implementation);
    expect((await failure(reader.settings("srv-missing000000000"))).code).toBe("missing");
    expect((await failure(reader.instances("srv-missing000000000"))).code).toBe("missing");
    expect((await failure(reader.operation("no-such-operation", "srv-missing000000000"))).code).toBe(
      "missing",
    );
  });

  it("reads a revision that rises with the instances", async () => {
    const { world, reader } = await setUp(implementation);
    const service = addService(world);
    const settings = await reader.settings(service);
    const before = await reader.revision(settings);
    expect(await reader.revision(settings)).toBe(before);
    world.cloudMap.putInstance(service, { instanceId: "i-1", attributes: { AWS_INSTANCE_IPV4: "10.0.0.1" } });
    expect(await reader.revision(settings)).toBeGreaterThan(before);
  });
}

function addService(world: World, customHealth = false): string {
  const namespace = world.cloudMap.addNamespace({ name: "shop", type: "HTTP" });
  return world.cloudMap.addService({ namespaceId: namespace.id, name: "web", customHealth }).id;
}

const attributes = { AWS_INSTANCE_IPV4: "10.0.0.1", AWS_INSTANCE_PORT: "80", weight: "5" };

function describeRegistryWriter(implementation: Implementation): void {
  it("registers and deregisters by operations that end", async () => {
    const { world, reader, writer, pass } = await setUp(implementation);
    const service = addService(world);
    const operation = await writer.register({ service, instanceId: "t-80", attributes, requestId: "r1" });
    expect(await reader.operation(operation, service)).toEqual({ status: "pending" });
    pass(60);
    expect(await reader.operation(operation, service)).toEqual({ status: "success" });
    expect(await reader.instances(service)).toEqual([{ instanceId: "t-80", attributes }]);
    const removal = await writer.deregister(service, "t-80");
    pass(60);
    expect(await reader.operation(removal ?? "", service)).toEqual({ status: "success" });
    expect(await reader.instances(service)).toEqual([]);
  });

  it("says how an operation failed", async () => {
    const { world, reader, writer, pass } = await setUp(implementation);
    const service = addService(world);
    world.cloudMap.failNextOperation("THROTTLED_REQUEST");
    const operation = await writer.register({ service, instanceId: "t-80", attributes, requestId: "r1" });
    pass(60);
    expect(await reader.operation(operation, service)).toMatchObject({
      status: "failed",
      code: "THROTTLED_REQUEST",
    });
  });

  it("runs a repeated request once", async () => {
    const { world, writer } = await setUp(implementation);
    const service = addService(world);
    const request = { service, instanceId: "t-80", attributes, requestId: "r1" };
    const operation = await writer.register(request);
    expect(await writer.register(request)).toBe(operation);
    expect(world.cloudMap.writesByService().get(service)?.register).toBe(1);
  });

  it("names the operation that is in the way", async () => {
    const { world, writer } = await setUp(implementation);
    const service = addService(world);
    const running = await writer.register({ service, instanceId: "t-80", attributes, requestId: "r1" });
    const other = {
      service,
      instanceId: "t-80",
      attributes: { ...attributes, weight: "9" },
      requestId: "r2",
    };
    const error = await failure(writer.register(other));
    expect(isCode(error, "busy")).toBe(true);
    expect(error.detail["operationId"]).toBe(running);
  });

  it("takes a missing instance for removed, but not a missing service", async () => {
    const { world, writer } = await setUp(implementation);
    expect(await writer.deregister(addService(world), "never-was")).toBeUndefined();
    expect((await failure(writer.deregister("srv-missing000000000", "t-80"))).code).toBe("missing");
  });

  it("sets custom health", async () => {
    const { world, writer, pass } = await setUp(implementation);
    const service = addService(world, true);
    await writer.register({ service, instanceId: "t-80", attributes, requestId: "r1" });
    pass(60);
    await writer.setHealth(service, "t-80", "UNHEALTHY");
    pass(60);
    expect(world.cloudMap.instancesOf(service)).toMatchObject([{ instanceId: "t-80", health: "UNHEALTHY" }]);
  });

  it("tells bad input and full registries apart", async () => {
    const { world, writer } = await setUp(implementation);
    const service = addService(world);
    const bad = writer.register({ service, instanceId: "t 80?", attributes, requestId: "r1" });
    expect((await failure(bad)).code).toBe("input");
    for (let index = 0; index < 1_000; index += 1) {
      world.cloudMap.putInstance(service, {
        instanceId: `i-${index}`,
        attributes: { AWS_INSTANCE_IPV4: "10.0.0.1" },
      });
    }
    const full = writer.register({ service, instanceId: "t-80", attributes, requestId: "r2" });
    expect((await failure(full)).code).toBe("limit");
  });

  it("reports a throttle as such", async () => {
    const { world, reader } = await setUp(implementation);
    const service = addService(world);
    const answers: string[] = [];
    for (let calls = 0; calls < 200 && answers.length === 0; calls += 1) {
      await reader.instances(service).catch((error: AppError) => answers.push(error.code));
    }
    expect(answers).toEqual(["throttled"]);
  });
}
