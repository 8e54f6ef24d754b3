// What the ports to ECS, EC2 and SSM must do, through the real adapters, whatever is underneath.

import { describe, expect, it } from "vitest";
import type { Implementation } from "./aws-set-up.ts";
import { failure, runService, setUp } from "./aws-set-up.ts";

export function describeCompute(name: string, implementation: Implementation): void {
  describe(`TaskReader over ${name}`, () => describeTaskReader(implementation));
  describe(`TaskStopper over ${name}`, () => describeTaskStopper(implementation));
  describe(`HostReader over ${name}`, () => describeHostReader(implementation));
}

function describeTaskReader(implementation: Implementation): void {
  it("describes running tasks with version, address and containers", async () => {
    const set = await setUp(implementation);
    runService(set, "awsvpc", 2);
    const { taskIds, next } = await set.tasks.listTasks(set.clusterArn, {});
    expect([taskIds.length, next]).toEqual([2, undefined]);
    const facts = await set.tasks.describeTasks(set.clusterArn, taskIds);
    expect(facts.map((fact) => fact.taskId).toSorted()).toEqual(taskIds.toSorted());
    const fact = facts[0];
    if (fact?.kind !== "task") throw new Error("not a task");
    expect(fact).toMatchObject({
      group: "service:web",
      clusterArn: set.clusterArn,
      lastStatus: "RUNNING",
      desiredStatus: "RUNNING",
      launchType: "FARGATE",
      via: "describe",
      at: set.world.kernel.now(),
      containers: [{ name: "app", lastStatus: "RUNNING" }],
    });
    expect(fact.version).toBeGreaterThan(1);
    expect(fact.startedAt).toBeGreaterThan(0);
    expect(fact.interfaces[0]).toMatchObject({
      eniId: expect.stringMatching(/^eni-/) as string,
      ipv4: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
    });
    expect(fact.tags).toBeUndefined();
  });

  it("reads tags where asked for", async () => {
    const set = await setUp(implementation);
    runService(set, "awsvpc", 1);
    const { taskIds } = await set.tasks.listTasks(set.clusterArn, {});
    const [fact] = await set.tasks.describeTasks(set.clusterArn, taskIds, { tags: true });
    expect(fact?.kind === "task" && fact.tags).toEqual({});
  });

  it("answers more than 100 tasks, and pages through lists", async () => {
    const set = await setUp(implementation);
    runService(set, "awsvpc", 130);
    set.pass(1_800);
    const first = await set.tasks.listTasks(set.clusterArn, {});
    const second = await set.tasks.listTasks(set.clusterArn, { ...(first.next && { next: first.next }) });
    const taskIds = [...first.taskIds, ...second.taskIds];
    expect([first.taskIds.length, new Set(taskIds).size, second.next]).toEqual([100, 130, undefined]);
    expect((await set.tasks.describeTasks(set.clusterArn, taskIds)).length).toBe(130);
  });

  it("says which tasks ECS does not know, and asks nothing for no tasks", async () => {
    const set = await setUp(implementation);
    const taskId = "0123456789abcdef0123456789abcdef";
    const gone = await set.tasks.describeTasks(set.clusterArn, [taskId]);
    expect(gone).toEqual([{ kind: "task-gone", taskId, at: set.world.kernel.now() }]);
    expect(await set.tasks.describeTasks(set.clusterArn, [])).toEqual([]);
  });

  it("names a missing cluster", async () => {
    const set = await setUp(implementation);
    const elsewhere = set.world.kernel.arn("ecs", "cluster/elsewhere");
    expect((await failure(set.tasks.listTasks(elsewhere, {}))).code).toBe("missing");
  });
}

function describeTaskStopper(implementation: Implementation): void {
  it("stops a task with its note, again without harm, and one that is gone", async () => {
    const set = await setUp(implementation);
    runService(set, "awsvpc", 1);
    const { taskIds } = await set.tasks.listTasks(set.clusterArn, {});
    const [taskId = ""] = taskIds;
    const arn = set.world.kernel.arn("ecs", `task/default/${taskId}`);
    await set.stopper.stopTask(set.clusterArn, arn, "drained by an operator");
    await set.stopper.stopTask(set.clusterArn, arn, "drained by an operator");
    const [fact] = await set.tasks.describeTasks(set.clusterArn, [taskId]);
    expect(fact).toMatchObject({ desiredStatus: "STOPPED", stoppedReason: "drained by an operator" });
    const never = set.world.kernel.arn("ecs", "task/default/0123456789abcdef0123456789abcdef");
    await set.stopper.stopTask(set.clusterArn, never, "x".repeat(2_000));
  });
}

function describeHostReader(implementation: Implementation): void {
  it("finds the addresses of EC2 and ECS Anywhere hosts, and leaves unknown ones out", async () => {
    const set = await setUp(implementation);
    const inside = set.world.ecs.registerContainerInstance({ cluster: "default", kind: "EC2" });
    const outside = set.world.ecs.registerContainerInstance({ cluster: "default", kind: "EXTERNAL" });
    set.pass(60);
    const arns = [
      inside.containerInstanceArn,
      outside.containerInstanceArn,
      `${inside.containerInstanceArn.slice(0, -4)}0000`,
    ];
    const hosts = await set.hosts.hosts(set.clusterArn, arns);
    expect(
      hosts.toSorted((a, b) => arns.indexOf(a.containerInstanceArn) - arns.indexOf(b.containerInstanceArn)),
    ).toMatchObject([
      {
        ec2InstanceId: inside.ec2InstanceId,
        ipv4: inside.privateIp,
        availabilityZone: inside.availabilityZone,
        status: "ACTIVE",
      },
      { ec2InstanceId: outside.ec2InstanceId, ipv4: outside.privateIp, status: "ACTIVE" },
    ]);
    expect(await set.hosts.hosts(set.clusterArn, arns.slice(0, 2))).toHaveLength(2);
  });

  it("finds public addresses by network interface", async () => {
    const set = await setUp(implementation);
    runService(set, "awsvpc", 1);
    const { taskIds } = await set.tasks.listTasks(set.clusterArn, {});
    const [fact] = await set.tasks.describeTasks(set.clusterArn, taskIds);
    const eniId = fact?.kind === "task" ? (fact.interfaces[0]?.eniId ?? "") : "";
    const address = set.world.ecs.publicIpOf(eniId);
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(await set.hosts.publicIps([eniId])).toEqual({ [eniId]: address });
    expect(await set.hosts.publicIps([])).toEqual({});
  });

  it("finds the container instance on a host", async () => {
    const set = await setUp(implementation);
    const host = set.world.ecs.registerContainerInstance({ cluster: "default", kind: "EC2" });
    const found = await set.hosts.containerInstanceOf(host.ec2InstanceId);
    expect(found).toEqual({ clusterArn: set.clusterArn, arn: host.containerInstanceArn });
    expect(await set.hosts.containerInstanceOf("i-0123456789abcdef0")).toBeUndefined();
  });

  it("lists the tasks of a host, with their host ports", async () => {
    const set = await setUp(implementation);
    const host = set.world.ecs.registerContainerInstance({ cluster: "default", kind: "EC2" });
    runService(set, "bridge", 1);
    const page = await set.tasks.listTasks(set.clusterArn, {
      containerInstanceArn: host.containerInstanceArn,
    });
    const [fact] = await set.tasks.describeTasks(set.clusterArn, page.taskIds);
    expect(fact).toMatchObject({ containerInstanceArn: host.containerInstanceArn, launchType: "EC2" });
    const bindings = fact?.kind === "task" ? fact.containers[0]?.bindings : [];
    expect(bindings).toMatchObject([{ containerPort: 80, protocol: "tcp" }]);
    expect(bindings?.[0]?.hostPort).toBeGreaterThan(1_023);
  });
}
