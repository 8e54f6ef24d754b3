// Services behind load balancers, task sets and managed hosts under faults: every task that runs is a target, no
// other is, and all come to rest as they want to be.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import type { Fixture } from "./ecs-fixture.ts";
import { createFixture } from "./ecs-fixture.ts";

const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };
const CLUSTER = "default";
const WANTED = { web: 3, managed: 2, sets: 4 } as const;

interface Stage extends Fixture {
  readonly groups: Readonly<Record<keyof typeof WANTED, string>>;
}

function prepare(seed: number): Stage {
  const fixture = createFixture({ seed });
  const { operations } = fixture.ecs;
  const groups = {
    web: fixture.balancing.addGroup("web"),
    managed: fixture.balancing.addGroup("managed", { targetType: "instance", deregistrationDelayMs: 5_000 }),
    sets: fixture.balancing.addGroup("sets", { deregistrationDelayMs: 0 }),
  };
  operations.CreateService({
    serviceName: "web",
    desiredCount: WANTED.web,
    taskDefinition: "fargate",
    capacityProviderStrategy: [
      { capacityProvider: "FARGATE", weight: 1 },
      { capacityProvider: "FARGATE_SPOT", weight: 2 },
    ],
    networkConfiguration,
    loadBalancers: [{ targetGroupArn: groups.web, containerName: "web", containerPort: 8080 }],
    healthCheckGracePeriodSeconds: 30,
  });
  operations.CreateCapacityProvider({
    name: "mi",
    cluster: CLUSTER,
    managedInstancesProvider: {
      infrastructureRoleArn: "arn:role",
      instanceLaunchTemplate: {
        ec2InstanceProfileArn: "arn:profile",
        networkConfiguration: { subnets: ["subnet-1"] },
      },
    },
  });
  operations.CreateService({
    serviceName: "managed",
    desiredCount: WANTED.managed,
    taskDefinition: "bridge",
    capacityProviderStrategy: [{ capacityProvider: "mi", weight: 1 }],
    loadBalancers: [{ targetGroupArn: groups.managed, containerName: "web", containerPort: 80 }],
  });
  operations.CreateService({
    serviceName: "sets",
    desiredCount: WANTED.sets,
    deploymentController: { type: "EXTERNAL" },
  });
  const stage = { ...fixture, groups };
  createSet(stage, 100);
  return stage;
}

function createSet(stage: Stage, value: number): string {
  const { taskSet } = stage.ecs.operations.CreateTaskSet({
    cluster: CLUSTER,
    service: "sets",
    taskDefinition: "fargate",
    launchType: "FARGATE",
    networkConfiguration,
    loadBalancers: [{ targetGroupArn: stage.groups.sets, containerName: "web", containerPort: 8080 }],
    scale: { unit: "PERCENT", value },
  });
  return taskSet?.id ?? "";
}

const setsOf = (stage: Stage): string[] =>
  (stage.ecs.operations.DescribeTaskSets({ cluster: CLUSTER, service: "sets" }).taskSets ?? [])
    .filter(({ status }) => status !== "DRAINING")
    .map(({ id = "" }) => id);

function breakSomething(stage: Stage): void {
  const { ecs, balancing, groups } = stage;
  const { chance } = stage.kernel;
  const { operations } = ecs;
  const pick = <T>(items: readonly T[]): T | undefined =>
    items.length === 0 ? undefined : chance.pick(items);
  const task = pick([...ecs.runningTasks()]);
  const host = pick([...ecs.hosts()])?.ec2InstanceId;
  const group = chance.pick(Object.values(groups));
  const taskSet = pick(setsOf(stage));
  const zone = `us-east-1${chance.pick(["a", "b", "c"])}`;
  const where = { cluster: CLUSTER, service: "sets", taskSet: taskSet ?? "" };
  const acts: (() => unknown)[] = [
    () => task !== undefined && ecs.killTask(task.taskId, { exitCode: 1 }),
    () => task !== undefined && operations.StopTask({ task: task.taskArn }),
    () => task !== undefined && protect(stage, task.taskArn),
    () => task !== undefined && ecs.retireTasks({ tasks: [task.taskArn] }, minutes(1)),
    () => ecs.reclaimSpot({ share: 0.5 }),
    () => balancing.setHealth(group, chance.pick(["healthy", "unhealthy"])),
    () => {
      balancing.holdBack = !balancing.holdBack;
    },
    () => ecs.loseZone(zone),
    () => ecs.restoreZone(zone),
    () => host !== undefined && ecs.loseHost(host),
    () => host !== undefined && ecs.disconnectAgent(host),
    () => host !== undefined && ecs.reconnectAgent(host),
    () => host !== undefined && ecs.impairInstance(host, "DAEMON"),
    () =>
      taskSet !== undefined && operations.UpdateTaskSet({ ...where, scale: { value: chance.int(0, 100) } }),
    () => taskSet !== undefined && operations.DeleteTaskSet({ ...where, force: true }),
    () => setsOf(stage).length < 3 && createSet(stage, chance.int(0, 100)),
    () => operations.UpdateService({ service: "sets", desiredCount: chance.int(0, 6) }),
    () => operations.UpdateService({ service: "web", forceNewDeployment: true }),
    () => operations.UpdateService({ service: "managed", desiredCount: chance.int(0, 4) }),
  ];
  try {
    chance.pick(acts)();
  } catch (error) {
    // The limits of task sets and deployments count those that still drain.
    expect(String(error)).toMatch(/5 (active )?deployments exist/);
  }
}

const protect = (stage: Stage, taskArn: string): unknown =>
  stage.ecs.operations.UpdateTaskProtection({
    cluster: CLUSTER,
    tasks: [taskArn],
    protectionEnabled: true,
    expiresInMinutes: 3,
  });

function heal(stage: Stage): void {
  const { ecs } = stage;
  stage.balancing.holdBack = false;
  for (const letter of ["a", "b", "c"]) ecs.restoreZone(`us-east-1${letter}`);
  for (const { ec2InstanceId } of ecs.hosts()) ecs.reconnectAgent(ec2InstanceId);
  for (const arn of Object.values(stage.groups)) stage.balancing.setHealth(arn, "healthy");
  const { operations } = ecs;
  for (const service of ["web", "managed", "sets"] as const) {
    operations.UpdateService({ service, desiredCount: WANTED[service] });
  }
  for (const taskSet of setsOf(stage)) {
    operations.DeleteTaskSet({ cluster: CLUSTER, service: "sets", taskSet, force: true });
  }
  stage.advance(600);
  createSet(stage, 100);
}

/** Exactly the tasks that run are targets, and all are healthy. */
function targetsAreTasks(stage: Stage): void {
  for (const [service, group] of Object.entries(stage.groups)) {
    const tasks = [...stage.ecs.runningTasks()].filter((task) => task.group === `service:${service}`);
    const expected = tasks.map(({ hostId, addresses, bindings }) =>
      hostId === undefined ? `${addresses.ipv4}:8080` : `${hostId}:${bindings[0]?.hostPort}`,
    );
    const targets = stage.balancing.targetsOf(group);
    expect(targets.map(({ id, port }) => `${id}:${port}`).sort()).toEqual(expected.sort());
    expect(new Set(targets.map(({ state }) => state))).toEqual(new Set(["healthy"]));
  }
}

describe("under faults of hosts, zones and load balancers", () => {
  it.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    "tasks and targets end as one (seed %i)",
    (seed) => {
      const stage = prepare(seed);
      for (let step = 0; step < 80; step += 1) {
        breakSomething(stage);
        stage.advance(stage.kernel.chance.int(0, 20));
      }
      heal(stage);
      stage.advance(3_600);
      const { services } = stage.ecs.operations.DescribeServices({ services: Object.keys(WANTED) });
      expect(services?.map(({ runningCount, pendingCount }) => [runningCount, pendingCount])).toEqual(
        Object.values(WANTED).map((count) => [count, 0]),
      );
      targetsAreTasks(stage);
    },
  );
});
