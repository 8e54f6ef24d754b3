// Equal seeds make equal worlds, byte for byte: deployments of both kinds behind a load balancer with traffic on
// it, a fleet on hosts and on Spot, and things breaking all the while.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createChaos } from "../../local/chaos/chaos.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs, millis, seconds } from "../../shared/base/time.ts";

const CLUSTER = "rich";
const START = epochMs(Date.UTC(2026, 0, 1));
const network = { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } };

interface Balanced {
  readonly listener: string;
  /** Its default rule. */
  readonly rule: string;
  readonly blue: string;
  readonly green: string;
}

function registerDefinition(world: World, family: string, image: string): void {
  world.ecs.operations.RegisterTaskDefinition({
    family,
    networkMode: family === "worker" ? "bridge" : "awsvpc",
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      {
        name: "app",
        image,
        portMappings: [{ containerPort: 8080 }],
        healthCheck: { command: ["CMD", "true"], interval: 5 },
      },
    ],
  });
}

function createBalancer({ elb }: World): Balanced {
  const { operations } = elb;
  const [blue = "", green = ""] = ["blue", "green"].map(
    (Name) =>
      operations.CreateTargetGroup({
        Name,
        Protocol: "HTTP",
        Port: 8080,
        VpcId: "vpc-1",
        TargetType: "ip",
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
      }).TargetGroups?.[0]?.TargetGroupArn ?? "",
  );
  const balancer = operations.CreateLoadBalancer({ Name: "front", Subnets: ["subnet-1", "subnet-2"] });
  const listeners = operations.CreateListener({
    LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn,
    Protocol: "HTTP",
    Port: 80,
    DefaultActions: [
      {
        Type: "forward",
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: blue, Weight: 100 },
            { TargetGroupArn: green, Weight: 0 },
          ],
        },
      },
    ],
  });
  const listener = listeners.Listeners?.[0]?.ListenerArn ?? "";
  const rule = operations.DescribeRules({ ListenerArn: listener }).Rules?.[0]?.RuleArn ?? "";
  return { listener, rule, blue, green };
}

function createServices(world: World, { rule, blue, green }: Balanced): void {
  const { CreateService } = world.ecs.operations;
  const common = { cluster: CLUSTER, desiredCount: 4 };
  const loadBalancer = { targetGroupArn: blue, containerName: "app", containerPort: 8080 };
  CreateService({
    ...common,
    serviceName: "rolling",
    taskDefinition: "web",
    networkConfiguration: network,
    capacityProviderStrategy: [
      { capacityProvider: "FARGATE", weight: 1 },
      { capacityProvider: "FARGATE_SPOT", weight: 1 },
    ],
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  });
  CreateService({
    ...common,
    serviceName: "blue-green",
    taskDefinition: "web",
    launchType: "FARGATE",
    networkConfiguration: network,
    deploymentConfiguration: { strategy: "BLUE_GREEN", bakeTimeInMinutes: 1 },
    loadBalancers: [
      {
        ...loadBalancer,
        advancedConfiguration: {
          alternateTargetGroupArn: green,
          productionListenerRule: rule,
          roleArn: `arn:aws:iam::${world.kernel.account}:role/ecs`,
        },
      },
    ],
  });
  CreateService({ ...common, serviceName: "worker", taskDefinition: "worker", launchType: "EC2" });
}

/** What happens when, in seconds from the start: everything at least once. */
function storyOf(world: World): readonly (readonly [atS: number, act: () => unknown])[] {
  const chaos = createChaos(world);
  const { UpdateService } = world.ecs.operations;
  const update = (service: string, change: object) => () =>
    UpdateService({ cluster: CLUSTER, service, ...change });
  const breaks = (name: string, options: Readonly<Record<string, string>> = {}) => [
    () => chaos.break(name, options),
    () => chaos.mend(name),
  ];
  const spans: readonly (readonly [from: number, until: number, acts: readonly (() => unknown)[]])[] = [
    [150, 260, breaks("event-delay", { share: "30" })],
    [160, 400, breaks("oom", { service: `${CLUSTER}/worker`, share: "30" })],
    [200, 330, breaks("spot-reclaim", { share: "50" })],
    [420, 700, breaks("az-loss")],
    [450, 520, breaks("event-duplication", { share: "50" })],
    [720, 790, breaks("health-check-failing", { service: `${CLUSTER}/rolling`, share: "40" })],
    [800, 900, breaks("image-pull-failure", { service: `${CLUSTER}/rolling`, lose: "2" })],
    [820, 880, breaks("agent-lost")],
  ];
  const deployments: readonly (readonly [number, () => unknown])[] = [
    [120, update("rolling", { taskDefinition: "web:2" })],
    [130, update("blue-green", { taskDefinition: "web:2" })],
    [500, update("rolling", { desiredCount: 9 })],
    [620, update("worker", { forceNewDeployment: true })],
    [760, update("blue-green", { taskDefinition: "web:1" })],
  ];
  const acts = spans.flatMap(([from, until, [start, end]]): (readonly [number, () => unknown])[] => [
    [from, start ?? (() => undefined)],
    [until, end ?? (() => undefined)],
  ]);
  return [...deployments, ...acts].sort(([a], [b]) => a - b);
}

interface Told {
  readonly events: number;
  readonly detailTypes: readonly string[];
  readonly answers: number;
  readonly log: string;
  readonly ending: string;
}

function tell(seed: number): Told {
  const hash = createHash("sha256");
  const detailTypes = new Set<string>();
  const told = { events: 0, answers: 0 };
  const note = (...parts: readonly unknown[]): void => {
    hash.update(JSON.stringify(parts));
  };
  const world = createWorld({
    seed,
    startAt: START,
    throttling: false,
    ecs: { clusters: [CLUSTER] },
    delivery: {
      deliver: (_target, { event }) => {
        note("delivered", world.kernel.now(), event.id);
        return "delivered";
      },
    },
  });
  world.kernel.onEvent((event) => {
    told.events += 1;
    detailTypes.add(event["detail-type"]);
    note("event", world.kernel.now(), event);
  });
  const { listener } = furnish(world);
  const request = { method: "GET", host: "front", path: "/", query: "", headers: {}, sourceIp: "192.0.2.1" };
  const ask = (): void => {
    world.elb.offer(listener, request, (answer) => {
      told.answers += 1;
      note("answer", world.kernel.now(), answer);
    });
    world.kernel.after(millis(500), ask);
  };
  ask();
  for (const [atS, act] of storyOf(world)) {
    world.advanceTo(epochMs(START + seconds(atS)));
    act();
  }
  world.advanceTo(epochMs(START + seconds(1_800)));
  return { ...told, detailTypes: [...detailTypes].sort(), log: hash.digest("hex"), ending: endingOf(world) };
}

function furnish(world: World): Balanced {
  world.ecs.operations.PutClusterCapacityProviders({
    cluster: CLUSTER,
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    defaultCapacityProviderStrategy: [],
  });
  for (let host = 0; host < 4; host += 1) world.ecs.registerContainerInstance({ cluster: CLUSTER });
  registerDefinition(world, "web", "example/web:1");
  registerDefinition(world, "web", "example/web:2");
  registerDefinition(world, "worker", "example/worker:1");
  world.call("events", "PutRule", { Name: "all", EventPattern: JSON.stringify({ source: ["aws.ecs"] }) });
  world.call("events", "PutTargets", { Rule: "all", Targets: [{ Id: "1", Arn: "target" }] });
  const balanced = createBalancer(world);
  createServices(world, balanced);
  return balanced;
}

function endingOf({ ecs, elb }: World): string {
  const services = ["rolling", "blue-green", "worker"];
  const described = ecs.operations.DescribeServices({ cluster: CLUSTER, services });
  const groups = elb.operations.DescribeTargetGroups({}).TargetGroups ?? [];
  const healths = groups.map(({ TargetGroupArn }) => elb.operations.DescribeTargetHealth({ TargetGroupArn }));
  return JSON.stringify([described, healths, [...ecs.runningTasks()], [...ecs.hosts()]]);
}

describe("a rich scenario", () => {
  it("is the same for the same seed, and another for another", () => {
    const first = tell(7);
    expect(tell(7)).toEqual(first);
    const other = tell(8);
    expect(other.log).not.toBe(first.log);
    expect(other.ending).not.toBe(first.ending);
    // It was rich indeed.
    expect(first.events).toBeGreaterThan(200);
    expect(first.answers).toBeGreaterThan(3_000);
    expect(first.detailTypes).toEqual(
      expect.arrayContaining([
        "ECS Container Instance State Change",
        "ECS Deployment State Change",
        "ECS Service Action",
        "ECS Task State Change",
      ]),
    );
    expect(first.ending).toContain("BLUE_GREEN");
  });
});
