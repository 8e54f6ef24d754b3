// What reconcile may do for rollouts. It reads in every installation; how far it may write is the setting
// `rollouts`: an installation without a grant on load balancers leaves every weight to ECS.

import { ROLLOUT_RULE_TAG } from "../shared/contracts/tags.ts";
import type { Permission } from "./permission-scopes.ts";
import { arn, onlyClusters, withinClusters } from "./permission-scopes.ts";
import type { Settings } from "./settings.ts";

const anyService =
  "services, their deployments and task sets come and go; their names are not known beforehand";

/** AWS authorises reads of deployments and revisions on the service and on the thing itself. */
const readDeployments = (settings: Settings): Permission[] => [
  {
    sid: "ReadServices",
    actions: ["ecs:DescribeServices"],
    resources: withinClusters("service", settings),
    ...onlyClusters(settings),
    because: anyService,
  },
  {
    sid: "ReadDeployments",
    actions: ["ecs:DescribeServiceDeployments"],
    resources: [...withinClusters("service", settings), ...withinClusters("service-deployment", settings)],
    ...onlyClusters(settings),
    because: anyService,
  },
  {
    sid: "ReadServiceRevisions",
    actions: ["ecs:DescribeServiceRevisions"],
    resources: [...withinClusters("service", settings), ...withinClusters("service-revision", settings)],
    ...onlyClusters(settings),
    because: anyService,
  },
];

function readPrometheus({ prometheusWorkspaces }: Settings): Permission[] {
  if (prometheusWorkspaces.length === 0) return [];
  return [{ sid: "QueryPrometheus", actions: ["aps:QueryMetrics"], resources: prometheusWorkspaces }];
}

const readTraffic: Permission = {
  sid: "ReadTraffic",
  actions: [
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeTargetHealth",
  ],
  resources: ["*"],
  because: "AWS authorises these reads for the whole account only",
};

/** What the hook looks at before a new revision starts. */
export const readPreflight = (settings: Settings): Permission[] => [
  ...readDeployments(settings),
  readTraffic,
];

export const readRollouts = (settings: Settings): Permission[] => [
  {
    sid: "FindDeployments",
    actions: ["ecs:ListServiceDeployments"],
    resources: withinClusters("service", settings),
    ...onlyClusters(settings),
    because: anyService,
  },
  ...readPreflight(settings),
  {
    sid: "FindRules",
    actions: ["elasticloadbalancing:DescribeTargetGroups"],
    resources: ["*"],
    because: "as the other reads of traffic: the rule of a task set is searched for by its target group",
  },
  {
    sid: "ReadMetrics",
    actions: ["cloudwatch:GetMetricData"],
    resources: ["*"],
    because: "metrics have no resources to name; datasets, which have, are not read",
  },
  ...readPrometheus(settings),
];

function writeDeployments(settings: Settings): Permission[] {
  const services = withinClusters("service", settings);
  return [
    // AWS's reference lists no PassRole for it: whoever registers a task definition passes its roles.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    {
      sid: "StartDeployments",
      actions: ["ecs:UpdateService", "ecs:UpdateServicePrimaryTaskSet"],
      resources: services,
      ...onlyClusters(settings),
      because: anyService,
    },
    {
      sid: "SteerDeployments",
      actions: ["ecs:StopServiceDeployment", "ecs:ContinueServiceDeployment"],
      resources: [...services, ...withinClusters("service-deployment", settings)],
      ...onlyClusters(settings),
      because: anyService,
    },
    {
      sid: "SteerTaskSets",
      actions: ["ecs:DescribeTaskSets", "ecs:CreateTaskSet", "ecs:UpdateTaskSet", "ecs:DeleteTaskSet"],
      resources: withinClusters("task-set", settings),
      ...onlyClusters(settings),
      because: anyService,
    },
  ];
}

/**
 * A service's Lambda hooks name the role in which ECS calls them: an update that keeps the hooks names it again.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-permissions.html
 * Whoever creates a task set passes its tasks' roles, as CodeDeploy must:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/codedeploy_IAM_role.html
 */
function passRoles({ hookRoles, taskRoles }: Settings, ownHookRole: string): Permission[] {
  const pass = (sid: string, resources: readonly string[], service: string): Permission => ({
    sid,
    actions: ["iam:PassRole"],
    resources,
    conditions: { StringEquals: { "iam:PassedToService": service } },
  });
  return [
    pass("PassHookRoles", [ownHookRole, ...hookRoles], "ecs.amazonaws.com"),
    ...(taskRoles.length === 0 ? [] : [pass("PassTaskRoles", taskRoles, "ecs-tasks.amazonaws.com")]),
  ];
}

/** Application and network load balancers are different types of resources; the ID behind the name is random. */
const ofLoadBalancers = (type: string, { loadBalancers }: Settings): readonly string[] => {
  const names = loadBalancers.length === 0 ? ["*"] : loadBalancers.map((name) => `${name}/*`);
  return ["app", "net"].flatMap((kind) =>
    names.map((name) => arn("elasticloadbalancing", `${type}/${kind}/${name}`)),
  );
};

/** Header routes are rules of our own making: only rules that carry our tag are made, and only those deleted. */
function writeTraffic(settings: Settings): Permission[] {
  const because = "listeners and rules have random ids; without the setting loadBalancers, all are written";
  const rules = ofLoadBalancers("listener-rule", settings);
  const listeners = ofLoadBalancers("listener", settings);
  return [
    { sid: "ShiftRules", actions: ["elasticloadbalancing:ModifyRule"], resources: rules, because },
    {
      sid: "ShiftListeners",
      actions: ["elasticloadbalancing:ModifyListener"],
      resources: listeners,
      because,
    },
    {
      sid: "MakeHeaderRoutes",
      actions: ["elasticloadbalancing:CreateRule"],
      resources: listeners,
      conditions: { Null: { [`aws:RequestTag/${ROLLOUT_RULE_TAG}`]: "false" } },
      because,
    },
    {
      sid: "FindHeaderRoutes",
      actions: ["elasticloadbalancing:DescribeTags"],
      resources: ["*"],
      because: "AWS authorises this read for the whole account only",
    },
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html
    {
      sid: "TagHeaderRoutes",
      actions: ["elasticloadbalancing:AddTags"],
      resources: rules,
      conditions: { StringEquals: { "elasticloadbalancing:CreateAction": "CreateRule" } },
      because,
    },
    {
      sid: "RemoveHeaderRoutes",
      actions: ["elasticloadbalancing:DeleteRule"],
      resources: rules,
      conditions: { Null: { [`aws:ResourceTag/${ROLLOUT_RULE_TAG}`]: "false" } },
      because,
    },
  ];
}

const tellEvents: Permission = {
  sid: "TellEvents",
  actions: ["events:PutEvents"],
  resources: [arn("events", "event-bus/default")],
  conditions: { StringEquals: { "events:source": "fairlead" } },
};

/** `hookRole`: the role in which ECS calls this installation's own hook. */
export function writeRollouts(settings: Settings, hookRole: string): Permission[] {
  const { rollouts } = settings;
  return [
    tellEvents,
    ...(rollouts === "watch" ? [] : [...writeDeployments(settings), ...passRoles(settings, hookRole)]),
    ...(rollouts === "traffic" ? writeTraffic(settings) : []),
  ];
}
