// The services of the world together: one clock, one bus, throttled calls.

import { describe, expect, it } from "vitest";
import { epochMs, seconds } from "../../shared/base/time.ts";
import { checkedWorld } from "../models/answer-check.ts";
import { watchEvents } from "../models/event-check.ts";
import type { World, WorldOptions } from "./world.ts";
import { createWorld } from "./world.ts";

const START = Date.UTC(2026, 10, 22);
function worldOf(options: Partial<WorldOptions> = {}): World {
  const world = createWorld({ seed: 7, startAt: epochMs(START), ...options });
  watchEvents(world.kernel);
  return { ...world, ...checkedWorld(world) };
}

const definition = {
  family: "web",
  networkMode: "bridge",
  containerDefinitions: [
    {
      name: "app",
      image: "app:1",
      cpu: 128,
      memory: 128,
      essential: true,
      portMappings: [{ containerPort: 80 }],
    },
  ],
};

function fleet(world: World): void {
  world.ecs.registerContainerInstance({ cluster: "default", kind: "EC2" });
  world.call("ecs", "RegisterTaskDefinition", definition);
  world.call("ecs", "CreateService", {
    cluster: "default",
    serviceName: "web",
    taskDefinition: "web",
    desiredCount: 2,
    launchType: "EC2",
  });
  world.advanceTo(epochMs(world.kernel.now() + seconds(300)));
}

describe("the world", () => {
  it("runs tasks on hosts that EC2 knows, and sends their events over the bus", () => {
    const bodies: string[] = [];
    const deliver = (_: object, { body }: { readonly body: string }) => {
      bodies.push(body);
      return "delivered" as const;
    };
    const world = worldOf({ delivery: { deliver } });
    const EventPattern = JSON.stringify({ source: ["aws.ecs"], "detail-type": ["ECS Task State Change"] });
    world.call("events", "PutRule", { Name: "tasks", EventPattern });
    world.call("events", "PutTargets", {
      Rule: "tasks",
      Targets: [{ Id: "q", Arn: world.kernel.arn("sqs", "q") }],
    });
    fleet(world);
    const [host] = [...world.ecs.hosts()];
    expect([...world.ecs.runningTasks()].map((task) => task.lastStatus)).toEqual(["RUNNING", "RUNNING"]);
    expect(world.call("ec2", "DescribeInstances", { InstanceIds: [host?.ec2InstanceId] })).toMatchObject({
      Reservations: [{ Instances: [{ PrivateIpAddress: host?.privateIp }] }],
    });
    expect(bodies.some((body) => body.includes('"lastStatus":"RUNNING"'))).toBe(true);
  });

  it("gives SSM's address of an ECS Anywhere host", () => {
    const world = worldOf();
    const host = world.ecs.registerContainerInstance({ cluster: "default", kind: "EXTERNAL" });
    const Filters = [{ Key: "InstanceIds", Values: [host.ec2InstanceId] }];
    expect(host.ec2InstanceId).toMatch(/^mi-/);
    expect(world.call("ssm", "DescribeInstanceInformation", { Filters })).toMatchObject({
      InstanceInformationList: [{ InstanceId: host.ec2InstanceId, IPAddress: host.privateIp }],
    });
  });

  it("refuses calls above a bucket, without effect, until virtual time refills it", () => {
    const world = worldOf();
    const namespace = world.cloudMap.addNamespace({ name: "shop", type: "HTTP" });
    const service = world.cloudMap.addService({ namespaceId: namespace.id, name: "web" });
    const register = (id: number) =>
      world.call("servicediscovery", "RegisterInstance", {
        ServiceId: service.id,
        InstanceId: `i${id}`,
        Attributes: {},
      });
    for (let id = 0; id < 100; id += 1) register(id);
    expect(() => register(100)).toThrow(expect.objectContaining({ name: "ThrottlingException" }));
    world.advanceTo(epochMs(START + 1_000));
    expect(world.cloudMap.instancesOf(service.id)).toHaveLength(100);
    expect(() => register(100)).not.toThrow();
    expect(world.throttle.callCounts()).toEqual({ "servicediscovery.RegisterInstance": 102 });
  });

  it("only counts when throttling is off", () => {
    const world = worldOf({ throttling: false });
    for (let index = 0; index < 200; index += 1)
      world.call("ecs", "DescribeClusters", { clusters: ["default"] });
    expect(world.throttle.bucketUse()).toEqual([
      { name: "ecs cluster read", calls: 200, throttled: 150, peakShare: 1 },
    ]);
  });

  it("names what it does not model", () => {
    const world = worldOf();
    expect(world.has("ecs", "RunTask")).toBe(true);
    expect(world.has("ecs", "toString")).toBe(false);
    expect(() => world.call("ec2", "RunInstances", {})).toThrow(
      expect.objectContaining({
        name: "UnknownOperationException",
        message: expect.stringContaining("ec2 RunInstances"),
      }),
    );
  });

  it("is the same again from the same seed", () => {
    const run = (seed: number): string => {
      const world = worldOf({ seed });
      const seen: unknown[] = [];
      world.kernel.onEvent((event) => seen.push(event));
      fleet(world);
      return JSON.stringify(seen);
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });
});
