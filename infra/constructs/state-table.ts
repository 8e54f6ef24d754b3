// The one table: decisions, timers and history. It outlives the stack.

import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { TABLE } from "../../shared/contracts/table.ts";

const textAttribute = (name: string) => ({ name, type: AttributeType.STRING });

export function stateTable(scope: Construct, id: string, key: IKey | undefined): Table {
  const table = new Table(scope, id, {
    partitionKey: textAttribute(TABLE.partitionKey),
    sortKey: textAttribute(TABLE.sortKey),
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: TABLE.expiryAttribute,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(key ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: key } : {}),
  });
  table.addGlobalSecondaryIndex({
    indexName: TABLE.indexName,
    partitionKey: textAttribute(TABLE.indexPartitionKey),
    sortKey: textAttribute(TABLE.indexSortKey),
    projectionType: ProjectionType.KEYS_ONLY,
  });
  return table;
}
