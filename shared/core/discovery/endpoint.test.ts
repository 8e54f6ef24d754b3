// Address and port by network mode, launch type and address family.

import { describe, expect, it } from "vitest";
import { container, host, registryPolicy, view } from "../../../test/support/discovery-builders.ts";
import { containerOf, endpointOf } from "./endpoint.ts";

const bound = (containerPort: number, hostPort: number) => ({ containerPort, hostPort, protocol: "tcp" });
const bridge = (bindings: readonly ReturnType<typeof bound>[], changes: object = {}) =>
  view(
    1,
    { interfaces: [], launchType: "EC2", containers: [container({ bindings })] },
    { host: host(changes) },
  );
const awsvpc = (launchType: string, face: object = { ipv4: "10.0.0.1" }) =>
  view(1, { launchType, interfaces: [face] });

describe("endpointOf", () => {
  it.each([
    { case: "Fargate awsvpc", task: awsvpc("FARGATE"), policy: {}, at: { ipv4: "10.0.0.1", port: 8080 } },
    { case: "EC2 awsvpc", task: awsvpc("EC2"), policy: {}, at: { ipv4: "10.0.0.1", port: 8080 } },
    {
      case: "Managed Instances awsvpc",
      task: awsvpc("MANAGED_INSTANCES"),
      policy: {},
      at: { ipv4: "10.0.0.1", port: 8080 },
    },
    {
      case: "awsvpc without interface address yet",
      task: awsvpc("FARGATE", {}),
      policy: {},
      at: "address-unknown",
    },
    {
      case: "no port asked for",
      task: awsvpc("FARGATE"),
      policy: { port: undefined },
      at: { ipv4: "10.0.0.1" },
    },
    {
      case: "bridge, dynamic port",
      task: bridge([bound(8080, 32_768)]),
      policy: {},
      at: { ipv4: "10.9.0.1", port: 32_768 },
    },
    {
      case: "bridge, the second of two ports",
      task: bridge([bound(80, 32_768), bound(8080, 32_769)]),
      policy: {},
      at: { ipv4: "10.9.0.1", port: 32_769 },
    },
    { case: "bridge, another port only", task: bridge([bound(80, 32_768)]), policy: {}, at: "port-unknown" },
    {
      case: "Windows nat",
      task: {
        ...bridge([bound(8080, 49_153)]),
        fact: { ...bridge([bound(8080, 49_153)]).fact, platformFamily: "Windows" },
      },
      policy: {},
      at: { ipv4: "10.9.0.1", port: 49_153 },
    },
    {
      case: "host mode, bound",
      task: bridge([bound(8080, 8080)]),
      policy: {},
      at: { ipv4: "10.9.0.1", port: 8080 },
    },
    {
      case: "host mode, no binding told",
      task: bridge([]),
      policy: {},
      at: { ipv4: "10.9.0.1", port: 8080 },
    },
    {
      case: "EXTERNAL at the node's address",
      task: { ...bridge([bound(8080, 33_000)], { ec2InstanceId: "mi-1", ipv4: "192.168.7.9" }) },
      policy: {},
      at: { ipv4: "192.168.7.9", port: 33_000 },
    },
    {
      case: "a host that is not known yet",
      task: view(1, { interfaces: [] }),
      policy: {},
      at: "address-unknown",
    },
    {
      case: "IPv6",
      task: awsvpc("FARGATE", { ipv4: "10.0.0.1", ipv6: "fd00::1" }),
      policy: { address: "ipv6" },
      at: { ipv6: "fd00::1", port: 8080 },
    },
    {
      case: "IPv6 wanted, IPv4 only",
      task: awsvpc("FARGATE"),
      policy: { address: "ipv6" },
      at: "address-unknown",
    },
    {
      case: "dualstack",
      task: awsvpc("FARGATE", { ipv4: "10.0.0.1", ipv6: "fd00::1" }),
      policy: { address: "dualstack" },
      at: { ipv4: "10.0.0.1", ipv6: "fd00::1", port: 8080 },
    },
    {
      case: "half a dualstack",
      task: awsvpc("FARGATE"),
      policy: { address: "dualstack" },
      at: "address-unknown",
    },
    {
      case: "IPv6 of the host",
      task: bridge([bound(8080, 1)], { ipv6: "fd00::9" }),
      policy: { address: "ipv6" },
      at: { ipv6: "fd00::9", port: 1 },
    },
    {
      case: "public IP of an interface",
      task: { ...awsvpc("FARGATE"), publicIp: "203.0.113.1" },
      policy: { address: "public" },
      at: { ipv4: "203.0.113.1", port: 8080 },
    },
    {
      case: "public IP not read yet",
      task: awsvpc("FARGATE"),
      policy: { address: "public" },
      at: "address-unknown",
    },
    {
      case: "public IP of the host",
      task: bridge([bound(8080, 2)], { publicIp: "203.0.113.2" }),
      policy: { address: "public" },
      at: { ipv4: "203.0.113.2", port: 2 },
    },
  ] as const)("$case", ({ task, policy, at }) => {
    const { port, ...rest } = registryPolicy();
    const asked = "port" in policy ? rest : { ...rest, ...(port === undefined ? {} : { port }), ...policy };
    expect(endpointOf(task, asked as ReturnType<typeof registryPolicy>)).toEqual(at);
  });
});

describe("containerOf", () => {
  const task = view(1, {
    containers: [
      container({ name: "prepare", lastStatus: "STOPPED" }),
      container({ name: "mesh" }),
      container({ name: "web", bindings: [bound(8080, 9)] }),
    ],
  });
  it.each([
    { case: "the named one", policy: registryPolicy({ container: "mesh" }), name: "mesh" },
    { case: "a name that is not there", policy: registryPolicy({ container: "nope" }), name: undefined },
    { case: "the one that binds the port", policy: registryPolicy(), name: "web" },
    { case: "the first that has not ended", policy: registryPolicy({ port: 1 }), name: "mesh" },
  ])("$case", ({ policy, name }) => {
    expect(containerOf(task, policy)?.name).toBe(name);
  });
});
