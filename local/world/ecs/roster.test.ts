// The ordered list behind every listing, against a plain array.

import fc from "fast-check";
import { expect, it } from "vitest";
import { Roster } from "./roster.ts";

it("holds what an array would, through any mix of adding and removing", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 300 }), (steps) => {
      const roster = new Roster<{ order: number }>();
      let plain: { order: number }[] = [];
      steps.forEach((step, order) => {
        const victim = step < 0 ? plain[-step % Math.max(plain.length, 1)] : undefined;
        if (victim === undefined) {
          const item = { order };
          roster.add(item);
          plain.push(item);
        } else {
          roster.remove(victim);
          plain = plain.filter((item) => item !== victim);
        }
      });
      expect([...roster]).toEqual(plain);
      expect(roster.size).toBe(plain.length);
      expect([...roster.after(100)]).toEqual(plain.filter(({ order }) => order > 100));
    }),
  );
});

it("may be emptied while it is read", () => {
  const roster = new Roster<{ order: number }>();
  for (let order = 0; order < 100; order += 1) roster.add({ order });
  const seen: number[] = [];
  for (const item of roster) {
    seen.push(item.order);
    roster.remove(item);
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(roster.size).toBe(0);
});
