// Whatever is done to it, the virtual ECS keeps its books: nothing is given out twice, everything comes back,
// and services end with what they want.

import { describe, expect, it } from "vitest";
import { millis } from "../../../shared/base/time.ts";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const SERVICES = ["web", "api", "batch"] as const;
const HOST = { cpu: 4_096, memory: 16_384 };

function prepare(seed: number): Fixture {
  const fixture = createFixture({ seed });
  for (let host = 0; host < 4; host += 1) fixture.ecs.registerContainerInstance(HOST);
  const { CreateService } = fixture.ecs.operations;
  createFargateService(fixture, "web", 3);
  CreateService({ serviceName: "api", taskDefinition: "checked", desiredCount: 3, launchType: "EC2" });
  CreateService({ serviceName: "batch", taskDefinition: "host", desiredCount: 2, launchType: "EC2" });
  CreateService({
    serviceName: "agent",
    taskDefinition: "bridge",
    schedulingStrategy: "DAEMON",
    launchType: "EC2",
  });
  return fixture;
}

function breakSomething(fixture: Fixture): void {
  const { ecs, kernel } = fixture;
  const { chance } = kernel;
  const service = chance.pick(SERVICES);
  const tasks = [...ecs.runningTasks()];
  const hosts = [...ecs.hosts()];
  const task = tasks.length === 0 ? undefined : chance.pick(tasks);
  const host = hosts.length === 0 ? undefined : chance.pick(hosts);
  const active =
    (ecs.operations.ListContainerInstances({ status: "ACTIVE" }).containerInstanceArns ?? []).length > 0;
  const drain = (status: "ACTIVE" | "DRAINING") =>
    ecs.operations.UpdateContainerInstancesState({
      containerInstances: [host?.containerInstanceArn ?? ""],
      status,
    });
  const acts: (() => unknown)[] = [
    () => task !== undefined && ecs.killTask(task.taskId, { exitCode: 1 }),
    () => task !== undefined && ecs.operations.StopTask({ task: task.taskArn }),
    () => task !== undefined && ecs.setTaskHealth(task.taskId, "UNHEALTHY"),
    () => task !== undefined && ecs.interruptSpot(task.taskId),
    () => ecs.operations.UpdateService({ service, desiredCount: chance.int(0, 6) }),
    () => ecs.operations.UpdateService({ service, forceNewDeployment: true }),
    () => ecs.failTasksOf({ service }, { kind: "fails-to-start", reason: "CannotPullContainerError" }),
    () => ecs.failTasksOf({ service }, { kind: "exits", afterMs: millis(5_000), exitCode: 2 }),
    () => ecs.failTasksOf({ service }, undefined),
    () => host !== undefined && ecs.disconnectAgent(host.ec2InstanceId),
    () => host !== undefined && ecs.reconnectAgent(host.ec2InstanceId),
    () => host !== undefined && drain("DRAINING"),
    () => host !== undefined && drain("ACTIVE"),
    () => host !== undefined && hosts.length > 2 && ecs.loseHost(host.ec2InstanceId),
    () => ecs.registerContainerInstance(HOST),
    () => active && ecs.operations.RunTask({ taskDefinition: "bridge", launchType: "EC2" }),
  ];
  chance.pick(acts)();
}

function nothingTwice(fixture: Fixture): void {
  const interfaces: (string | undefined)[] = [];
  const ports: string[] = [];
  for (const task of fixture.ecs.runningTasks()) {
    if (task.networkMode === "awsvpc" && task.addresses.ipv4 !== undefined)
      interfaces.push(task.addresses.ipv4);
    for (const { hostPort } of task.bindings) ports.push(`${task.hostId}:${hostPort}`);
  }
  expect(new Set(interfaces).size).toBe(interfaces.length);
  expect(new Set(ports).size).toBe(ports.length);
}

/** Ends every fault: then all services must come to rest as they want to be. */
function heal(fixture: Fixture): void {
  const { ecs } = fixture;
  for (const service of SERVICES) {
    ecs.failTasksOf({ service }, undefined);
    ecs.operations.UpdateService({ service, desiredCount: 2, forceNewDeployment: true });
  }
  for (const host of ecs.hosts()) {
    ecs.reconnectAgent(host.ec2InstanceId);
    ecs.operations.UpdateContainerInstancesState({
      containerInstances: [host.containerInstanceArn],
      status: "ACTIVE",
    });
  }
  for (let host = 0; host < 3; host += 1) ecs.registerContainerInstance(HOST);
}

function booksBalance(fixture: Fixture): void {
  const { ecs } = fixture;
  for (const service of SERVICES) ecs.operations.DeleteService({ service, force: true });
  ecs.operations.DeleteService({ service: "agent" });
  for (const task of ecs.runningTasks()) ecs.operations.StopTask({ task: task.taskArn });
  fixture.advance(600);
  expect([...ecs.runningTasks()]).toEqual([]);
  const { containerInstanceArns } = ecs.operations.ListContainerInstances({});
  const described = ecs.operations.DescribeContainerInstances({ containerInstances: containerInstanceArns });
  for (const instance of described.containerInstances ?? []) {
    expect(instance.remainingResources).toEqual(instance.registeredResources);
  }
  fixture.advance(3_600);
  expect(fixture.kernel.nextAt()).toBeUndefined();
}

describe("under faults of every kind", () => {
  it.each(Array.from({ length: 40 }, (_, index) => index + 1))(
    "keeps its books and comes to rest (seed %i)",
    (seed) => {
      const fixture = prepare(seed);
      for (let step = 0; step < 80; step += 1) {
        breakSomething(fixture);
        fixture.advance(fixture.kernel.chance.int(0, 20));
        nothingTwice(fixture);
      }
      heal(fixture);
      fixture.advance(3_600);
      const hosts = [...fixture.ecs.hosts()].length;
      const { services } = fixture.ecs.operations.DescribeServices({ services: [...SERVICES, "agent"] });
      expect(services?.map(({ runningCount, pendingCount }) => [runningCount, pendingCount])).toEqual([
        [2, 0],
        [2, 0],
        [2, 0],
        [hosts, 0],
      ]);
      expect(services?.every(({ deployments }) => deployments?.length === 1)).toBe(true);
      booksBalance(fixture);
    },
  );
});
