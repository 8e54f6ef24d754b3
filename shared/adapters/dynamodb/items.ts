// Every item of the table, to and from what it means. Pure: no calls. The layout is contracts/table.ts.

import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { AppError } from "../../base/errors.ts";
import type { Key } from "../../base/keys.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Aggregate, DecisionRecord, Json, KeyState } from "../../contracts/aggregate.ts";
import type { Command, Control, ServicePolicy } from "../../contracts/policy.ts";
import {
  CONTROL_PARTITION,
  duePartitionOf,
  managedPartitionOf,
  SORT_KEYS,
  SWEEP_PARTITION,
  sortableInstant,
  sortableVersion,
  TABLE,
} from "../../contracts/table.ts";
import type { Item } from "./attributes.ts";
import {
  checkSchema,
  damaged,
  jsonOf,
  number,
  numberOf,
  numberOr,
  packed,
  schema,
  text,
  textOf,
  unpackedOf,
} from "./attributes.ts";

/** DynamoDB refuses items over 400 KB; the rest of the item and its keys have the difference. */
const MAX_PACKED_BYTES = 350 * 1024;

export type ItemKey = Readonly<Record<string, AttributeValue>>;

const itemKey = (partition: string, sort: string): ItemKey => ({
  [TABLE.partitionKey]: text(partition),
  [TABLE.sortKey]: text(sort),
});

export const stateKey = (key: Key): ItemKey => itemKey(key, SORT_KEYS.state);
export const policyKey = (key: Key): ItemKey => itemKey(key, SORT_KEYS.policy);
export const commandsKey = (key: Key): ItemKey => itemKey(key, SORT_KEYS.commands);
export const controlKey = (): ItemKey => itemKey(CONTROL_PARTITION, SORT_KEYS.control);
export const memoryKey = (): ItemKey => itemKey(SWEEP_PARTITION, SORT_KEYS.memory);

// --- state -----------------------------------------------------------------------------------------

/** A key that nobody has decided about yet. */
export const emptyState = (failures = 0): KeyState => ({
  version: 0,
  tasks: {},
  capabilities: {},
  intents: [],
  awaiting: [],
  reasons: {},
  decidedAt: 0 as EpochMs,
  failures,
});

/** The attributes of a state item but for its key; absent = to be removed. */
export interface StateAttributes {
  readonly set: Item;
  readonly remove: readonly string[];
}

export function encodeState(key: Key, state: KeyState): StateAttributes {
  const { version, wakeAt, failures, ...rest } = state;
  const data = packed(rest);
  if (data.byteLength > MAX_PACKED_BYTES) throw tooLarge(key, state, data.byteLength);
  const set = { schema: schema(), version: number(version), failures: number(failures), data: { B: data } };
  if (wakeAt === undefined) {
    return { set, remove: ["wakeAt", TABLE.indexPartitionKey, TABLE.indexSortKey] };
  }
  return { set: { ...set, wakeAt: number(wakeAt), ...timerAttributes(key, wakeAt) }, remove: [] };
}

const timerAttributes = (key: Key, wakeAt: EpochMs): Item => ({
  [TABLE.indexPartitionKey]: text(duePartitionOf(key)),
  [TABLE.indexSortKey]: text(sortableInstant(wakeAt)),
});

function tooLarge(key: Key, state: KeyState, bytes: number): AppError {
  const tasks = Object.keys(state.tasks).length;
  return new AppError(
    "limit",
    `${key}: state of ${tasks} tasks takes ${bytes} bytes packed, at most ${MAX_PACKED_BYTES} fit`,
    {
      detail: { key, tasks, bytes },
    },
  );
}

export function decodeState(item: Item): KeyState {
  checkSchema(item);
  const failures = numberOr(item, "failures", 0);
  // Only failures were counted so far: the first pass of this key never got to its commit.
  if (item["version"] === undefined) return emptyState(failures);
  const wakeAt = item["wakeAt"] === undefined ? undefined : (numberOf(item, "wakeAt") as EpochMs);
  return {
    ...checkedData(item),
    version: numberOf(item, "version"),
    failures,
    ...(wakeAt !== undefined && { wakeAt }),
  };
}

type StateData = Omit<KeyState, "version" | "failures" | "wakeAt">;

function checkedData(item: Item): StateData {
  const data = unpackedOf(item, "data");
  if (!isRecord(data)) return damaged(item, "data", "an object");
  for (const field of ["tasks", "capabilities", "reasons"]) {
    if (!isRecord(data[field])) damaged(item, `data.${field}`, "an object");
  }
  for (const field of ["intents", "awaiting"]) {
    if (!Array.isArray(data[field])) damaged(item, `data.${field}`, "a list");
  }
  if (typeof data["decidedAt"] !== "number") damaged(item, "data.decidedAt", "a number");
  // The fields of our own writing were checked above -- Json cannot be narrowed to the contract's unions.
  return data as unknown as StateData;
}

const isRecord = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// --- policy and commands ---------------------------------------------------------------------------

export const encodePolicy = (key: Key, policy: ServicePolicy): Item => ({
  ...policyKey(key),
  schema: schema(),
  data: text(JSON.stringify(policy)),
  [TABLE.indexPartitionKey]: text(managedPartitionOf(key)),
  [TABLE.indexSortKey]: text(key),
});

export function decodePolicy(item: Item): ServicePolicy {
  checkSchema(item);
  const policy = jsonOf(item, "data");
  return isRecord(policy) ? (policy as ServicePolicy) : damaged(item, "data", "an object");
}

/** Equal commands have equal text whatever the order of their fields: a set holds each once. */
export const encodeCommand = (command: Command): string =>
  JSON.stringify(Object.fromEntries(Object.entries(command).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Oldest first; the set itself has no order. */
export function decodeCommands(item: Item): readonly Command[] {
  checkSchema(item);
  // DynamoDB drops an attribute whose set has become empty.
  return inOrder((item["commands"]?.SS ?? []).map((line) => decodeCommand(item, line)));
}

function decodeCommand(item: Item, line: string): Command {
  try {
    return JSON.parse(line) as Command;
  } catch {
    return damaged(item, "commands", "JSON");
  }
}

export const inOrder = (commands: readonly Command[]): readonly Command[] =>
  commands.toSorted((a, b) => a.at - b.at || (encodeCommand(a) < encodeCommand(b) ? -1 : 1));

export function decodeAggregate(key: Key, items: readonly Item[]): Aggregate {
  const bySort = new Map(items.map((item) => [textOf(item, TABLE.sortKey), item]));
  const state = bySort.get(SORT_KEYS.state);
  const policy = bySort.get(SORT_KEYS.policy);
  const commands = bySort.get(SORT_KEYS.commands);
  return {
    key,
    policy: policy && decodePolicy(policy),
    commands: commands === undefined ? [] : decodeCommands(commands),
    state: state === undefined ? emptyState() : decodeState(state),
  };
}

// --- history ---------------------------------------------------------------------------------------

/** The record's own names make its key, so writing it again changes nothing. */
export const recordSortKey = (record: DecisionRecord): string =>
  `${SORT_KEYS.pastPrefix}${sortableInstant(record.at)}#${sortableVersion(record.version)}#${record.capability}`;

export const encodeRecord = (record: DecisionRecord, retentionMs: number): Item => ({
  ...itemKey(record.key, recordSortKey(record)),
  schema: schema(),
  data: { B: packed(record) },
  [TABLE.expiryAttribute]: number(Math.floor((record.at + retentionMs) / 1_000)),
});

export function decodeRecord(item: Item): DecisionRecord {
  checkSchema(item);
  const record = unpackedOf(item, "data");
  if (!isRecord(record) || !Array.isArray(record["reasons"]) || !Array.isArray(record["actions"])) {
    return damaged(item, "data", "a decision record");
  }
  // Written by encodeRecord alone -- Json cannot be narrowed to the contract's unions.
  return record as unknown as DecisionRecord;
}

// --- the account-wide items ------------------------------------------------------------------------

export const NO_CONTROL: Control = { killSwitch: false, slowUntil: 0 };

export function decodeControl(item: Item | undefined): Control {
  if (item === undefined) return NO_CONTROL;
  checkSchema(item);
  const killSwitch = item["killSwitch"]?.BOOL ?? false;
  return { killSwitch, slowUntil: numberOr(item, "slowUntil", 0) };
}

export function decodeMemory(item: Item | undefined): { readonly version: number; readonly memory: Json } {
  if (item === undefined) return { version: 0, memory: null };
  checkSchema(item);
  return { version: numberOf(item, "version"), memory: jsonOf(item, "data") };
}
