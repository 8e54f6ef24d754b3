// ECS: service deployments and revisions of the ECS controller, rolling.
import type { Scenario } from "../scenario.ts";
import { absent, anyOrder, matches, present } from "../scenario.ts";

const definition = (image: string) => ({
  family: "ship",
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "256",
  memory: "512",
  containerDefinitions: [{ name: "app", image, memory: 512 }],
});

export const ecsDeployments: Scenario = {
  name: "ecs-deployments",
  about: "rolling update, its deployments and revisions, refusals",
  witnesses: ["ministack"],
  steps: [
    { name: "create cluster", call: "ecs.CreateCluster", input: { clusterName: "quay" } },
    {
      name: "first definition",
      call: "ecs.RegisterTaskDefinition",
      input: definition("app:1"),
      saves: { first: "taskDefinition.taskDefinitionArn" },
    },
    {
      name: "second definition",
      call: "ecs.RegisterTaskDefinition",
      input: definition("app:2"),
      saves: { second: "taskDefinition.taskDefinitionArn" },
    },
    {
      name: "create service",
      call: "ecs.CreateService",
      input: {
        cluster: "quay",
        serviceName: "ship",
        taskDefinition: "ship:1",
        desiredCount: 2,
        launchType: "FARGATE",
        networkConfiguration: {
          awsvpcConfiguration: { subnets: ["<subnet>"], securityGroups: ["<securityGroup>"] },
        },
      },
      expect: { "service.taskDefinition": "<first>" },
      saves: { service: "service.serviceArn" },
    },
    {
      name: "the first deployment succeeds",
      call: "ecs.ListServiceDeployments",
      input: { cluster: "quay", service: "ship" },
      until: { "serviceDeployments.*.status": ["SUCCESSFUL"] },
      expect: {
        "serviceDeployments.0.serviceArn": "<service>",
        "serviceDeployments.0.serviceDeploymentArn": matches(/:service-deployment\/quay\/ship\/.+/),
        "serviceDeployments.0.targetServiceRevisionArn": matches(/:service-revision\/quay\/ship\/\d+$/),
        "serviceDeployments.0.finishedAt": present,
      },
      saves: {
        firstDeployment: "serviceDeployments.0.serviceDeploymentArn",
        firstRevision: "serviceDeployments.0.targetServiceRevisionArn",
      },
    },
    {
      name: "update",
      call: "ecs.UpdateService",
      input: { cluster: "quay", service: "ship", taskDefinition: "ship:2" },
      expect: {
        "service.taskDefinition": "<second>",
        "service.deployments.[status=PRIMARY].taskDefinition": "<second>",
        "service.deployments.[status=ACTIVE].taskDefinition": "<first>",
      },
    },
    {
      name: "a deployment is under way",
      call: "ecs.ListServiceDeployments",
      input: { cluster: "quay", service: "ship", status: ["PENDING", "IN_PROGRESS"] },
      expect: { "serviceDeployments.length": 1 },
      saves: { deployment: "serviceDeployments.0.serviceDeploymentArn" },
    },
    {
      name: "it succeeds",
      call: "ecs.DescribeServiceDeployments",
      input: { serviceDeploymentArns: ["<deployment>"] },
      until: { "serviceDeployments.0.status": "SUCCESSFUL" },
      expect: {
        "serviceDeployments.0.sourceServiceRevisions.*.arn": ["<firstRevision>"],
        "serviceDeployments.0.targetServiceRevision.requestedTaskCount": 2,
        "serviceDeployments.0.targetServiceRevision.runningTaskCount": 2,
        "serviceDeployments.0.rollback": absent,
        failures: [],
      },
      saves: { revision: "serviceDeployments.0.targetServiceRevision.arn" },
    },
    {
      name: "revisions name their definitions",
      call: "ecs.DescribeServiceRevisions",
      input: { serviceRevisionArns: ["<firstRevision>", "<revision>"] },
      expect: {
        "serviceRevisions.*.taskDefinition": anyOrder("<first>", "<second>"),
        "serviceRevisions.*.launchType": ["FARGATE", "FARGATE"],
        "serviceRevisions.0.containerImages.0.containerName": "app",
        failures: [],
      },
    },
    {
      name: "only the new deployment is left",
      call: "ecs.DescribeServices",
      input: { cluster: "quay", services: ["ship"] },
      until: { "services.0.deployments.*.rolloutState": ["COMPLETED"] },
      expect: { "services.0.deployments.*.taskDefinition": ["<second>"], "services.0.runningCount": 2 },
    },
    {
      name: "stop a finished deployment",
      call: "ecs.StopServiceDeployment",
      input: { serviceDeploymentArn: "<deployment>", stopType: "ROLLBACK" },
      fails: ["ConflictException", 400],
    },
    {
      name: "deployments of an unknown service",
      call: "ecs.ListServiceDeployments",
      input: { cluster: "quay", service: "nobody" },
      fails: ["ServiceNotFoundException", 400],
    },
  ],
};
