// Namespaces and services, of this account and of others.

import type { GetServiceResponse, ListNamespacesResponse } from "@aws-sdk/client-servicediscovery";
import { describe, expect, it } from "vitest";
import { fixture } from "./test-fixture.ts";

describe("namespaces and services", () => {
  it("come by operations, and go only when empty", () => {
    const world = fixture();
    const input = { Name: "corp.local", Vpc: "vpc-1", Tags: [{ Key: "team", Value: "x" }] };
    world.call("CreatePrivateDnsNamespace", input);
    expect(world.refusal("CreatePrivateDnsNamespace", input).name).toBe("DuplicateRequest");
    world.pass(10_000);
    expect(world.refusal("CreatePrivateDnsNamespace", input).name).toBe("NamespaceAlreadyExists");
    const Filters = [{ Name: "NAME", Values: ["corp.local"] }];
    const [found] = world.call<ListNamespacesResponse>("ListNamespaces", { Filters }).Namespaces ?? [];
    expect(found?.Type).toBe("DNS_PRIVATE");
    expect(world.call("ListTagsForResource", { ResourceARN: found?.Arn })).toEqual({ Tags: input.Tags });
    const DnsConfig = { DnsRecords: [{ Type: "A", TTL: 10 }] };
    world.call("CreateService", { Name: "api", NamespaceId: found?.Id, DnsConfig });
    expect(world.refusal("DeleteNamespace", { Id: found?.Id }).name).toBe("ResourceInUse");
    const again = { Name: "API", NamespaceId: found?.Id, DnsConfig };
    expect(world.refusal("CreateService", again).name).toBe("ServiceAlreadyExists");
  });

  it("keep a service that still has instances, and give a new one of that name the same id", () => {
    const world = fixture();
    const namespaceId = world.call<GetServiceResponse>("GetService", { Id: world.serviceId }).Service
      ?.NamespaceId;
    world.cloudMap.putInstance(world.serviceId, { instanceId: "a", attributes: {} });
    expect(world.refusal("DeleteService", { Id: world.serviceId }).name).toBe("ResourceInUse");
    world.cloudMap.removeInstance(world.serviceId, "a");
    world.call("DeleteService", { Id: world.serviceId });
    expect(world.refusal("GetService", { Id: world.serviceId }).name).toBe("ServiceNotFound");
    const created = world.call("CreateService", { Name: "web", NamespaceId: namespaceId });
    expect(created).toMatchObject({ Service: { Id: world.serviceId, InstanceCount: 0 } });
  });

  it("of another account answer to the ARN, with OwnerAccount, and not to the bare id", () => {
    const world = fixture();
    const owner = "444455556666";
    const namespace = world.cloudMap.addNamespace({ name: "shared", type: "HTTP", owner });
    const service = world.cloudMap.addService({ namespaceId: namespace.id, name: "api" });
    const instance = { InstanceId: "a", Attributes: { AWS_INSTANCE_IPV4: "10.0.0.1" } };
    expect(service.arn).toContain(`:${owner}:service/`);
    expect(world.refusal("RegisterInstance", { ServiceId: service.id, ...instance }).name).toBe(
      "ServiceNotFound",
    );
    const { OperationId } = world.call("RegisterInstance", { ServiceId: service.arn, ...instance });
    expect(world.refusal("GetOperation", { OperationId }).name).toBe("OperationNotFound");
    expect(world.call("GetOperation", { OperationId, OwnerAccount: owner })["Operation"]).toMatchObject({
      OwnerAccount: owner,
    });
    world.pass(1_000);
    const lookup = { NamespaceName: "shared", ServiceName: "api" };
    expect(world.refusal("DiscoverInstances", lookup).name).toBe("NamespaceNotFound");
    expect(world.call("DiscoverInstances", { ...lookup, OwnerAccount: owner })["Instances"]).toHaveLength(1);
  });

  it("are not updated while another account has instances there", () => {
    const world = fixture();
    const instance = { instanceId: "a", attributes: {}, createdBy: "444455556666" };
    world.cloudMap.putInstance(world.serviceId, instance);
    expect(world.call("ListInstances", { ServiceId: world.serviceId })["Instances"]).toMatchObject([
      { Id: "a", CreatedByAccount: "444455556666" },
    ]);
    const update = { Id: world.serviceId, Service: { Description: "x" } };
    expect(world.refusal("UpdateService", update).name).toBe("InvalidInput");
  });
});
