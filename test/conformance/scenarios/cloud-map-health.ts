// Cloud Map: custom health of instances, and a private DNS namespace with its rules for attributes.
import type { Scenario } from "../scenario.ts";
import { absent, anyOrder, matches, present } from "../scenario.ts";

export const cloudMapHealth: Scenario = {
  name: "cloud-map-health",
  about: "custom health, private DNS namespace, required attributes",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "create private DNS namespace",
      call: "servicediscovery.CreatePrivateDnsNamespace",
      input: { Name: "dock.internal", Vpc: "vpc-0a1b2c3d", CreatorRequestId: "p1" },
      saves: { namespaceOperation: "OperationId" },
    },
    {
      name: "namespace operation succeeds",
      call: "servicediscovery.GetOperation",
      input: { OperationId: "<namespaceOperation>" },
      until: { "Operation.Status": "SUCCESS" },
      expect: { "Operation.Type": "CREATE_NAMESPACE" },
      saves: { namespace: "Operation.Targets.NAMESPACE" },
    },
    {
      name: "get namespace",
      call: "servicediscovery.GetNamespace",
      input: { Id: "<namespace>" },
      expect: {
        "Namespace.Type": "DNS_PRIVATE",
        "Namespace.Properties.DnsProperties.HostedZoneId": matches(/^Z?[A-Z0-9]+$/),
        "Namespace.Properties.HttpProperties.HttpName": "dock.internal",
      },
    },
    {
      name: "create service with A records and custom health",
      call: "servicediscovery.CreateService",
      input: {
        Name: "api",
        NamespaceId: "<namespace>",
        DnsConfig: { RoutingPolicy: "MULTIVALUE", DnsRecords: [{ Type: "A", TTL: 15 }] },
        HealthCheckCustomConfig: { FailureThreshold: 1 },
      },
      expect: {
        "Service.Type": "DNS_HTTP",
        "Service.DnsConfig.DnsRecords": [{ Type: "A", TTL: 15 }],
        "Service.DnsConfig.RoutingPolicy": "MULTIVALUE",
        "Service.HealthCheckCustomConfig.FailureThreshold": 1,
        "Service.HealthCheckConfig": absent,
      },
      saves: { service: "Service.Id" },
    },
    {
      name: "register healthy",
      call: "servicediscovery.RegisterInstance",
      input: {
        ServiceId: "<service>",
        InstanceId: "good",
        CreatorRequestId: "h1",
        Attributes: { AWS_INSTANCE_IPV4: "10.1.0.1", AWS_INIT_HEALTH_STATUS: "HEALTHY" },
      },
      saves: { first: "OperationId" },
    },
    {
      name: "register unhealthy",
      call: "servicediscovery.RegisterInstance",
      input: {
        ServiceId: "<service>",
        InstanceId: "bad",
        CreatorRequestId: "h2",
        Attributes: { AWS_INSTANCE_IPV4: "10.1.0.2", AWS_INIT_HEALTH_STATUS: "UNHEALTHY" },
      },
      saves: { second: "OperationId" },
    },
    {
      name: "first registration succeeds",
      call: "servicediscovery.GetOperation",
      input: { OperationId: "<first>" },
      until: { "Operation.Status": "SUCCESS" },
    },
    {
      name: "second registration succeeds",
      call: "servicediscovery.GetOperation",
      input: { OperationId: "<second>" },
      until: { "Operation.Status": "SUCCESS" },
    },
    {
      name: "discover healthy",
      call: "servicediscovery.DiscoverInstances",
      input: { NamespaceName: "dock.internal", ServiceName: "api", HealthStatus: "HEALTHY" },
      expect: { "Instances.*.InstanceId": ["good"], "Instances.*.HealthStatus": ["HEALTHY"] },
    },
    {
      name: "discover all",
      call: "servicediscovery.DiscoverInstances",
      input: { NamespaceName: "dock.internal", ServiceName: "api", HealthStatus: "ALL" },
      expect: {
        "Instances.*.InstanceId": anyOrder("good", "bad"),
        "Instances.[InstanceId=bad].HealthStatus": "UNHEALTHY",
      },
    },
    {
      name: "discover unhealthy",
      call: "servicediscovery.DiscoverInstances",
      input: { NamespaceName: "dock.internal", ServiceName: "api", HealthStatus: "UNHEALTHY" },
      expect: { "Instances.*.InstanceId": ["bad"] },
    },
    {
      name: "health of all",
      call: "servicediscovery.GetInstancesHealthStatus",
      input: { ServiceId: "<service>" },
      expect: { Status: { good: "HEALTHY", bad: "UNHEALTHY" } },
    },
    {
      name: "report healthy",
      call: "servicediscovery.UpdateInstanceCustomHealthStatus",
      input: { ServiceId: "<service>", InstanceId: "bad", Status: "HEALTHY" },
    },
    {
      name: "becomes healthy",
      call: "servicediscovery.GetInstancesHealthStatus",
      input: { ServiceId: "<service>", Instances: ["bad"] },
      until: { Status: { bad: "HEALTHY" } },
    },
    {
      name: "both are discovered",
      call: "servicediscovery.DiscoverInstances",
      input: { NamespaceName: "dock.internal", ServiceName: "api", HealthStatus: "HEALTHY" },
      expect: { "Instances.*.InstanceId": anyOrder("good", "bad") },
    },
    {
      name: "health of unknown instance",
      call: "servicediscovery.UpdateInstanceCustomHealthStatus",
      input: { ServiceId: "<service>", InstanceId: "nobody", Status: "HEALTHY" },
      fails: ["InstanceNotFound", 400],
    },
    {
      name: "health of an instance in unknown service",
      call: "servicediscovery.UpdateInstanceCustomHealthStatus",
      input: { ServiceId: "srv-aaaaaaaaaaaaaaaa", InstanceId: "good", Status: "HEALTHY" },
      fails: ["ServiceNotFound", 400],
    },
    {
      name: "A record without an address",
      call: "servicediscovery.RegisterInstance",
      input: { ServiceId: "<service>", InstanceId: "lost", Attributes: { AWS_INSTANCE_PORT: "80" } },
      fails: ["InvalidInput", 400],
    },
    {
      name: "service without health checks",
      call: "servicediscovery.CreateService",
      input: {
        Name: "plain",
        NamespaceId: "<namespace>",
        DnsConfig: { DnsRecords: [{ Type: "SRV", TTL: 15 }] },
      },
      expect: { "Service.Id": present, "Service.DnsConfig.RoutingPolicy": "MULTIVALUE" },
      saves: { plain: "Service.Id" },
    },
    {
      name: "SRV record without a port",
      call: "servicediscovery.RegisterInstance",
      input: { ServiceId: "<plain>", InstanceId: "lost", Attributes: { AWS_INSTANCE_IPV4: "10.1.0.9" } },
      fails: ["InvalidInput", 400],
    },
    {
      name: "register with a port",
      call: "servicediscovery.RegisterInstance",
      input: {
        ServiceId: "<plain>",
        InstanceId: "ported",
        CreatorRequestId: "h3",
        Attributes: { AWS_INSTANCE_IPV4: "10.1.0.9", AWS_INSTANCE_PORT: "80" },
      },
      saves: { third: "OperationId" },
    },
    {
      name: "third registration succeeds",
      call: "servicediscovery.GetOperation",
      input: { OperationId: "<third>" },
      until: { "Operation.Status": "SUCCESS" },
    },
    {
      name: "custom health where there is none",
      call: "servicediscovery.UpdateInstanceCustomHealthStatus",
      input: { ServiceId: "<plain>", InstanceId: "ported", Status: "HEALTHY" },
      fails: ["CustomHealthNotFound", 400],
    },
    {
      name: "update the TTL",
      call: "servicediscovery.UpdateService",
      input: {
        Id: "<service>",
        Service: { Description: "new", DnsConfig: { DnsRecords: [{ Type: "A", TTL: 5 }] } },
      },
      saves: { update: "OperationId" },
    },
    {
      name: "update succeeds",
      call: "servicediscovery.GetOperation",
      input: { OperationId: "<update>" },
      until: { "Operation.Status": "SUCCESS" },
      expect: { "Operation.Type": "UPDATE_SERVICE" },
    },
    {
      name: "the service has the new TTL",
      call: "servicediscovery.GetService",
      input: { Id: "<service>" },
      expect: {
        "Service.DnsConfig.DnsRecords": [{ Type: "A", TTL: 5 }],
        "Service.Description": "new",
        "Service.InstanceCount": 2,
      },
    },
    {
      name: "operations of the service",
      call: "servicediscovery.ListOperations",
      input: {
        Filters: [
          { Name: "SERVICE_ID", Values: ["<service>"], Condition: "EQ" },
          { Name: "TYPE", Values: ["REGISTER_INSTANCE"], Condition: "EQ" },
        ],
      },
      expect: { "Operations.*.Id": anyOrder("<first>", "<second>") },
    },
  ],
};
