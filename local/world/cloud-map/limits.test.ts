// What Cloud Map refuses: quotas, ids, attributes, and what the records of a service need.

import { describe, expect, it } from "vitest";
import type { Fixture } from "./test-fixture.ts";
import { fixture } from "./test-fixture.ts";

describe("limits", () => {
  const fill = (world: Fixture, serviceId: string, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      world.cloudMap.putInstance(serviceId, { instanceId: `i${index}`, attributes: {} });
    }
  };

  it("refuses instance 1,001 of a service, those under way included, and still takes updates", () => {
    const world = fixture();
    fill(world, world.serviceId, 999);
    world.register("last");
    const more = { ServiceId: world.serviceId, InstanceId: "more", Attributes: {} };
    expect(world.refusal("RegisterInstance", more).name).toBe("ResourceLimitExceeded");
    expect(() => world.register("i1")).not.toThrow();
  });

  it("refuses instance 2,001 of a namespace", () => {
    const world = fixture();
    const namespace = world.cloudMap.addNamespace({ name: "big", type: "HTTP" });
    const [a, b, c] = ["a", "b", "c"].map(
      (name) => world.cloudMap.addService({ namespaceId: namespace.id, name }).id,
    );
    fill(world, a as string, 1_000);
    fill(world, b as string, 999);
    world.call("RegisterInstance", { ServiceId: c, InstanceId: "fits", Attributes: {} });
    const more = { ServiceId: b, InstanceId: "more", Attributes: {} };
    expect(world.refusal("RegisterInstance", more).name).toBe("ResourceLimitExceeded");
    world.cloudMap.setNamespaceQuota(3_000);
    expect(() => world.call("RegisterInstance", more)).not.toThrow();
  });

  it.each([
    ["an id with a space", "a b", {}],
    ["a long id", "x".repeat(65), {}],
    ["31 custom attributes", "a", Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`k${n}`, "v"]))],
    ["a long key", "a", { ["k".repeat(256)]: "v" }],
    ["a long value", "a", { k: "v".repeat(1_025) }],
    ["an umlaut", "a", { k: "ä" }],
    [
      "more than 5,000 characters",
      "a",
      Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`k${n}`, "v".repeat(1_000)])),
    ],
    ["an unknown reserved name", "a", { AWS_WEIGHT: "1" }],
    ["a wrong address", "a", { AWS_INSTANCE_IPV4: "10.0.0.256" }],
    ["a wrong port", "a", { AWS_INSTANCE_PORT: "70000" }],
    ["initial health without a custom check", "a", { AWS_INIT_HEALTH_STATUS: "HEALTHY" }],
    ["an EC2 instance id with other attributes", "a", { AWS_EC2_INSTANCE_ID: "i-1", k: "v" }],
  ])("refuses %s as InvalidInput", (_, InstanceId, Attributes) => {
    const world = fixture();
    expect(
      world.refusal("RegisterInstance", { ServiceId: world.serviceId, InstanceId, Attributes }).name,
    ).toBe("InvalidInput");
  });

  it("takes what is just within the limits", () => {
    const world = fixture();
    const attributes = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`k${n}`, "v".repeat(160)]));
    expect(() => world.register("x".repeat(64), { ...attributes, AWS_INSTANCE_PORT: "65535" })).not.toThrow();
  });

  it("wants what the service's records need", () => {
    const dns = {
      RoutingPolicy: "MULTIVALUE",
      DnsRecords: [
        { Type: "SRV", TTL: 10 },
        { Type: "A", TTL: 10 },
      ],
    } as const;
    const world = fixture({ dns: { ...dns, DnsRecords: [...dns.DnsRecords] } });
    const attempt = (Attributes: object) =>
      world.refusal("RegisterInstance", { ServiceId: world.serviceId, InstanceId: "a", Attributes }).message;
    expect(attempt({ AWS_INSTANCE_PORT: "80" })).toContain("AWS_INSTANCE_IPV4");
    expect(attempt({ AWS_INSTANCE_IPV4: "10.0.0.1" })).toContain("AWS_INSTANCE_PORT");
    expect(() =>
      world.register("a", { AWS_INSTANCE_IPV4: "10.0.0.1", AWS_INSTANCE_PORT: "80" }),
    ).not.toThrow();
  });

  it("fills the address in for an EC2 instance id", () => {
    const world = fixture();
    world.register("a", { AWS_EC2_INSTANCE_ID: "i-1" });
    world.pass(1_000);
    expect(world.cloudMap.instancesOf(world.serviceId)[0]?.attributes["AWS_INSTANCE_IPV4"]).toBe("10.0.0.9");
  });
});
