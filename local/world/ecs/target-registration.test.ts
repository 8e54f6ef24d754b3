// Tasks as targets: when they come, when they go, what their health does.

import { describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFixture } from "./ecs-fixture.ts";

const SUBNETS = ["subnet-1", "subnet-2", "subnet-3"];
const network = { awsvpcConfiguration: { subnets: SUBNETS } };

function serve(
  fixture: Fixture,
  extra: { desiredCount?: number; healthCheckGracePeriodSeconds?: number } = {},
) {
  const group = fixture.balancing.addGroup("blue");
  fixture.ecs.operations.CreateService({
    serviceName: "web",
    desiredCount: 1,
    taskDefinition: "fargate",
    launchType: "FARGATE",
    networkConfiguration: network,
    loadBalancers: [{ targetGroupArn: group, containerName: "web", containerPort: 8080 }],
    ...extra,
  });
  return group;
}

const tasks = (fixture: Fixture) => [...fixture.ecs.runningTasks()];
const serviceOf = (fixture: Fixture) =>
  fixture.ecs.operations.DescribeServices({ services: ["web"] }).services?.[0];
const stopOf = (fixture: Fixture, taskArn: string) =>
  fixture.ecs.operations.DescribeTasks({ tasks: [taskArn] }).tasks?.[0];

describe("a task of a service with a target group", () => {
  it("is registered with its own address and the container's port once its containers run", () => {
    const fixture = createFixture();
    const group = serve(fixture);
    for (let second = 0; second < 60 && tasks(fixture)[0]?.lastStatus !== "RUNNING"; second += 1) {
      expect(fixture.balancing.targetsOf(group)).toEqual([]);
      fixture.advance(1);
    }
    const [task] = tasks(fixture);
    expect(fixture.balancing.targetsOf(group)).toEqual([
      { id: task?.addresses.ipv4, port: 8080, state: "initial" },
    ]);
  });

  it("stops its containers only after it has drained", () => {
    const fixture = createFixture();
    const group = serve(fixture);
    fixture.advance(60);
    const [task] = tasks(fixture);
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 0 });
    fixture.advance(50);
    expect(tasks(fixture)[0]?.lastStatus).toBe("DEACTIVATING");
    expect(fixture.balancing.targetsOf(group)[0]?.state).toBe("draining");
    fixture.advance(60);
    expect(fixture.balancing.targetsOf(group)).toEqual([]);
    expect(tasks(fixture)).toEqual([]);
    expect(fixture.walk(task?.taskArn ?? "").slice(-4)).toEqual([
      "DEACTIVATING",
      "STOPPING",
      "DEPROVISIONING",
      "STOPPED",
    ]);
  });

  it("that crashes is deregistered and does not wait for draining", () => {
    const fixture = createFixture();
    const group = serve(fixture);
    fixture.advance(60);
    const [task] = tasks(fixture);
    fixture.ecs.killTask(task?.taskId ?? "", { exitCode: 1 });
    fixture.advance(40);
    expect(stopOf(fixture, task?.taskArn ?? "")?.lastStatus).toBe("STOPPED");
    const own = fixture.balancing.targetsOf(group).find(({ id }) => id === task?.addresses.ipv4);
    expect(own?.state).toBe("draining");
  });

  it("that stops before RUNNING never was a target", () => {
    const fixture = createFixture();
    const group = serve(fixture);
    fixture.advance(12);
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 0 });
    fixture.advance(120);
    expect(tasks(fixture)).toEqual([]);
    expect(fixture.balancing.targetsOf(group)).toEqual([]);
  });

  it.each([
    { grace: undefined, replacedAfterS: 5 },
    { grace: 300, replacedAfterS: 305 },
  ])("is replaced when unhealthy after a grace period of $grace s", ({ grace, replacedAfterS }) => {
    const fixture = createFixture();
    const group = serve(fixture, grace === undefined ? {} : { healthCheckGracePeriodSeconds: grace });
    fixture.balancing.holdBack = true;
    fixture.advance(60);
    const [task] = tasks(fixture);
    const taskArn = task?.taskArn ?? "";
    fixture.balancing.setHealth(group, "unhealthy");
    if (grace !== undefined) {
      fixture.advance(200);
      expect(tasks(fixture)).toHaveLength(1);
    }
    fixture.balancing.holdBack = false;
    fixture.advance(replacedAfterS - (grace === undefined ? 0 : 200));
    expect(tasks(fixture)).toHaveLength(2);
    fixture.advance(200);
    expect(stopOf(fixture, taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "ServiceSchedulerInitiated",
      stoppedReason: `Task failed ELB health checks in (target-group ${group})`,
    });
    expect(tasks(fixture)).toHaveLength(1);
    const said = serviceOf(fixture)?.events?.map(({ message }) => message) ?? [];
    expect(said).toContainEqual(expect.stringContaining(`is unhealthy in (target-group ${group})`));
  });

  it("keeps the older deployment's tasks until the new targets are healthy", () => {
    const fixture = createFixture();
    const group = serve(fixture);
    fixture.advance(60);
    const [old] = tasks(fixture);
    fixture.balancing.holdBack = true;
    fixture.ecs.operations.UpdateService({ service: "web", forceNewDeployment: true });
    fixture.advance(300);
    expect(tasks(fixture).find(({ taskId }) => taskId === old?.taskId)?.desiredStatus).toBe("RUNNING");
    fixture.balancing.setHealth(group, "healthy");
    fixture.advance(120);
    expect(tasks(fixture).map(({ taskId }) => taskId)).not.toContain(old?.taskId);
  });

  it("is registered with its host and the bound port in bridge mode", () => {
    const fixture = createFixture();
    const host = fixture.ecs.registerContainerInstance({});
    const group = fixture.balancing.addGroup("hosts", { targetType: "instance" });
    fixture.ecs.operations.CreateService({
      serviceName: "web",
      desiredCount: 1,
      taskDefinition: "bridge",
      launchType: "EC2",
      loadBalancers: [{ targetGroupArn: group, containerName: "web", containerPort: 80 }],
    });
    fixture.advance(30);
    const hostPort = tasks(fixture)[0]?.bindings.find(({ containerPort }) => containerPort === 80)?.hostPort;
    expect(hostPort).toBeGreaterThan(30_000);
    expect(fixture.balancing.targetsOf(group)).toEqual([
      { id: host.ec2InstanceId, port: hostPort, state: "healthy" },
    ]);
    fixture.ecs.loseHost(host.ec2InstanceId);
    fixture.advance(40);
    expect(fixture.balancing.targetsOf(group)[0]?.state).toBe("draining");
  });
});

describe("a grace period", () => {
  it("makes the scheduler ignore container health checks too", () => {
    const fixture = createFixture();
    fixture.ecs.registerContainerInstance({});
    fixture.ecs.operations.CreateService({
      serviceName: "web",
      desiredCount: 1,
      taskDefinition: "checked",
      launchType: "EC2",
      healthCheckGracePeriodSeconds: 120,
    });
    fixture.advance(20);
    const [task] = tasks(fixture);
    fixture.ecs.setTaskHealth(task?.taskId ?? "", "UNHEALTHY");
    fixture.advance(60);
    expect(tasks(fixture)).toHaveLength(1);
    fixture.advance(120);
    expect(tasks(fixture).map(({ taskId }) => taskId)).not.toContain(task?.taskId);
  });
});
