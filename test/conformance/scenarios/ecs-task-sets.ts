// ECS: task sets of a service whose deployments someone else controls.
import type { Scenario, ValueMap } from "../scenario.ts";
import { absent, anyOrder, matches, present } from "../scenario.ts";

const SET: ValueMap = {
  cluster: "quay",
  service: "external",
  taskDefinition: "crane",
  launchType: "FARGATE",
  networkConfiguration: {
    awsvpcConfiguration: { subnets: ["<subnet>"], securityGroups: ["<securityGroup>"] },
  },
};

export const ecsTaskSets: Scenario = {
  name: "ecs-task-sets",
  about: "EXTERNAL controller: scale, rounding up, stability, primary, deletion, refusals",
  witnesses: ["moto"],
  steps: [
    { name: "create cluster", call: "ecs.CreateCluster", input: { clusterName: "quay" } },
    {
      name: "definition",
      call: "ecs.RegisterTaskDefinition",
      input: {
        family: "crane",
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        cpu: "256",
        memory: "512",
        containerDefinitions: [{ name: "app", image: "app:1", memory: 512 }],
      },
    },
    {
      name: "create service",
      call: "ecs.CreateService",
      input: {
        cluster: "quay",
        serviceName: "external",
        desiredCount: 3,
        deploymentController: { type: "EXTERNAL" },
      },
      expect: {
        "service.deploymentController.type": "EXTERNAL",
        "service.desiredCount": 3,
        "service.taskSets": [],
      },
    },
    {
      name: "create task set at half",
      call: "ecs.CreateTaskSet",
      input: { ...SET, scale: { unit: "PERCENT", value: 50 }, externalId: "blue" },
      expect: {
        "taskSet.status": "ACTIVE",
        "taskSet.scale": { unit: "PERCENT", value: 50 },
        "taskSet.externalId": "blue",
        "taskSet.stabilityStatus": "STABILIZING",
        "taskSet.launchType": "FARGATE",
        "taskSet.taskSetArn": matches(/:task-set\/quay\/external\/ecs-svc\/\d+$/),
        "taskSet.createdAt": present,
      },
      saves: { blue: "taskSet.taskSetArn" },
    },
    {
      name: "half of three is two",
      call: "ecs.DescribeTaskSets",
      input: { cluster: "quay", service: "external", taskSets: ["<blue>"] },
      until: { "taskSets.0.runningCount": 2 },
      expect: { "taskSets.0.computedDesiredCount": 2, "failures.0": absent },
    },
    {
      name: "it becomes steady",
      call: "ecs.DescribeTaskSets",
      input: { cluster: "quay", service: "external", taskSets: ["<blue>"] },
      until: { "taskSets.0.stabilityStatus": "STEADY_STATE" },
    },
    {
      name: "make it the primary",
      call: "ecs.UpdateServicePrimaryTaskSet",
      input: { cluster: "quay", service: "external", primaryTaskSet: "<blue>" },
      expect: { "taskSet.status": "PRIMARY", "taskSet.taskSetArn": "<blue>" },
    },
    {
      name: "another task set at nothing",
      call: "ecs.CreateTaskSet",
      input: { ...SET, scale: { unit: "PERCENT", value: 0 }, externalId: "green" },
      expect: { "taskSet.computedDesiredCount": 0 },
      saves: { green: "taskSet.taskSetArn" },
    },
    {
      name: "scale it to all",
      call: "ecs.UpdateTaskSet",
      input: {
        cluster: "quay",
        service: "external",
        taskSet: "<green>",
        scale: { unit: "PERCENT", value: 100 },
      },
      expect: { "taskSet.scale.value": 100, "taskSet.stabilityStatus": "STABILIZING" },
    },
    {
      name: "all of three run",
      call: "ecs.DescribeTaskSets",
      input: { cluster: "quay", service: "external", taskSets: ["<green>"] },
      until: { "taskSets.0.runningCount": 3, "taskSets.0.stabilityStatus": "STEADY_STATE" },
    },
    {
      name: "both belong to the service",
      call: "ecs.DescribeServices",
      input: { cluster: "quay", services: ["external"] },
      expect: {
        "services.0.taskSets.*.taskSetArn": anyOrder("<blue>", "<green>"),
        "services.0.deployments": [],
      },
    },
    {
      name: "delete the primary",
      call: "ecs.DeleteTaskSet",
      input: { cluster: "quay", service: "external", taskSet: "<blue>" },
      fails: ["InvalidParameterException", 400],
    },
    {
      name: "swap the primary",
      call: "ecs.UpdateServicePrimaryTaskSet",
      input: { cluster: "quay", service: "external", primaryTaskSet: "<green>" },
      expect: { "taskSet.status": "PRIMARY" },
    },
    {
      name: "the old one is active",
      call: "ecs.DescribeTaskSets",
      input: { cluster: "quay", service: "external", taskSets: ["<blue>"] },
      expect: { "taskSets.0.status": "ACTIVE" },
    },
    {
      name: "delete the old one with its tasks",
      call: "ecs.DeleteTaskSet",
      input: { cluster: "quay", service: "external", taskSet: "<blue>", force: true },
      expect: { "taskSet.status": "DRAINING" },
    },
    {
      name: "it is gone",
      call: "ecs.DescribeServices",
      input: { cluster: "quay", services: ["external"] },
      until: { "services.0.taskSets.*.taskSetArn": ["<green>"] },
    },
    {
      name: "task definition by UpdateService",
      call: "ecs.UpdateService",
      input: { cluster: "quay", service: "external", taskDefinition: "crane" },
      fails: ["InvalidParameterException", 400],
    },
    {
      name: "unknown task set",
      call: "ecs.UpdateTaskSet",
      input: {
        cluster: "quay",
        service: "external",
        taskSet: "ecs-svc/1",
        scale: { unit: "PERCENT", value: 1 },
      },
      fails: ["TaskSetNotFoundException", 400],
    },
    {
      name: "task set of an unknown service",
      call: "ecs.CreateTaskSet",
      input: { ...SET, service: "nobody" },
      fails: ["ServiceNotFoundException", 400],
    },
    {
      name: "no token left over",
      call: "ecs.ListTasks",
      input: { cluster: "quay", serviceName: "external" },
      expect: { "taskArns.length": 3, nextToken: absent },
    },
  ],
};
