// Elastic Load Balancing: target groups, listeners, weighted rules, targets, tags and the refusals around them.
import type { Scenario, ValueMap } from "../scenario.ts";
import { absent, anyOrder, matches, present } from "../scenario.ts";

const group = (Name: string): ValueMap => ({
  Name,
  Protocol: "HTTP",
  Port: 8080,
  VpcId: "<vpc>",
  TargetType: "ip",
  HealthCheckPath: "/health",
  HealthCheckIntervalSeconds: 5,
  HealthCheckTimeoutSeconds: 2,
  HealthyThresholdCount: 2,
});

const weighted = (blue: number, green: number): ValueMap => ({
  Type: "forward",
  ForwardConfig: {
    TargetGroups: [
      { TargetGroupArn: "<blue>", Weight: blue },
      { TargetGroupArn: "<green>", Weight: green },
    ],
  },
});

const weights = (blue: number, green: number) =>
  anyOrder({ TargetGroupArn: "<blue>", Weight: blue }, { TargetGroupArn: "<green>", Weight: green });

const WEIGHTS = "Rules.0.Actions.0.ForwardConfig.TargetGroups";

export const elbv2Rules: Scenario = {
  name: "elbv2-rules",
  about: "target groups, load balancer, listener, rules, weights, priorities, tags, refusals",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "create target group",
      call: "elbv2.CreateTargetGroup",
      input: { ...group("blue"), Tags: [{ Key: "team", Value: "quay" }] },
      expect: {
        "TargetGroups.0.TargetGroupArn": matches(
          /^arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup\/blue\/[0-9a-z]+$/,
        ),
        "TargetGroups.0.TargetGroupName": "blue",
        "TargetGroups.0.TargetType": "ip",
        "TargetGroups.0.Protocol": "HTTP",
        "TargetGroups.0.ProtocolVersion": "HTTP1",
        "TargetGroups.0.Port": 8080,
        "TargetGroups.0.HealthCheckPath": "/health",
        "TargetGroups.0.HealthCheckPort": "traffic-port",
        "TargetGroups.0.HealthCheckProtocol": "HTTP",
        "TargetGroups.0.HealthCheckEnabled": true,
        "TargetGroups.0.UnhealthyThresholdCount": 2,
        "TargetGroups.0.Matcher.HttpCode": "200",
      },
      saves: { blue: "TargetGroups.0.TargetGroupArn" },
    },
    {
      name: "create it again with the same settings",
      call: "elbv2.CreateTargetGroup",
      input: group("blue"),
      expect: { "TargetGroups.0.TargetGroupArn": "<blue>" },
    },
    {
      name: "create it again with others",
      call: "elbv2.CreateTargetGroup",
      input: { ...group("blue"), Port: 9090 },
      fails: ["DuplicateTargetGroupNameException", 400],
    },
    {
      name: "create another",
      call: "elbv2.CreateTargetGroup",
      input: group("green"),
      saves: { green: "TargetGroups.0.TargetGroupArn" },
    },
    {
      name: "default attributes",
      call: "elbv2.DescribeTargetGroupAttributes",
      input: { TargetGroupArn: "<blue>" },
      expect: {
        "Attributes.[Key=deregistration_delay.timeout_seconds].Value": "300",
        "Attributes.[Key=slow_start.duration_seconds].Value": "0",
        "Attributes.[Key=stickiness.enabled].Value": "false",
        "Attributes.[Key=load_balancing.algorithm.type].Value": "round_robin",
      },
    },
    {
      name: "modify attributes",
      call: "elbv2.ModifyTargetGroupAttributes",
      input: {
        TargetGroupArn: "<blue>",
        Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "10" }],
      },
      expect: { "Attributes.[Key=deregistration_delay.timeout_seconds].Value": "10" },
    },
    {
      name: "create load balancer",
      call: "elbv2.CreateLoadBalancer",
      input: { Name: "front", Subnets: ["<subnet>", "<subnet2>"], Type: "application" },
      expect: {
        "LoadBalancers.0.LoadBalancerArn": matches(/:loadbalancer\/app\/front\/[0-9a-z]+$/),
        "LoadBalancers.0.LoadBalancerName": "front",
        "LoadBalancers.0.Type": "application",
        "LoadBalancers.0.Scheme": "internet-facing",
        "LoadBalancers.0.DNSName": matches(/^front-.+/),
      },
      saves: { balancer: "LoadBalancers.0.LoadBalancerArn" },
    },
    {
      name: "it becomes active",
      call: "elbv2.DescribeLoadBalancers",
      input: { Names: ["front"] },
      until: { "LoadBalancers.0.State.Code": "active" },
    },
    {
      name: "create listener",
      call: "elbv2.CreateListener",
      input: {
        LoadBalancerArn: "<balancer>",
        Protocol: "HTTP",
        Port: 80,
        DefaultActions: [
          { Type: "fixed-response", FixedResponseConfig: { StatusCode: "404", ContentType: "text/plain" } },
        ],
      },
      expect: {
        "Listeners.0.ListenerArn": matches(/:listener\/app\/front\/[0-9a-z]+\/[0-9a-z]+$/),
        "Listeners.0.Port": 80,
        "Listeners.0.DefaultActions.0.Type": "fixed-response",
      },
      saves: { listener: "Listeners.0.ListenerArn" },
    },
    {
      name: "a second listener of the port",
      call: "elbv2.CreateListener",
      input: {
        LoadBalancerArn: "<balancer>",
        Protocol: "HTTP",
        Port: 80,
        DefaultActions: [{ Type: "forward", TargetGroupArn: "<blue>" }],
      },
      fails: ["DuplicateListenerException", 400],
    },
    {
      name: "create rule with weights",
      call: "elbv2.CreateRule",
      input: {
        ListenerArn: "<listener>",
        Priority: 10,
        Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/shop/*"] } }],
        Actions: [weighted(90, 10)],
      },
      expect: {
        "Rules.0.RuleArn": matches(/:listener-rule\/app\/front\/[0-9a-z]+\/[0-9a-z]+\/[0-9a-z]+$/),
        "Rules.0.Priority": "10",
        "Rules.0.IsDefault": false,
        [WEIGHTS]: weights(90, 10),
      },
      saves: { rule: "Rules.0.RuleArn" },
    },
    {
      name: "a priority in use",
      call: "elbv2.CreateRule",
      input: {
        ListenerArn: "<listener>",
        Priority: 10,
        Conditions: [{ Field: "path-pattern", Values: ["/x"] }],
        Actions: [{ Type: "forward", TargetGroupArn: "<blue>" }],
      },
      fails: ["PriorityInUseException", 400],
    },
    {
      name: "shift the weights",
      call: "elbv2.ModifyRule",
      input: { RuleArn: "<rule>", Actions: [weighted(0, 100)] },
      expect: { [WEIGHTS]: weights(0, 100) },
    },
    {
      name: "the rule keeps its conditions",
      call: "elbv2.DescribeRules",
      input: { RuleArns: ["<rule>"] },
      expect: {
        [WEIGHTS]: weights(0, 100),
        "Rules.0.Conditions.0.Field": "path-pattern",
        "Rules.0.Conditions.0.PathPatternConfig.Values": ["/shop/*"],
      },
    },
    {
      name: "a weight above the range",
      call: "elbv2.ModifyRule",
      input: { RuleArn: "<rule>", Actions: [weighted(0, 1000)] },
      fails: ["ValidationError", 400],
    },
    {
      name: "rules of the listener",
      call: "elbv2.DescribeRules",
      input: { ListenerArn: "<listener>" },
      expect: {
        "Rules.*.Priority": anyOrder("10", "default"),
        "Rules.[Priority=default].IsDefault": true,
        "Rules.[Priority=default].Actions.0.FixedResponseConfig.StatusCode": "404",
      },
    },
    {
      name: "new priority",
      call: "elbv2.SetRulePriorities",
      input: { RulePriorities: [{ RuleArn: "<rule>", Priority: 5 }] },
      expect: { "Rules.*.Priority": ["5"] },
    },
    {
      name: "load balancers of the group",
      call: "elbv2.DescribeTargetGroups",
      input: { TargetGroupArns: ["<green>"] },
      expect: { "TargetGroups.0.LoadBalancerArns": ["<balancer>"] },
    },
    {
      name: "tags",
      call: "elbv2.DescribeTags",
      input: { ResourceArns: ["<blue>"] },
      expect: {
        TagDescriptions: [{ ResourceArn: "<blue>", Tags: [{ Key: "team", Value: "quay" }] }],
      },
    },
    {
      name: "delete a group in use",
      call: "elbv2.DeleteTargetGroup",
      input: { TargetGroupArn: "<green>" },
      fails: ["ResourceInUseException", 400],
    },
    {
      name: "delete rule",
      call: "elbv2.DeleteRule",
      input: { RuleArn: "<rule>" },
    },
    {
      name: "the rule is gone",
      call: "elbv2.DescribeRules",
      input: { RuleArns: ["<rule>"] },
      fails: ["RuleNotFoundException", 400],
    },
    {
      name: "unknown group",
      call: "elbv2.DescribeTargetGroups",
      input: { Names: ["nobody"] },
      fails: ["TargetGroupNotFoundException", 400],
    },
    {
      name: "unknown load balancer",
      call: "elbv2.DescribeLoadBalancers",
      input: { Names: ["nobody"] },
      fails: ["LoadBalancerNotFoundException", 400],
    },
    {
      name: "delete load balancer",
      call: "elbv2.DeleteLoadBalancer",
      input: { LoadBalancerArn: "<balancer>" },
    },
    {
      name: "its listeners went with it",
      call: "elbv2.DescribeListeners",
      input: { ListenerArns: ["<listener>"] },
      fails: ["ListenerNotFoundException", 400],
    },
    {
      name: "the group is free",
      call: "elbv2.DeleteTargetGroup",
      input: { TargetGroupArn: "<green>" },
    },
  ],
};

export const elbv2Targets: Scenario = {
  name: "elbv2-targets",
  about: "registration, health of targets that nobody uses, deregistration",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "create target group",
      call: "elbv2.CreateTargetGroup",
      input: group("alone"),
      saves: { group: "TargetGroups.0.TargetGroupArn" },
    },
    {
      name: "no targets",
      call: "elbv2.DescribeTargetHealth",
      input: { TargetGroupArn: "<group>" },
      expect: { TargetHealthDescriptions: [] },
    },
    {
      name: "register",
      call: "elbv2.RegisterTargets",
      input: {
        TargetGroupArn: "<group>",
        Targets: [
          { Id: "<address>", Port: 8080 },
          { Id: "<address>", Port: 8081 },
        ],
      },
    },
    {
      name: "unused, as no load balancer names the group",
      call: "elbv2.DescribeTargetHealth",
      input: { TargetGroupArn: "<group>" },
      expect: {
        "TargetHealthDescriptions.*.Target.Port": anyOrder(8080, 8081),
        "TargetHealthDescriptions.*.TargetHealth.State": ["unused", "unused"],
        "TargetHealthDescriptions.0.TargetHealth.Reason": "Target.NotInUse",
        "TargetHealthDescriptions.0.HealthCheckPort": matches(/^808[01]$/),
      },
    },
    {
      name: "deregister one",
      call: "elbv2.DeregisterTargets",
      input: { TargetGroupArn: "<group>", Targets: [{ Id: "<address>", Port: 8081 }] },
    },
    {
      name: "one is left",
      call: "elbv2.DescribeTargetHealth",
      input: { TargetGroupArn: "<group>" },
      until: { "TargetHealthDescriptions.*.Target.Port": [8080] },
      expect: { "TargetHealthDescriptions.0.TargetHealth.Description": present, NextMarker: absent },
    },
    {
      name: "targets of an unknown group",
      call: "elbv2.DescribeTargetHealth",
      input: {
        TargetGroupArn: "arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/nobody/0123456789abcdef",
      },
      fails: ["TargetGroupNotFoundException", 400],
    },
  ],
};
