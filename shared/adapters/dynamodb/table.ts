// The table's calls that all stores share: what every statement needs, conditions as values, whole queries.

import type { QueryCommandInput, UpdateItemCommandInput } from "@aws-sdk/client-dynamodb";
import { DynamoDBClient, QueryCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { isCode } from "../../base/errors.ts";
import type { AwsClient, Paced } from "../aws/client.ts";
import { clientOptions, DATA_PLANE, send } from "../aws/client.ts";
import { unpaced } from "../aws/pace.ts";
import type { Item } from "./attributes.ts";

export interface Table {
  readonly name: string;
  readonly to: Paced;
}

export const createDynamoClient = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  new DynamoDBClient(clientOptions(DATA_PLANE, environment));

/** On-demand tables have no rate of ours to keep. */
export const tableOf = (client: AwsClient, name: string): Table => ({ name, to: { client, pace: unpaced } });

export type Update = Omit<UpdateItemCommandInput, "TableName">;

/** One UpdateItem; returns the attributes that `ReturnValues` asked for. */
export async function update(table: Table, input: Update): Promise<Item> {
  const output = await send(table.to, new UpdateItemCommand({ TableName: table.name, ...input }));
  return output.Attributes ?? {};
}

/** A condition that did not hold is an answer, not an error. */
export async function updateIf(table: Table, input: Update): Promise<"committed" | "conflict"> {
  try {
    await update(table, input);
    return "committed";
  } catch (error) {
    if (isCode(error, "conflict")) return "conflict";
    throw error;
  }
}

/** All items of the query, page by page (a page ends at 1 MB), or as many as `Limit` says. */
export async function queryAll(
  table: Table,
  input: Omit<QueryCommandInput, "TableName">,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let from: QueryCommandInput["ExclusiveStartKey"];
  do {
    const page = await send(
      table.to,
      new QueryCommand({
        TableName: table.name,
        ...input,
        ...(from !== undefined && { ExclusiveStartKey: from }),
      }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined && items.length < (input.Limit ?? Number.POSITIVE_INFINITY));
  return items;
}
