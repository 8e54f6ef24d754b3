// Capacity providers, clusters' default strategies, and hosts of Managed Instances.

import { describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFixture } from "./ecs-fixture.ts";

const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };
const autoScaling = (name: string) => ({
  name,
  autoScalingGroupProvider: { autoScalingGroupArn: `arn:aws:autoscaling:group/${name}` },
});
const managed = (name: string, actionsStatus: "ENABLED" | "DISABLED" = "ENABLED") => ({
  name,
  cluster: "default",
  managedInstancesProvider: {
    infrastructureRoleArn: "arn:aws:iam::111122223333:role/ecs",
    instanceLaunchTemplate: {
      ec2InstanceProfileArn: "arn:aws:iam::111122223333:instance-profile/ecs",
      networkConfiguration: { subnets: ["subnet-1"] },
    },
    autoRepairConfiguration: { actionsStatus },
  },
});

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  }
  return "no error";
}

const providers = (fixture: Fixture, input: object = {}) =>
  fixture.ecs.operations.DescribeCapacityProviders(input).capacityProviders ?? [];

describe("capacity providers", () => {
  it("are FARGATE and FARGATE_SPOT from the start", () => {
    expect(providers(createFixture()).map(({ name, type, status }) => [name, type, status])).toEqual([
      ["FARGATE", "FARGATE", "ACTIVE"],
      ["FARGATE_SPOT", "FARGATE_SPOT", "ACTIVE"],
    ]);
  });

  it("of Auto Scaling groups are created, changed, described and deleted", () => {
    const fixture = createFixture();
    const { operations } = fixture.ecs;
    operations.CreateCapacityProvider({ ...autoScaling("asg"), tags: [{ key: "a", value: "b" }] });
    operations.UpdateCapacityProvider({
      name: "asg",
      autoScalingGroupProvider: { managedDraining: "ENABLED" },
    });
    expect(providers(fixture, { capacityProviders: ["asg"], include: ["TAGS"] })).toEqual([
      expect.objectContaining({
        name: "asg",
        type: "EC2_AUTOSCALING",
        updateStatus: "UPDATE_COMPLETE",
        autoScalingGroupProvider: expect.objectContaining({ managedDraining: "ENABLED" }),
        tags: [{ key: "a", value: "b" }],
      }),
    ]);
    expect(operations.DeleteCapacityProvider({ capacityProvider: "asg" }).capacityProvider).toMatchObject({
      status: "INACTIVE",
      updateStatus: "DELETE_COMPLETE",
    });
    expect(operations.DescribeCapacityProviders({ capacityProviders: ["asg"] }).failures).toEqual([
      { arn: expect.stringMatching(/capacity-provider\/asg$/), reason: "MISSING" },
    ]);
  });

  it("of Managed Instances belong to one cluster", () => {
    const fixture = createFixture({ clusters: ["default", "other"] });
    fixture.ecs.operations.CreateCapacityProvider(managed("mi"));
    expect(providers(fixture).map(({ name }) => name)).not.toContain("mi");
    fixture.ecs.operations.PutClusterCapacityProviders({
      cluster: "default",
      capacityProviders: ["FARGATE"],
      defaultCapacityProviderStrategy: [],
    });
    expect(providers(fixture, { cluster: "default" })).toMatchObject([
      { name: "FARGATE" },
      { name: "mi", type: "MANAGED_INSTANCES" },
    ]);
    expect(providers(fixture, { cluster: "other" })).toEqual([]);
  });

  it.each<[string, object]>([
    ["a reserved prefix", autoScaling("fargate-like")],
    ["no kind", { name: "x" }],
    ["both kinds", { ...managed("x"), ...autoScaling("x") }],
    ["no cluster for Managed Instances", { ...managed("x"), cluster: undefined }],
    ["a taken name", autoScaling("taken")],
    ["a taken group", { ...autoScaling("taken"), name: "second" }],
  ])("are refused with %s", (_what, input) => {
    const { ecs } = createFixture();
    ecs.operations.CreateCapacityProvider(autoScaling("taken"));
    expect(errorOf(() => ecs.operations.CreateCapacityProvider(input as never))).toMatch(
      /^InvalidParameterException/,
    );
  });

  it("stay while a cluster or a service uses them", () => {
    const { ecs } = createFixture();
    const { operations } = ecs;
    operations.CreateCapacityProvider(autoScaling("asg"));
    const put = (capacityProviders: string[]) =>
      operations.PutClusterCapacityProviders({
        cluster: "default",
        capacityProviders,
        defaultCapacityProviderStrategy: [],
      });
    put(["asg"]);
    expect(errorOf(() => operations.DeleteCapacityProvider({ capacityProvider: "asg" }))).toMatch(
      /^ClientException/,
    );
    operations.CreateService({
      serviceName: "web",
      taskDefinition: "bridge",
      capacityProviderStrategy: [{ capacityProvider: "asg", weight: 1 }],
    });
    expect(errorOf(() => put([]))).toMatch(/^ResourceInUseException/);
  });
});

describe("a cluster's default strategy", () => {
  const strategy = [{ capacityProvider: "FARGATE_SPOT", weight: 1 }];

  it("serves RunTask, services and task sets that name no launch type", () => {
    const { ecs, advance } = createFixture();
    ecs.operations.PutClusterCapacityProviders({
      cluster: "default",
      capacityProviders: ["FARGATE", "FARGATE_SPOT"],
      defaultCapacityProviderStrategy: strategy,
    });
    const launch = { taskDefinition: "fargate", networkConfiguration };
    ecs.operations.RunTask(launch);
    ecs.operations.CreateService({ serviceName: "web", desiredCount: 1, ...launch });
    ecs.operations.CreateService({
      serviceName: "sets",
      desiredCount: 1,
      deploymentController: { type: "EXTERNAL" },
    });
    ecs.operations.CreateTaskSet({ cluster: "default", service: "sets", scale: { value: 100 }, ...launch });
    advance(60);
    const arns = [...ecs.runningTasks()].map(({ taskArn }) => taskArn);
    const tasks = ecs.operations.DescribeTasks({ tasks: arns }).tasks ?? [];
    expect(tasks.map(({ capacityProviderName }) => capacityProviderName)).toEqual(
      Array.from({ length: 3 }, () => "FARGATE_SPOT"),
    );
    const [cluster] = ecs.operations.DescribeClusters({}).clusters ?? [];
    expect(cluster?.defaultCapacityProviderStrategy).toEqual(strategy);
  });

  it.each([
    ["an unknown provider", ["nothing"], []],
    ["a strategy outside the list", ["FARGATE"], strategy],
    ["no weight at all", ["FARGATE_SPOT"], [{ capacityProvider: "FARGATE_SPOT", weight: 0 }]],
  ])("is refused with %s", (_what, capacityProviders, defaultCapacityProviderStrategy) => {
    const { ecs } = createFixture();
    const input = { cluster: "default", capacityProviders, defaultCapacityProviderStrategy };
    expect(errorOf(() => ecs.operations.PutClusterCapacityProviders(input))).toMatch(
      /^InvalidParameterException/,
    );
  });
});

describe("Managed Instances", () => {
  function serve(fixture: Fixture, desiredCount: number, actionsStatus?: "DISABLED"): void {
    const { operations } = fixture.ecs;
    operations.CreateCapacityProvider(managed("mi", actionsStatus));
    operations.CreateService({
      serviceName: "web",
      desiredCount,
      taskDefinition: "bridge",
      capacityProviderStrategy: [{ capacityProvider: "mi", weight: 1 }],
    });
    fixture.advance(200);
  }
  const hosts = (fixture: Fixture) => [...fixture.ecs.hosts()];
  const runningOn = (fixture: Fixture) =>
    [...fixture.ecs.runningTasks()]
      .filter(({ lastStatus }) => lastStatus === "RUNNING")
      .map(({ hostId }) => hostId);

  it("are launched when a task finds no room", () => {
    const fixture = createFixture();
    serve(fixture, 2);
    expect(hosts(fixture)).toMatchObject([{ kind: "MANAGED_INSTANCES" }]);
    expect(runningOn(fixture)).toHaveLength(2);
  });

  it("come back when one is lost", () => {
    const fixture = createFixture();
    serve(fixture, 1);
    const [first] = hosts(fixture);
    fixture.ecs.loseHost(first?.ec2InstanceId ?? "");
    fixture.advance(300);
    expect(hosts(fixture).map(({ ec2InstanceId }) => ec2InstanceId)).not.toContain(first?.ec2InstanceId);
    expect(runningOn(fixture)).toEqual([hosts(fixture)[0]?.ec2InstanceId]);
  });

  it("are ended once drained, and their tasks run elsewhere", () => {
    const fixture = createFixture();
    serve(fixture, 1);
    const [first] = hosts(fixture);
    fixture.ecs.operations.UpdateContainerInstancesState({
      containerInstances: [first?.containerInstanceArn ?? ""],
      status: "DRAINING",
    });
    fixture.advance(400);
    expect(hosts(fixture).map(({ ec2InstanceId }) => ec2InstanceId)).not.toContain(first?.ec2InstanceId);
    expect(runningOn(fixture)).toEqual([hosts(fixture)[0]?.ec2InstanceId]);
  });

  it("are replaced when impaired: the new host first, the task before the old one stops", () => {
    const fixture = createFixture();
    serve(fixture, 1);
    const [first] = hosts(fixture);
    fixture.ecs.impairInstance(first?.ec2InstanceId ?? "", "ACCELERATED_COMPUTE", "Xid 79");
    let least = 1;
    let most = 1;
    for (let step = 0; step < 400; step += 1) {
      fixture.advance(1);
      least = Math.min(least, runningOn(fixture).length);
      most = Math.max(most, hosts(fixture).length);
    }
    expect(most).toBe(2);
    expect(least).toBe(1);
    expect(hosts(fixture).map(({ ec2InstanceId }) => ec2InstanceId)).not.toContain(first?.ec2InstanceId);
    const [impaired] = fixture.details("ECS Container Instance Health Change");
    expect(impaired).toMatchObject({
      overallStatus: "IMPAIRED",
      capacityProviderName: "mi",
      ec2InstanceId: first?.ec2InstanceId,
      healthChecks: expect.arrayContaining([
        expect.objectContaining({ type: "ACCELERATED_COMPUTE", status: "IMPAIRED", statusReason: "Xid 79" }),
      ]),
    });
  });

  it("whose agent stays away end with what they ran, as InfrastructureHealth", () => {
    const fixture = createFixture();
    serve(fixture, 1);
    const [first] = hosts(fixture);
    const [task] = [...fixture.ecs.runningTasks()];
    fixture.ecs.disconnectAgent(first?.ec2InstanceId ?? "");
    fixture.advance(1_200);
    const stopped = fixture.ecs.operations.DescribeTasks({ tasks: [task?.taskArn ?? ""] }).tasks?.[0];
    expect(stopped).toMatchObject({ lastStatus: "STOPPED", stopCode: "InfrastructureHealth" });
    expect(runningOn(fixture)).toHaveLength(1);
  });

  it("are left alone where auto-repair is off", () => {
    const fixture = createFixture();
    serve(fixture, 1, "DISABLED");
    const [first] = hosts(fixture);
    fixture.ecs.impairInstance(first?.ec2InstanceId ?? "", "DAEMON");
    fixture.advance(1_200);
    expect(hosts(fixture)).toHaveLength(1);
    const view = fixture.ecs.operations.DescribeContainerInstances({
      containerInstances: [first?.containerInstanceArn ?? ""],
      include: ["CONTAINER_INSTANCE_HEALTH"],
    }).containerInstances?.[0];
    expect(view?.healthStatus?.overallStatus).toBe("IMPAIRED");
    fixture.ecs.healInstance(first?.ec2InstanceId ?? "", "DAEMON");
    const overall = fixture
      .details("ECS Container Instance Health Change")
      .map(({ overallStatus }) => overallStatus);
    expect(overall).toEqual(["IMPAIRED", "OK"]);
  });

  it("are repaired one at a time below nine, a fifth of them above", () => {
    for (const [count, atOnce] of [
      [4, 1],
      [10, 2],
    ] as const) {
      const fixture = createFixture();
      for (let host = 0; host < count; host += 1) {
        fixture.ecs.registerContainerInstance({ kind: "MANAGED_INSTANCES", capacityProvider: "mi" });
      }
      for (const { ec2InstanceId } of hosts(fixture)) fixture.ecs.impairInstance(ec2InstanceId, "DAEMON");
      let most = 0;
      for (let step = 0; step < 100; step += 1) {
        fixture.advance(1);
        most = Math.max(most, hosts(fixture).length - count);
      }
      expect(most).toBe(atOnce);
    }
  });
});
