// The reference page must say what the schema says.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { manifestReference, REFERENCE } from "./manifest-reference.ts";

it("docs/manifest.md is what the schema generates", () => {
  const page = readFileSync(REFERENCE, "utf8");
  expect(page, "stale: run `node test/support/manifest-reference.ts`").toBe(manifestReference());
});

it("names every setting with its meaning", () => {
  const rows = manifestReference()
    .split("\n")
    .filter((row) => row.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(12);
  for (const row of rows) expect(row.split("|")[4]?.trim(), row).not.toBe("");
});
