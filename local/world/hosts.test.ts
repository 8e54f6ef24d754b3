// EC2 and SSM reads over a plain list of hosts.

import { describe, expect, it } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import { checkedOperations } from "../models/answer-check.ts";
import type { WorldHost, WorldInterface } from "./hosts.ts";
import { ec2Operations, ssmOperations } from "./hosts.ts";
import { createKernel } from "./kernel.ts";

const nodes: WorldHost[] = Array.from({ length: 12 }, (_, n) => ({
  hostId: `mi-0123456789abcdef${n.toString(16)}`,
  privateIp: `192.168.0.${n}`,
}));
const instance: WorldHost = {
  hostId: "i-0123456789abcdef0",
  privateIp: "10.128.0.17",
  publicIp: "198.18.0.1",
  instanceType: "m7g.large",
  availabilityZone: "us-east-1a",
};
const eni: WorldInterface = {
  eniId: "eni-1",
  subnetId: "subnet-1",
  ipv4: "10.0.0.17",
  publicIp: "198.18.0.2",
};
const hosts = [instance, ...nodes];
const source = {
  hosts: () => hosts,
  host: (id: string) => hosts.find((host) => host.hostId === id),
  networkInterface: (id: string) => (id === eni.eniId ? eni : undefined),
};
const operations = {
  ...checkedOperations("ec2", ec2Operations(createKernel({ seed: 1, startAt: epochMs(0) }), source)),
  ...checkedOperations("ssm", ssmOperations(source)),
};
const call = (operation: string, input: object): object => operations[operation]?.(input as never) ?? {};

describe("DescribeInstances", () => {
  it("answers addresses, type and zone", () => {
    expect(call("DescribeInstances", { InstanceIds: [instance.hostId] })).toMatchObject({
      Reservations: [
        {
          Instances: [
            {
              InstanceId: instance.hostId,
              PrivateIpAddress: "10.128.0.17",
              PublicIpAddress: "198.18.0.1",
              InstanceType: "m7g.large",
              Placement: { AvailabilityZone: "us-east-1a" },
            },
          ],
        },
      ],
    });
  });

  it("is refused as a whole for one unknown or malformed id", () => {
    const attempt = (id: string) => () => call("DescribeInstances", { InstanceIds: [instance.hostId, id] });
    expect(attempt("i-0123456789abcdef1")).toThrow(
      expect.objectContaining({ name: "InvalidInstanceID.NotFound" }),
    );
    expect(attempt("mi-0123456789abcdef0")).toThrow(
      expect.objectContaining({ name: "InvalidInstanceID.Malformed" }),
    );
  });
});

it("DescribeNetworkInterfaces answers the associated public address", () => {
  expect(call("DescribeNetworkInterfaces", { NetworkInterfaceIds: ["eni-1"] })).toMatchObject({
    NetworkInterfaces: [{ PrivateIpAddress: "10.0.0.17", Association: { PublicIp: "198.18.0.2" } }],
  });
  expect(() => call("DescribeNetworkInterfaces", { NetworkInterfaceIds: ["eni-2"] })).toThrow(
    expect.objectContaining({ name: "InvalidNetworkInterfaceID.NotFound" }),
  );
});

describe("DescribeInstanceInformation", () => {
  it("leaves unknown nodes out", () => {
    const Filters = [{ Key: "InstanceIds", Values: [nodes[3]?.hostId, "mi-unknown"] }];
    expect(call("DescribeInstanceInformation", { Filters })).toEqual({
      InstanceInformationList: [
        expect.objectContaining({
          InstanceId: nodes[3]?.hostId,
          IPAddress: "192.168.0.3",
          ResourceType: "ManagedInstance",
        }),
      ],
    });
  });

  it("answers 10 nodes a page by default", () => {
    const Filters = [{ Key: "InstanceIds", Values: nodes.map((node) => node.hostId) }];
    const first = call("DescribeInstanceInformation", { Filters });
    expect(first).toMatchObject({ NextToken: "10", InstanceInformationList: { length: 10 } });
    const second = call("DescribeInstanceInformation", { Filters, NextToken: "10" });
    expect(second).toMatchObject({ InstanceInformationList: { length: 2 } });
    expect(second).not.toHaveProperty("NextToken");
  });
});
