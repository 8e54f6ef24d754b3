// Token buckets: burst, refill by virtual time, sharing, each service's error, and the figures.

import { describe, expect, it } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import type { AwsError } from "./kernel.ts";
import type { Throttle } from "./throttle.ts";
import { bucketRules, createThrottle } from "./throttle.ts";

const clocked = (enforce = true) => {
  let now = epochMs(1_000_000);
  const throttle = createThrottle({ now: () => now, enforce });
  return {
    throttle,
    pass: (ms: number) => {
      now = epochMs(now + ms);
    },
  };
};

const taken = (throttle: Throttle, name: readonly [string, string], attempts: number): number => {
  let granted = 0;
  for (let index = 0; index < attempts; index += 1) {
    try {
      throttle.take(...name);
      granted += 1;
    } catch {}
  }
  return granted;
};

const refusal = (throttle: Throttle, name: readonly [string, string]): AwsError => {
  taken(throttle, name, 5_000);
  try {
    throttle.take(...name);
  } catch (error) {
    return error as AwsError;
  }
  throw new Error("not refused");
};

describe("a bucket", () => {
  it("grants its burst, then what virtual time refills, never more than the burst", () => {
    const { throttle, pass } = clocked();
    const name = ["ecs", "DescribeTasks"] as const;
    expect(taken(throttle, name, 150)).toBe(100);
    pass(1_000);
    expect(taken(throttle, name, 150)).toBe(20);
    pass(49);
    expect(taken(throttle, name, 1)).toBe(0);
    pass(1);
    expect(taken(throttle, name, 1)).toBe(1);
    pass(3_600_000);
    expect(taken(throttle, name, 150)).toBe(100);
  });

  it("is shared by the operations of its group only", () => {
    const { throttle } = clocked();
    taken(throttle, ["ecs", "DescribeTasks"], 60);
    expect(taken(throttle, ["ecs", "ListTasks"], 60)).toBe(40);
    expect(taken(throttle, ["ecs", "DescribeServices"], 100)).toBe(100);
  });

  it("grants fractions of a token per second in time", () => {
    const { throttle, pass } = clocked();
    const name = ["servicediscovery", "ListNamespaces"] as const;
    expect(taken(throttle, name, 10)).toBe(5);
    for (let index = 0; index < 20; index += 1) {
      expect(taken(throttle, name, 1)).toBe(0);
      pass(100);
    }
    expect(taken(throttle, name, 2)).toBe(1);
  });
});

describe("a refusal", () => {
  it.each([
    ["ecs", "UpdateService", "ThrottlingException", 400],
    ["servicediscovery", "RegisterInstance", "ThrottlingException", 400],
    ["servicediscovery", "DiscoverInstances", "RequestLimitExceeded", 400],
    ["ec2", "DescribeInstances", "RequestLimitExceeded", 503],
    ["elasticloadbalancing", "DescribeTargetHealth", "Throttling", 400],
  ] as const)("of %s %s is named %s", (service, operation, name, status) => {
    expect(refusal(clocked().throttle, [service, operation])).toMatchObject({ name, status });
  });
});

describe("the figures", () => {
  it("tell calls, refusals and the peak share of each bucket used", () => {
    const { throttle, pass } = clocked();
    taken(throttle, ["servicediscovery", "RegisterInstance"], 25);
    pass(60_000);
    taken(throttle, ["servicediscovery", "RegisterInstance"], 10);
    taken(throttle, ["ecs", "UpdateService"], 51);
    expect(throttle.callCounts()).toEqual({
      "ecs.UpdateService": 51,
      "servicediscovery.RegisterInstance": 35,
    });
    expect(throttle.bucketUse()).toEqual([
      { name: "ecs service modify", calls: 51, throttled: 1, peakShare: 1 },
      { name: "servicediscovery RegisterInstance", calls: 35, throttled: 0, peakShare: 0.25 },
    ]);
    throttle.resetCounts();
    expect(throttle.bucketUse()).toEqual([]);
  });

  it("are kept without enforcement", () => {
    const { throttle } = clocked(false);
    expect(taken(throttle, ["ecs", "UpdateService"], 60)).toBe(60);
    expect(throttle.bucketUse()[0]).toMatchObject({ throttled: 10, peakShare: 1 });
  });
});

it("names each operation in one bucket only", () => {
  const names = bucketRules.flatMap((rule) => rule.operations);
  expect(new Set(names).size).toBe(names.length);
});
