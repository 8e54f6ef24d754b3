// Placement constraints and strategies of services: kept, shown, followed, changed.

import type { CreateServiceRequest } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

const ZONES = ["us-east-1a", "us-east-1a", "us-east-1b", "us-east-1c"];
const BINPACK = [{ type: "binpack" as const, field: "memory" }];
const IN_B = [{ type: "memberOf" as const, expression: "attribute:ecs.availability-zone == us-east-1b" }];

function serve(change: Partial<CreateServiceRequest>): Fixture {
  const fixture = createFixture();
  for (const availabilityZone of ZONES) fixture.ecs.registerContainerInstance({ availabilityZone });
  const input = { serviceName: "web", taskDefinition: "bridge", desiredCount: 4, launchType: "EC2" as const };
  fixture.ecs.operations.CreateService({ ...input, ...change });
  fixture.advance(60);
  return fixture;
}

const placed = (fixture: Fixture) =>
  [...fixture.ecs.runningTasks()]
    .filter(({ lastStatus }) => lastStatus === "RUNNING")
    .map(({ hostId, availabilityZone }) => `${hostId} ${availabilityZone}`);
const served = (fixture: Fixture) =>
  fixture.ecs.operations.DescribeServices({ services: ["web"] }).services?.[0] ?? {};

describe("a service", () => {
  it("packs its tasks onto few hosts, and spreads them again when told", () => {
    const fixture = serve({ placementStrategy: BINPACK });
    expect(new Set(placed(fixture)).size).toBe(1);
    expect(served(fixture).placementStrategy).toEqual(BINPACK);
    const { UpdateService } = fixture.ecs.operations;
    const before = served(fixture).currentServiceDeployment;
    UpdateService({ service: "web", placementStrategy: [] });
    expect(served(fixture)).toMatchObject({ placementStrategy: [], currentServiceDeployment: before });
    UpdateService({ service: "web", forceNewDeployment: true });
    fixture.advance(300);
    expect(new Set(placed(fixture)).size).toBeGreaterThan(1);
  });

  it("keeps to the hosts that its constraints leave", () => {
    const fixture = serve({ placementConstraints: IN_B });
    expect(placed(fixture)).toHaveLength(4);
    expect(placed(fixture).every((place) => place.endsWith("us-east-1b"))).toBe(true);
    const distinct = serve({ desiredCount: 5, placementConstraints: [{ type: "distinctInstance" }] });
    expect(new Set(placed(distinct)).size).toBe(4);
    expect(placed(distinct)).toHaveLength(4);
    expect(distinct.details("ECS Service Action").at(-1)).toMatchObject({
      eventName: "SERVICE_TASK_PLACEMENT_FAILURE",
      reason: "DistinctInstance placement constraint unsatisfied.",
    });
  });

  it("keeps to those of its task definition", () => {
    const fixture = serve({ desiredCount: 0 });
    fixture.ecs.operations.RegisterTaskDefinition({
      family: "here",
      networkMode: "bridge",
      placementConstraints: IN_B,
      containerDefinitions: [{ name: "app", image: "app", cpu: 64, memory: 64 }],
    });
    fixture.ecs.operations.UpdateService({ service: "web", taskDefinition: "here", desiredCount: 2 });
    fixture.advance(60);
    expect(placed(fixture).map((place) => place.slice(-1))).toEqual(["b", "b"]);
  });

  it("has neither on Fargate", () => {
    const fixture = createFixture();
    createFargateService(fixture, "web", 1);
    const { UpdateService } = fixture.ecs.operations;
    expect(() => UpdateService({ service: "web", placementStrategy: BINPACK })).toThrow("FARGATE");
    expect(() => UpdateService({ service: "web", placementConstraints: IN_B })).toThrow("FARGATE");
    expect(served(fixture)).toMatchObject({ placementStrategy: [], placementConstraints: [] });
  });
});
