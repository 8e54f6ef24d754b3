// ECS's own traffic shifts over the modelled load balancer and applications: requests all the way through.

import type { DeploymentConfiguration } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { addMs, epochMs, millis, minutes, seconds } from "../../shared/base/time.ts";
import { checkedWorld } from "../models/answer-check.ts";
import type { World, WorldService } from "./world.ts";
import { createWorld } from "./world.ts";

interface Scene {
  readonly world: World;
  readonly listener: string;
  readonly blue: string;
  readonly green: string;
  call(service: WorldService, operation: string, input: object): Record<string, unknown>;
  /** Answers by status code, and by target group. */
  readonly answers: Map<string, number>;
  sendRequests(everyMs: number, forMs: number): void;
  pass(byMs: number): void;
}

const first = (answer: Record<string, unknown>, list: string, field: string): string =>
  String((answer[list] as Record<string, unknown>[])[0]?.[field]);

const forwardTo = (...groups: readonly (readonly [string, number])[]) => [
  {
    Type: "forward",
    ForwardConfig: { TargetGroups: groups.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })) },
  },
];

function createScene(seed: number): Scene {
  const world = createWorld({ seed, startAt: epochMs(Date.UTC(2026, 0, 1)), throttling: false });
  const checked = checkedWorld(world);
  const call = (service: WorldService, operation: string, input: object) =>
    checked.call(service, operation, input) as Record<string, unknown>;
  const elb = (operation: string, input: object) => call("elasticloadbalancing", operation, input);
  const balancer = first(
    elb("CreateLoadBalancer", { Name: "web", Subnets: ["subnet-0a", "subnet-0b"] }),
    "LoadBalancers",
    "LoadBalancerArn",
  );
  const group = (Name: string): string => {
    const input = {
      Name,
      Protocol: "HTTP",
      Port: 80,
      VpcId: "vpc-0a",
      TargetType: "ip",
      HealthCheckIntervalSeconds: 10,
    };
    const arn = first(elb("CreateTargetGroup", input), "TargetGroups", "TargetGroupArn");
    const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: "10" }];
    elb("ModifyTargetGroupAttributes", { TargetGroupArn: arn, Attributes });
    return arn;
  };
  const [blue, green] = [group("blue"), group("green")];
  const DefaultActions = [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }];
  const listenerInput = { LoadBalancerArn: balancer, Protocol: "HTTP", Port: 80, DefaultActions };
  const listener = first(elb("CreateListener", listenerInput), "Listeners", "ListenerArn");
  const Conditions = [{ Field: "path-pattern", Values: ["/*"] }];
  const Actions = forwardTo([blue, 1], [green, 0]);
  const rule = first(
    elb("CreateRule", { ListenerArn: listener, Priority: 1, Conditions, Actions }),
    "Rules",
    "RuleArn",
  );
  createService(call, { blue, green, rule });
  const answers = new Map<string, number>();
  const request = { method: "GET", host: "web", path: "/", query: "", headers: {}, sourceIp: "192.0.2.1" };
  return {
    world,
    listener,
    blue,
    green,
    call,
    answers,
    sendRequests: (everyMs, forMs) => {
      for (let at = 0; at < forMs; at += everyMs) {
        world.kernel.after(millis(at), () =>
          world.elb.offer(listener, request, ({ statusCode, targetGroupArn }) => {
            for (const key of [String(statusCode), targetGroupArn ?? "none"])
              answers.set(key, (answers.get(key) ?? 0) + 1);
          }),
        );
      }
    },
    pass: (byMs) => world.advanceTo(addMs(world.kernel.now(), millis(byMs))),
  };
}

function createService(
  call: Scene["call"],
  { blue, green, rule }: { readonly blue: string; readonly green: string; readonly rule: string },
): void {
  call("ecs", "RegisterTaskDefinition", {
    family: "web",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      { name: "web", image: "example/web:1", essential: true, portMappings: [{ containerPort: 80 }] },
    ],
  });
  call("ecs", "CreateService", {
    serviceName: "web",
    desiredCount: 2,
    taskDefinition: "web",
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0a", "subnet-0b"] } },
    deploymentConfiguration: { strategy: "BLUE_GREEN" },
    loadBalancers: [
      {
        targetGroupArn: blue,
        containerName: "web",
        containerPort: 80,
        advancedConfiguration: {
          alternateTargetGroupArn: green,
          productionListenerRule: rule,
          roleArn: "arn:aws:iam::111122223333:role/ecs",
        },
      },
    ],
  });
}

const statusOf = ({ call }: Scene): string => {
  const { serviceDeployments } = call("ecs", "ListServiceDeployments", { service: "web" });
  return String((serviceDeployments as { readonly status: string }[])[0]?.status);
};

function deploy({ call }: Scene, deploymentConfiguration: DeploymentConfiguration): void {
  call("ecs", "UpdateService", { service: "web", forceNewDeployment: true, deploymentConfiguration });
}

const STRATEGIES: Record<string, DeploymentConfiguration> = {
  BLUE_GREEN: { strategy: "BLUE_GREEN", bakeTimeInMinutes: 1 },
  LINEAR: {
    strategy: "LINEAR",
    bakeTimeInMinutes: 1,
    linearConfiguration: { stepPercent: 25, stepBakeTimeInMinutes: 1 },
  },
  CANARY: {
    strategy: "CANARY",
    bakeTimeInMinutes: 1,
    canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 2 },
  },
};

function runningScene(seed: number): Scene {
  const scene = createScene(seed);
  scene.pass(minutes(4));
  expect(statusOf(scene)).toBe("SUCCESSFUL");
  return scene;
}

describe("requests through a rollout of ECS's own", () => {
  it.each(Object.entries(STRATEGIES))(
    "%s loses none, and moves all of them to green",
    (_name, configuration) => {
      const scene = runningScene(3);
      const total = minutes(12) / 200;
      scene.sendRequests(200, minutes(12));
      deploy(scene, configuration);
      scene.pass(minutes(13));
      expect(statusOf(scene)).toBe("SUCCESSFUL");
      expect(scene.answers.get("200")).toBe(total);
      expect(scene.answers.get(scene.blue)).toBeGreaterThan(0);
      scene.answers.clear();
      scene.sendRequests(200, seconds(60));
      scene.pass(seconds(70));
      expect([...scene.answers]).toEqual([
        ["200", 300],
        [scene.green, 300],
      ]);
    },
  );

  it("a rollback in the middle loses none either", () => {
    const scene = runningScene(4);
    scene.sendRequests(200, minutes(12));
    deploy(scene, { ...STRATEGIES["CANARY"], bakeTimeInMinutes: 30 });
    scene.pass(minutes(5));
    const { services } = scene.call("ecs", "DescribeServices", { services: ["web"] });
    const serviceDeploymentArn = (services as Record<string, unknown>[])[0]?.["currentServiceDeployment"];
    expect(scene.answers.get(scene.green)).toBeGreaterThan(0);
    scene.call("ecs", "StopServiceDeployment", { serviceDeploymentArn });
    scene.pass(minutes(8));
    expect(statusOf(scene)).toBe("ROLLBACK_SUCCESSFUL");
    expect(scene.answers.get("200")).toBe(minutes(12) / 200);
  });
});
