// Which breaks are on, what is refused and with which way out, and the faults of API calls.

import { describe, expect, it } from "vitest";
import { prng } from "../../shared/base/prng.ts";
import { epochMs } from "../../shared/base/time.ts";
import type { AwsError } from "../world/kernel.ts";
import { createThrottle } from "../world/throttle.ts";
import { createApiFaults, withApiFaults } from "./api-faults.ts";
import { createStage } from "./chaos-fixture.ts";
import { closestTo } from "./spelling.ts";

describe("active breaks", () => {
  it("are listed with their options, end by themselves, and are told of", () => {
    const stage = createStage();
    stage.chaos.break("event-loss", { for: "30s" });
    stage.chaos.break("oom", { service: "web", for: "5m" });
    const now = stage.world.kernel.now();
    expect(stage.chaos.active()).toEqual([
      { name: "event-loss", options: { for: "30s" }, since: now, until: now + 30_000, struck: [] },
      {
        name: "oom",
        options: { service: "demo/web", for: "5m" },
        since: now,
        until: now + 300_000,
        struck: [],
      },
    ]);
    stage.advance(31);
    expect(stage.chaos.active().map(({ name }) => name)).toEqual(["oom"]);
    expect(stage.chaos.mend().map(({ name }) => name)).toEqual(["oom"]);
    expect(stage.chaos.mend()).toEqual([]);
    expect(stage.changes).toEqual(["broken event-loss", "broken oom", "mended event-loss", "mended oom"]);
  });

  it("do not end the next one of their name", () => {
    const stage = createStage();
    stage.chaos.break("event-loss", { for: "30s" });
    stage.chaos.mend("event-loss");
    stage.chaos.break("event-loss", { for: "10m" });
    stage.advance(60);
    expect(stage.chaos.active()).toHaveLength(1);
  });

  it.each([
    ["crash-lop", {}, 'there is no break "crash-lop". Did you mean crash-loop?'],
    ["volcano", {}, 'there is no break "volcano". Known are crash-loop, oom, '],
    ["oom", {}, "--service is missing. Services of the local AWS:\n  demo/web\n  demo/api"],
    ["oom", { service: "demo/nope" }, '--service: "demo/nope" names no service. Services of the local AWS:'],
    [
      "oom",
      { service: "demo/web", share: "120" },
      '--share: found "120", expected a percentage from 0 to 100',
    ],
    ["oom", { service: "demo/web", for: "soon" }, '--for: found "soon", expected a time such as 500ms'],
    ["oom", { service: "demo/web", zone: "a" }, "--zone is no option of this break, which takes --service"],
    ["health-check-failing", { service: "web" }, "demo/web has no container health check"],
    [
      "image-pull-failure",
      { service: "web", cause: "rain" },
      '--cause: found "rain", expected one of not-found',
    ],
    ["host-loss", { host: "i-1" }, '--host: "i-1" is none of them. Hosts of the local AWS:\n  i-0'],
    ["api-outage", { api: "lambda" }, '--api: found "lambda", expected one of ecs, servicediscovery'],
    ["alarm-flapping", {}, "--alarm is missing"],
  ])("%s %j is refused, and nothing is broken", (name, options, message) => {
    const { chaos, changes } = createStage();
    expect(() => chaos.break(name, options)).toThrow(message);
    expect(chaos.active()).toEqual([]);
    expect(changes).toEqual([]);
  });

  it("are not doubled", () => {
    const { chaos } = createStage();
    chaos.break("image-pull-failure", { service: "web" });
    expect(() => chaos.break("secret-missing", { service: "demo/web" })).toThrow(
      "image-pull-failure of demo/web is active already: `fairlead local mend image-pull-failure` before secret-missing",
    );
    expect(() => chaos.mend("imagepull-failure")).toThrow("Did you mean image-pull-failure?");
  });
});

describe("API faults", () => {
  it("refuse a service or one operation, as AWS does", () => {
    const { world, chaos } = createStage();
    const broken = withApiFaults(world, chaos.api);
    const list = () => broken.call("ecs", "ListClusters", {});
    chaos.break("api-outage", { api: "ecs.ListServices" });
    expect(list).not.toThrow();
    expect(() => broken.call("ecs", "ListServices", { cluster: "demo" })).toThrow(
      expect.objectContaining({ name: "ServerException", status: 500 }),
    );
    chaos.break("api-throttling", { api: "ecs", share: "100" });
    expect(list).toThrow(expect.objectContaining({ name: "ThrottlingException", status: 400 }));
    chaos.mend();
    expect(list).not.toThrow();
    expect(chaos.api.refused()).toBe(2);
  });

  it.each([
    ["elasticloadbalancing", "DescribeTargetHealth"],
    ["servicediscovery", "DiscoverInstances"],
    ["servicediscovery", "RegisterInstance"],
    ["ec2", "DescribeInstances"],
    ["ecs", "DescribeTasks"],
  ])("throttle %s.%s with the error of its own throttling", (service, operation) => {
    const faults = createApiFaults(prng(1));
    faults.add({ scope: service, kind: "throttling", share: 1 });
    const throttle = createThrottle({ now: () => epochMs(0) });
    const errorOf = (run: () => void): unknown => {
      try {
        for (let call = 0; call < 3_000; call += 1) run();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const { name, status } = errorOf(() => faults.check({ service, operation })) as AwsError;
    expect(errorOf(() => throttle.take(service, operation))).toMatchObject({ name, status });
  });

  it("refuse about the share that was asked for", () => {
    const faults = createApiFaults(prng(3));
    faults.add({ scope: "sqs", kind: "throttling", share: 0.3 });
    for (let call = 0; call < 1_000; call += 1) {
      try {
        faults.check({ service: "sqs", operation: "SendMessage" });
      } catch {
        // Counted.
      }
    }
    expect(faults.refused()).toBeGreaterThan(250);
    expect(faults.refused()).toBeLessThan(350);
  });
});

describe("spelling", () => {
  it.each([
    ["event-los", "event-loss"],
    ["hail", undefined],
    ["oon", "oom"],
    ["duplication", "event-duplication"],
  ])("%s: %s", (typed, expected) => {
    expect(closestTo(typed, ["event-loss", "event-duplication", "oom"])).toBe(expected);
  });
});
