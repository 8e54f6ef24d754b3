// The analysis inside of the machine: numbers come in as the feed sends them, and the rollout goes where they lead.

import { describe, expect, it } from "vitest";
import {
  active,
  agreeing,
  codesOf,
  later,
  NOW,
  passOn,
  rolloutIn,
  rolloutPolicy,
  typesOf,
  waiting,
} from "../../../test/support/rollout-builders.ts";
import { minutes } from "../../base/time.ts";
import type { Fact } from "../../contracts/facts.ts";
import { slimmed } from "./ending.ts";
import type { Active } from "./state.ts";

/** One complete minute, as the feed tells it. */
function minute(candidate: readonly [total: number, bad: number], control: readonly [number, number]): Fact {
  const at = later(0);
  const one = (id: string, value: number) => ({
    id,
    points: value === 0 ? [] : [[at, value] as const],
    window: [at, later(minutes(1))] as const,
  });
  return {
    kind: "metrics",
    rollout: "r-0000abcd",
    at: later(minutes(2)),
    series: [
      one("errors/candidate/total", candidate[0]),
      one("errors/candidate/bad", candidate[1]),
      one("errors/candidate/bad.1", 0),
      one("errors/control/total", control[0]),
      one("errors/control/bad", control[1]),
      one("errors/control/bad.1", 0),
    ],
  };
}

const measured = { trafficSince: NOW, baselined: true, subscribedUntil: later(minutes(30)), lookedAt: NOW };
const BROKEN = minute([600, 300], [5_400, 5]);
const FINE = minute([600, 1], [5_400, 9]);
const SILENT = minute([0, 0], [0, 0]);

const judged = (
  phase: Active["phase"],
  fact: Fact,
  changes: Parameters<typeof active>[1] = {},
  policy = rolloutPolicy(),
) =>
  passOn(
    {
      state: active(phase, { ...waiting, ...measured, ...changes }),
      observation: { facts: [fact] },
      policy,
      now: later(minutes(2)),
    },
    agreeing,
  );

describe("half of the requests fail", () => {
  it.each(["stepping", "finishing"] as const)("takes it back from %s, the cause has the numbers", (phase) => {
    const decision = judged(phase, BROKEN);
    expect(decision.state.phase).toBe("aborting");
    expect(rolloutIn(decision.state).cause).toMatchObject({ code: "analysis-bad" });
    expect(rolloutIn(decision.state).cause?.text).toContain("300 of 600");
    expect(typesOf(decision)).toContain("set-weights");
  });

  it("goes back also while everything forward is paused", () => {
    const state = active("stepping", { ...waiting, ...measured, paused: { by: "ada", since: NOW } });
    const observation = { facts: [BROKEN], isPaused: true };
    const decision = passOn({ state, observation, now: later(minutes(2)) }, agreeing);
    expect(decision.state.phase).toBe("aborting");
    expect(decision.proposals.find(({ action }) => action.type === "set-weights")?.rollback).toBe(true);
  });

  it("holds where the policy says hold", () => {
    const policy = rolloutPolicy({ analysis: { onFailure: "hold" } });
    const decision = judged("stepping", BROKEN, {}, policy);
    expect(decision.state.phase).toBe("stepping");
    expect(rolloutIn(decision.state).hold?.code).toBe("analysis-bad");
  });

  it("is a shadow verdict of what is only watched", () => {
    const decision = judged("finishing", BROKEN, { driver: "watch", steps: [], step: 0 });
    expect(decision.state.phase).toBe("finishing");
    expect(codesOf(decision)).toContain("shadow-verdict");
    expect(decision.proposals.filter(({ field }) => !field.startsWith("rollout/"))).toEqual([]);
  });

  it("of another rollout changes nothing", () => {
    const decision = judged("stepping", { ...BROKEN, rollout: "r-other" } as Fact);
    expect(decision.state.phase).toBe("stepping");
    expect(rolloutIn(decision.state).analysis.metrics).toEqual({});
  });
});

describe("as good as the old one", () => {
  it("stays where it waits, costs no call, and remembers the numbers", () => {
    const decision = judged("stepping", FINE);
    expect(decision.state.phase).toBe("stepping");
    expect(decision.read).toEqual([]);
    expect(rolloutIn(decision.state).analysis.metrics["errors"]?.candidate).toEqual({ total: 600, bad: 1 });
  });

  it("learns each minute once", () => {
    const first = judged("stepping", FINE);
    const again = passOn(
      { state: first.state, observation: { facts: [FINE] }, now: later(minutes(3)) },
      agreeing,
    );
    expect(rolloutIn(again.state).analysis.metrics["errors"]).toEqual(
      rolloutIn(first.state).analysis.metrics["errors"],
    );
  });
});

it("silence is no pass: nothing is raised by it", () => {
  const next = { steps: [], isAuto: true, step: 0 };
  const decision = judged("stepping", SILENT, next);
  expect(decision.state.phase).toBe("stepping");
  expect(typesOf(decision)).not.toContain("set-weights");
  expect(rolloutIn(decision.state).verdict?.kind).not.toBe("good");
});

it("a share of the requests that contradicts the weight makes the driver look at the rule", () => {
  const decision = judged("stepping", minute([3_000, 3], [3_000, 3]), { stepSince: later(-1) });
  expect(decision.read).toContain("rule");
});

it("two metrics and ten past rollouts fit into 7 KB, without history into 4", () => {
  const grown = judged("stepping", FINE).state;
  const rollout = rolloutIn(grown);
  const errors = rollout.analysis.metrics["errors"];
  const rows = Array.from({ length: 10 }, (_, index) => ({
    id: `r-0000000${index}`,
    outcome: "promoted" as const,
    driver: rollout.driver,
    author: rollout.author,
    target: rollout.target,
    source: rollout.source,
    startedAt: NOW,
    endedAt: NOW,
    step: 4,
    steps: 4,
    weight: 100,
    reason: "Not worse than allowed: 26 of 22,800 requests failed on the new revision against 52 of 55,200.",
  }));
  const past = rows.map(slimmed);
  const full = {
    ...grown,
    past,
    rollout: { ...rollout, analysis: { ...rollout.analysis, metrics: { errors, slow: errors } } },
  };
  const { past: _history, ...alone } = full;
  expect(JSON.stringify(alone).length).toBeLessThan(4_096);
  expect(JSON.stringify(full).length).toBeLessThan(7_168);
});
