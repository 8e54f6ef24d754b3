// From how many healthy targets on requests go to those alone.

import { describe, expect, it } from "vitest";
import { createFixture, forward, request } from "./elb-fixture.ts";

const THRESHOLDS = "target_group_health.unhealthy_state_routing.minimum_healthy_targets";

/** Which targets answered 300 requests: `healthy`, or `all` when the group fails open. */
function chosen(targets: number, healthy: number, thresholds: Readonly<Record<string, string>>): string {
  const world = createFixture();
  const group = world.group("blue");
  const listener = world.listener(world.balancer("web"), forward([group, 1]));
  const ids = Array.from({ length: targets }, (_, index) => `10.0.0.${index + 1}`);
  for (const id of ids.slice(healthy)) world.sick.add(id);
  const Attributes = Object.entries(thresholds).map(([name, Value]) => ({
    Key: `${THRESHOLDS}.${name}`,
    Value,
  }));
  world.call("ModifyTargetGroupAttributes", { TargetGroupArn: group, Attributes });
  world.call("RegisterTargets", { TargetGroupArn: group, Targets: ids.map((Id) => ({ Id })) });
  world.pass(120_000);
  const asked = new Set<string>();
  for (let index = 0; index < 300; index += 1) {
    const route = world.elb.traffic.route(listener, request());
    if (route.kind !== "forward") return `${route.statusCode}`;
    asked.add(route.target.id);
    route.done({ kind: "client-gone" });
  }
  if (asked.size === targets) return "all";
  return asked.size === healthy ? "healthy" : `${asked.size}`;
}

describe("a group fails open", () => {
  it.each([
    [0, {}, "all"],
    [1, {}, "healthy"],
    [2, { count: "3" }, "all"],
    [3, { count: "3" }, "healthy"],
    // 7 % of 100 is 7, though 0.07 * 100 is more.
    [7, { percentage: "7" }, "healthy"],
    [6, { percentage: "7" }, "all"],
    // Either threshold is enough.
    [7, { count: "8", percentage: "7" }, "all"],
    [8, { count: "1", percentage: "9" }, "all"],
  ])("with %i healthy of 100 and %j: %s", (healthy, thresholds, expected) => {
    expect(chosen(100, healthy, thresholds)).toBe(expected);
  });
});
