// Named cases of the pattern language, with the logical structure of the correctness suite of AWS's
// event-ruler, in our own words and data. Expected answers are recorded from that library (oracle/record.ts)
// in fixtures/recorded.json.

import type { PatternCase } from "./trap-cases.ts";

const any = [{ exists: true }];
const none = [{ exists: false }];

const plainObjects: readonly PatternCase[] = [
  {
    name: "two fields wanted, both there",
    pattern: { ship: { hull: any, sail: any } },
    event: { ship: { hull: 7, sail: 4 } },
  },
  {
    name: "two fields wanted, one missing",
    pattern: { ship: { hull: any, sail: any } },
    event: { ship: { hull: 7 } },
  },
  {
    name: "two values equal",
    pattern: { ship: { flag: ["green"], port: ["Bergen"] } },
    event: { ship: { flag: "green", port: "Bergen" } },
  },
  {
    name: "second value differs",
    pattern: { ship: { flag: ["green"], port: ["Bergen"] } },
    event: { ship: { flag: "green", port: "Oslo" } },
  },
  {
    name: "prefix of a value",
    pattern: { ship: { flag: [{ prefix: "gr" }] } },
    event: { ship: { flag: "green" } },
  },
  {
    name: "number inside an open range",
    pattern: { ship: { load: [{ numeric: [">", 10, "<", 60] }] } },
    event: { ship: { load: 42 } },
  },
  {
    name: "value other than the refused one",
    pattern: { ship: { state: [{ "anything-but": "sunk" }] } },
    event: { ship: { state: "moored" } },
  },
];

const objectsInArrays: readonly PatternCase[] = [
  {
    name: "both fields in the only element",
    pattern: { crew: { id: any, rank: any } },
    event: { crew: [{ id: 11, rank: 2 }] },
  },
  {
    name: "fields in different elements",
    pattern: { crew: { id: any, rank: any } },
    event: { crew: [{ id: 11 }, { rank: 2 }] },
  },
  {
    name: "third of three elements has both",
    pattern: { crew: { id: any, rank: any } },
    event: { crew: [{ id: 11 }, { rank: 2 }, { id: 12, rank: 5 }] },
  },
  {
    name: "three fields in one element",
    pattern: { crew: { id: any, rank: any, watch: any } },
    event: { crew: [{ id: 11, rank: 2, watch: 3 }] },
  },
  {
    name: "three fields in three elements",
    pattern: { crew: { id: any, rank: any, watch: any } },
    event: { crew: [{ id: 11 }, { rank: 2 }, { watch: 3 }] },
  },
  {
    name: "both values in one element",
    pattern: { crew: { name: ["Ingrid"], duty: ["helm"] } },
    event: { crew: [{ name: "Ingrid", duty: "helm" }] },
  },
  {
    name: "both values, each in its own element",
    pattern: { crew: { name: ["Ingrid"], duty: ["helm"] } },
    event: { crew: [{ name: "Ingrid" }, { duty: "helm" }] },
  },
  {
    name: "prefix and presence in one element",
    pattern: { crew: { name: [{ prefix: "Ing" }], duty: any } },
    event: { crew: [{ name: "Ingrid", duty: "deck" }] },
  },
  {
    name: "prefix and presence in different elements",
    pattern: { crew: { name: [{ prefix: "Ing" }], duty: any } },
    event: { crew: [{ name: "Ingrid" }, { duty: "deck" }] },
  },
];

const valuesInArrays: readonly PatternCase[] = [
  {
    name: "presence of a list and of a value",
    pattern: { ship: { ports: any, flag: any } },
    event: { ship: { ports: ["Oslo", "Kiel"], flag: "red" } },
  },
  { name: "one value of a list is wanted", pattern: { ports: ["Kiel"] }, event: { ports: ["Oslo", "Kiel"] } },
  {
    name: "no value of a list is wanted",
    pattern: { ports: ["Gdansk"] },
    event: { ports: ["Oslo", "Kiel"] },
  },
];

const nestedArrays: readonly PatternCase[] = [
  {
    name: "list in a list: both values in one inner element",
    pattern: { fleet: { tags: { key: ["tier"], value: ["gold"] } } },
    event: { fleet: [{ tags: [{ key: "tier", value: "gold" }] }] },
  },
  {
    name: "list in a list: values in two inner elements",
    pattern: { fleet: { tags: { key: ["tier"], value: ["gold"] } } },
    event: { fleet: [{ tags: [{ key: "tier" }, { value: "gold" }] }] },
  },
  {
    name: "name and nested value in two outer elements",
    pattern: { fleet: { name: any, home: { zone: ["9"] } } },
    event: { fleet: [{ name: "Vega" }, { home: { zone: "9" } }] },
  },
  {
    name: "name and nested value in one outer element",
    pattern: { fleet: { name: any, home: { zone: ["9"] } } },
    event: { fleet: [{ name: "Vega", home: { zone: "9" } }] },
  },
  {
    name: "two lists deep: both leaves in one element",
    pattern: { sea: { lane: { from: any, to: any } } },
    event: { sea: [{ lane: [{ from: 8, to: 9 }] }] },
  },
  {
    name: "two lists deep: leaves in two elements",
    pattern: { sea: { lane: { from: any, to: any } } },
    event: { sea: [{ lane: [{ from: 8 }, { to: 9 }] }] },
  },
];

const mixedShapes: readonly PatternCase[] = [
  {
    name: "list field and plain field both fit",
    pattern: { crew: { name: any }, season: ["7"] },
    event: { crew: [{ name: "Tor" }], season: "7" },
  },
  {
    name: "list field fits, plain field does not",
    pattern: { crew: { name: any }, season: ["8"] },
    event: { crew: [{ name: "Tor" }], season: "7" },
  },
  {
    name: "unwanted field is missing in the element",
    pattern: { crew: { id: any, sick: none } },
    event: { crew: [{ id: 3 }] },
  },
  {
    name: "unwanted field stands in the element",
    pattern: { crew: { id: any, sick: none } },
    event: { crew: [{ id: 3, sick: 1 }] },
  },
  { name: "event without fields", pattern: { crew: { id: any } }, event: {} },
  { name: "event with an empty list", pattern: { crew: { id: any } }, event: { crew: [] } },
  {
    name: "one wanted field in two elements",
    pattern: { crew: { id: any } },
    event: { crew: [{ id: 3 }, { id: 4 }] },
  },
  {
    name: "both values in the third of four elements",
    pattern: { crew: { id: ["k9"], post: ["stern"] } },
    event: { crew: [{ id: "k1" }, { id: "k2" }, { id: "k9", post: "stern" }, { id: "k4" }] },
  },
  {
    name: "range and presence in the first of two elements",
    pattern: { cargo: { tons: [{ numeric: [">", 10, "<", 60] }], label: any } },
    event: {
      cargo: [
        { label: "tea", tons: 25 },
        { label: "ore", tons: 90 },
      ],
    },
  },
  {
    name: "refused value in one element, another in the next",
    pattern: { crew: { duty: [{ "anything-but": "idle" }], name: any } },
    event: {
      crew: [
        { name: "Tor", duty: "idle" },
        { name: "Liv", duty: "helm" },
      ],
    },
  },
];

const listBesideValue: readonly PatternCase[] = [
  {
    name: "list of three beside a value, presence",
    pattern: { ship: { ports: any, class: any } },
    event: { ship: { ports: ["Oslo", "Kiel", "Riga"], class: "brig" } },
  },
  {
    name: "list of three beside a value, prefix",
    pattern: { ship: { ports: [{ prefix: "Os" }], class: any } },
    event: { ship: { ports: ["Oslo", "Kiel", "Riga"], class: "brig" } },
  },
  {
    name: "list of three beside a value, prefix of none",
    pattern: { ship: { ports: [{ prefix: "Stock" }], class: any } },
    event: { ship: { ports: ["Oslo", "Kiel", "Riga"], class: "brig" } },
  },
  {
    name: "list beside a value two objects down",
    pattern: { log: { entry: { author: any, kind: any } } },
    event: { log: { entry: { author: ["Tor", "Liv"], kind: "brig" } } },
  },
  {
    name: "two lists and a value",
    pattern: { ports: any, flags: any, season: ["7"] },
    event: { ports: ["Oslo", "Kiel"], flags: ["red", "blue"], season: "7" },
  },
  {
    name: "third of four values beside a value",
    pattern: { ship: { mate: ["Liv"], class: ["brig"] } },
    event: { ship: { mate: ["Tor", "Nils", "Liv", "Per"], class: "brig" } },
  },
  {
    name: "one number of a list in range",
    pattern: { ship: { loads: [{ numeric: [">", 10, "<", 60] }], class: any } },
    event: { ship: { loads: [500, 33, 900], class: "sloop" } },
  },
  {
    name: "refused value in a list with another",
    pattern: { ship: { ports: [{ "anything-but": "Riga" }], class: any } },
    event: { ship: { ports: ["Riga", "Kiel"], class: "sloop" } },
  },
  {
    name: "list of one beside a value",
    pattern: { ship: { mate: any, class: any } },
    event: { ship: { mate: ["Liv"], class: "sloop" } },
  },
  {
    name: "empty list beside a value",
    pattern: { ship: { mate: any, class: any } },
    event: { ship: { mate: [], class: "sloop" } },
  },
  {
    name: "list of objects beside a list of values",
    pattern: { crew: { name: any }, ports: ["Kiel"] },
    event: { crew: [{ name: "Tor" }], ports: ["Kiel", "Riga"] },
  },
  {
    name: "fields in two elements beside a fitting list",
    pattern: { crew: { name: any, mail: any }, ports: ["Kiel"] },
    event: { crew: [{ name: "Tor" }, { mail: "liv@sea" }], ports: ["Kiel"] },
  },
  {
    name: "list beside a value three objects down",
    pattern: { log: { day: { entry: { words: any, kind: any } } } },
    event: { log: { day: { entry: { words: ["fog", "calm", "gale"], kind: "note" } } } },
  },
  {
    name: "suffix and presence in one element",
    pattern: { crew: { name: [{ suffix: "rid" }], duty: any } },
    event: { crew: [{ name: "Ingrid", duty: "helm" }] },
  },
  {
    name: "five elements, only the last has both fields",
    pattern: { crew: { mail: any, name: any } },
    event: {
      crew: [
        { mail: "p@sea" },
        { mail: "q@sea" },
        { mail: "r@sea" },
        { mail: "s@sea" },
        { mail: "t@sea", name: "Tor" },
      ],
    },
  },
  {
    name: "suffix and presence in two elements",
    pattern: { crew: { name: [{ suffix: "rid" }], duty: any } },
    event: { crew: [{ name: "Ingrid" }, { duty: "helm" }] },
  },
];

export const rewrittenCases: readonly PatternCase[] = [
  ...plainObjects,
  ...objectsInArrays,
  ...valuesInArrays,
  ...nestedArrays,
  ...mixedShapes,
  ...listBesideValue,
];
