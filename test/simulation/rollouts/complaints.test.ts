// One test for each complaint of users that Fairlead answers, by its number in the research on progressive
// delivery. Elsewhere: 18 (what Git says after a rollback) belongs to GitOps; 21 (PAUSE hooks and weight-safe rules
// as constructs) is in test/infra.

import { describe, expect, it } from "vitest";
import { minutes, seconds } from "../../../shared/base/time.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import { give } from "./operator.ts";
import { atWeight, begin, current, ended, groupNow, look, reasonsOf, shareOf, until } from "./play.ts";
import { POLICY } from "./policy.ts";
import type { Kind } from "./scene.ts";
import { CLUSTER } from "./scene.ts";
import type { Stage } from "./stage.ts";
import { createStage, only } from "./stage.ts";
import { resetWeights } from "./workload.ts";

const DRIVEN = ["native", "task-sets"] as const satisfies readonly Kind[];

const stageOf = (kind: Kind, policy: Partial<RolloutPolicy> = {}, requestsPerSecond = 8): Promise<Stage> =>
  createStage({ seed: 3, services: [{ name: "web", kind, desiredCount: 4, requestsPerSecond, policy }] });

const key = (stage: Stage) => only(stage).scene.key;
const order = (stage: Stage, verb: "abort" | "promote" | "promote-full" | "undo" | "approve", by = "ann") => {
  const { id, step, target } = current(stage);
  return give(stage, key(stage), { verb, by, rollout: id, step, revision: target.taskDefinition });
};

const HOLD_AT_25: RolloutPolicy["steps"] = [{ kind: "setWeight", weight: 25 }, { kind: "pause" }];

describe("1: a stack update resets the rule's weights in the middle of a shift (aws-cdk#36649)", () => {
  it.each(DRIVEN)("%s: they are written back where the policy says repair", async (kind) => {
    const stage = await stageOf(kind, { steps: HOLD_AT_25, onDrift: "repair" });
    await begin(stage);
    await atWeight(stage, 25);
    await stage.pass(minutes(1));
    resetWeights(stage, only(stage));
    expect(shareOf(stage, "green")).toBe(0);
    await until(stage, () => shareOf(stage, "green") === 25, { limitMs: minutes(12), for: "the repair" });
    expect(stage.complaints).toEqual([]);
  });

  it.each(DRIVEN)("%s: else the rollout holds and says so", async (kind) => {
    const stage = await stageOf(kind, { steps: HOLD_AT_25, onDrift: "hold" });
    await begin(stage);
    await atWeight(stage, 25);
    await stage.pass(minutes(1));
    resetWeights(stage, only(stage));
    await until(stage, () => current(stage).hold?.code.includes("drift") === true, {
      limitMs: minutes(12),
      for: "a hold",
    });
    expect(shareOf(stage, "green")).toBe(0);
  });
});

it("2: a deployment is not begun while the live weights lead somewhere else (containers-roadmap#2853)", async () => {
  const stage = await stageOf("native", { onDrift: "hold" });
  await begin(stage);
  expect((await ended(stage)).outcome).toBe("promoted");
  await stage.pass(minutes(2));
  resetWeights(stage, only(stage));
  const before = look(stage).deployments.length;
  await begin(stage);
  await stage.pass(minutes(5));
  const { deployments } = look(stage);
  const said = reasonsOf(stage);
  expect(deployments.length === before || shareOf(stage, "green") === 100, said).toBe(true);
  expect(said).toMatch(/drift|weights/i);
});

describe("3: skip the remaining wait (containers-roadmap#2266, #229)", () => {
  const LONG: RolloutPolicy["steps"] = [
    { kind: "setWeight", weight: 5 },
    { kind: "pause", durationMs: minutes(600) },
    { kind: "setWeight", weight: 50 },
    { kind: "pause", durationMs: minutes(600) },
  ];

  it.each(["native", "strategy", "task-sets"] as const)(
    "%s: promote takes the next step now, promote --full the rest",
    async (kind) => {
      const stage = await stageOf(kind, { steps: LONG });
      await begin(stage);
      await atWeight(stage, 5);
      await stage.pass(minutes(2));
      const step = current(stage).step;
      await order(stage, "promote");
      await until(stage, () => current(stage).step > step, { limitMs: minutes(3), for: "the next step" });
      await order(stage, "promote-full");
      expect((await ended(stage)).outcome).toBe("promoted");
      expect(shareOf(stage, "green")).toBe(100);
    },
  );
});

it("4: the old tasks leave in slices, not as a herd (containers-roadmap#969)", async () => {
  const stage = await stageOf("task-sets", { drainSlices: 4 });
  await begin(stage);
  const old = current(stage).taskSets.stable;
  await ended(stage);
  const scales = stage.trace.flatMap((step) =>
    step.kind === "call" &&
    step.operation === "UpdateTaskSet" &&
    step.refused === undefined &&
    String(step.input["taskSet"]).endsWith(old?.split("/").at(-1) ?? "?")
      ? [(step.input["scale"] as { value: number }).value]
      : [],
  );
  expect(scales.length).toBeGreaterThanOrEqual(4);
  expect(scales).toEqual(scales.toSorted((a, b) => b - a));
  expect(scales.at(-1)).toBe(0);
});

describe("7: autoscaling in the middle of a rollout (containers-roadmap#794)", () => {
  it.each(DRIVEN)("%s: a new desired count is kept, and both revisions get it", async (kind) => {
    const stage = await stageOf(kind);
    await begin(stage);
    await atWeight(stage, 25);
    stage.world.call("ecs", "UpdateService", { cluster: CLUSTER, service: "web", desiredCount: 6 });
    expect((await ended(stage)).outcome).toBe("promoted");
    await stage.pass(minutes(3));
    expect(look(stage).desiredCount).toBe(6);
    expect(groupNow(stage, "green")).toMatchObject({ healthy: 6, weight: 100 });
    expect(stage.complaints).toEqual([]);
  });
});

describe("10: no 503 when the old set goes (argo-rollouts#4595 and six more)", () => {
  it.each(DRIVEN)("%s: a rollout under load fails no request", async (kind) => {
    const stage = await stageOf(kind, {}, 20);
    await begin(stage);
    expect((await ended(stage)).outcome).toBe("promoted");
    await stage.pass(minutes(3));
    const { all } = only(stage).load;
    expect(all.requests).toBeGreaterThan(5_000);
    expect(all.failed).toBe(0);
    expect(stage.complaints).toEqual([]);
  });
});

it("11: an abort brings back the old set's capacity before its traffic (argo-rollouts#3372, #4035)", async () => {
  const stage = await stageOf(
    "task-sets",
    { steps: [{ kind: "setWeight", weight: 60 }, { kind: "pause" }] },
    20,
  );
  await begin(stage);
  await atWeight(stage, 60);
  const taskSet = current(stage).taskSets.stable ?? "";
  const where = { cluster: CLUSTER, service: "web", taskSet };
  stage.world.call("ecs", "UpdateTaskSet", { ...where, scale: { unit: "PERCENT", value: 25 } });
  await stage.pass(minutes(1));
  await order(stage, "abort");
  expect((await ended(stage)).outcome).toBe("rolled-back");
  await stage.pass(minutes(2));
  expect(groupNow(stage, "blue")).toMatchObject({ healthy: 4, weight: 100 });
  const writes = stage.trace.filter((step) => step.kind === "call" && step.refused === undefined);
  const restored = writes.findLastIndex(
    (step) =>
      step.kind === "call" &&
      step.operation === "UpdateTaskSet" &&
      JSON.stringify(step.input).includes('"value":100'),
  );
  const shifted = writes.findLastIndex((step) => step.kind === "call" && step.operation === "ModifyRule");
  expect(restored).toBeGreaterThan(-1);
  expect(restored).toBeLessThan(shifted);
  expect(only(stage).load.all.failed).toBe(0);
});

describe("12: little or no traffic is neither a failure nor a trap (argo-rollouts#1905, flagger#361)", () => {
  const analysed: RolloutPolicy["steps"] = [
    { kind: "setWeight", weight: 25 },
    { kind: "analysis", durationMs: minutes(2) },
  ];

  it.each(DRIVEN)("%s: without traffic it goes on, holds, or goes back as the policy says", async (kind) => {
    for (const [onNoTraffic, outcome] of [
      ["continue", "promoted"],
      ["rollback", "rolled-back"],
    ] as const) {
      const analysis = { ...POLICY.analysis, onNoTraffic };
      const stage = await stageOf(kind, { steps: analysed, analysis }, 0);
      await begin(stage);
      expect((await ended(stage)).outcome).toBe(outcome);
    }
    const stage = await stageOf(
      kind,
      { steps: analysed, analysis: { ...POLICY.analysis, onNoTraffic: "hold" } },
      0,
    );
    await begin(stage);
    await stage.pass(minutes(30));
    expect(current(stage).verdict?.kind).toBe("no-traffic");
    expect(current(stage).hold).toBeDefined();
    expect(shareOf(stage, "green")).toBe(25);
  });

  it("one failed request of few aborts nothing", async () => {
    const stage = await stageOf("native", { steps: analysed }, 0.3);
    await begin(stage, "good");
    expect((await ended(stage)).outcome).toBe("promoted");
  });
});

describe("13: several services together, in lockstep, aborted together (argo-rollouts#2088, #4778)", () => {
  const steps: RolloutPolicy["steps"] = [
    { kind: "setWeight", weight: 10 },
    { kind: "pause", durationMs: minutes(1) },
    { kind: "setWeight", weight: 50 },
    { kind: "pause", durationMs: minutes(5) },
  ];
  const members = ["web", "api"].map((name) => `111122223333/us-east-1/${CLUSTER}/${name}`) as never;

  const pair = () => {
    const policy = { steps, group: { name: "shop", members, lockstep: true } };
    const service = { kind: "native", desiredCount: 2, requestsPerSecond: 4, policy } as const;
    return createStage({
      seed: 5,
      services: [
        { name: "web", ...service },
        { name: "api", ...service },
      ],
    });
  };

  it("neither takes a step before the other has finished the one before", async () => {
    const stage = await pair();
    const [web, api] = stage.cast;
    if (web === undefined || api === undefined) throw new Error("two services");
    await begin(stage, "good", web);
    await stage.pass(seconds(20));
    await begin(stage, "good", api);
    let apart = 0;
    await until(stage, () => {
      const [one, other] = [shareOf(stage, "green", web), shareOf(stage, "green", api)];
      if (Math.min(one, other) === 0 && Math.max(one, other) > 10) apart += 1;
      return one === 100 && other === 100;
    });
    expect(apart).toBe(0);
  });

  it("an abort of one takes back all", async () => {
    const stage = await pair();
    const [web, api] = stage.cast;
    if (web === undefined || api === undefined) throw new Error("two services");
    await begin(stage, "good", web);
    await begin(stage, "good", api);
    await atWeight(stage, 50, web);
    await atWeight(stage, 10, api);
    await give(stage, web.scene.key, { verb: "abort", rollout: current(stage, web).id });
    expect((await ended(stage, web)).outcome).toBe("rolled-back");
    expect((await ended(stage, api)).outcome).toBe("rolled-back");
    expect([shareOf(stage, "green", web), shareOf(stage, "green", api)]).toEqual([0, 0]);
  });
});

describe("14: back at once after the promotion, without the steps (argo-rollouts#574, flagger#453)", () => {
  it.each(DRIVEN)("%s: undo goes to the last good revision past every wait", async (kind) => {
    const steps: RolloutPolicy["steps"] = [
      { kind: "setWeight", weight: 5 },
      { kind: "pause", durationMs: minutes(30) },
    ];
    const stage = await stageOf(kind, { steps, rollbackWindow: 3 });
    const { first } = only(stage).scene;
    await begin(stage);
    expect((await ended(stage)).outcome).toBe("promoted");
    await stage.pass(minutes(1));
    const from = stage.world.kernel.now();
    const before = stage.state(key(stage)).past.length;
    await give(stage, key(stage), { verb: "undo" });
    await until(stage, () => stage.state(key(stage)).past.length > before, {
      limitMs: minutes(20),
      for: "the way back",
    });
    expect(stage.state(key(stage)).past[0]).toMatchObject({
      outcome: "promoted",
      target: { taskDefinition: first },
    });
    expect(shareOf(stage, "blue")).toBe(100);
    expect(stage.world.kernel.now() - from).toBeLessThan(minutes(10));
  });
});

describe("15: never stuck, never silent, the number is named (flagger#1588 and four more)", () => {
  it.each(DRIVEN)(
    "%s: a version that fails while an approval is awaited goes back and says why",
    async (kind) => {
      const steps: RolloutPolicy["steps"] = [
        { kind: "setWeight", weight: 25 },
        { kind: "approve", expiresMs: minutes(600) },
      ];
      const stage = await stageOf(kind, { steps, notifications: [{ on: ["rolled-back"], to: "events" }] });
      await begin(stage, "failing");
      const end = await ended(stage);
      expect(end.outcome).toBe("rolled-back");
      expect(end.reason).toMatch(/\d+ .*requests/);
      expect(end.verdict).toMatchObject({ kind: "bad" });
      expect(end.verdict?.failed).toBeGreaterThan(0);
      expect(stage.notices.map(({ event }) => event)).toContain("rolled-back");
    },
  );
});

describe("16: test traffic by a header (argo-rollouts#2085 and three more)", () => {
  it.each(DRIVEN)(
    "%s: the header leads to the new revision while production does not, and is gone in the end",
    async (kind) => {
      const steps: RolloutPolicy["steps"] = [
        { kind: "headerRoute", header: "x-canary", values: ["always"] },
        { kind: "pause", durationMs: minutes(3) },
        { kind: "setWeight", weight: 50 },
      ];
      const stage = await stageOf(kind, { steps });
      const { traffic } = only(stage).scene;
      const served: (string | undefined)[] = [];
      const ask = () => {
        const headers = { "x-canary": "always" };
        const request = {
          method: "GET",
          host: "web.test",
          path: "/",
          query: "",
          headers,
          sourceIp: "192.0.2.7",
        };
        stage.world.elb.offer(traffic?.listener ?? "", request, ({ targetGroupArn }) =>
          served.push(targetGroupArn),
        );
      };
      await begin(stage);
      await until(
        stage,
        () => {
          ask();
          return served.at(-1) === traffic?.green;
        },
        { limitMs: minutes(10), for: "the header's route" },
      );
      expect(shareOf(stage, "green")).toBe(0);
      expect((await ended(stage)).outcome).toBe("promoted");
      const rules =
        stage.world.elb.operations.DescribeRules({ ListenerArn: traffic?.listener ?? "" }).Rules ?? [];
      expect(JSON.stringify(rules)).not.toContain("x-canary");
    },
  );
});

it("17: a freeze window holds a start until it is over (kargo#1328)", async () => {
  // The stage's clock begins at 08:00 UTC.
  const freeze: RolloutPolicy["freeze"] = [
    { kind: "deny", schedule: "0 8 * * *", durationMs: minutes(30), timeZone: "UTC", overrun: "finish" },
  ];
  const stage = await stageOf("native", { freeze });
  await begin(stage);
  await stage.pass(minutes(5));
  expect(reasonsOf(stage)).toMatch(/frozen|freeze/i);
  expect(look(stage).deployments.filter(({ status }) => status === "IN_PROGRESS")).toEqual([]);
  const end = await ended(stage);
  expect(end.outcome).toBe("promoted");
  expect(new Date(end.startedAt).getUTCMinutes()).toBeGreaterThanOrEqual(30);
});

it("19: on the way back of task sets no canary goes early, no weight and no set is left (pipecd#4710, #5280, #4329)", async () => {
  const stage = await stageOf("task-sets", { steps: HOLD_AT_25 }, 20);
  await begin(stage);
  await atWeight(stage, 25);
  await stage.pass(seconds(90));
  await order(stage, "abort");
  expect((await ended(stage)).outcome).toBe("rolled-back");
  await stage.pass(minutes(3));
  expect(only(stage).load.all.failed).toBe(0);
  expect([shareOf(stage, "blue"), shareOf(stage, "green")]).toEqual([100, 0]);
  expect(look(stage).taskSets).toMatchObject([{ status: "PRIMARY", scale: 100 }]);
  expect(stage.complaints).toEqual([]);
});
