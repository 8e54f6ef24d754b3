// Random pattern and event pairs over few names and values, so that about half of them meet.

import fc from "fast-check";

export interface Pair {
  readonly pattern: unknown;
  readonly event: unknown;
}

const keys = fc.constantFrom("dock", "crew", "cargo", "mast", "rope.end");
// No ß: beside a wildcard that begins with *, the library's answer for multi-byte case forms is wrong
// ([{"wildcard": "*ak"}, {"equals-ignore-case": "ß"}] takes "12:30").
const words = fc.constantFrom(
  "oak",
  "Oak",
  "OAK",
  "oakum",
  "soak",
  "pine",
  "",
  "*",
  "a\\b",
  "É",
  "10.1.2.3",
  "10.9.0.1",
  "::1",
  "0:0::1",
  "12:30",
);
const numbers = fc.constantFrom(0, 1, -1, 2.5, 3, 10, 100, 1e21, 0.1, 9007199254740992, -0);
const leaves = fc.oneof(
  { weight: 6, arbitrary: words },
  { weight: 4, arbitrary: numbers },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constant(null) },
);

const { value: eventValue } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "xsmall" },
    { weight: 5, arbitrary: leaves },
    { weight: 3, arbitrary: tie("object") },
    { weight: 3, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 3, arbitrary: fc.array(tie("object"), { minLength: 1, maxLength: 3 }) },
  ),
  object: fc.dictionary(keys, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));
const events = fc.dictionary(keys, eventValue, { minKeys: 1, maxKeys: 4, noNullPrototype: true });

const oneOrMore = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(values, fc.array(values, { minLength: 1, maxLength: 3 }));
const globs = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      "*",
      "o*k",
      "*ak",
      "oak*",
      "*a*",
      "o*a*k*m",
      "o\\*k",
      "\\\\*",
      "\\*",
      "a\\\\b",
      "10.*",
    ),
  },
  fc.constantFrom("o**k", "o\\k"),
);
const ordered = fc.tuple(numbers, numbers).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const bounds = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom("=", "<", "<=", ">", ">="), numbers) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom(">", ">="), ordered, fc.constantFrom("<", "<="))
      .map(([above, [low, high], below]) => [above, low, below, high]),
  },
  fc.tuple(fc.constantFrom("<", "!=", ">"), leaves, fc.constantFrom("<", ">"), numbers),
);
// A block that begins in the first hexadecimal digit (0.0.0.0/0) is left out: the library then takes numbers
// for addresses by their text, which we do not follow.
const blocks = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom("10.1.0.0/16", "10.1.2.3/8", "10.9.0.0/31", "::/64", "::1/127", "::/127"),
  },
  fc.constantFrom("10.1.2.3/32", "10.1.2.3", "oak/8", "::ffff:a01:203/24"),
);
const someWords = words.filter((word) => word !== "");
const buts = fc.oneof(
  { weight: 4, arbitrary: oneOrMore(words) },
  { weight: 4, arbitrary: oneOrMore(numbers) },
  { weight: 1, arbitrary: fc.array(leaves, { maxLength: 2 }) },
  { weight: 3, arbitrary: fc.record({ prefix: oneOrMore(someWords) }) },
  { weight: 3, arbitrary: fc.record({ suffix: oneOrMore(someWords) }) },
  { weight: 3, arbitrary: fc.record({ "equals-ignore-case": oneOrMore(words) }) },
  { weight: 3, arbitrary: fc.record({ wildcard: oneOrMore(globs) }) },
);
const affixes = fc.oneof(words, fc.record({ "equals-ignore-case": words }));
const operators = fc.oneof(
  fc.record({ prefix: affixes }),
  fc.record({ suffix: affixes }),
  fc.record({ "equals-ignore-case": words }),
  fc.record({ "anything-but": buts }),
  fc.record({ numeric: bounds }),
  { weight: 2, arbitrary: fc.record({ exists: fc.boolean() }) },
  fc.record({ cidr: blocks }),
  fc.record({ wildcard: globs }),
);
const conditions = fc.array(fc.oneof(leaves, { weight: 2, arbitrary: operators }), {
  minLength: 1,
  maxLength: 2,
});

const fieldsOf = (field: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> =>
  fc.dictionary(keys, field, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
const flat = fieldsOf(conditions);
const deep = fieldsOf(
  fc.oneof(
    { weight: 2, arbitrary: conditions },
    { weight: 1, arbitrary: fieldsOf(fc.oneof(conditions, flat)) },
  ),
);
const alternatives = fc.oneof(
  { weight: 12, arbitrary: fc.array(deep, { minLength: 2, maxLength: 3 }) },
  fc.array(conditions, { maxLength: 2 }),
);
const freePattern = fc.oneof(
  { weight: 2, arbitrary: deep },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.oneof(fc.constant({}), flat), alternatives)
      .map(([fields, $or]) => ({ ...fields, $or })),
  },
  { weight: 1, arbitrary: fc.tuple(keys, alternatives).map(([key, $or]) => ({ [key]: { $or } })) },
  {
    weight: 1,
    arbitrary: fc.tuple(alternatives, deep).map(([$or, inner]) => ({ $or: [inner, { ...inner, $or }] })),
  },
);

const extras = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.tuple(fc.tuple(keys, conditions)) },
);

/** A condition that the leaf meets, or (one time in eight) any condition. */
function conditionFor(leaf: unknown): fc.Arbitrary<unknown[]> {
  const meeting: fc.Arbitrary<unknown>[] = [
    fc.constant(leaf),
    fc.constant({ exists: true }),
    fc.constant({ "anything-but": "elm" }),
  ];
  if (typeof leaf === "string") {
    meeting.push(fc.constant({ prefix: leaf.slice(0, 1) }), fc.constant({ suffix: leaf.slice(-2) }));
    meeting.push(fc.constant({ "equals-ignore-case": leaf.toUpperCase() }));
  }
  if (typeof leaf === "number") meeting.push(fc.constant({ numeric: ["<=", leaf] }));
  const meets = fc.oneof(...meeting).map((only) => [only]);
  return fc.oneof({ weight: 7, arbitrary: meets }, { weight: 1, arbitrary: conditions });
}

/** A pattern shaped like the event: follows one element of each array, not always the same one. */
function patternLike(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) return patternOfOneOf(value);
  if (typeof value !== "object" || value === null) return conditionFor(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return conditions;
  return fc
    .subarray(entries, { minLength: 1 })
    .chain((picked) =>
      fc.tuple(
        ...picked.slice(0, 3).map(([key, inner]) => patternLike(inner).map((like) => [key, like] as const)),
      ),
    )
    .chain((fields) => extras.map((extra) => Object.fromEntries([...fields, ...extra])));
}

/** Elements that are objects are merged now and then, so that fields of several elements are asked for. */
function patternOfOneOf(elements: readonly unknown[]): fc.Arbitrary<unknown> {
  if (elements.length === 0) return fc.constant([{ exists: false }]);
  const objects = elements.filter(
    (element) => typeof element === "object" && element !== null && !Array.isArray(element),
  );
  const one = fc.constantFrom(...elements).chain(patternLike);
  if (objects.length < 2) return one;
  return fc.oneof(one, fc.constant(Object.assign({}, ...objects)).chain(patternLike));
}

export const pairs: fc.Arbitrary<Pair> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ pattern: freePattern, event: events }) },
  {
    weight: 3,
    arbitrary: events.chain((event) => patternLike(event).map((pattern) => ({ pattern, event }))),
  },
);
