// The table as plain maps: all six stores for simulation, with the meaning of shared/adapters/dynamodb and
// none of its bytes. Values are kept as JSON text, so nobody shares an object with the store.

import {
  emptyState,
  encodeCommand,
  inOrder,
  NO_CONTROL,
  recordSortKey,
} from "../../../shared/adapters/dynamodb/items.ts";
import { assert } from "../../../shared/base/assert.ts";
import type { Key } from "../../../shared/base/keys.ts";
import type { DecisionRecord, Json, KeyState } from "../../../shared/contracts/aggregate.ts";
import type { Command, Control, ServicePolicy } from "../../../shared/contracts/policy.ts";
import { INDEX_SHARDS, managedPartitionOf } from "../../../shared/contracts/table.ts";
import type { FleetStore, SweepMemory, TimerIndex } from "../../../shared/ports/fleet-store.ts";
import type { Lease, LeaseStore } from "../../../shared/ports/leases.ts";
import type { HistoryStore, StateStore } from "../../../shared/ports/state-store.ts";

export interface MemoryStores {
  readonly state: StateStore;
  readonly history: HistoryStore;
  readonly fleet: FleetStore;
  readonly timers: TimerIndex;
  readonly sweep: SweepMemory;
  readonly leases: LeaseStore;
}

interface StoredState {
  readonly json: string;
  readonly version: number;
  readonly wakeAt: KeyState["wakeAt"];
}

interface Rows {
  readonly states: Map<Key, StoredState>;
  readonly failures: Map<Key, number>;
  readonly policies: Map<Key, string>;
  readonly commands: Map<Key, Set<string>>;
  /** Records by sort key, for each key. */
  readonly records: Map<Key, Map<string, string>>;
  control: Control;
  memory: { readonly version: number; readonly json: string };
}

export function createMemoryStores(): MemoryStores {
  const rows: Rows = {
    states: new Map(),
    failures: new Map(),
    policies: new Map(),
    commands: new Map(),
    records: new Map(),
    control: NO_CONTROL,
    memory: { version: 0, json: "null" },
  };
  return {
    state: stateStore(rows),
    history: historyStore(rows),
    fleet: fleetStore(rows),
    timers: timerIndex(rows),
    sweep: sweepMemory(rows),
    leases: leaseStore(),
  };
}

function stateStore(rows: Rows): StateStore {
  return {
    load: async (key) => {
      const policy = rows.policies.get(key);
      return {
        key,
        policy: policy === undefined ? undefined : (JSON.parse(policy) as ServicePolicy),
        commands: commandsOf(rows, key),
        state: stateOf(rows, key),
      };
    },
    commit: async (key, expectedVersion, next) => {
      assert(
        next.version === expectedVersion + 1,
        `${key}: commit of ${next.version} over ${expectedVersion}`,
      );
      if ((rows.states.get(key)?.version ?? 0) !== expectedVersion) return "conflict";
      rows.states.set(key, { json: JSON.stringify(next), version: next.version, wakeAt: next.wakeAt });
      rows.failures.set(key, next.failures);
      return "committed";
    },
    readOrders: async (key) => ({ control: rows.control, commands: commandsOf(rows, key) }),
    countFailure: async (key) => {
      const count = (rows.failures.get(key) ?? 0) + 1;
      rows.failures.set(key, count);
      return count;
    },
    slowDown: async (until) => {
      if (until > rows.control.slowUntil) rows.control = { ...rows.control, slowUntil: until };
    },
  };
}

function stateOf(rows: Rows, key: Key): KeyState {
  const failures = rows.failures.get(key) ?? 0;
  const stored = rows.states.get(key);
  return stored === undefined ? emptyState(failures) : { ...(JSON.parse(stored.json) as KeyState), failures };
}

const commandsOf = (rows: Rows, key: Key): readonly Command[] =>
  inOrder([...(rows.commands.get(key) ?? [])].map((line) => JSON.parse(line) as Command));

function historyStore(rows: Rows): HistoryStore {
  return {
    append: async (records) => {
      for (const record of records) {
        const ofKey = rows.records.get(record.key) ?? new Map<string, string>();
        ofKey.set(recordSortKey(record), JSON.stringify(record));
        rows.records.set(record.key, ofKey);
      }
    },
    recent: async (key, limit) => {
      const newestFirst = [...(rows.records.get(key) ?? [])].sort(([a], [b]) => (a < b ? 1 : -1));
      return newestFirst.slice(0, limit).map(([, json]) => JSON.parse(json) as DecisionRecord);
    },
  };
}

function fleetStore(rows: Rows): FleetStore {
  return {
    managedKeys: async ({ limit, after }) => {
      const keys = [...rows.policies.keys()].map((key) => ({ key, at: placeOf(key) }));
      const rest = keys
        .filter(({ at }) => after === undefined || at > after)
        .sort((a, b) => (a.at < b.at ? -1 : 1));
      const page = rest.slice(0, limit);
      return { items: page.map(({ key }) => key), next: rest.length > limit ? page.at(-1)?.at : undefined };
    },
    putPolicy: async (key, policy) => {
      if (policy === undefined) rows.policies.delete(key);
      else rows.policies.set(key, JSON.stringify(policy));
    },
    putCommand: async (key, command) => {
      rows.commands.set(key, (rows.commands.get(key) ?? new Set()).add(encodeCommand(command)));
    },
    dropCommands: async (key, commands) => {
      for (const command of commands) rows.commands.get(key)?.delete(encodeCommand(command));
    },
    control: async () => rows.control,
    setKillSwitch: async (on) => {
      rows.control = { ...rows.control, killSwitch: on };
    },
  };
}

/** The order of the table's index: shard, then key. One digit names every shard. */
const placeOf = (key: Key): string => `${managedPartitionOf(key)} ${key}`;
assert(INDEX_SHARDS <= 10, "shards of two digits would not sort as text");

function timerIndex(rows: Rows): TimerIndex {
  return {
    due: async (before, limit) => {
      const due = [...rows.states].flatMap(([key, { wakeAt }]) =>
        wakeAt !== undefined && wakeAt <= before ? [{ key, wakeAt }] : [],
      );
      return due.sort((a, b) => a.wakeAt - b.wakeAt || (a.key < b.key ? -1 : 1)).slice(0, limit);
    },
  };
}

function sweepMemory(rows: Rows): SweepMemory {
  return {
    read: async () => ({ version: rows.memory.version, memory: JSON.parse(rows.memory.json) as Json }),
    write: async (version, memory) => {
      if (version !== rows.memory.version) return "conflict";
      rows.memory = { version: version + 1, json: JSON.stringify(memory) };
      return "committed";
    },
  };
}

function leaseStore(): LeaseStore {
  const held = new Map<string, Lease & { readonly until: number }>();
  return {
    take: async ({ name, owner }, { now, forMs }) => {
      const before = held.get(name);
      if (before !== undefined && before.owner !== owner && before.until > now) return false;
      held.set(name, { name, owner, until: now + forMs });
      return true;
    },
    release: async ({ name, owner }) => {
      if (held.get(name)?.owner === owner) held.delete(name);
    },
  };
}
