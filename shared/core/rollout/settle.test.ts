// What outcomes leave behind: answers, troubles with their back-off, messages that are not sent again.

import { describe, expect, it } from "vitest";
import {
  active,
  BLUE,
  DEPLOYMENT_ARN,
  GREEN,
  idle,
  KEY,
  later,
  NOW,
  passOn,
  RULE,
  rolloutPolicy,
  settled,
  taskSetArn,
  typesOf,
} from "../../../test/support/rollout-builders.ts";
import { minutes, seconds } from "../../base/time.ts";
import type { Action, Outcome, Proposal } from "../../contracts/actions.ts";
import type { Active, Rollout, RolloutState } from "./state.ts";

const proposal = (action: Action, field = "deployment"): Proposal => ({
  id: "p-1",
  capability: "rollout",
  field,
  action,
  reason: { code: "test", text: "A test." },
});
const stop = proposal({ type: "stop-deployment", deploymentArn: DEPLOYMENT_ARN, how: "ROLLBACK" });
const order = { clusterArn: "c", service: "s", taskDefinition: "t" };
const failed = (code: string, retry = false): Outcome => ({
  kind: "failed",
  code,
  message: `${code}!`,
  retry,
});
const outcomeOf = (state: RolloutState, one: Proposal, outcome: Outcome) =>
  settled(state, [{ proposal: one, outcome }]);
const rolloutIn = (state: RolloutState): Rollout => (state as Active).rollout;

describe("acts", () => {
  it("keeps the new deployment's ARN", () => {
    const start = proposal({
      type: "start-deployment",
      order: { ...order, pauseAt: [], pauseTimeoutMs: minutes(1) },
    });
    const { deploymentArn: _none, ...rest } = active("starting").rollout;
    const state: Active = { ...active("starting"), rollout: rest };
    const { state: next, wakeAt } = outcomeOf(state, start, {
      kind: "done",
      answer: { deploymentArn: "arn:new" },
    });
    expect(rolloutIn(next).deploymentArn).toBe("arn:new");
    expect(wakeAt).toBe(later(seconds(1)));
  });

  it("keeps the new task set's ARN", () => {
    const create = proposal({
      type: "create-task-set",
      order: { ...order, modelArn: "m", externalId: "r-0000abcd", percent: 10 },
    });
    const { state } = outcomeOf(active("starting"), create, {
      kind: "done",
      answer: { taskSetArn: taskSetArn("x") },
    });
    expect(rolloutIn(state).taskSets.candidate).toBe(taskSetArn("x"));
  });

  it("keeps the weights that were written", () => {
    const weights = { [BLUE]: 90, [GREEN]: 10 };
    const write = proposal({ type: "set-weights", rule: RULE, weights, stickiness: "keep" });
    expect(rolloutIn(outcomeOf(active("stepping"), write, { kind: "done" }).state)).toMatchObject({
      weight: 10,
      weights,
    });
  });

  it.each([
    ["unknown", { kind: "unknown" } as Outcome, 2],
    ["throttled", failed("throttled", true), 2],
    ["denied", failed("denied"), 300],
  ])("%s is tried again", (code, outcome, waitSeconds) => {
    const { state, wakeAt } = outcomeOf(active("aborting"), stop, outcome);
    expect(rolloutIn(state).trouble).toMatchObject({ code, tries: 1, nextTryAt: wakeAt });
    expect((wakeAt ?? 0) - NOW).toBeGreaterThanOrEqual(waitSeconds * 1_000);
    expect((wakeAt ?? 0) - NOW).toBeLessThanOrEqual(waitSeconds * 1_250);
  });

  it("doubles up to five minutes", () => {
    let state: RolloutState = active("aborting");
    const waits: number[] = [];
    for (let tries = 0; tries < 12; tries += 1) {
      const next = outcomeOf(state, stop, failed("busy", true));
      waits.push((next.wakeAt ?? 0) - NOW);
      state = next.state;
    }
    expect(waits.every((wait, index) => index === 0 || wait >= (waits[index - 1] ?? 0))).toBe(true);
    expect(waits.at(-1)).toBeLessThanOrEqual(375_000);
  });

  it("is no trouble when it was postponed", () => {
    const { state, wakeAt } = outcomeOf(active("aborting"), stop, { kind: "postponed", code: "kill-switch" });
    expect(rolloutIn(state).trouble).toBeUndefined();
    expect(wakeAt).toBe(later(seconds(30)));
  });

  it("a rollback that is denied calls the operator and is still tried", () => {
    const cause = { code: "aborted", text: "why", since: NOW };
    const aborting = active("aborting", { cause });
    const denied = outcomeOf(aborting, stop, failed("denied")).state;
    const policy = rolloutPolicy({ notifications: [{ on: ["needs-operator"], to: "events" }] });
    const now = later(minutes(7));
    const stuck = passOn({ state: denied, policy, now });
    expect(stuck.state.phase).toBe("stuck");
    expect(typesOf(stuck)).toContain("notify");
    const again = passOn({ state: stuck.state, policy, now: later(minutes(14)) });
    expect(again.proposals.some(({ rollback }) => rollback === true)).toBe(true);
  });
});

describe("messages", () => {
  const notify = proposal(
    { type: "notify", to: "events", event: "started", detail: {} },
    "rollout/notify/0/started",
  );
  it("are told once", () => {
    expect(rolloutIn(outcomeOf(active("stepping"), notify, { kind: "done" }).state).notified).toEqual([
      "0/started",
    ]);
    expect(rolloutIn(outcomeOf(active("stepping"), notify, failed("input")).state).notified).toEqual([
      "0/started",
    ]);
  });
  it("are sent again when they may not have arrived", () => {
    const { state, wakeAt } = outcomeOf(active("stepping"), notify, { kind: "unknown" });
    expect(rolloutIn(state).notified).toEqual([]);
    expect(rolloutIn(state).trouble).toBeUndefined();
    expect(wakeAt).toBe(later(seconds(30)));
  });
  it("keeps until when the feed was asked", () => {
    const subscription = {
      key: KEY,
      rollout: "r",
      queries: [],
      from: NOW,
      settleMs: seconds(60),
      until: later(99),
    };
    const subscribe = proposal({ type: "subscribe-metrics", subscription }, "rollout/metrics");
    expect(rolloutIn(outcomeOf(active("stepping"), subscribe, { kind: "done" }).state).subscribedUntil).toBe(
      later(99),
    );
  });
  it("of a rollout that has ended are kept until they arrived", () => {
    const action = { type: "notify", to: "events", event: "promoted", detail: {} } as const;
    const state = idle({ checkedAt: NOW, untold: [{ id: "p-1", action }] });
    const one = proposal(action, "rollout/untold/p-1");
    expect(outcomeOf(state, one, { kind: "unknown" }).state.untold).toHaveLength(1);
    expect(typesOf(passOn({ state }))).toEqual(["notify"]);
    expect(outcomeOf(state, one, { kind: "done" }).state).not.toHaveProperty("untold");
  });
});

describe("webhooks", () => {
  const call = proposal(
    { type: "call-webhook", url: "u", body: {}, timeoutMs: seconds(1) },
    "rollout/webhook",
  );
  it.each([
    ["pass", { kind: "done", answer: { verdict: "pass", reason: "ok" } }, "pass"],
    ["fail", { kind: "done", answer: { verdict: "fail", reason: "no" } }, "fail"],
    ["nonsense", { kind: "done", answer: { verdict: "maybe" } }, "wait"],
    ["nothing", { kind: "done" }, "wait"],
    ["a failure", failed("no-answer", true), "wait"],
    ["a time-out", { kind: "unknown" }, "wait"],
  ] as readonly [string, Outcome, string][])("%s", (_name, outcome, verdict) => {
    expect(rolloutIn(outcomeOf(active("stepping"), call, outcome).state).webhook?.verdict).toBe(verdict);
  });
});
