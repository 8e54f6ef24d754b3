// The service that the demo rolls out: `shop`, behind a rule of the load balancer with two target groups, and
// deployed by ECS itself (BLUE_GREEN). Every wait is behind a PAUSE hook, so that somebody can give the pace.

import { CreateServiceCommand, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import {
  CreateListenerCommand,
  CreateRuleCommand,
  DescribeLoadBalancersCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AppError } from "../../../shared/base/errors.ts";
import type { Clients } from "../fleet.ts";
import { CLUSTER } from "../fleet.ts";
import { createTargetGroup } from "../front-door.ts";

export const SHOP = "shop";
const CONTAINER = "app";
const PORT = 8080;
/** Any other one where it is taken. */
const LISTENER_PORT = 8090;
const DESIRED_COUNT = 3;
/** ECS's shortest. */
const HEALTH_CHECK_SECONDS = 5;
const ECS_ROLE = "arn:aws:iam::111122223333:role/ecs-load-balancers";

export interface Shop {
  readonly listenerArn: string;
  readonly ruleArn: string;
  readonly groups: Readonly<Record<"blue" | "green", string>>;
}

export async function createShop({ elb }: Clients): Promise<Shop> {
  const groups = {
    blue: await createTargetGroup(elb, "shop-blue"),
    green: await createTargetGroup(elb, "shop-green"),
  };
  const { LoadBalancers: found } = await elb.send(new DescribeLoadBalancersCommand({ Names: ["demo"] }));
  const { Listeners: listeners } = await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: found?.[0]?.LoadBalancerArn,
      Protocol: "HTTP",
      Port: LISTENER_PORT,
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
    }),
  );
  const listenerArn = made(listeners?.[0]?.ListenerArn, "listener");
  const { Rules: rules } = await elb.send(
    new CreateRuleCommand({
      ListenerArn: listenerArn,
      Priority: 10,
      Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/*"] } }],
      Actions: [
        {
          Type: "forward",
          ForwardConfig: {
            TargetGroups: [
              { TargetGroupArn: groups.blue, Weight: 100 },
              { TargetGroupArn: groups.green, Weight: 0 },
            ],
          },
        },
      ],
    }),
  );
  return { listenerArn, ruleArn: made(rules?.[0]?.RuleArn, "rule"), groups };
}

function made(arn: string | undefined, what: string): string {
  if (arn === undefined) throw new AppError("defect", `the local AWS made no ${what}`);
  return arn;
}

/** A version of the shop as a task definition: the image's tag is the version. Returns `family:revision`. */
export async function registerVersion(
  { ecs }: Clients,
  version: number,
  behaviour: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: SHOP,
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [
        {
          name: CONTAINER,
          image: `example/shop:${version}`,
          essential: true,
          portMappings: [{ containerPort: PORT, protocol: "tcp" }],
          environment: Object.entries(behaviour).map(([name, value]) => ({ name, value })),
          healthCheck: {
            command: ["CMD-SHELL", "wget -q -O- http://$HOST:$PORT/health"],
            interval: HEALTH_CHECK_SECONDS,
          },
        },
      ],
    }),
  );
  return `${taskDefinition?.family}:${taskDefinition?.revision}`;
}

export async function startShop({ ecs }: Clients, shop: Shop, taskDefinition: string): Promise<void> {
  await ecs.send(
    new CreateServiceCommand({
      cluster: CLUSTER,
      serviceName: SHOP,
      taskDefinition,
      desiredCount: DESIRED_COUNT,
      launchType: "FARGATE",
      healthCheckGracePeriodSeconds: 30,
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } },
      loadBalancers: [
        {
          targetGroupArn: shop.groups.blue,
          containerName: CONTAINER,
          containerPort: PORT,
          advancedConfiguration: {
            alternateTargetGroupArn: shop.groups.green,
            productionListenerRule: shop.ruleArn,
            roleArn: ECS_ROLE,
          },
        },
      ],
      deploymentConfiguration: {
        strategy: "BLUE_GREEN",
        bakeTimeInMinutes: 0,
        lifecycleHooks: [
          {
            targetType: "PAUSE",
            lifecycleStages: ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"],
            timeoutConfiguration: { timeoutInMinutes: 60, action: "ROLLBACK" },
          },
        ],
      },
    }),
  );
}
