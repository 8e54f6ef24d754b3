// Task lifecycle: order of statuses, versions, addresses, health, stop causes, replacement.

import { describe, expect, it } from "vitest";
import { millis } from "../../../shared/base/time.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const START = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"];
const STOP = ["RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];

describe("a Fargate task", () => {
  it("walks every status in order, each with the next version", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 1);
    fixture.advance(60);
    const [task] = [...fixture.ecs.runningTasks()];
    const taskArn = task?.taskArn ?? "";
    expect(fixture.walk(taskArn)).toEqual(START);
    fixture.ecs.operations.StopTask({ task: taskArn, reason: "by hand" });
    fixture.advance(120);
    expect(fixture.walk(taskArn)).toEqual([...START, ...STOP]);
    const own = fixture.details("ECS Task State Change").filter((detail) => detail["taskArn"] === taskArn);
    expect(own.map((detail) => detail["version"])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(own.slice(4).every((detail) => detail["desiredStatus"] === "STOPPED")).toBe(true);
    expect(own.at(-1)).toMatchObject({ stopCode: "UserInitiated", stoppedReason: "by hand" });
  });

  it("reaches RUNNING after 18 to 30 s and shows its address from PENDING on", () => {
    const fixture = createFixture({ seed: 7 });
    createFargateService(fixture, "web", 20);
    fixture.advance(60);
    const tasks = [...fixture.ecs.runningTasks()];
    expect(tasks).toHaveLength(20);
    for (const task of tasks) {
      const waited = (task.startedAt ?? 0) - task.createdAt;
      expect(waited).toBeGreaterThanOrEqual(18_000);
      expect(waited).toBeLessThanOrEqual(30_000);
    }
    const attachments = fixture
      .details("ECS Task State Change")
      .filter((detail) => detail["taskArn"] === tasks[0]?.taskArn)
      .map((detail) => JSON.stringify(detail["attachments"]));
    expect(attachments.map((text) => text.includes("privateIPv4Address"))).toEqual([false, true, true, true]);
    expect(attachments[0]).toContain("PRECREATED");
    expect(new Set(tasks.map((task) => task.addresses.ipv4)).size).toBe(20);
    expect(new Set(tasks.map((task) => task.availabilityZone)).size).toBeGreaterThan(1);
  });

  it("has IPv6 and public addresses where the subnet and the request give them", () => {
    const subnet = { subnetId: "subnet-6", availabilityZone: "us-east-1a", family: "dualstack" } as const;
    const { ecs, advance } = createFixture({ subnets: [subnet] });
    const { tasks } = ecs.operations.RunTask({
      taskDefinition: "fargate",
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-6"], assignPublicIp: "ENABLED" } },
    });
    advance(40);
    const [task] = [...ecs.runningTasks()];
    expect(task?.group).toBe("family:fargate");
    expect(task?.addresses.ipv6).toMatch(/^2600:/);
    const described = ecs.operations.DescribeTasks({ tasks: [tasks?.[0]?.taskArn ?? ""] }).tasks?.[0];
    const eni =
      described?.attachments?.[0]?.details?.find(({ name }) => name === "networkInterfaceId")?.value ?? "";
    expect(ecs.publicIpOf(eni)).toBe(task?.addresses.publicIp);
    expect(described?.containers?.[0]?.networkInterfaces?.[0]?.ipv6Address).toBe(task?.addresses.ipv6);
  });

  it("is warned two minutes ahead on Spot", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 1);
    fixture.advance(60);
    const [task] = [...fixture.ecs.runningTasks()];
    fixture.ecs.interruptSpot(task?.taskId ?? "");
    fixture.advance(119);
    expect(
      fixture
        .details("ECS Task State Change")
        .filter((detail) => detail["taskArn"] === task?.taskArn)
        .at(-1),
    ).toMatchObject({
      lastStatus: "RUNNING",
      desiredStatus: "STOPPED",
      stopCode: "TerminationNotice",
    });
    fixture.advance(60);
    expect(fixture.walk(task?.taskArn ?? "").at(-1)).toBe("STOPPED");
  });
});

describe("a service", () => {
  it("replaces a task that was killed, and the killed one stays visible for an hour", () => {
    const fixture = createFixture();
    const { ecs, advance, details } = fixture;
    createFargateService(fixture, "web", 2);
    advance(60);
    const [victim] = [...ecs.runningTasks()];
    ecs.killTask(victim?.taskId ?? "", {
      exitCode: 137,
      reason: "OutOfMemoryError: Container killed due to memory usage",
    });
    advance(120);
    const running = [...ecs.runningTasks()].filter((task) => task.lastStatus === "RUNNING");
    expect(running).toHaveLength(2);
    expect(running.map((task) => task.taskId)).not.toContain(victim?.taskId);
    const stopped = ecs.operations.DescribeTasks({ tasks: [victim?.taskId ?? ""] }).tasks?.[0];
    expect(stopped).toMatchObject({ lastStatus: "STOPPED", stopCode: "EssentialContainerExited" });
    expect(stopped?.containers?.[0]).toMatchObject({ exitCode: 137 });
    expect(details("ECS Service Action").map((detail) => detail["eventName"])).toEqual([
      "SERVICE_STEADY_STATE",
      "SERVICE_STEADY_STATE",
    ]);
    advance(3_600);
    const gone = ecs.operations.DescribeTasks({ tasks: [victim?.taskId ?? ""] });
    expect(gone).toMatchObject({ tasks: [], failures: [{ arn: victim?.taskArn, reason: "MISSING" }] });
  });

  it("pauses longer and longer between launches that fail, and says that it is impaired", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 1);
    fixture.ecs.failTasksOf(
      { service: "web" },
      { kind: "fails-to-start", reason: "CannotPullContainerError: no such image" },
    );
    fixture.advance(3_000);
    const created = fixture.details("ECS Task State Change").filter((detail) => detail["version"] === 1);
    const gaps = created.map((detail) => Date.parse(String(detail["createdAt"])));
    const waits = gaps.slice(1).map((at, index) => at - (gaps[index] ?? 0));
    expect(waits.length).toBeGreaterThan(3);
    expect(waits.at(-1)).toBeGreaterThan(2 * (waits[0] ?? 0));
    expect(
      fixture
        .details("ECS Service Action")
        .some((detail) => detail["eventName"] === "SERVICE_TASK_START_IMPAIRED"),
    ).toBe(true);
    fixture.ecs.failTasksOf({ service: "web" }, undefined);
    fixture.ecs.operations.UpdateService({ service: "web", forceNewDeployment: true });
    fixture.advance(60);
    expect([...fixture.ecs.runningTasks()].map((task) => task.lastStatus)).toEqual(["RUNNING"]);
  });

  it("replaces a task that turned unhealthy; health itself sends no event", () => {
    const { ecs, advance, events } = createFixture();
    ecs.registerContainerInstance({});
    ecs.operations.CreateService({
      serviceName: "web",
      taskDefinition: "checked",
      desiredCount: 1,
      launchType: "EC2",
    });
    advance(8);
    const [early] = [...ecs.runningTasks()];
    expect(early).toMatchObject({ lastStatus: "RUNNING", health: "UNKNOWN" });
    advance(10);
    const sent = events.filter((event) => event["detail-type"] === "ECS Task State Change").length;
    const [task] = [...ecs.runningTasks()];
    expect(task?.health).toBe("HEALTHY");
    ecs.setTaskHealth(task?.taskId ?? "", "UNHEALTHY");
    expect(events.filter((event) => event["detail-type"] === "ECS Task State Change")).toHaveLength(sent);
    expect([...ecs.runningTasks()][0]).toMatchObject({ health: "UNHEALTHY", version: early?.version });
    advance(60);
    const left = [...ecs.runningTasks()];
    expect(left.map((one) => one.health)).toEqual(["HEALTHY"]);
    expect(left[0]?.taskId).not.toBe(task?.taskId);
  });

  it("rolls to a new revision within its percentages", () => {
    const { ecs, advance } = createFixture();
    ecs.registerContainerInstance({});
    ecs.operations.CreateService({
      serviceName: "web",
      taskDefinition: "bridge",
      desiredCount: 4,
      launchType: "EC2",
    });
    advance(60);
    ecs.operations.RegisterTaskDefinition({
      family: "bridge",
      containerDefinitions: [{ name: "web", image: "example/web:2", memory: 64 }],
    });
    ecs.operations.UpdateService({ service: "web", taskDefinition: "bridge" });
    let fewest = 4;
    let most = 0;
    for (let step = 0; step < 300; step += 1) {
      advance(0.5);
      const active = [...ecs.runningTasks()].filter((task) => task.desiredStatus === "RUNNING");
      fewest = Math.min(fewest, active.filter((task) => task.lastStatus === "RUNNING").length);
      most = Math.max(most, active.length);
    }
    expect(fewest).toBe(4);
    expect(most).toBe(8);
    expect([...ecs.runningTasks()].every((task) => task.taskDefinitionArn.endsWith("bridge:2"))).toBe(true);
    const [service] = ecs.operations.DescribeServices({ services: ["web"] }).services ?? [];
    expect(
      service?.deployments?.map(({ status, rolloutState, runningCount }) => ({
        status,
        rolloutState,
        runningCount,
      })),
    ).toEqual([{ status: "PRIMARY", rolloutState: "COMPLETED", runningCount: 4 }]);
  });

  it("kills again and again what its failure plan ends", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 1);
    fixture.ecs.failTasksOf({ service: "web" }, { kind: "exits", afterMs: millis(1_000), exitCode: 1 });
    fixture.advance(300);
    const ends = fixture
      .details("ECS Task State Change")
      .filter((detail) => detail["lastStatus"] === "STOPPED");
    expect(ends.length).toBeGreaterThan(2);
    expect(
      fixture
        .details("ECS Service Action")
        .some((detail) => detail["eventName"] === "SERVICE_TASK_START_IMPAIRED"),
    ).toBe(false);
  });

  it("drains when deleted and is gone from listings once its tasks are", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 2);
    fixture.advance(60);
    const { DeleteService, ListServices, DescribeServices } = fixture.ecs.operations;
    expect(() => DeleteService({ service: "web" })).toThrow(/scaled above 0/);
    expect(DeleteService({ service: "web", force: true }).service?.status).toBe("DRAINING");
    expect(DeleteService({ service: "web" }).service?.status).toBe("DRAINING");
    fixture.advance(120);
    expect(() => DeleteService({ service: "web" })).toThrow("Service not found.");
    expect(ListServices({}).serviceArns).toEqual([]);
    expect(DescribeServices({ services: ["web"] }).services?.[0]?.status).toBe("INACTIVE");
    expect([...fixture.ecs.runningTasks()]).toEqual([]);
    createFargateService(fixture, "web", 1);
    fixture.advance(60);
    expect([...fixture.ecs.runningTasks()]).toHaveLength(1);
  });
});
