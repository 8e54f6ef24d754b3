// What makes ECS give up by itself: circuit breaker with its threshold types, alarms, and the two together.

import type { DeploymentConfiguration } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { breakerThreshold } from "./monitors.ts";
import type { RolloutFixture } from "./rollout-fixture.ts";
import { createRolloutFixture } from "./rollout-fixture.ts";

const PULL_FAILURE = { kind: "fails-to-start", reason: "CannotPullContainerError: no such image" } as const;
const breaker = (
  change: Partial<NonNullable<DeploymentConfiguration["deploymentCircuitBreaker"]>> = {},
): DeploymentConfiguration => ({ deploymentCircuitBreaker: { enable: true, rollback: true, ...change } });
const alarms = (rollback: boolean): DeploymentConfiguration => ({
  alarms: { alarmNames: ["errors", "slow"], enable: true, rollback },
});

function serviceWith(configuration: DeploymentConfiguration): RolloutFixture {
  const fixture = createRolloutFixture();
  fixture.create(configuration);
  fixture.finish();
  return fixture;
}

const failTasks = (fixture: RolloutFixture, plan: Parameters<RolloutFixture["ecs"]["failTasksOf"]>[1]) =>
  fixture.ecs.failTasksOf({ service: "web" }, plan);
const rolloutEvents = (fixture: RolloutFixture) =>
  fixture
    .details("ECS Deployment State Change")
    .slice(2)
    .map(({ eventName, reason }) => [eventName, reason]);

describe("breakerThreshold", () => {
  it.each([
    [undefined, 1, 3],
    [undefined, 25, 13],
    [undefined, 400, 200],
    [undefined, 800, 200],
    [{ type: "BOUNDED_PERCENT", value: 10 }, 100, 10],
    [{ type: "UNBOUNDED_PERCENT", value: 50 }, 800, 400],
    [{ type: "UNBOUNDED_PERCENT", value: 50 }, 2, 1],
    [{ type: "COUNT", value: 5 }, 800, 5],
  ] as const)("%j of %i tasks is %i", (thresholdConfiguration, desired, threshold) => {
    const change = thresholdConfiguration === undefined ? {} : { thresholdConfiguration };
    expect(breakerThreshold(breaker(change), desired)).toBe(threshold);
  });
});

describe("the circuit breaker", () => {
  it.each(["ROLLING", "BLUE_GREEN"] as const)("rolls a %s deployment back", (strategy) => {
    const fixture = serviceWith({ strategy, ...breaker() });
    const before = fixture.service().deployments?.[0]?.id;
    failTasks(fixture, PULL_FAILURE);
    const arn = fixture.deploy();
    fixture.advanceUntil(() => fixture.deployment().status === "ROLLBACK_IN_PROGRESS");
    expect(fixture.deployment()).toMatchObject({
      deploymentCircuitBreaker: { status: "TRIGGERED", threshold: 3 },
      statusReason: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
      rollback: { serviceRevisionArn: expect.stringContaining(before?.slice(8) ?? "?") },
    });
    failTasks(fixture, undefined);
    expect(fixture.finish()).toMatchObject({ serviceDeploymentArn: arn, status: "ROLLBACK_SUCCESSFUL" });
    fixture.advance(120);
    expect(fixture.service()).toMatchObject({
      runningCount: 2,
      deployments: [{ id: before, status: "PRIMARY", rolloutState: "COMPLETED" }],
    });
    expect(rolloutEvents(fixture)).toEqual([
      ["SERVICE_DEPLOYMENT_IN_PROGRESS", expect.stringContaining("in progress.")],
      ["SERVICE_DEPLOYMENT_FAILED", "ECS deployment circuit breaker: tasks failed to start."],
      [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        `ECS deployment circuit breaker: rolling back to deploymentId ${before}.`,
      ],
      ["SERVICE_DEPLOYMENT_COMPLETED", `ECS deployment ${before} completed.`],
    ]);
  });

  it("stops a deployment that may not roll back, and starts no more of its tasks", () => {
    const fixture = serviceWith({ strategy: "ROLLING", ...breaker({ rollback: false }) });
    failTasks(fixture, PULL_FAILURE);
    fixture.deploy();
    const ended = fixture.finish();
    expect(ended.status).toBe("STOPPED");
    expect(ended.stoppedAt).toEqual(ended.finishedAt);
    // Those that were on their way fail as well.
    fixture.advance(60);
    failTasks(fixture, undefined);
    fixture.advance(3_600);
    expect(fixture.service().deployments).toMatchObject([
      { status: "PRIMARY", rolloutState: "FAILED", runningCount: 0 },
      { status: "ACTIVE", rolloutState: "COMPLETED", runningCount: 2 },
    ]);
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    fixture.advance(60);
    expect(fixture.service()).toMatchObject({ runningCount: 2, deployments: [{ status: "PRIMARY" }] });
  });

  it("finds nothing to go back to at the first deployment", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "ROLLING", ...breaker() });
    failTasks(fixture, PULL_FAILURE);
    expect(fixture.finish()).toMatchObject({
      status: "ROLLBACK_FAILED",
      statusReason: "No rollback candidate was found to run the rollback.",
    });
  });

  it("is not needed for failedTasks, which count until a task serves", () => {
    const fixture = serviceWith({ strategy: "ROLLING" });
    const failed = () => fixture.service().deployments?.[0]?.failedTasks ?? 0;
    failTasks(fixture, PULL_FAILURE);
    fixture.deploy();
    fixture.advanceUntil(() => failed() >= 2);
    failTasks(fixture, undefined);
    fixture.advanceUntil(() => (fixture.service().deployments?.[0]?.runningCount ?? 0) > 0);
    fixture.advanceUntil(() => failed() === 0, 60);
    failTasks(fixture, PULL_FAILURE);
    for (const { taskId } of fixture.ecs.runningTasks()) fixture.ecs.killTask(taskId, { exitCode: 1 });
    fixture.advance(120);
    expect(failed()).toBe(0);
  });

  it("counts tasks that exit or fail their health checks, and forgets them when one is healthy", () => {
    for (const resetOnHealthyTask of [true, false]) {
      const threshold = { type: "COUNT", value: 4 } as const;
      const fixture = serviceWith({
        strategy: "ROLLING",
        ...breaker({ resetOnHealthyTask, thresholdConfiguration: threshold }),
      });
      fixture.balancing.holdBack = true;
      failTasks(fixture, { kind: "exits", afterMs: 1_000 as never, exitCode: 1 });
      fixture.deploy();
      fixture.advanceUntil(() => (fixture.deployment().deploymentCircuitBreaker?.failureCount ?? 0) >= 2);
      failTasks(fixture, undefined);
      fixture.balancing.holdBack = false;
      const ended = fixture.finish();
      expect(ended.status).toBe("SUCCESSFUL");
      const count = ended.deploymentCircuitBreaker?.failureCount ?? 0;
      if (resetOnHealthyTask) expect(count).toBe(0);
      else expect(count).toBeGreaterThanOrEqual(2);
      expect(ended.deploymentCircuitBreaker?.status).toBe("MONITORING_COMPLETE");
    }
  });
});

describe("the circuit breaker behind a load balancer", () => {
  it("counts tasks that fail its health checks", () => {
    const fixture = serviceWith({ ...breaker() });
    fixture.balancing.holdBack = true;
    fixture.deploy();
    fixture.advanceUntil(() => {
      fixture.balancing.setHealth(fixture.green, "unhealthy");
      return fixture.deployment().deploymentCircuitBreaker?.status === "TRIGGERED";
    });
    const ended = fixture.finish();
    expect(ended).toMatchObject({
      status: "ROLLBACK_SUCCESSFUL",
      deploymentCircuitBreaker: { failureCount: 3 },
    });
    expect(fixture.weightLog.filter(({ weights }) => weights[fixture.green] !== 0).slice(2)).toEqual([]);
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
  });
});

describe("alarms", () => {
  it.each(["ROLLING", "BLUE_GREEN"] as const)(
    "take a %s deployment back, also while it bakes",
    (strategy) => {
      const fixture = serviceWith({ strategy, bakeTimeInMinutes: 30, ...alarms(true) });
      fixture.deploy();
      fixture.advanceUntil(() => fixture.service().deployments?.[0]?.runningCount === 2);
      fixture.advance(300);
      expect(fixture.deployment()).toMatchObject({ status: "IN_PROGRESS", alarms: { status: "MONITORING" } });
      fixture.alarms.set("slow", "ALARM");
      const ended = fixture.finish();
      expect(ended).toMatchObject({
        status: "ROLLBACK_SUCCESSFUL",
        alarms: { status: "TRIGGERED", alarmNames: ["errors", "slow"], triggeredAlarmNames: ["slow"] },
      });
      expect(ended.statusReason).toContain("slow");
      expect(rolloutEvents(fixture).map(([name]) => name)).toContain("SERVICE_DEPLOYMENT_FAILED");
    },
  );

  it("stop it where they may not roll back", () => {
    const fixture = serviceWith({ bakeTimeInMinutes: 30, ...alarms(false) });
    fixture.deploy();
    fixture.advanceUntil(() => fixture.deployment().lifecycleStage === "BAKE_TIME");
    fixture.alarms.set("errors", "ALARM");
    expect(fixture.finish().status).toBe("STOPPED");
    fixture.advance(600);
    expect(fixture.weights()).toEqual({ blue: 0, green: 100 });
    expect(fixture.service().runningCount).toBe(4);
  });

  it("are ignored for a deployment that begins while one is in ALARM", () => {
    const fixture = serviceWith({ strategy: "ROLLING", ...alarms(true) });
    fixture.alarms.set("errors", "ALARM");
    fixture.deploy();
    fixture.advanceUntil(() => fixture.deployment().status === "IN_PROGRESS");
    fixture.alarms.set("slow", "ALARM");
    expect(fixture.finish()).toMatchObject({ status: "SUCCESSFUL", alarms: { status: "DISABLED" } });
  });

  it("do nothing once the deployment is over", () => {
    const fixture = serviceWith({ strategy: "ROLLING", ...alarms(true) });
    fixture.deploy();
    fixture.finish();
    fixture.alarms.set("errors", "ALARM");
    fixture.advance(600);
    expect(fixture.deployment()).toMatchObject({
      status: "SUCCESSFUL",
      alarms: { status: "MONITORING_COMPLETE" },
    });
  });
});
