// SweepMemory over DynamoDB: one item, moved on only by the sweep that read it last.

import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { SweepMemory } from "../../ports/fleet-store.ts";
import { send } from "../aws/client.ts";
import { number, schema, text } from "./attributes.ts";
import { decodeMemory, memoryKey } from "./items.ts";
import type { Table } from "./table.ts";
import { updateIf } from "./table.ts";

export function createSweepMemory(table: Table): SweepMemory {
  return {
    read: async () => {
      const read = new GetItemCommand({
        TableName: table.name,
        Key: { ...memoryKey() },
        ConsistentRead: true,
      });
      return decodeMemory((await send(table.to, read)).Item);
    },
    write: (version, memory) =>
      updateIf(table, {
        Key: { ...memoryKey() },
        UpdateExpression: "SET #schema = :schema, #version = :next, #data = :data",
        ConditionExpression: version === 0 ? "attribute_not_exists(#version)" : "#version = :version",
        ExpressionAttributeNames: { "#schema": "schema", "#version": "version", "#data": "data" },
        ExpressionAttributeValues: {
          ":schema": schema(),
          ":next": number(version + 1),
          ":data": text(JSON.stringify(memory)),
          ...(version > 0 && { ":version": number(version) }),
        },
      }),
  };
}
