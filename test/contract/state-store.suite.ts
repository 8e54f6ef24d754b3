// What every StateStore and HistoryStore must do, whatever is underneath.

import { describe, expect, it } from "vitest";
import { isCode } from "../../shared/base/errors.ts";
import { epochMs } from "../../shared/base/time.ts";
import type { FleetStore, SweepMemory, TimerIndex } from "../../shared/ports/fleet-store.ts";
import type { LeaseStore } from "../../shared/ports/leases.ts";
import type { HistoryStore, StateStore } from "../../shared/ports/state-store.ts";
import { policy, record, START, serviceKey, stateOf } from "./samples.ts";

export interface Stores {
  readonly state: StateStore;
  readonly history: HistoryStore;
  readonly fleet: FleetStore;
  readonly timers: TimerIndex;
  readonly sweep: SweepMemory;
  readonly leases: LeaseStore;
}

/** Empty stores, each time. */
export type MakeStores = () => Promise<Stores>;

const key = serviceKey("web");

export function describeStateStore(name: string, make: MakeStores): void {
  describe(`StateStore over ${name}`, () => {
    describe("one writer", () => describeOneWriter(make));
    describe("two writers", () => describeTwoWriters(make));
    describe("failures and orders", () => describeFailuresAndOrders(make));
  });
}

function describeOneWriter(make: MakeStores): void {
  it("loads a key never seen as version 0 with nothing in it", async () => {
    const { state } = await make();
    const aggregate = await state.load(key);
    expect(aggregate).toMatchObject({ key, policy: undefined, commands: [] });
    expect(aggregate.state).toMatchObject({
      version: 0,
      tasks: {},
      capabilities: {},
      intents: [],
      failures: 0,
    });
  });

  it("gives back what was committed, unchanged", async () => {
    const { state } = await make();
    const next = stateOf(1, { wakeAt: epochMs(START + 1), publicIps: { eni: "198.51.100.7" }, failures: 2 });
    expect(await state.commit(key, 0, next)).toBe("committed");
    expect((await state.load(key)).state).toEqual(next);
  });

  it("shares no object with its callers", async () => {
    const { state } = await make();
    const tasks = { ...stateOf(1).tasks };
    await state.commit(key, 0, stateOf(1, { tasks }));
    delete tasks["a"];
    const first = (await state.load(key)).state.tasks as Record<string, unknown>;
    delete first["a"];
    expect(Object.keys((await state.load(key)).state.tasks)).toEqual(["a"]);
  });

  it("drops what the next commit no longer has", async () => {
    const { state, timers } = await make();
    await state.commit(key, 0, stateOf(1, { wakeAt: START, publicIps: { eni: "198.51.100.7" } }));
    await state.commit(key, 1, stateOf(2, { tasks: {} }));
    expect((await state.load(key)).state).toEqual(stateOf(2, { tasks: {} }));
    expect(await timers.due(epochMs(START + 1), 10)).toEqual([]);
  });
}

function describeTwoWriters(make: MakeStores): void {
  it("lets one of two workers commit a version; the other learns of it and changes nothing", async () => {
    const { state } = await make();
    await state.commit(key, 0, stateOf(1));
    const outcomes = await Promise.all([
      state.commit(key, 1, stateOf(2, { failures: 1 })),
      state.commit(key, 1, stateOf(2, { failures: 2 })),
    ]);
    expect(outcomes.toSorted()).toEqual(["committed", "conflict"]);
    const winner = outcomes.indexOf("committed") + 1;
    expect((await state.load(key)).state).toEqual(stateOf(2, { failures: winner }));
  });

  it("refuses a first commit where one exists, and a later one where none does", async () => {
    const { state } = await make();
    expect(await state.commit(key, 4, stateOf(5))).toBe("conflict");
    expect((await state.load(key)).state.version).toBe(0);
    await state.commit(key, 0, stateOf(1));
    expect(await state.commit(key, 0, stateOf(1, { tasks: {} }))).toBe("conflict");
    expect((await state.load(key)).state).toEqual(stateOf(1));
  });

  it("takes no version but the next", async () => {
    const { state } = await make();
    const skipping = state.commit(key, 0, stateOf(2));
    await expect(skipping).rejects.toSatisfy((error) => isCode(error, "defect"));
  });
}

function describeFailuresAndOrders(make: MakeStores): void {
  it("counts failures before the first commit and between commits; a commit sets the count", async () => {
    const { state } = await make();
    expect(await state.countFailure(key)).toBe(1);
    expect(await state.countFailure(key)).toBe(2);
    expect((await state.load(key)).state).toMatchObject({ version: 0, failures: 2, tasks: {} });
    expect(await state.commit(key, 0, stateOf(1, { failures: 0 }))).toBe("committed");
    expect(await state.countFailure(key)).toBe(1);
    expect((await state.load(key)).state).toEqual(stateOf(1, { failures: 1 }));
  });

  it("loads policy and commands along with the state", async () => {
    const { state, fleet } = await make();
    await fleet.putPolicy(key, policy);
    await fleet.putCommand(key, { type: "pause", by: "ann", at: 5 });
    await state.commit(key, 0, stateOf(1));
    const aggregate = await state.load(key);
    expect(aggregate.policy).toEqual(policy);
    expect(aggregate.commands).toEqual([{ type: "pause", by: "ann", at: 5 }]);
    expect(aggregate.state.version).toBe(1);
  });

  it("keeps keys apart, also where one begins like another", async () => {
    const { state } = await make();
    await state.commit(serviceKey("web-2"), 0, stateOf(1));
    expect((await state.load(key)).state.version).toBe(0);
  });

  it("reads the switches and the commands anew", async () => {
    const { state, fleet } = await make();
    expect(await state.readOrders(key)).toEqual({
      control: { killSwitch: false, slowUntil: 0 },
      commands: [],
    });
    await fleet.setKillSwitch(true);
    await fleet.putCommand(key, { type: "approve", by: "bo", at: 2, proposalIds: ["x"] });
    await fleet.putCommand(key, { type: "pause", by: "ann", at: 1 });
    const orders = await state.readOrders(key);
    expect(orders.control.killSwitch).toBe(true);
    expect(orders.commands.map(({ type }) => type)).toEqual(["pause", "approve"]);
  });

  it("only ever lengthens a slow-down, and leaves the kill switch alone", async () => {
    const { state, fleet } = await make();
    await state.slowDown(50);
    await fleet.setKillSwitch(true);
    await state.slowDown(20);
    expect((await fleet.control()).slowUntil).toBe(50);
    await state.slowDown(90);
    expect(await fleet.control()).toEqual({ killSwitch: true, slowUntil: 90 });
  });
}

export function describeHistoryStore(name: string, make: MakeStores): void {
  describe(`HistoryStore over ${name}`, () => {
    it("answers newest first, at most so many, of that key alone", async () => {
      const { history } = await make();
      const records = [2, 1, 3, 11].map((version) => record(key, version));
      await history.append([...records, record(serviceKey("other"), 99)]);
      expect((await history.recent(key, 3)).map(({ version }) => version)).toEqual([11, 3, 2]);
      expect((await history.recent(key, 3))[2]).toEqual(record(key, 2));
    });

    it("orders records of one instant by version", async () => {
      const { history } = await make();
      await history.append([9, 10, 11].map((version) => record(key, version, { at: START })));
      expect((await history.recent(key, 9)).map(({ version }) => version)).toEqual([11, 10, 9]);
    });

    it("keeps one record however often it is appended, also twice at once", async () => {
      const { history } = await make();
      await history.append([record(key, 1), record(key, 1)]);
      await history.append([record(key, 1)]);
      expect(await history.recent(key, 10)).toEqual([record(key, 1)]);
    });

    it("takes more records than one write request holds, and none", async () => {
      const { history } = await make();
      await history.append([]);
      await history.append(Array.from({ length: 60 }, (_, version) => record(key, version)));
      expect((await history.recent(key, 100)).length).toBe(60);
    });

    it("knows nothing of a key without history", async () => {
      const { history, state } = await make();
      await state.commit(key, 0, stateOf(1));
      expect(await history.recent(key, 5)).toEqual([]);
    });
  });
}
