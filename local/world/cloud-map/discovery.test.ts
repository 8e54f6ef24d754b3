// What clients of the registry see: health, revisions, filters and pages.

import type { ListInstancesResponse } from "@aws-sdk/client-servicediscovery";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../shared/base/time.ts";
import type { Fixture, Found } from "./test-fixture.ts";
import { fixture, names } from "./test-fixture.ts";

describe("custom health", () => {
  const health = (world: Fixture) => world.cloudMap.instancesOf(world.serviceId)[0]?.health;
  const set = (world: Fixture, Status: string) =>
    world.call("UpdateInstanceCustomHealthStatus", { ServiceId: world.serviceId, InstanceId: "a", Status });
  const registered = (): Fixture => {
    const world = fixture({ customHealth: true });
    world.cloudMap.putInstance(world.serviceId, { instanceId: "a", attributes: {} });
    return world;
  };

  it("applies 30 s after the first request, repeats or not, and leaves the revision", () => {
    const world = registered();
    const revision = world.cloudMap.revisionOf(world.serviceId);
    set(world, "UNHEALTHY");
    world.pass(seconds(20));
    set(world, "UNHEALTHY");
    world.pass(seconds(9.999));
    expect(health(world)).toBe("HEALTHY");
    world.pass(1);
    expect(health(world)).toBe("UNHEALTHY");
    expect(world.cloudMap.revisionOf(world.serviceId)).toBe(revision);
  });

  it("is withdrawn by the opposite request within 30 s", () => {
    const world = registered();
    set(world, "UNHEALTHY");
    world.pass(seconds(29));
    set(world, "HEALTHY");
    world.pass(seconds(60));
    expect(health(world)).toBe("HEALTHY");
  });

  it("is refused without a custom check or an instance", () => {
    const world = fixture();
    world.cloudMap.putInstance(world.serviceId, { instanceId: "a", attributes: {} });
    const input = { ServiceId: world.serviceId, InstanceId: "a", Status: "HEALTHY" };
    expect(world.refusal("UpdateInstanceCustomHealthStatus", input).name).toBe("CustomHealthNotFound");
    const missing = { ...input, InstanceId: "b" };
    expect(world.refusal("UpdateInstanceCustomHealthStatus", missing).name).toBe("InstanceNotFound");
  });

  it("starts as AWS_INIT_HEALTH_STATUS says, and filters discovery", () => {
    const world = registered();
    world.register("b", { AWS_INIT_HEALTH_STATUS: "UNHEALTHY" });
    world.pass(1_000);
    const found = (HealthStatus: string) =>
      world
        .call<Found>("DiscoverInstances", { ...names, HealthStatus })
        .Instances.map((one) => one.InstanceId)
        .sort();
    expect(found("HEALTHY")).toEqual(["a"]);
    expect(found("UNHEALTHY")).toEqual(["b"]);
    expect(found("ALL")).toEqual(["a", "b"]);
    set(world, "UNHEALTHY");
    world.pass(seconds(30));
    expect(found("HEALTHY")).toEqual([]);
    expect(found("HEALTHY_OR_ELSE_ALL")).toEqual(["a", "b"]);
  });
});

describe("discovery", () => {
  it("raises the revision on register and deregister", () => {
    const world = fixture();
    const revision = () => world.call("DiscoverInstancesRevision", names)["InstancesRevision"];
    const seen = [revision()];
    world.register("a");
    seen.push(revision());
    world.pass(1_000);
    seen.push(revision());
    world.call("DeregisterInstance", { ServiceId: world.serviceId, InstanceId: "a" });
    world.pass(1_000);
    seen.push(revision());
    expect(seen).toEqual([1, 1, 2, 3]);
  });

  it("answers at most 100 by default and 1,000 on request, in seeded random order", () => {
    const world = fixture();
    for (let index = 0; index < 150; index += 1) {
      world.cloudMap.putInstance(world.serviceId, {
        instanceId: `i${String(index).padStart(3, "0")}`,
        attributes: {},
      });
    }
    const ids = (input: object) =>
      world.call<Found>("DiscoverInstances", { ...names, ...input }).Instances.map((one) => one.InstanceId);
    expect(ids({})).toHaveLength(100);
    const all = ids({ MaxResults: 1_000 });
    expect(all).toHaveLength(150);
    expect(all).not.toEqual([...all].sort());
    expect(world.refusal("DiscoverInstances", { ...names, MaxResults: 1_001 }).name).toBe("InvalidInput");
  });

  it("wants all query parameters and prefers, but does not want, the optional ones", () => {
    const world = fixture();
    world.cloudMap.putInstance(world.serviceId, { instanceId: "a", attributes: { v: "1", az: "1a" } });
    world.cloudMap.putInstance(world.serviceId, { instanceId: "b", attributes: { v: "1", az: "1b" } });
    const count = (QueryParameters: object, OptionalParameters = {}) =>
      world.call<Found>("DiscoverInstances", { ...names, QueryParameters, OptionalParameters }).Instances
        .length;
    expect(count({ v: "1" })).toBe(2);
    expect(count({ v: "2" })).toBe(0);
    expect(count({ v: "1" }, { az: "1a" })).toBe(1);
    expect(count({ v: "1" }, { az: "1c" })).toBe(2);
  });

  it("lists instances by pages of 100", () => {
    const world = fixture();
    for (let index = 0; index < 230; index += 1) {
      world.cloudMap.putInstance(world.serviceId, { instanceId: `i${index}`, attributes: {} });
    }
    const sizes: number[] = [];
    const seen = new Set<string>();
    let NextToken: string | undefined;
    do {
      const page: ListInstancesResponse = world.call("ListInstances", {
        ServiceId: world.serviceId,
        NextToken,
      });
      sizes.push(page.Instances?.length ?? 0);
      for (const one of page.Instances ?? []) seen.add(one.Id ?? "");
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(sizes).toEqual([100, 100, 30]);
    expect(seen.size).toBe(230);
  });
});
