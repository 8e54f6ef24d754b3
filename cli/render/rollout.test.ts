// Pictures of rollouts: what stands in the table goes in, what a person sees comes out.

import { describe, expect, it } from "vitest";
import { minutes } from "../../shared/base/time.ts";
import type { Aggregate } from "../../shared/contracts/aggregate.ts";
import type { RolloutState } from "../../shared/core/rollout/state.ts";
import { rolloutViewOf } from "../../shared/shell/rollout-view.ts";
import { active, BLUE, GREEN, idle, later, rolloutPolicy } from "../../test/support/rollout-builders.ts";
import {
  aborting,
  aggregate,
  drawing,
  now,
  past,
  picture,
  starting,
  under,
  verdict,
} from "../../test/support/rollout-pictures.ts";
import { plain } from "../io.ts";
import { renderRollout } from "./rollout.ts";
import { ASCII } from "./rollout-symbols.ts";

describe("a rollout", () => {
  it("that waits for its time", () => {
    const state = active("stepping", { ...under, verdict: verdict("pending", 1) });
    expect(picture(state)).toMatchInlineSnapshot(`
      [
        "Name:           quay/crane",
        "Status:         ॥ Paused",
        "Message:        Nothing is proven yet.",
        "Strategy:       3 steps, mode act",
        "  Step:         2/3 pause 10m",
        "  SetWeight:    10",
        "  ActualWeight: 10 (of requests)",
        "Rollout:        r-0000abcd by ada, stepping, crane:7 -> crane:8",
        "Images:         web=shop/web:1.8 (candidate)",
        "                web=shop/web:1.7 (stable)",
        "Tasks:",
        "  Desired:      3",
        "  Running:      3",
        "  Healthy:      3",
        "  Candidate:    crane:8: 1/1 running, 1 healthy",
        "  Stable:       crane:7: 2/2 running, 2 healthy",
        "Next:           next step in 7m30s; analysis deadline in 57m",
        "",
        "NAME                     KIND        STATUS         AGE    INFO",
        "⟳ crane                  Service     ॥ Paused       4m     r-0000abcd, native",
        "├──# crane:8             Revision    ✔ 1/1 healthy         candidate, 10 %",
        "│  └──⧉ ecs-svc/1        Deployment  ✔ 1/1 healthy",
        "│     └──□ 000000000000  Task        ✔ RUNNING      3m     HEALTHY",
        "├──# crane:7             Revision    ✔ 2/2 healthy         stable, 90 %",
        "│  └──⧉ ecs-svc/0        Deployment  ✔ 2/2 healthy",
        "│     ├──□ 000000000000  Task        ✔ RUNNING      1h34m  HEALTHY",
        "│     └──□ 000000000000  Task        ✔ RUNNING      1h34m  HEALTHY",
        "└──Σ analysis            Analysis    ◌ pending      2m30s",
        "   └──errors             Metric      ◌ pending             ✔ 60, ✖ 1",
        "",
        "Steps",
        "  1 ✔ setWeight 10",
        "  2 → pause 10m",
        "  3   setWeight 50",
      ]
    `);
  });

  it("that holds", () => {
    const hold = { code: "frozen", text: "Frozen until Monday 06:00.", since: now };
    const reasons = {
      rollout: [
        { code: "frozen", text: hold.text },
        { code: "lockstep", text: "Two others wait too." },
      ],
    };
    const tasks = { [starting.taskId]: starting };
    expect(picture(active("stepping", { ...under, hold }), { reasons, tasks })).toMatchInlineSnapshot(`
      [
        "Name:           quay/crane",
        "Status:         ॥ Held",
        "Message:        Frozen until Monday 06:00.",
        "Strategy:       3 steps, mode act",
        "  Step:         2/3 pause 10m",
        "  SetWeight:    10",
        "  ActualWeight: 10 (of requests)",
        "Rollout:        r-0000abcd by ada, stepping, crane:7 -> crane:8",
        "Images:         web=shop/web:1.8 (candidate)",
        "                web=shop/web:1.7 (stable)",
        "Tasks:",
        "  Desired:      1",
        "  Running:      0",
        "  Healthy:      unknown",
        "  Candidate:    crane:8: 0/1 running",
        "  Stable:       crane:7: 0/0 running",
        "Next:           analysis deadline in 57m",
        "",
        "Why",
        "  Analysis: Nothing was counted yet.",
        "  Two others wait too. [lockstep]",
        "",
        "NAME                     KIND        STATUS         AGE    INFO",
        "⟳ crane                  Service     ॥ Held         4m     r-0000abcd, native",
        "├──# crane:8             Revision    ◌ 0/1 running         candidate, 10 %",
        "│  └──⧉ ecs-svc/1        Deployment  ◌ 0/1 running",
        "│     └──□ 000000000000  Task        ◌ PENDING      -",
        "├──# crane:7             Revision    none                  stable, 90 %",
        "└──Σ analysis            Analysis    ◌ pending      2m30s",
        "",
        "Steps",
        "  1 ✔ setWeight 10",
        "  2 → pause 10m",
        "  3   setWeight 50",
      ]
    `);
  });

  it("that goes back", () => {
    expect(picture(active("aborting", aborting))).toMatchInlineSnapshot(`
      [
        "Name:           quay/crane",
        "Status:         ◌ Rolling back",
        "Message:        14 of 61 requests failed; 2 was the least possible.",
        "Strategy:       3 steps, mode act",
        "  Step:         1/3",
        "  SetWeight:    0",
        "  ActualWeight: 0 (at the load balancer)",
        "Rollout:        r-0000abcd by ada, aborting, crane:7 -> crane:8",
        "Images:         web=shop/web:1.8 (candidate)",
        "                web=shop/web:1.7 (stable)",
        "Tasks:",
        "  Desired:      3",
        "  Running:      3",
        "  Healthy:      3",
        "  Candidate:    crane:8: 1/1 running, 1 healthy",
        "  Stable:       crane:7: 2/2 running, 2 healthy",
        "",
        "Why",
        "  Analysis: 14 of 61 requests failed, 1 of 549 of the old revision; 2 was the least possible.",
        "",
        "NAME                     KIND        STATUS          AGE    INFO",
        "⟳ crane                  Service     ◌ Rolling back  4m     r-0000abcd, native",
        "├──# crane:8             Revision    ✔ 1/1 healthy          candidate, 0 %",
        "│  └──⧉ ecs-svc/1        Deployment  ✔ 1/1 healthy",
        "│     └──□ 000000000000  Task        ✔ RUNNING       3m     HEALTHY",
        "├──# crane:7             Revision    ✔ 2/2 healthy          stable, 100 %",
        "│  └──⧉ ecs-svc/0        Deployment  ✔ 2/2 healthy",
        "│     ├──□ 000000000000  Task        ✔ RUNNING       1h34m  HEALTHY",
        "│     └──□ 000000000000  Task        ✔ RUNNING       1h34m  HEALTHY",
        "└──Σ analysis            Analysis    ✖ bad           2m30s",
        "   └──errors             Metric      ✖ bad                  ✔ 47, ✖ 14",
        "",
        "Steps",
        "  1 ✔ setWeight 10",
        "  2   pause 10m",
        "  3   setWeight 50",
      ]
    `);
  });

  it("that is over", () => {
    expect(picture(idle({ past: [past("promoted")] }))).toMatchInlineSnapshot(`
      [
        "Name:           quay/crane",
        "Status:         ✔ Healthy",
        "Message:        crane:8 was promoted: Promoted: no worse than the old revision.",
        "Strategy:       auto (risk budget 250), mode act",
        "Tasks:",
        "  Desired:      3",
        "  Running:      3",
        "  Healthy:      3",
        "  Stable:       crane:8: 1/1 running, 1 healthy",
        "  7:            crane:7: 2/2 running, 2 healthy",
        "",
        "NAME                     KIND        STATUS         AGE    INFO",
        "⟳ crane                  Service     ✔ Healthy      -",
        "├──# crane:8             Revision    ✔ 1/1 healthy         stable",
        "│  └──⧉ ecs-svc/1        Deployment  ✔ 1/1 healthy",
        "│     └──□ 000000000000  Task        ✔ RUNNING      3m     HEALTHY",
        "└──# crane:7             Revision    ✔ 2/2 healthy",
        "   └──⧉ ecs-svc/0        Deployment  ✔ 2/2 healthy",
        "      ├──□ 000000000000  Task        ✔ RUNNING      1h34m  HEALTHY",
        "      └──□ 000000000000  Task        ✔ RUNNING      1h34m  HEALTHY",
      ]
    `);
  });

  it("that awaits somebody else, with an order that was not heard yet", () => {
    const steps = [{ kind: "approve", expiresMs: minutes(60) } as const];
    const state = active("stepping", { ...under, steps, step: 0 });
    const order = {
      type: "rollout",
      id: "d-0123456789ab",
      verb: "approve",
      by: "grace",
      at: later(minutes(3)),
    } as const;
    const view = rolloutViewOf(aggregate(state, {}, [order]), rolloutPolicy(), now);
    const lines = renderRollout(view, drawing);
    expect(lines[1]).toBe("Status:         ॥ Awaiting approval");
    expect(lines).toContain("Next:           approval expires in 57m; analysis deadline in 57m");
    expect(lines).toContain("  d-0123456789ab  approve by grace, 1m ago, not heard yet");
    const heard = rolloutViewOf(
      aggregate({ ...state, heard: [order.id] }, {}, [order]),
      rolloutPolicy(),
      now,
    );
    expect(heard.orders).toEqual([]);
  });

  it.each<[string, RolloutState, Partial<Aggregate["state"]>, string]>([
    ["nobody looked at", idle(), { version: 0 }, "unseen"],
    ["is quarantined", active("stepping"), { failures: 5 }, "degraded"],
    ["is stuck", active("stuck"), {}, "degraded"],
    ["went back", idle({ past: [past("rolled-back")] }), {}, "degraded"],
    ["was superseded", idle({ past: [past("superseded")] }), {}, "healthy"],
    [
      "has weights that point nowhere",
      idle({ drift: { code: "drift", text: "x", since: now } }),
      {},
      "degraded",
    ],
    ["is watched", active("preparing", { driver: "watch" }), {}, "watching"],
    ["was paused", active("stepping", { paused: { by: "ada", since: now } }), {}, "paused"],
    ["prepares", active("preparing"), {}, "progressing"],
    ["finishes", active("finishing"), {}, "progressing"],
  ])("that %s has its word", (_name, state, more, status) => {
    expect(rolloutViewOf(aggregate(state, more), rolloutPolicy(), now).status).toBe(status);
  });

  it("shows what the load balancer does until requests tell of the weight", () => {
    const fresh = rolloutViewOf(aggregate(active("stepping", under)), rolloutPolicy(), now).rollout;
    expect(fresh?.actualWeight).toEqual({ percent: 10, from: "requests" });
    const before = active("stepping", { ...under, stepSince: now, weights: { [BLUE]: 75, [GREEN]: 25 } });
    expect(rolloutViewOf(aggregate(before), rolloutPolicy(), now).rollout?.actualWeight).toEqual({
      percent: 25,
      from: "listener",
    });
    const { weights: _none, ...unknown } = under;
    const blind = active("stepping", { ...unknown, stepSince: now });
    expect(rolloutViewOf(aggregate(blind), rolloutPolicy(), now).rollout?.actualWeight).toBeUndefined();
  });

  it("keeps to ASCII where signs may not be shown", () => {
    const lines = renderRollout(rolloutViewOf(aggregate(active("stepping", under)), rolloutPolicy(), now), {
      paint: plain,
      symbols: ASCII,
    });
    expect(lines.join("\n")).toMatch(/^[\x20-\x7e\n]*$/);
    expect(lines).toContain("Status:         || Paused");
  });
});
