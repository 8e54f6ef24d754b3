// The real Elastic Load Balancing client against the wire face and a world: creation, rules, health, pages and
// errors as the SDK reads them.

import {
  AddTagsCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  DuplicateTargetGroupNameException,
  ElasticLoadBalancingV2Client,
  LoadBalancerNotFoundException,
  ModifyRuleCommand,
  ModifyTargetGroupAttributesCommand,
  PriorityInUseException,
  paginateDescribeTargetGroups,
  RegisterTargetsCommand,
  ResourceInUseException,
  TargetGroupNotFoundException,
  waitUntilTargetInService,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { addMs, epochMs, seconds } from "../../shared/base/time.ts";

let world: World;
let wire: WireFace;
let client: ElasticLoadBalancingV2Client;

beforeAll(async () => {
  world = createWorld({
    seed: 3,
    startAt: epochMs(Date.UTC(2026, 0, 1)),
    backends: {
      probe: (_target, _probe, done) => done({ kind: "answered", statusCode: 200 }),
      answer: () => ({ kind: "answered", statusCode: 200, afterMs: 1 }),
    },
  });
  wire = await startWireFace({ world, account: "111122223333", region: "us-east-1" });
  client = new ElasticLoadBalancingV2Client({
    endpoint: wire.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "any" },
    maxAttempts: 1,
  });
});

afterAll(() => wire.stop());

const pass = (s: number): void => world.advanceTo(addMs(world.kernel.now(), seconds(s)));

async function balancer(name: string): Promise<string> {
  const Subnets = ["subnet-0a", "subnet-0b"];
  const { LoadBalancers } = await client.send(new CreateLoadBalancerCommand({ Name: name, Subnets }));
  return LoadBalancers?.[0]?.LoadBalancerArn ?? "";
}

const groupInput = (Name: string) =>
  ({ Name, Protocol: "HTTP", Port: 80, VpcId: "vpc-0a", TargetType: "ip", HealthCheckPath: "/up" }) as const;

async function group(name: string): Promise<string> {
  const { TargetGroups } = await client.send(new CreateTargetGroupCommand(groupInput(name)));
  return TargetGroups?.[0]?.TargetGroupArn ?? "";
}

it("carries a whole set-up through the query protocol", async () => {
  const loadBalancerArn = await balancer("shop");
  const [blue, green] = [await group("shop-blue"), await group("shop-green")];
  const listeners = await client.send(
    new CreateListenerCommand({
      LoadBalancerArn: loadBalancerArn,
      Protocol: "HTTP",
      Port: 80,
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
      Tags: [{ Key: "team", Value: "a +b" }],
    }),
  );
  const listenerArn = listeners.Listeners?.[0]?.ListenerArn ?? "";
  const forward = (weights: readonly [number, number]) => ({
    Type: "forward" as const,
    Order: 2,
    ForwardConfig: {
      TargetGroups: [
        { TargetGroupArn: blue, Weight: weights[0] },
        { TargetGroupArn: green, Weight: weights[1] },
      ],
      TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 },
    },
  });
  const login = {
    Type: "authenticate-oidc" as const,
    Order: 1,
    AuthenticateOidcConfig: {
      Issuer: "https://id.test",
      AuthorizationEndpoint: "https://id.test/a",
      TokenEndpoint: "https://id.test/t",
      UserInfoEndpoint: "https://id.test/u",
      ClientId: "me",
      AuthenticationRequestExtraParams: { prompt: "login" },
    },
  };
  const created = await client.send(
    new CreateRuleCommand({
      ListenerArn: listenerArn,
      Priority: 10,
      Conditions: [
        { Field: "path-pattern", Values: ["/shop/*"] },
        { Field: "query-string", QueryStringConfig: { Values: [{ Key: "v", Value: "2" }] } },
      ],
      Actions: [forward([100, 0]), login],
    }),
  );
  const ruleArn = created.Rules?.[0]?.RuleArn ?? "";
  world.elb.balancing.setWeights(
    ruleArn,
    new Map([
      [blue, 90],
      [green, 10],
    ]),
  );
  const { Rules } = await client.send(new DescribeRulesCommand({ ListenerArn: listenerArn }));
  expect(Rules?.map(({ Priority, IsDefault }) => [Priority, IsDefault])).toEqual([
    ["10", false],
    ["default", true],
  ]);
  expect(Rules?.[0]?.Conditions?.[0]).toEqual({
    Field: "path-pattern",
    Values: ["/shop/*"],
    PathPatternConfig: { Values: ["/shop/*"] },
  });
  // Shifting the weights leaves authentication in front and stickiness as it was.
  expect(Rules?.[0]?.Actions).toEqual([login, forward([90, 10])]);
  const modified = await client.send(
    new ModifyRuleCommand({ RuleArn: ruleArn, Actions: [login, forward([0, 999])] }),
  );
  expect(modified.Rules?.[0]?.Actions?.[1]?.ForwardConfig?.TargetGroups?.[1]?.Weight).toBe(999);
  const tags = await client.send(new DescribeTagsCommand({ ResourceArns: [listenerArn] }));
  expect(tags.TagDescriptions).toEqual([
    { ResourceArn: listenerArn, Tags: [{ Key: "team", Value: "a +b" }] },
  ]);
  await client.send(new AddTagsCommand({ ResourceArns: [blue], Tags: [{ Key: "x", Value: "y" }] }));
});

it("shows health until the SDK's own waiter is content", async () => {
  const TargetGroupArn = await group("waiting");
  const LoadBalancerArn = await balancer("waiting");
  await client.send(
    new CreateListenerCommand({
      LoadBalancerArn,
      Protocol: "HTTP",
      Port: 81,
      DefaultActions: [{ Type: "forward", TargetGroupArn }],
    }),
  );
  await client.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "10.0.0.9" }] }));
  const first = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  expect(first.TargetHealthDescriptions?.[0]).toMatchObject({
    Target: { Id: "10.0.0.9", Port: 80 },
    HealthCheckPort: "80",
    TargetHealth: { State: "initial", Reason: "Elb.RegistrationInProgress" },
  });
  pass(5);
  const waited = await waitUntilTargetInService({ client, maxWaitTime: 20 }, { TargetGroupArn });
  expect(waited.state).toBe("SUCCESS");
  const unknown = await client.send(
    new DescribeTargetHealthCommand({ TargetGroupArn, Targets: [{ Id: "10.0.0.10" }] }),
  );
  expect(unknown.TargetHealthDescriptions?.[0]?.TargetHealth?.Reason).toBe("Target.NotRegistered");
});

it("pages by marker", async () => {
  const names: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    pass(1);
    await group(`page-${index}`);
  }
  for await (const page of paginateDescribeTargetGroups({ client }, { PageSize: 3 })) {
    expect(page.TargetGroups?.length).toBeLessThanOrEqual(3);
    names.push(...(page.TargetGroups ?? []).map(({ TargetGroupName = "" }) => TargetGroupName));
  }
  expect(names.filter((name) => name.startsWith("page-"))).toHaveLength(5);
  expect(new Set(names).size).toBe(names.length);
});

it("describes attributes with their changes, and the state of a new load balancer", async () => {
  pass(60);
  const TargetGroupArn = await group("attributes");
  const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: "30" }];
  await client.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  const described = await client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  expect(described.Attributes).toContainEqual(Attributes[0]);
  const arn = await balancer("fresh");
  const states = async () => {
    const { LoadBalancers } = await client.send(
      new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }),
    );
    return LoadBalancers?.map(({ State, Type, CreatedTime, DNSName }) => ({
      code: State?.Code,
      Type,
      CreatedTime,
      host: DNSName?.replace(/\d+/, "N"),
    }));
  };
  const CreatedTime = new Date(world.kernel.now());
  const host = "fresh-N.us-east-1.elb.amazonaws.com";
  expect(await states()).toEqual([{ code: "provisioning", Type: "application", CreatedTime, host }]);
  pass(200);
  expect(await states()).toEqual([{ code: "active", Type: "application", CreatedTime, host }]);
});

it("throws the SDK's own exceptions", async () => {
  pass(60);
  const missing =
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/none/0123456789abcdef";
  const asked = client.send(new DescribeListenersCommand({ LoadBalancerArn: missing }));
  await expect(asked).rejects.toBeInstanceOf(LoadBalancerNotFoundException);
  const noGroup = missing.replace("loadbalancer/app", "targetgroup");
  const health = client.send(new DescribeTargetHealthCommand({ TargetGroupArn: noGroup }));
  await expect(health).rejects.toBeInstanceOf(TargetGroupNotFoundException);
  await group("twice");
  expect(await group("twice")).toContain(":targetgroup/twice/");
  const other = client.send(new CreateTargetGroupCommand({ ...groupInput("twice"), Port: 81 }));
  await expect(other).rejects.toBeInstanceOf(DuplicateTargetGroupNameException);
  pass(10);
  const TargetGroupArn = await group("used");
  const LoadBalancerArn = await balancer("used");
  const { Listeners } = await client.send(
    new CreateListenerCommand({
      LoadBalancerArn,
      Protocol: "HTTP",
      Port: 80,
      DefaultActions: [{ Type: "forward", TargetGroupArn }],
    }),
  );
  const rule = {
    ListenerArn: Listeners?.[0]?.ListenerArn,
    Priority: 1,
    Conditions: [{ Field: "path-pattern", Values: ["/x"] }],
    Actions: [{ Type: "forward" as const, TargetGroupArn }],
  };
  await client.send(new CreateRuleCommand(rule));
  await expect(client.send(new CreateRuleCommand(rule))).rejects.toBeInstanceOf(PriorityInUseException);
  const weight = { ForwardConfig: { TargetGroups: [{ TargetGroupArn, Weight: 1_000 }] } };
  const heavy = { ...rule, Priority: 2, Actions: [{ Type: "forward" as const, ...weight }] };
  await expect(client.send(new CreateRuleCommand(heavy))).rejects.toMatchObject({ name: "ValidationError" });
  const deletion = client.send(new DeleteTargetGroupCommand({ TargetGroupArn }));
  await expect(deletion).rejects.toBeInstanceOf(ResourceInUseException);
  pass(10);
  await client.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
  await client.send(new DeleteTargetGroupCommand({ TargetGroupArn }));
});

it("is throttled as a whole account, by AWS's published bucket", async () => {
  pass(60);
  const describe = () => client.send(new DescribeLoadBalancersCommand({}));
  for (let call = 0; call < 40; call += 1) await describe();
  await expect(describe()).rejects.toMatchObject({ name: "Throttling" });
  pass(1);
  for (let call = 0; call < 10; call += 1) await describe();
});
