// The pattern language operator by operator, what is refused and how it is explained.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "./matcher.ts";
import { PatternError } from "./pattern-error.ts";

const takes = (condition: unknown, value: unknown): boolean =>
  compile({ f: [condition] }).matches({ f: value });

describe("operators", () => {
  it.each<[unknown, readonly unknown[], readonly unknown[]]>([
    ["RUNNING", ["RUNNING", ["x", "RUNNING"]], ["running", "", ["x"], null, { f: "RUNNING" }]],
    ["", [""], [" ", null, []]],
    [1, [1, 1.0, [2, 1]], ["1", true, 2]],
    [true, [true], ["true", 1, false]],
    [null, [null, [null]], ["null", "", 0, []]],
    ["10.0.0.1", ["10.0.0.1", "010.000.0.1", "::ffff:a00:1"], ["10.0.0.10", "10.0.0.1 "]],
    ["2001:DB8::1", ["2001:db8:0:0:0:0:0:1", "2001:db8::0001"], ["2001:db8::2", "2001:db8:::1"]],
    ["256.1.1.1", ["256.1.1.1"], ["0.1.1.1"]],
    [{ exactly: "a" }, ["a"], ["A", 1]],
    [{ prefix: "eu-" }, ["eu-west-1", "eu-"], ["us-east-1", "EU-west-1", 1]],
    [{ prefix: { "equals-ignore-case": "eu-" } }, ["EU-west-1", "eu-"], ["us-eu-"]],
    [{ suffix: ".png" }, ["a.png", ".png"], ["a.PNG", "png"]],
    [{ suffix: { "equals-ignore-case": ".png" } }, ["a.PNG", ".pnG"], ["a.png "]],
    [{ "equals-ignore-case": "Alice" }, ["alice", "ALICE"], ["alic", "alicee", null]],
    [{ "equals-ignore-case": "a.b(c" }, ["A.B(C"], ["axb(c"]],
    [{ "anything-but": "a" }, ["b", "A", 1, null, false, ["a", "b"]], ["a", ["a"], []]],
    [{ "anything-but": ["a", "b"] }, ["c", ["a", "c"]], ["a", ["a", "b"]]],
    [{ "anything-but": [1, 2] }, [3, "1"], [1, 2.0]],
    [{ "anything-but": { prefix: "in" } }, ["out", 1], ["in", "inner"]],
    [{ "anything-but": { prefix: ["in", "ex"] } }, ["out"], ["inner", "exit"]],
    [{ "anything-but": { suffix: ["s", "t"] } }, ["sa"], ["as", "at"]],
    [{ "anything-but": { "equals-ignore-case": ["on", "off"] } }, ["of"], ["ON", "Off"]],
    [{ "anything-but": { wildcard: ["*/lib/*", "*.tmp"] } }, ["/lib"], ["/a/lib/b", "x.tmp"]],
    [{ numeric: ["=", 3e2] }, [300], [301, "300"]],
    [{ numeric: [">", 0, "<=", 5] }, [0.1, 5, [9, 3]], [0, 5.01, "3", null]],
    [{ numeric: [">=", -1] }, [-1, 0], [-1.5]],
    [{ numeric: ["<", 0] }, [-1], [0]],
    [{ exists: true }, [null, "", 0, false, ["a"]], [undefined, [], {}, { g: 1 }]],
    [{ exists: false }, [undefined, [], {}, { g: 1 }], [null, "", 0]],
    [{ cidr: "10.0.0.0/24" }, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "a", "::a00:1", 10]],
    [{ cidr: "0.0.0.0/0" }, ["1.2.3.4"], ["::1", 2.5, "x"]],
    [{ cidr: "2001:db8::/32" }, ["2001:db8::1", "2001:DB8:ffff::"], ["2001:db9::", "10.0.0.1"]],
    [{ wildcard: "dir/*/file-*" }, ["dir//file-", "dir/a/b/file-9"], ["dir/file-", "xdir/a/file-1"]],
    [{ wildcard: "*" }, ["", "x"], [1, null]],
    [{ wildcard: "\\*\\\\*" }, ["*\\", "*\\x"], ["x\\", "*"]],
    [{ wildcard: "*a*a*" }, ["aa", "xaxax"], ["a"]],
  ])("%j", (condition, matching, other) => {
    expect(matching.filter((value) => !takes(condition, value))).toEqual([]);
    expect(other.filter((value) => takes(condition, value))).toEqual([]);
  });
});

describe("structure", () => {
  it("wants fields of one array element together, over two arrays", () => {
    const pattern = compile({ a: { x: [1], b: { y: [2], z: [3] } } });
    expect(pattern.matches({ a: [{ x: 1, b: [{ y: 2, z: 3 }] }] })).toBe(true);
    expect(pattern.matches({ a: [{ x: 1, b: [{ y: 2 }, { z: 3 }] }] })).toBe(false);
    expect(pattern.matches({ a: [{ x: 1 }, { b: [{ y: 2, z: 3 }] }] })).toBe(false);
  });

  it("goes back to another element when the first choice leads nowhere", () => {
    const pattern = compile({ a: { x: [1], y: [2], z: [3] } });
    expect(pattern.matches({ a: [{ x: 1 }, { x: 1, y: 2 }, { x: 1, y: 2, z: 3 }] })).toBe(true);
  });

  it("reads keys that objects inherit as plain keys", () => {
    const pattern = compile(JSON.parse('{"__proto__":{"constructor":[1]}}'));
    expect(pattern.matches(JSON.parse('{"__proto__":{"constructor":1}}'))).toBe(true);
    expect(pattern.matches({})).toBe(false);
    expect(compile({ toString: [{ exists: false }] }).matches({})).toBe(true);
  });

  it("tells the bus which sources may come", () => {
    expect(compile({ source: ["a", "b"], x: [1] }).onlyStrings("source")).toEqual(new Set(["a", "b"]));
    expect(compile({ $or: [{ source: ["a"] }, { source: ["b"] }] }).onlyStrings("source")).toEqual(
      new Set(["a", "b"]),
    );
    expect(compile({ $or: [{ source: ["a"] }, { x: [1] }] }).onlyStrings("source")).toBeUndefined();
    expect(compile({ source: ["a", { prefix: "b" }] }).onlyStrings("source")).toBeUndefined();
    expect(compile({ source: ["a", { exists: false }] }).onlyStrings("source")).toBeUndefined();
  });
});

describe("invalid patterns", () => {
  const error = (pattern: unknown): PatternError => {
    try {
      compile(pattern);
    } catch (thrown) {
      if (thrown instanceof PatternError) return thrown;
      throw thrown;
    }
    throw new Error(`accepted ${JSON.stringify(pattern)}`);
  };

  it.each<[unknown, string, RegExp]>([
    [undefined, "", /object/],
    ["text", "", /object/],
    [[], "", /object/],
    [{}, "", /at least one field/],
    [{ detail: {} }, "detail", /at least one field/],
    [{ detail: { state: "RUNNING" } }, "detail.state", /list of values/],
    [{ detail: { state: [] } }, "detail.state", /at least one value/],
    [{ a: ["x", [1]] }, "a[1]", /string, number/],
    [{ a: [{}] }, "a[0]", /use one of/],
    [{ a: [{ regex: "x" }] }, "a[0]", /use one of exactly, prefix/],
    [{ a: [{ prefix: "x", suffix: "y" }] }, "a[0]", /one operator/],
    [{ a: [{ prefix: 1 }] }, "a[0].prefix", /write a string/],
    [{ a: [{ prefix: { wildcard: "x" } }] }, "a[0].prefix", /equals-ignore-case/],
    [{ a: [{ "anything-but": null }] }, "a[0].anything-but", /strings only or numbers only/],
    [{ a: [{ "anything-but": [] }] }, "a[0].anything-but", /at least one/],
    [{ a: [{ "anything-but": ["x", 1] }] }, "a[0].anything-but", /strings only or numbers only/],
    [{ a: [{ "anything-but": { prefix: "" } }] }, "a[0].anything-but.prefix", /at least one character/],
    [{ a: [{ "anything-but": { numeric: [] } }] }, "a[0].anything-but", /prefix, suffix/],
    [{ a: [{ "anything-but": { toString: "x" } }] }, "a[0].anything-but", /prefix, suffix/],
    [{ a: [{ numeric: 5 }] }, "a[0].numeric", /list such as/],
    [{ a: [{ numeric: ["!=", 5] }] }, "a[0].numeric", /use one of/],
    [{ a: [{ numeric: [">", "5"] }] }, "a[0].numeric", /write a number/],
    [{ a: [{ numeric: ["<", 5, ">", 1] }] }, "a[0].numeric", /then < or <=/],
    [{ a: [{ numeric: [">", 5, "<", 5] }] }, "a[0].numeric", /less than/],
    [{ a: [{ exists: "yes" }] }, "a[0].exists", /true or false/],
    [{ a: [{ cidr: "10.0.0.0" }] }, "a[0].cidr", /10\.0\.0\.0\/8/],
    [{ a: [{ cidr: "10.0.0.0/32" }] }, "a[0].cidr", /10\.0\.0\.0\/8/],
    [{ a: [{ wildcard: "a**b" }] }, "a[0].wildcard", /one \*/],
    [{ a: [{ wildcard: "a\\b" }] }, "a[0].wildcard", /escapes only/],
    [{ $or: [{ a: [1] }] }, "$or", /two or more/],
    [{ $or: [{ a: [1] }, { b: 2 }] }, "$or[1].b", /list of values/],
    [{ $or: [{ prefix: ["x"] }, { a: [1] }] }, "$or[0].prefix", /reserved/],
  ])("%j is refused at %s", (pattern, path, remedy) => {
    expect(error(pattern).path).toBe(path);
    expect(error(pattern).remedy).toMatch(remedy);
  });

  it("holds $or to 1,000 combinations", () => {
    const choices = (name: string): object[] =>
      Array.from({ length: 11 }, (_, index) => ({ [name]: [index] }));
    expect(
      error({ a: { $or: choices("p") }, b: { $or: choices("q") }, c: { $or: choices("r") } }).remedy,
    ).toMatch(/1000/);
  });
});

describe("hostile events", () => {
  const pattern = compile({
    a: { b: [{ exists: true }, { cidr: "10.0.0.0/8" }], c: [{ "anything-but": { wildcard: "*x*" } }] },
    $or: [{ "": [1] }, { ["__proto__"]: [{ numeric: [">", 0] }] }],
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.anything({ key: fc.constantFrom("a", "b", "c", "", "__proto__"), withNullPrototype: true }),
        (event) => {
          expect(typeof pattern.matches(event)).toBe("boolean");
        },
      ),
      { seed: 7, numRuns: 2_000 },
    );
  });

  it("survives depth and circles", () => {
    const circle: unknown[] = [];
    circle.push(circle, { b: 1, c: 2 });
    expect(pattern.matches({ a: circle, "": 1 })).toBe(true);
    let deep: unknown = { b: 1, c: 2 };
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(pattern.matches({ a: deep, "": 1 })).toBe(false);
  });
});
