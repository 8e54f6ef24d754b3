// What every LeaseStore must do, whatever is underneath.

import { describe, expect, it } from "vitest";
import { addMs, seconds } from "../../shared/base/time.ts";
import { START } from "./samples.ts";
import type { MakeStores } from "./state-store.suite.ts";

const ann = { name: "listener/web", owner: "ann" };
const bob = { name: "listener/web", owner: "bob" };
const at = (afterS: number) => ({ now: addMs(START, seconds(afterS)), forMs: seconds(30) });

export function describeLeaseStore(name: string, make: MakeStores): void {
  describe(`LeaseStore over ${name}`, () => {
    it("lets one of two hold it, and the other take it when it is given back", async () => {
      const { leases } = await make();
      expect(await leases.take(ann, at(0))).toBe(true);
      expect(await leases.take(bob, at(1))).toBe(false);
      await leases.release(ann);
      expect(await leases.take(bob, at(1))).toBe(true);
      expect(await leases.take(ann, at(2))).toBe(false);
    });

    it("lets its owner take it again, for longer", async () => {
      const { leases } = await make();
      expect(await leases.take(ann, at(0))).toBe(true);
      expect(await leases.take(ann, at(20))).toBe(true);
      expect(await leases.take(bob, at(49))).toBe(false);
      expect(await leases.take(bob, at(50))).toBe(true);
    });

    it("ends by itself where its owner forgot it", async () => {
      const { leases } = await make();
      expect(await leases.take(ann, at(0))).toBe(true);
      expect(await leases.take(bob, at(29.999))).toBe(false);
      expect(await leases.take(bob, at(30))).toBe(true);
    });

    it("leaves a lease to its owner, whoever gives it back", async () => {
      const { leases } = await make();
      await leases.release(bob);
      await leases.take(ann, at(0));
      await leases.release(bob);
      expect(await leases.take(bob, at(1))).toBe(false);
      // Too late: it is another's by now.
      await leases.take(bob, at(40));
      await leases.release(ann);
      expect(await leases.take(ann, at(41))).toBe(false);
    });

    it("keeps leases of different names apart", async () => {
      const { leases } = await make();
      expect(await leases.take(ann, at(0))).toBe(true);
      expect(await leases.take({ ...bob, name: "listener/api" }, at(0))).toBe(true);
    });

    it("gives it to exactly one of many who ask at once", async () => {
      const { leases } = await make();
      const owners = Array.from({ length: 10 }, (_, index) => `owner-${index}`);
      const taken = await Promise.all(owners.map((owner) => leases.take({ ...ann, owner }, at(0))));
      expect(taken.filter(Boolean)).toHaveLength(1);
    });
  });
}
