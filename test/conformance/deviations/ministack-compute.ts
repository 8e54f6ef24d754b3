// What MiniStack does otherwise: ECS and load balancers.

import type { Deviation } from "../deviation.ts";

export const ministackCompute: readonly Deviation[] = [
  {
    of: "ministack",
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
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "Tags are described without being asked for.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html",
    at: {
      "ecs-task-definitions: tags are left out unless asked for": [
        'tags.0: {"key":"team","value":"quay"} instead of nothing',
      ],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "A Fargate task definition is taken without its memory.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html",
    at: {
      "ecs-task-definitions: Fargate without memory": ["an answer instead of ClientException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "DeregisterTaskDefinition does not ask for a revision.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html",
    at: {
      "ecs-task-definitions: deregister without revision": [
        "an answer instead of InvalidParameterException (400)",
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Tasks run and the deployment is complete in the instant of CreateService.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html",
    at: {
      "ecs-services: create service": [
        "service.runningCount: 2 instead of 0",
        'service.deployments.0.rolloutState: "COMPLETED" instead of "IN_PROGRESS"',
      ],
      "ecs-services: create service from unknown definition": ["an answer instead of ClientException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A Fargate service has no platform version where LATEST is documented.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html",
    at: {
      "ecs-services: create service": ['service.platformVersion: "" instead of /^(LATEST|1\\.4\\.0)$/'],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Task ids are UUIDs with hyphens.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html",
    at: {
      "ecs-services: list tasks of the service": [
        'taskArns.0: "arn:aws:ecs:<region>:<account>:task/quay/<uuid>" instead of /:task\\/quay\\/[0-9a-f]{32}$/',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A service's task is started by the service's name instead of its deployment's id.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html",
    at: {
      "ecs-services: describe task": ['tasks.0.startedBy: "crane" instead of "<deployment>"'],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Tasks in awsvpc networks have no network interface.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
    at: {
      "ecs-services: describe task": [
        'tasks.0.attachments.0.type: nothing instead of "ElasticNetworkInterface"',
        'tasks.0.attachments.0.status: nothing instead of "ATTACHED"',
        "tasks.0.containers.0.networkInterfaces.0.privateIpv4Address: nothing instead of /^\\d+\\.\\d+\\.\\d+\\.\\d+$/",
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "ListTasks ignores launchType.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html",
    at: {
      "ecs-services: list tasks on EC2": ['taskArns: ["<task>","<otherTask>"] instead of []'],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A task run by hand has no group.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html",
    at: {
      "ecs-services: run a task beside the service": ['tasks.0.group: "" instead of "family:crane"'],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "A stopped task of a service is not replaced.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html",
    at: {
      "ecs-services: it is replaced": [
        "taskArns.length: 1 instead of 2",
        "taskArns.1: nothing instead of /^(?!<task>$)/",
      ],
    },
  },
  {
    of: "ministack",
    right: "unknown",
    reason: "Which error a name in use brings is not documented.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html",
    at: {
      "ecs-services: service of the same name": [
        "ClientException (400) instead of InvalidParameterException (400)",
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Listing in an unknown cluster or service gives an empty list.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html",
    at: {
      "ecs-services: tasks of an unknown cluster": ["an answer instead of ClusterNotFoundException (400)"],
      "ecs-deployments: deployments of an unknown service": [
        "an answer instead of ServiceNotFoundException (400)",
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "The service that should have been refused is listed.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html",
    at: {
      "ecs-services: inactive services are not listed": [
        'serviceArns: ["arn:aws:ecs:<region>:<account>:service/quay/ghost"] instead of []',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "An inactive service can be updated.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html",
    at: {
      "ecs-services: update inactive service": ["an answer instead of ServiceNotActiveException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "There are no service deployments and revisions: an update replaces the tasks at once.",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html",
    at: {
      "ecs-deployments: the first deployment succeeds": [
        'serviceDeployments.*.status: [] instead of ["SUCCESSFUL"]',
        'serviceDeployments.0.serviceArn: nothing instead of "<service>"',
        "serviceDeployments.0.serviceDeploymentArn: nothing instead of /:service-deployment\\/quay\\/ship\\/.+/",
        "serviceDeployments.0.targetServiceRevisionArn: nothing instead of /:service-revision\\/quay\\/ship\\/\\d+$/",
        "serviceDeployments.0.finishedAt: nothing instead of a value",
      ],
      "ecs-deployments: update": [
        'service.deployments.[status=ACTIVE].taskDefinition: nothing instead of "<first>"',
      ],
      "ecs-deployments: a deployment is under way": ["serviceDeployments.length: 0 instead of 1"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Defaults of a target group are not filled in.",
    source:
      "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html",
    at: {
      "elbv2-rules: create target group": ['TargetGroups.0.ProtocolVersion: nothing instead of "HTTP1"'],
      "elbv2-rules: default attributes": [
        'Attributes.[Key=slow_start.duration_seconds].Value: nothing instead of "0"',
        'Attributes.[Key=load_balancing.algorithm.type].Value: nothing instead of "round_robin"',
      ],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "Two listeners can have the same port.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html",
    at: {
      "elbv2-rules: a second listener of the port": ["an answer instead of DuplicateListenerException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "The weights of a forward action are dropped.",
    source:
      "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html",
    at: {
      "elbv2-rules: create rule with weights": [
        'Rules.0.Actions.0.ForwardConfig.TargetGroups: nothing instead of [{"TargetGroupArn":"<blue>","Weight":90},{"TargetGroupArn":"<green>","Weight":10}] in any order',
      ],
      "elbv2-rules: shift the weights": [
        'Rules.0.Actions.0.ForwardConfig.TargetGroups: nothing instead of [{"TargetGroupArn":"<blue>","Weight":0},{"TargetGroupArn":"<green>","Weight":100}] in any order',
      ],
      "elbv2-rules: the rule keeps its conditions": [
        'Rules.0.Actions.0.ForwardConfig.TargetGroups: nothing instead of [{"TargetGroupArn":"<blue>","Weight":0},{"TargetGroupArn":"<green>","Weight":100}] in any order',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Two rules can have the same priority.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html",
    at: {
      "elbv2-rules: a priority in use": ["an answer instead of PriorityInUseException (400)"],
      "elbv2-rules: rules of the listener": [
        'Rules.*.Priority: ["default","10","10"] instead of ["10","default"] in any order',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Weights above 999 are taken.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html",
    at: {
      "elbv2-rules: a weight above the range": ["an answer instead of ValidationError (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A target group does not name its load balancers.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html",
    at: {
      "elbv2-rules: load balancers of the group": [
        'TargetGroups.0.LoadBalancerArns: [] instead of ["<balancer>"]',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A target group in use is deleted.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html",
    at: {
      "elbv2-rules: delete a group in use": ["an answer instead of ResourceInUseException (400)"],
      "elbv2-rules: the group is free": ["TargetGroupNotFoundException (400) instead of an answer"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Describing what does not exist gives an empty list.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeRules.html",
    at: {
      "elbv2-rules: the rule is gone": ["an answer instead of RuleNotFoundException (400)"],
      "elbv2-rules: unknown group": ["an answer instead of TargetGroupNotFoundException (400)"],
      "elbv2-rules: its listeners went with it": ["an answer instead of ListenerNotFoundException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason:
      "Targets of a group that no load balancer uses are healthy, without a reason; one address counts once whatever its ports.",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html",
    at: {
      "elbv2-targets: unused, as no load balancer names the group": [
        "TargetHealthDescriptions.*.Target.Port: [8080] instead of [8080,8081] in any order",
        'TargetHealthDescriptions.*.TargetHealth.State: ["healthy"] instead of ["unused","unused"]',
        'TargetHealthDescriptions.0.TargetHealth.Reason: nothing instead of "Target.NotInUse"',
        "TargetHealthDescriptions.0.HealthCheckPort: nothing instead of /^808[01]$/",
      ],
      "elbv2-targets: one is left": [
        "TargetHealthDescriptions.*.Target.Port: [] instead of [8080]",
        "TargetHealthDescriptions.0.TargetHealth.Description: nothing instead of a value",
      ],
    },
  },
];
