// `policy.baseline`: the new revision is compared with the old version's fresh twin, never with the warm old group;
// what waits for the old group to be empty still hears of that one.

import { describe, expect, it } from "vitest";
import {
  active,
  BLUE,
  GREEN,
  healthOf,
  later,
  NOW,
  passOn,
  pauseFor,
  places,
  RULE,
  read,
  rolloutIn,
  rolloutOf,
  rolloutPolicy,
  ruleView,
} from "../../../test/support/rollout-builders.ts";
import { steered } from "../../../test/support/rollout-steering.ts";
import { epochMs, minutes } from "../../base/time.ts";
import type { MetricsFact } from "../../contracts/facts.ts";
import type { MetricPolicy } from "../../contracts/rollout-policy.ts";
import { initialAnalysis, learn } from "./analysis/learn.ts";
import { drainOf } from "./drivers/drain.ts";
import { shiftTo } from "./drivers/shift.ts";
import { baselineQueries, binsOf, subscriptionOf } from "./metrics.ts";

const GREY = `${BLUE.slice(0, BLUE.indexOf("targetgroup/"))}targetgroup/crane-grey/3333333333333333`;
const three = { ...places, baselineGroup: GREY };
const START = epochMs(NOW - (NOW % minutes(1)));
const rollout = rolloutOf({ places: three, trafficSince: START });
const policy = rolloutPolicy({ baseline: true });
const KEY = "111122223333/eu-west-3/quay/crane" as Parameters<typeof subscriptionOf>[0]["key"];

/** One minute's answer: total and bad of each side. */
function answer(counts: Readonly<Record<string, readonly [total: number, bad: number]>>): MetricsFact {
  const at = START;
  const series = Object.entries(counts).flatMap(([side, [total, bad]]) =>
    [["total", total] as const, ["bad", bad] as const, ["bad.1", 0] as const].map(([role, value]) => ({
      id: `errors/${side}/${role}`,
      points: [[at, value] as const],
      window: [at, epochMs(at + minutes(1))] as const,
    })),
  );
  return { kind: "metrics", rollout: rollout.id, series, at: later(minutes(2)) } as MetricsFact;
}
const fact = answer({ candidate: [100, 5], control: [800, 8], baseline: [100, 4] });

describe("with a baseline group", () => {
  it("asks all three groups, and only the old one for its history", () => {
    const queries = subscriptionOf({ key: KEY, rollout, policy, now: NOW }).subscription?.queries ?? [];
    const groups = queries.flatMap(({ id, source }) =>
      id.endsWith("/total") && source.provider === "cloudwatch"
        ? [[id, source.dimensions["TargetGroup"]]]
        : [],
    );
    expect(groups).toEqual([
      ["errors/candidate/total", "targetgroup/crane-green/2222222222222222"],
      ["errors/control/total", "targetgroup/crane-blue/1111111111111111"],
      ["errors/baseline/total", "targetgroup/crane-grey/3333333333333333"],
    ]);
    const history = baselineQueries({ rollout, policy, now: NOW }).queries.map(({ source }) => source);
    expect(JSON.stringify(history)).not.toContain("crane-grey");
    expect(JSON.stringify(history)).toContain("crane-blue");
  });

  it("compares like with like", () => {
    const [bin] = binsOf(fact, { rollout, policy }).bins["errors"] ?? [];
    expect(bin).toMatchObject({
      candidate: { total: 100, bad: 5 },
      control: { total: 100, bad: 4 },
      stable: 800,
    });
  });

  it("and still knows how many requests everything old gets", () => {
    const { bins } = binsOf(fact, { rollout, policy });
    const state = learn(initialAnalysis(policy.analysis, START), bins, { policy: policy.analysis, now: NOW });
    expect(state.metrics["errors"]).toMatchObject({ control: { total: 100, bad: 4 } });
    expect(state.metrics["errors"]?.lastRequests).toEqual({ candidate: 100, control: 900 });
    expect(state.requestsPerSecond).toBeCloseTo(1_000 / 60);
  });

  it("no task of the old group goes while that group alone gets requests", () => {
    const left = answer({ candidate: [900, 0], control: [7, 0], baseline: [0, 0] });
    const { bins } = binsOf(left, { rollout, policy });
    const analysis = learn(initialAnalysis(policy.analysis, START), bins, {
      policy: policy.analysis,
      now: later(minutes(2)),
    });
    const input = { key: KEY, rollout: { ...rollout, analysis }, policy, now: later(minutes(3)) };
    const drain = drainOf({ ...input, observation: { facts: [] } as never }, START);
    expect([drain.isOver, drain.why.code]).toEqual([false, "requests-left"]);
  });

  it("the old group's larger share is no sign of somebody else's weights", () => {
    const many = answer({ candidate: [1_000, 1], control: [8_000, 1], baseline: [1_000, 1] });
    const state = active("stepping", {
      places: three,
      driver: "task-sets",
      steps: [{ kind: "setWeight", weight: 10 }, pauseFor()],
      step: 1,
      weight: 10,
      weights: { [BLUE]: 80, [GREEN]: 10, [GREY]: 10 },
      reached: "weight 10 10",
      trafficSince: START,
      stepSince: START,
      baselined: true,
      subscribedUntil: later(minutes(29)),
    });
    const decision = passOn({ state, policy, observation: { facts: [many] }, now: later(minutes(2)) });
    expect(decision.read).not.toContain("rule");
    expect(rolloutIn(decision.state).analysis.metrics["errors"]?.control.total).toBe(1_000);
  });

  it("metrics that tell versions and not groups have one old side", () => {
    const own: MetricPolicy = {
      name: "jobs",
      periodMs: minutes(1),
      total: { provider: "webhook", url: "https://example.test/total?of={{task_definition}}&side={{side}}" },
      bad: { provider: "webhook", url: "https://example.test/bad?of={{task_definition}}" },
      dryRun: false,
    };
    const jobs = rolloutPolicy({ baseline: true, analysis: { metrics: [own] } });
    const { subscription } = subscriptionOf({ key: KEY, rollout, policy: jobs, now: NOW });
    expect(subscription?.queries.map(({ id }) => id)).toEqual([
      "jobs/candidate/total",
      "jobs/candidate/bad",
      "jobs/control/total",
      "jobs/control/bad",
    ]);
  });
});

describe("the twin's own traffic", () => {
  const route = { rule: RULE, stable: BLUE, candidate: GREEN, baseline: GREY };
  const driver = {
    steer: (input: Parameters<typeof shiftTo>[0]) => shiftTo(input, { route, weight: 10, requested: 4 }),
  };
  const twin = (healthy: number) => ({ targetGroupArn: GREY, healthy, unhealthy: 0, other: 0 });

  it.each([
    [0, "blocked"],
    [1, "moving"],
  ])("with %i healthy targets of it the shift is %s", (healthy, standing) => {
    const weights = { [BLUE]: 100, [GREEN]: 0, [GREY]: 0 };
    const answer = steered(
      driver,
      { kind: "weight", weight: 10, scale: 10 },
      {
        rollout: { places: three },
        answers: { rule: read(ruleView(100, { weights })), health: read([...healthOf(), twin(healthy)]) },
      },
    );
    expect(answer.standing).toBe(standing);
  });
});
