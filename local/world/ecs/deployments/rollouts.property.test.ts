// Whatever is done to a service, and in whatever order: the weights of a rule stay whole, deployments end, and
// traffic is where the surviving revision is. The same seed gives the same run, byte for byte.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertNever } from "../../../../shared/base/assert.ts";
import type { RolloutFixture } from "./rollout-fixture.ts";
import {
  answered,
  createRolloutFixture,
  FAILED,
  HOOK,
  hasEnded,
  PRODUCTION,
  SUCCEEDED,
} from "./rollout-fixture.ts";

type Act =
  | { readonly kind: "deploy"; readonly strategy: "ROLLING" | "BLUE_GREEN" | "LINEAR" | "CANARY" }
  | { readonly kind: "stop"; readonly stopType: "ABORT" | "ROLLBACK" }
  | { readonly kind: "continue"; readonly action: "CONTINUE" | "ROLLBACK" }
  | { readonly kind: "desire"; readonly count: number }
  | { readonly kind: "fail"; readonly on: boolean }
  | { readonly kind: "alarm"; readonly on: boolean }
  | { readonly kind: "kill"; readonly nth: number }
  | { readonly kind: "wait"; readonly s: number };

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("deploy" as const),
    strategy: fc.constantFrom("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"),
  }),
  fc.record({ kind: fc.constant("stop" as const), stopType: fc.constantFrom("ABORT", "ROLLBACK") }),
  fc.record({ kind: fc.constant("continue" as const), action: fc.constantFrom("CONTINUE", "ROLLBACK") }),
  fc.record({ kind: fc.constant("desire" as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("fail" as const), on: fc.boolean() }),
  fc.record({ kind: fc.constant("alarm" as const), on: fc.boolean() }),
  fc.record({ kind: fc.constant("kill" as const), nth: fc.nat(5) }),
  fc.record({ kind: fc.constant("wait" as const), s: fc.integer({ min: 1, max: 400 }) }),
);

const CONFIGURATION = {
  bakeTimeInMinutes: 3,
  alarms: { alarmNames: ["errors"], enable: true, rollback: true },
  deploymentCircuitBreaker: { enable: true, rollback: true },
  lifecycleHooks: [
    {
      targetType: "PAUSE" as const,
      lifecycleStages: ["POST_TEST_TRAFFIC_SHIFT" as const],
      timeoutConfiguration: { timeoutInMinutes: 5 },
    },
    { hookTargetArn: HOOK, lifecycleStages: ["POST_SCALE_UP" as const, "PRODUCTION_TRAFFIC_SHIFT" as const] },
  ],
};

const SHAPES = {
  ROLLING: {},
  BLUE_GREEN: {},
  LINEAR: { linearConfiguration: { stepPercent: 33.3, stepBakeTimeInMinutes: 1 } },
  CANARY: { canaryConfiguration: { canaryPercent: 5, canaryBakeTimeInMinutes: 2 } },
};

/** What may be refused at the moment: there is nothing to stop or to continue, or five deployments are active. */
function attempt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    const expected = ["ConflictException", "InvalidParameterException"];
    if (!(error instanceof Error) || !expected.includes(error.name)) throw error;
  }
}

function carryOut(fixture: RolloutFixture, act: Act): void {
  const { operations } = fixture.ecs;
  const serviceDeploymentArn = fixture.latest();
  switch (act.kind) {
    case "deploy":
      attempt(() =>
        fixture.deploy({
          configuration: { strategy: act.strategy, ...CONFIGURATION, ...SHAPES[act.strategy] },
        }),
      );
      return;
    case "stop":
      attempt(() => operations.StopServiceDeployment({ serviceDeploymentArn, stopType: act.stopType }));
      return;
    case "continue": {
      const hookId = fixture.deployment().lifecycleHookDetails?.[0]?.hookId ?? "none";
      attempt(() =>
        operations.ContinueServiceDeployment({ serviceDeploymentArn, hookId, action: act.action }),
      );
      return;
    }
    case "desire":
      operations.UpdateService({ service: "web", desiredCount: act.count });
      return;
    case "fail": {
      const plan = { kind: "fails-to-start", reason: "CannotPullContainerError: gone" } as const;
      fixture.ecs.failTasksOf({ service: "web" }, act.on ? plan : undefined);
      return;
    }
    case "alarm":
      fixture.alarms.set("errors", act.on ? "ALARM" : "OK");
      return;
    case "kill": {
      const tasks = [...fixture.ecs.runningTasks()].filter((one) => one.lastStatus === "RUNNING");
      const task = tasks[act.nth % Math.max(tasks.length, 1)];
      if (task !== undefined) fixture.ecs.killTask(task.taskId, { exitCode: 1 });
      return;
    }
    case "wait":
      fixture.advance(act.s);
      return;
    default:
      assertNever(act);
  }
}

function play(seed: number, acts: readonly Act[], watch?: (fixture: RolloutFixture) => void): RolloutFixture {
  const fixture = createRolloutFixture(seed);
  const answers = [
    SUCCEEDED,
    SUCCEEDED,
    answered({ hookStatus: "IN_PROGRESS", callBackDelay: 10 }),
    SUCCEEDED,
    FAILED,
  ];
  fixture.answer = () => answers[fixture.calls.length % answers.length] ?? FAILED;
  fixture.create();
  fixture.finish();
  for (const act of acts) {
    if (act.kind === "wait") watchFor(fixture, act.s, watch);
    else carryOut(fixture, act);
    fixture.advance(1);
  }
  watchFor(fixture, 3_600, watch);
  fixture.ecs.failTasksOf({ service: "web" }, undefined);
  fixture.alarms.clear();
  fixture.answer = () => SUCCEEDED;
  // Longer than every pause, bake time and back-off of the acts together.
  fixture.advance(6 * 3_600);
  return fixture;
}

/** Looks every other second, where somebody watches. */
function watchFor(fixture: RolloutFixture, forS: number, watch?: (fixture: RolloutFixture) => void): void {
  if (watch === undefined) fixture.advance(forS);
  else
    for (let passed = 0; passed < forS; passed += 2) {
      fixture.advance(2);
      watch(fixture);
    }
}

const runs = fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.array(anyAct, { maxLength: 25 }));

describe("any order of acts", () => {
  it("ends every deployment, keeps weights whole and traffic where tasks are", () => {
    fc.assert(
      fc.property(runs, ([seed, acts]) => {
        const fixture = play(seed, acts);
        for (const { weights } of fixture.weightLog) {
          const sum = Object.values(weights).reduce((a, b) => a + b, 0);
          expect([100, 1_000]).toContain(sum);
        }
        const { ListServiceDeployments: list, DescribeServiceRevisions: revisions } = fixture.ecs.operations;
        const deployments = list({ service: "web", maxResults: 100 }).serviceDeployments ?? [];
        expect(deployments.filter((one) => !hasEnded(one))).toEqual([]);
        const last = fixture.deployment();
        const { desiredCount = 0, runningCount, currentServiceRevisions = [] } = fixture.service();
        if (last.status === "SUCCESSFUL" || last.status === "ROLLBACK_SUCCESSFUL") {
          const arn = currentServiceRevisions[0]?.arn ?? "";
          expect(currentServiceRevisions).toHaveLength(1);
          expect(runningCount).toBe(desiredCount);
          const survivor = revisions({ serviceRevisionArns: [arn] }).serviceRevisions?.[0];
          const group = survivor?.resolvedConfiguration?.loadBalancers?.[0]?.targetGroupArn ?? "";
          expect(Object.fromEntries(fixture.rules.get(PRODUCTION) ?? [])).toMatchObject({ [group]: 100 });
          expect(fixture.balancing.targetsOf(group).filter(({ state }) => state === "healthy")).toHaveLength(
            desiredCount,
          );
        }
        for (const [group, weight] of fixture.rules.get(PRODUCTION) ?? []) {
          if (weight === 0) continue;
          expect(fixture.balancing.targetsOf(group).some(({ state }) => state === "healthy")).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("never sends traffic to a group where nobody is healthy, unless tasks fail", () => {
    const calm = runs.map(([seed, acts]) => {
      return [seed, acts.filter(({ kind }) => kind !== "kill" && kind !== "fail")] as const;
    });
    fc.assert(
      fc.property(calm, ([seed, acts]) => {
        play(seed, acts, (fixture) => {
          for (const [group, weight] of fixture.rules.get(PRODUCTION) ?? []) {
            const targets = fixture.balancing.targetsOf(group);
            if (weight > 0) expect(targets.map(({ state }) => state)).toContain("healthy");
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  it("is the same run for the same seed", () => {
    fc.assert(
      fc.property(runs, ([seed, acts]) => {
        const [first, second] = [play(seed, acts), play(seed, acts)];
        expect(JSON.stringify(first.events)).toBe(JSON.stringify(second.events));
        expect(JSON.stringify(first.weightLog)).toBe(JSON.stringify(second.weightLog));
      }),
      { numRuns: 15 },
    );
  });
});
