// Two local AWSs on one machine have addresses of their own.

import { expect, it } from "vitest";
import type { Loopback } from "./loopback.ts";
import { claimLoopback, loopbackObstacle } from "./loopback.ts";

async function claim(): Promise<Loopback> {
  const loopback = await claimLoopback();
  if (typeof loopback === "string") throw new Error(loopback);
  return loopback;
}

it.skipIf((await loopbackObstacle()) !== undefined)("gives each claimant its own networks", async () => {
  const [first, second] = [await claim(), await claim()];
  expect(second.tasks).not.toBe(first.tasks);
  expect(second.hosts).not.toBe(first.hosts);
  expect(second.balancers).not.toBe(first.balancers);
  expect(second.tasks).toMatch(/^127\.\d+\.0\.16$/);
  first.release();
  second.release();
});
