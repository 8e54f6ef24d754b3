// Capacity provider strategies of services, task sets and RunTask: what is refused, and how a service changes its own.

import type { CapacityProviderStrategyItem } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1"] } };
const SPOT: CapacityProviderStrategyItem[] = [{ capacityProvider: "FARGATE_SPOT", weight: 1 }];
const launch = { taskDefinition: "fargate", networkConfiguration };

function prepare(): Fixture {
  const fixture = createFixture();
  fixture.ecs.operations.CreateCapacityProvider({
    name: "asg",
    autoScalingGroupProvider: { autoScalingGroupArn: "arn:asg" },
  });
  return fixture;
}

const served = (fixture: Fixture) =>
  fixture.ecs.operations.DescribeServices({ services: ["web"] }).services?.[0] ?? {};

describe("a strategy", () => {
  it.each<[string, CapacityProviderStrategyItem[], string]>([
    ["a provider that the cluster does not have", [{ capacityProvider: "asg", weight: 1 }], "not associated"],
    ["no weight", [{ capacityProvider: "FARGATE" }], "weight greater than zero"],
    [
      "two bases",
      [
        { capacityProvider: "FARGATE", base: 1, weight: 1 },
        { capacityProvider: "FARGATE_SPOT", base: 1, weight: 1 },
      ],
      "Only one capacity provider",
    ],
  ])("is refused with %s", (_what, capacityProviderStrategy, message) => {
    const fixture = prepare();
    const { operations } = fixture.ecs;
    const input = { ...launch, capacityProviderStrategy };
    operations.CreateService({ serviceName: "sets", deploymentController: { type: "EXTERNAL" } });
    expect(() => operations.RunTask(input)).toThrow(message);
    expect(() => operations.CreateService({ serviceName: "web", ...input })).toThrow(message);
    expect(() => operations.CreateTaskSet({ cluster: "default", service: "sets", ...input })).toThrow(
      message,
    );
    createFargateService(fixture, "web", 1);
    const change = { service: "web", forceNewDeployment: true, capacityProviderStrategy };
    expect(() => operations.UpdateService(change)).toThrow(message);
    expect([...fixture.ecs.runningTasks()]).toEqual([]);
  });

  it("does not mix Fargate with other providers", () => {
    const { ecs } = prepare();
    ecs.operations.PutClusterCapacityProviders({
      cluster: "default",
      capacityProviders: ["FARGATE", "asg"],
      defaultCapacityProviderStrategy: [],
    });
    const capacityProviderStrategy = ["FARGATE", "asg"].map((capacityProvider) => ({
      capacityProvider,
      weight: 1,
    }));
    expect(() => ecs.operations.RunTask({ ...launch, capacityProviderStrategy })).toThrow(
      "cannot contain a mix",
    );
  });

  it("of a cluster is not changed by creating it again", () => {
    const { CreateCluster } = prepare().ecs.operations;
    const again = CreateCluster({ clusterName: "default", capacityProviders: ["FARGATE", "FARGATE_SPOT"] });
    expect(again.cluster).toMatchObject({ clusterName: "default", status: "ACTIVE" });
    expect(() => CreateCluster({ clusterName: "default", capacityProviders: ["asg"] })).toThrow("idempotent");
  });

  it("that is empty is as none", () => {
    const { ecs } = prepare();
    const answer = ecs.operations.RunTask({ ...launch, launchType: "FARGATE", capacityProviderStrategy: [] });
    expect(answer.tasks).toMatchObject([{ launchType: "FARGATE" }]);
  });
});

describe("a service's strategy", () => {
  it("changes with a forced deployment only", () => {
    const fixture = prepare();
    createFargateService(fixture, "web", 1);
    fixture.advance(120);
    const { UpdateService } = fixture.ecs.operations;
    expect(() => UpdateService({ service: "web", capacityProviderStrategy: SPOT })).toThrow(
      "you must force a new deployment",
    );
    expect(served(fixture)).toMatchObject({ launchType: "FARGATE", deployments: [{}] });
    UpdateService({ service: "web", capacityProviderStrategy: SPOT, forceNewDeployment: true });
    fixture.advance(240);
    expect(served(fixture)).toMatchObject({ capacityProviderStrategy: SPOT, runningCount: 1 });
    // A repetition is no change.
    UpdateService({ service: "web", capacityProviderStrategy: SPOT });
    expect(served(fixture).deployments).toHaveLength(1);
  });

  it("goes back to the launch type with an empty list", () => {
    const fixture = prepare();
    createFargateService(fixture, "web", 1);
    const { UpdateService } = fixture.ecs.operations;
    UpdateService({ service: "web", capacityProviderStrategy: [] });
    expect(served(fixture)).toMatchObject({ launchType: "FARGATE" });
    UpdateService({ service: "web", capacityProviderStrategy: SPOT, forceNewDeployment: true });
    UpdateService({ service: "web", capacityProviderStrategy: [], forceNewDeployment: true });
    fixture.advance(240);
    expect(served(fixture)).toMatchObject({ launchType: "FARGATE", runningCount: 1 });
    expect(served(fixture).capacityProviderStrategy).toBeUndefined();
  });
});
