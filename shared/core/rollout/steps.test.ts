// Steps and the verdict: what they wait for, and what ends them.

import { describe, expect, it } from "vitest";
import {
  active,
  agreeing,
  BLUE,
  GREEN,
  later,
  NOW,
  order,
  passOn,
  rolloutIn,
  rolloutPolicy,
  setWeight,
  typesOf,
  waiting,
} from "../../../test/support/rollout-builders.ts";
import { minutes, seconds } from "../../base/time.ts";
import type { Rollout } from "./state.ts";

describe("metrics that say too little", () => {
  const measured = {
    trafficSince: later(-minutes(10)),
    baselined: true,
    subscribedUntil: later(minutes(30)),
  };
  const next = {
    steps: [setWeight(10), setWeight(50)],
    step: 1,
    weight: 10,
    weights: waiting.weights,
    ...measured,
  };

  it("S14: no weight is raised over metrics that do not answer", () => {
    const decision = passOn({ state: active("stepping", next) });
    expect(rolloutIn(decision.state).verdict?.kind).toBe("no-data");
    expect(rolloutIn(decision.state).hold?.code).toBe("no-data");
    expect(typesOf(decision)).not.toContain("set-weights");
  });

  it.each([
    ["hold", "stepping"],
    ["continue", "stepping"],
    ["rollback", "aborting"],
  ] as const)("at the deadline the policy decides: %s", (onInconclusive, phase) => {
    const policy = rolloutPolicy({ analysis: { onInconclusive, deadlineMs: minutes(30) } });
    const decision = passOn({ state: active("stepping", next), policy, now: later(minutes(30)) }, agreeing);
    expect(decision.state.phase).toBe(phase);
    // Also `continue` is no word about metrics that do not answer: only going back writes weights.
    expect(typesOf(decision).includes("set-weights")).toBe(onInconclusive === "rollback");
  });

  it("a promote goes on without a verdict", () => {
    const decision = passOn(
      {
        state: active("stepping", { ...next, hold: { code: "no-data", text: "x", since: NOW } }),
        observation: { commands: [order("promote")] },
      },
      agreeing,
    );
    expect(typesOf(decision)).toContain("set-weights");
    expect(rolloutIn(decision.state).waived).toBeUndefined();
  });

  it("orders the metrics again when the feed is silent", () => {
    const first = passOn({
      state: active("stepping", { ...waiting, ...measured, subscribedUntil: later(minutes(29)) }),
    });
    expect(typesOf(first)).not.toContain("subscribe-metrics");
    const silent = passOn({
      state: active("stepping", { ...waiting, ...measured, subscribedUntil: later(minutes(29)) }),
      now: later(seconds(155)),
    });
    expect(typesOf(silent)).toContain("subscribe-metrics");
    expect(silent.wakeAt).toBeDefined();
  });
});

describe("nobody asks the service", () => {
  const asked = (total: number): Rollout["analysis"] => ({
    since: later(-minutes(20)),
    answeredAt: NOW,
    requestsPerSecond: 0,
    metrics: {
      errors: { sums: [], guard: 0, phi: 1, candidate: { total, bad: 0 }, control: { total, bad: 0 } },
    },
    ...(total === 0 ? {} : { trafficAt: later(-minutes(10)) }),
  });
  const measured = {
    trafficSince: later(-minutes(20)),
    baselined: true,
    subscribedUntil: later(minutes(30)),
  };
  it.each([
    ["nobody ever did", 0, "continue", "finishing"],
    ["nobody ever did, the policy goes back", 0, "rollback", "aborting"],
    ["nobody ever did, the policy holds", 0, "hold", "stepping"],
    ["a lull promotes nothing", 100, "continue", "stepping"],
    ["a lull takes nothing back", 100, "rollback", "stepping"],
  ] as const)("%s", (_name, total, onNoTraffic, phase) => {
    const state = active("stepping", {
      ...waiting,
      ...measured,
      step: 3,
      weight: 50,
      analysis: asked(total),
    });
    const policy = rolloutPolicy({ analysis: { onNoTraffic, deadlineMs: minutes(60) } });
    expect(
      passOn({ state: { ...state, rollout: { ...state.rollout, reached: "weight 50 50" } }, policy }).state
        .phase,
    ).toBe(phase);
  });
});

describe("the control share", () => {
  it.each([
    [{}, 95],
    [{ maxWeight: 30 }, 30],
    [{ controlShare: 20 }, 80],
  ])("%o stays below its cap until the verdict", (changes, weight) => {
    const state = active("stepping", {
      steps: [setWeight(100)],
      step: 0,
      weight: 0,
      weights: { [BLUE]: 100, [GREEN]: 0 },
    });
    const decision = passOn({ state, policy: rolloutPolicy(changes) });
    const act = decision.proposals.find(({ action }) => action.type === "set-weights")?.action;
    expect(act).toMatchObject({ weights: { [GREEN]: weight, [BLUE]: 100 - weight } });
  });
});

describe("webhook", () => {
  const steps = [
    setWeight(10),
    { kind: "webhook", url: "https://example.test/gate", timeoutMs: seconds(5) } as const,
  ];
  const at = { ...waiting, steps, step: 1 };
  it("is called, and asked again while it says wait", () => {
    expect(typesOf(passOn({ state: active("stepping", at) }))).toContain("call-webhook");
    const answered = active("stepping", { ...at, webhook: { verdict: "wait", reason: "", at: NOW } });
    expect(typesOf(passOn({ state: answered }))).not.toContain("call-webhook");
    expect(typesOf(passOn({ state: answered, now: later(seconds(15)) }))).toContain("call-webhook");
  });
  it.each([
    ["pass", "finishing"],
    ["fail", "aborting"],
    ["wait", "stepping"],
  ] as const)("%s", (said, phase) => {
    const state = active("stepping", { ...at, webhook: { verdict: said, reason: "because", at: NOW } });
    expect(passOn({ state, policy: rolloutPolicy({ controlShare: 0 }) }).state.phase).toBe(phase);
  });
});

describe("notifications", () => {
  const notifications = [{ on: ["started", "awaiting", "held", "rolled-back"] as const, to: "events" }];
  it("tells each event once", () => {
    const policy = rolloutPolicy({ notifications });
    const first = passOn({ state: active("stepping", waiting), policy });
    expect(typesOf(first)).toEqual(["notify", "notify"]);
    const told = { notified: ["0/started", "0/awaiting 1 awaits-promote"] };
    expect(typesOf(passOn({ state: active("stepping", { ...waiting, ...told }), policy }))).toEqual([]);
  });
});
