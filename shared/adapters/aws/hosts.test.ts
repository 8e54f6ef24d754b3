// HostReader where AWS misbehaves; over the local AWS it is tested in test/contract.

import { describe, expect, it } from "vitest";
import type { EpochMs } from "../../base/time.ts";
import type { AwsClient } from "./client.ts";
import { createHostReader } from "./hosts.ts";
import { unpaced } from "./pace.ts";

const CLUSTER = "arn:aws:ecs:us-east-1:111122223333:cluster/prod";
const arnOf = (id: string): string => `arn:aws:ecs:us-east-1:111122223333:container-instance/prod/${id}`;

type Answer = (input: Readonly<Record<string, never>>) => object;

/** AWS as seen from here: answers by operation name, and the names of all calls. */
function setUp(answers: Readonly<Record<string, Answer>>) {
  const calls: string[] = [];
  let now = 0;
  const client: AwsClient = {
    send: async (command: { readonly input: Record<string, never> }) => {
      const operation = command.constructor.name.replace("Command", "");
      calls.push(operation);
      return answers[operation]?.(command.input);
    },
  };
  const to = { client, pace: unpaced };
  const reader = createHostReader({ ecs: to, ec2: to, ssm: to, clock: { now: () => now as EpochMs } });
  return {
    reader,
    calls,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const containerInstances =
  (...ids: string[]): Answer =>
  () => ({
    containerInstances: ids.map((id) => ({
      containerInstanceArn: arnOf(id),
      ec2InstanceId: id,
      status: "ACTIVE",
      version: 3,
    })),
  });

const notFound = (name: string) =>
  Object.assign(new Error("gone"), { name, $metadata: { httpStatusCode: 400 } });

describe("hosts", () => {
  it("are read once and remembered for 10 minutes", async () => {
    const { reader, calls, pass } = setUp({
      DescribeContainerInstances: containerInstances("i-1"),
      DescribeInstances: () => ({
        Reservations: [{ Instances: [{ InstanceId: "i-1", PrivateIpAddress: "10.0.0.9" }] }],
      }),
    });
    const expected = [
      {
        containerInstanceArn: arnOf("i-1"),
        ec2InstanceId: "i-1",
        status: "ACTIVE",
        version: 3,
        ipv4: "10.0.0.9",
      },
    ];
    expect(await reader.hosts(CLUSTER, [arnOf("i-1"), arnOf("i-1")])).toEqual(expected);
    pass(599_999);
    expect(await reader.hosts(CLUSTER, [arnOf("i-1")])).toEqual(expected);
    expect(calls).toEqual(["DescribeContainerInstances", "DescribeInstances"]);
    pass(1);
    await reader.hosts(CLUSTER, [arnOf("i-1")]);
    expect(calls.length).toBe(4);
  });

  it("without an address are left out, and asked for again", async () => {
    const { reader, calls } = setUp({
      DescribeContainerInstances: containerInstances("i-1"),
      DescribeInstances: () => ({
        Reservations: [{ Instances: [{ InstanceId: "i-1", PublicIpAddress: "" }] }],
      }),
    });
    expect(await reader.hosts(CLUSTER, [arnOf("i-1")])).toEqual([]);
    await reader.hosts(CLUSTER, [arnOf("i-1")]);
    expect(calls.length).toBe(4);
  });

  it("are found although EC2 refuses the call for one that is gone", async () => {
    const { reader } = setUp({
      DescribeContainerInstances: containerInstances("i-1", "i-2"),
      DescribeInstances: (input) => {
        if ("InstanceIds" in input) throw notFound("InvalidInstanceID.NotFound");
        return { Reservations: [{ Instances: [{ InstanceId: "i-2", Ipv6Address: "2001:db8::2" }] }] };
      },
    });
    const hosts = await reader.hosts(CLUSTER, [arnOf("i-1"), arnOf("i-2")]);
    expect(hosts).toMatchObject([{ ec2InstanceId: "i-2", ipv6: "2001:db8::2" }]);
  });

  it("outside AWS have the address that SSM knows", async () => {
    const { reader, calls } = setUp({
      DescribeContainerInstances: containerInstances("mi-1"),
      DescribeInstanceInformation: () => ({
        InstanceInformationList: [{ InstanceId: "mi-1", IPAddress: "192.168.1.4" }],
      }),
    });
    expect(await reader.hosts(CLUSTER, [arnOf("mi-1")])).toMatchObject([{ ipv4: "192.168.1.4" }]);
    expect(calls).toEqual(["DescribeContainerInstances", "DescribeInstanceInformation"]);
  });
});

describe("public addresses", () => {
  it("are found although one interface is gone and one has none", async () => {
    const { reader } = setUp({
      DescribeNetworkInterfaces: (input) => {
        if ("NetworkInterfaceIds" in input) throw notFound("InvalidNetworkInterfaceID.NotFound");
        return {
          NetworkInterfaces: [
            { NetworkInterfaceId: "eni-1", Association: { PublicIp: "198.51.100.7" } },
            { NetworkInterfaceId: "eni-2" },
          ],
        };
      },
    });
    expect(await reader.publicIps(["eni-1", "eni-2", "eni-3"])).toEqual({ "eni-1": "198.51.100.7" });
  });
});
