// What AWS does to tasks of its own accord: Spot reclaim, retirement, lost zones, silent agents.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };

const live = (fixture: Fixture) => [...fixture.ecs.runningTasks()];
const described = (fixture: Fixture, arns: readonly string[]) =>
  fixture.ecs.operations.DescribeTasks({ tasks: [...arns] }).tasks ?? [];
const runAlone = (fixture: Fixture) =>
  fixture.ecs.operations.RunTask({ taskDefinition: "fargate", launchType: "FARGATE", networkConfiguration })
    .tasks?.[0]?.taskArn ?? "";

function createSpotService(fixture: Fixture, desiredCount: number): void {
  fixture.ecs.operations.CreateService({
    serviceName: "spot",
    desiredCount,
    taskDefinition: "fargate",
    capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
    networkConfiguration,
  });
  fixture.advance(90);
}

describe("Spot reclaim", () => {
  it("warns while RUNNING with TerminationNotice and ends with SpotInterruption two minutes later", () => {
    const fixture = createFixture();
    createSpotService(fixture, 1);
    const [task] = live(fixture);
    fixture.ecs.interruptSpot(task?.taskId ?? "");
    const events = () =>
      fixture
        .details("ECS Task State Change")
        .filter(({ taskArn, desiredStatus }) => taskArn === task?.taskArn && desiredStatus === "STOPPED")
        .map(({ lastStatus, stopCode, stoppedReason }) => [lastStatus, stopCode, stoppedReason]);
    const reason = "Your Spot Task was interrupted.";
    fixture.advance(119);
    expect(events()).toEqual([["RUNNING", "TerminationNotice", reason]]);
    fixture.advance(60);
    expect(events().at(-1)).toEqual(["STOPPED", "SpotInterruption", reason]);
    expect(live(fixture).filter(({ lastStatus }) => lastStatus === "RUNNING")).toHaveLength(1);
  });

  it.each([
    [{}, 8],
    [{ share: 0.5 }, 4],
    [{ share: 0.3 }, 3],
    [{ share: 0 }, 0],
  ])("takes with %o %d of 8 tasks", (reclaim, count) => {
    const fixture = createFixture();
    createSpotService(fixture, 8);
    createFargateService(fixture, "web", 2);
    fixture.advance(90);
    expect(fixture.ecs.reclaimSpot(reclaim)).toHaveLength(count);
    expect(live(fixture).filter(({ desiredStatus }) => desiredStatus === "STOPPED")).toHaveLength(count);
  });

  it("of one zone leaves the others, and without capacity nothing comes back", () => {
    const fixture = createFixture();
    createSpotService(fixture, 6);
    const zone = live(fixture)[0]?.availabilityZone ?? "";
    const inZone = live(fixture).filter(({ availabilityZone }) => availabilityZone === zone);
    fixture.ecs.setFargateCapacity("FARGATE_SPOT", false);
    expect(fixture.ecs.reclaimSpot({ availabilityZone: zone })).toEqual(inZone.map(({ taskId }) => taskId));
    fixture.advance(300);
    expect(live(fixture)).toHaveLength(6 - inZone.length);
    const failures = fixture
      .details("ECS Service Action")
      .filter(({ eventName }) => eventName === "SERVICE_TASK_PLACEMENT_FAILURE");
    expect(failures[0]).toMatchObject({ reason: "RESOURCE:FARGATE" });
    fixture.ecs.setFargateCapacity("FARGATE_SPOT", true);
    fixture.advance(120);
    expect(live(fixture)).toHaveLength(6);
  });
});

describe("retirement of tasks on Fargate", () => {
  it("is announced, then service tasks are replaced and standalone ones stop for good", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 2);
    const alone = runAlone(fixture);
    fixture.advance(90);
    const before = live(fixture).map(({ taskArn }) => taskArn);
    fixture.ecs.retireTasks({ service: "web" }, minutes(60));
    fixture.ecs.retireTasks({ tasks: [alone] }, minutes(60));
    const notices = fixture.events.filter((event) => event.source === "aws.health");
    expect(notices.map(({ resources }) => resources)).toEqual([["default|web"], [alone]]);
    expect(notices[0]?.detail).toMatchObject({
      service: "ECS",
      eventTypeCode: "AWS_ECS_TASK_PATCHING_RETIREMENT",
      eventTypeCategory: "scheduledChange",
      startTime: "Thu, 01 Jan 2026 01:01:30 GMT",
    });
    fixture.advance(3_500);
    expect(live(fixture)).toHaveLength(3);
    let least = 3;
    for (let step = 0; step < 300; step += 1) {
      fixture.advance(1);
      const running = live(fixture).filter(
        ({ group, lastStatus }) => group === "service:web" && lastStatus === "RUNNING",
      );
      least = Math.min(least, running.length);
    }
    expect(least).toBe(2);
    expect(live(fixture)).toHaveLength(2);
    expect(live(fixture).some(({ taskArn }) => before.includes(taskArn))).toBe(false);
    const reason = "ECS is performing maintenance on the underlying infrastructure hosting the task.";
    expect(described(fixture, before).map(({ stoppedReason }) => stoppedReason)).toEqual([
      reason,
      reason,
      reason,
    ]);
  });
});

describe("a lost zone", () => {
  it("takes hosts and Fargate tasks with it, and gets no new task until it is back", () => {
    const fixture = createFixture();
    const zone = "us-east-1a";
    fixture.ecs.registerContainerInstance({ availabilityZone: zone });
    fixture.ecs.registerContainerInstance({ availabilityZone: "us-east-1b" });
    createFargateService(fixture, "web", 6);
    fixture.advance(90);
    const inZone = live(fixture).filter(({ availabilityZone }) => availabilityZone === zone);
    fixture.ecs.loseZone(zone);
    fixture.advance(120);
    expect([...fixture.ecs.hosts()]).toHaveLength(1);
    expect(live(fixture).filter(({ lastStatus }) => lastStatus === "RUNNING")).toHaveLength(6);
    expect(live(fixture).some(({ availabilityZone }) => availabilityZone === zone)).toBe(false);
    for (const { stopCode } of described(
      fixture,
      inZone.map(({ taskArn }) => taskArn),
    ))
      expect(stopCode).toBe("InfrastructureHealth");
    fixture.ecs.restoreZone(zone);
    fixture.ecs.operations.UpdateService({ service: "web", forceNewDeployment: true });
    fixture.advance(300);
    expect(inZone.length > 0 || zone !== "us-east-1a").toBe(true);
    expect(live(fixture).some(({ availabilityZone }) => availabilityZone === zone)).toBe(true);
  });
});

describe("an agent that is away", () => {
  it.each([
    ["shortly", 200, []],
    ["for long", 400, ["IMPAIRED", "OK"]],
  ])("%s: its host's health", (_what, awayS, expected) => {
    const fixture = createFixture();
    const host = fixture.ecs.registerContainerInstance({});
    fixture.ecs.disconnectAgent(host.ec2InstanceId);
    fixture.advance(awayS);
    fixture.ecs.reconnectAgent(host.ec2InstanceId);
    fixture.advance(400);
    const changes = fixture.details("ECS Container Instance Health Change");
    expect(changes.map(({ overallStatus }) => overallStatus)).toEqual(expected);
    if (expected.length > 0) {
      expect(changes[0]?.["healthChecks"]).toContainEqual({
        type: "AGENT_CONNECTIVITY",
        status: "IMPAIRED",
        statusReason: "Agent disconnected since 2026-01-01T00:00:00Z",
        lastStatusChange: "2026-01-01T00:05:00Z",
        lastUpdated: "2026-01-01T00:05:00Z",
      });
    }
    expect([...fixture.ecs.hosts()]).toHaveLength(1);
  });
});

describe("DeregisterContainerInstance", () => {
  it("is refused while tasks run, and stops them by force", () => {
    const fixture = createFixture();
    const host = fixture.ecs.registerContainerInstance({});
    const containerInstance = host.containerInstanceArn;
    const { operations } = fixture.ecs;
    const started = operations.StartTask({
      taskDefinition: "bridge",
      containerInstances: [containerInstance],
    });
    fixture.advance(30);
    expect(() => operations.DeregisterContainerInstance({ containerInstance })).toThrow(
      "Found running tasks on the instance.",
    );
    const answer = operations.DeregisterContainerInstance({ containerInstance, force: true });
    expect(answer.containerInstance?.status).toBe("INACTIVE");
    expect(described(fixture, [started.tasks?.[0]?.taskArn ?? ""])[0]).toMatchObject({
      lastStatus: "STOPPED",
      stoppedReason: "Container instance deregistration forced by user",
    });
    expect(() => operations.DeregisterContainerInstance({ containerInstance })).toThrow(
      "Referenced container instance not found.",
    );
  });
});
