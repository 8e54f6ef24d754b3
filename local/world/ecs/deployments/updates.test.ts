// What UpdateService begins, changes on the way, and refuses by the service's controller.

import type { UpdateServiceRequest } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { createFixture } from "../ecs-fixture.ts";
import type { RolloutFixture } from "./rollout-fixture.ts";
import { createRolloutFixture } from "./rollout-fixture.ts";

function steadyService(): RolloutFixture {
  const fixture = createRolloutFixture();
  fixture.create({ strategy: "ROLLING" });
  fixture.finish();
  return fixture;
}

const update = (fixture: RolloutFixture, change: Omit<UpdateServiceRequest, "service">) =>
  fixture.ecs.operations.UpdateService({ service: "web", ...change });

describe("UpdateService", () => {
  it.each<[string, Omit<UpdateServiceRequest, "service">, boolean]>([
    ["nothing", {}, false],
    ["the task definition that it has", { taskDefinition: "web" }, false],
    [
      "the subnets that it has",
      { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2"] } } },
      false,
    ],
    ["other subnets", { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-3"] } } }, true],
    ["another platform version", { platformVersion: "1.3.0" }, true],
    ["another configuration", { deploymentConfiguration: { strategy: "BLUE_GREEN" } }, false],
    ["another count", { desiredCount: 3 }, false],
    ["execute command", { enableExecuteCommand: true }, false],
    ["force", { forceNewDeployment: true }, true],
    ["no load balancers", { loadBalancers: [] }, true],
  ])("with %s", (_what, change, begins) => {
    const fixture = steadyService();
    const before = fixture.latest();
    update(fixture, change);
    expect(fixture.latest() !== before).toBe(begins);
    expect(fixture.finish().status).toBe("SUCCESSFUL");
  });

  it("keeps what a revision was made with, and goes back to it", () => {
    const fixture = steadyService();
    const { networkConfiguration } = fixture.service();
    const first = fixture.service().currentServiceRevisions?.[0]?.arn ?? "";
    update(fixture, { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-3"] } } });
    const { serviceRevisions } = fixture.ecs.operations.DescribeServiceRevisions({
      serviceRevisionArns: [first],
    });
    expect(serviceRevisions?.[0]?.networkConfiguration).toEqual(networkConfiguration);
    fixture.ecs.operations.StopServiceDeployment({ serviceDeploymentArn: fixture.latest() });
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(fixture.service().networkConfiguration).toEqual(networkConfiguration);
  });

  it("during the first deployment takes the group that has no traffic yet", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 0 });
    fixture.advance(45);
    fixture.deploy();
    fixture.advance(2);
    const groups = fixture.ecs.operations
      .DescribeServiceRevisions({
        serviceRevisionArns: (fixture.service().currentServiceRevisions ?? []).map(({ arn }) => arn ?? ""),
      })
      .serviceRevisions?.map((one) => one.resolvedConfiguration?.loadBalancers?.[0]?.targetGroupArn);
    expect(new Set(groups)).toEqual(new Set([fixture.blue, fixture.green]));
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(fixture.weights()).toEqual({ blue: 0, green: 100 });
  });

  it("begins no sixth deployment while tasks of five are left, and nothing is deleted", () => {
    const fixture = createRolloutFixture();
    const slow = fixture.balancing.addGroup("slow", { deregistrationDelayMs: 900_000 });
    const loadBalancers = [{ targetGroupArn: slow, containerName: "web", containerPort: 80 }];
    fixture.create({ strategy: "ROLLING" }, { loadBalancers });
    fixture.advance(90);
    for (let number = 0; number < 4; number += 1) {
      fixture.deploy();
      fixture.advance(90);
    }
    const before = fixture.latest();
    expect(fixture.service().deployments).toHaveLength(5);
    expect(() => fixture.deploy({ desiredCount: 0 })).toThrow("5 active deployments exist, unable to create");
    expect(fixture.latest()).toBe(before);
    update(fixture, { desiredCount: 0 });
    expect(() => fixture.ecs.operations.DeleteService({ service: "web" })).toThrow("deployments are active");
    fixture.advance(7_200);
    expect(fixture.deployment(before).status).toBe("SUCCESSFUL");
    fixture.ecs.operations.DeleteService({ service: "web" });
  });

  it("waits for the health checks of load balancers before it is complete", () => {
    const fixture = steadyService();
    fixture.balancing.holdBack = true;
    fixture.deploy();
    fixture.advance(900);
    expect(fixture.deployment()).toMatchObject({ status: "IN_PROGRESS" });
    fixture.balancing.setHealth(fixture.blue, "healthy");
    expect(fixture.finish().status).toBe("SUCCESSFUL");
  });

  it("leaves deployments of other controllers to them", () => {
    const { ecs, advance } = createFixture();
    ecs.operations.CreateService({
      serviceName: "codedeploy",
      taskDefinition: "bridge",
      desiredCount: 1,
      deploymentController: { type: "CODE_DEPLOY" },
    });
    advance(60);
    const change = (input: Omit<UpdateServiceRequest, "service">) => () =>
      ecs.operations.UpdateService({ service: "codedeploy", ...input });
    expect(change({ taskDefinition: "host" })).toThrow("Unable to update task definition");
    expect(change({ forceNewDeployment: true })).toThrow("Use AWS CodeDeploy to trigger a new deployment.");
    expect(change({ deploymentController: { type: "ECS" } })).toThrow("not modelled");
    expect(change({ desiredCount: 2 })).not.toThrow();
  });
});
