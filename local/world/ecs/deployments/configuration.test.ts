// What CreateService and UpdateService refuse in a deploymentConfiguration.

import type { DeploymentConfiguration, DeploymentLifecycleHook, LoadBalancer } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { checkDeployable } from "./configuration.ts";
import { HOOK, PRODUCTION, TEST } from "./rollout-fixture.ts";

const balancer = (
  change: Partial<NonNullable<LoadBalancer["advancedConfiguration"]>> = {},
): LoadBalancer => ({
  targetGroupArn: "blue",
  containerName: "web",
  containerPort: 80,
  advancedConfiguration: {
    alternateTargetGroupArn: "green",
    productionListenerRule: PRODUCTION,
    testListenerRule: TEST,
    ...change,
  },
});
const check = (configuration: DeploymentConfiguration, loadBalancers = [balancer()]) => {
  return () => checkDeployable({ configuration, loadBalancers, scheduling: "REPLICA" });
};
const hooks = (...lifecycleHooks: DeploymentLifecycleHook[]): DeploymentConfiguration => ({ lifecycleHooks });
const call: DeploymentLifecycleHook = { hookTargetArn: HOOK, lifecycleStages: ["POST_SCALE_UP"] };
const pause: DeploymentLifecycleHook = { targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] };

describe("checkDeployable", () => {
  it.each<[string, DeploymentConfiguration, RegExp]>([
    ["bake time", { strategy: "BLUE_GREEN", bakeTimeInMinutes: 1_441 }, /bakeTimeInMinutes/],
    ["step below 3", { strategy: "LINEAR", linearConfiguration: { stepPercent: 2.9 } }, /stepPercent/],
    ["step in hundredths", { strategy: "LINEAR", linearConfiguration: { stepPercent: 3.25 } }, /stepPercent/],
    [
      "step bake",
      { strategy: "LINEAR", linearConfiguration: { stepBakeTimeInMinutes: 1_441 } },
      /stepBakeTime/,
    ],
    ["canary of nothing", { strategy: "CANARY", canaryConfiguration: { canaryPercent: 0 } }, /canaryPercent/],
    [
      "canary bake",
      { strategy: "CANARY", canaryConfiguration: { canaryBakeTimeInMinutes: -1 } },
      /canaryBakeTime/,
    ],
    ["linear steps of a canary", { strategy: "CANARY", linearConfiguration: {} }, /only valid/],
    ["canary of a blue/green", { strategy: "BLUE_GREEN", canaryConfiguration: {} }, /only valid/],
    [
      "early success of a blue/green",
      {
        strategy: "BLUE_GREEN",
        earlySuccessCriteria: { enable: true, healthyPercent: 90, sourceServiceRevisionCleanup: "BLOCKING" },
      },
      /ROLLING/,
    ],
    ["early success without its numbers", { earlySuccessCriteria: { enable: true } }, /healthyPercent/],
    [
      "early success below the minimum",
      {
        minimumHealthyPercent: 100,
        earlySuccessCriteria: { enable: true, healthyPercent: 90, sourceServiceRevisionCleanup: "BLOCKING" },
      },
      /healthyPercent/,
    ],
    [
      "a threshold over 100 %",
      {
        deploymentCircuitBreaker: {
          enable: true,
          rollback: true,
          thresholdConfiguration: { type: "BOUNDED_PERCENT", value: 101 },
        },
      },
      /thresholdConfiguration/,
    ],
    ["a maximum below the minimum", { minimumHealthyPercent: 100, maximumPercent: 50 }, /maximumPercent/],
    ["a function without a name", hooks({ lifecycleStages: ["POST_SCALE_UP"] }), /hookTargetArn/],
    ["a hook without stages", hooks({ hookTargetArn: HOOK }), /lifecycleStages/],
    ["a hook while it bakes", hooks({ ...call, lifecycleStages: ["BAKE_TIME" as never] }), /BAKE_TIME/],
    [
      "a pause at a shift",
      hooks({ ...pause, lifecycleStages: ["TEST_TRAFFIC_SHIFT"] }),
      /TEST_TRAFFIC_SHIFT/,
    ],
    [
      "a pause at the other shift",
      hooks({ ...pause, lifecycleStages: ["PRODUCTION_TRAFFIC_SHIFT"] }),
      /PRODUCTION_TRAFFIC_SHIFT/,
    ],
    ["a pause with a function", hooks({ ...pause, hookTargetArn: HOOK }), /PAUSE/],
    ["another kind of hook", hooks({ ...call, targetType: "OTHER" as never }), /Invalid targetType/],
    [
      "a pause of 15 days",
      hooks({ ...pause, timeoutConfiguration: { timeoutInMinutes: 20_161 } }),
      /timeoutInMin/,
    ],
    [
      "a function of two days",
      hooks({ ...call, timeoutConfiguration: { timeoutInMinutes: 1_441 } }),
      /timeoutInMin/,
    ],
    ["eleven functions", hooks(...Array<DeploymentLifecycleHook>(11).fill(call)), /at most 10/],
    ["eleven pauses", hooks(...Array<DeploymentLifecycleHook>(11).fill(pause)), /at most 10/],
  ])("refuses %s", (_what, configuration, text) => {
    expect(check(configuration)).toThrow(text);
    expect(check(configuration)).toThrow(expect.objectContaining({ name: "InvalidParameterException" }));
  });

  it("takes ten hooks of each kind, and the edges of every range", () => {
    const ten = <T>(one: T): T[] => Array<T>(10).fill(one);
    expect(check(hooks(...ten(call), ...ten(pause)))).not.toThrow();
    expect(check({ strategy: "LINEAR", linearConfiguration: { stepPercent: 3.3 } })).not.toThrow();
    expect(check({ strategy: "CANARY", canaryConfiguration: { canaryPercent: 0.1 } })).not.toThrow();
    expect(check({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 1_440 })).not.toThrow();
  });

  it.each<[string, LoadBalancer[], RegExp]>([
    [
      "one without advancedConfiguration",
      [{ targetGroupArn: "blue" }],
      /advancedConfiguration field is required/,
    ],
    [
      "one without an alternate",
      [balancer({ alternateTargetGroupArn: undefined })],
      /alternateTargetGroupArn/,
    ],
    [
      "one group twice",
      [balancer({ alternateTargetGroupArn: "blue" })],
      /Duplicate targetGroupArn found: blue/,
    ],
    ["one rule for both", [balancer({ testListenerRule: PRODUCTION })], /both production and test/],
    [
      "the listener of an ALB",
      [balancer({ productionListenerRule: "arn:aws:elasticloadbalancing:x:1:listener/app/web/1/2" })],
      /invalid ARN format/,
    ],
  ])("refuses load balancers with %s for staged strategies only", (_what, loadBalancers, text) => {
    expect(check({ strategy: "BLUE_GREEN" }, loadBalancers)).toThrow(text);
    expect(check({ strategy: "ROLLING" }, loadBalancers)).not.toThrow();
  });

  it("has nothing staged for daemons", () => {
    const configuration = { strategy: "BLUE_GREEN" } as const;
    expect(() => checkDeployable({ configuration, loadBalancers: [], scheduling: "DAEMON" })).toThrow(
      /ROLLING/,
    );
  });
});
