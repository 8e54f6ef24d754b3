// BLUE_GREEN, LINEAR, CANARY and ROLLING from beginning to end: stages, weights, target groups, events.

import { describe, expect, it } from "vitest";
import { createFixture } from "../ecs-fixture.ts";
import { ALL_STAGES_HOOK, createRolloutFixture, PRODUCTION, TEST } from "./rollout-fixture.ts";

const HOOKS = { lifecycleHooks: [ALL_STAGES_HOOK] };
const BEFORE = ["PRE_SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"];
const SHIFT = ["PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];

function steadyService(...[configuration]: Parameters<ReturnType<typeof createRolloutFixture>["create"]>) {
  const fixture = createRolloutFixture();
  fixture.create(configuration);
  expect(fixture.finish().status).toBe("SUCCESSFUL");
  fixture.calls.length = 0;
  fixture.weightLog.length = 0;
  return fixture;
}

/** Green's weight of one rule, each time that it was set. */
const log = (fixture: ReturnType<typeof createRolloutFixture>, rule: string, group: string) =>
  fixture.weightLog.filter((one) => one.rule === rule).map(({ weights }) => weights[group]);

describe("BLUE_GREEN", () => {
  it("passes every stage in order and shifts at once", () => {
    const fixture = steadyService({ ...HOOKS, bakeTimeInMinutes: 2 });
    const arn = fixture.deploy();
    expect(fixture.deployment(arn).status).toBe("PENDING");
    const stages = fixture.stagesUntilEnd();
    expect(fixture.calls.map(({ stage }) => stage)).toEqual([
      ...BEFORE,
      ...SHIFT,
      "POST_PRODUCTION_TRAFFIC_SHIFT",
    ]);
    expect(stages).toEqual([
      "SCALE_UP",
      "TEST_TRAFFIC_SHIFT",
      "PRODUCTION_TRAFFIC_SHIFT",
      "BAKE_TIME",
      "CLEAN_UP",
    ]);
    expect(log(fixture, TEST, fixture.green)).toEqual([100]);
    expect(log(fixture, PRODUCTION, fixture.green)).toEqual([100]);
    expect(fixture.deployment(arn).status).toBe("SUCCESSFUL");
    expect(fixture.balancing.targetsOf(fixture.green)).toHaveLength(2);
    expect(fixture.balancing.targetsOf(fixture.blue)).toHaveLength(0);
  });

  it("goes back to the first target group with the next deployment", () => {
    const fixture = steadyService();
    fixture.deploy();
    fixture.finish();
    expect(fixture.weights()).toEqual({ blue: 0, green: 100 });
    fixture.deploy();
    fixture.finish();
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
    expect(fixture.weights(TEST)).toEqual({ blue: 100, green: 0 });
    expect(fixture.balancing.targetsOf(fixture.blue)).toHaveLength(2);
  });

  it("sends no traffic before green runs at full scale and is healthy in its group", () => {
    const fixture = steadyService();
    fixture.balancing.holdBack = true;
    fixture.deploy();
    fixture.advance(600);
    expect(fixture.deployment()).toMatchObject({
      status: "IN_PROGRESS",
      lifecycleStage: "SCALE_UP",
      targetServiceRevision: { runningTaskCount: 2, requestedProductionTrafficWeight: 0 },
      sourceServiceRevisions: [{ runningTaskCount: 2, requestedProductionTrafficWeight: 100 }],
    });
    expect(fixture.weightLog).toEqual([]);
    fixture.balancing.setHealth(fixture.green, "healthy");
    expect(fixture.finish().status).toBe("SUCCESSFUL");
  });

  it("runs both revisions at full scale while it bakes, also when the desired count changes", () => {
    const fixture = steadyService({ bakeTimeInMinutes: 30 });
    fixture.deploy();
    fixture.advanceUntil(() => fixture.deployment().lifecycleStage === "BAKE_TIME");
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 3 });
    fixture.advance(120);
    expect(fixture.service()).toMatchObject({
      runningCount: 6,
      deployments: [
        { status: "PRIMARY", desiredCount: 3, runningCount: 3, rolloutState: "IN_PROGRESS" },
        { status: "ACTIVE", desiredCount: 3, runningCount: 3, rolloutState: "COMPLETED" },
      ],
    });
    fixture.finish();
    fixture.advance(60);
    expect(fixture.service()).toMatchObject({
      runningCount: 3,
      deployments: [{ rolloutState: "COMPLETED" }],
    });
  });

  it("does without load balancers", () => {
    const fixture = createRolloutFixture();
    fixture.create(HOOKS, { loadBalancers: [] });
    fixture.finish();
    fixture.calls.length = 0;
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(fixture.weightLog).toEqual([]);
    const shift = fixture.calls.find(({ stage }) => stage === "PRODUCTION_TRAFFIC_SHIFT");
    const details = shift?.payload["executionDetails"] as Record<string, Record<string, number>>;
    expect(Object.values(details["productionTrafficWeights"] ?? {})).toEqual([100, 0]);
  });

  it("takes ten minutes more for each shift behind a Network Load Balancer", () => {
    const fixture = createRolloutFixture();
    const listener = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/net/web/1/2";
    fixture.rules.set(
      listener,
      new Map([
        [fixture.blue, 100],
        [fixture.green, 0],
      ]),
    );
    const { loadBalancers = [] } = fixture.create();
    fixture.finish();
    const advanced = loadBalancers.map((one) => ({
      ...one,
      advancedConfiguration: { ...one.advancedConfiguration, productionListenerRule: listener },
    }));
    fixture.ecs.operations.UpdateService({ service: "web", loadBalancers: advanced });
    const stages = fixture.stagesUntilEnd();
    expect(stages).toContain("TEST_TRAFFIC_SHIFT");
    expect(stages).toContain("PRODUCTION_TRAFFIC_SHIFT");
  });

  it("rolls back where the rule does not name both groups", () => {
    const fixture = steadyService();
    fixture.rules.set(PRODUCTION, new Map([[fixture.blue, 100]]));
    fixture.rules.set(TEST, new Map([[fixture.blue, 100]]));
    fixture.deploy();
    const ended = fixture.finish();
    expect(ended.status).toBe("ROLLBACK_SUCCESSFUL");
    expect(ended.statusReason).toContain("invalid networking configuration: Target group");
  });

  it("gives green a day to become healthy, and takes it back then", () => {
    const fixture = steadyService();
    fixture.balancing.holdBack = true;
    const arn = fixture.deploy();
    fixture.advance(86_300);
    expect(fixture.deployment(arn).status).toBe("IN_PROGRESS");
    fixture.advance(400);
    expect(fixture.deployment(arn)).toMatchObject({
      status: "ROLLBACK_SUCCESSFUL",
      statusReason: "Service deployment rolled back because the SCALE_UP lifecycle stage timed out.",
    });
    expect(fixture.weightLog).toEqual([]);
  });

  it("keeps revisions for ever and shows where each was", () => {
    const fixture = steadyService();
    const first = fixture.service().currentServiceRevisions?.[0]?.arn ?? "";
    fixture.deploy();
    fixture.finish();
    const second = fixture.service().currentServiceRevisions?.[0]?.arn ?? "";
    expect(second).toMatch(/^arn:aws:ecs:us-east-1:111122223333:service-revision\/default\/web\/\d{19}$/);
    const { serviceRevisions, failures } = fixture.ecs.operations.DescribeServiceRevisions({
      serviceRevisionArns: [first, second, `${second}0`],
    });
    expect(
      serviceRevisions?.map((one) => one.resolvedConfiguration?.loadBalancers?.[0]?.targetGroupArn),
    ).toEqual([fixture.blue, fixture.green]);
    expect(serviceRevisions?.map((one) => one.loadBalancers?.[0]?.targetGroupArn)).toEqual([
      fixture.blue,
      fixture.blue,
    ]);
    expect(failures).toEqual([{ arn: `${second}0`, reason: "MISSING" }]);
  });
});

describe("LINEAR", () => {
  it("shifts in equal steps with a bake after each but the last", () => {
    const fixture = steadyService({
      ...HOOKS,
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 40, stepBakeTimeInMinutes: 5 },
    });
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(log(fixture, PRODUCTION, fixture.green)).toEqual([400, 800, 100]);
    expect(fixture.calls.map(({ stage }) => stage)).toEqual([
      ...BEFORE,
      ...SHIFT,
      ...SHIFT,
      ...SHIFT,
      "POST_PRODUCTION_TRAFFIC_SHIFT",
    ]);
    const shifts = fixture.calls.filter(({ stage }) => stage === "PRODUCTION_TRAFFIC_SHIFT");
    const [first = 0, second = 0, third = 0] = shifts.map(({ atS }) => atS);
    expect([second - first, third - second].map(Math.round)).toEqual([330, 330]);
  });

  it("writes tenths of a percent as thousandths", () => {
    const fixture = steadyService({
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 33.3, stepBakeTimeInMinutes: 1 },
    });
    fixture.deploy();
    fixture.advanceUntil(
      () => fixture.deployment().targetServiceRevision?.requestedProductionTrafficWeight === 66.6,
    );
    expect(fixture.weights()).toEqual({ blue: 334, green: 666 });
    expect(fixture.deployment().sourceServiceRevisions?.[0]?.requestedProductionTrafficWeight).toBe(33.4);
    fixture.finish();
    expect(log(fixture, PRODUCTION, fixture.green)).toEqual([333, 666, 999, 100]);
  });
});

describe("CANARY", () => {
  it("shifts a share, waits, and shifts the rest", () => {
    const fixture = steadyService({ ...HOOKS, strategy: "CANARY" });
    fixture.deploy();
    fixture.advanceUntil(() => fixture.deployment().lifecycleStage === "PRODUCTION_TRAFFIC_SHIFT");
    const from = fixture.kernel.now();
    expect(fixture.weights()).toEqual({ blue: 950, green: 50 });
    fixture.advanceUntil(() => fixture.weights().green === 100);
    expect((fixture.kernel.now() - from) / 60_000).toBeCloseTo(10.5, 1);
    fixture.finish();
    expect(fixture.calls.map(({ stage }) => stage)).toEqual([
      ...BEFORE,
      ...SHIFT,
      ...SHIFT,
      "POST_PRODUCTION_TRAFFIC_SHIFT",
    ]);
  });
});

describe("ROLLING", () => {
  it("replaces tasks in place, in the same target group, and shows no stage", () => {
    const fixture = createRolloutFixture();
    fixture.create({ strategy: "ROLLING" });
    fixture.finish();
    fixture.deploy();
    expect(fixture.stagesUntilEnd()).toEqual([]);
    expect(fixture.deployment()).toMatchObject({
      status: "SUCCESSFUL",
      targetServiceRevision: { runningTaskCount: 2 },
      sourceServiceRevisions: [{ runningTaskCount: 0 }],
    });
    expect(fixture.deployment().targetServiceRevision).not.toHaveProperty("requestedProductionTrafficWeight");
    expect(fixture.balancing.targetsOf(fixture.blue).filter(({ state }) => state === "healthy")).toHaveLength(
      2,
    );
    expect(fixture.weightLog).toEqual([]);
  });

  it("is open until the tasks before it have drained and stopped", () => {
    const fixture = createRolloutFixture();
    const slow = fixture.balancing.addGroup("slow", { deregistrationDelayMs: 300_000 });
    const loadBalancers = [{ targetGroupArn: slow, containerName: "web", containerPort: 80 }];
    fixture.create({ strategy: "ROLLING" }, { loadBalancers });
    fixture.finish();
    const before = fixture.service().deployments?.[0]?.id;
    const startedAt = fixture.kernel.now();
    fixture.deploy();
    fixture.finish();
    expect(fixture.kernel.now() - startedAt).toBeGreaterThan(300_000);
    const { taskArns } = fixture.ecs.operations.ListTasks({ startedBy: before ?? "" });
    expect(taskArns).toEqual([]);
  });

  it("keeps the service as it is while a pause holds it before the first task", () => {
    const fixture = createRolloutFixture();
    const hook = { targetType: "PAUSE" as const, lifecycleStages: ["PRE_SCALE_UP" as const] };
    fixture.create({ strategy: "ROLLING" });
    fixture.finish();
    fixture.deploy({ configuration: { lifecycleHooks: [hook] } });
    fixture.advance(600);
    const held = fixture.deployment();
    expect(held).toMatchObject({
      lifecycleStage: "PRE_SCALE_UP",
      targetServiceRevision: { runningTaskCount: 0 },
      lifecycleHookDetails: [{ targetType: "PAUSE", status: "AWAITING_ACTION", timeoutAction: "ROLLBACK" }],
    });
    fixture.ecs.operations.ContinueServiceDeployment({
      serviceDeploymentArn: held.serviceDeploymentArn,
      hookId: held.lifecycleHookDetails?.[0]?.hookId,
    });
    expect(fixture.finish().status).toBe("SUCCESSFUL");
  });

  it("ends early when enough tasks are healthy, before or after the old ones are gone", () => {
    for (const cleanup of ["BLOCKING", "DEFERRED"] as const) {
      const fixture = createRolloutFixture();
      const limits = { minimumHealthyPercent: 50, maximumPercent: 150 };
      fixture.create({ strategy: "ROLLING", ...limits }, { desiredCount: 4 });
      fixture.finish();
      fixture.deploy({
        configuration: {
          earlySuccessCriteria: { enable: true, healthyPercent: 50, sourceServiceRevisionCleanup: cleanup },
        },
      });
      const ended = fixture.finish();
      expect(ended.status).toBe("SUCCESSFUL");
      const left = ended.sourceServiceRevisions?.[0]?.runningTaskCount ?? 0;
      if (cleanup === "BLOCKING") expect(left).toBe(0);
      else expect(left).toBeGreaterThan(0);
      fixture.advance(600);
      expect(fixture.service()).toMatchObject({ runningCount: 4, deployments: [{ status: "PRIMARY" }] });
    }
  });
});

describe("daemons", () => {
  it("are deployed and rolled back host by host", () => {
    const { ecs, advance } = createFixture();
    for (let at = 0; at < 3; at += 1) ecs.registerContainerInstance({ kind: "EC2" });
    ecs.operations.CreateService({
      serviceName: "agent",
      taskDefinition: "bridge",
      schedulingStrategy: "DAEMON",
    });
    advance(60);
    const newest = () => ecs.operations.ListServiceDeployments({ service: "agent" }).serviceDeployments?.[0];
    expect(newest()?.status).toBe("SUCCESSFUL");
    ecs.operations.UpdateService({ service: "agent", forceNewDeployment: true });
    advance(3);
    ecs.operations.StopServiceDeployment({ serviceDeploymentArn: newest()?.serviceDeploymentArn });
    advance(120);
    expect(newest()?.status).toBe("ROLLBACK_SUCCESSFUL");
    expect(ecs.operations.DescribeServices({ services: ["agent"] }).services).toMatchObject([
      { runningCount: 3, deployments: [{ status: "PRIMARY", rolloutState: "COMPLETED", runningCount: 3 }] },
    ]);
  });
});

describe("events and listings", () => {
  it("tells of the beginning and the end", () => {
    const fixture = steadyService();
    const events = fixture.details("ECS Deployment State Change");
    expect(events.map(({ eventName }) => eventName)).toEqual([
      "SERVICE_DEPLOYMENT_IN_PROGRESS",
      "SERVICE_DEPLOYMENT_COMPLETED",
    ]);
  });

  it("lists newest first, by status and time of creation, in pages", () => {
    const fixture = steadyService();
    const second = fixture.deploy();
    fixture.finish();
    const third = fixture.deploy();
    const { ListServiceDeployments: list } = fixture.ecs.operations;
    const all = list({ service: "web" }).serviceDeployments ?? [];
    expect(all.map(({ serviceDeploymentArn }) => serviceDeploymentArn)).toHaveLength(3);
    expect(all[0]?.serviceDeploymentArn).toBe(third);
    expect(list({ service: "web", status: ["SUCCESSFUL"] }).serviceDeployments).toHaveLength(2);
    const after = fixture.deployment(second).createdAt as Date;
    expect(list({ service: "web", createdAt: { after } }).serviceDeployments).toHaveLength(1);
    const page = list({ service: "web", maxResults: 2 });
    expect(page.serviceDeployments?.[1]?.serviceDeploymentArn).toBe(second);
    expect(
      list({ service: "web", maxResults: 2, nextToken: page.nextToken }).serviceDeployments,
    ).toHaveLength(1);
  });
});
