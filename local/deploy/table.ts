// AWS::DynamoDB::Table and GlobalTable. Expiry (TTL) is not installed: nothing may rely on it.

import type { CreateTableCommandInput, GlobalSecondaryIndex } from "@aws-sdk/client-dynamodb";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import type { CreateResource } from "./site.ts";
import { physicalName } from "./site.ts";

export const createTable: CreateResource = async (request) => {
  const { site, properties, stack, logicalId } = request;
  const TableName = physicalName(request, properties["TableName"], 255);
  const indexes = (properties["GlobalSecondaryIndexes"] ?? []) as readonly GlobalSecondaryIndex[];
  const input = {
    TableName,
    AttributeDefinitions: properties["AttributeDefinitions"],
    KeySchema: properties["KeySchema"],
    BillingMode: "PAY_PER_REQUEST",
    ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes.map(onDemand) }),
  } as CreateTableCommandInput;
  await site.dynamodb.send(new CreateTableCommand(input));
  const arn = `arn:aws:dynamodb:${site.region}:${site.account}:table/${TableName}`;
  site.tables.set(arn, { stack: stack.name, logicalId, name: TableName, arn });
  return { ref: TableName, attributes: { Arn: arn, StreamArn: `${arn}/stream/none` } };
};

const onDemand = ({ IndexName, KeySchema, Projection }: GlobalSecondaryIndex): GlobalSecondaryIndex => ({
  IndexName,
  KeySchema,
  Projection,
});
