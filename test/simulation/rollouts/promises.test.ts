// Promises of docs/rollouts.md and docs/manifest.md that no complaint names, each from end to end over the world:
// what is held, told, watched, compared, and done without permission on listener rules.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import type { MetricPolicy, RolloutPolicy, RolloutStep } from "../../../shared/contracts/rollout-policy.ts";
import { atWeight, begin, current, ended, groupNow, look, reasonsOf, shareOf, until } from "./play.ts";
import { POLICY } from "./policy.ts";
import type { Kind } from "./scene.ts";
import { CLUSTER } from "./scene.ts";
import type { Stage, StageOptions } from "./stage.ts";
import { createStage, only } from "./stage.ts";
import { release } from "./versions.ts";

async function stageOf(
  kind: Kind,
  policy: Partial<RolloutPolicy> = {},
  options: Partial<StageOptions> = {},
): Promise<Stage> {
  const services = [{ name: "web", kind, desiredCount: 4, requestsPerSecond: 20, policy }];
  const stage = await createStage({ seed: 3, services, ...options });
  // The service's very first deployment was told as well.
  stage.notices.splice(0);
  return stage;
}

const elb = (stage: Stage, operation: string, input: object) =>
  stage.world.call("elasticloadbalancing", operation, input) as Record<string, unknown>;
const writesOf = (stage: Stage): readonly string[] =>
  stage.calls.filter(({ write }) => write).map(({ name }) => name);

/** Somebody else's pipeline, with a deployment configuration of its own. */
async function deploy(stage: Stage, behaviour: "good" | "failing", configured = {}): Promise<void> {
  const { scene } = only(stage);
  const taskDefinition = release(stage.world, scene, behaviour);
  stage.world.call("ecs", "UpdateService", {
    cluster: CLUSTER,
    service: "web",
    taskDefinition,
    ...configured,
  });
  await until(stage, () => stage.state(scene.key).phase !== "idle", { for: "its adoption" });
}
const PAUSED = {
  deploymentConfiguration: {
    strategy: "BLUE_GREEN",
    bakeTimeInMinutes: 0,
    lifecycleHooks: [
      {
        targetType: "PAUSE",
        lifecycleStages: ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"],
        timeoutConfiguration: { timeoutInMinutes: 600, action: "ROLLBACK" },
      },
    ],
  },
};

describe("without permission on listener rules", () => {
  const leaves: Partial<StageOptions> = {
    mutate: (ports) => ({ ...ports, settings: { ...ports.settings, leavesWeights: true } }),
  };

  it.each(["good", "failing"] as const)(
    "a %s version comes to its end by ECS's own shifts",
    async (behaviour) => {
      const stage = await stageOf("native", {}, leaves);
      stage.breaks.deniedElb = true;
      await begin(stage, behaviour);
      const { outcome } = await ended(stage);
      expect(outcome).toBe(behaviour === "good" ? "promoted" : "rolled-back");
      expect(writesOf(stage).filter((name) => name.startsWith("Modify"))).toEqual([]);
      expect(stage.complaints).toEqual([]);
    },
  );

  it("what ECS moves at once is judged while the old tasks stand, and goes back", async () => {
    const stage = await stageOf("native", {}, leaves);
    stage.breaks.deniedElb = true;
    await deploy(stage, "failing", PAUSED);
    const end = await ended(stage);
    expect([end.outcome, end.verdict?.kind]).toEqual(["rolled-back", "bad"]);
    expect(shareOf(stage, "blue")).toBe(100);
  });

  it("and goes on once it is good", async () => {
    const stage = await stageOf("native", {}, leaves);
    await deploy(stage, "good", PAUSED);
    await until(stage, () => current(stage).hold?.code === "unjudged", { for: "the hold after the shift" });
    expect(groupNow(stage, "blue")?.healthy).toBe(4);
    expect((await ended(stage)).outcome).toBe("promoted");
  });
});

describe("a freeze that begins while it rolls out", () => {
  // The stage's clock begins at 08:00 UTC.
  const from = (overrun: "finish" | "hold" | "rollback"): Partial<RolloutPolicy> => ({
    steps: [{ kind: "setWeight", weight: 25 }, { kind: "pause", durationMs: minutes(25) }, ...POLICY_STEPS],
    freeze: [{ kind: "deny", schedule: "20 8 * * *", durationMs: minutes(60), timeZone: "UTC", overrun }],
  });
  const POLICY_STEPS: readonly RolloutStep[] = [{ kind: "setWeight", weight: 50 }];

  it.each([
    ["finish", "promoted", 9, 20],
    ["hold", "promoted", 9, 150],
    ["rollback", "rolled-back", 8, 30],
  ] as const)("overrun %s: %s", async (overrun, outcome, _hour, latestMinute) => {
    const stage = await stageOf("native", from(overrun));
    await begin(stage);
    const begun = stage.world.kernel.now();
    await atWeight(stage, 25);
    const end = await ended(stage);
    expect(end.outcome).toBe(outcome);
    const thaw = Date.UTC(2026, 10, 2, 9, 20);
    expect(end.endedAt > thaw).toBe(overrun === "hold");
    expect(end.endedAt - begun).toBeLessThan(minutes(latestMinute + 60));
  });
});

it("dry run: a plain rolling deployment gets its verdict and is not touched", async () => {
  const notifications = [{ on: ["held" as const], to: "events" }];
  const stage = await stageOf("rolling", { dryRun: true, notifications });
  await deploy(stage, "failing");
  const end = await ended(stage);
  expect([end.driver, end.outcome, end.verdict?.kind]).toEqual(["watch", "watched", "bad"]);
  expect(writesOf(stage)).toEqual([]);
  expect(stage.notices.map(({ event }) => event)).toEqual(["held"]);
  expect(JSON.stringify(stage.notices)).toContain("only watched");
});

it("people are told each event once", async () => {
  const on = ["started", "step", "awaiting", "held", "promoted", "rolled-back", "needs-operator"] as const;
  const stage = await stageOf("native", { notifications: [{ on, to: "https://hooks.test/chat" }] });
  await begin(stage);
  await ended(stage);
  await stage.pass(minutes(3));
  const told = stage.notices.map(({ event, detail }) =>
    event === "step" ? `step ${(detail as { weight: number }).weight}` : event,
  );
  expect(told.filter((event) => event !== "held")).toEqual([
    "started",
    "step 5",
    "step 25",
    "step 60",
    "promoted",
  ]);
  await begin(stage, "failing");
  await ended(stage);
  await stage.pass(minutes(3));
  expect(stage.notices.at(-1)?.event).toBe("rolled-back");
});

describe("queue workers with metrics of their own", () => {
  const count = (metricName: string) => ({
    provider: "cloudwatch" as const,
    namespace: "Shop",
    metricName,
    dimensions: { Version: "{{task_definition}}" },
    statistic: "Sum",
  });
  const jobs: MetricPolicy = {
    name: "jobs",
    periodMs: minutes(1),
    total: count("Jobs"),
    bad: count("Failures"),
    dryRun: false,
  };
  const policy = { analysis: { ...POLICY.analysis, metrics: [jobs] } };

  /** Each worker takes a job a second; the new version fails so many of them. */
  const work = (stage: Stage, failing: number): void => {
    const { world } = stage;
    world.kernel.after(minutes(1) as never, () => work(stage, failing));
    for (const { taskDefinitionArn, lastStatus } of world.ecs.runningTasks(CLUSTER)) {
      if (lastStatus !== "RUNNING") continue;
      const Version = taskDefinitionArn.split("/").at(-1) ?? "";
      const Dimensions = [{ Name: "Version", Value: Version }];
      const put = (MetricName: string, Value: number) => ({ MetricName, Value, Dimensions });
      const failed = Version.endsWith(":1") ? 0 : failing;
      const MetricData = [put("Jobs", 60), put("Failures", failed)];
      world.call("cloudwatch", "PutMetricData", { Namespace: "Shop", MetricData });
    }
  };

  it.each([
    [0, "promoted"],
    [20, "rolled-back"],
  ])("%i of 60 jobs fail: %s, by a share of the consumers", async (failing, outcome) => {
    const stage = await stageOf("worker-sets", policy);
    work(stage, failing);
    await begin(stage);
    const shares = new Set<number>();
    await until(stage, () => {
      const { phase } = stage.state(only(stage).scene.key);
      if (phase !== "idle") shares.add(current(stage).weight);
      return phase === "idle";
    });
    const end = await ended(stage);
    expect([end.driver, end.outcome], reasonsOf(stage)).toEqual(["task-sets", outcome]);
    expect([...shares].some((share) => share > 0 && share < 60)).toBe(true);
    if (outcome === "rolled-back") expect(end.verdict).toMatchObject({ kind: "bad", metric: "jobs" });
    expect(look(stage).desiredCount).toBe(4);
    expect(stage.complaints).toEqual([]);
  });
});

it("baseline: the new revision is compared with the old version's fresh twin, in its own group", async () => {
  const stage = await stageOf("task-sets", { baseline: true });
  const { traffic } = only(stage).scene;
  if (traffic === undefined) throw new Error("a scene with traffic was asked for");
  const created = elb(stage, "CreateTargetGroup", {
    Name: "web-grey",
    Protocol: "HTTP",
    Port: 80,
    VpcId: "vpc-0a",
    TargetType: "ip",
  });
  const grey = String((created["TargetGroups"] as readonly Record<string, unknown>[])[0]?.["TargetGroupArn"]);
  const TargetGroups = [traffic.blue, traffic.green, grey].map((TargetGroupArn, index) => ({
    TargetGroupArn,
    Weight: index === 0 ? 100 : 0,
  }));
  elb(stage, "ModifyRule", {
    RuleArn: traffic.rule,
    Actions: [{ Type: "forward", ForwardConfig: { TargetGroups } }],
  });
  await begin(stage, "failing");
  await atWeight(stage, 5);
  const end = await ended(stage);
  expect([end.outcome, end.verdict?.kind], reasonsOf(stage)).toEqual(["rolled-back", "bad"]);
  const control = end.verdict?.metrics[0]?.control.total ?? 0;
  const blue = only(stage).load.byGroup.get(traffic.blue)?.requests ?? 0;
  expect(control).toBeGreaterThan(0);
  expect(control).toBeLessThan(blue / 4);
  expect(shareOf(stage, "blue")).toBe(100);
});

it("a service scaled to nothing is deployed all the same", async () => {
  const stage = await stageOf("native");
  stage.world.call("ecs", "UpdateService", { cluster: CLUSTER, service: "web", desiredCount: 0 });
  await stage.pass(minutes(5));
  await begin(stage);
  expect((await ended(stage)).outcome).toBe("promoted");
  expect(look(stage).desiredCount).toBe(0);
});
