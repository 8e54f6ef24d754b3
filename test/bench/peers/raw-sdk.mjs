// One conditional UpdateItem through the bare SDK client: what a single write costs at least with the SDK.

import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({});
const calls = Number(process.env.BENCH_CALLS ?? "1");

const update = (version) =>
  new UpdateItemCommand({
    TableName: "bench",
    Key: { pk: { S: "111122223333/eu-central-1/harbour/ferry" }, sk: { S: "now#state" } },
    UpdateExpression: "SET #state = :state, #version = :version",
    ConditionExpression: "attribute_not_exists(#version) OR #version < :version",
    ExpressionAttributeNames: { "#state": "state", "#version": "version" },
    ExpressionAttributeValues: { ":state": { S: "RUNNING" }, ":version": { N: String(version) } },
  });

export const handler = async () => {
  for (let call = 0; call < calls; call += 1) await client.send(update(call));
  return { batchItemFailures: [] };
};
