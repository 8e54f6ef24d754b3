// What a rollout uses beside ECS and ELB: requests to the table with their capacity units by the real size of the
// items, messages, passes. Put around a pass's ports.

import {
  encodeCommand,
  encodePolicy,
  encodeRecord,
  encodeState,
} from "../../../shared/adapters/dynamodb/items.ts";
import type { Aggregate } from "../../../shared/contracts/aggregate.ts";
import type { AllPorts } from "../../simulation/pipeline.ts";
import { itemBytes } from "./counting-store.ts";

export interface Usage {
  passes: number;
  /** Of the feed, which serves all rollouts of the account. */
  feedPasses: number;
  commits: number;
  records: number;
  readUnits: number;
  writeUnits: number;
  /** The largest state item. */
  stateBytes: number;
  writtenBytes: number;
  messages: number;
  metricReads: number;
}

export const noUsage = (): Usage => ({
  passes: 0,
  feedPasses: 0,
  commits: 0,
  records: 0,
  readUnits: 0,
  writeUnits: 0,
  stateBytes: 0,
  writtenBytes: 0,
  messages: 0,
  metricReads: 0,
});

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
const READ_UNIT_BYTES = 4_096;
const WRITE_UNIT_BYTES = 1_024;
const RETENTION_MS = 30 * 86_400_000;
/** Commands and the switches: two items, read consistently; both are small. */
const ORDERS_UNITS = 2;

/** Of one strongly consistent Query: all items of the key together. */
function aggregateBytes({ key, policy, commands, state }: Aggregate): number {
  const ordered = commands.reduce((sum, command) => sum + encodeCommand(command).length, 0);
  const stored = state.version === 0 ? 0 : itemBytes(encodeState(key, state).set);
  return stored + ordered + (policy === undefined ? 0 : itemBytes(encodePolicy(key, policy)));
}

export function metered(ports: AllPorts, usage: Usage): AllPorts {
  const write = (bytes: number): void => {
    usage.writeUnits += Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
    usage.writtenBytes += bytes;
  };
  return { ...ports, ...meteredTable(ports, usage, write), ...meteredQueues(ports, usage) };
}

function meteredTable(
  { store, history, act }: AllPorts,
  usage: Usage,
  write: (bytes: number) => void,
): Pick<AllPorts, "store" | "history" | "act"> {
  return {
    store: {
      ...store,
      load: async (key) => {
        const aggregate = await store.load(key);
        if (aggregate.policy === undefined) usage.feedPasses += 1;
        else usage.passes += 1;
        usage.readUnits += Math.max(1, Math.ceil(aggregateBytes(aggregate) / READ_UNIT_BYTES));
        return aggregate;
      },
      commit: (key, expected, next) => {
        const bytes = itemBytes(encodeState(key, next).set);
        usage.commits += 1;
        usage.stateBytes = Math.max(usage.stateBytes, bytes);
        write(bytes);
        return store.commit(key, expected, next);
      },
      readOrders: (key) => {
        usage.readUnits += ORDERS_UNITS;
        return store.readOrders(key);
      },
    },
    history: {
      ...history,
      append: (records) => {
        usage.records += records.length;
        for (const record of records) write(itemBytes(encodeRecord(record, RETENTION_MS)));
        return history.append(records);
      },
    },
    act: {
      ...act,
      leases: {
        take: (...asked) => {
          write(WRITE_UNIT_BYTES);
          return act.leases.take(...asked);
        },
        release: (lease) => {
          write(WRITE_UNIT_BYTES);
          return act.leases.release(lease);
        },
      },
    },
  };
}

const meteredQueues = (
  { work, delay, read }: AllPorts,
  usage: Usage,
): Pick<AllPorts, "work" | "delay" | "read"> => ({
  work: {
    ring: (doorbells) => {
      usage.messages += doorbells.length;
      return work.ring(doorbells);
    },
  },
  delay: {
    wakeLater: (wakes) => {
      usage.messages += wakes.length;
      return delay.wakeLater(wakes);
    },
  },
  read: {
    ...read,
    metrics: {
      read: (...asked) => {
        usage.metricReads += 1;
        return read.metrics.read(...asked);
      },
    },
  },
});
