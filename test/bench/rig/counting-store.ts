// The table in memory, which counts every write request and its write capacity units by the real size of
// the item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

import type { MemoryStores } from "../../../local/faces/ports/memory-store.ts";
import { createMemoryStores } from "../../../local/faces/ports/memory-store.ts";
import type { Item } from "../../../shared/adapters/dynamodb/attributes.ts";
import { encodeRecord, encodeState } from "../../../shared/adapters/dynamodb/items.ts";

export interface WriteCounts {
  commits: number;
  conflicts: number;
  records: number;
  others: number;
  units: number;
}

const UNIT_BYTES = 1_024;
const RETENTION_MS = 30 * 86_400_000;

export function createCountingStores(): { readonly stores: MemoryStores; readonly counts: WriteCounts } {
  const stores = createMemoryStores();
  const counts: WriteCounts = { commits: 0, conflicts: 0, records: 0, others: 0, units: 0 };
  const charge = (item: Item): void => {
    counts.units += Math.max(1, Math.ceil(itemBytes(item) / UNIT_BYTES));
  };
  const { state, history } = stores;
  return {
    counts,
    stores: {
      ...stores,
      state: {
        ...state,
        commit: async (key, expected, next) => {
          // A refused condition costs as much as a write.
          counts.commits += 1;
          charge(encodeState(key, next).set);
          const result = await state.commit(key, expected, next);
          if (result === "conflict") counts.conflicts += 1;
          return result;
        },
        countFailure: async (key) => {
          counts.others += 1;
          counts.units += 1;
          return state.countFailure(key);
        },
        slowDown: async (until) => {
          counts.others += 1;
          counts.units += 1;
          await state.slowDown(until);
        },
      },
      history: {
        ...history,
        append: async (records) => {
          counts.records += records.length;
          for (const record of records) charge(encodeRecord(record, RETENTION_MS));
          await history.append(records);
        },
      },
    },
  };
}

export const writesOf = ({ commits, records, others }: WriteCounts): number => commits + records + others;

export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + name.length + valueBytes(value), 0);
}

function valueBytes(value: Item[string]): number {
  if (value?.B !== undefined) return value.B.length;
  return JSON.stringify(value).length;
}
