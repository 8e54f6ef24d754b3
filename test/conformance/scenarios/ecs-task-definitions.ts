// ECS: families and revisions of task definitions.
import type { Scenario } from "../scenario.ts";
import { absent, anyOrder, matches, present } from "../scenario.ts";

const DEFINITION = {
  family: "web",
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "256",
  memory: "512",
  containerDefinitions: [
    {
      name: "app",
      image: "example.test/shop/web:1",
      essential: true,
      portMappings: [{ containerPort: 8080, name: "http" }],
      environment: [{ name: "COLOR", value: "blue" }],
    },
  ],
} as const;

export const ecsTaskDefinitions: Scenario = {
  name: "ecs-task-definitions",
  about: "revisions, latest, status, tags, listings, refusals",
  witnesses: ["moto", "ministack"],
  steps: [
    {
      name: "register",
      call: "ecs.RegisterTaskDefinition",
      input: { ...DEFINITION, tags: [{ key: "team", value: "quay" }] },
      expect: {
        "taskDefinition.taskDefinitionArn": "arn:aws:ecs:<region>:<account>:task-definition/web:1",
        "taskDefinition.revision": 1,
        "taskDefinition.status": "ACTIVE",
        "taskDefinition.networkMode": "awsvpc",
        "taskDefinition.requiresCompatibilities": ["FARGATE"],
        "taskDefinition.compatibilities": anyOrder("EC2", "FARGATE"),
        "taskDefinition.registeredAt": present,
        "taskDefinition.containerDefinitions.0.portMappings.0.containerPort": 8080,
        "taskDefinition.containerDefinitions.0.portMappings.0.hostPort": 8080,
        "taskDefinition.containerDefinitions.0.portMappings.0.protocol": "tcp",
        "taskDefinition.tags": absent,
        tags: [{ key: "team", value: "quay" }],
      },
      saves: { first: "taskDefinition.taskDefinitionArn" },
    },
    {
      name: "register again",
      call: "ecs.RegisterTaskDefinition",
      input: DEFINITION,
      expect: { "taskDefinition.revision": 2 },
      saves: { second: "taskDefinition.taskDefinitionArn" },
    },
    {
      name: "family means the latest revision",
      call: "ecs.DescribeTaskDefinition",
      input: { taskDefinition: "web" },
      expect: { "taskDefinition.taskDefinitionArn": "<second>", "taskDefinition.cpu": "256" },
    },
    {
      name: "revision with its tags",
      call: "ecs.DescribeTaskDefinition",
      input: { taskDefinition: "web:1", include: ["TAGS"] },
      expect: {
        "taskDefinition.taskDefinitionArn": "<first>",
        "taskDefinition.containerDefinitions.0.environment": [{ name: "COLOR", value: "blue" }],
        tags: [{ key: "team", value: "quay" }],
      },
    },
    {
      name: "tags are left out unless asked for",
      call: "ecs.DescribeTaskDefinition",
      input: { taskDefinition: "web:1" },
      expect: { "tags.0": absent },
    },
    {
      name: "deregister",
      call: "ecs.DeregisterTaskDefinition",
      input: { taskDefinition: "web:2" },
      expect: { "taskDefinition.status": "INACTIVE", "taskDefinition.deregisteredAt": present },
    },
    {
      name: "latest active",
      call: "ecs.DescribeTaskDefinition",
      input: { taskDefinition: "web" },
      expect: { "taskDefinition.taskDefinitionArn": "<first>" },
    },
    {
      name: "inactive revision is still described",
      call: "ecs.DescribeTaskDefinition",
      input: { taskDefinition: "web:2" },
      expect: { "taskDefinition.status": "INACTIVE" },
    },
    {
      name: "numbers are not given twice",
      call: "ecs.RegisterTaskDefinition",
      input: DEFINITION,
      expect: { "taskDefinition.revision": 3 },
    },
    {
      name: "unknown family",
      call: "ecs.DescribeTaskDefinition",
      input: { taskDefinition: "nobody" },
      fails: ["ClientException", 400],
    },
    {
      name: "without containers",
      call: "ecs.RegisterTaskDefinition",
      input: { family: "empty", containerDefinitions: [] },
      fails: ["ClientException", 400],
    },
    {
      name: "Fargate without memory",
      call: "ecs.RegisterTaskDefinition",
      input: {
        family: "small",
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        cpu: "256",
        containerDefinitions: [{ name: "app", image: "app:1" }],
      },
      fails: ["ClientException", 400],
    },
    {
      name: "deregister without revision",
      call: "ecs.DeregisterTaskDefinition",
      input: { taskDefinition: "web" },
      fails: ["InvalidParameterException", 400],
    },
    {
      name: "tag",
      call: "ecs.TagResource",
      input: { resourceArn: "<first>", tags: [{ key: "owner", value: "crane" }] },
    },
    {
      name: "tags",
      call: "ecs.ListTagsForResource",
      input: { resourceArn: "<first>" },
      expect: { "tags.*.key": anyOrder("team", "owner") },
    },
    {
      name: "untag",
      call: "ecs.UntagResource",
      input: { resourceArn: "<first>", tagKeys: ["team"] },
    },
    {
      name: "tags after untag",
      call: "ecs.ListTagsForResource",
      input: { resourceArn: "<first>" },
      expect: { tags: [{ key: "owner", value: "crane" }] },
    },
    {
      name: "bridge with a dynamic port",
      call: "ecs.RegisterTaskDefinition",
      input: {
        family: "host",
        containerDefinitions: [
          { name: "app", image: "app:1", memory: 128, portMappings: [{ containerPort: 80 }] },
        ],
      },
      expect: {
        "taskDefinition.containerDefinitions.0.portMappings.0.hostPort": 0,
        "taskDefinition.containerDefinitions.0.essential": true,
        "taskDefinition.taskDefinitionArn": matches(/task-definition\/host:1$/),
      },
    },
  ],
};
