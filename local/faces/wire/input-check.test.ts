// Requests that AWS's models do not allow: each kind of constraint, in the words of each service.

import { describe, expect, it } from "vitest";
import { AwsError } from "../../world/kernel.ts";
import { checkInput } from "./input-check.ts";

function refusalOf(service: string, operation: string, input: unknown): AwsError | undefined {
  try {
    checkInput(service, operation, input);
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

const register = (rest: object) => ({
  ServiceId: "srv-1",
  InstanceId: "i",
  Attributes: { AWS_INSTANCE_IPV4: "10.0.0.1" },
  ...rest,
});
const alarm = (rest: object) => ({
  AlarmName: "a",
  EvaluationPeriods: 1,
  ComparisonOperator: "GreaterThanThreshold",
  ...rest,
});
const group = (rest: object) => ({ Name: "web", Protocol: "HTTP", Port: 80, VpcId: "vpc-1", ...rest });

interface Case {
  readonly call: readonly [service: string, operation: string];
  readonly input: object;
  readonly name: string;
  readonly message: string | RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "an enum of ECS": {
    call: ["ecs", "CreateService"],
    input: { serviceName: "s", launchType: "SERVERLESS" },
    name: "InvalidParameterException",
    message: "launchType should be one of [EC2,FARGATE,EXTERNAL,MANAGED_INSTANCES]",
  },
  "an enum in a list of ECS": {
    call: ["ecs", "DescribeServices"],
    input: { services: ["s"], include: ["TAGS", "SECRETS"] },
    name: "InvalidParameterException",
    message: "include should be one of [TAGS]",
  },
  "a task definition of ECS": {
    call: ["ecs", "RegisterTaskDefinition"],
    input: { family: "f", networkMode: "magic", containerDefinitions: [] },
    name: "ClientException",
    message: "networkMode should be one of [bridge,host,awsvpc,none]",
  },
  "a missing member of ECS": {
    call: ["ecs", "UpdateService"],
    input: {},
    name: "InvalidParameterException",
    message: "service can not be blank.",
  },
  "a wrong type": {
    call: ["ecs", "UpdateService"],
    input: { service: "s", networkConfiguration: { awsvpcConfiguration: { subnets: "subnet-1" } } },
    name: "SerializationException",
    message:
      "STRING_VALUE can not be converted to a list at 'networkConfiguration.awsvpcConfiguration.subnets'",
  },
  "a length of Cloud Map": {
    call: ["servicediscovery", "RegisterInstance"],
    input: register({ InstanceId: "i".repeat(65) }),
    name: "InvalidInput",
    message: `1 validation error detected: Value '${"i".repeat(65)}' at 'instanceId' failed to satisfy constraint: Member must have length less than or equal to 64`,
  },
  "a pattern of Cloud Map": {
    call: ["servicediscovery", "RegisterInstance"],
    input: register({ InstanceId: "a b" }),
    name: "InvalidInput",
    message:
      /^1 validation error detected: Value 'a b' at 'instanceId' failed to satisfy constraint: Member must satisfy regular expression pattern: /,
  },
  "a map key of Cloud Map": {
    call: ["servicediscovery", "RegisterInstance"],
    input: register({ Attributes: { "a b": "1" } }),
    name: "InvalidInput",
    message: /Value 'a b' at 'attributes' failed to satisfy constraint: Map keys must satisfy constraint: \[/,
  },
  "several faults at once": {
    call: ["servicediscovery", "DiscoverInstances"],
    input: { NamespaceName: "n", MaxResults: 0, HealthStatus: "SICK" },
    name: "InvalidInput",
    message:
      "3 validation errors detected: Value null at 'serviceName' failed to satisfy constraint: Member must not be null; " +
      "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
      "Value 'SICK' at 'healthStatus' failed to satisfy constraint: Member must satisfy enum value set: [HEALTHY, UNHEALTHY, ALL, HEALTHY_OR_ELSE_ALL]",
  },
  // kubernetes-sigs/aws-load-balancer-controller#4014
  "a range of Elastic Load Balancing": {
    call: ["elasticloadbalancing", "CreateTargetGroup"],
    input: group({ Port: 0 }),
    name: "ValidationError",
    message:
      "1 validation error detected: Value '0' at 'port' failed to satisfy constraint: Member must have value greater than or equal to 1",
  },
  // aws/aws-sdk-js-v3#2240
  "a pattern of EventBridge": {
    call: ["events", "PutTargets"],
    input: { Rule: "arn:aws:events:eu-west-1:111122223333:rule/Test", Targets: [{ Id: "1", Arn: "arn:q" }] },
    name: "ValidationException",
    message:
      "1 validation error detected: Value 'arn:aws:events:eu-west-1:111122223333:rule/Test' at 'rule' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
  },
  "a member of a list's member": {
    call: ["events", "PutTargets"],
    input: {
      Rule: "r",
      Targets: [
        { Id: "1", Arn: "arn:q" },
        { Id: "", Arn: "arn:q" },
      ],
    },
    name: "ValidationException",
    message:
      /at 'targets.2.member.id' failed to satisfy constraint: Member must have length greater than or equal to 1/,
  },
  "the length of a list": {
    call: ["events", "PutEvents"],
    input: { Entries: [] },
    name: "ValidationException",
    message:
      "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1",
  },
  "an enum of CloudWatch": {
    call: ["cloudwatch", "PutMetricAlarm"],
    input: alarm({ Statistic: "Median" }),
    name: "ValidationError",
    message:
      "1 validation error detected: Value 'Median' at 'statistic' failed to satisfy constraint: Member must satisfy enum value set: [SampleCount, Average, Sum, Minimum, Maximum]",
  },
  "a missing member of CloudWatch": {
    call: ["cloudwatch", "PutMetricAlarm"],
    input: alarm({ AlarmName: undefined }),
    name: "MissingParameter",
    message: "The parameter AlarmName is required.",
  },
  "a range of Systems Manager": {
    call: ["ssm", "DescribeInstanceInformation"],
    input: { MaxResults: 4 },
    name: "ValidationException",
    message:
      /at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 5/,
  },
  "a filter of EC2": {
    call: ["ec2", "DescribeNetworkInterfaces"],
    input: { MaxResults: 4 },
    name: "InvalidParameterValue",
    message: /^Value \(4\) for parameter MaxResults is invalid\./,
  },
};

describe("a request is refused for", () => {
  it.each(Object.entries(CASES))("%s", (_, { call: [service, operation], input, name, message }) => {
    const refusal = refusalOf(service, operation, input);
    expect(refusal).toMatchObject({ name, status: 400 });
    if (typeof message === "string") expect(refusal?.message).toBe(message);
    else expect(refusal?.message).toMatch(message);
  });
});

describe("a request is taken", () => {
  it.each([
    ["ecs", "UpdateService", { service: "s", desiredCount: 0, surprise: { of: "a newer client" } }],
    ["ecs", "ListTasks", { cluster: null }],
    ["cloudwatch", "GetMetricData", { MetricDataQueries: [], StartTime: new Date(), EndTime: 1_700_000_000 }],
    ["sqs", "SendMessage", { anything: 1 }],
    ["ecs", "NoSuchOperation", { anything: 1 }],
  ])("%s %s", (service, operation, input) => {
    expect(refusalOf(service, operation, input)).toBeUndefined();
  });
});
