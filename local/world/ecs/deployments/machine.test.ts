// The stage machine as a table: where a deployment stands, what is seen, what comes next.

import { describe, expect, it } from "vitest";
import { addMs, epochMs, millis, minutes } from "../../../../shared/base/time.ts";
import type { Facts, Move, Standpoint } from "./machine.ts";
import { ABORTED, DEPLOYMENT_LIMIT_MS, nextMove, REQUESTED_ROLLBACK, STAGE_LIMIT_MS } from "./machine.ts";
import type { Step } from "./plan.ts";

const NOW = epochMs(1_000_000_000_000);
const BAKE = minutes(10);
const step = (change: Partial<Step> = {}): Step => ({
  stage: "POST_SCALE_UP",
  hooks: true,
  until: "none",
  bakeMs: millis(0),
  ...change,
});
const at = (change: Partial<Standpoint> = {}): Standpoint => ({
  phase: "forward",
  steps: [step(), step()],
  position: 0,
  stepSince: NOW,
  startedAt: NOW,
  limited: true,
  ...change,
});
const facts = (change: Partial<Facts> = {}): Facts => ({
  now: NOW,
  request: "none",
  hooks: { kind: "succeeded" },
  met: () => true,
  failure: undefined,
  pollAt: undefined,
  ...change,
});

const OPEN = { kind: "open", nextAt: addMs(NOW, minutes(60)), paused: false } as const;
const PAUSED = { ...OPEN, paused: true };
const FAILED = { kind: "failed", reason: "why." } as const;
const LATE = addMs(NOW, STAGE_LIMIT_MS);
const VERY_LATE = addMs(NOW, DEPLOYMENT_LIMIT_MS);
const baking = at({ steps: [step({ bakeMs: BAKE })] });
const back = (change: Partial<Standpoint> = {}) => at({ phase: "backward", ...change });
const HOOK_FAILED = "Service deployment rolled back because POST_SCALE_UP lifecycle hook(s) failed. why.";
const TIMED_OUT = "Service deployment rolled back because the POST_SCALE_UP lifecycle stage timed out.";

describe("nextMove", () => {
  it.each<[string, Standpoint, Partial<Facts>, Move]>([
    ["goes on", at(), {}, { kind: "enter", position: 1 }],
    ["succeeds after the last step", at({ position: 1 }), {}, { kind: "succeed" }],
    ["waits for its condition", at(), { met: () => false }, { kind: "wait", until: LATE }],
    ["waits for hooks", at(), { hooks: OPEN }, { kind: "wait", until: OPEN.nextAt }],
    ["waits while it bakes", baking, {}, { kind: "wait", until: addMs(NOW, BAKE) }],
    ["goes on when it has baked", baking, { now: addMs(NOW, BAKE) }, { kind: "succeed" }],
    [
      "looks at alarms in between",
      baking,
      { pollAt: addMs(NOW, millis(5)) },
      { kind: "wait", until: addMs(NOW, millis(5)) },
    ],
    ["is aborted", at(), { request: "abort" }, { kind: "stop", reason: ABORTED }],
    [
      "is rolled back on request",
      at(),
      { request: "rollback" },
      { kind: "roll-back", reason: REQUESTED_ROLLBACK },
    ],
    [
      "prefers a request to what went wrong",
      at(),
      { request: "abort", failure: { reason: "alarm", rollback: true } },
      { kind: "stop", reason: ABORTED },
    ],
    [
      "rolls back for an alarm",
      at(),
      { failure: { reason: "alarm", rollback: true } },
      { kind: "roll-back", reason: "alarm" },
    ],
    [
      "stops for an alarm",
      at(),
      { failure: { reason: "alarm", rollback: false } },
      { kind: "stop", reason: "alarm" },
    ],
    ["rolls back for a hook", at(), { hooks: FAILED }, { kind: "roll-back", reason: HOOK_FAILED }],
    [
      "rolls back after a day in a stage",
      at(),
      { met: () => false, now: LATE },
      { kind: "roll-back", reason: TIMED_OUT },
    ],
    ["lets a pause wait", at(), { hooks: PAUSED, now: LATE }, { kind: "wait", until: PAUSED.nextAt }],
    [
      "rolls back after 30 days, paused or not",
      at(),
      { hooks: PAUSED, now: VERY_LATE },
      { kind: "roll-back", reason: TIMED_OUT },
    ],
    [
      "gives rolling deployments all the time",
      at({ limited: false }),
      { met: () => false, now: VERY_LATE },
      { kind: "wait", until: undefined },
    ],
    ["goes back step by step", back(), {}, { kind: "enter", position: 1 }],
    ["has gone back", back({ position: 1 }), {}, { kind: "succeed" }],
    [
      "does not go back twice",
      back(),
      { request: "rollback", met: () => false },
      { kind: "wait", until: LATE },
    ],
    [
      "fails to go back for a hook",
      back(),
      { hooks: FAILED },
      {
        kind: "fail-rollback",
        reason: "Service deployment rollback failed because POST_SCALE_UP lifecycle hook(s) failed. why.",
      },
    ],
    [
      "fails to go back after a day",
      back(),
      { met: () => false, now: LATE },
      {
        kind: "fail-rollback",
        reason: "Service deployment rollback failed because the POST_SCALE_UP lifecycle stage timed out.",
      },
    ],
  ])("%s", (_what, standpoint, seen, move) => {
    expect(nextMove(standpoint, facts(seen))).toEqual(move);
  });
});
