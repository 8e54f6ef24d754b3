// DynamoDB: the expressions that the state store is made of (shared/adapters/dynamodb).
import type { Scenario, ValueMap } from "../scenario.ts";
import { absent, anyOrder } from "../scenario.ts";

const KEY = { pk: { S: "svc" }, sk: { S: "now#state" } };
const TABLE = { TableName: "fleet" };

const commit = (expected: number, next: number): ValueMap => ({
  ...TABLE,
  Key: KEY,
  UpdateExpression: "SET #version = :version, #data = :data REMOVE #old",
  ConditionExpression: expected === 0 ? "attribute_not_exists(#version)" : "#version = :expected",
  ExpressionAttributeNames: { "#version": "version", "#data": "data", "#old": "old" },
  ExpressionAttributeValues: {
    ":version": { N: String(next) },
    ":data": { S: `state ${next}` },
    ...(expected > 0 && { ":expected": { N: String(expected) } }),
  },
});

const put = (sk: string, more: ValueMap = {}): ValueMap => ({
  ...TABLE,
  Item: { pk: { S: "svc" }, sk: { S: sk }, ...more },
});

export const dynamodbState: Scenario = {
  name: "dynamodb-state",
  about: "conditional updates, sets, counters, prefixes, sparse index, refusals",
  witnesses: ["dynamodb-local", "moto", "ministack"],
  steps: [
    {
      name: "create table",
      call: "dynamodb.CreateTable",
      input: {
        ...TABLE,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: "S" },
          { AttributeName: "ipk", AttributeType: "S" },
          { AttributeName: "isk", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: "index",
            Projection: { ProjectionType: "KEYS_ONLY" },
            KeySchema: [
              { AttributeName: "ipk", KeyType: "HASH" },
              { AttributeName: "isk", KeyType: "RANGE" },
            ],
          },
        ],
      },
    },
    {
      name: "it becomes active",
      call: "dynamodb.DescribeTable",
      input: TABLE,
      until: { "Table.TableStatus": "ACTIVE" },
      expect: { "Table.GlobalSecondaryIndexes.0.Projection.ProjectionType": "KEYS_ONLY" },
    },
    {
      name: "create it again",
      call: "dynamodb.CreateTable",
      input: {
        ...TABLE,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      },
      fails: ["ResourceInUseException", 400],
    },
    { name: "first commit", call: "dynamodb.UpdateItem", input: commit(0, 1) },
    {
      name: "first commit again",
      call: "dynamodb.UpdateItem",
      input: commit(0, 1),
      fails: ["ConditionalCheckFailedException", 400],
    },
    {
      name: "next commit",
      call: "dynamodb.UpdateItem",
      input: { ...commit(1, 2), ReturnValues: "ALL_OLD" },
      expect: { "Attributes.version": { N: "1" }, "Attributes.data": { S: "state 1" } },
    },
    {
      name: "commit over an old version",
      call: "dynamodb.UpdateItem",
      input: commit(1, 2),
      fails: ["ConditionalCheckFailedException", 400],
    },
    {
      name: "count a failure",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: KEY,
        UpdateExpression: "SET #schema = if_not_exists(#schema, :schema) ADD #failures :one",
        ExpressionAttributeNames: { "#schema": "schema", "#failures": "failures" },
        ExpressionAttributeValues: { ":schema": { N: "1" }, ":one": { N: "1" } },
        ReturnValues: "UPDATED_NEW",
      },
      expect: { Attributes: { schema: { N: "1" }, failures: { N: "1" } } },
    },
    {
      name: "count another",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: KEY,
        UpdateExpression: "ADD #failures :one",
        ExpressionAttributeNames: { "#failures": "failures" },
        ExpressionAttributeValues: { ":one": { N: "1" } },
        ReturnValues: "UPDATED_NEW",
      },
      expect: { Attributes: { failures: { N: "2" } } },
    },
    {
      name: "add to a set that is not there",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: { pk: { S: "svc" }, sk: { S: "now#commands" } },
        UpdateExpression: "ADD #commands :commands",
        ExpressionAttributeNames: { "#commands": "commands" },
        ExpressionAttributeValues: { ":commands": { SS: ["a", "b"] } },
        ReturnValues: "ALL_NEW",
      },
      expect: { "Attributes.commands.SS": anyOrder("a", "b") },
    },
    {
      name: "take from the set",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: { pk: { S: "svc" }, sk: { S: "now#commands" } },
        UpdateExpression: "DELETE #commands :commands",
        ExpressionAttributeNames: { "#commands": "commands" },
        ExpressionAttributeValues: { ":commands": { SS: ["a"] } },
        ReturnValues: "ALL_NEW",
      },
      expect: { "Attributes.commands": { SS: ["b"] } },
    },
    {
      name: "an emptied set is gone",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: { pk: { S: "svc" }, sk: { S: "now#commands" } },
        UpdateExpression: "DELETE #commands :commands",
        ExpressionAttributeNames: { "#commands": "commands" },
        ExpressionAttributeValues: { ":commands": { SS: ["b"] } },
        ReturnValues: "ALL_NEW",
      },
      expect: { "Attributes.commands": absent, "Attributes.pk": { S: "svc" } },
    },
    {
      name: "slow down, never back",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: { pk: { S: "control" }, sk: { S: "control" } },
        UpdateExpression: "SET #until = :until",
        ConditionExpression: "attribute_not_exists(#until) OR #until < :until",
        ExpressionAttributeNames: { "#until": "slowUntil" },
        ExpressionAttributeValues: { ":until": { N: "50" } },
      },
    },
    {
      name: "slow down to an earlier instant",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: { pk: { S: "control" }, sk: { S: "control" } },
        UpdateExpression: "SET #until = :until",
        ConditionExpression: "attribute_not_exists(#until) OR #until < :until",
        ExpressionAttributeNames: { "#until": "slowUntil" },
        ExpressionAttributeValues: { ":until": { N: "49" } },
      },
      fails: ["ConditionalCheckFailedException", 400],
    },
    { name: "history 1", call: "dynamodb.PutItem", input: put("past#001", { n: { N: "1" } }) },
    { name: "history 2", call: "dynamodb.PutItem", input: put("past#002", { n: { N: "2" } }) },
    {
      name: "with a timer",
      call: "dynamodb.PutItem",
      input: put("now#policy", { ipk: { S: "due#0" }, isk: { S: "000100" } }),
    },
    {
      name: "load a partition's present",
      call: "dynamodb.Query",
      input: {
        ...TABLE,
        ConsistentRead: true,
        KeyConditionExpression: "#pk = :key AND begins_with(#sk, :now)",
        ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
        ExpressionAttributeValues: { ":key": { S: "svc" }, ":now": { S: "now#" } },
      },
      expect: {
        Count: 3,
        "Items.*.sk.S": ["now#commands", "now#policy", "now#state"],
        "Items.2.version.N": "2",
        "Items.2.failures.N": "2",
        LastEvaluatedKey: absent,
      },
    },
    {
      name: "newest history first, one page",
      call: "dynamodb.Query",
      input: {
        ...TABLE,
        ScanIndexForward: false,
        Limit: 1,
        KeyConditionExpression: "#pk = :key AND begins_with(#sk, :past)",
        ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
        ExpressionAttributeValues: { ":key": { S: "svc" }, ":past": { S: "past#" } },
      },
      expect: {
        "Items.*.n.N": ["2"],
        LastEvaluatedKey: { pk: { S: "svc" }, sk: { S: "past#002" } },
      },
    },
    {
      name: "timers that are due",
      call: "dynamodb.Query",
      input: {
        ...TABLE,
        IndexName: "index",
        KeyConditionExpression: "#ipk = :shard AND #isk <= :before",
        ExpressionAttributeNames: { "#ipk": "ipk", "#isk": "isk" },
        ExpressionAttributeValues: { ":shard": { S: "due#0" }, ":before": { S: "000100" } },
      },
      expect: {
        Items: [{ pk: { S: "svc" }, sk: { S: "now#policy" }, ipk: { S: "due#0" }, isk: { S: "000100" } }],
      },
    },
    {
      name: "consistent read of the index",
      call: "dynamodb.Query",
      input: {
        ...TABLE,
        IndexName: "index",
        ConsistentRead: true,
        KeyConditionExpression: "#ipk = :shard",
        ExpressionAttributeNames: { "#ipk": "ipk" },
        ExpressionAttributeValues: { ":shard": { S: "due#0" } },
      },
      fails: ["ValidationException", 400],
    },
    {
      name: "two items at once",
      call: "dynamodb.BatchGetItem",
      input: {
        RequestItems: {
          fleet: {
            ConsistentRead: true,
            Keys: [KEY, { pk: { S: "nobody" }, sk: { S: "control" } }],
          },
        },
      },
      expect: { "Responses.fleet.*.data.S": ["state 2"], UnprocessedKeys: {} },
    },
    {
      name: "an item that is not there",
      call: "dynamodb.GetItem",
      input: { ...TABLE, Key: { pk: { S: "svc" }, sk: { S: "nothing" } } },
      expect: { Item: absent },
    },
    {
      name: "a reserved word without a placeholder",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: KEY,
        UpdateExpression: "SET status = :v",
        ExpressionAttributeValues: { ":v": { S: "x" } },
      },
      fails: ["ValidationException", 400],
    },
    {
      name: "a placeholder that is not used",
      call: "dynamodb.UpdateItem",
      input: {
        ...TABLE,
        Key: KEY,
        UpdateExpression: "SET #a = :v",
        ExpressionAttributeNames: { "#a": "a", "#b": "b" },
        ExpressionAttributeValues: { ":v": { S: "x" } },
      },
      fails: ["ValidationException", 400],
    },
    {
      name: "the failed condition shows the item",
      call: "dynamodb.DeleteItem",
      input: {
        ...TABLE,
        Key: KEY,
        ConditionExpression: "#version = :one",
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":one": { N: "1" } },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
      fails: ["ConditionalCheckFailedException", 400],
    },
    {
      name: "half a key",
      call: "dynamodb.GetItem",
      input: { ...TABLE, Key: { pk: { S: "svc" } } },
      fails: ["ValidationException", 400],
    },
    {
      name: "unknown table",
      call: "dynamodb.GetItem",
      input: { TableName: "nowhere", Key: KEY },
      fails: ["ResourceNotFoundException", 400],
    },
    {
      name: "delete",
      call: "dynamodb.DeleteItem",
      input: { ...TABLE, Key: KEY, ReturnValues: "ALL_OLD" },
      expect: { "Attributes.version.N": "2" },
    },
    {
      name: "delete again",
      call: "dynamodb.DeleteItem",
      input: { ...TABLE, Key: KEY, ReturnValues: "ALL_OLD" },
      expect: { Attributes: absent },
    },
  ],
};
