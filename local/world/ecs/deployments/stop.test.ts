// StopServiceDeployment at every stage, deployments that overtake one another, deletion in between.

import type { DeploymentLifecycleHook } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import type { RolloutFixture } from "./rollout-fixture.ts";
import { ALL_STAGES_HOOK, createRolloutFixture, HOOK, SUCCEEDED, TEST } from "./rollout-fixture.ts";

type HookStage = NonNullable<DeploymentLifecycleHook["lifecycleStages"]>[number];

const HOOK_STAGES = (ALL_STAGES_HOOK.lifecycleStages ?? []).filter((stage) => stage !== "RECONCILE_SERVICE");
const STAGES = ["PENDING", ...HOOK_STAGES, "SCALE_UP", "BAKE_TIME", "CLEAN_UP"] as const;
type Place = (typeof STAGES)[number];

function steadyService(): RolloutFixture {
  const fixture = createRolloutFixture();
  fixture.create({ bakeTimeInMinutes: 20 });
  fixture.finish();
  return fixture;
}

/** A deployment that stands at the given place. */
function deployTo(fixture: RolloutFixture, place: Place): string {
  const lifecycleStages: HookStage[] = HOOK_STAGES.filter((stage) => stage === place);
  const lifecycleHooks = lifecycleStages.length > 0 ? [{ hookTargetArn: HOOK, lifecycleStages }] : [];
  fixture.answer = () => "never";
  const arn = fixture.deploy({ configuration: { lifecycleHooks } });
  if (place === "PENDING") return arn;
  fixture.advanceUntil(() => fixture.deployment(arn).lifecycleStage === place);
  return arn;
}

const stop = (fixture: RolloutFixture, arn: string, stopType?: "ABORT" | "ROLLBACK") =>
  fixture.ecs.operations.StopServiceDeployment({
    serviceDeploymentArn: arn,
    ...(stopType !== undefined && { stopType }),
  });

/** Functions that held a stage answer from now on. */
function release(fixture: RolloutFixture): void {
  fixture.answer = () => SUCCEEDED;
}

describe("StopServiceDeployment", () => {
  it.each(STAGES)("with ROLLBACK at %s brings blue back and takes green away", (place) => {
    const fixture = steadyService();
    const blue = fixture.service().currentServiceRevisions?.[0]?.arn;
    const arn = deployTo(fixture, place);
    release(fixture);
    expect(stop(fixture, arn)).toEqual({ serviceDeploymentArn: arn });
    expect(fixture.deployment(arn).status).toBe("ROLLBACK_REQUESTED");
    const ended = fixture.finish();
    expect(ended).toMatchObject({
      status: "ROLLBACK_SUCCESSFUL",
      rollback: { serviceRevisionArn: blue },
      targetServiceRevision: { runningTaskCount: 0, requestedProductionTrafficWeight: 0 },
    });
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
    expect(fixture.weights(TEST)).toEqual({ blue: 100, green: 0 });
    fixture.advance(120);
    expect(fixture.service()).toMatchObject({ runningCount: 2, currentServiceRevisions: [{ arn: blue }] });
  });

  it.each(STAGES)("with ABORT at %s leaves everything as it is", (place) => {
    const fixture = steadyService();
    const arn = deployTo(fixture, place);
    release(fixture);
    const weights = fixture.weights();
    stop(fixture, arn, "ABORT");
    expect(fixture.deployment(arn).status).toBe("STOP_REQUESTED");
    const ended = fixture.finish();
    expect(ended).toMatchObject({ status: "STOPPED", stoppedAt: expect.any(Date) });
    fixture.advance(3_600);
    expect(fixture.weights()).toEqual(weights);
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    fixture.advance(120);
    expect(fixture.service().runningCount).toBe(2);
    expect(fixture.weights().blue + fixture.weights().green).toBe(100);
  });

  it("brings traffic back before it takes green away", () => {
    const fixture = steadyService();
    const arn = deployTo(fixture, "BAKE_TIME");
    stop(fixture, arn);
    fixture.advanceUntil(() => fixture.weights().green === 0);
    expect(fixture.service().runningCount).toBe(4);
  });

  it("starts blue again where it is already on its way out", () => {
    const fixture = steadyService();
    const arn = deployTo(fixture, "CLEAN_UP");
    fixture.advanceUntil(() => fixture.service().deployments?.[1]?.runningCount === 0);
    stop(fixture, arn);
    fixture.advance(5);
    expect(fixture.weights().green).toBe(100);
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
  });

  it("is idempotent while the deployment stops, and a conflict afterwards", () => {
    const fixture = steadyService();
    const arn = deployTo(fixture, "BAKE_TIME");
    release(fixture);
    stop(fixture, arn);
    stop(fixture, arn, "ABORT");
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(() => stop(fixture, arn)).toThrow(expect.objectContaining({ name: "ConflictException" }));
    expect(() => stop(fixture, `${arn}x`)).toThrow(
      expect.objectContaining({ name: "ServiceDeploymentNotFoundException" }),
    );
  });

  it("rolls a rolling deployment back by rolling", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "ROLLING" });
    fixture.finish();
    const before = fixture.service().deployments?.[0]?.id;
    const arn = fixture.deploy();
    fixture.advanceUntil(() => (fixture.deployment(arn).targetServiceRevision?.runningTaskCount ?? 0) > 0);
    stop(fixture, arn);
    fixture.advanceUntil(() => fixture.deployment(arn).status === "ROLLBACK_IN_PROGRESS");
    expect(fixture.service().deployments).toMatchObject([
      { id: before, rolloutStateReason: `ECS deployment: rolling back to deploymentId ${before}.` },
      { rolloutState: "FAILED", rolloutStateReason: expect.stringContaining("a rollback was requested") },
    ]);
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(fixture.service().deployments).toMatchObject([{ id: before, rolloutState: "COMPLETED" }]);
    expect(fixture.details("ECS Deployment State Change").map(({ eventName }) => eventName)).not.toContain(
      "SERVICE_DEPLOYMENT_FAILED",
    );
  });
});

describe("a new deployment while another runs", () => {
  it.each(STAGES)("overtakes it at %s and reconciles first", (place) => {
    const fixture = steadyService();
    const first = deployTo(fixture, place);
    fixture.calls.length = 0;
    release(fixture);
    const second = fixture.deploy({ configuration: { lifecycleHooks: [ALL_STAGES_HOOK] } });
    expect(fixture.deployment(first).status).toBe("STOP_REQUESTED");
    expect(fixture.deployment(second).status).toBe("PENDING");
    const ended = fixture.finish();
    expect(fixture.deployment(first).status).toBe("STOPPED");
    expect(ended.status).toBe("SUCCESSFUL");
    expect(fixture.calls.map(({ stage }) => stage)).toEqual([
      "RECONCILE_SERVICE",
      ...["PRE_SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"],
      ...["PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"],
    ]);
    expect(fixture.weights()).toEqual({ blue: 0, green: 100 });
    fixture.advance(120);
    expect(fixture.service()).toMatchObject({ runningCount: 2, deployments: [{ status: "PRIMARY" }] });
  });

  it("overtakes a rolling one at once", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "ROLLING" });
    const first = fixture.latest();
    fixture.advance(5);
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(fixture.deployment(first)).toMatchObject({ status: "STOPPED" });
  });

  it("overtakes a rollback, which then has failed", () => {
    const fixture = steadyService();
    const first = deployTo(fixture, "BAKE_TIME");
    stop(fixture, first);
    fixture.advanceUntil(() => fixture.deployment(first).status === "ROLLBACK_IN_PROGRESS");
    release(fixture);
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(fixture.deployment(first).status).toBe("ROLLBACK_FAILED");
  });

  it("that overtook a rollback goes back to the same revision", () => {
    const fixture = steadyService();
    const stable = fixture.service().deployments?.[0]?.id;
    const first = deployTo(fixture, "BAKE_TIME");
    stop(fixture, first);
    fixture.advanceUntil(() => fixture.deployment(first).status === "ROLLBACK_IN_PROGRESS");
    release(fixture);
    const second = fixture.deploy();
    fixture.advance(5);
    stop(fixture, second);
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(fixture.service().deployments).toMatchObject([{ id: stable, rolloutState: "COMPLETED" }]);
  });

  it.each(["BLUE_GREEN", "ROLLING"] as const)(
    "leaves no traffic behind when a %s one is taken back before it began",
    (strategy) => {
      for (const again of [false, true]) {
        const fixture = steadyService();
        release(fixture);
        fixture.deploy({ configuration: { strategy: "CANARY", canaryConfiguration: { canaryPercent: 50 } } });
        fixture.advanceUntil(() => fixture.weights().green === 500);
        stop(fixture, fixture.deploy({ configuration: { strategy } }), again ? "ABORT" : "ROLLBACK");
        fixture.finish();
        // What was left to the one that was aborted is left to the next.
        if (again) stop(fixture, fixture.deploy());
        expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
        expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
        expect(fixture.weights(TEST)).toEqual({ blue: 100, green: 0 });
        expect(fixture.service()).toMatchObject({ runningCount: 2, deployments: [{ status: "PRIMARY" }] });
      }
    },
  );

  it("may change the strategy on the way", () => {
    const fixture = steadyService();
    deployTo(fixture, "BAKE_TIME");
    release(fixture);
    fixture.deploy({ configuration: { strategy: "ROLLING" } });
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
    fixture.deploy({ configuration: { strategy: "CANARY", canaryConfiguration: { canaryPercent: 10 } } });
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(fixture.weights()).toEqual({ blue: 0, green: 100 });
  });
});

describe("an aborted rolling deployment", () => {
  it("has not counted on tasks without traffic, which an overtaken blue/green deployment left", () => {
    const fixture = steadyService();
    release(fixture);
    fixture.deploy({ configuration: { strategy: "CANARY", canaryConfiguration: { canaryPercent: 5 } } });
    fixture.advance(35);
    fixture.deploy({ configuration: { strategy: "ROLLING" } });
    fixture.advance(1);
    stop(fixture, fixture.deploy(), "ABORT");
    fixture.advance(3_600);
    const states = fixture.balancing.targetsOf(fixture.blue).map(({ state }) => state);
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
    expect(states).toEqual(["healthy", "healthy"]);
  });

  it("replaces tasks of the failed revision by those of the one before", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "ROLLING" });
    fixture.finish();
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 1 });
    fixture.advance(1);
    const arn = fixture.deploy();
    const started = () => [...fixture.ecs.runningTasks()].filter((one) => one.desiredStatus === "RUNNING");
    const before = new Set(started().map(({ taskId }) => taskId));
    // Those before drain: nothing but the new revision is left, and the deployment has not ended.
    fixture.advanceUntil(() => started().every(({ taskId }) => !before.has(taskId)));
    expect(fixture.deployment(arn).status).toBe("IN_PROGRESS");
    stop(fixture, arn, "ABORT");
    fixture.advance(600);
    for (const { taskId } of started()) fixture.ecs.killTask(taskId, { exitCode: 1 });
    fixture.advance(3_600);
    expect(fixture.service().runningCount).toBe(1);
  });

  it("leaves a service that replaces the task which died in that moment", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "ROLLING" });
    fixture.finish();
    fixture.ecs.failTasksOf(
      { service: "web" },
      { kind: "fails-to-start", reason: "CannotPullContainerError" },
    );
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 1 });
    fixture.advance(1);
    const arn = fixture.deploy();
    fixture.advance(1);
    for (const { taskId } of [...fixture.ecs.runningTasks()]) fixture.ecs.killTask(taskId, { exitCode: 1 });
    fixture.advance(1);
    stop(fixture, arn, "ABORT");
    expect(fixture.finish().status).toBe("STOPPED");
    fixture.advance(3_600);
    fixture.ecs.failTasksOf({ service: "web" }, undefined);
    fixture.advance(3_600);
    expect(fixture.service().runningCount).toBe(1);
  });
});

describe("DeleteService", () => {
  it("takes the service deployments with it", () => {
    const fixture = steadyService();
    const arn = deployTo(fixture, "BAKE_TIME");
    fixture.ecs.operations.DeleteService({ service: "web", force: true });
    fixture.advance(3_600);
    expect(fixture.service()).toMatchObject({ status: "INACTIVE", runningCount: 0 });
    const { failures } = fixture.ecs.operations.DescribeServiceDeployments({ serviceDeploymentArns: [arn] });
    expect(failures).toEqual([{ arn, reason: "MISSING" }]);
  });
});
