// The page, the plot and the JSON under docs/ are of one run, and the claims that the page makes hold in it.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ALGORITHMS } from "./algorithms.ts";
import { allCells } from "./cells.ts";
import type { Kept } from "./compact.ts";
import { cellsOf } from "./compact.ts";
import { comparisons, soundPromotions, worstFalse } from "./compare.ts";
import { documentOf } from "./document.ts";
import { plotOf } from "./plot.ts";

const docs = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
const kept = JSON.parse(docs("rollout-benchmark.json")) as Kept;
const cells = cellsOf(kept);
const FEEDS = ["60s", "10s"] as const;

describe("docs/rollout-benchmark", () => {
  it("the page is the JSON's", () => {
    expect(docs("rollout-benchmark.md")).toBe(documentOf({ seeds: kept.seeds, cells }, ALGORITHMS));
  });
  it("the plot is the JSON's", () => {
    expect(docs("rollout-benchmark.svg")).toBe(plotOf(cells));
  });
  it("has every algorithm in every cell", () => {
    expect(kept.seeds).toBeGreaterThanOrEqual(250);
    expect(cells).toHaveLength(ALGORITHMS.length * allCells().length);
  });

  it.each([
    ["60s", 14],
    ["10s", 4],
  ])("5 %% errors at 100 requests a second on the %s feed: at most %d failed", (feed, most) => {
    const ours = cells.find(
      (cell) => cell.role === "ours" && cell.feed === feed && cell.scenario === "bad-5" && cell.rps === 100,
    );
    expect(ours?.meanFailed).toBeLessThanOrEqual(most);
  });
  it.each(FEEDS)("at most 1 %% false rollbacks on every null of the %s feed", (feed) => {
    expect(worstFalse(cells, { algorithm: "fairlead", feed })).toBeLessThanOrEqual(1);
  });
  it("fewer failed requests than every sound peer in every bad cell", () => {
    for (const { ours, bestSound } of comparisons(cells)) {
      if (bestSound !== undefined)
        expect(ours.meanFailed, `${ours.feed} ${ours.rps} ${ours.scenario}`).toBeLessThan(bestSound.failed);
    }
  });
  it("a peer that is ahead of ours rolls back most good versions", () => {
    for (const { ahead } of comparisons(cells)) {
      for (const { worstFalsePct } of ahead) expect(worstFalsePct).toBeGreaterThan(50);
    }
  });
  it.each(FEEDS)("no sound peer promotes a good version sooner on the %s feed", (feed) => {
    const order = soundPromotions(cells, feed).filter(({ name }) => !name.startsWith("ablation"));
    expect(order[0]?.name).toBe("fairlead");
  });
});
