// What a load balancer's metrics look like in CloudWatch: minutes, lateness, distributions, absence.

import { describe, expect, it } from "vitest";
import { addMs, epochMs, millis } from "../../../shared/base/time.ts";
import type { ModelledAnswer } from "../backends.ts";
import type { World } from "../world.ts";
import { createWorld } from "../world.ts";
import { FIXTURE_OPTIONS, forward, request } from "./elb-fixture.ts";

const START = Date.UTC(2026, 0, 1);
type Answer = Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;

function fixture(answer: (request: number) => number | ModelledAnswer) {
  let asked = 0;
  const world: World = createWorld({
    seed: 2,
    startAt: epochMs(START),
    throttling: false,
    elb: FIXTURE_OPTIONS,
    backends: {
      probe: (_target, _probe, done) => done({ kind: "answered", statusCode: 200 }),
      answer: () => {
        asked += 1;
        const given = answer(asked);
        return typeof given === "number" ? { kind: "answered", statusCode: 200, afterMs: given } : given;
      },
    },
  });
  const first = (operation: string, input: object, [list, member]: readonly [string, string]): string =>
    (world.call("elasticloadbalancing", operation, input) as Answer)[list]?.[0]?.[member] ?? "";
  const Subnets = ["subnet-0a", "subnet-0b"];
  const balancer = first("CreateLoadBalancer", { Name: "web", Subnets }, [
    "LoadBalancers",
    "LoadBalancerArn",
  ]);
  const group = first(
    "CreateTargetGroup",
    { Name: "blue", Protocol: "HTTP", Port: 80, VpcId: "vpc-1", TargetType: "ip" },
    ["TargetGroups", "TargetGroupArn"],
  );
  const listener = first(
    "CreateListener",
    { LoadBalancerArn: balancer, Protocol: "HTTP", Port: 80, DefaultActions: forward([group, 1]) },
    ["Listeners", "ListenerArn"],
  );
  const Targets = [{ Id: "10.0.0.1" }, { Id: "10.0.0.2" }];
  world.call("elasticloadbalancing", "RegisterTargets", { TargetGroupArn: group, Targets });
  const LoadBalancer = balancer.slice(balancer.indexOf("app/"));
  const TargetGroup = group.slice(group.indexOf("targetgroup/"));
  return {
    world,
    until: (second: number) => world.advanceTo(addMs(epochMs(START), millis(second * 1_000))),
    /** So many targets must be healthy. */
    need: (count: number) => {
      const Key = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
      const Attributes = [{ Key, Value: String(count) }];
      world.call("elasticloadbalancing", "ModifyTargetGroupAttributes", {
        TargetGroupArn: group,
        Attributes,
      });
    },
    offer: (count: number) => {
      for (let index = 0; index < count; index += 1) world.elb.offer(listener, request());
    },
    /** `minute=value` of each point. */
    points: (name: string, stat: string, scope: "both" | "balancer" | "group" = "both"): string[] => {
      const dimensions = { TargetGroup, LoadBalancer };
      const Dimensions = Object.entries(dimensions)
        .filter(([key]) => scope === "both" || (key === "LoadBalancer") === (scope === "balancer"))
        .map(([Name, Value]) => ({ Name, Value }));
      const Metric = { Namespace: "AWS/ApplicationELB", MetricName: name, Dimensions };
      const { MetricDataResults } = world.call("cloudwatch", "GetMetricData", {
        StartTime: new Date(START),
        EndTime: new Date(START + 3_600_000),
        ScanBy: "TimestampAscending",
        MetricDataQueries: [{ Id: "m", MetricStat: { Metric, Period: 60, Stat: stat } }],
      }) as { MetricDataResults: { Timestamps: Date[]; Values: number[] }[] };
      const { Timestamps = [], Values = [] } = MetricDataResults[0] ?? {};
      return Timestamps.map((at, index) => `${(at.getTime() - START) / 60_000}=${Values[index]}`);
    },
  };
}

describe("metrics of a load balancer", () => {
  it("appear a minute after the end of theirs, and not at all for an idle one", () => {
    const shop = fixture(() => 1);
    shop.until(70);
    shop.offer(10);
    shop.until(179);
    expect(shop.points("RequestCount", "Sum")).toEqual([]);
    shop.until(200);
    shop.offer(4);
    expect(shop.points("RequestCount", "Sum")).toEqual(["1=10"]);
    shop.until(400);
    expect(shop.points("RequestCount", "Sum")).toEqual(["1=10", "3=4"]);
    expect(shop.points("RequestCount", "Sum", "balancer")).toEqual(["1=10", "3=4"]);
    expect(shop.points("RequestCount", "Average")).toEqual(["1=1", "3=1"]);
    expect(shop.points("RequestCountPerTarget", "Sum", "group")).toEqual(["1=5", "3=2"]);
    expect(shop.points("NewConnectionCount", "Sum", "balancer")).toEqual(["1=10", "3=4"]);
    expect(shop.points("HTTPCode_Target_5XX_Count", "Sum")).toEqual([]);
    expect(shop.points("HealthyHostCount", "Average").slice(0, 3)).toEqual(["0=2", "1=2", "2=2"]);
  });

  it("are late by the lag and no less", () => {
    const shop = fixture(() => 1);
    shop.until(59);
    shop.offer(1);
    shop.until(119);
    expect(shop.points("RequestCount", "Sum")).toEqual([]);
    shop.until(120);
    expect(shop.points("RequestCount", "Sum")).toEqual(["0=1"]);
  });

  it("hold the whole distribution of the targets' times", () => {
    // Of 1,000 requests each tenth takes 1.5 s, the others 1 to 9 times 20 ms.
    const shop = fixture((asked) => (asked % 10 === 0 ? 1_500 : (asked % 10) * 20));
    shop.until(60);
    shop.offer(1_000);
    shop.until(300);
    expect(shop.points("TargetResponseTime", "SampleCount")).toEqual(["1=1000"]);
    expect(shop.points("TargetResponseTime", "TC(1:)")).toEqual(["1=100"]);
    expect(shop.points("TargetResponseTime", "PR(:0.1)")).toEqual(["1=50"]);
    expect(shop.points("TargetResponseTime", "p50")).toEqual(["1=0.1"]);
    expect(shop.points("TargetResponseTime", "p90")).toEqual(["1=0.18"]);
    expect(shop.points("TargetResponseTime", "p99")).toEqual(["1=1.5"]);
    expect(shop.points("TargetResponseTime", "Maximum", "balancer")).toEqual(["1=1.5"]);
  });

  it("name the load balancer alone for codes that are its own, and connections that never came about", () => {
    const answers: Readonly<Record<number, ModelledAnswer>> = {
      1: { kind: "refused" },
      2: { kind: "silent" },
      3: { kind: "reset", afterMs: 5 },
      4: { kind: "answered", statusCode: 200, afterMs: 61_000 },
    };
    const shop = fixture((asked) => answers[asked] ?? 1);
    shop.until(60);
    shop.offer(5);
    shop.until(400);
    expect(shop.points("HTTPCode_ELB_502_Count", "Sum", "balancer")).toEqual(["1=2"]);
    expect(shop.points("HTTPCode_ELB_504_Count", "Sum", "balancer")).toEqual(["1=1", "2=1"]);
    for (const name of ["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_502_Count", "HTTPCode_ELB_504_Count"])
      expect(shop.points(name, "Sum")).toEqual([]);
    // Refused, and not connected within 10 s; not the one that broke and not the one that was slow.
    expect(shop.points("TargetConnectionErrorCount", "Sum")).toEqual(["1=2"]);
    expect(shop.points("TargetConnectionErrorCount", "Sum", "balancer")).toEqual(["1=2"]);
  });

  it("tell the requests that went anywhere because too few targets were healthy", () => {
    const shop = fixture(() => 1);
    shop.until(60);
    shop.offer(2);
    shop.until(120);
    shop.need(3);
    shop.offer(5);
    shop.until(400);
    expect(shop.points("UnhealthyRoutingRequestCount", "Sum")).toEqual(["2=5"]);
    expect(shop.points("UnhealthyRoutingRequestCount", "Sum", "balancer")).toEqual(["2=5"]);
    expect(shop.points("RequestCount", "Sum")).toEqual(["1=2", "2=5"]);
  });

  it("count a request when it is routed and its code when it is answered", () => {
    const shop = fixture(() => 20_000);
    shop.until(50);
    shop.offer(3);
    shop.until(300);
    expect(shop.points("RequestCount", "Sum")).toEqual(["0=3"]);
    expect(shop.points("HTTPCode_Target_2XX_Count", "Sum")).toEqual(["1=3"]);
  });
});
