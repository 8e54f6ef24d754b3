// What moto does otherwise: ECS and load balancers.

import type { Deviation } from "../deviation.ts";

export const motoCompute: readonly Deviation[] = [
  {
    of: "moto",
    right: "ours",
    reason: "A task definition does not say when it was registered or deregistered.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html",
    at: {
      "ecs-task-definitions: register": ["taskDefinition.registeredAt: nothing instead of a value"],
      "ecs-task-definitions: deregister": ["taskDefinition.deregisteredAt: nothing instead of a value"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "RegisterTaskDefinition answers a port mapping as it was sent; we fill in the host port.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html",
    at: {
      "ecs-task-definitions: register": [
        "taskDefinition.containerDefinitions.0.portMappings.0.hostPort: nothing instead of 8080",
      ],
      "ecs-task-definitions: bridge with a dynamic port": [
        "taskDefinition.containerDefinitions.0.portMappings.0.hostPort: nothing instead of 0",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "The default protocol of a port mapping is not filled in.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html",
    at: {
      "ecs-task-definitions: register": [
        'taskDefinition.containerDefinitions.0.portMappings.0.protocol: nothing instead of "tcp"',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "RegisterTaskDefinition does not answer the tags.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html",
    at: {
      "ecs-task-definitions: register": ['tags: nothing instead of [{"key":"team","value":"quay"}]'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A family means its newest revision, also when that is INACTIVE.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html",
    at: {
      "ecs-task-definitions: latest active": [
        'taskDefinition.taskDefinitionArn: "<second>" instead of "<first>"',
      ],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason:
      "A task definition without containers is taken; that its required list may not be empty stands nowhere.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html",
    at: {
      "ecs-task-definitions: without containers": ["an answer instead of ClientException (400)"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "Which error a missing revision brings is not documented.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html",
    at: {
      "ecs-task-definitions: deregister without revision": [
        "ClientException (400) instead of InvalidParameterException (400)",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A Fargate service has no platform version where LATEST is documented.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html",
    at: {
      "ecs-services: create service": ["service.platformVersion: nothing instead of /^(LATEST|1\\.4\\.0)$/"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "The default deployment configuration is not filled in.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html",
    at: {
      "ecs-services: create service": [
        "service.deploymentConfiguration.maximumPercent: nothing instead of 200",
        "service.deploymentConfiguration.minimumHealthyPercent: nothing instead of 100",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "There is no service scheduler: a service's tasks never start, its deployment never completes.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html",
    at: {
      "ecs-services: two tasks run": [
        "services.0.runningCount: 0 instead of 2",
        "services.0.pendingCount: 2 instead of 0",
      ],
      "ecs-services: the deployment completes": [
        'services.0.deployments.0.rolloutState: "IN_PROGRESS" instead of "COMPLETED"',
        "services.0.deployments.0.runningCount: 0 instead of 2",
      ],
      "ecs-services: list tasks of the service": [
        "taskArns.length: 0 instead of 2",
        "taskArns.0: nothing instead of /:task\\/quay\\/[0-9a-f]{32}$/",
      ],
      "ecs-services: list tasks by family": ["taskArns.length: 0 instead of 2"],
      "ecs-services: four tasks run": [
        "services.0.events.0.message: nothing instead of /^\\(service crane\\) /",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Unknown tasks are not told as failures.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html",
    at: {
      "ecs-services: describe unknown task": [
        'failures: [] instead of [{"arn":"arn:aws:ecs:<region>:<account>:task/quay/<hex>","reason":"MISSING"}]',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "RunTask is not idempotent: the same client token starts another task.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html",
    at: {
      "ecs-services: run again with the same token": [
        'tasks.*.taskArn: ["arn:aws:ecs:<region>:<account>:task/quay/<uuid>"] instead of ["<standalone>"]',
      ],
      "ecs-services: list tasks by who started them": [
        'taskArns: ["<standalone>","arn:aws:ecs:<region>:<account>:task/quay/<uuid>"] instead of ["<standalone>"]',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A stopped task says neither when nor why.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html",
    at: {
      "ecs-services: it stops": [
        'tasks.0.stopCode: nothing instead of "UserInitiated"',
        "tasks.0.stoppedAt: nothing instead of a value",
      ],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "The ARN of an unknown service has the old form without the cluster.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html",
    at: {
      "ecs-services: describe services, one of them unknown": [
        'failures: [{"arn":"arn:aws:ecs:<region>:<account>:service/nobody","reason":"MISSING"}] instead of [{"arn":"arn:aws:ecs:<region>:<account>:service/quay/nobody","reason":"MISSING"}]',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A second service of the same name is accepted.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html",
    at: {
      "ecs-services: service of the same name": ["an answer instead of InvalidParameterException (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "An unknown task or task set breaks the server.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html",
    at: {
      "ecs-services: stop unknown task": ["no JSON (500) instead of InvalidParameterException (400)"],
      "ecs-task-sets: unknown task set": ["no JSON (500) instead of TaskSetNotFoundException (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Inactive services are listed.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html",
    at: {
      "ecs-services: inactive services are not listed": ['serviceArns: ["<service>"] instead of []'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "An inactive service can be updated.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html",
    at: {
      "ecs-services: update inactive service": ["an answer instead of ServiceNotActiveException (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A task set is in STEADY_STATE from the start.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html",
    at: {
      "ecs-task-sets: create task set at half": [
        'taskSet.stabilityStatus: "STEADY_STATE" instead of "STABILIZING"',
      ],
      "ecs-task-sets: scale it to all": ['taskSet.stabilityStatus: "STEADY_STATE" instead of "STABILIZING"'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason:
      "A task set's scale does not become tasks: no computed count, no rounding up, and a new scale changes a number only.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html",
    at: {
      "ecs-task-sets: half of three is two": [
        "taskSets.0.runningCount: nothing instead of 2",
        "taskSets.0.computedDesiredCount: nothing instead of 2",
      ],
      "ecs-task-sets: another task set at nothing": ["taskSet.computedDesiredCount: nothing instead of 0"],
      "ecs-task-sets: all of three run": ["taskSets.0.runningCount: nothing instead of 3"],
      "ecs-task-sets: no token left over": ["taskArns.length: 1 instead of 3"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "The primary task set can be deleted; that AWS refuses it stands nowhere.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskSet.html",
    at: {
      "ecs-task-sets: delete the primary": ["an answer instead of InvalidParameterException (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "The primary that was deleted is missing in what follows.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskSet.html",
    at: {
      "ecs-task-sets: the old one is active": ['taskSets.0.status: nothing instead of "ACTIVE"'],
      "ecs-task-sets: delete the old one with its tasks": ["ClientException (400) instead of an answer"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "UpdateService changes what belongs to the task sets of an EXTERNAL service.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html",
    at: {
      "ecs-task-sets: task definition by UpdateService": [
        "an answer instead of InvalidParameterException (400)",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "CreateTargetGroup is not idempotent for equal settings.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
    at: {
      "elbv2-rules: create it again with the same settings": [
        "DuplicateTargetGroupNameException (400) instead of an answer",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "The default scheme of a load balancer is not filled in.",
    source:
      "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
    at: {
      "elbv2-rules: create load balancer": ['LoadBalancers.0.Scheme: nothing instead of "internet-facing"'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Two listeners can have the same port.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html",
    at: {
      "elbv2-rules: a second listener of the port": ["an answer instead of DuplicateListenerException (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Weights above 999 are taken.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html",
    at: {
      "elbv2-rules: a weight above the range": ["an answer instead of ValidationError (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason:
      "Targets of a group that no load balancer uses are healthy, without a reason; one address counts once whatever its ports.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html",
    at: {
      "elbv2-targets: unused, as no load balancer names the group": [
        "TargetHealthDescriptions.*.Target.Port: [8081] instead of [8080,8081] in any order",
        'TargetHealthDescriptions.*.TargetHealth.State: ["healthy"] instead of ["unused","unused"]',
        'TargetHealthDescriptions.0.TargetHealth.Reason: nothing instead of "Target.NotInUse"',
        'TargetHealthDescriptions.0.HealthCheckPort: "traffic-port" instead of /^808[01]$/',
      ],
      "elbv2-targets: one is left": [
        "TargetHealthDescriptions.*.Target.Port: [] instead of [8080]",
        "TargetHealthDescriptions.0.TargetHealth.Description: nothing instead of a value",
      ],
    },
  },
];
