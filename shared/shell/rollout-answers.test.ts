// What an operator finds of an order by its decision id.

import { describe, expect, it } from "vitest";
import { plain } from "../../cli/io.ts";
import { answeredLine, inShort } from "../../cli/render/rollout-answers.ts";
import { ADA, past } from "../../test/support/api-stage.ts";
import { active, idle, NOW, order } from "../../test/support/rollout-builders.ts";
import { minutes } from "../base/time.ts";
import type { Answered } from "../core/rollout/state.ts";
import { answeredOrders, openOrders } from "./rollout-answers.ts";

const answered = (changes: Partial<Answered> = {}): Answered => ({
  decision: "d-000000000001",
  verb: "start",
  by: ADA,
  at: NOW,
  outcome: "done",
  text: "crane:8 is wanted.",
  ...changes,
});

describe("an order", () => {
  it("is told with where its rollout stands, and with how it ended", () => {
    const { id } = past("rolled-back");
    const all = [answered({ rollout: id }), answered({ decision: "d-2", rollout: "r-forgotten" })];
    expect(answeredOrders(idle({ answered: all, past: [past("rolled-back")] }))).toEqual([
      { ...all[1] },
      { ...all[0], became: expect.stringMatching(/^rolled-back: /) },
    ]);
    const under = active("stepping");
    const own = "rollout" in under ? under.rollout.id : "";
    expect(answeredOrders({ ...under, answered: [answered({ rollout: own })] })).toMatchObject([
      { became: "stepping" },
    ]);
  });

  it("that nobody has heard is open", () => {
    const commands = [order("pause", { id: "d-1" }), order("abort", { id: "d-2" })];
    expect(openOrders({ commands } as never, idle({ heard: ["d-1"] }))).toMatchObject([
      { decision: "d-2", verb: "abort" },
    ]);
  });

  it("is one line, who gave it by name", () => {
    const at = NOW + minutes(2);
    const view = { ...answered({ rollout: "r-1" }), became: "rolled-back: It failed: badly." };
    expect([view, inShort(view)].map((one) => answeredLine(one, at, plain))).toEqual([
      "  d-000000000001  start by ada, 2m ago: crane:8 is wanted. (r-1: rolled-back: It failed: badly.)",
      "  d-000000000001  start by ada, 2m ago: crane:8 is wanted. (r-1: rolled-back)",
    ]);
    expect(answeredLine(answered({ outcome: "refused", text: "Not now." }), at, plain)).toBe(
      "  d-000000000001  start by ada, 2m ago, refused: Not now.",
    );
  });
});
