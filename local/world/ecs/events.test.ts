// The event stream: fields as AWS's schema and documentation name them, and the same bytes for the same seed.

import { describe, expect, it } from "vitest";
import { eventFaults } from "../../models/event-check.ts";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

/** Something of everything: both capacities, failures, drains, daemons, lost hosts. */
function busyWorld(seed: number): Fixture {
  const fixture = createFixture({
    seed,
    subnets: [{ subnetId: "subnet-1", availabilityZone: "us-east-1a", family: "dualstack" }],
  });
  const { ecs, advance } = fixture;
  for (let host = 0; host < 3; host += 1) ecs.registerContainerInstance({});
  ecs.registerContainerInstance({ ec2InstanceId: "mi-0123456789abcdef0" });
  createFargateService(fixture, "web", 4);
  const { CreateService, RunTask, UpdateService, UpdateContainerInstancesState } = ecs.operations;
  CreateService({ serviceName: "api", taskDefinition: "checked", desiredCount: 4, launchType: "EC2" });
  CreateService({ serviceName: "edge", taskDefinition: "bridge", desiredCount: 1, launchType: "EXTERNAL" });
  CreateService({
    serviceName: "agent",
    taskDefinition: "host",
    schedulingStrategy: "DAEMON",
    launchType: "EC2",
  });
  RunTask({
    taskDefinition: "bridge",
    launchType: "EC2",
    overrides: { containerOverrides: [{ name: "web", command: ["once"] }] },
  });
  advance(60);
  const [first, second] = [...ecs.runningTasks()];
  ecs.killTask(first?.taskId ?? "", {
    exitCode: 1,
    reason: "OutOfMemoryError: Container killed due to memory usage",
  });
  ecs.interruptSpot(second?.taskId ?? "");
  const [a, b] = [...ecs.hosts()];
  UpdateContainerInstancesState({ containerInstances: [a?.containerInstanceArn ?? ""], status: "DRAINING" });
  ecs.loseHost(b?.ec2InstanceId ?? "");
  ecs.failTasksOf(
    { service: "web" },
    { kind: "fails-to-start", reason: "CannotPullContainerError: no such image" },
  );
  UpdateService({ service: "web", forceNewDeployment: true, desiredCount: 6 });
  UpdateService({ service: "api", desiredCount: 200 });
  advance(900);
  return fixture;
}

describe("ECS events", () => {
  it("fit AWS's schema in every field", () => {
    const { events } = busyWorld(1);
    expect(new Set(events.map((event) => event["detail-type"]))).toEqual(
      new Set([
        "ECS Task State Change",
        "ECS Container Instance State Change",
        "ECS Service Action",
        "ECS Deployment State Change",
      ]),
    );
    expect([...new Set(events.flatMap(eventFaults))]).toEqual([]);
  });

  it("would be refused with an unknown or a missing field", () => {
    const [event] = busyWorld(1).events.filter((one) => one["detail-type"] === "ECS Task State Change");
    if (event === undefined) throw new Error("no task event");
    const wrong = eventFaults({ ...event, detail: { ...event.detail, surprise: 1, taskArn: undefined } });
    expect(wrong).toEqual([
      expect.stringMatching(/taskArn: missing/),
      expect.stringMatching(/surprise: unknown/),
    ]);
  });

  it("show each version of a task once, rising without a gap", () => {
    const last = new Map<unknown, number>();
    for (const detail of busyWorld(2).details("ECS Task State Change")) {
      expect(detail["version"]).toBe((last.get(detail["taskArn"]) ?? 0) + 1);
      last.set(detail["taskArn"], Number(detail["version"]));
    }
    expect(last.size).toBeGreaterThan(20);
  });

  it("are the same bytes for the same seed and others for another", () => {
    const stream = (seed: number) => JSON.stringify(busyWorld(seed).events);
    expect(stream(5)).toBe(stream(5));
    expect(stream(5)).not.toBe(stream(6));
  });

  it("do not change after they were sent", () => {
    const fixture = createFixture();
    const sent: string[] = [];
    fixture.kernel.onEvent((event) => sent.push(JSON.stringify(event)));
    createFargateService(fixture, "web", 3);
    fixture.advance(60);
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 0 });
    fixture.advance(120);
    expect(fixture.events.map((event) => JSON.stringify(event))).toEqual(sent);
  });
});
