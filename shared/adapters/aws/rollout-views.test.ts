// How AWS's answers read in our words, where they are odd: what no world and no fixture shows in passing.

import type { Action, Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { minutes } from "../../base/time.ts";
import type { DeploymentOrder } from "../../contracts/rollout-orders.ts";
import { configurationFor, isCarriedOut, isDeploying } from "./deployment-order.ts";
import { deploymentView, revisionView, serviceView, taskSetView } from "./deployment-view.ts";
import { requestFor } from "./task-sets.ts";
import {
  actionsWith,
  conditionsFor,
  freePriority,
  isSameShare,
  listenerOf,
  ruleView,
  weightsOf,
} from "./traffic-view.ts";

const ELB = "arn:aws:elasticloadbalancing:eu-west-3:111122223333";
const [BLUE, GREEN, OTHER] = ["blue", "green", "other"].map((name) => `${ELB}:targetgroup/${name}/1`) as [
  string,
  string,
  string,
];

const order = (changes: Partial<DeploymentOrder> = {}): DeploymentOrder => ({
  clusterArn: "c",
  service: "web",
  taskDefinition: "web:2",
  pauseAt: [],
  pauseTimeoutMs: minutes(5),
  ...changes,
});

describe("a service", () => {
  it("without any member is ECS's own, rolling, with nothing in it", () => {
    expect(serviceView({})).toMatchObject({
      controller: "ECS",
      strategy: "ROLLING",
      scheduling: "REPLICA",
      isExpress: false,
      balancers: [],
      hooks: [],
      taskSets: [],
    });
  });

  it("of Express Mode is told as such", () => {
    expect(serviceView({ resourceManagementType: "ECS" }).isExpress).toBe(true);
    expect(serviceView({ resourceManagementType: "CUSTOMER" }).isExpress).toBe(false);
  });

  it("has no one current revision while two are current", () => {
    const two = [{ arn: "a" }, { arn: "b" }];
    expect(serviceView({ currentServiceRevisions: two })).not.toHaveProperty("currentRevisionArn");
    expect(serviceView({ currentServiceRevisions: [{ arn: "a" }] }).currentRevisionArn).toBe("a");
  });

  it("behind a Classic Load Balancer has nothing to shift", () => {
    const loadBalancers = [{ loadBalancerName: "old", containerName: "app", containerPort: 80 }];
    expect(serviceView({ loadBalancers }).balancers).toEqual([]);
  });

  it("has hooks of Lambda where no type is named", () => {
    const lifecycleHooks = [{ hookTargetArn: "f" }, { targetType: "PAUSE" as const, lifecycleStages: [] }];
    expect(serviceView({ deploymentConfiguration: { lifecycleHooks } }).hooks).toEqual([
      { kind: "LAMBDA", stages: [], targetArn: "f" },
      { kind: "PAUSE", stages: [] },
    ]);
  });
});

describe("a deployment, a revision, a task set", () => {
  it("weights that ECS does not move are absent, not 0", () => {
    const { target } = deploymentView({ targetServiceRevision: { arn: "a", runningTaskCount: 1 } });
    expect(target).toEqual({ arn: "a", requested: 0, running: 1, pending: 0 });
  });

  it("passes on stages that the SDK does not know", () => {
    expect(deploymentView({ lifecycleStage: "A_NEW_STAGE" as never }).stage).toBe("A_NEW_STAGE");
  });

  it("the group that ECS chose wins over the one that is configured", () => {
    const revision = { loadBalancers: [{ targetGroupArn: BLUE }] };
    const resolvedConfiguration = { loadBalancers: [{ targetGroupArn: GREEN }] };
    expect(revisionView(revision).targetGroupArns).toEqual([BLUE]);
    expect(revisionView({ ...revision, resolvedConfiguration }).targetGroupArns).toEqual([GREEN]);
  });

  it("a task set whose stability is not told is not stable", () => {
    expect(taskSetView({}).stability).toBe("STABILIZING");
  });

  it("a task set with capacity providers names no launch type", () => {
    const capacityProviderStrategy = [{ capacityProvider: "FARGATE_SPOT", weight: 1 }];
    const model = { taskSetArn: "m", capacityProviderStrategy, launchType: "FARGATE" as const };
    const like = { clusterArn: "c", service: "web", modelArn: "m", taskDefinition: "web:2" };
    const request = requestFor({ ...like, externalId: "r-1", percent: 5 }, model);
    expect(request).toMatchObject({ capacityProviderStrategy, loadBalancers: [] });
    expect(request).not.toHaveProperty("launchType");
    expect(request.clientToken).toMatch(/^[!-~]{1,36}$/);
  });
});

describe("an order", () => {
  it("ROLLING drops what only staged deployments have, and keeps the rest", () => {
    const current = {
      strategy: "CANARY" as const,
      canaryConfiguration: { canaryPercent: 5 },
      bakeTimeInMinutes: 3,
      maximumPercent: 150,
    };
    expect(configurationFor(order({ strategy: "ROLLING" }), current)).toEqual({
      strategy: "ROLLING",
      bakeTimeInMinutes: 3,
      maximumPercent: 150,
      lifecycleHooks: [],
    });
  });

  it("early success goes with ROLLING alone", () => {
    const current = { earlySuccessCriteria: { enable: true, healthyPercent: 50 } };
    expect(configurationFor(order({ strategy: "BLUE_GREEN" }), current)).not.toHaveProperty(
      "earlySuccessCriteria",
    );
    expect(configurationFor(order({ strategy: "ROLLING" }), current)).toMatchObject(current);
  });

  it.each([
    ["another definition", { taskDefinition: "arn:aws:ecs:r:1:task-definition/web:3" }, false],
    ["another strategy", { deploymentConfiguration: { strategy: "CANARY" as const } }, false],
    ["no hooks of ours", { deploymentConfiguration: { strategy: "BLUE_GREEN" as const } }, false],
    ["all of it", {}, true],
  ])("is carried out where the service has %s: %s", (_case, changes, isDone) => {
    const lifecycleHooks = [{ targetType: "PAUSE" as const, lifecycleStages: ["PRE_SCALE_UP" as const] }];
    const service = {
      taskDefinition: "arn:aws:ecs:r:1:task-definition/web:2",
      deploymentConfiguration: { strategy: "BLUE_GREEN" as const, lifecycleHooks },
      ...changes,
    };
    expect(isCarriedOut(order({ strategy: "BLUE_GREEN", pauseAt: ["PRE_SCALE_UP"] }), service)).toBe(isDone);
  });

  it("is under way while the newest revision rolls out", () => {
    expect(isDeploying({ deployments: [{ status: "PRIMARY", rolloutState: "IN_PROGRESS" }] })).toBe(true);
    expect(isDeploying({ deployments: [{ status: "PRIMARY", rolloutState: "COMPLETED" }] })).toBe(false);
    expect(isDeploying({})).toBe(false);
  });
});

describe("a rule", () => {
  const forward = (weights: Readonly<Record<string, number>>): Action => ({
    Type: "forward",
    ForwardConfig: {
      TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
    },
  });

  it("belongs to the listener in its ARN", () => {
    const listener = `${ELB}:listener/app/front/3333/4444`;
    expect(listenerOf(`${ELB}:listener-rule/app/front/3333/4444/5555`)).toBe(listener);
    expect(listenerOf(listener)).toBe(listener);
    expect(ruleView(listener, []).loadBalancer).toBe("app/front/3333");
    expect(ruleView(`${ELB}:listener/net/front/3333/4444`, []).loadBalancer).toBe("net/front/3333");
    expect(() => listenerOf(BLUE)).toThrow("neither a listener nor");
  });

  it("gives a group whose weight is not told 1", () => {
    const TargetGroups = [{ TargetGroupArn: BLUE }, { TargetGroupArn: GREEN, Weight: 3 }];
    expect(weightsOf({ Type: "forward", ForwardConfig: { TargetGroups } })).toEqual({
      [BLUE]: 1,
      [GREEN]: 3,
    });
    expect(weightsOf({ Type: "forward", TargetGroupArn: BLUE })).toEqual({ [BLUE]: 1 });
  });

  it("keeps a group that is not ours, with nothing: whoever attached it needs it named", () => {
    const [action] = actionsWith({ weights: { [BLUE]: 90, [GREEN]: 10 }, stickiness: "keep" }, [
      forward({ [BLUE]: 1, [OTHER]: 1 }),
    ]) as [Action];
    expect(weightsOf(action)).toEqual({ [BLUE]: 90, [GREEN]: 10, [OTHER]: 0 });
  });

  it("a header route keeps production's conditions, each in one of its two forms", () => {
    const PathPatternConfig = { Values: ["/*"] };
    const rule: Rule = { Conditions: [{ Field: "path-pattern", Values: ["/*"], PathPatternConfig }] };
    expect(conditionsFor({ header: "x", values: ["1"] }, rule)).toEqual([
      { Field: "path-pattern", PathPatternConfig },
      { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x", Values: ["1"] } },
    ]);
    const old: Rule = { Conditions: [{ Field: "path-pattern", Values: ["/*"] }] };
    expect(conditionsFor({ header: "x", values: ["1"] }, old)[0]).toEqual({
      Field: "path-pattern",
      Values: ["/*"],
    });
  });

  it("before the default rule the last priority is free", () => {
    expect(freePriority([{ Priority: "default" }, { Priority: "50000" }], undefined)).toBe(49_999);
  });

  const weight = fc.integer({ min: 0, max: 999 });
  const weights = fc.record({ [BLUE]: weight, [GREEN]: weight });

  it("shares are the same however often each weight is taken, and no write follows a write", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 9 }), (one, times) => {
        const scaled = Object.fromEntries(Object.entries(one).map(([arn, value]) => [arn, value * times]));
        expect(isSameShare(one, scaled)).toBe(true);
        const change = { weights: one, stickiness: "off" } as const;
        const written = actionsWith(change, [forward({ [OTHER]: 7 })]) ?? [];
        expect(actionsWith(change, written)).toBeUndefined();
      }),
    );
  });

  it("shares differ where a group's part differs", () => {
    fc.assert(
      fc.property(weights, weights, (one, other) => {
        const part = (of: Record<string, number>) => (of[BLUE] ?? 0) / ((of[BLUE] ?? 0) + (of[GREEN] ?? 0));
        expect(isSameShare(one, other)).toBe(Object.is(part(one), part(other)));
      }),
    );
  });
});
