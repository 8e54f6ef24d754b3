// FleetStore and TimerIndex over DynamoDB: the questions that go across keys, answered by the sparse index.

import { DeleteItemCommand, GetItemCommand, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { AppError } from "../../base/errors.ts";
import type { Key } from "../../base/keys.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Command } from "../../contracts/policy.ts";
import {
  duePartition,
  INDEX_SHARDS,
  managedPartition,
  sortableInstant,
  TABLE,
} from "../../contracts/table.ts";
import type { FleetStore, Page, TimerIndex } from "../../ports/fleet-store.ts";
import { send } from "../aws/client.ts";
import { schema, text, textOf } from "./attributes.ts";
import { commandsKey, controlKey, decodeControl, encodeCommand, encodePolicy, policyKey } from "./items.ts";
import type { Table, Update } from "./table.ts";
import { queryAll, update } from "./table.ts";

export function createFleetStore(table: Table): FleetStore {
  return {
    managedKeys: (page) => managedKeys(table, page),
    putPolicy: async (key, policy) => {
      const command =
        policy === undefined
          ? new DeleteItemCommand({ TableName: table.name, Key: { ...policyKey(key) } })
          : new PutItemCommand({ TableName: table.name, Item: { ...encodePolicy(key, policy) } });
      await send(table.to, command);
    },
    putCommand: async (key, command) => {
      await update(table, commandsChange(key, "ADD", [command]));
    },
    dropCommands: async (key, commands) => {
      // An empty set is not a value that DynamoDB takes.
      if (commands.length > 0) await update(table, commandsChange(key, "DELETE", commands));
    },
    control: async () => {
      const read = new GetItemCommand({
        TableName: table.name,
        Key: { ...controlKey() },
        ConsistentRead: true,
      });
      return decodeControl((await send(table.to, read)).Item);
    },
    setKillSwitch: async (on) => {
      await update(table, {
        Key: { ...controlKey() },
        UpdateExpression: "SET #killSwitch = :on, #schema = :schema",
        ExpressionAttributeNames: { "#killSwitch": "killSwitch", "#schema": "schema" },
        ExpressionAttributeValues: { ":on": { BOOL: on }, ":schema": schema() },
      });
    },
  };
}

const commandsChange = (key: Key, verb: "ADD" | "DELETE", commands: readonly Command[]): Update => ({
  Key: { ...commandsKey(key) },
  UpdateExpression: `SET #schema = :schema ${verb} #commands :commands`,
  ExpressionAttributeNames: { "#schema": "schema", "#commands": "commands" },
  ExpressionAttributeValues: { ":schema": schema(), ":commands": { SS: commands.map(encodeCommand) } },
});

/** Shard after shard, by key within a shard. The token is `shard/last key of the page`. */
async function managedKeys(
  table: Table,
  page: { readonly limit: number; readonly after?: string },
): Promise<Page<Key>> {
  const keys: Key[] = [];
  let { shard, last } = parseToken(page.after);
  while (shard < INDEX_SHARDS) {
    const { found, more } = await managedShard(table, { shard, last, limit: page.limit - keys.length });
    keys.push(...found);
    last = found.at(-1) ?? last;
    if (!more) [shard, last] = [shard + 1, ""];
    if (keys.length >= page.limit) break;
  }
  return { items: keys, next: shard < INDEX_SHARDS ? `${shard}/${last}` : undefined };
}

function parseToken(token: string | undefined): { shard: number; last: string } {
  if (token === undefined) return { shard: 0, last: "" };
  const slash = token.indexOf("/");
  const shard = Number(token.slice(0, slash));
  if (slash < 1 || !Number.isInteger(shard)) throw new AppError("input", `"${token}" is not a page token`);
  return { shard, last: token.slice(slash + 1) };
}

async function managedShard(
  table: Table,
  part: { readonly shard: number; readonly last: string; readonly limit: number },
): Promise<{ readonly found: readonly Key[]; readonly more: boolean }> {
  const output = await send(
    table.to,
    new QueryCommand({
      TableName: table.name,
      IndexName: TABLE.indexName,
      KeyConditionExpression: "#ipk = :shard AND #isk > :last",
      ExpressionAttributeNames: { "#ipk": TABLE.indexPartitionKey, "#isk": TABLE.indexSortKey },
      // No key is lower than a blank, and an empty text is not a key value that DynamoDB takes.
      ExpressionAttributeValues: {
        ":shard": text(managedPartition(part.shard)),
        ":last": text(part.last || " "),
      },
      Limit: part.limit,
    }),
  );
  const found = (output.Items ?? []).map((item) => textOf(item, TABLE.partitionKey) as Key);
  return { found, more: output.LastEvaluatedKey !== undefined };
}

export function createTimerIndex(table: Table): TimerIndex {
  return {
    due: async (before, limit) => {
      const due: DueTimer[] = [];
      // One after another over one warm connection: a parallel query would pay for a TLS handshake of its own.
      for (let shard = 0; shard < INDEX_SHARDS; shard += 1)
        due.push(...(await dueInShard(table, { shard, before, limit })));
      return due.sort((a, b) => a.wakeAt - b.wakeAt || (a.key < b.key ? -1 : 1)).slice(0, limit);
    },
  };
}

interface DueTimer {
  readonly key: Key;
  readonly wakeAt: EpochMs;
}

async function dueInShard(
  table: Table,
  part: { readonly shard: number; readonly before: EpochMs; readonly limit: number },
): Promise<DueTimer[]> {
  const items = await queryAll(table, {
    IndexName: TABLE.indexName,
    KeyConditionExpression: "#ipk = :shard AND #isk <= :before",
    ExpressionAttributeNames: { "#ipk": TABLE.indexPartitionKey, "#isk": TABLE.indexSortKey },
    ExpressionAttributeValues: {
      ":shard": text(duePartition(part.shard)),
      ":before": text(sortableInstant(part.before)),
    },
    Limit: part.limit,
  });
  return items.map((item) => ({
    key: textOf(item, TABLE.partitionKey) as Key,
    wakeAt: Number(textOf(item, TABLE.indexSortKey)) as EpochMs,
  }));
}
