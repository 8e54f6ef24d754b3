// The constructs for users' own stacks: what they synthesize, and the very function of the listener rule's custom
// resource, deployed and redeployed against the local AWS while a rollout shifts the weights.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { Duration, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Vpc } from "aws-cdk-lib/aws-ec2";
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from "aws-cdk-lib/aws-ecs";
import type { IApplicationListener, IApplicationTargetGroup } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { ApplicationListener, ApplicationTargetGroup } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PacedDeployments } from "../../infra/constructs/paced-deployments.ts";
import { WeightSafeListenerRule } from "../../infra/constructs/weight-safe-listener-rule.ts";
import type { RuleSettings } from "../../infra/handlers/listener-rule.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";

interface Balancing {
  readonly listener: IApplicationListener;
  readonly blue: IApplicationTargetGroup;
  readonly green: IApplicationTargetGroup;
}

const LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/front/1/2";
const group = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/3`;

const HOOK = "arn:aws:lambda:eu-west-1:111122223333:function:fairlead-hook";
const ROLE = "arn:aws:iam::111122223333:role/fairlead-stateless-HookInvoker";

function balancingOf(stack: Stack): Balancing {
  const groupNamed = (name: string) =>
    ApplicationTargetGroup.fromTargetGroupAttributes(stack, name, { targetGroupArn: group(name) });
  return {
    listener: ApplicationListener.fromApplicationListenerAttributes(stack, "Listener", {
      listenerArn: LISTENER,
      // biome-ignore lint/suspicious/noExplicitAny: only its connections would be used -- reason: an imported listener
      securityGroup: { connections: undefined } as any,
    }),
    blue: groupNamed("blue"),
    green: groupNamed("green"),
  };
}

const ruleIn = (stack: Stack, { listener, blue, green }: Balancing, priority = 10) =>
  new WeightSafeListenerRule(stack, "Rule", {
    listener,
    priority,
    conditions: [{ field: "path-pattern", pathPatternConfig: { values: ["/*"] } }],
    targetGroup: blue,
    alternateTargetGroup: green,
  });

describe("a weight-safe listener rule", () => {
  const stack = new Stack();
  ruleIn(stack, balancingOf(stack));
  const template = Template.fromStack(stack);

  it("is no listener rule to CloudFormation, so that none is diffed", () => {
    template.resourceCountIs("AWS::ElasticLoadBalancingV2::ListenerRule", 0);
    const [rule] = Object.values(template.findResources("Custom::WeightSafeListenerRule"));
    const settings = JSON.parse(rule?.["Properties"].Rule) as RuleSettings;
    expect(settings).toEqual({
      listenerArn: LISTENER,
      priority: 10,
      conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/*"] } }],
      before: [],
      groups: [
        { targetGroupArn: group("blue"), initialWeight: 100 },
        { targetGroupArn: group("green"), initialWeight: 0 },
      ],
    });
  });

  it("brings one function that may write rules, and no asset", () => {
    const functions = Object.values(template.findResources("AWS::Lambda::Function"));
    expect(functions).toHaveLength(1);
    expect(functions[0]?.["Properties"].Code).toEqual({ ZipFile: expect.stringContaining("ResponseURL") });
    const [policy] = Object.values(template.findResources("AWS::IAM::Policy"));
    const actions = policy?.["Properties"].PolicyDocument.Statement.flatMap(
      ({ Action }: { Action: string | string[] }) => Action,
    );
    expect(actions.sort()).toEqual(
      [
        "AddTags",
        "CreateRule",
        "DeleteRule",
        "DescribeRules",
        "DescribeTags",
        "ModifyRule",
        "SetRulePriorities",
      ].map((name) => `elasticloadbalancing:${name}`),
    );
  });
});

type Told = Readonly<Record<string, string>>;
type Handler = (event: object) => Promise<void>;

describe("the rule's function on the local AWS", () => {
  const folder = (() => {
    const cache = fileURLToPath(new URL("../../.cache", import.meta.url));
    mkdirSync(cache, { recursive: true });
    return mkdtempSync(join(cache, "rule-"));
  })();
  const before = { ...process.env };
  const told: Told[] = [];
  const cloudFormation = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      told.push(JSON.parse(body) as Told);
      response.end();
    });
  });
  let wire: WireFace;
  let elb: ElasticLoadBalancingV2Client;
  let handler: Handler;
  let listenerArn: string;
  let otherListenerArn: string;
  let groups: readonly string[];

  beforeAll(async () => {
    const world = createWorld({ seed: 3, startAt: epochMs(Date.UTC(2026, 0, 1)), throttling: false });
    wire = await startWireFace({ world, account: "111122223333", region: "us-east-1" });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: wire.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "cloudformation",
      AWS_SECRET_ACCESS_KEY: "any",
    });
    await new Promise<void>((listening) => cloudFormation.listen(0, "127.0.0.1", listening));
    elb = new ElasticLoadBalancingV2Client({ maxAttempts: 1 });
    await furnish();
    const stack = new Stack();
    ruleIn(stack, balancingOf(stack));
    const [made] = Object.values(Template.fromStack(stack).findResources("AWS::Lambda::Function"));
    const file = join(folder, "index.cjs");
    writeFileSync(file, made?.["Properties"].Code.ZipFile as string);
    ({ handler } = createRequire(file)(file) as { handler: Handler });
  });
  afterAll(async () => {
    process.env = before;
    elb.destroy();
    cloudFormation.closeAllConnections();
    cloudFormation.close();
    await wire.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function furnish(): Promise<void> {
    const Subnets = ["subnet-0a", "subnet-0b"];
    const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name: "front", Subnets }));
    const groupNamed = async (Name: string) => {
      const input = { Name, Protocol: "HTTP", Port: 80, VpcId: "vpc-0a", TargetType: "ip" } as const;
      const { TargetGroups } = await elb.send(new CreateTargetGroupCommand(input));
      return TargetGroups?.[0]?.TargetGroupArn ?? "";
    };
    groups = [await groupNamed("blue"), await groupNamed("green"), await groupNamed("teal")];
    const listenerAt = async (Port: number) => {
      const { Listeners } = await elb.send(
        new CreateListenerCommand({
          LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
          Protocol: "HTTP",
          Port,
          DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
        }),
      );
      return Listeners?.[0]?.ListenerArn ?? "";
    };
    listenerArn = await listenerAt(80);
    otherListenerArn = await listenerAt(81);
  }

  const settings = (given: Partial<RuleSettings> = {}): RuleSettings => ({
    listenerArn,
    priority: 10,
    conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/*"] } }],
    before: [],
    groups: [groups[0] ?? "", groups[1] ?? ""].map((targetGroupArn, index) => ({
      targetGroupArn,
      initialWeight: index === 0 ? 100 : 0,
    })),
    ...given,
  });

  /** As CloudFormation asks, and what it is answered. */
  async function deploy(RequestType: string, given: Partial<RuleSettings>, ruleArn?: string): Promise<Told> {
    await handler({
      RequestType,
      RequestId: "r",
      StackId: "arn:aws:cloudformation:us-east-1:111122223333:stack/shop/guid",
      LogicalResourceId: "Rule",
      ResponseURL: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}/`,
      ...(ruleArn !== undefined && { PhysicalResourceId: ruleArn }),
      ResourceProperties: { Rule: JSON.stringify(settings(given)) },
    });
    return told.at(-1) ?? {};
  }
  async function ruleAt(arn = ""): Promise<{ priority: string; path: string; weights: readonly number[] }> {
    const { Rules } = await elb.send(new DescribeRulesCommand({ RuleArns: [arn] }));
    const forward = Rules?.[0]?.Actions?.find(({ Type }) => Type === "forward");
    return {
      priority: Rules?.[0]?.Priority ?? "",
      path: Rules?.[0]?.Conditions?.[0]?.PathPatternConfig?.Values?.join() ?? "",
      weights: (forward?.ForwardConfig?.TargetGroups ?? []).map(({ Weight = -1 }) => Weight),
    };
  }
  const shift = (RuleArn: string, [one = 0, two = 0]: readonly number[]) =>
    elb.send(
      new ModifyRuleCommand({
        RuleArn,
        Actions: [
          {
            Type: "forward",
            ForwardConfig: {
              TargetGroups: [
                { TargetGroupArn: groups[0], Weight: one },
                { TargetGroupArn: groups[1], Weight: two },
              ],
            },
          },
        ],
      }),
    );

  let ruleArn = "";

  it("makes the rule with its first weights", async () => {
    const answer = await deploy("Create", {});
    expect(answer).toMatchObject({ Status: "SUCCESS", RequestId: "r", LogicalResourceId: "Rule" });
    ruleArn = answer["PhysicalResourceId"] ?? "";
    expect(await ruleAt(ruleArn)).toEqual({ priority: "10", path: "/*", weights: [100, 0] });
  });

  it("finds its own rule when the answer to Create was lost", async () => {
    expect(await deploy("Create", {})).toMatchObject({ Status: "SUCCESS", PhysicalResourceId: ruleArn });
  });

  it("leaves shifted weights alone when the stack is updated, and when the update is rolled back", async () => {
    await shift(ruleArn, [25, 75]);
    const changed = { conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/api/*"] } }] };
    expect(await deploy("Update", { ...changed, priority: 20 }, ruleArn)).toMatchObject({
      Status: "SUCCESS",
    });
    expect(await ruleAt(ruleArn)).toEqual({ priority: "20", path: "/api/*", weights: [25, 75] });
    await deploy("Update", {}, ruleArn);
    expect(await ruleAt(ruleArn)).toEqual({ priority: "10", path: "/*", weights: [25, 75] });
  });

  it("refuses to take away a group that has traffic, and takes one that has none", async () => {
    const swapped = settings().groups.with(1, { targetGroupArn: groups[2] ?? "", initialWeight: 0 });
    expect(await deploy("Update", { groups: swapped }, ruleArn)).toMatchObject({
      Status: "FAILED",
      PhysicalResourceId: ruleArn,
      Reason: expect.stringContaining("still has traffic (weight 75): finish the rollout first"),
    });
    await shift(ruleArn, [100, 0]);
    expect(await deploy("Update", { groups: swapped }, ruleArn)).toMatchObject({ Status: "SUCCESS" });
    expect((await ruleAt(ruleArn)).weights).toEqual([100, 0]);
    await deploy("Update", {}, ruleArn);
  });

  it("takes the live weights along to another listener", async () => {
    await shift(ruleArn, [40, 60]);
    const moved = await deploy("Update", { listenerArn: otherListenerArn }, ruleArn);
    const there = moved["PhysicalResourceId"] ?? "";
    expect(there).not.toBe(ruleArn);
    expect((await ruleAt(there)).weights).toEqual([40, 60]);
    // CloudFormation then deletes what was replaced; twice is as good as once.
    expect(await deploy("Delete", {}, ruleArn)).toMatchObject({ Status: "SUCCESS" });
    expect(await deploy("Delete", {}, ruleArn)).toMatchObject({ Status: "SUCCESS" });
    expect((await ruleAt(there)).weights).toEqual([40, 60]);
  });

  it("says why it failed, and deletes nothing that it never made", async () => {
    const answer = await deploy("Create", { listenerArn: `${listenerArn}9` });
    expect(answer).toMatchObject({ Status: "FAILED", PhysicalResourceId: "Rule-not-created" });
    expect(answer["Reason"]).toMatch(/^ListenerNotFound/);
    expect(await deploy("Delete", {}, "Rule-not-created")).toMatchObject({ Status: "SUCCESS" });
  });
});

describe("a paced service", () => {
  function synthesized(given: Partial<ConstructorParameters<typeof PacedDeployments>[2]>): Template {
    const stack = new Stack();
    const balancing = balancingOf(stack);
    const vpc = Vpc.fromVpcAttributes(stack, "Vpc", {
      vpcId: "vpc-1",
      availabilityZones: ["a"],
      privateSubnetIds: ["subnet-1"],
    });
    const cluster = Cluster.fromClusterAttributes(stack, "Cluster", { clusterName: "quay", vpc });
    const taskDefinition = new FargateTaskDefinition(stack, "Definition");
    taskDefinition.addContainer("app", {
      image: ContainerImage.fromRegistry("example/app:1"),
      portMappings: [{ containerPort: 8080 }],
    });
    const service = new FargateService(stack, "Service", {
      cluster,
      taskDefinition,
    });
    new PacedDeployments(stack, "Paced", {
      service,
      container: { name: "app", port: 8080 },
      targetGroup: balancing.blue,
      alternateTargetGroup: balancing.green,
      productionRuleArn: ruleIn(stack, balancing).ruleArn,
      ...given,
    });
    return Template.fromStack(stack);
  }
  const serviceIn = (template: Template) =>
    Object.values(template.findResources("AWS::ECS::Service"))[0]?.["Properties"];

  it("waits in PAUSE hooks and nowhere else, and goes back when nobody answers", () => {
    const service = serviceIn(synthesized({}));
    expect(service.DeploymentController).toEqual({ Type: "ECS" });
    expect(service.DeploymentConfiguration).toMatchObject({
      Strategy: "BLUE_GREEN",
      BakeTimeInMinutes: 0,
      DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      LifecycleHooks: [
        {
          TargetType: "PAUSE",
          LifecycleStages: ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"],
          TimeoutConfiguration: { Action: "ROLLBACK", TimeoutInMinutes: 1_440 },
        },
      ],
    });
  });

  it("names both groups, the safe rule and a role in which ECS writes it", () => {
    const [balancer] = serviceIn(synthesized({})).LoadBalancers;
    expect(balancer).toEqual({
      ContainerName: "app",
      ContainerPort: 8080,
      TargetGroupArn: group("blue"),
      AdvancedConfiguration: {
        AlternateTargetGroupArn: group("green"),
        ProductionListenerRule: { Ref: expect.stringMatching(/^Rule/) },
        RoleArn: { "Fn::GetAtt": [expect.stringMatching(/^PacedLoadBalancerRole/), "Arn"] },
      },
    });
  });

  it("takes test traffic, thresholds, a time-out and Fairlead's own hook", () => {
    const service = serviceIn(
      synthesized({
        testRuleArn: "arn:test",
        pauseTimeout: Duration.hours(2),
        breaker: { type: "COUNT", value: 4 },
        hook: { functionArn: HOOK, roleArn: ROLE },
      }),
    );
    expect(service.LoadBalancers[0].AdvancedConfiguration.TestListenerRule).toBe("arn:test");
    const { LifecycleHooks: hooks, DeploymentCircuitBreaker: breaker } = service.DeploymentConfiguration;
    expect(breaker.ThresholdConfiguration).toEqual({ Type: "COUNT", Value: 4 });
    expect(hooks[0]).toMatchObject({
      LifecycleStages: [
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
      ],
      TimeoutConfiguration: { TimeoutInMinutes: 120 },
    });
    expect(hooks[1]).toEqual({
      TargetType: "AWS_LAMBDA",
      HookTargetArn: HOOK,
      RoleArn: ROLE,
      LifecycleStages: ["PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"],
    });
  });

  it("refuses a time-out that ECS does not take", () => {
    expect(() => synthesized({ pauseTimeout: Duration.days(15) })).toThrow(/expected 1 minute to 14 days/);
  });
});
