// From requests to evidence: a load balancer of the local AWS under traffic, its metrics as CloudWatch gives
// them, the feed that reads them, and the counts that a rollout learns: every request once, on its side.

import { describe, expect, it } from "vitest";
import { createWorldClient } from "../../local/faces/ports/world-client.ts";
import type { Backends } from "../../local/world/backends.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { createCloudWatchReader } from "../../shared/adapters/aws/cloudwatch-metrics.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import type { Key } from "../../shared/base/keys.ts";
import { feedKeyOf } from "../../shared/base/keys.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, minutes } from "../../shared/base/time.ts";
import type { MetricsFact } from "../../shared/contracts/facts.ts";
import type { RolloutPolicy } from "../../shared/contracts/rollout-policy.ts";
import type { Bin, MetricState } from "../../shared/core/rollout/analysis/analysis.ts";
import type { Judging } from "../../shared/core/rollout/metrics.ts";
import { binsOf, subscriptionOf } from "../../shared/core/rollout/metrics.ts";
import { feedPass } from "../../shared/shell/feed.ts";
import { createBench } from "../support/shell-bench.ts";

const T0 = epochMs(Date.UTC(2026, 10, 22, 12));
const KEY = "111122223333/us-east-1/quay/crane" as Key;
const FEED = feedKeyOf({ account: "111122223333", region: "us-east-1" });
const BLUE = "10.0.0.1";
const GREEN = "10.0.0.2";

interface Truth {
  total: number;
  failed: number;
  slow: number;
}

/** Every 20th request of green fails, every 10th of either is slow, by turns: the truth is known. */
function scripted(truth: Readonly<Record<string, Truth>>): Backends {
  return {
    probe: (_target, _probe, done) => done({ kind: "answered", statusCode: 200 }),
    answer: ({ id }) => {
      const own = truth[id] as Truth;
      own.total += 1;
      const fails = id === GREEN && own.total % 20 === 0;
      const isSlow = own.total % 10 === 3;
      own.failed += Number(fails);
      own.slow += Number(isSlow);
      return { kind: "answered", statusCode: fails ? 500 : 200, afterMs: isSlow ? 400 : 20 };
    },
  };
}

function balanced() {
  const truth = { [BLUE]: { total: 0, failed: 0, slow: 0 }, [GREEN]: { total: 0, failed: 0, slow: 0 } };
  const world = createWorld({ seed: 3, startAt: epochMs(T0 - minutes(10)), backends: scripted(truth) });
  type Made = Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  const made = (operation: string, input: object, member: string): string => {
    const [list] = Object.values(world.call("elasticloadbalancing", operation, input) as Made);
    return list?.[0]?.[member] ?? "";
  };
  const balancer = made(
    "CreateLoadBalancer",
    { Name: "web", Subnets: ["subnet-0a", "subnet-0b"] },
    "LoadBalancerArn",
  );
  const groups = [BLUE, GREEN].map((address, index) => {
    const name = { Name: `g${index}`, Protocol: "HTTP", Port: 80, VpcId: "vpc-1", TargetType: "ip" };
    const arn = made("CreateTargetGroup", name, "TargetGroupArn");
    world.call("elasticloadbalancing", "RegisterTargets", {
      TargetGroupArn: arn,
      Targets: [{ Id: address, Port: 80 }],
    });
    return arn;
  });
  const TargetGroups = groups.map((TargetGroupArn, index) => ({
    TargetGroupArn,
    Weight: index === 0 ? 80 : 20,
  }));
  const listener = made(
    "CreateListener",
    {
      LoadBalancerArn: balancer,
      Protocol: "HTTP",
      Port: 80,
      DefaultActions: [{ Type: "forward", ForwardConfig: { TargetGroups } }],
    },
    "ListenerArn",
  );
  world.advanceTo(T0);
  return { world, truth, groups, listener, loadBalancer: balancer.slice(balancer.indexOf("app/")) };
}

/** Two requests a second; a request that begins in a minute has ended in it. */
function traffic(world: World, listener: string, minute: number): void {
  const from = T0 + minute * 60_000;
  for (let tick = 0; tick < 100; tick += 1) {
    world.advanceTo(epochMs(from + 2_000 + tick * 500));
    const request = { method: "GET", host: "web", path: "/", query: "", headers: {}, sourceIp: "192.0.2.1" };
    world.elb.offer(listener, request, () => undefined);
  }
}

const judgingOf = (set: ReturnType<typeof balanced>): Judging => ({
  rollout: {
    id: "r-00000001",
    places: {
      loadBalancer: set.loadBalancer,
      stableGroup: set.groups[0] ?? "",
      candidateGroup: set.groups[1] ?? "",
    },
    analysis: { metrics: {}, requestsPerSecond: 0, slowSeconds: 0.3, since: T0 },
    source: { taskDefinition: "crane:1", images: [] },
    target: { taskDefinition: "crane:2", images: [] },
    trafficSince: T0,
  },
  // -- reason: the rest of the policy has no say in metrics
  policy: { analysis: { metrics: "default", periodMs: minutes(1) } } as unknown as RolloutPolicy,
});

const nothing: MetricState = {
  sums: [],
  guard: 0,
  phi: 1,
  candidate: { total: 0, bad: 0 },
  control: { total: 0, bad: 0 },
};

/** As `learn` keeps them: added up, and the last bin remembered. */
function added(judging: Judging, bins: Readonly<Record<string, readonly Bin[]>>): Judging {
  const metrics = { ...judging.rollout.analysis.metrics };
  for (const [name, list] of Object.entries(bins)) {
    for (const { at, candidate, control } of list) {
      const { candidate: a, control: b } = metrics[name] ?? nothing;
      metrics[name] = {
        ...nothing,
        candidate: { total: a.total + candidate.total, bad: a.bad + candidate.bad },
        control: { total: b.total + control.total, bad: b.bad + control.bad },
        lastBinAt: at,
      };
    }
  }
  return { ...judging, rollout: { ...judging.rollout, analysis: { ...judging.rollout.analysis, metrics } } };
}

describe("the feed over a load balancer's metrics", () => {
  it("counts every request once on its side, in one call a minute", async () => {
    const set = balanced();
    const bench = createBench();
    const reader = createCloudWatchReader({
      client: createWorldClient(set.world, "cloudwatch"),
      pace: unpaced,
    });
    const ports = { ...bench.ports, read: { ...bench.ports.read, metrics: reader } };
    const passAt = async (at: EpochMs, facts: Parameters<typeof feedPass>[0]["facts"]): Promise<void> => {
      set.world.advanceTo(at);
      bench.world.now = at;
      await feedPass({ key: FEED, facts, cause: String(at) }, ports);
    };
    const { subscription } = subscriptionOf({ ...judgingOf(set), key: KEY, now: T0 });
    await passAt(T0, [{ kind: "subscription", subscription, at: T0 }]);
    for (let minute = 0; minute < 10; minute += 1) {
      // Nobody calls in the fifth minute: it is known to be empty, and no later bin is lost for it.
      if (minute !== 5) traffic(set.world, set.listener, minute);
      await passAt(epochMs(T0 + (minute + 1) * 60_000), [{ kind: "wake", cause: "timer", at: T0 }]);
    }
    for (const minute of [11, 12]) await passAt(epochMs(T0 + minute * 60_000), []);

    let judging = judgingOf(set);
    for (const { facts } of bench.rung) {
      const answer = binsOf(facts[0] as MetricsFact, judging);
      expect(answer.problem).toBeUndefined();
      judging = added(judging, answer.bins);
    }
    const [blue, green] = [set.truth[BLUE], set.truth[GREEN]];
    const { errors, slow } = judging.rollout.analysis.metrics;
    expect((blue?.total ?? 0) + (green?.total ?? 0)).toBe(900);
    expect(green?.failed).toBeGreaterThan(3);
    expect(errors).toMatchObject({
      candidate: { total: green?.total, bad: green?.failed },
      control: { total: blue?.total, bad: 0 },
    });
    expect(slow).toMatchObject({
      candidate: { total: green?.total, bad: green?.slow },
      control: { total: blue?.total, bad: blue?.slow },
    });
    expect(set.world.throttle.callCounts()["cloudwatch.GetMetricData"]).toBe(11);
  });
});
