// The API's side: pages, filters, idempotency, tags, refusals.

import { describe, expect, it } from "vitest";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const errorOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as Error).name;
  }
  return "none";
};

describe("ListTasks", () => {
  it("pages through all tasks once, also while tasks stop in between", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 250);
    fixture.advance(60);
    const { ListTasks } = fixture.ecs.operations;
    const seen: string[] = [];
    let nextToken: string | undefined;
    let pages = 0;
    do {
      const page = ListTasks({ ...(nextToken !== undefined && { nextToken }) });
      seen.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
      pages += 1;
      for (const arn of page.taskArns?.slice(0, 90) ?? []) fixture.ecs.killTask(arn, { exitCode: 0 });
      fixture.advance(0.1);
    } while (nextToken !== undefined);
    expect(pages).toBe(3);
    expect(new Set(seen).size).toBe(250);
    expect(errorOf(() => ListTasks({ nextToken: "rubbish" }))).toBe("InvalidParameterException");
  });

  it("filters by service, family, host, starter and desired status", () => {
    const fixture = createFixture();
    fixture.ecs.registerContainerInstance({});
    createFargateService(fixture, "web", 2);
    const { ListTasks, RunTask, StopTask, ListContainerInstances } = fixture.ecs.operations;
    RunTask({ taskDefinition: "bridge", launchType: "EC2", count: 3, startedBy: "cron" });
    fixture.advance(60);
    const [host = ""] = ListContainerInstances({}).containerInstanceArns ?? [];
    expect(ListTasks({ serviceName: "web" }).taskArns).toHaveLength(2);
    expect(ListTasks({ family: "bridge" }).taskArns).toHaveLength(3);
    expect(ListTasks({ containerInstance: host }).taskArns).toHaveLength(3);
    expect(ListTasks({ startedBy: "cron" }).taskArns).toHaveLength(3);
    expect(ListTasks({ launchType: "FARGATE" }).taskArns).toHaveLength(2);
    const [arn = ""] = ListTasks({ startedBy: "cron" }).taskArns ?? [];
    StopTask({ task: arn });
    expect(ListTasks({ desiredStatus: "STOPPED" }).taskArns).toEqual([arn]);
    expect(errorOf(() => ListTasks({ serviceName: "nobody" }))).toBe("ServiceNotFoundException");
    expect(errorOf(() => ListTasks({ cluster: "nowhere" }))).toBe("ClusterNotFoundException");
  });
});

describe("RunTask", () => {
  it("answers the same tasks for the same token, and refuses the token for another request", () => {
    const { ecs } = createFixture();
    ecs.registerContainerInstance({});
    const request = { taskDefinition: "bridge", launchType: "EC2", clientToken: "once", count: 2 } as const;
    const first = ecs.operations.RunTask(request).tasks?.map((task) => task.taskArn);
    expect(ecs.operations.RunTask(request).tasks?.map((task) => task.taskArn)).toEqual(first);
    expect([...ecs.runningTasks()]).toHaveLength(2);
    expect(errorOf(() => ecs.operations.RunTask({ ...request, count: 1 }))).toBe("ConflictException");
  });

  it("answers a failure when no host has room, and an error when there is no host", () => {
    const { ecs } = createFixture();
    const request = { taskDefinition: "bridge", launchType: "EC2" } as const;
    expect(errorOf(() => ecs.operations.RunTask(request))).toBe("InvalidParameterException");
    ecs.registerContainerInstance({ memory: 100 });
    expect(ecs.operations.RunTask(request)).toMatchObject({
      tasks: [],
      failures: [{ reason: "RESOURCE:MEMORY" }],
    });
  });
});

describe("tags", () => {
  it("are propagated on request, described on request, and lost with StopTask", () => {
    const { ecs, advance } = createFixture();
    const { CreateService, DescribeTasks, ListTasks, TagResource, ListTagsForResource, StopTask } =
      ecs.operations;
    ecs.registerContainerInstance({});
    const tags = [{ key: "team", value: "sea" }];
    CreateService({
      serviceName: "web",
      taskDefinition: "bridge",
      desiredCount: 1,
      launchType: "EC2",
      tags,
      propagateTags: "SERVICE",
    });
    advance(30);
    const [arn = ""] = ListTasks({}).taskArns ?? [];
    expect(DescribeTasks({ tasks: [arn] }).tasks?.[0]?.tags).toEqual([]);
    expect(DescribeTasks({ tasks: [arn], include: ["TAGS"] }).tasks?.[0]?.tags).toEqual(tags);
    TagResource({
      resourceArn: arn,
      tags: [
        { key: "team", value: "land" },
        { key: "tier", value: "1" },
      ],
    });
    expect(ListTagsForResource({ resourceArn: arn }).tags).toEqual([
      { key: "team", value: "land" },
      { key: "tier", value: "1" },
    ]);
    StopTask({ task: arn });
    expect(ListTagsForResource({ resourceArn: arn }).tags).toEqual([]);
  });
});

describe("refusals", () => {
  it("carry AWS's names", () => {
    const fixture = createFixture();
    const { operations } = fixture.ecs;
    const base = { serviceName: "web", taskDefinition: "fargate", launchType: "FARGATE" } as const;
    expect(errorOf(() => operations.CreateService(base))).toBe("InvalidParameterException");
    expect(errorOf(() => operations.CreateService({ ...base, taskDefinition: "nothing" }))).toBe(
      "ClientException",
    );
    expect(errorOf(() => operations.UpdateService({ service: "web" }))).toBe("ServiceNotFoundException");
    expect(errorOf(() => operations.DescribeTasks({ tasks: Array.from({ length: 101 }, String) }))).toBe(
      "InvalidParameterException",
    );
    expect(errorOf(() => operations.StopTask({ task: "abc" }))).toBe("InvalidParameterException");
    expect(
      errorOf(() =>
        operations.CreateService({
          serviceName: "agent",
          taskDefinition: "host",
          schedulingStrategy: "DAEMON",
          desiredCount: 1,
        }),
      ),
    ).toBe("InvalidParameterException");
    createFargateService(fixture, "web", 1);
    operations.DeleteService({ service: "web", force: true });
    expect(errorOf(() => operations.UpdateService({ service: "web" }))).toBe("ServiceNotActiveException");
    expect(operations.DescribeServices({ services: ["none"] }).failures?.[0]?.reason).toBe("MISSING");
    expect(
      operations.DescribeContainerInstances({ containerInstances: ["none"] }).failures?.[0]?.reason,
    ).toBe("MISSING");
  });

  it("finds a container instance by its host", () => {
    const { ecs } = createFixture();
    ecs.registerContainerInstance({ ec2InstanceId: "i-1" });
    const second = ecs.registerContainerInstance({ ec2InstanceId: "i-2" });
    const { ListContainerInstances } = ecs.operations;
    expect(ListContainerInstances({ filter: "ec2InstanceId == i-2" }).containerInstanceArns).toEqual([
      second.containerInstanceArn,
    ]);
    expect(
      ListContainerInstances({ filter: "ec2InstanceId in ['i-1', 'i-2']" }).containerInstanceArns,
    ).toHaveLength(2);
  });
});

describe("RegisterTaskDefinition", () => {
  it("answers what AWS fills in", () => {
    const { RegisterTaskDefinition, DeregisterTaskDefinition } = createFixture().ecs.operations;
    const register = (networkMode: "awsvpc" | "bridge") =>
      RegisterTaskDefinition({
        family: networkMode,
        networkMode,
        containerDefinitions: [
          { name: "app", image: "app:1", memory: 64, portMappings: [{ containerPort: 80 }] },
        ],
      }).taskDefinition?.containerDefinitions?.[0];
    expect(register("awsvpc")).toMatchObject({
      essential: true,
      portMappings: [{ containerPort: 80, hostPort: 80, protocol: "tcp" }],
    });
    expect(register("bridge")?.portMappings).toEqual([{ containerPort: 80, hostPort: 0, protocol: "tcp" }]);
    const { taskDefinition } = DeregisterTaskDefinition({ taskDefinition: "bridge:1" });
    expect(taskDefinition).toMatchObject({ status: "INACTIVE", deregisteredAt: expect.any(Date) });
  });
});

it("calls an interface ElasticNetworkInterface in the API and eni in events", () => {
  const fixture = createFixture();
  createFargateService(fixture, "web", 1);
  fixture.advance(60);
  const { DescribeTasks, DescribeServices, ListTasks } = fixture.ecs.operations;
  const { tasks = [] } = DescribeTasks({ tasks: ListTasks({}).taskArns ?? [] });
  expect(tasks[0]?.attachments?.[0]?.type).toBe("ElasticNetworkInterface");
  const types = fixture.events
    .filter((event) => event["detail-type"] === "ECS Task State Change")
    .flatMap(({ detail }) => detail["attachments"] as { type: string }[])
    .map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(["eni"]));
  expect(DescribeServices({ services: ["web"] }).services?.[0]?.platformVersion).toBe("LATEST");
});
