// Our pattern matcher against answers recorded from AWS's own (oracle/record.ts makes the recording).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rewrittenCases } from "./cases.ts";
import { ourAnswer } from "./our-answer.ts";
import type { PatternCase } from "./trap-cases.ts";
import { trapCases } from "./trap-cases.ts";

interface Recording {
  readonly library: string;
  readonly seed: number;
  readonly cases: readonly (readonly [string, string])[];
  readonly pairs: readonly (readonly [unknown, unknown, string])[];
}

const recording = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/recorded.json"), "utf8"),
) as Recording;
const recorded = new Map(recording.cases);
const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const answered = ({ pattern, event }: PatternCase): string => ourAnswer(text(pattern), text(event));

describe(`answers of ${recording.library}`, () => {
  it("are recorded for every case, each once", () => {
    const names = [...rewrittenCases, ...trapCases].map((one) => one.name);
    expect(recording.cases.map(([name]) => name)).toEqual(names);
    expect(recorded.size).toBe(names.length);
    expect(rewrittenCases).toHaveLength(51);
  });

  it("are of every kind, so that a constant matcher fails", () => {
    const count = (answer: string): number => recording.pairs.filter((pair) => pair[2] === answer).length;
    expect(recording.pairs).toHaveLength(1_500);
    expect([count("1") > 500, count("0") > 500, count("x") > 20]).toEqual([true, true, true]);
    expect(rewrittenCases.filter((one) => recorded.get(one.name) === "1")).toHaveLength(33);
  });

  it.each(rewrittenCases)("case: $name", (one) => {
    expect(answered(one)).toBe(recorded.get(one.name));
  });

  it.each(trapCases)("trap: $name", (one) => {
    expect(answered(one)).toBe(recorded.get(one.name));
  });

  it("are ours for every generated pair", () => {
    const wrong = recording.pairs.filter(
      ([pattern, event, answer]) => ourAnswer(JSON.stringify(pattern), JSON.stringify(event)) !== answer,
    );
    expect(wrong).toEqual([]);
  });
});
