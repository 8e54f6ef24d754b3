// HistoryStore over DynamoDB: decision records behind the key they belong to, newest last.

import type { WriteRequest } from "@aws-sdk/client-dynamodb";
import { BatchWriteItemCommand } from "@aws-sdk/client-dynamodb";
import { AppError } from "../../base/errors.ts";
import { SORT_KEYS, TABLE } from "../../contracts/table.ts";
import type { HistoryStore } from "../../ports/state-store.ts";
import { send } from "../aws/client.ts";
import { text } from "./attributes.ts";
import { decodeRecord, encodeRecord, recordSortKey } from "./items.ts";
import type { Table } from "./table.ts";
import { queryAll } from "./table.ts";

/** BatchWriteItem's limit. */
const MAX_WRITES = 25;
const MAX_WRITE_ROUNDS = 4;

export interface HistoryOptions {
  /** Records older than this may be deleted by DynamoDB's TTL. */
  readonly retentionMs: number;
  /** Waits between rounds of what DynamoDB left unwritten. */
  readonly wait: (ms: number) => Promise<void>;
}

export function createHistoryStore(table: Table, options: HistoryOptions): HistoryStore {
  return {
    append: async (records) => {
      // A batch may not name an item twice.
      const unique = new Map(records.map((record) => [`${record.key} ${recordSortKey(record)}`, record]));
      const writes = [...unique.values()].map((record) => ({
        PutRequest: { Item: { ...encodeRecord(record, options.retentionMs) } },
      }));
      for (let from = 0; from < writes.length; from += MAX_WRITES) {
        await writeAll(table, writes.slice(from, from + MAX_WRITES), options.wait);
      }
    },
    recent: async (key, limit) => {
      const items = await queryAll(table, {
        KeyConditionExpression: "#pk = :key AND begins_with(#sk, :past)",
        ExpressionAttributeNames: { "#pk": TABLE.partitionKey, "#sk": TABLE.sortKey },
        ExpressionAttributeValues: { ":key": text(key), ":past": text(SORT_KEYS.pastPrefix) },
        ScanIndexForward: false,
        Limit: limit,
      });
      return items.slice(0, limit).map(decodeRecord);
    },
  };
}

async function writeAll(table: Table, writes: WriteRequest[], wait: HistoryOptions["wait"]): Promise<void> {
  let left = writes;
  for (let round = 0; round < MAX_WRITE_ROUNDS; round += 1) {
    if (round > 0) await wait(50 * 2 ** round);
    const output = await send(table.to, new BatchWriteItemCommand({ RequestItems: { [table.name]: left } }));
    left = output.UnprocessedItems?.[table.name] ?? [];
    if (left.length === 0) return;
  }
  throw new AppError(
    "throttled",
    `DynamoDB left ${left.length} history records unwritten ${MAX_WRITE_ROUNDS} times`,
  );
}
