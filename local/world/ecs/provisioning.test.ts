// RunTask with a provider that ECS scales: tasks wait in PROVISIONING for a host.

import type { ManagedScalingStatus } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFixture } from "./ecs-fixture.ts";

const onManaged = {
  taskDefinition: "bridge",
  capacityProviderStrategy: [{ capacityProvider: "mi", weight: 1 }],
};
const onGroup = {
  taskDefinition: "bridge",
  capacityProviderStrategy: [{ capacityProvider: "asg", weight: 1 }],
};

function withManaged(): Fixture {
  const fixture = createFixture();
  fixture.ecs.operations.CreateCapacityProvider({
    name: "mi",
    cluster: "default",
    managedInstancesProvider: {
      infrastructureRoleArn: "arn:role",
      instanceLaunchTemplate: {
        ec2InstanceProfileArn: "arn:profile",
        networkConfiguration: { subnets: ["subnet-1"] },
      },
    },
  });
  return fixture;
}

function withGroup(status: ManagedScalingStatus): Fixture {
  const fixture = createFixture();
  const { operations } = fixture.ecs;
  operations.CreateCapacityProvider({
    name: "asg",
    autoScalingGroupProvider: { autoScalingGroupArn: "arn:asg", managedScaling: { status } },
  });
  operations.PutClusterCapacityProviders({
    cluster: "default",
    capacityProviders: ["asg"],
    defaultCapacityProviderStrategy: [],
  });
  return fixture;
}

const described = (fixture: Fixture, arn: string) =>
  fixture.ecs.operations.DescribeTasks({ tasks: [arn] }).tasks?.[0] ?? {};

describe("RunTask without room", () => {
  it("waits in PROVISIONING until Managed Instances has made a host", () => {
    const fixture = withManaged();
    const { tasks = [], failures } = fixture.ecs.operations.RunTask({ ...onManaged, count: 2 });
    expect(failures).toEqual([]);
    expect(tasks).toMatchObject(
      [1, 2].map(() => ({
        lastStatus: "PROVISIONING",
        desiredStatus: "RUNNING",
        capacityProviderName: "mi",
      })),
    );
    expect(tasks[0]).not.toHaveProperty("containerInstanceArn");
    fixture.advance(200);
    const [host] = [...fixture.ecs.hosts()];
    for (const { taskArn = "" } of tasks) {
      expect(fixture.walk(taskArn)).toEqual(["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]);
      expect(described(fixture, taskArn)).toMatchObject({
        containerInstanceArn: host?.containerInstanceArn,
        availabilityZone: host?.availabilityZone,
        containers: [{ networkBindings: [{ containerPort: 80 }, { containerPort: 81 }] }],
      });
    }
    expect([...fixture.ecs.hosts()]).toHaveLength(1);
  });

  it("waits for a host of an Auto Scaling group that ECS scales, and can be stopped meanwhile", () => {
    const fixture = withGroup("ENABLED");
    const { tasks = [] } = fixture.ecs.operations.RunTask({ ...onGroup, count: 2 });
    const [first = "", second = ""] = tasks.map(({ taskArn }) => taskArn);
    fixture.advance(3_600);
    expect(described(fixture, first)).toMatchObject({ lastStatus: "PROVISIONING", launchType: "EC2" });
    fixture.ecs.operations.StopTask({ task: first });
    fixture.advance(30);
    fixture.ecs.registerContainerInstance({ capacityProvider: "asg" });
    fixture.advance(60);
    expect(fixture.walk(first).at(-1)).toBe("STOPPED");
    expect(described(fixture, second)).toMatchObject({ lastStatus: "RUNNING" });
  });

  it("fails where nobody scales the group", () => {
    const { ecs } = withGroup("DISABLED");
    ecs.registerContainerInstance({ capacityProvider: "asg", cpu: 100 });
    expect(ecs.operations.RunTask(onGroup)).toMatchObject({
      tasks: [],
      failures: [{ reason: "RESOURCE:CPU" }],
    });
  });

  it("gives Managed Instances no reason for a host that would not do", () => {
    const fixture = withManaged();
    const placementConstraints = [
      { type: "memberOf" as const, expression: "attribute:ecs.os-type == windows" },
    ];
    fixture.ecs.operations.RunTask({ ...onManaged, placementConstraints });
    fixture.advance(3_600);
    expect([...fixture.ecs.hosts()]).toHaveLength(1);
  });

  it("has a host made that is large enough", () => {
    const fixture = withManaged();
    fixture.ecs.operations.RegisterTaskDefinition({
      family: "large",
      networkMode: "bridge",
      containerDefinitions: [{ name: "app", image: "app", cpu: 16_384, memory: 65_536 }],
    });
    const { tasks } = fixture.ecs.operations.RunTask({ ...onManaged, taskDefinition: "large" });
    fixture.advance(3_600);
    expect(described(fixture, tasks?.[0]?.taskArn ?? "")).toMatchObject({ lastStatus: "RUNNING" });
    expect([...fixture.ecs.hosts()]).toHaveLength(1);
  });
});
