// The stage itself: without it right, nothing that is proved on it counts.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import { hasBalancer, isExternal, KINDS } from "./scene.ts";
import { snapshot } from "./snapshot.ts";
import { createStage, only } from "./stage.ts";

describe.each(KINDS)("a %s service", (kind) => {
  it("is up and serves everything before anything is rolled out", async () => {
    const stage = await createStage({ seed: 1, services: [{ name: "web", kind, desiredCount: 3 }] });
    await stage.pass(minutes(2));
    const { scene, load } = only(stage);
    const now = snapshot(stage.world, scene);
    expect(now).toMatchObject({ exists: true, desiredCount: 3, running: 3 });
    if (hasBalancer(kind)) {
      expect(now.groups).toMatchObject([
        { healthy: 3, weight: 100 },
        { healthy: 0, weight: 0 },
      ]);
      const { requests, failed } = load.all;
      load.rate = 4;
      await stage.pass(minutes(1));
      expect(load.all.requests - requests).toBeGreaterThan(200);
      expect(load.all.failed).toBe(failed);
    }
    if (isExternal(kind)) {
      expect(now.taskSets).toMatchObject([{ status: "PRIMARY", scale: 100, stability: "STEADY_STATE" }]);
    }
    expect(stage.complaints).toEqual([]);
  });
});
