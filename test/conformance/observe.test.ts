// Paths into answers, names in their place, and differences that are worded the same in every run.

import { describe, expect, it } from "vitest";
import { at, differences, fill, MissingName, steady } from "./observe.ts";
import type { Expected } from "./scenario.ts";
import { absent, anyOrder, between, matches, present } from "./scenario.ts";

const answer = {
  services: [
    { name: "web", arn: "arn:web", count: 2, tags: [] },
    { name: "api.v2", arn: "arn:api", count: 0, at: new Date(0) },
  ],
  body: '{"detail":{"id":"a"}}',
};
const saved = new Map([["web", "arn:web"]]);

describe("at", () => {
  it.each([
    ["services.0.name", "web"],
    ["services.length", 2],
    ["services.*.count", [2, 0]],
    ["services.[name=api.v2].arn", "arn:api"],
    ["services.[name=none].arn", undefined],
    ["services.5.name", undefined],
    ["body.detail.id", "a"],
    ["nothing.at.all", undefined],
  ])("%s", (path, expected) => {
    expect(at(answer, path)).toEqual(expected);
  });
});

describe("fill", () => {
  it("puts saved values in, and leaves escaped names alone", () => {
    const names = new Map<string, string | number>([
      ["id", "x1"],
      ["count", 3],
    ]);
    const input = { id: "<id>", arn: "a:<id>:b", count: "<count>", list: ["<id>"], template: "\\<id>" };
    expect(fill(input, names)).toEqual({ id: "x1", arn: "a:x1:b", count: 3, list: ["x1"], template: "<id>" });
  });

  it("refuses names that nobody saved", () => {
    expect(() => fill("<nobody>", new Map())).toThrow(MissingName);
  });
});

describe("differences", () => {
  it.each<[string, Expected]>([
    ["services.0.arn", "<web>"],
    ["services.*.name", anyOrder("api.v2", "web")],
    ["services.0.tags", []],
    ["services.1.at", new Date(0)],
    ["services.0.missing", absent],
    ["services.0.count", between(1, 2)],
    ["services.0.name", matches(/^w/)],
    ["services.1.at", present],
  ])("%s holds", (path, expected) => {
    expect(differences(answer, { [path]: expected }, saved)).toEqual([]);
  });

  it.each<[string, Expected, string]>([
    ["services.0.count", 3, "services.0.count: 2 instead of 3"],
    ["services.0.name", "<web>", 'services.0.name: "web" instead of "<web>"'],
    ["services.0.name", absent, 'services.0.name: "web" instead of nothing'],
    ["services.0.none", present, "services.0.none: nothing instead of a value"],
    ["services.0.count", between(3, 4), "services.0.count: 2 instead of 3 to 4"],
    ["services.*.count", anyOrder(0, 1), "services.*.count: [2,0] instead of [0,1] in any order"],
    ["services.0.arn", matches(/^x/), 'services.0.arn: "<web>" instead of /^x/'],
  ])("%s does not", (path, expected, words) => {
    expect(differences(answer, { [path]: expected }, saved)).toEqual([words]);
  });
});

it("says the same of every run: ids, instants and ports are replaced by what they are", () => {
  const text =
    "task/0123456789abcdef0123456789abcdef at 2026-11-22T10:00:00.5Z on 127.0.0.1:4566 as " +
    "6f1d7e1c-1111-4111-8111-6f1d7e1c6f1d in ns-abcdefgh12345678 of arn:web";
  expect(steady(text, saved)).toBe("task/<hex> at <time> on <host> as <uuid> in <ns> of <web>");
});
