// StateStore over DynamoDB: what a pass loads, commits and asks. Conditions have names; everything that a
// commit changes is in one item, so one conditional UpdateItem is the whole transaction.

import type { BatchGetItemCommandInput, BatchGetItemCommandOutput } from "@aws-sdk/client-dynamodb";
import { BatchGetItemCommand } from "@aws-sdk/client-dynamodb";
import { assert } from "../../base/assert.ts";
import { AppError } from "../../base/errors.ts";
import type { Key } from "../../base/keys.ts";
import { SORT_KEYS, TABLE } from "../../contracts/table.ts";
import type { StateStore } from "../../ports/state-store.ts";
import { send } from "../aws/client.ts";
import type { Item } from "./attributes.ts";
import { number, numberOf, schema, text, textOf } from "./attributes.ts";
import {
  commandsKey,
  controlKey,
  decodeAggregate,
  decodeCommands,
  decodeControl,
  encodeState,
  stateKey,
} from "./items.ts";
import type { Table, Update } from "./table.ts";
import { queryAll, update, updateIf } from "./table.ts";

/** BatchGetItem may leave keys out under load; two items come back at the second try or not at all. */
const MAX_READ_ROUNDS = 3;

export function createStateStore(table: Table): StateStore {
  return {
    load: async (key) => decodeAggregate(key, await loadNow(table, key)),
    commit: async (key, expectedVersion, next) => {
      assert(
        next.version === expectedVersion + 1,
        `${key}: commit of ${next.version} over ${expectedVersion}`,
      );
      return await updateIf(table, {
        Key: { ...stateKey(key) },
        ...commitOf(encodeState(key, next), expectedVersion),
      });
    },
    readOrders: async (key) => {
      const items = await readOrderItems(table, key);
      const commands = items.get(SORT_KEYS.commands);
      return {
        control: decodeControl(items.get(SORT_KEYS.control)),
        commands: commands === undefined ? [] : decodeCommands(commands),
      };
    },
    countFailure: async (key) => numberOf(await update(table, failureOf(key)), "failures"),
    slowDown: async (until) => {
      await updateIf(table, slowDownTo(until));
    },
  };
}

/**
 * One cheap signed read while the function starts: the first call costs 30 ms of CPU (TLS, signer, schemas), and
 * Lambda throttles the CPU of small functions in invocations, not while they start. Never throws.
 */
export const warmStore = (store: StateStore): Promise<unknown> =>
  store.load("warm/warm/warm/warm" as Key).catch(() => undefined);

const loadNow = (table: Table, key: Key): Promise<readonly Item[]> =>
  queryAll(table, {
    ConsistentRead: true,
    KeyConditionExpression: "#pk = :key AND begins_with(#sk, :now)",
    ExpressionAttributeNames: { "#pk": TABLE.partitionKey, "#sk": TABLE.sortKey },
    ExpressionAttributeValues: { ":key": text(key), ":now": text(SORT_KEYS.nowPrefix) },
  });

/**
 * Every state item has a version from its first commit on. When a commit's answer is lost, the SDK's second
 * attempt meets its own first one and reads as a conflict: the pass is decided again, from its stored intents.
 */
const neverCommitted = "attribute_not_exists(#version)";
const stillAtExpectedVersion = "#version = :expected";

type Statement = Omit<Update, "Key">;

function commitOf(attributes: ReturnType<typeof encodeState>, expectedVersion: number): Statement {
  const names = Object.keys(attributes.set);
  const sets = names.map((name) => `#${name} = :${name}`).join(", ");
  const removes = attributes.remove.map((name) => `#${name}`).join(", ");
  const first = expectedVersion === 0;
  return {
    UpdateExpression: removes === "" ? `SET ${sets}` : `SET ${sets} REMOVE ${removes}`,
    ConditionExpression: first ? neverCommitted : stillAtExpectedVersion,
    ExpressionAttributeNames: Object.fromEntries(
      [...names, ...attributes.remove].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: {
      ...Object.fromEntries(Object.entries(attributes.set).map(([name, value]) => [`:${name}`, value])),
      ...(!first && { ":expected": number(expectedVersion) }),
    },
  };
}

/** Outside the version: a pass that crashes must be counted even where it cannot commit. */
const failureOf = (key: Key): Update => ({
  Key: { ...stateKey(key) },
  UpdateExpression: "SET #schema = if_not_exists(#schema, :schema) ADD #failures :one",
  ExpressionAttributeNames: { "#schema": "schema", "#failures": "failures" },
  ExpressionAttributeValues: { ":schema": schema(), ":one": number(1) },
  ReturnValues: "UPDATED_NEW",
});

const slowDownTo = (until: number): Update => ({
  Key: { ...controlKey() },
  UpdateExpression: "SET #slowUntil = :until, #schema = :schema",
  ConditionExpression: "attribute_not_exists(#slowUntil) OR #slowUntil < :until",
  ExpressionAttributeNames: { "#slowUntil": "slowUntil", "#schema": "schema" },
  ExpressionAttributeValues: { ":until": number(until), ":schema": schema() },
});

async function readOrderItems(table: Table, key: Key): Promise<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  let wanted: BatchGetItemCommandInput["RequestItems"] = {
    [table.name]: { ConsistentRead: true, Keys: [{ ...controlKey() }, { ...commandsKey(key) }] },
  };
  for (let round = 0; round < MAX_READ_ROUNDS; round += 1) {
    const output: BatchGetItemCommandOutput = await send(
      table.to,
      new BatchGetItemCommand({ RequestItems: wanted }),
    );
    for (const item of Object.values(output.Responses ?? {}).flat())
      found.set(textOf(item, TABLE.sortKey), item);
    wanted = output.UnprocessedKeys ?? {};
    if (Object.keys(wanted).length === 0) return found;
  }
  throw new AppError("throttled", `${key}: DynamoDB left the orders unread ${MAX_READ_ROUNDS} times`);
}
