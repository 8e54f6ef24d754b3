// Hosts: placement and its failures, ports, draining, daemons, lost agents and hosts.

import { describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const running = (fixture: Fixture) =>
  [...fixture.ecs.runningTasks()].filter(
    ({ lastStatus, desiredStatus }) => lastStatus === "RUNNING" && desiredStatus === "RUNNING",
  );

function onHosts(hosts: number, service: { taskDefinition: string; desiredCount: number }): Fixture {
  const fixture = createFixture();
  for (let host = 0; host < hosts; host += 1) fixture.ecs.registerContainerInstance({});
  fixture.ecs.operations.CreateService({ serviceName: "web", launchType: "EC2", ...service });
  fixture.advance(60);
  return fixture;
}

describe("placement", () => {
  it("says when no host has room, and places once one has", () => {
    const fixture = createFixture();
    fixture.ecs.registerContainerInstance({ cpu: 300, memory: 4_096 });
    fixture.ecs.operations.CreateService({
      serviceName: "web",
      taskDefinition: "bridge",
      desiredCount: 2,
      launchType: "EC2",
    });
    fixture.advance(20);
    expect(running(fixture)).toHaveLength(1);
    expect(fixture.details("ECS Service Action")).toContainEqual(
      expect.objectContaining({
        eventType: "ERROR",
        eventName: "SERVICE_TASK_PLACEMENT_FAILURE",
        reason: "RESOURCE:CPU",
      }),
    );
    fixture.ecs.registerContainerInstance({});
    fixture.advance(60);
    expect(running(fixture)).toHaveLength(2);
    expect(fixture.details("ECS Service Action").at(-1)).toMatchObject({ eventName: "SERVICE_STEADY_STATE" });
  });

  it("spreads over zones and hosts", () => {
    const fixture = onHosts(6, { taskDefinition: "bridge", desiredCount: 6 });
    expect(new Set(running(fixture).map((task) => task.hostId)).size).toBe(6);
    expect(new Set(running(fixture).map((task) => task.availabilityZone)).size).toBe(3);
  });

  it("keeps a strategy's base and weights and names the provider that has no capacity", () => {
    const fixture = createFixture();
    fixture.ecs.operations.CreateService({
      serviceName: "web",
      taskDefinition: "fargate",
      desiredCount: 8,
      capacityProviderStrategy: [
        { capacityProvider: "FARGATE", base: 2, weight: 1 },
        { capacityProvider: "FARGATE_SPOT", weight: 2 },
      ],
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
    });
    fixture.advance(60);
    const arns = fixture.ecs.operations.ListTasks({ serviceName: "web" }).taskArns;
    const { tasks } = fixture.ecs.operations.DescribeTasks({ tasks: arns });
    expect(tasks?.filter((task) => task.capacityProviderName === "FARGATE")).toHaveLength(4);
    fixture.ecs.setFargateCapacity("FARGATE", false);
    createFargateService(fixture, "other", 1);
    fixture.advance(10);
    expect(fixture.details("ECS Service Action").at(-1)).toMatchObject({ reason: "RESOURCE:FARGATE" });
  });
});

describe("ports", () => {
  it("are dynamic in bridge mode, unique on their host and within Linux's range", () => {
    const fixture = onHosts(2, { taskDefinition: "bridge", desiredCount: 12 });
    const seen = running(fixture).flatMap((task) =>
      task.bindings.map(({ hostPort }) => `${task.hostId}:${hostPort}`),
    );
    expect(seen).toHaveLength(24);
    expect(new Set(seen).size).toBe(24);
    for (const { bindings } of running(fixture)) {
      for (const { hostPort } of bindings) {
        expect(hostPort).toBeGreaterThanOrEqual(32_768);
        expect(hostPort).toBeLessThanOrEqual(60_999);
      }
    }
  });

  it("are the container's own in host mode: one task for each host", () => {
    const fixture = onHosts(2, { taskDefinition: "host", desiredCount: 3 });
    expect(running(fixture).map((task) => task.bindings.map(({ hostPort }) => hostPort))).toEqual([
      [9_000],
      [9_000],
    ]);
    expect(
      fixture.details("ECS Service Action").some((detail) => detail["reason"] === "RESOURCE:PORTS"),
    ).toBe(true);
    for (const { addresses, hostId } of running(fixture)) {
      expect(addresses.ipv4).toBe(fixture.ecs.host(hostId ?? "")?.privateIp);
    }
  });

  it("come back when their task has stopped", () => {
    const fixture = onHosts(1, { taskDefinition: "host", desiredCount: 1 });
    fixture.ecs.operations.StopTask({ task: running(fixture)[0]?.taskArn ?? "" });
    fixture.advance(60);
    expect(running(fixture).map((task) => task.bindings[0]?.hostPort)).toEqual([9_000]);
  });
});

describe("draining", () => {
  it("moves service tasks to other hosts without going below the minimum, and leaves standalone tasks", () => {
    const fixture = onHosts(2, { taskDefinition: "bridge", desiredCount: 4 });
    const [first] = fixture.ecs.operations.ListContainerInstances({}).containerInstanceArns ?? [];
    fixture.ecs.operations.RunTask({ taskDefinition: "bridge", launchType: "EC2", count: 2, group: "jobs" });
    fixture.advance(20);
    const { containerInstances } = fixture.ecs.operations.UpdateContainerInstancesState({
      containerInstances: [first ?? ""],
      status: "DRAINING",
    });
    expect(containerInstances?.[0]?.status).toBe("DRAINING");
    for (let step = 0; step < 60; step += 1) {
      fixture.advance(2);
      expect(running(fixture).filter((task) => task.group === "service:web").length).toBeGreaterThanOrEqual(
        4,
      );
    }
    const left = running(fixture).filter((task) => task.containerInstanceArn === first);
    expect(left.every((task) => task.group === "jobs")).toBe(true);
    expect(running(fixture).filter((task) => task.group === "jobs")).toHaveLength(2);
  });

  it("keeps a daemon until the other tasks have left", () => {
    const fixture = createFixture();
    for (let host = 0; host < 3; host += 1) fixture.ecs.registerContainerInstance({});
    const { CreateService, UpdateContainerInstancesState, DescribeServices } = fixture.ecs.operations;
    CreateService({
      serviceName: "agent",
      taskDefinition: "host",
      schedulingStrategy: "DAEMON",
      launchType: "EC2",
    });
    CreateService({ serviceName: "web", taskDefinition: "bridge", desiredCount: 3, launchType: "EC2" });
    fixture.advance(60);
    expect(
      new Set(
        running(fixture)
          .filter((task) => task.group === "service:agent")
          .map((task) => task.hostId),
      ).size,
    ).toBe(3);
    const drained = running(fixture)[0]?.containerInstanceArn ?? "";
    UpdateContainerInstancesState({ containerInstances: [drained], status: "DRAINING" });
    fixture.advance(180);
    const stops = fixture
      .details("ECS Task State Change")
      .filter((detail) => detail["containerInstanceArn"] === drained && detail["lastStatus"] === "STOPPED");
    expect(stops.map((detail) => detail["group"])).toEqual(["service:web", "service:agent"]);
    expect(running(fixture)).toHaveLength(5);
    expect(DescribeServices({ services: ["agent"] }).services?.[0]?.desiredCount).toBe(2);
    fixture.ecs.registerContainerInstance({});
    fixture.advance(60);
    expect(running(fixture).filter((task) => task.group === "service:agent")).toHaveLength(3);
  });
});

describe("agents and hosts", () => {
  it("freezes tasks while the agent is away and goes on when it returns", () => {
    const fixture = onHosts(1, { taskDefinition: "bridge", desiredCount: 1 });
    const [task] = running(fixture);
    fixture.ecs.disconnectAgent(task?.hostId ?? "");
    fixture.ecs.operations.StopTask({ task: task?.taskArn ?? "" });
    fixture.advance(300);
    const described = fixture.ecs.operations.DescribeTasks({ tasks: [task?.taskArn ?? ""] }).tasks?.[0];
    expect(described).toMatchObject({
      lastStatus: "RUNNING",
      desiredStatus: "STOPPED",
      connectivity: "DISCONNECTED",
    });
    fixture.ecs.reconnectAgent(task?.hostId ?? "");
    fixture.advance(90);
    expect(fixture.walk(task?.taskArn ?? "").at(-1)).toBe("STOPPED");
    expect(running(fixture)).toHaveLength(1);
    const versions = fixture
      .details("ECS Container Instance State Change")
      .map((detail) => detail["version"]);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });

  it("replaces the tasks of a lost EC2 host; those of a silent outside host stay as they are", () => {
    const fixture = onHosts(2, { taskDefinition: "bridge", desiredCount: 2 });
    const lost = running(fixture)[0]?.hostId ?? "";
    fixture.ecs.loseHost(lost);
    fixture.advance(120);
    expect(running(fixture)).toHaveLength(2);
    expect(running(fixture).map((task) => task.hostId)).not.toContain(lost);
    expect([...fixture.ecs.hosts()].map((host) => host.ec2InstanceId)).not.toContain(lost);

    const outside = createFixture();
    const host = outside.ecs.registerContainerInstance({ ec2InstanceId: "mi-0123456789abcdef0" });
    expect(host).toMatchObject({ kind: "EXTERNAL" });
    outside.ecs.operations.CreateService({
      serviceName: "edge",
      taskDefinition: "bridge",
      desiredCount: 1,
      launchType: "EXTERNAL",
    });
    outside.advance(60);
    outside.ecs.loseHost(host.ec2InstanceId);
    outside.advance(600);
    expect(running(outside)).toMatchObject([{ hostId: host.ec2InstanceId, launchType: "EXTERNAL" }]);
  });
});
