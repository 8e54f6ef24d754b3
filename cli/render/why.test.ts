// `fairlead why` of a service that rolls out: an order is found by its id, with its outcome.

import { describe, expect, it } from "vitest";
import { viewOf } from "../../shared/shell/key-view.ts";
import { rolloutViewOf } from "../../shared/shell/rollout-view.ts";
import { idle, NOW, order, rolloutPolicy } from "../../test/support/rollout-builders.ts";
import { aggregate, now, past } from "../../test/support/rollout-pictures.ts";
import { plain } from "../io.ts";
import { renderWhy, whyJson } from "./why.ts";

const last = past("rolled-back", { reason: "It failed." });
const answered = [
  {
    decision: "d-1",
    verb: "start",
    by: "arn:aws:iam::111122223333:user/ada",
    at: NOW,
    outcome: "done",
    text: "crane:8 is wanted.",
    rollout: last.id,
  },
  { decision: "d-2", verb: "approve", by: "grace", at: NOW, outcome: "refused", text: "Not now." },
] as const;
const state = idle({ past: [last], heard: ["d-1", "d-2"], answered });
const whole = aggregate(
  state,
  { reasons: { rollout: [{ code: "idle", text: "No rollout is under way." }] } },
  [order("pause", { id: "d-3", by: "ada", at: NOW })],
);
const why = {
  view: viewOf(whole),
  rollout: rolloutViewOf(whole, rolloutPolicy(), now),
  history: [],
  now,
};

describe("why", () => {
  it("names every order by its decision id, with what came of it", () => {
    const lines = renderWhy(why, plain);
    expect(lines).toContain("  crane:8 was rolled back: It failed. [before]");
    expect(lines.filter((line) => line.startsWith("  d-"))).toEqual([
      "  d-3  pause by ada, 4m ago, not heard yet",
      "  d-2  approve by grace, 4m ago, refused: Not now.",
      `  d-1  start by ada, 4m ago: crane:8 is wanted. (${last.id}: rolled-back: It failed.)`,
    ]);
  });

  it("tells programs the same", () => {
    expect(whyJson(why)).toMatchObject({
      orders: [{ decision: "d-3" }],
      answered: [
        { decision: "d-2", outcome: "refused" },
        { decision: "d-1", became: "rolled-back: It failed." },
      ],
    });
  });
});
