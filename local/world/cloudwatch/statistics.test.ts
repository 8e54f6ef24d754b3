// Statistics over counted values, checked against the examples and rules of CloudWatch's own page.

import { describe, expect, it } from "vitest";
import type { Sample } from "./statistics.ts";
import { measureOf } from "./statistics.ts";

function sample(values: readonly (readonly [value: number, count: number])[]): Sample {
  const counted = values.map(([value, count]) => ({ value, count }));
  return {
    sum: counted.reduce((sum, one) => sum + one.value * one.count, 0),
    count: counted.reduce((sum, one) => sum + one.count, 0),
    min: Math.min(...counted.map(({ value }) => value)),
    max: Math.max(...counted.map(({ value }) => value)),
    values: counted,
  };
}

/** 1 to 10, in two samples and out of order. */
const samples = [
  sample([10, 2, 4, 6, 8].map((value) => [value, 1] as const)),
  sample([1, 3, 5, 7, 9].map((value) => [value, 1] as const)),
];
const stat = (name: string, over: readonly Sample[] = samples): number | undefined => measureOf(name)?.(over);

describe("statistics", () => {
  it.each([
    ["Sum", 55],
    ["SampleCount", 10],
    ["Average", 5.5],
    ["Minimum", 1],
    ["Maximum", 10],
    ["p50", 5],
    ["p99", 10],
    ["TC(7:)", 3],
    ["TC(:7)", 7],
    ["TC(2:4)", 2],
    ["PR(:3)", 30],
    ["PR(3:)", 70],
    ["TS(8:)", 19],
    ["TM(8:)", 9.5],
    ["TM(10%:90%)", 5.5],
    ["TM(:50%)", 3],
    ["tm50", 3],
    ["tc90", 9],
    ["ts90", 45],
    ["IQM", 5.5],
    ["WM(20%:80%)", 5.5],
    ["wm90", 5.4],
  ])("%s", (name, expected) => expect(stat(name)).toBeCloseTo(expected, 10));

  it("counts a value as often as it was seen", () => {
    const heavy = [
      sample([
        [0.1, 990],
        [2.5, 10],
      ]),
    ];
    expect(stat("TC(1:)", heavy)).toBe(10);
    expect(stat("PR(1:)", heavy)).toBe(1);
    expect(stat("p99", heavy)).toBe(0.1);
    expect(stat("p99.5", heavy)).toBe(2.5);
  });

  it("knows no value of an empty range, and nothing of statistic sets but the plain five", () => {
    expect(stat("TM(100:)")).toBeUndefined();
    expect(stat("TC(100:)")).toBe(0);
    const set = [{ ...(samples[0] as Sample), values: undefined }];
    expect(stat("p50", set)).toBeUndefined();
    expect(stat("Sum", set)).toBe(30);
  });

  it("knows no percentile where a value is negative, and the other statistics", () => {
    const cold = [sample([[-1, 1]]), sample([[3, 1]])];
    expect(stat("p50", cold)).toBeUndefined();
    expect(stat("TC(:0)", cold)).toBe(1);
    expect(stat("Sum", cold)).toBe(2);
  });

  it.each(["p101", "TM()", "TM(:)", "TM(10%:5)", "PR(10%:)", "xx", "TC(a:b)"])("refuses %s", (name) => {
    expect(measureOf(name)).toBeUndefined();
  });
});
