// Operations of the virtual Elastic Load Balancing: what they answer (checked against AWS's own model), what
// they refuse, and what a change of rules means for groups.

import { describe, expect, it } from "vitest";
import { checkedOperations } from "../../models/answer-check.ts";
import { createFixture, fixed, forward } from "./elb-fixture.ts";

const fixture = () => createFixture((operations) => checkedOperations("elasticloadbalancing", operations));
const refusal = (name: string) => expect.objectContaining({ name });
const path = (...Values: string[]) => [{ Field: "path-pattern", PathPatternConfig: { Values } }];

describe("load balancers", () => {
  it("are made once for the same request, and refused for another of the same name", () => {
    const world = fixture();
    const arn = world.balancer("web");
    expect(arn).toMatch(/:loadbalancer\/app\/web\/[0-9a-f]{16}$/);
    expect(world.balancer("web")).toBe(arn);
    expect(() => world.balancer("web", { Scheme: "internal" })).toThrow(refusal("DuplicateLoadBalancerName"));
    expect(world.call("DescribeLoadBalancers", {})["LoadBalancers"]).toHaveLength(1);
  });

  it.each([
    ["a name with a dot", { Name: "a.b" }, "ValidationError"],
    ["one subnet", { Subnets: ["subnet-0a"] }, "ValidationError"],
    ["a type that is not modelled", { Type: "gateway" }, "ValidationError"],
  ])("refuse %s", (_what, change, error) => {
    expect(() => fixture().balancer("web", change)).toThrow(refusal(error));
  });

  it("are protected from deletion when told so, and take their listeners along otherwise", () => {
    const world = fixture();
    const arn = world.balancer("web");
    const group = world.group("blue");
    world.listener(arn, forward([group, 1]));
    const protect = (Value: string) =>
      world.call("ModifyLoadBalancerAttributes", {
        LoadBalancerArn: arn,
        Attributes: [{ Key: "deletion_protection.enabled", Value }],
      });
    protect("true");
    expect(() => world.call("DeleteLoadBalancer", { LoadBalancerArn: arn })).toThrow(
      refusal("OperationNotPermitted"),
    );
    expect(() => world.call("DeleteTargetGroup", { TargetGroupArn: group })).toThrow(
      refusal("ResourceInUse"),
    );
    protect("false");
    world.call("DeleteLoadBalancer", { LoadBalancerArn: arn });
    world.call("DeleteLoadBalancer", { LoadBalancerArn: arn });
    world.call("DeleteTargetGroup", { TargetGroupArn: group });
    expect([...world.elb.traffic.listeners()]).toEqual([]);
    expect(() => world.call("DescribeTags", { ResourceArns: [arn] })).toThrow(
      refusal("LoadBalancerNotFound"),
    );
  });

  it("tell a malformed ARN from one that does not exist", () => {
    const world = fixture();
    const gone = `${world.balancer("web")}0`;
    expect(() => world.call("DescribeListeners", { LoadBalancerArn: gone })).toThrow(
      refusal("LoadBalancerNotFound"),
    );
    expect(() => world.call("DescribeListeners", { LoadBalancerArn: "web" })).toThrow(
      refusal("ValidationError"),
    );
  });
});

describe("actions", () => {
  it.each([
    ["none", [], "ValidationError"],
    ["six groups", "six", "InvalidLoadBalancerAction"],
    ["a weight over 999", "heavy", "ValidationError"],
    ["a fixed 302", fixed("302"), "ValidationError"],
    ["a redirect before the end", "two", "InvalidLoadBalancerAction"],
    ["the same group twice", "twice", "ValidationError"],
    ["a group that is not there", "gone", "TargetGroupNotFound"],
    ["a TCP group behind an application load balancer", "tcp", "IncompatibleProtocols"],
  ])("refuse %s", (_what, given, error) => {
    const world = fixture();
    const arn = world.balancer("web");
    const group = world.group("blue");
    const six = Array.from({ length: 6 }, (_, index) => [world.group(`g${index}`), 1] as const);
    const made: Record<string, object[]> = {
      six: forward(...six),
      heavy: forward([group, 1_000]),
      two: [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_301" } }, ...forward([group, 1])],
      twice: forward([group, 1], [group, 2]),
      gone: forward([`${group}0`, 1]),
      tcp: forward([world.group("tcp", { Protocol: "TCP" }), 1]),
    };
    const actions = typeof given === "string" ? (made[given] ?? []) : given;
    expect(() => world.listener(arn, actions)).toThrow(refusal(error));
    expect(world.call("DescribeListeners", { LoadBalancerArn: arn })["Listeners"]).toEqual([]);
  });

  it("are described as AWS does: with ForwardConfig always, with TargetGroupArn when there is one group", () => {
    const world = fixture();
    const [blue, green] = [world.group("blue"), world.group("green")];
    const listener = world.listener(world.balancer("web"), [{ Type: "forward", TargetGroupArn: blue }]);
    const described = () => world.first("DescribeListeners", { ListenerArns: [listener] })["DefaultActions"];
    const sticky = { TargetGroupStickinessConfig: { Enabled: false } };
    expect(described()).toEqual([
      {
        Type: "forward",
        TargetGroupArn: blue,
        ForwardConfig: { TargetGroups: [{ TargetGroupArn: blue, Weight: 1 }], ...sticky },
      },
    ]);
    world.elb.balancing.setWeights(
      listener,
      new Map([
        [blue, 0],
        [green, 100],
      ]),
    );
    expect(world.elb.balancing.weightsOf(listener)).toEqual(
      new Map([
        [blue, 0],
        [green, 100],
      ]),
    );
    expect(described()).toEqual([
      {
        Type: "forward",
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: blue, Weight: 0 },
            { TargetGroupArn: green, Weight: 100 },
          ],
          ...sticky,
        },
      },
    ]);
  });

  it("bound the groups of one load balancer", () => {
    const world = fixture();
    const listener = world.listener(world.balancer("web"), fixed("404"));
    for (let rule = 1; rule <= 21; rule += 1) {
      const groups = Array.from({ length: 5 }, (_, index) => [world.group(`g-${rule}-${index}`), 1] as const);
      const input = {
        ListenerArn: listener,
        Priority: rule,
        Conditions: path("/a"),
        Actions: forward(...groups),
      };
      const create = () => world.call("CreateRule", input);
      if (rule <= 20) create();
      else expect(create).toThrow(refusal("TooManyUniqueTargetGroupsPerLoadBalancer"));
    }
    expect(world.call("DescribeRules", { ListenerArn: listener })["Rules"]).toHaveLength(21);
  });
});

describe("rules", () => {
  it("swap priorities in one call and never share one", () => {
    const world = fixture();
    const listener = world.listener(world.balancer("web"), fixed("404"));
    const rule = (Priority: number, code: string): string => {
      const input = { ListenerArn: listener, Priority, Conditions: path(`/${code}`), Actions: fixed(code) };
      return String(world.first("CreateRule", input)["RuleArn"]);
    };
    const [one, two] = [rule(1, "401"), rule(2, "402")];
    expect(() => rule(2, "403")).toThrow(refusal("PriorityInUse"));
    const swap = [
      { RuleArn: one, Priority: 2 },
      { RuleArn: two, Priority: 1 },
    ];
    world.call("SetRulePriorities", { RulePriorities: swap });
    const order = world
      .call("DescribeRules", { ListenerArn: listener })
      ["Rules"]?.map((each) => each["RuleArn"]);
    expect(order?.slice(0, 2)).toEqual([two, one]);
    const clash = { RulePriorities: [{ RuleArn: one, Priority: 1 }] };
    expect(() => world.call("SetRulePriorities", clash)).toThrow(refusal("PriorityInUse"));
  });

  it.each([
    ["no condition", []],
    ["six values", path("/1", "/2", "/3", "/4", "/5", "/6")],
    ["seven wildcards", path("/*/*/*/*/*/*/*")],
    ["two paths", [...path("/a"), ...path("/b")]],
    ["an address that is none", [{ Field: "source-ip", SourceIpConfig: { Values: ["10.0.0.0/33"] } }]],
    ["a broken expression", [{ Field: "path-pattern", PathPatternConfig: { RegexValues: ["("] } }]],
  ])("refuse %s", (_what, Conditions) => {
    const world = fixture();
    const listener = world.listener(world.balancer("web"), fixed("404"));
    const input = { ListenerArn: listener, Priority: 1, Conditions, Actions: fixed("410") };
    expect(() => world.call("CreateRule", input)).toThrow(refusal("ValidationError"));
  });

  it("cannot be changed or deleted when they are the default one", () => {
    const world = fixture();
    const listener = world.listener(world.balancer("web"), fixed("404"));
    const RuleArn = world.first("DescribeRules", { ListenerArn: listener })["RuleArn"];
    expect(() => world.call("DeleteRule", { RuleArn })).toThrow(refusal("OperationNotPermitted"));
    expect(() => world.call("ModifyRule", { RuleArn, Actions: fixed("410") })).toThrow(
      refusal("OperationNotPermitted"),
    );
  });
});

describe("target groups", () => {
  it.each([
    ["a time-out as long as the interval", { HealthCheckTimeoutSeconds: 30 }],
    ["a threshold of 1", { HealthyThresholdCount: 1 }],
    ["an interval of 4 s", { HealthCheckIntervalSeconds: 4 }],
    ["a Lambda function as target", { TargetType: "lambda" }],
    ["no VPC", { VpcId: undefined }],
  ])("refuse %s", (_what, change) => {
    expect(() => fixture().group("blue", change)).toThrow(refusal("ValidationError"));
  });

  it("have AWS's defaults by protocol", () => {
    const world = fixture();
    const described = (arn: string) => world.first("DescribeTargetGroups", { TargetGroupArns: [arn] });
    expect(described(world.group("web"))).toMatchObject({
      HealthCheckProtocol: "HTTP",
      HealthCheckPort: "traffic-port",
      HealthCheckPath: "/",
      HealthCheckIntervalSeconds: 30,
      HealthCheckTimeoutSeconds: 5,
      HealthyThresholdCount: 5,
      UnhealthyThresholdCount: 2,
      Matcher: { HttpCode: "200" },
      ProtocolVersion: "HTTP1",
    });
    const tcp = described(world.group("tcp", { Protocol: "TCP" }));
    expect(tcp).toMatchObject({ HealthCheckProtocol: "TCP", HealthCheckTimeoutSeconds: 10 });
    expect(tcp["Matcher"]).toBeUndefined();
  });

  it.each([
    ["deregistration_delay.timeout_seconds", "3601"],
    ["slow_start.duration_seconds", "29"],
    ["stickiness.type", "source_ip"],
    ["no.such.key", "1"],
    ["target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "off"],
    ["target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "0"],
    ["target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "101"],
    ["target_group_health.dns_failover.minimum_healthy_targets.count", "0"],
    ["stickiness.app_cookie.cookie_name", "AWSALBTG1"],
    ["load_balancing.algorithm.anomaly_mitigation", "on"],
  ])("refuse the attribute %s = %s", (Key, Value) => {
    const world = fixture();
    const input = { TargetGroupArn: world.group("blue"), Attributes: [{ Key, Value }] };
    expect(() => world.call("ModifyTargetGroupAttributes", input)).toThrow(refusal("ValidationError"));
  });

  it.each([
    ["HTTP", "200-499", true],
    ["HTTP", "200,500", false],
    ["HTTP", "199", false],
    ["TCP", "200-599", true],
    ["TCP", "600", false],
  ])("of %s take the health check codes %s: %s", (Protocol, HttpCode, isTaken) => {
    const make = () =>
      fixture().group("blue", { Protocol, HealthCheckProtocol: "HTTP", Matcher: { HttpCode } });
    if (isTaken) expect(make).not.toThrow();
    else expect(make).toThrow(refusal("ValidationError"));
  });

  it("are described 20 at a time", () => {
    const world = fixture();
    const arn = world.group("blue");
    const many = (count: number) => Array.from({ length: count }, () => arn);
    const describeGroups = (count: number) =>
      world.call("DescribeTargetGroups", { TargetGroupArns: many(count) });
    expect(() => describeGroups(20)).not.toThrow();
    expect(() => describeGroups(21)).toThrow("You cannot describe more than '20' target groups at a time");
    expect(() => world.call("DescribeTags", { ResourceArns: many(21) })).toThrow(refusal("ValidationError"));
  });

  it("do not combine slow start with another algorithm, and change nothing when they refuse", () => {
    const world = fixture();
    const TargetGroupArn = world.group("blue");
    const Attributes = [
      { Key: "slow_start.duration_seconds", Value: "60" },
      { Key: "load_balancing.algorithm.type", Value: "least_outstanding_requests" },
    ];
    expect(() => world.call("ModifyTargetGroupAttributes", { TargetGroupArn, Attributes })).toThrow(
      refusal("ValidationError"),
    );
    const described = world.call("DescribeTargetGroupAttributes", { TargetGroupArn })["Attributes"];
    expect(described).toContainEqual({ Key: "slow_start.duration_seconds", Value: "0" });
  });
});

describe("tags", () => {
  it("are checked before anything is created, and counted when they are added", () => {
    const world = fixture();
    const double = { Key: "a", Value: "1" };
    expect(() => world.balancer("web", { Tags: [double, double] })).toThrow(refusal("DuplicateTagKeys"));
    expect(() => world.group("blue", { Tags: [double, double] })).toThrow(refusal("ValidationError"));
    expect(world.call("DescribeTargetGroups", {})["TargetGroups"]).toEqual([]);
    const arn = world.group("blue", { Tags: [double] });
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}` }));
    expect(() => world.call("AddTags", { ResourceArns: [arn], Tags: many })).toThrow(refusal("TooManyTags"));
    world.call("AddTags", { ResourceArns: [arn], Tags: [{ Key: "b" }, { Key: "a", Value: "2" }] });
    world.call("RemoveTags", { ResourceArns: [arn], TagKeys: ["b"] });
    expect(world.first("DescribeTags", { ResourceArns: [arn] })["Tags"]).toEqual([{ Key: "a", Value: "2" }]);
  });
});

describe("use", () => {
  it("begins and ends with the rules that name a group, weight 0 included", () => {
    const world = fixture();
    const [blue, green] = [world.group("blue"), world.group("green")];
    for (const TargetGroupArn of [blue, green])
      world.call("RegisterTargets", { TargetGroupArn, Targets: [{ Id: "10.0.0.1" }] });
    const states: string[] = [];
    world.elb.balancing.onTargetHealth((arn, _target, state) =>
      states.push(`${arn === blue ? "blue" : "green"} ${state}`),
    );
    const health = (arn: string) =>
      world.elb.balancing.targetHealth(arn, { id: "10.0.0.1", port: 80 })?.reason;
    expect(health(green)).toBe("Target.NotInUse");
    const listener = world.listener(world.balancer("web"), forward([blue, 1], [green, 0]));
    world.pass(1_000);
    expect(health(green)).toBeUndefined();
    expect(world.elb.balancing.targetGroup(green)?.loadBalancerArns).toHaveLength(1);
    world.call("ModifyListener", { ListenerArn: listener, DefaultActions: forward([blue, 1]) });
    expect(health(green)).toBe("Target.NotInUse");
    expect(states).toEqual([
      "blue initial",
      "green initial",
      "blue healthy",
      "green healthy",
      "green unused",
    ]);
  });

  it("shows what ECS asks for", () => {
    const world = fixture();
    const blue = world.group("blue", { TargetType: "instance", Port: 8_080 });
    expect(world.elb.balancing.targetGroup(blue)).toEqual({
      arn: blue,
      name: "blue",
      targetType: "instance",
      port: 8_080,
      deregistrationDelayMs: 300_000,
      loadBalancerArns: [],
    });
    expect(world.elb.balancing.targetGroup(`${blue}0`)).toBeUndefined();
    expect(world.elb.balancing.weightsOf(`${blue}0`)).toBeUndefined();
    const listener = world.listener(world.balancer("web"), fixed("404"));
    expect(world.elb.balancing.weightsOf(listener)).toBeUndefined();
  });
});

describe("network load balancers", () => {
  it("forward to weighted TCP groups, and have no rules", () => {
    const world = fixture();
    const arn = world.balancer("net", { Type: "network", Subnets: ["subnet-0a"] });
    const [blue, green] = [
      world.group("blue", { Protocol: "TCP" }),
      world.group("green", { Protocol: "TCP" }),
    ];
    const listener = world.listener(arn, forward([blue, 9], [green, 1]), { Protocol: "TCP" });
    expect(world.elb.balancing.weightsOf(listener)?.get(green)).toBe(1);
    const input = { ListenerArn: listener, Priority: 1, Conditions: path("/"), Actions: forward([blue, 1]) };
    expect(() => world.call("CreateRule", input)).toThrow(refusal("UnsupportedProtocol"));
    expect(() => world.listener(arn, fixed("404"), { Protocol: "TCP", Port: 81 })).toThrow(
      refusal("InvalidLoadBalancerAction"),
    );
    expect(() => world.listener(arn, forward([blue, 1]), { Port: 81 })).toThrow(refusal("ValidationError"));
  });
});
