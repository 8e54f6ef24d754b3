// Protected tasks outlive scaling in and deployments, for as long as they asked for.

import { describe, expect, it } from "vitest";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

function prepare(desiredCount: number) {
  const fixture = createFixture();
  createFargateService(fixture, "web", desiredCount);
  fixture.advance(90);
  const arns = [...fixture.ecs.runningTasks()].map(({ taskArn }) => taskArn);
  const protect = (tasks: string[], extra: object = {}) =>
    fixture.ecs.operations.UpdateTaskProtection({
      cluster: "default",
      tasks,
      protectionEnabled: true,
      ...extra,
    });
  const running = () =>
    [...fixture.ecs.runningTasks()]
      .filter(({ desiredStatus }) => desiredStatus === "RUNNING")
      .map(({ taskArn }) => taskArn);
  return { ...fixture, fixture, arns, protect, running };
}

describe("a protected task", () => {
  it("is not stopped by scaling in until its protection ends", () => {
    const { ecs, arns, protect, running, advance } = prepare(4);
    const kept = arns.slice(0, 3);
    protect(kept, { expiresInMinutes: 10 });
    ecs.operations.UpdateService({ service: "web", desiredCount: 1 });
    advance(300);
    expect(running().sort()).toEqual(kept.sort());
    advance(400);
    expect(running()).toHaveLength(1);
  });

  it("goes as soon as its protection is taken back", () => {
    const { ecs, arns, protect, running, advance } = prepare(2);
    protect(arns);
    ecs.operations.UpdateService({ service: "web", desiredCount: 0 });
    advance(60);
    expect(running()).toHaveLength(2);
    protect(arns, { protectionEnabled: false });
    advance(10);
    expect(running()).toEqual([]);
  });

  it("is not replaced by a deployment, which waits for it; more protection is refused meanwhile", () => {
    const { ecs, arns, protect, running, advance } = prepare(2);
    const [kept = "", other = ""] = arns;
    protect([kept], { expiresInMinutes: 20 });
    ecs.operations.UpdateService({ service: "web", forceNewDeployment: true });
    advance(600);
    expect(running()).toContain(kept);
    expect(running()).not.toContain(other);
    const fresh = running().filter((arn) => arn !== kept);
    expect(protect(fresh.slice(0, 1)).failures).toEqual([{ arn: fresh[0], reason: "DEPLOYMENT_BLOCKED" }]);
    expect(protect([kept], { expiresInMinutes: 1 }).failures).toEqual([]);
    advance(200);
    expect(running()).not.toContain(kept);
    expect(ecs.operations.DescribeServices({ services: ["web"] }).services?.[0]?.deployments).toHaveLength(1);
  });

  it("is stopped by StopTask all the same", () => {
    const { ecs, arns, protect, advance } = prepare(1);
    protect(arns);
    ecs.operations.StopTask({ task: arns[0] ?? "" });
    advance(60);
    expect(ecs.operations.DescribeTasks({ tasks: arns }).tasks?.[0]?.lastStatus).toBe("STOPPED");
  });

  it("shows until when, two hours unless said otherwise", () => {
    const { ecs, arns, protect, kernel } = prepare(1);
    const until = new Date(kernel.now() + 7_200_000);
    expect(protect(arns).protectedTasks).toEqual([
      { taskArn: arns[0], protectionEnabled: true, expirationDate: until },
    ]);
    protect(arns, { protectionEnabled: false });
    expect(ecs.operations.GetTaskProtection({ cluster: "default", tasks: arns }).protectedTasks).toEqual([
      { taskArn: arns[0], protectionEnabled: false },
    ]);
  });
});

describe("what is refused", () => {
  it.each([[0], [2_881], [1.5]])("%d minutes", (expiresInMinutes) => {
    const { arns, protect } = prepare(1);
    expect(() => protect(arns, { expiresInMinutes })).toThrow("expiresInMinutes must be between 1 and 2880.");
  });

  it("eleven tasks, and none", () => {
    const { protect } = prepare(1);
    expect(() => protect(Array.from({ length: 11 }, (_, n) => `t${n}`))).toThrow(/at most 10/);
    expect(() => protect([])).toThrow("Tasks cannot be empty.");
  });

  it("tasks that are not there, or not of a service, each as a failure", () => {
    const { ecs, protect, arns } = prepare(1);
    const { tasks } = ecs.operations.RunTask({
      taskDefinition: "fargate",
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
    });
    const standalone = tasks?.[0]?.taskArn ?? "";
    const answer = protect(["nothing", standalone, ...arns]);
    expect(answer.protectedTasks).toHaveLength(1);
    expect(answer.failures?.map(({ reason }) => reason)).toEqual(["MISSING", "TASK_NOT_VALID"]);
  });
});
