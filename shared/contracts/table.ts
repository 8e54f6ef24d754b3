// The layout of the one DynamoDB table, in one place: the store reads and writes it, infra and the local
// AWS create it from here. Everything that happens to a key is one partition, so a load is one Query.
//
// | pk      | sk                                       | what                                          |
// |---------|------------------------------------------|-----------------------------------------------|
// | key     | now#state                                | KeyState; in the index under due#N with a timer |
// | key     | now#policy                               | ServicePolicy; in the index under managed#N   |
// | key     | now#commands                             | the operator's commands, a string set         |
// | key     | past#<instant>#<version>#<capability>    | one decision record                           |
// | control | control                                  | the account-wide switches                     |
// | sweep   | memory                                   | where the sweep stands                        |
// | lease#… | lease                                    | who writes a listener or rule now, until when |

import { fingerprint32 } from "../base/fingerprint.ts";

/** Raised when an item's meaning changes; a reader refuses items that are newer than itself. */
export const TABLE_SCHEMA = 1;

/**
 * Spreads the index over partitions. Each takes 1,000 writes/s, and each is one more query of every sweep:
 * two are twice what the largest burst of timers asks for.
 */
export const INDEX_SHARDS = 2;

export const TABLE = {
  partitionKey: "pk",
  sortKey: "sk",
  /** Sparse: only items with a timer or a policy carry these attributes. Projects keys only. */
  indexName: "index",
  indexPartitionKey: "ipk",
  indexSortKey: "isk",
  /** TTL, epoch seconds. Housekeeping only: DynamoDB deletes days late, so nothing relies on it. */
  expiryAttribute: "expiresAt",
} as const;

export const SORT_KEYS = {
  nowPrefix: "now#",
  state: "now#state",
  policy: "now#policy",
  commands: "now#commands",
  pastPrefix: "past#",
  control: "control",
  memory: "memory",
  lease: "lease",
} as const;

export const CONTROL_PARTITION = "control";
export const SWEEP_PARTITION = "sweep";
/** Keys of units of work hold a slash before any `#`, so that no key can be a lease's name. */
export const leasePartition = (name: string): string => `lease#${name}`;

/** Digits that hold every instant until the year 33658, so that text order is time order. */
const INSTANT_DIGITS = 15;
const VERSION_DIGITS = 10;

export const sortableInstant = (at: number): string => String(at).padStart(INSTANT_DIGITS, "0");
export const sortableVersion = (version: number): string => String(version).padStart(VERSION_DIGITS, "0");

const shardOf = (key: string): number => fingerprint32(key) % INDEX_SHARDS;
export const duePartition = (shard: number): string => `due#${shard}`;
export const managedPartition = (shard: number): string => `managed#${shard}`;
export const duePartitionOf = (key: string): string => duePartition(shardOf(key));
export const managedPartitionOf = (key: string): string => managedPartition(shardOf(key));

const textAttribute = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });
const keySchema = (partition: string, sort: string) => [
  { AttributeName: partition, KeyType: "HASH" as const },
  { AttributeName: sort, KeyType: "RANGE" as const },
];

/** CreateTable's input, as DynamoDB, DynamoDB Local and dynalite take it. */
export const createTableInput = (tableName: string) => ({
  TableName: tableName,
  BillingMode: "PAY_PER_REQUEST" as const,
  AttributeDefinitions: [
    textAttribute(TABLE.partitionKey),
    textAttribute(TABLE.sortKey),
    textAttribute(TABLE.indexPartitionKey),
    textAttribute(TABLE.indexSortKey),
  ],
  KeySchema: keySchema(TABLE.partitionKey, TABLE.sortKey),
  GlobalSecondaryIndexes: [
    {
      IndexName: TABLE.indexName,
      KeySchema: keySchema(TABLE.indexPartitionKey, TABLE.indexSortKey),
      Projection: { ProjectionType: "KEYS_ONLY" as const },
    },
  ],
});
