// A canary rollout by hand with the EXTERNAL controller, against the modelled load balancer: done in the right
// order no request is lost; a task set deleted under traffic costs requests, as on AWS.

import type { TaskSet } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { addMs, epochMs, seconds } from "../../../../shared/base/time.ts";
import type { World } from "../../world.ts";
import { createWorld } from "../../world.ts";

const SUBNETS = ["subnet-0a", "subnet-0b"];
const where = { cluster: "default", service: "shop" };
type Color = "blue" | "green";

class Rollout {
  readonly world: World;
  readonly groups: Readonly<Record<Color, string>>;
  readonly listenerArn: string;
  readonly answers = new Map<number, number>();

  constructor(seed: number) {
    this.world = createWorld({ seed, startAt: epochMs(Date.UTC(2026, 0, 1)), throttling: false });
    const balancer = this.#elb("CreateLoadBalancer", { Name: "shop", Subnets: SUBNETS }, "LoadBalancers");
    this.groups = { blue: this.#group("blue"), green: this.#group("green") };
    const TargetGroups = [
      { TargetGroupArn: this.groups.blue, Weight: 100 },
      { TargetGroupArn: this.groups.green, Weight: 0 },
    ];
    const listener = this.#elb(
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
    this.ecs("RegisterTaskDefinition", {
      family: "shop",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "app", image: "shop:1", portMappings: [{ containerPort: 80 }] }],
    });
    this.ecs("CreateService", {
      serviceName: "shop",
      desiredCount: 8,
      deploymentController: { type: "EXTERNAL" },
    });
  }

  ecs(operation: string, input: object): { readonly taskSet?: TaskSet; readonly taskSets?: TaskSet[] } {
    return this.world.call("ecs", operation, input);
  }

  #elb(operation: string, input: object, list: string): Readonly<Record<string, string>> {
    const answer = this.world.call("elasticloadbalancing", operation, input);
    return (answer as Record<string, Record<string, string>[]>)[list]?.[0] ?? {};
  }

  #group(name: string): string {
    const input = { Name: name, Protocol: "HTTP", Port: 80, VpcId: "vpc-1", TargetType: "ip" };
    const checks = { HealthCheckIntervalSeconds: 10, HealthyThresholdCount: 2 };
    return this.#elb("CreateTargetGroup", { ...input, ...checks }, "TargetGroups")["TargetGroupArn"] ?? "";
  }

  create(color: Color, value: number): string {
    const { taskSet } = this.ecs("CreateTaskSet", {
      ...where,
      taskDefinition: "shop",
      externalId: color,
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS } },
      loadBalancers: [{ targetGroupArn: this.groups[color], containerName: "app", containerPort: 80 }],
      scale: { unit: "PERCENT", value },
    });
    return taskSet?.id ?? "";
  }

  scale(taskSet: string, value: number): void {
    this.ecs("UpdateTaskSet", { ...where, taskSet, scale: { unit: "PERCENT", value } });
  }

  shown(taskSet: string): TaskSet | undefined {
    return this.ecs("DescribeTaskSets", { ...where, taskSets: [taskSet] }).taskSets?.[0];
  }

  pass(bySeconds: number): void {
    this.world.advanceTo(addMs(this.world.kernel.now(), seconds(bySeconds)));
  }

  /** Waits as a driver does; fails when it takes more than ten minutes. */
  untilSteady(taskSet: string): void {
    for (let step = 0; step < 120; step += 1) {
      if (this.shown(taskSet)?.stabilityStatus === "STEADY_STATE") return;
      this.load(5);
    }
    throw new Error(`${taskSet} did not become steady`);
  }

  weights(green: number): void {
    const { groups } = this;
    const weights = new Map([
      [groups.blue, 100 - green],
      [groups.green, green],
    ]);
    this.world.elb.balancing.setWeights(this.listenerArn, weights);
  }

  /** 50 requests a second. */
  load(forSeconds: number): void {
    const request = { method: "GET", host: "shop", path: "/", query: "", headers: {}, sourceIp: "192.0.2.1" };
    for (let at = 0; at < forSeconds * 50; at += 1) {
      this.world.elb.offer(this.listenerArn, request, ({ statusCode }) => {
        this.answers.set(statusCode, (this.answers.get(statusCode) ?? 0) + 1);
      });
      this.pass(0.02);
    }
  }
}

/** Blue serves everything. */
function begin(seed: number): { readonly rollout: Rollout; readonly blue: string } {
  const rollout = new Rollout(seed);
  const blue = rollout.create("blue", 100);
  rollout.pass(120);
  rollout.ecs("UpdateServicePrimaryTaskSet", { ...where, primaryTaskSet: blue });
  expect(rollout.shown(blue)).toMatchObject({
    status: "PRIMARY",
    runningCount: 8,
    stabilityStatus: "STEADY_STATE",
  });
  return { rollout, blue };
}

describe("a canary of task sets", () => {
  it("costs no request from a quarter of the capacity to the end of the old set", () => {
    const { rollout, blue } = begin(3);
    const green = rollout.create("green", 25);
    expect(rollout.shown(green)).toMatchObject({ computedDesiredCount: 2, stabilityStatus: "STABILIZING" });
    rollout.untilSteady(green);
    rollout.weights(20);
    rollout.load(30);
    rollout.scale(green, 100);
    rollout.untilSteady(green);
    rollout.weights(100);
    rollout.load(30);
    rollout.ecs("UpdateServicePrimaryTaskSet", { ...where, primaryTaskSet: green });
    rollout.scale(blue, 0);
    rollout.untilSteady(blue);
    rollout.ecs("DeleteTaskSet", { ...where, taskSet: blue });
    rollout.load(30);
    expect([...rollout.answers.keys()]).toEqual([200]);
    const left = rollout.ecs("DescribeTaskSets", where).taskSets ?? [];
    expect(left.map(({ externalId, status }) => [externalId, status])).toEqual([["green", "PRIMARY"]]);
    expect([...rollout.world.ecs.runningTasks()]).toHaveLength(8);
  });

  it("is steady only when its targets are healthy, not when its tasks run", () => {
    const { rollout } = begin(4);
    const green = rollout.create("green", 50);
    let ranUnsteady = false;
    for (let step = 0; step < 300; step += 1) {
      rollout.pass(1);
      const shown = rollout.shown(green);
      if (shown?.runningCount === 4 && shown.stabilityStatus === "STABILIZING") ranUnsteady = true;
    }
    expect(ranUnsteady).toBe(true);
    expect(rollout.shown(green)?.stabilityStatus).toBe("STEADY_STATE");
  });

  it("deleted by force while it has traffic loses requests", () => {
    const { rollout } = begin(5);
    const green = rollout.create("green", 50);
    rollout.untilSteady(green);
    rollout.weights(50);
    rollout.load(10);
    expect(rollout.answers.get(503)).toBeUndefined();
    rollout.ecs("DeleteTaskSet", { ...where, taskSet: green, force: true });
    rollout.load(400);
    expect(rollout.answers.get(503)).toBeGreaterThan(0);
  });
});
