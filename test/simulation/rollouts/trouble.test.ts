// What goes wrong around a rollout, one at a time: each ends with an outcome and a reason, and never with fewer
// healthy tasks than before.

import { describe, expect, it } from "vitest";
import { minutes, seconds } from "../../../shared/base/time.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import { atWeight, begin, current, ended, groupNow, look, reasonsOf, shareOf, tell, until } from "./play.ts";
import type { Kind } from "./scene.ts";
import { CLUSTER } from "./scene.ts";
import type { Stage } from "./stage.ts";
import { createStage, only } from "./stage.ts";
import { release } from "./versions.ts";

const PACED = ["native", "strategy", "task-sets"] as const satisfies readonly Kind[];

const stageOf = (kind: Kind, policy: Partial<RolloutPolicy> = {}): Promise<Stage> =>
  createStage({ seed: 9, services: [{ name: "web", kind, desiredCount: 3, requestsPerSecond: 6, policy }] });

function isUnharmed(stage: Stage): void {
  expect(groupNow(stage, "blue")).toMatchObject({ weight: 100, healthy: 3 });
  expect(shareOf(stage, "green")).toBe(0);
  expect(stage.complaints).toEqual([]);
}

describe("a version whose tasks never become healthy", () => {
  it.each(PACED)("%s: gets no request and goes back at the progress deadline", async (kind) => {
    const stage = await stageOf(kind);
    await begin(stage, "never-healthy");
    const end = await ended(stage);
    await stage.pass(minutes(3));
    expect(end).toMatchObject({ outcome: "rolled-back" });
    expect(end.reason).not.toBe("");
    expect(only(stage).load.all.failed).toBe(0);
    isUnharmed(stage);
  });
});

describe("a version whose tasks exit", () => {
  it.each(PACED)("%s: goes back and says how many died", async (kind) => {
    const stage = await stageOf(kind);
    await begin(stage, "exits");
    const end = await ended(stage);
    expect(end.outcome).toBe("rolled-back");
    expect(end.reason).toMatch(/\d/);
    stage.world.ecs.failTasksOf({ cluster: CLUSTER, service: "web" }, undefined);
    await stage.pass(minutes(5));
    isUnharmed(stage);
  });
});

describe("all tasks of the new revision die in the middle of the shift", () => {
  it.each(PACED)("%s: nothing more goes to them until they are back, or all goes back", async (kind) => {
    const stage = await stageOf(kind);
    await begin(stage);
    await atWeight(stage, 5);
    const { taskDefinition } = current(stage).target;
    for (const task of stage.world.ecs.runningTasks(CLUSTER)) {
      if (task.taskDefinitionArn === taskDefinition) stage.world.ecs.killTask(task.taskId, { exitCode: 137 });
    }
    const { outcome } = await ended(stage);
    await stage.pass(minutes(4));
    expect(groupNow(stage, outcome === "promoted" ? "green" : "blue")).toMatchObject({
      weight: 100,
      healthy: 3,
    });
    expect(stage.complaints).toEqual([]);
  });
});

describe("an alarm that is red at the start", () => {
  it.each(["native", "strategy"] as const)(
    "%s: the rollout ends, and says what became of it",
    async (kind) => {
      const stage = await stageOf(kind);
      redAlarm(stage, "web-5xx");
      await begin(stage);
      const end = await ended(stage);
      await stage.pass(minutes(4));
      expect(["promoted", "rolled-back"]).toContain(end.outcome);
      const served = end.outcome === "promoted" ? "green" : "blue";
      expect(groupNow(stage, served)).toMatchObject({ weight: 100, healthy: 3 });
      expect(stage.complaints).toEqual([]);
    },
  );
});

/** Guards the service's deployments from now on, and is red already: ECS ignores it then. */
function redAlarm(stage: Stage, AlarmName: string): void {
  const { world } = stage;
  world.call("cloudwatch", "PutMetricAlarm", {
    AlarmName,
    Namespace: "Shop",
    MetricName: "Failures",
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "ignore",
  });
  world.call("cloudwatch", "SetAlarmState", { AlarmName, StateValue: "ALARM", StateReason: "red" });
  const alarms = { enable: true, rollback: true, alarmNames: [AlarmName] };
  const deploymentConfiguration = { strategy: "BLUE_GREEN", alarms };
  world.call("ecs", "UpdateService", { cluster: CLUSTER, service: "web", deploymentConfiguration });
}

it("task-sets: where the limit of task sets is reached nothing is removed that is not ours", async () => {
  const stage = await stageOf("task-sets");
  for (let other = 0; other < 4; other += 1) {
    stage.world.call("ecs", "CreateTaskSet", {
      cluster: CLUSTER,
      service: "web",
      taskDefinition: "web",
      externalId: `somebody-${other}`,
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0a1b2c3d"] } },
      scale: { unit: "PERCENT", value: 0 },
    });
  }
  await begin(stage);
  await until(
    stage,
    () => /limit/.test(`${reasonsOf(stage)} ${stage.state(only(stage).scene.key).past[0]?.reason}`),
    {
      limitMs: minutes(30),
      for: "word of the limit",
    },
  );
  await stage.pass(minutes(20));
  expect(look(stage).taskSets).toHaveLength(5);
  isUnharmed(stage);
});

describe("metrics that do not answer", () => {
  const steps: RolloutPolicy["steps"] = [
    { kind: "setWeight", weight: 20 },
    { kind: "analysis", durationMs: minutes(2) },
    { kind: "setWeight", weight: 60 },
  ];

  it.each(["outage", "gap"] as const)("%s: are never taken for a good verdict", async (kind) => {
    for (const driver of ["native", "task-sets"] as const) {
      const stage = await stageOf(driver, { steps });
      stage.breaks.metrics = kind;
      await begin(stage);
      await atWeight(stage, 20);
      await stage.pass(minutes(30));
      const verdicts = stage.trace.flatMap((step) =>
        step.kind === "commit" && step.state.phase !== "idle" ? (step.state.rollout.verdict?.kind ?? []) : [],
      );
      expect(verdicts, tell(stage)).not.toContain("good");
      if (kind === "outage") expect(shareOf(stage, "green")).toBe(20);
      delete stage.breaks.metrics;
      expect((await ended(stage)).outcome).toBe("promoted");
    }
  });
});

it.each(PACED)("%s: a service that is deleted in the middle ends its rollout", async (kind) => {
  const stage = await stageOf(kind);
  await begin(stage);
  await atWeight(stage, 5);
  stage.world.call("ecs", "DeleteService", { cluster: CLUSTER, service: "web", force: true });
  await stage.pass(minutes(60));
  const state = stage.state(only(stage).scene.key);
  expect(["idle", "stuck"], tell(stage)).toContain(state.phase);
  if (state.phase === "idle") expect(state.past[0]?.reason).not.toBe("");
});

it("another deployment that begins outside takes over, and the weights are right in the end", async () => {
  const stage = await stageOf("native");
  await begin(stage);
  await atWeight(stage, 25);
  const taskDefinition = release(stage.world, only(stage).scene, "good");
  stage.world.call("ecs", "UpdateService", { cluster: CLUSTER, service: "web", taskDefinition });
  await stage.pass(seconds(30));
  await until(
    stage,
    () => stage.state(only(stage).scene.key).past[0]?.target.taskDefinition === taskDefinition,
  );
  await stage.pass(minutes(3));
  const now = look(stage);
  const serving = now.groups.filter(({ weight }) => weight > 0);
  expect(serving, tell(stage)).toMatchObject([{ weight: 100, healthy: 3 }]);
  expect(stage.complaints).toEqual([]);
});
