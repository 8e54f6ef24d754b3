// An event laid flat: every leaf by its path, with the array elements it lies in, so that fields of one
// element are matched together.

import type { Leaf } from "./operators.ts";

/** Pairs [array, element index, …] of the arrays around a leaf, outermost first. */
export type Membership = readonly number[];

export interface Field {
  readonly leaf: Leaf;
  readonly membership: Membership;
}

export type Fields = ReadonlyMap<string, readonly Field[]>;

interface Walk {
  readonly fields: Map<string, Field[]>;
  readonly used: ReadonlySet<string>;
  arrays: number;
}

export const noMembership: Membership = [];

/** Deeper than this is not an event: JSON readers refuse it too. */
const deepest = 1_000;

/** Only paths in `used` (patterns' paths and their beginnings) are kept. */
export function fieldsOf(event: unknown, used: ReadonlySet<string>): Fields {
  const walk: Walk = { fields: new Map(), used, arrays: 0 };
  if (isPlain(event)) readObject(walk, event, { path: undefined, membership: noMembership, depth: 0 });
  return walk.fields;
}

interface Spot {
  readonly path: string | undefined;
  readonly membership: Membership;
  readonly depth: number;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readObject(walk: Walk, object: Record<string, unknown>, spot: Spot): void {
  for (const key of Object.keys(object)) {
    const path = spot.path === undefined ? key : `${spot.path}.${key}`;
    if (walk.used.has(path))
      readValue(walk, object[key], { path, membership: spot.membership, depth: spot.depth + 1 });
  }
}

function readValue(walk: Walk, value: unknown, spot: Spot): void {
  if (spot.depth > deepest) return;
  if (Array.isArray(value)) readArray(walk, value, spot);
  else if (isPlain(value)) readObject(walk, value, spot);
  else if (isLeaf(value)) addField(walk, spot.path ?? "", { leaf: value, membership: spot.membership });
}

function readArray(walk: Walk, array: readonly unknown[], spot: Spot): void {
  const id = walk.arrays;
  walk.arrays += 1;
  for (let index = 0; index < array.length; index += 1) {
    const element = array[index];
    // Values straight in an array are alternatives of one field: they belong to no element.
    const membership =
      typeof element === "object" && element !== null ? [...spot.membership, id, index] : spot.membership;
    readValue(walk, element, { path: spot.path, membership, depth: spot.depth + 1 });
  }
}

const isLeaf = (value: unknown): value is Leaf =>
  value === null ||
  typeof value === "string" ||
  typeof value === "boolean" ||
  (typeof value === "number" && Number.isFinite(value));

function addField(walk: Walk, path: string, field: Field): void {
  const fields = walk.fields.get(path);
  if (fields === undefined) walk.fields.set(path, [field]);
  else fields.push(field);
}

/** Both together; undefined when they lie in different elements of one array. */
export function joined(a: Membership, b: Membership): Membership | undefined {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  let extended: number[] | undefined;
  for (let at = 0; at < b.length; at += 2) {
    const known = elementOf(a, b[at] as number);
    if (known === undefined) {
      extended ??= [...a];
      extended.push(b[at] as number, b[at + 1] as number);
    } else if (known !== b[at + 1]) return undefined;
  }
  return extended ?? a;
}

function elementOf(membership: Membership, array: number): number | undefined {
  for (let at = 0; at < membership.length; at += 2) if (membership[at] === array) return membership[at + 1];
  return undefined;
}
