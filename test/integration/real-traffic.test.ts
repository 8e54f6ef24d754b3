// Real requests through the load balancer to real processes: nothing that ECS does in order costs an error.

import { describe, expect, it } from "vitest";
import { loopbackObstacle } from "../../local/runtime/processes/loopback.ts";
import { driveTraffic } from "../support/real-traffic.ts";

/** The full proof takes 100,000: `TRAFFIC_REQUESTS=100000 npx vitest run real-traffic`, half a minute on an idle machine. */
const REQUESTS = Number(process.env["TRAFFIC_REQUESTS"] ?? 20_000);

describe.skipIf((await loopbackObstacle()) !== undefined)("the HTTP load balancer under load", () => {
  it("serves every request through a shift of weights, new tasks and a drain, without one error", async () => {
    const figures = await driveTraffic({ requests: REQUESTS });
    if (typeof figures === "string") throw new Error(figures);
    const { requests, requestsPerSecond, p50Ms, p99Ms } = figures;
    console.log(
      `${requests} requests, ${requestsPerSecond}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
    );
    expect(figures.oddities).toEqual([]);
    expect(figures.errors).toEqual({});
    expect(requests).toBeGreaterThanOrEqual(REQUESTS);
    // Both versions have served, and four tasks and the two that replaced them have run.
    expect(Object.keys(figures.versions)).toEqual(["1", "2"]);
    expect(figures.tasksStarted).toBe(6);
  }, 240_000);

  it("does not hide a process that dies without notice", async () => {
    const figures = await driveTraffic({ requests: 3_000, killsOne: true });
    if (typeof figures === "string") throw new Error(figures);
    expect(figures.errors).toMatchObject({ "502": expect.any(Number) });
  }, 120_000);
});
