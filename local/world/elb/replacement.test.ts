// What clients notice of change: nothing while weights shift, tasks are replaced and drained under load; broken
// requests where draining is switched off or a program dies.

import { describe, expect, it } from "vitest";
import { addMs, epochMs, millis } from "../../../shared/base/time.ts";
import type { World } from "../world.ts";
import { createWorld } from "../world.ts";

const SUBNETS = ["subnet-0a", "subnet-0b"];
type Item = Readonly<Record<string, string>>;

/** Two services behind one listener, with a load of requests. */
class Shop {
  readonly world: World;
  readonly listenerArn: string;
  readonly groups: Readonly<Record<"blue" | "green", string>>;
  readonly answers = new Map<number, number>();
  offered = 0;

  constructor(seed: number) {
    this.world = createWorld({ seed, startAt: epochMs(Date.UTC(2026, 0, 1)), throttling: false });
    for (const [index, subnetId] of SUBNETS.entries()) {
      const availabilityZone = `us-east-1${"ab"[index]}`;
      this.world.ecs.defineSubnet({ subnetId, availabilityZone, family: "ipv4" });
    }
    const balancer = this.elb("CreateLoadBalancer", { Name: "shop", Subnets: SUBNETS }, "LoadBalancers");
    this.groups = { blue: this.#group("blue"), green: this.#group("green") };
    const TargetGroups = [
      { TargetGroupArn: this.groups.blue, Weight: 100 },
      { TargetGroupArn: this.groups.green, Weight: 0 },
    ];
    const listener = this.elb(
      "CreateListener",
      {
        LoadBalancerArn: balancer["LoadBalancerArn"],
        Protocol: "HTTP",
        Port: 80,
        DefaultActions: [{ Type: "forward", ForwardConfig: { TargetGroups } }],
      },
      "Listeners",
    );
    this.listenerArn = listener["ListenerArn"] ?? "";
    this.#define();
    for (const color of ["blue", "green"] as const) this.#service(color);
    this.pass(120_000);
  }

  elb(operation: string, input: object, list?: string): Item {
    const answer = this.world.call("elasticloadbalancing", operation, input);
    return list === undefined ? {} : ((answer as Record<string, Item[]>)[list]?.[0] ?? {});
  }

  #group(name: string): string {
    const input = { Name: name, Protocol: "HTTP", Port: 80, VpcId: "vpc-1", TargetType: "ip" };
    const group = this.elb(
      "CreateTargetGroup",
      { ...input, HealthCheckIntervalSeconds: 10, HealthyThresholdCount: 2 },
      "TargetGroups",
    );
    return group["TargetGroupArn"] ?? "";
  }

  #define(): void {
    this.world.call("ecs", "RegisterTaskDefinition", {
      family: "shop",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "app", image: "shop:1", portMappings: [{ containerPort: 80 }] }],
    });
  }

  #service(color: "blue" | "green"): void {
    this.world.call("ecs", "CreateService", {
      serviceName: color,
      taskDefinition: "shop",
      desiredCount: 4,
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS } },
      loadBalancers: [{ targetGroupArn: this.groups[color], containerName: "app", containerPort: 80 }],
    });
  }

  pass(ms: number): void {
    this.world.advanceTo(addMs(this.world.kernel.now(), millis(ms)));
  }

  /** 500 requests a second. */
  load(forMs: number): void {
    const request = { method: "GET", host: "shop", path: "/", query: "", headers: {}, sourceIp: "192.0.2.1" };
    for (let at = 0; at < forMs; at += 10) {
      for (let index = 0; index < 5; index += 1) {
        this.offered += 1;
        this.world.elb.offer(this.listenerArn, request, ({ statusCode }) => {
          this.answers.set(statusCode, (this.answers.get(statusCode) ?? 0) + 1);
        });
      }
      this.pass(10);
    }
  }

  weights(blue: number, green: number): void {
    this.world.elb.balancing.setWeights(
      this.listenerArn,
      new Map([
        [this.groups.blue, blue],
        [this.groups.green, green],
      ]),
    );
  }

  taskIds(color: string): string[] {
    const tasks = [...this.world.ecs.runningTasks()].filter(
      ({ group, lastStatus }) => group === `service:${color}` && lastStatus === "RUNNING",
    );
    return tasks.map(({ taskId }) => taskId);
  }

  /** Targets of a group by state. */
  states(color: "blue" | "green"): string[] {
    const answer = this.world.call("elasticloadbalancing", "DescribeTargetHealth", {
      TargetGroupArn: this.groups[color],
    }) as { TargetHealthDescriptions: { TargetHealth: { State: string } }[] };
    return answer.TargetHealthDescriptions.map(({ TargetHealth: { State } }) => State);
  }
}

function attribute(shop: Shop, color: "blue" | "green", [Key, Value]: readonly [string, string]): void {
  shop.elb("ModifyTargetGroupAttributes", {
    TargetGroupArn: shop.groups[color],
    Attributes: [{ Key, Value }],
  });
}

describe("change under load", () => {
  it("costs no request while weights shift, every task is replaced, and the old service drains", () => {
    const shop = new Shop(11);
    shop.world.applications.set({ everything: true }, { medianMs: 60, p99Ms: 900 });
    expect(shop.states("blue")).toEqual(["healthy", "healthy", "healthy", "healthy"]);
    shop.load(5_000);
    for (const green of [5, 25, 50, 100]) {
      shop.weights(100 - green, green);
      shop.load(20_000);
    }
    const before = shop.taskIds("green");
    shop.world.call("ecs", "UpdateService", { service: "green", forceNewDeployment: true });
    shop.world.call("ecs", "UpdateService", { service: "blue", desiredCount: 0 });
    shop.load(180_000);
    expect(shop.taskIds("green").filter((id) => before.includes(id))).toEqual([]);
    expect(shop.taskIds("green")).toHaveLength(4);
    expect(shop.states("blue")).toEqual([]);
    shop.pass(10_000);
    expect(shop.offered).toBeGreaterThan(100_000);
    expect([...shop.answers]).toEqual([[200, shop.offered]]);
  });

  it("breaks open requests when tasks are stopped without draining", () => {
    const shop = new Shop(12);
    shop.world.applications.set({ everything: true }, { medianMs: 6_000, p99Ms: 9_000 });
    attribute(shop, "blue", ["deregistration_delay.timeout_seconds", "0"]);
    shop.load(10_000);
    for (const task of shop.taskIds("blue").slice(0, 2)) shop.world.call("ecs", "StopTask", { task });
    shop.load(20_000);
    shop.pass(30_000);
    expect(shop.answers.get(502) ?? 0).toBeGreaterThan(100);
    expect([...shop.answers.keys()].sort()).toEqual([200, 502]);
  });

  it("spares them when the same programs finish what they have begun", () => {
    const shop = new Shop(12);
    shop.world.applications.set({ everything: true }, { medianMs: 6_000, p99Ms: 9_000, onStop: "finishes" });
    attribute(shop, "blue", ["deregistration_delay.timeout_seconds", "0"]);
    shop.load(10_000);
    for (const task of shop.taskIds("blue").slice(0, 2)) shop.world.call("ecs", "StopTask", { task });
    shop.load(20_000);
    shop.pass(30_000);
    expect([...shop.answers.keys()]).toEqual([200]);
  });

  it("fails requests to a program that died until its target is out, and none afterwards", () => {
    const shop = new Shop(13);
    const [victim = ""] = shop.taskIds("blue");
    shop.load(2_000);
    shop.world.ecs.killTask(victim, { exitCode: 137, reason: "OutOfMemoryError: killed" });
    shop.load(30_000);
    const failed = shop.answers.get(502) ?? 0;
    expect(failed).toBeGreaterThan(0);
    shop.load(30_000);
    expect(shop.answers.get(502)).toBe(failed);
  });

  it("times out at targets of a lost zone until they are found unhealthy or ECS lets them go", () => {
    const shop = new Shop(15);
    shop.load(2_000);
    shop.world.ecs.loseZone("us-east-1a");
    shop.load(60_000);
    const late = shop.answers.get(504) ?? 0;
    expect(late).toBeGreaterThan(100);
    shop.pass(20_000);
    shop.answers.clear();
    shop.load(20_000);
    shop.pass(20_000);
    expect([...shop.answers.keys()]).toEqual([200]);
  });

  it("happens the same way for the same seed", () => {
    const run = () => {
      const shop = new Shop(14);
      shop.world.applications.set({ service: "blue" }, { errorRate: 0.02 });
      shop.load(3_000);
      const [victim = ""] = shop.taskIds("blue");
      shop.world.ecs.killTask(victim, { exitCode: 1 });
      shop.weights(50, 50);
      shop.load(20_000);
      return JSON.stringify([[...shop.answers], shop.states("blue"), shop.world.kernel.hex(8)]);
    };
    expect(run()).toBe(run());
    expect(run()).toContain("[500,");
  });
});
