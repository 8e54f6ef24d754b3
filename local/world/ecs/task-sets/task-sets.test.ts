// Task sets: what they are, what is refused, and that any sequence of changes ends where it should.

import { describe, expect, it } from "vitest";
import type { Fixture } from "../ecs-fixture.ts";
import { createFixture } from "../ecs-fixture.ts";

const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };
const where = { cluster: "default", service: "web" };

function createExternal(fixture: Fixture, desiredCount = 4): void {
  fixture.ecs.operations.CreateService({
    serviceName: "web",
    desiredCount,
    deploymentController: { type: "EXTERNAL" },
  });
}

function createSet(fixture: Fixture, value: number, extra: object = {}) {
  const { taskSet } = fixture.ecs.operations.CreateTaskSet({
    ...where,
    taskDefinition: "fargate",
    launchType: "FARGATE",
    networkConfiguration,
    scale: { unit: "PERCENT", value },
    ...extra,
  });
  return taskSet?.id ?? "";
}

const shown = (fixture: Fixture, id: string) =>
  fixture.ecs.operations.DescribeTaskSets({ ...where, taskSets: [id] }).taskSets?.[0];
const serviceOf = (fixture: Fixture) =>
  fixture.ecs.operations.DescribeServices({ services: ["web"] }).services?.[0];

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  }
  return "no error";
}

describe("a service of the EXTERNAL controller", () => {
  it("needs only a name, and runs nothing by itself", () => {
    const fixture = createFixture();
    const made = fixture.ecs.operations.CreateService({
      serviceName: "web",
      deploymentController: { type: "EXTERNAL" },
    });
    fixture.advance(60);
    expect(made.service).toMatchObject({ status: "ACTIVE", desiredCount: 0, deployments: [], taskSets: [] });
    expect(made.service).not.toHaveProperty("taskDefinition");
    expect([...fixture.ecs.runningTasks()]).toEqual([]);
  });

  it.each([
    [{ taskDefinition: "fargate" }, "TaskDefinition must be blank"],
    [
      { loadBalancers: [{ targetGroupArn: "arn", containerName: "web", containerPort: 1 }] },
      "LoadBalancers must be empty or null.",
    ],
    [
      { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } },
      "Deployment circuit breaker, alarms and strategies need the ECS deployment controller.",
    ],
  ])("is not created with %o", (extra, message) => {
    const { ecs } = createFixture();
    const input = { serviceName: "web", deploymentController: { type: "EXTERNAL" as const }, ...extra };
    expect(errorOf(() => ecs.operations.CreateService(input))).toBe(`InvalidParameterException: ${message}`);
  });

  it.each([
    [{ taskDefinition: "fargate" }, "Unable to update task definition"],
    [{ networkConfiguration }, "Unable to update network parameters"],
    [{ platformVersion: "LATEST" }, "Unable to update platform version"],
    [{ enableExecuteCommand: true }, "Unable to update execute command"],
    [{ availabilityZoneRebalancing: "ENABLED" as const }, "Unable to update Availability Zone rebalancing"],
    [{ forceNewDeployment: true }, "Cannot force a new deployment"],
  ])("is not updated with %o", (extra, message) => {
    const fixture = createFixture();
    createExternal(fixture);
    expect(errorOf(() => fixture.ecs.operations.UpdateService({ service: "web", ...extra }))).toBe(
      `InvalidParameterException: ${message} on services with a EXTERNAL deployment controller.`,
    );
  });

  it("takes a new desired count and grace period, and rescales all sets", () => {
    const fixture = createFixture();
    createExternal(fixture, 4);
    const [half, full] = [createSet(fixture, 50), createSet(fixture, 100)];
    fixture.advance(120);
    fixture.ecs.operations.UpdateService({
      service: "web",
      desiredCount: 7,
      healthCheckGracePeriodSeconds: 9,
    });
    fixture.advance(120);
    expect(shown(fixture, half)).toMatchObject({ computedDesiredCount: 4, runningCount: 4 });
    expect(shown(fixture, full)).toMatchObject({ computedDesiredCount: 7, runningCount: 7 });
    expect(serviceOf(fixture)).toMatchObject({ healthCheckGracePeriodSeconds: 9, runningCount: 11 });
  });
});

describe("a task set", () => {
  it.each([
    [12, 10, 2],
    [10, 10, 1],
    [3, 33.3, 1],
    [3, 33.4, 2],
    [10, 0, 0],
    [0, 100, 0],
    [1000, 0.1, 1],
    [5, 100, 5],
    [100, 7, 7],
  ])("of %d tasks scaled to %d wants %d", (desired, value, computed) => {
    const fixture = createFixture();
    createExternal(fixture, desired);
    expect(shown(fixture, createSet(fixture, value))?.computedDesiredCount).toBe(computed);
  });

  it("is STABILIZING until its tasks run, and says once when it is steady", () => {
    const fixture = createFixture();
    createExternal(fixture);
    const id = createSet(fixture, 100, { externalId: "v1", tags: [{ key: "team", value: "a" }] });
    expect(shown(fixture, id)).toMatchObject({
      status: "ACTIVE",
      externalId: "v1",
      stabilityStatus: "STABILIZING",
      runningCount: 0,
      tags: [],
    });
    fixture.advance(5);
    expect(shown(fixture, id)).toMatchObject({ pendingCount: 4, stabilityStatus: "STABILIZING" });
    fixture.advance(120);
    expect(shown(fixture, id)).toMatchObject({
      pendingCount: 0,
      runningCount: 4,
      stabilityStatus: "STEADY_STATE",
      stabilityStatusAt: new Date(fixture.kernel.now()),
    });
    const tagged = fixture.ecs.operations.DescribeTaskSets({ ...where, include: ["TAGS"] });
    expect(tagged.taskSets?.[0]?.tags).toEqual([{ key: "team", value: "a" }]);
    const names = fixture.details("ECS Service Action").map(({ eventName }) => eventName);
    expect(names.filter((name) => name === "TASKSET_STEADY_STATE")).toHaveLength(1);
    const [task] = [...fixture.ecs.runningTasks()];
    const described = fixture.ecs.operations.DescribeTasks({ tasks: [task?.taskArn ?? ""] }).tasks?.[0];
    expect(described?.startedBy).toBe(id);
  });

  it("is STABILIZING while a target is not healthy, and while an instance drains", () => {
    const fixture = createFixture();
    const group = fixture.balancing.addGroup("hosts", { targetType: "instance" });
    const host = fixture.ecs.registerContainerInstance({});
    createExternal(fixture, 1);
    fixture.balancing.holdBack = true;
    const id = createSet(fixture, 100, {
      taskDefinition: "bridge",
      launchType: "EC2",
      networkConfiguration: undefined,
      loadBalancers: [{ targetGroupArn: group, containerName: "web", containerPort: 80 }],
    });
    fixture.advance(120);
    expect(shown(fixture, id)).toMatchObject({ runningCount: 1, stabilityStatus: "STABILIZING" });
    const actions = fixture.details("ECS Service Action").map(({ eventName }) => eventName);
    expect(actions).not.toContain("TASKSET_STEADY_STATE");
    fixture.balancing.setHealth(group, "healthy");
    fixture.advance(10);
    expect(shown(fixture, id)?.stabilityStatus).toBe("STEADY_STATE");
    fixture.ecs.operations.UpdateContainerInstancesState({
      containerInstances: [host.containerInstanceArn],
      status: "DRAINING",
    });
    expect(shown(fixture, id)?.stabilityStatus).toBe("STABILIZING");
  });

  it("is the only primary, and gives the service its task definition", () => {
    const fixture = createFixture();
    createExternal(fixture);
    const [first, second] = [createSet(fixture, 100), createSet(fixture, 50)];
    const makePrimary = (primaryTaskSet: string) =>
      fixture.ecs.operations.UpdateServicePrimaryTaskSet({ ...where, primaryTaskSet });
    expect(makePrimary(first).taskSet?.status).toBe("PRIMARY");
    makePrimary(second);
    expect(serviceOf(fixture)?.taskSets?.map(({ status }) => status)).toEqual(["PRIMARY", "ACTIVE"]);
    expect(serviceOf(fixture)?.taskDefinition).toMatch(/task-definition\/fargate:1$/);
  });

  it("is deleted scaled up, or as the primary, by force only; it drains and is gone", () => {
    const fixture = createFixture();
    createExternal(fixture);
    const taskSet = createSet(fixture, 50);
    fixture.advance(120);
    const remove = (force: boolean) => fixture.ecs.operations.DeleteTaskSet({ ...where, taskSet, force });
    expect(errorOf(() => remove(false))).toMatch(/^InvalidParameterException/);
    expect(remove(true).taskSet?.status).toBe("DRAINING");
    fixture.advance(3);
    expect(serviceOf(fixture)?.taskSets).toHaveLength(1);
    fixture.advance(120);
    expect(serviceOf(fixture)?.taskSets).toEqual([]);
    expect(fixture.ecs.operations.DescribeTaskSets({ ...where, taskSets: [taskSet] }).failures).toEqual([
      { arn: expect.stringContaining("task-set/default/web/ecs-svc/"), reason: "MISSING" },
    ]);
    const primary = createSet(fixture, 0);
    fixture.ecs.operations.UpdateServicePrimaryTaskSet({ ...where, primaryTaskSet: primary });
    expect(errorOf(() => fixture.ecs.operations.DeleteTaskSet({ ...where, taskSet: primary }))).toMatch(
      /^InvalidParameterException/,
    );
  });

  it("is created once for a client token", () => {
    const fixture = createFixture();
    createExternal(fixture);
    const first = createSet(fixture, 10, { clientToken: "t" });
    expect(createSet(fixture, 10, { clientToken: "t" })).toBe(first);
    expect(serviceOf(fixture)?.taskSets).toHaveLength(1);
    expect(errorOf(() => createSet(fixture, 20, { clientToken: "t" }))).toMatch(/^InvalidParameterException/);
  });

  it("leaves with its service", () => {
    const fixture = createFixture();
    createExternal(fixture);
    createSet(fixture, 100);
    fixture.advance(120);
    fixture.ecs.operations.DeleteService({ service: "web", force: true });
    fixture.advance(120);
    expect(serviceOf(fixture)).toMatchObject({ status: "INACTIVE", taskSets: [], runningCount: 0 });
    expect(errorOf(() => createSet(fixture, 1))).toMatch(/^ServiceNotActiveException/);
  });
});

describe("what is refused", () => {
  const lb = { targetGroupArn: "arn", containerName: "web", containerPort: 8080 };
  it.each<[string, object, string]>([
    [
      "two load balancers",
      { loadBalancers: [lb, lb] },
      "InvalidParameterException: CreateTaskSet cannot have more than 1 load balancer.",
    ],
    [
      "an unknown target group",
      { loadBalancers: [lb] },
      "InvalidParameterException: The target group arn does not exist.",
    ],
    [
      "a scale above 100",
      { scale: { value: 101 } },
      "InvalidParameterException: The scale value must be between 0 and 100.",
    ],
    [
      "an unknown platform",
      { platformVersion: "9.9.9" },
      "PlatformUnknownException: The specified platform does not exist.",
    ],
    ["an unknown definition", { taskDefinition: "nothing" }, "ClientException: TaskDefinition not found."],
    ["an unknown service", { service: "api" }, "ServiceNotFoundException: Service not found."],
    ["an unknown cluster", { cluster: "nowhere" }, "ClusterNotFoundException: Cluster not found."],
  ])("%s", (_what, extra, error) => {
    const fixture = createFixture();
    createExternal(fixture);
    expect(errorOf(() => createSet(fixture, 100, extra))).toBe(error);
  });

  it("a sixth task set, an unknown one, and one of a service that ECS deploys", () => {
    const fixture = createFixture();
    createExternal(fixture);
    for (let count = 0; count < 5; count += 1) createSet(fixture, 0);
    expect(errorOf(() => createSet(fixture, 0))).toContain("5 deployments exist on the service.");
    const scale = { unit: "PERCENT" as const, value: 1 };
    expect(
      errorOf(() => fixture.ecs.operations.UpdateTaskSet({ ...where, taskSet: "ecs-svc/1", scale })),
    ).toMatch(/^TaskSetNotFoundException/);
    fixture.ecs.operations.CreateService({
      serviceName: "api",
      taskDefinition: "fargate",
      launchType: "FARGATE",
      networkConfiguration,
    });
    expect(errorOf(() => createSet(fixture, 0, { service: "api" }))).toBe(
      "InvalidParameterException: Amazon ECS only supports task set management on services configured to use external deployment controllers.",
    );
  });
});

describe("any sequence of changes", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))(
    "ends with the computed counts (seed %d)",
    (seed) => {
      const fixture = createFixture({ seed });
      createExternal(fixture, 3);
      for (let step = 0; step < 25; step += 1) {
        actAtRandom(fixture);
        checkCounts(fixture);
        fixture.advance(fixture.kernel.chance.int(0, 40));
        checkCounts(fixture);
      }
      fixture.advance(600);
      for (const taskSet of serviceOf(fixture)?.taskSets ?? []) {
        expect(taskSet.runningCount).toBe(taskSet.computedDesiredCount);
        expect(taskSet).toMatchObject({ pendingCount: 0, stabilityStatus: "STEADY_STATE" });
        expect(taskSet.status).not.toBe("DRAINING");
      }
    },
  );
});

function actAtRandom(fixture: Fixture): void {
  const { operations } = fixture.ecs;
  const { chance } = fixture.kernel;
  const taskSet = chance.pick([...(serviceOf(fixture)?.taskSets ?? []).map(({ id }) => id), "ecs-svc/0"]);
  const acts: (() => unknown)[] = [
    () => createSet(fixture, chance.int(0, 100)),
    () => operations.UpdateTaskSet({ ...where, taskSet, scale: { value: chance.int(0, 100) } }),
    () => operations.UpdateService({ service: "web", desiredCount: chance.int(0, 8) }),
    () => operations.UpdateServicePrimaryTaskSet({ ...where, primaryTaskSet: taskSet ?? "" }),
    () => operations.DeleteTaskSet({ ...where, taskSet, force: chance.int(0, 1) === 1 }),
    () => {
      const [task] = [...fixture.ecs.runningTasks()];
      if (task !== undefined) fixture.ecs.killTask(task.taskId, { exitCode: 1 });
    },
  ];
  expect(errorOf(chance.pick(acts))).toMatch(
    /^(no error|TaskSetNotFoundException|InvalidParameterException)/,
  );
}

function checkCounts(fixture: Fixture): void {
  const sets = serviceOf(fixture)?.taskSets ?? [];
  expect(sets.filter(({ status }) => status === "PRIMARY").length).toBeLessThanOrEqual(1);
  expect(sets.length).toBeLessThanOrEqual(5);
  for (const { runningCount = -1, pendingCount = -1, computedDesiredCount = -1 } of sets) {
    expect(Math.min(runningCount, pendingCount, computedDesiredCount)).toBeGreaterThanOrEqual(0);
  }
}

it("has tags that can be changed by its ARN", () => {
  const fixture = createFixture();
  createExternal(fixture);
  const resourceArn = shown(fixture, createSet(fixture, 0))?.taskSetArn ?? "";
  fixture.ecs.operations.TagResource({ resourceArn, tags: [{ key: "stage", value: "canary" }] });
  const { tags } = fixture.ecs.operations.ListTagsForResource({ resourceArn });
  expect(tags).toEqual([{ key: "stage", value: "canary" }]);
});
