// Cases of the pattern language that are easily got wrong. JSON texts are used where the form of a number
// matters. Expected answers are recorded from AWS's library in fixtures/recorded.json.

export interface PatternCase {
  readonly name: string;
  readonly pattern: unknown;
  readonly event: unknown;
}

const any = [{ exists: true }];
const none = [{ exists: false }];

export const trapCases: readonly PatternCase[] = [
  { name: "1.0 in the event is 1", pattern: '{"n":[1]}', event: '{"n":1.0}' },
  { name: "1e0 in the pattern is 1", pattern: '{"n":[1e0]}', event: '{"n":1}' },
  { name: "300 in the event is 3.0e2", pattern: '{"n":[3.0e2]}', event: '{"n":300}' },
  { name: "a number is not its text", pattern: { n: [1] }, event: { n: "1" } },
  { name: "anything-but a number takes a text", pattern: { n: [{ "anything-but": 1 }] }, event: { n: "1" } },
  { name: "anything-but takes null", pattern: { n: [{ "anything-but": "x" }] }, event: { n: null } },
  { name: "anything-but needs a value", pattern: { n: [{ "anything-but": "x" }] }, event: { m: 1 } },
  {
    name: "anything-but a list, any element",
    pattern: { n: [{ "anything-but": ["x", "y"] }] },
    event: { n: ["x", "z"] },
  },
  {
    name: "anything-but a list, all refused",
    pattern: { n: [{ "anything-but": ["x", "y"] }] },
    event: { n: ["x", "y"] },
  },
  { name: "null is there", pattern: { n: any }, event: { n: null } },
  { name: "an object is not a leaf", pattern: { n: any }, event: { n: { m: 1 } } },
  { name: "an object is absent as a leaf", pattern: { n: none }, event: { n: { m: 1 } } },
  { name: "an empty list is absent", pattern: { n: none }, event: { n: [] } },
  { name: "absent with its parent missing", pattern: { a: { b: { c: none } } }, event: { z: 1 } },
  {
    name: "absent in another element counts",
    pattern: { crew: { id: [4], sick: none } },
    event: { crew: [{ id: 3, sick: 1 }, { id: 4 }] },
  },
  {
    name: "absence is decided by the fields before it",
    pattern: { crew: { away: none, id: [4] } },
    event: { crew: [{ id: 3, away: 1 }, { id: 4 }] },
  },
  { name: "a dotted key is a path", pattern: { a: { b: [1] } }, event: { "a.b": 1 } },
  { name: "a path is a dotted key", pattern: { "a.b": [1] }, event: { a: { b: 1 } } },
  { name: "last of two equal paths wins", pattern: '{"a":[1],"a":[2]}', event: '{"a":1}' },
  {
    name: "or: second alternative",
    pattern: { a: [1], $or: [{ b: [1] }, { c: [2] }] },
    event: { a: 1, c: 2 },
  },
  {
    name: "or: field beside it must fit too",
    pattern: { a: [1], $or: [{ b: [1] }, { c: [2] }] },
    event: { a: 2, c: 2 },
  },
  {
    name: "or: nested",
    pattern: { $or: [{ a: [1], $or: [{ b: [1] }, { c: [1] }] }, { d: { $or: [{ e: [1] }, { f: [1] }] } }] },
    event: { d: { f: 1 } },
  },
  {
    name: "or: alternative overrides the field before it",
    pattern: { a: [1], $or: [{ a: [2] }, { b: [1] }] },
    event: { a: 2 },
  },
  { name: "or: with one alternative is a field and fails", pattern: { $or: [{ a: [1] }] }, event: { a: 1 } },
  { name: "or: list of values is a field", pattern: { $or: [1, 2] }, event: { $or: 2 } },
  {
    name: "or: reserved names make it a field",
    pattern: { $or: [{ prefix: "x" }, { suffix: "y" }] },
    event: { $or: "xz" },
  },
  {
    name: "text that is an address compares as one",
    pattern: { ip: ["::1"] },
    event: { ip: "0:0:0:0:0:0:0:1" },
  },
  {
    name: "mapped address is the IPv4 address",
    pattern: { ip: ["10.0.0.1"] },
    event: { ip: "::ffff:a00:1" },
  },
  { name: "cidr with host bits", pattern: { ip: [{ cidr: "10.1.2.3/16" }] }, event: { ip: "10.1.255.0" } },
  {
    name: "cidr of one address is invalid",
    pattern: { ip: [{ cidr: "10.1.2.3/32" }] },
    event: { ip: "10.1.2.3" },
  },
  { name: "time is no address", pattern: { at: ["12:30"] }, event: { at: "12:30" } },
  {
    name: "sharp s matches its capitals",
    pattern: { s: [{ "equals-ignore-case": "straße" }] },
    event: { s: "STRASSE" },
  },
  {
    name: "titlecase letter does not match itself",
    pattern: { s: [{ "equals-ignore-case": "ǅ" }] },
    event: { s: "ǅ" },
  },
  { name: "wildcard parts may not overlap", pattern: { s: [{ wildcard: "ab*ba" }] }, event: { s: "aba" } },
  { name: "wildcard takes nothing", pattern: { s: [{ wildcard: "ab*ba" }] }, event: { s: "abba" } },
  { name: "wildcard with an escaped star", pattern: { s: [{ wildcard: "a\\*b" }] }, event: { s: "a*b" } },
  { name: "empty prefix takes any text", pattern: { s: [{ prefix: "" }] }, event: { s: "x" } },
  { name: "empty prefix takes no number", pattern: { s: [{ prefix: "" }] }, event: { s: 1 } },
  {
    name: "anything-but an empty prefix is invalid",
    pattern: { s: [{ "anything-but": { prefix: "" } }] },
    event: { s: "x" },
  },
  {
    name: "anything-but of no prefixes",
    pattern: { s: [{ "anything-but": { prefix: [] } }] },
    event: { s: "x" },
  },
  {
    name: "anything-but mixed types is invalid",
    pattern: { s: [{ "anything-but": ["x", 1] }] },
    event: { s: "y" },
  },
  { name: "empty range is invalid", pattern: { n: [{ numeric: [">", 5, "<", 5] }] }, event: { n: 5 } },
  { name: "a list in a list of values is invalid", pattern: { n: [[1]] }, event: { n: 1 } },
  { name: "an empty list of values is invalid", pattern: { n: [] }, event: { n: 1 } },
  { name: "a bare value is invalid", pattern: { n: 1 }, event: { n: 1 } },
  {
    name: "two operators in one object are invalid",
    pattern: { n: [{ prefix: "a", suffix: "b" }] },
    event: { n: "ab" },
  },
  {
    name: "list in a list keeps its elements apart",
    pattern: { m: { a: [1], b: [2] } },
    event: { m: [[{ a: 1 }], [{ b: 2 }]] },
  },
  {
    name: "a plain value in a list belongs to no element",
    pattern: { a: [1], "a.b": [2] },
    event: { a: [1, { b: 2 }] },
  },
];
