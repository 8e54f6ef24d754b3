// The one word and the one sentence for a service's rollouts.

import { describe, expect, it } from "vitest";
import { active, idle, NOW, rolloutPolicy, setWeight, taskOf } from "../../test/support/rollout-builders.ts";
import { aggregate, now, past, verdict } from "../../test/support/rollout-pictures.ts";
import type { Aggregate } from "../contracts/aggregate.ts";
import type { RolloutState } from "../core/rollout/state.ts";
import { rolloutViewOf } from "./rollout-view.ts";

const viewOf = (state: RolloutState, more: Partial<Aggregate["state"]> = {}) =>
  rolloutViewOf(aggregate(state, more), rolloutPolicy(), now);

describe("status and message", () => {
  it("a step that waits for a promotion is paused, not held", () => {
    const hold = { code: "awaits-promote", text: "Step 1 waits until somebody promotes.", since: NOW };
    const view = viewOf(active("stepping", { steps: [{ kind: "pause" }], step: 0, hold }));
    expect(view).toMatchObject({ status: "paused", message: hold.text });
  });

  it("a pause that runs says so, whatever the analysis knows", () => {
    const reasons = {
      rollout: [
        { code: "analysing", text: "Nothing is proven yet." },
        { code: "pausing", text: "The pause of this step runs." },
      ],
    };
    expect(viewOf(active("stepping"), { reasons }).message).toBe("The pause of this step runs.");
  });

  it("what is finishing says what it does, not its verdict again", () => {
    const good = verdict("good", 0);
    const reasons = {
      rollout: [
        { code: "analysis-good", text: good.text },
        { code: "draining", text: "The old revision answers its last requests." },
      ],
    };
    const view = viewOf(active("finishing", { verdict: good }), { reasons });
    expect(view.message).toBe("The old revision answers its last requests.");
  });

  it("between rollouts it is how the last one ended, by its revision", () => {
    expect(viewOf(idle({ past: [past("failed", { reason: "Refused." })] })).message).toBe(
      "crane:8 failed: Refused.",
    );
  });

  it("a verdict that was still open is no verdict of the past", () => {
    const ended = [past("rolled-back", { verdict: verdict("pending", 1) })];
    expect(viewOf(idle({ past: ended })).past[0]?.verdict).toBeUndefined();
  });
});

describe("revisions", () => {
  it("the first deployment comes in place of nothing", () => {
    const state = active("finishing", { source: { taskDefinition: "none", images: [] } });
    expect(viewOf(state).revisions.map(({ name }) => name)).not.toContain("none");
  });

  it("what an earlier deployment of the same revision left behind is not shown", () => {
    const before = taskOf(9, {
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      startedBy: "ecs-svc/before",
      at: (NOW - 60_000) as never,
    });
    const state = active("stepping", { steps: [setWeight(5)] });
    const groups = (task: typeof before) =>
      viewOf(state, { tasks: { [task.taskId]: task } }).revisions.flatMap((one) =>
        one.groups.map(({ name }) => name),
      );
    expect(groups(before)).toEqual([]);
    expect(groups({ ...before, at: (NOW + 60_000) as never })).toEqual(["ecs-svc/before"]);
  });
});
