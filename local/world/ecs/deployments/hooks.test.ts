// Lifecycle hooks: what functions are told, what their answers do, pauses, time-outs and events.

import type { DeploymentLifecycleHook } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import type { HookCall, RolloutFixture } from "./rollout-fixture.ts";
import {
  ALL_STAGES_HOOK,
  answered,
  createRolloutFixture,
  FAILED,
  HOOK,
  PRODUCTION,
  SUCCEEDED,
} from "./rollout-fixture.ts";

type Stage = NonNullable<DeploymentLifecycleHook["lifecycleStages"]>[number];

const functionAt = (...lifecycleStages: Stage[]): DeploymentLifecycleHook => ({
  hookTargetArn: HOOK,
  lifecycleStages,
});
const pauseAt = (
  lifecycleStages: Stage[],
  timeoutConfiguration?: DeploymentLifecycleHook["timeoutConfiguration"],
): DeploymentLifecycleHook => ({ targetType: "PAUSE", lifecycleStages, timeoutConfiguration });

/** A service that runs, whose next deployment has these hooks. */
function serviceWith(...lifecycleHooks: DeploymentLifecycleHook[]): RolloutFixture {
  const fixture = createRolloutFixture();
  fixture.create();
  fixture.finish();
  fixture.ecs.operations.UpdateService({ service: "web", deploymentConfiguration: { lifecycleHooks } });
  return fixture;
}

const onStage =
  (stage: string, answer: (call: HookCall) => ReturnType<RolloutFixture["answer"]>) =>
  (call: HookCall): ReturnType<RolloutFixture["answer"]> =>
    call.stage === stage ? answer(call) : SUCCEEDED;

const hookOf = (fixture: RolloutFixture) => fixture.deployment().lifecycleHookDetails?.[0];
const hookEvents = (fixture: RolloutFixture) =>
  fixture.details("ECS Hook State Change").map(({ eventName }) => eventName);
const isPaused = (fixture: RolloutFixture) => () => hookOf(fixture)?.status === "AWAITING_ACTION";

function goOn(fixture: RolloutFixture, action?: "CONTINUE" | "ROLLBACK"): void {
  fixture.ecs.operations.ContinueServiceDeployment({
    serviceDeploymentArn: fixture.latest(),
    hookId: hookOf(fixture)?.hookId,
    ...(action !== undefined && { action }),
  });
}

describe("a function", () => {
  it("is told the stage, the revisions and their weights", () => {
    const fixture = serviceWith(ALL_STAGES_HOOK);
    const arn = fixture.deploy();
    fixture.finish();
    const weights = fixture.calls.map(({ stage, payload }) => {
      const details = payload["executionDetails"] as Record<string, Record<string, number>>;
      const shares = (of: string) => Object.values(details[of] ?? {});
      return [stage, shares("testTrafficWeights"), shares("productionTrafficWeights")];
    });
    expect(weights).toEqual([
      ["PRE_SCALE_UP", [], []],
      ["POST_SCALE_UP", [], []],
      ["TEST_TRAFFIC_SHIFT", [100, 0], []],
      ["POST_TEST_TRAFFIC_SHIFT", [], []],
      ["PRE_PRODUCTION_TRAFFIC_SHIFT", [], [0, 100]],
      ["PRODUCTION_TRAFFIC_SHIFT", [], [100, 0]],
      ["POST_PRODUCTION_TRAFFIC_SHIFT", [], []],
    ]);
    expect(fixture.calls[0]?.payload).toMatchObject({ resourceArn: arn });
    expect(new Set(fixture.calls.map(({ payload }) => payload["executionId"])).size).toBe(7);
  });

  it("is called again after its delay, with what it handed on", () => {
    const hook = { ...functionAt("POST_SCALE_UP"), hookDetails: { bucket: "b" } };
    const fixture = serviceWith(hook);
    const answers = [
      answered({ hookStatus: "IN_PROGRESS" }),
      answered({ hookStatus: "IN_PROGRESS", callBackDelay: 60, hookDetails: { seen: 1 } }),
      SUCCEEDED,
    ];
    fixture.answer = () => answers[fixture.calls.length - 1] ?? FAILED;
    fixture.deploy();
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    const [first = 0, second = 0, third = 0] = fixture.calls.map(({ atS }) => atS);
    expect([second - first, third - second].map(Math.round)).toEqual([30, 60]);
    expect(fixture.calls.map(({ payload }) => payload["hookDetails"])).toEqual([
      { bucket: "b" },
      { bucket: "b" },
      { bucket: "b", seen: 1 },
    ]);
    expect(hookEvents(fixture)).toEqual(["HOOK_IN_PROGRESS", "HOOK_SUCCEEDED"]);
  });

  it.each([
    ["says FAILED", FAILED, "returned FAILED status."],
    ["crashes", { kind: "failed", error: "boom" } as const, "due to boom"],
    ["answers nothing", answered(null), "HookStatus must not be null"],
    ["answers something else", answered({ hookStatus: "DONE" }), "HookStatus must not be null"],
  ])("that %s rolls the deployment back", (_what, answer, text) => {
    const fixture = serviceWith(functionAt("POST_TEST_TRAFFIC_SHIFT"));
    fixture.answer = () => answer;
    fixture.deploy();
    const ended = fixture.finish();
    expect(ended.status).toBe("ROLLBACK_SUCCESSFUL");
    expect(ended.statusReason).toContain(
      "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed.",
    );
    expect(ended.statusReason).toContain(text);
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
    expect(hookEvents(fixture)).toEqual(["HOOK_IN_PROGRESS", "HOOK_FAILED"]);
  });

  it("that never answers times out after a day", () => {
    const fixture = serviceWith(functionAt("PRE_SCALE_UP"));
    fixture.answer = () => "never";
    fixture.deploy();
    fixture.advance(86_000);
    expect(fixture.deployment().status).toBe("IN_PROGRESS");
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(hookEvents(fixture)).toEqual(["HOOK_IN_PROGRESS", "HOOK_TIMED_OUT"]);
  });

  it("runs again at the shifts when the deployment rolls back, with the weights turned round", () => {
    const fixture = serviceWith(
      functionAt("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"),
    );
    fixture.answer = onStage("POST_PRODUCTION_TRAFFIC_SHIFT", () => FAILED);
    fixture.deploy();
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(fixture.calls.map(({ stage }) => stage)).toEqual([
      "TEST_TRAFFIC_SHIFT",
      "PRODUCTION_TRAFFIC_SHIFT",
      "POST_PRODUCTION_TRAFFIC_SHIFT",
      "PRODUCTION_TRAFFIC_SHIFT",
      "TEST_TRAFFIC_SHIFT",
    ]);
    const back = fixture.calls[3]?.payload["executionDetails"] as Record<string, Record<string, number>>;
    expect(Object.values(back["productionTrafficWeights"] ?? {})).toEqual([0, 100]);
  });

  it("that fails on the way back leaves the rollback failed, the traffic being back", () => {
    const fixture = serviceWith(functionAt("PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"));
    fixture.answer = () => (fixture.calls.length === 1 ? SUCCEEDED : FAILED);
    fixture.deploy();
    const ended = fixture.finish();
    expect(ended).toMatchObject({ status: "ROLLBACK_FAILED" });
    expect(ended.statusReason).toContain("Service deployment rollback failed");
    expect(fixture.weights()).toEqual({ blue: 100, green: 0 });
  });
});

describe("a pause", () => {
  it("waits for ContinueServiceDeployment, with a new id at each step", () => {
    const fixture = serviceWith(pauseAt(["PRE_PRODUCTION_TRAFFIC_SHIFT"]));
    fixture.deploy({
      configuration: {
        strategy: "LINEAR",
        linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 1 },
      },
    });
    const ids: (string | undefined)[] = [];
    for (const before of [0, 500]) {
      fixture.advanceUntil(isPaused(fixture));
      fixture.advance(3_000);
      expect(fixture.weights().green).toBe(before);
      expect(fixture.deployment().lifecycleStage).toBe("PRE_PRODUCTION_TRAFFIC_SHIFT");
      ids.push(hookOf(fixture)?.hookId);
      goOn(fixture);
    }
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^ecs-pause-[A-Za-z0-9_-]{43}$/);
    expect(hookEvents(fixture)).toEqual([
      "HOOK_AWAITING_ACTION",
      "HOOK_SUCCEEDED",
      "HOOK_AWAITING_ACTION",
      "HOOK_SUCCEEDED",
    ]);
  });

  it("may wait for days: the limit of a stage is not for it", () => {
    const fixture = serviceWith(pauseAt(["POST_SCALE_UP"], { timeoutInMinutes: 20_160 }));
    fixture.deploy();
    fixture.advanceUntil(isPaused(fixture));
    fixture.advance(13 * 86_400);
    expect(fixture.deployment().status).toBe("IN_PROGRESS");
    goOn(fixture, "ROLLBACK");
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
    expect(hookEvents(fixture)).toEqual(["HOOK_AWAITING_ACTION", "HOOK_FAILED"]);
  });

  it.each([
    [undefined, "ROLLBACK_SUCCESSFUL"],
    ["ROLLBACK", "ROLLBACK_SUCCESSFUL"],
    ["CONTINUE", "SUCCESSFUL"],
  ] as const)("that nobody answers takes its action: %s", (action, status) => {
    const timeout = { timeoutInMinutes: 10, ...(action !== undefined && { action }) };
    const fixture = serviceWith(pauseAt(["POST_TEST_TRAFFIC_SHIFT"], timeout));
    fixture.deploy();
    fixture.advanceUntil(isPaused(fixture));
    const { expiresAt, timeoutAction } = hookOf(fixture) ?? {};
    expect(timeoutAction).toBe(action ?? "ROLLBACK");
    expect(((expiresAt?.getTime() ?? 0) - fixture.kernel.now()) / 1_000).toBeCloseTo(600, -1);
    expect(fixture.finish().status).toBe(status);
    expect(hookEvents(fixture)).toEqual(["HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"]);
  });

  it("beside a function holds until both are done; either takes the deployment back", () => {
    const hooks = [pauseAt(["PRE_SCALE_UP"]), functionAt("PRE_SCALE_UP")];
    const fixture = serviceWith(...hooks);
    fixture.deploy();
    fixture.advanceUntil(isPaused(fixture));
    expect(fixture.deployment().lifecycleHookDetails?.map(({ status }) => status)).toEqual([
      "AWAITING_ACTION",
      "SUCCEEDED",
    ]);
    fixture.advance(600);
    expect(fixture.deployment().lifecycleStage).toBe("PRE_SCALE_UP");
    goOn(fixture);
    expect(fixture.finish().status).toBe("SUCCESSFUL");
    fixture.answer = () => FAILED;
    fixture.deploy();
    expect(fixture.finish().status).toBe("ROLLBACK_SUCCESSFUL");
  });

  it("is told in an event with all that a controller needs", () => {
    const fixture = serviceWith(pauseAt(["POST_SCALE_UP"], { timeoutInMinutes: 10 }));
    const arn = fixture.deploy();
    fixture.advanceUntil(isPaused(fixture));
    const event = fixture.events.find((one) => one["detail-type"] === "ECS Hook State Change");
    expect(event?.resources).toEqual([arn]);
    expect(event?.detail).toMatchObject({
      eventType: "INFO",
      eventName: "HOOK_AWAITING_ACTION",
      hookType: "PAUSE",
      hookId: hookOf(fixture)?.hookId,
      lifecycleStage: "POST_SCALE_UP",
      clusterArn: "arn:aws:ecs:us-east-1:111122223333:cluster/default",
      serviceArn: "arn:aws:ecs:us-east-1:111122223333:service/default/web",
      serviceDeploymentArn: arn,
    });
    expect(String(event?.detail["updatedAt"])).toMatch(/\.\d{9}Z$/);
  });

  it("refuses what is not there to be continued", () => {
    const fixture = serviceWith(pauseAt(["POST_SCALE_UP"]));
    const arn = fixture.deploy();
    const { ContinueServiceDeployment: proceed } = fixture.ecs.operations;
    fixture.advanceUntil(isPaused(fixture));
    const hookId = hookOf(fixture)?.hookId;
    const refusal = (change: object) => {
      try {
        proceed({ serviceDeploymentArn: arn, hookId, ...change });
      } catch (error) {
        return (error as Error).name;
      }
      return "none";
    };
    expect(refusal({ hookId: "ecs-pause-other" })).toBe("InvalidParameterException");
    expect(refusal({ serviceDeploymentArn: `${arn}x` })).toBe("ServiceDeploymentNotFoundException");
    goOn(fixture);
    expect(refusal({})).toBe("InvalidParameterException");
    fixture.finish();
    expect(refusal({})).toBe("InvalidParameterException");
    expect(fixture.weights(PRODUCTION).green).toBe(100);
  });
});
