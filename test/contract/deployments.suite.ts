// What every DeploymentReader and DeploymentWriter must do, whatever is underneath.

import type { DeploymentConfiguration, Service } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { minutes } from "../../shared/base/time.ts";
import { failure } from "./aws-set-up.ts";
import type { RolloutImplementation, RolloutSetUp } from "./rollout-set-up.ts";
import { HOOK_LAMBDA, SERVICE, setUpRollout, trafficOf } from "./rollout-set-up.ts";

const PRE = "PRE_PRODUCTION_TRAFFIC_SHIFT";
const POST = "POST_PRODUCTION_TRAFFIC_SHIFT";
const GONE = "arn:aws:ecs:us-east-1:111122223333:service-deployment/sim/web/AAAAAAAAAAAAAAAAAAAAA";

const described = ({ aws, of }: RolloutSetUp): Service =>
  aws("ecs", "DescribeServices", { cluster: of.clusterArn, services: [SERVICE] })["services"]?.[0] ?? {};

const configured = (set: RolloutSetUp): DeploymentConfiguration =>
  described(set).deploymentConfiguration ?? {};

/** Begins a deployment and lets it come to its first PAUSE. */
async function untilPaused(set: RolloutSetUp): Promise<{ arn: string; hookId: string }> {
  const arn = (await set.writer.start(set.order())) ?? "";
  set.pass(240);
  const deployment = await set.reader.deployment(set.of, arn);
  return { arn, hookId: deployment?.hooks.find(({ status }) => status === "AWAITING_ACTION")?.hookId ?? "" };
}

export function describeDeployments(name: string, implementation: RolloutImplementation): void {
  const make = () => setUpRollout(implementation, "native");
  describe(`DeploymentReader over ${name}`, () => describeReader(make));
  describe(`DeploymentWriter.start over ${name}`, () => describeStart(make));
  describe(`what start keeps over ${name}`, () => describeKept(make));
  describe(`DeploymentWriter.continue and stop over ${name}`, () => describeAnswers(make));
}

type Make = () => Promise<RolloutSetUp>;

function describeReader(make: Make): void {
  it("tells where a service has its groups, rules and hooks", async () => {
    const set = await make();
    const { blue, green, rule, testRule } = trafficOf(set);
    const service = await set.reader.service(set.clusterArn, SERVICE);
    expect(service).toMatchObject({
      name: SERVICE,
      clusterArn: set.clusterArn,
      controller: "ECS",
      strategy: "BLUE_GREEN",
      scheduling: "REPLICA",
      isExpress: false,
      taskDefinition: set.scene.first,
      desiredCount: 2,
      runningCount: 2,
      hooks: [],
      taskSets: [],
    });
    expect(service.balancers).toMatchObject([
      {
        targetGroupArn: blue,
        alternateTargetGroupArn: green,
        productionRuleArn: rule,
        testRuleArn: testRule,
      },
    ]);
    expect(service.currentDeploymentArn).toMatch(/:service-deployment\/sim\/web\//);
    expect(service.currentRevisionArn).toMatch(/:service-revision\/sim\/web\//);
    expect(set.calls()).toEqual(["DescribeServices"]);
  });

  it("reads a deployment by its ARN with one call, the newest with two, and never one as undefined", async () => {
    const set = await make();
    const { currentDeploymentArn } = await set.reader.service(set.clusterArn, SERVICE);
    set.calls();
    const deployment = await set.reader.deployment(set.of, currentDeploymentArn);
    expect(set.calls()).toEqual(["DescribeServiceDeployments"]);
    expect(deployment).toMatchObject({ arn: currentDeploymentArn, strategy: "BLUE_GREEN", hooks: [] });
    expect(await set.reader.deployment(set.of)).toEqual(deployment);
    expect(set.calls()).toEqual(["ListServiceDeployments", "DescribeServiceDeployments"]);
  });

  it("tells the PAUSE that waits, its stage and its end, and the revisions with their groups", async () => {
    const set = await make();
    const { arn, hookId } = await untilPaused(set);
    const deployment = await set.reader.deployment(set.of, arn);
    expect(deployment).toMatchObject({ status: "IN_PROGRESS", stage: PRE });
    expect(deployment?.hooks).toMatchObject([{ hookId, kind: "PAUSE", status: "AWAITING_ACTION" }]);
    expect(deployment?.hooks[0]?.expiresAt).toBeGreaterThan(set.world.kernel.now());
    expect(deployment?.target).toMatchObject({ requested: 2, running: 2, productionWeight: 0 });
    const target = deployment?.target?.arn ?? "";
    const source = deployment?.sources[0]?.arn ?? "";
    const revisions = await set.reader.revisions([target, source, target]);
    const groupOf = (revision: string) => revisions.find(({ arn: one }) => one === revision)?.targetGroupArns;
    expect(revisions).toHaveLength(2);
    expect(groupOf(target)).toEqual([trafficOf(set).green]);
    expect(groupOf(source)).toEqual([trafficOf(set).blue]);
    expect(revisions[0]?.images[0]).toMatchObject({ container: "app", image: "registry.example/web:1" });
  });

  it("says which thing is missing", async () => {
    const set = await make();
    expect(await failure(set.reader.service(set.clusterArn, "nobody"))).toMatchObject({ code: "missing" });
    const nowhere = set.clusterArn.replace("/sim", "/nowhere");
    expect(await failure(set.reader.service(nowhere, SERVICE))).toMatchObject({ code: "missing" });
    expect(await failure(set.reader.deployment(set.of, GONE))).toMatchObject({ code: "missing" });
    set.calls();
    expect(await set.reader.revisions([])).toEqual([]);
    expect(set.calls()).toEqual([]);
  });
}

function describeStart(make: Make): void {
  it("begins one deployment, with our PAUSE hooks and without waits of ECS's own", async () => {
    const set = await make();
    const before = described(set).currentServiceDeployment;
    const order = set.order();
    const arn = await set.writer.start(order);
    expect(set.calls()).toEqual(["DescribeServices", "UpdateService"]);
    expect(arn).toBe(described(set).currentServiceDeployment);
    expect(arn).not.toBe(before);
    expect(described(set).taskDefinition).toBe(order.taskDefinition);
    expect(configured(set)).toMatchObject({
      strategy: "BLUE_GREEN",
      bakeTimeInMinutes: 0,
      lifecycleHooks: [
        {
          targetType: "PAUSE",
          lifecycleStages: [PRE, POST],
          timeoutConfiguration: { timeoutInMinutes: 60, action: "ROLLBACK" },
        },
      ],
    });
  });

  it("sent again it answers the same deployment and begins no other", async () => {
    const set = await make();
    const expectedDeploymentArn = described(set).currentServiceDeployment ?? "";
    const order = set.order({ expectedDeploymentArn });
    const arn = await set.writer.start(order);
    expect(await set.writer.start(order)).toBe(arn);
    set.pass(240);
    expect(await set.writer.start(order)).toBe(arn);
    const unsure = { ...order, expectedDeploymentArn: undefined };
    const { expectedDeploymentArn: _none, ...anyones } = unsure;
    expect(await set.writer.start(anyones)).toBe(arn);
    expect(set.calls().filter((call) => call === "UpdateService")).toHaveLength(1);
  });

  it("does nothing where somebody else's deployment came first", async () => {
    const set = await make();
    const expectedDeploymentArn = described(set).currentServiceDeployment ?? "";
    set.aws("ecs", "UpdateService", { cluster: set.clusterArn, service: SERVICE, forceNewDeployment: true });
    const theirs = described(set).currentServiceDeployment;
    const refused = await failure(set.writer.start(set.order({ expectedDeploymentArn })));
    expect(refused).toMatchObject({ code: "conflict" });
    expect(described(set).currentServiceDeployment).toBe(theirs);
    expect(set.calls()).toEqual(["DescribeServices"]);
  });

  it("deploys the same definition anew where it is asked to", async () => {
    const set = await make();
    const before = described(set).currentServiceDeployment;
    await set.writer.start(set.order({ taskDefinition: set.scene.first }));
    expect(described(set).currentServiceDeployment).not.toBe(before);
  });

  it("tells what cannot be deployed from what is not there", async () => {
    const set = await make();
    const wrong = set.order({ taskDefinition: "web:99" });
    expect(await failure(set.writer.start(wrong))).toMatchObject({ code: "input" });
    const late = set.order({ pauseAt: ["PRODUCTION_TRAFFIC_SHIFT"] });
    expect(await failure(set.writer.start(late))).toMatchObject({ code: "input" });
    const nobody = set.order({ service: "nobody" });
    expect(await failure(set.writer.start(nobody))).toMatchObject({ code: "missing" });
  });
}

function describeKept(make: Make): void {
  const CUSTOM: DeploymentConfiguration = {
    strategy: "BLUE_GREEN",
    bakeTimeInMinutes: 15,
    minimumHealthyPercent: 75,
    maximumPercent: 150,
    deploymentCircuitBreaker: { enable: true, rollback: true },
    alarms: { alarmNames: ["errors"], enable: true, rollback: true },
    lifecycleHooks: [
      {
        hookTargetArn: HOOK_LAMBDA,
        roleArn: "arn:aws:iam::111122223333:role/hook",
        lifecycleStages: ["POST_SCALE_UP"],
      },
      {
        targetType: "PAUSE",
        lifecycleStages: ["PRE_SCALE_UP", PRE],
        timeoutConfiguration: { timeoutInMinutes: 5 },
      },
    ],
  };
  const custom = async () => {
    const set = await make();
    const deploymentConfiguration = CUSTOM;
    set.aws("ecs", "UpdateService", { cluster: set.clusterArn, service: SERVICE, deploymentConfiguration });
    return set;
  };

  it("everything that the order does not name stays", async () => {
    const set = await custom();
    await set.writer.start(set.order());
    const { lifecycleHooks: _hooks, bakeTimeInMinutes, ...rest } = configured(set);
    const { lifecycleHooks: _before, bakeTimeInMinutes: _bake, ...expected } = CUSTOM;
    expect(rest).toMatchObject(expected);
    expect(bakeTimeInMinutes).toBe(0);
    expect(described(set)).toMatchObject({ desiredCount: 2, loadBalancers: [{ containerName: "app" }] });
  });

  it("hooks of others stay, and no stage has two PAUSE hooks", async () => {
    const set = await custom();
    await set.writer.start(set.order());
    expect(configured(set).lifecycleHooks).toMatchObject([
      { hookTargetArn: HOOK_LAMBDA, lifecycleStages: ["POST_SCALE_UP"] },
      {
        targetType: "PAUSE",
        lifecycleStages: ["PRE_SCALE_UP"],
        timeoutConfiguration: { timeoutInMinutes: 5 },
      },
      { targetType: "PAUSE", lifecycleStages: [PRE, POST] },
    ]);
  });

  it("an order without strategy and hooks changes the revision alone", async () => {
    const set = await custom();
    const before = configured(set);
    const { strategy: _none, ...order } = set.order({ pauseAt: [] });
    await set.writer.start(order);
    expect(configured(set)).toEqual(before);
    expect(described(set).taskDefinition).toBe(order.taskDefinition);
  });

  it("CANARY and LINEAR get their share, and the other's is not sent along", async () => {
    const set = await make();
    await set.writer.start(set.order({ strategy: "CANARY", percent: 5 }));
    expect(configured(set)).toMatchObject({
      strategy: "CANARY",
      bakeTimeInMinutes: 0,
      canaryConfiguration: { canaryPercent: 5, canaryBakeTimeInMinutes: 0 },
    });
    await set.writer.start(set.order({ strategy: "LINEAR", percent: 25 }));
    expect(configured(set)).toMatchObject({
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 25, stepBakeTimeInMinutes: 0 },
    });
    await set.writer.start(set.order());
    expect(configured(set)).toMatchObject({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 0 });
  });

  it("a PAUSE waits at least a minute and at most 14 days", async () => {
    const set = await make();
    await set.writer.start(set.order({ pauseTimeoutMs: minutes(0) }));
    expect(configured(set).lifecycleHooks?.[0]?.timeoutConfiguration?.timeoutInMinutes).toBe(1);
    await set.writer.start(set.order({ pauseTimeoutMs: minutes(1_000_000) }));
    expect(configured(set).lifecycleHooks?.[0]?.timeoutConfiguration?.timeoutInMinutes).toBe(20_160);
  });
}

function describeAnswers(make: Make): void {
  it("a CONTINUE lets it go on, and a second one is no error", async () => {
    const set = await make();
    const { arn, hookId } = await untilPaused(set);
    set.calls();
    await set.writer.continue(arn, hookId, "CONTINUE");
    expect(set.calls()).toEqual(["ContinueServiceDeployment"]);
    await set.writer.continue(arn, hookId, "CONTINUE");
    set.pass(60);
    expect((await set.reader.deployment(set.of, arn))?.stage).toBe(POST);
    await set.writer.continue(arn, hookId, "CONTINUE");
  });

  it("a ROLLBACK sends it back, and a second one is no error, also after its end", async () => {
    const set = await make();
    const { arn, hookId } = await untilPaused(set);
    await set.writer.continue(arn, hookId, "ROLLBACK");
    await set.writer.continue(arn, hookId, "ROLLBACK");
    set.pass(600);
    expect((await set.reader.deployment(set.of, arn))?.status).toBe("ROLLBACK_SUCCESSFUL");
    await set.writer.continue(arn, hookId, "ROLLBACK");
    expect(described(set).taskDefinition).toBe(set.scene.first);
  });

  it("a ROLLBACK of what went on in the meantime is told, not swallowed", async () => {
    const set = await make();
    const { arn, hookId } = await untilPaused(set);
    await set.writer.continue(arn, hookId, "CONTINUE");
    set.pass(60);
    expect(await failure(set.writer.continue(arn, hookId, "ROLLBACK"))).toMatchObject({ code: "conflict" });
  });

  it("stops a deployment at any moment, once and again, and after its end", async () => {
    const set = await make();
    const { arn } = await untilPaused(set);
    set.calls();
    await set.writer.stop(arn, "ROLLBACK");
    expect(set.calls()).toEqual(["StopServiceDeployment"]);
    await set.writer.stop(arn, "ROLLBACK");
    set.pass(600);
    expect((await set.reader.deployment(set.of, arn))?.status).toBe("ROLLBACK_SUCCESSFUL");
    await set.writer.stop(arn, "ROLLBACK");
  });

  it("an ABORT leaves both revisions where they are", async () => {
    const set = await make();
    const { arn } = await untilPaused(set);
    await set.writer.stop(arn, "ABORT");
    set.pass(60);
    expect((await set.reader.deployment(set.of, arn))?.status).toBe("STOPPED");
    await set.writer.stop(arn, "ABORT");
  });

  it("says that a deployment is not there", async () => {
    const { writer } = await make();
    expect(await failure(writer.stop(GONE, "ROLLBACK"))).toMatchObject({ code: "missing" });
    expect(await failure(writer.continue(GONE, "hook", "CONTINUE"))).toMatchObject({ code: "missing" });
  });
}
