// Services as people run them behind a load balancer, in every shape that a rollout has to know: ECS with two
// target groups, EXTERNAL with task sets, plain rolling ones, and workers without traffic.

import type { World, WorldService } from "../../../local/world/world.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { keyOf } from "../../../shared/base/keys.ts";

export const CLUSTER = "sim";
export const KINDS = ["native", "strategy", "task-sets", "rolling", "worker", "worker-sets"] as const;
/** native: our weights. strategy: ECS's weights. worker: no load balancer. */
export type Kind = (typeof KINDS)[number];

export const hasBalancer = (kind: Kind): boolean => kind !== "worker" && kind !== "worker-sets";
export const isExternal = (kind: Kind): boolean => kind === "task-sets" || kind === "worker-sets";

export interface Scene {
  readonly key: Key;
  readonly name: string;
  readonly kind: Kind;
  readonly desiredCount: number;
  /** Absent without a load balancer. */
  readonly traffic?: Traffic;
  /** ARN of the first revision's task definition. */
  readonly first: string;
}

export interface Traffic {
  readonly listener: string;
  readonly rule: string;
  readonly testRule?: string;
  /** Blue holds the traffic at the start. */
  readonly blue: string;
  readonly green: string;
}

export interface SceneOptions {
  readonly name: string;
  readonly kind: Kind;
  readonly desiredCount: number;
  /** Of the service's own deployments; absent = ECS's default of 15. */
  readonly bakeMinutes?: number;
  /** A load balancer that services share, a port each; absent = one of its own. An account has 50. */
  readonly shares?: { readonly balancer: string; readonly port: number };
}

type Answer = Readonly<Record<string, unknown>>;

const caller = (world: World) => (service: WorldService, operation: string, input: object) =>
  world.call(service, operation, input) as Answer;

const firstOf = (answer: Answer, list: string, field: string): string =>
  String((answer[list] as readonly Answer[])[0]?.[field]);

const SUBNETS = ["subnet-0a1b2c3d", "subnet-0b1b2c3d"];
const network = { awsvpcConfiguration: { subnets: SUBNETS } };
const CONTAINER = { containerName: "app", containerPort: 80 };

export function createScene(world: World, options: SceneOptions): Scene {
  const { name, kind, desiredCount } = options;
  const { account, region } = world.kernel;
  const traffic = hasBalancer(kind) ? createTraffic(world, options) : undefined;
  const first = registerVersion(world, name);
  if (isExternal(kind)) createExternal(world, options, traffic);
  else createOwn(world, options, traffic);
  return {
    key: keyOf({ kind: "service", account, region, cluster: CLUSTER, name }),
    name,
    kind,
    desiredCount,
    first,
    ...(traffic && { traffic }),
  };
}

/** A new revision of the service's task definition; answers its ARN. */
export function registerVersion(world: World, name: string): string {
  const answer = caller(world)("ecs", "RegisterTaskDefinition", {
    family: name,
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      {
        name: "app",
        image: `registry.example/${name}:1`,
        essential: true,
        portMappings: [{ containerPort: 80 }],
      },
    ],
  });
  return String((answer["taskDefinition"] as Answer)["taskDefinitionArn"]);
}

const forwardTo = (...groups: readonly (readonly [arn: string, weight: number])[]) => [
  {
    Type: "forward",
    ForwardConfig: { TargetGroups: groups.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })) },
  },
];

function createTraffic(world: World, { name, kind, shares }: SceneOptions): Traffic {
  const { balancer, port: Port } = shares ?? { balancer: name, port: 80 };
  const elb = (operation: string, input: object) => caller(world)("elasticloadbalancing", operation, input);
  const LoadBalancerArn = firstOf(
    // Created again, it is the one that exists.
    elb("CreateLoadBalancer", { Name: balancer, Subnets: SUBNETS }),
    "LoadBalancers",
    "LoadBalancerArn",
  );
  const [blue, green] = [createGroup(world, `${name}-blue`), createGroup(world, `${name}-green`)];
  const DefaultActions = [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }];
  const listener = firstOf(
    elb("CreateListener", { LoadBalancerArn, Protocol: "HTTP", Port, DefaultActions }),
    "Listeners",
    "ListenerArn",
  );
  const ruleTo = (Priority: number, Conditions: readonly object[]): string => {
    // As stacks write them: a plain rolling service's rule knows one group only.
    const Actions = kind === "rolling" ? forwardTo([blue, 1]) : forwardTo([blue, 100], [green, 0]);
    const input = { ListenerArn: listener, Priority, Conditions, Actions };
    return firstOf(elb("CreateRule", input), "Rules", "RuleArn");
  };
  const HttpHeaderConfig = { HttpHeaderName: "x-test", Values: ["yes"] };
  const isStaged = kind === "native" || kind === "strategy";
  const testRule = isStaged ? ruleTo(10, [{ Field: "http-header", HttpHeaderConfig }]) : undefined;
  const rule = ruleTo(20, [{ Field: "path-pattern", Values: ["/*"] }]);
  return { listener, rule, blue, green, ...(testRule !== undefined && { testRule }) };
}

function createGroup(world: World, Name: string): string {
  const call = caller(world);
  const input = { Name, Protocol: "HTTP", Port: 80, VpcId: "vpc-0a", TargetType: "ip" };
  const checks = { HealthCheckIntervalSeconds: 10, HealthyThresholdCount: 2, UnhealthyThresholdCount: 2 };
  const TargetGroupArn = firstOf(
    call("elasticloadbalancing", "CreateTargetGroup", { ...input, ...checks }),
    "TargetGroups",
    "TargetGroupArn",
  );
  const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: "10" }];
  call("elasticloadbalancing", "ModifyTargetGroupAttributes", { TargetGroupArn, Attributes });
  return TargetGroupArn;
}

const ROLE = "arn:aws:iam::111122223333:role/ecs";

function createOwn(
  world: World,
  { name, kind, desiredCount, bakeMinutes: bakeTimeInMinutes }: SceneOptions,
  traffic: Traffic | undefined,
): void {
  const isStaged = kind === "native" || kind === "strategy";
  caller(world)("ecs", "CreateService", {
    cluster: CLUSTER,
    serviceName: name,
    taskDefinition: name,
    desiredCount,
    launchType: "FARGATE",
    networkConfiguration: network,
    ...(isStaged && { deploymentConfiguration: { strategy: "BLUE_GREEN", bakeTimeInMinutes } }),
    ...(traffic && {
      loadBalancers: [
        {
          targetGroupArn: traffic.blue,
          ...CONTAINER,
          ...(isStaged && {
            advancedConfiguration: {
              alternateTargetGroupArn: traffic.green,
              productionListenerRule: traffic.rule,
              testListenerRule: traffic.testRule,
              roleArn: ROLE,
            },
          }),
        },
      ],
    }),
  });
}

function createExternal(
  world: World,
  { name, desiredCount }: SceneOptions,
  traffic: Traffic | undefined,
): void {
  const call = caller(world);
  const deploymentController = { type: "EXTERNAL" };
  call("ecs", "CreateService", { cluster: CLUSTER, serviceName: name, desiredCount, deploymentController });
  const where = { cluster: CLUSTER, service: name };
  const { taskSet } = call("ecs", "CreateTaskSet", {
    ...where,
    taskDefinition: name,
    externalId: "first",
    launchType: "FARGATE",
    networkConfiguration: network,
    scale: { unit: "PERCENT", value: 100 },
    ...(traffic && { loadBalancers: [{ targetGroupArn: traffic.blue, ...CONTAINER }] }),
  });
  const primaryTaskSet = String((taskSet as Answer)["id"]);
  call("ecs", "UpdateServicePrimaryTaskSet", { ...where, primaryTaskSet });
}
