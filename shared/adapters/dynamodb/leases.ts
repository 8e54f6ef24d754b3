// LeaseStore over DynamoDB: one item for each lease. It is never deleted by us, so that giving it back needs no
// permission beyond the one for taking it; TTL tidies up.

import { millis, seconds } from "../../base/time.ts";
import { leasePartition, SORT_KEYS, TABLE } from "../../contracts/table.ts";
import type { LeaseStore } from "../../ports/leases.ts";
import { number, schema, text } from "./attributes.ts";
import type { Table } from "./table.ts";
import { updateIf } from "./table.ts";

/** Long after any lease has ended. */
const KEEP_MS = millis(86_400_000);
const SECOND_MS = seconds(1);

export function createLeaseStore(table: Table): LeaseStore {
  const keyOf = (name: string) => ({
    [TABLE.partitionKey]: text(leasePartition(name)),
    [TABLE.sortKey]: text(SORT_KEYS.lease),
  });
  return {
    take: async ({ name, owner }, { now, forMs }) => {
      const until = now + forMs;
      const outcome = await updateIf(table, {
        Key: keyOf(name),
        UpdateExpression: "SET #schema = :schema, #owner = :owner, #until = :until, #expires = :expires",
        ConditionExpression: "attribute_not_exists(#owner) OR #owner = :owner OR #until <= :now",
        ExpressionAttributeNames: {
          "#schema": "schema",
          "#owner": "owner",
          "#until": "until",
          "#expires": TABLE.expiryAttribute,
        },
        ExpressionAttributeValues: {
          ":schema": schema(),
          ":owner": text(owner),
          ":until": number(until),
          ":now": number(now),
          ":expires": number(Math.ceil((until + KEEP_MS) / SECOND_MS)),
        },
      });
      return outcome === "committed";
    },
    release: async ({ name, owner }) => {
      await updateIf(table, {
        Key: keyOf(name),
        UpdateExpression: "REMOVE #owner, #until",
        ConditionExpression: "#owner = :owner",
        ExpressionAttributeNames: { "#owner": "owner", "#until": "until" },
        ExpressionAttributeValues: { ":owner": text(owner) },
      });
    },
  };
}
