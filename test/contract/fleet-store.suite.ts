// What every FleetStore, TimerIndex and SweepMemory must do, whatever is underneath.

import { describe, expect, it } from "vitest";
import type { Key } from "../../shared/base/keys.ts";
import { epochMs } from "../../shared/base/time.ts";
import type { Command } from "../../shared/contracts/policy.ts";
import type { FleetStore } from "../../shared/ports/fleet-store.ts";
import { policy, START, serviceKey, stateOf } from "./samples.ts";
import type { MakeStores } from "./state-store.suite.ts";

const key = serviceKey("web");
const pause: Command = { type: "pause", by: "ann", at: 1 };
const stop: Command = { type: "stop-task", by: "ann", at: 2, taskId: "a" };

async function allKeys(fleet: FleetStore, limit: number): Promise<Key[]> {
  const keys: Key[] = [];
  let after: string | undefined;
  do {
    const page = await fleet.managedKeys({ limit, ...(after !== undefined && { after }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    keys.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return keys;
}

export function describeFleetStore(name: string, make: MakeStores): void {
  describe(`FleetStore over ${name}`, () => {
    it("lists every key with a policy once, in the same order, whatever the page size", async () => {
      const { fleet, state } = await make();
      const keys = Array.from({ length: 23 }, (_, index) => serviceKey(`s${index}`));
      for (const one of keys) await fleet.putPolicy(one, policy);
      await state.commit(serviceKey("unmanaged"), 0, stateOf(1, { wakeAt: START }));
      const listed = await allKeys(fleet, 100);
      expect(listed.toSorted()).toEqual(keys.toSorted());
      expect(await allKeys(fleet, 4)).toEqual(listed);
      expect(await allKeys(fleet, 1)).toEqual(listed);
    });

    it("forgets a key whose policy is taken away", async () => {
      const { fleet, state } = await make();
      await fleet.putPolicy(key, policy);
      await fleet.putPolicy(key, undefined);
      expect(await allKeys(fleet, 10)).toEqual([]);
      expect((await state.load(key)).policy).toBeUndefined();
    });

    it("keeps commands until they are dropped, each once, whatever the order of its fields", async () => {
      const { fleet, state } = await make();
      await fleet.putCommand(key, stop);
      await fleet.putCommand(key, pause);
      await fleet.putCommand(key, { at: 1, by: "ann", type: "pause" });
      expect((await state.load(key)).commands).toEqual([pause, stop]);
      await fleet.dropCommands(key, []);
      await fleet.dropCommands(key, [{ at: 1, by: "ann", type: "pause" }]);
      expect((await state.load(key)).commands).toEqual([stop]);
      await fleet.dropCommands(key, [stop, pause]);
      expect((await state.load(key)).commands).toEqual([]);
    });

    it("switches the kill switch on and off", async () => {
      const { fleet } = await make();
      expect(await fleet.control()).toEqual({ killSwitch: false, slowUntil: 0 });
      await fleet.setKillSwitch(true);
      expect((await fleet.control()).killSwitch).toBe(true);
      await fleet.setKillSwitch(false);
      expect((await fleet.control()).killSwitch).toBe(false);
    });
  });
}

export function describeTimerIndex(name: string, make: MakeStores): void {
  describe(`TimerIndex over ${name}`, () => {
    it("answers what is due, oldest first over all shards, and at most so many", async () => {
      const { state, timers } = await make();
      const keys = Array.from({ length: 20 }, (_, index) => serviceKey(`t${index}`));
      for (const [index, one] of keys.entries()) {
        await state.commit(one, 0, stateOf(1, { wakeAt: epochMs(START + 19 - index) }));
      }
      const due = await timers.due(epochMs(START + 12), 100);
      expect(due.map(({ wakeAt }) => wakeAt - START)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(due[0]).toEqual({ key: serviceKey("t19"), wakeAt: START });
      expect((await timers.due(epochMs(START + 12), 3)).map(({ wakeAt }) => wakeAt - START)).toEqual([
        0, 1, 2,
      ]);
    });

    it("moves with the timer and ends with it", async () => {
      const { state, timers } = await make();
      await state.commit(key, 0, stateOf(1, { wakeAt: START }));
      await state.commit(key, 1, stateOf(2, { wakeAt: epochMs(START + 5) }));
      expect(await timers.due(epochMs(START + 9), 9)).toEqual([{ key, wakeAt: START + 5 }]);
      await state.commit(key, 2, stateOf(3));
      expect(await timers.due(epochMs(START + 9), 9)).toEqual([]);
    });

    it("does not take a policy for a timer", async () => {
      const { fleet, timers } = await make();
      await fleet.putPolicy(key, policy);
      expect(await timers.due(epochMs(START * 2), 9)).toEqual([]);
    });
  });
}

export function describeSweepMemory(name: string, make: MakeStores): void {
  describe(`SweepMemory over ${name}`, () => {
    it("begins empty and remembers", async () => {
      const { sweep } = await make();
      expect(await sweep.read()).toEqual({ version: 0, memory: null });
      expect(await sweep.write(0, { cursor: "x", at: 5 })).toBe("committed");
      expect(await sweep.read()).toEqual({ version: 1, memory: { cursor: "x", at: 5 } });
    });

    it("lets one of two overlapping sweeps advance", async () => {
      const { sweep } = await make();
      await sweep.write(0, "first");
      expect(await sweep.write(0, "late")).toBe("conflict");
      expect(await sweep.write(1, "second")).toBe("committed");
      expect(await sweep.write(1, "late")).toBe("conflict");
      expect(await sweep.read()).toEqual({ version: 2, memory: "second" });
    });
  });
}
