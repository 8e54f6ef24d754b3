// Signs, lists and the analysis of rollouts: data in, text out.

import { describe, expect, it } from "vitest";
import type { RolloutState } from "../../shared/core/rollout/state.ts";
import { rolloutHistoryOf, rolloutSummaryOf, rolloutViewOf } from "../../shared/shell/rollout-view.ts";
import { active, BLUE, GREEN, idle, KEY, NOW, rolloutPolicy } from "../../test/support/rollout-builders.ts";
import { aggregate, drawing, now, past, under, verdict } from "../../test/support/rollout-pictures.ts";
import { renderAnalysis, renderHistory, renderList } from "./rollout-lists.ts";
import { ASCII, SIGNS, symbolsFor } from "./rollout-symbols.ts";

describe("signs", () => {
  const terminal = { write: () => undefined, isTTY: true };
  it.each([
    [{ LANG: "en_US.UTF-8" }, true, SIGNS],
    [{ LC_ALL: "C.utf8", LANG: "C" }, true, SIGNS],
    [{ LANG: "C" }, true, ASCII],
    [{}, true, ASCII],
    [{ LANG: "en_US.UTF-8", NO_COLOR: "1" }, true, ASCII],
    [{ LANG: "en_US.UTF-8" }, false, ASCII],
    [{ LANG: "en_US.UTF-8", TERM: "dumb" }, true, ASCII],
  ])("with %j and colours %s", (environment, color, symbols) => {
    expect(symbolsFor(terminal, { environment }, color)).toBe(symbols);
    expect(symbolsFor({ ...terminal, isTTY: false }, { environment }, color)).toBe(ASCII);
  });
});

describe("lists", () => {
  it("of services", () => {
    const rollouts = [rolloutSummaryOf(aggregate(active("stepping", under)), rolloutPolicy())];
    const names = new Map([[String(KEY), "quay/crane"]]);
    expect(renderList({ at: now, killSwitch: true, rollouts }, names, drawing)).toMatchInlineSnapshot(`
      [
        "KILL SWITCH ON: Fairlead decides and says why, but acts on nothing.",
        "SERVICE     MODE  STATUS    STEP  SET-WEIGHT  REVISION  AGE  MESSAGE",
        "quay/crane  act   ॥ Paused   2/3          10  crane:8   4m   Under way.",
      ]
    `);
    expect(renderList({ at: now, killSwitch: false, rollouts: [] }, names, drawing).join()).toContain(
      "`rollout: {}`",
    );
  });

  it("of the past", () => {
    const state = idle({ past: [past("rolled-back", { verdict: verdict("bad", 14) }), past("promoted")] });
    const weights = {
      type: "set-weights",
      rule: "r",
      weights: { [BLUE]: 100, [GREEN]: 0 },
      stickiness: "off",
    } as const;
    const why = { code: "verdict-bad", text: "It failed." };
    const act = {
      proposal: { id: "p", capability: "rollout", field: "f", action: weights, reason: why },
      outcome: { kind: "done" },
    } as const;
    const record = { key: KEY, at: NOW, version: 9, mode: "act", reasons: [], actions: [act] } as const;
    const records = [
      { ...record, capability: "rollout" },
      { ...record, capability: "discovery" },
    ];
    expect(renderHistory(rolloutHistoryOf(aggregate(state), records, now), drawing)).toMatchInlineSnapshot(`
      [
        "ROLLOUT     OUTCOME      FROM     TO       STEP  WEIGHT  ENDED    TOOK  BY   WHY",
        "r-0000aaaa  rolled-back  crane:7  crane:8   3/3     100  14m ago  20m   ada  Promoted: no worse than the old revision.",
        "r-0000aaaa  promoted     crane:7  crane:8   3/3     100  14m ago  20m   ada  Promoted: no worse than the old revision.",
        "",
        "done, newest first",
        "4m ago  (act, decision 9)",
        "    set weights crane-blue 100, crane-green 0 done: It failed.",
      ]
    `);
  });
});

describe("an analysis", () => {
  const analysed = (state: RolloutState) =>
    renderAnalysis(rolloutViewOf(aggregate(state), rolloutPolicy(), now), drawing);

  it("in detail", () => {
    expect(analysed(active("stepping", { ...under, verdict: verdict("bad", 14) }))).toMatchInlineSnapshot(`
      [
        "✖ bad  14 of 61 requests failed, 1 of 549 of the old revision; 2 was the least possible.",
        "14 failed requests of the new revision; 2 is the least possible",
        "10.1 requests a second, analysed for 2m30s, decided by e-process",
        "deadline in 57m",
        "",
        "METRIC  VERDICT    NEW    OLD  E-WORSE  E-FINE  NEEDED   PHI  EXCESS",
        "errors  ✖ bad    14/61  1/549     5230     1.2     200  1.04  3.4%",
        "",
        "NEW and OLD: bad of all. E-WORSE at NEEDED goes back, E-FINE at its bound goes on early.",
        "PHI: how much errors come in clumps (1 = not). EXCESS: at most so many more of a hundred fail.",
      ]
    `);
  });

  it("that is over, or never was", () => {
    expect(analysed(idle())).toEqual(["Nothing is analysed: no rollout is under way."]);
    expect(analysed(idle({ past: [past("rolled-back", { verdict: verdict("bad", 14) })] }))[0]).toMatch(
      /^Nothing is analysed\. r-0000aaaa, 14m ago: 14 of 61/,
    );
  });
});
