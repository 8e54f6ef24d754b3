// Which events enter the pipeline, and through which queue, as plain data: the patterns are the cheapest
// filter there is, because what they drop is neither delivered nor billed. Tests and `events explain` read
// them from the synthesized template. Pattern language:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html

/** `urgent` skips the 1 s batching window of `ingress`. */
export type RuleQueue = "urgent" | "ingress";

export interface EventRule {
  /** Part of the rule's name in AWS, behind the installation's name. */
  readonly name: string;
  readonly description: string;
  readonly queue: RuleQueue;
  readonly pattern: Pattern;
}

type Matcher = string | Readonly<Record<string, unknown>>;
type Detail = Readonly<Record<string, unknown>>;

export interface Pattern {
  readonly source: readonly string[];
  readonly "detail-type": readonly string[];
  readonly resources?: readonly Matcher[];
  readonly detail?: Detail;
}

/** AWS's quota for one pattern, in characters of its JSON. */
export const PATTERN_LENGTH_MAX = 2_048;

/**
 * Stop codes that tell of trouble. The others (UserInitiated, ServiceSchedulerInitiated, none) end a task
 * that was seen leaving before.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html#ECS-Type-Task-stopCode
 */
const urgentStopCodes = [
  "TaskFailedToStart",
  "EssentialContainerExited",
  "TerminationNotice",
  "SpotInterruption",
  "InfrastructureHealth",
];

/**
 * `taskLeaving` and `taskSettled` exclude each other, and both leave out the transitional statuses that say
 * nothing new: of the 10 to 12 events in a task's life 3 or 4 remain.
 */
const taskLeaving: Detail = {
  $or: [
    { desiredStatus: ["STOPPED"], lastStatus: ["RUNNING", "DEACTIVATING"] },
    { lastStatus: ["STOPPED"], stopCode: urgentStopCodes },
  ],
};

const taskSettled: Detail = {
  $or: [
    { desiredStatus: ["RUNNING"], lastStatus: ["RUNNING"] },
    { lastStatus: ["STOPPED"], stopCode: [{ exists: false }, { "anything-but": urgentStopCodes }] },
  ],
};

const clusterName = (cluster: string): string => cluster.slice(cluster.lastIndexOf("/") + 1);

/** A name matches that cluster of whatever account and Region sends to this bus; an ARN only itself. */
const clusterMatcher = (cluster: string): Matcher =>
  cluster.startsWith("arn:") ? cluster : { suffix: `:cluster/${cluster}` };

type InClusters = (detail?: Detail) => { readonly detail?: Detail };

function inClusters(clusters: readonly string[]): InClusters {
  if (clusters.length === 0) return (detail) => (detail ? { detail } : {});
  const clusterArn = clusters.map(clusterMatcher);
  return (detail) => ({ detail: { clusterArn, ...detail } });
}

function taskRules(within: InClusters): EventRule[] {
  const type = { source: ["aws.ecs"], "detail-type": ["ECS Task State Change"] };
  return [
    {
      name: "task-leaving",
      description: "A task's first sign of leaving, or a stop that tells of trouble",
      queue: "urgent",
      pattern: { ...type, ...within(taskLeaving) },
    },
    {
      name: "task-settled",
      description: "A task runs, or ended as it was meant to",
      queue: "ingress",
      pattern: { ...type, ...within(taskSettled) },
    },
  ];
}

function ecsRules(clusters: readonly string[]): EventRule[] {
  const within = inClusters(clusters);
  const rule = (name: string, queue: RuleQueue, types: readonly string[]): EventRule => ({
    name,
    description: types.join(", "),
    queue,
    pattern: { source: ["aws.ecs"], "detail-type": types, ...within() },
  });
  return [
    ...taskRules(within),
    rule("service-action", "ingress", ["ECS Service Action"]),
    deploymentRule(clusters),
    rule("hook", "urgent", ["ECS Hook State Change"]),
    rule("container-instance", "ingress", ["ECS Container Instance State Change"]),
    rule("container-instance-health", "ingress", ["ECS Container Instance Health Change"]),
    rule("daemon", "ingress", ["ECS Daemon Service Action", "ECS Daemon Deployment State Change"]),
  ];
}

/** The only ECS event whose detail lacks the cluster; the service's ARN in `resources` has it. */
function deploymentRule(clusters: readonly string[]): EventRule {
  const type = { source: ["aws.ecs"], "detail-type": ["ECS Deployment State Change"] };
  const resources = clusters.map((cluster) => ({ wildcard: `*:service/${clusterName(cluster)}/*` }));
  return {
    name: "deployment",
    description: "ECS Deployment State Change",
    queue: "ingress",
    pattern: clusters.length === 0 ? type : { ...type, resources },
  };
}

const accountRules: readonly EventRule[] = [
  {
    name: "alarm",
    description: "CloudWatch alarms and their contributors change state",
    queue: "urgent",
    pattern: {
      source: ["aws.cloudwatch"],
      "detail-type": ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"],
    },
  },
  {
    name: "image",
    description: "An image was pushed to ECR",
    queue: "ingress",
    pattern: {
      source: ["aws.ecr"],
      "detail-type": ["ECR Image Action"],
      detail: { "action-type": ["PUSH"], result: ["SUCCESS"] },
    },
  },
  {
    name: "health-notice",
    description: "AWS Health on ECS, e.g. the retirement of Fargate tasks",
    queue: "ingress",
    pattern: { source: ["aws.health"], "detail-type": ["AWS Health Event"], detail: { service: ["ECS"] } },
  },
  {
    name: "spot-interruption",
    description: "A Spot instance ends in two minutes",
    queue: "urgent",
    pattern: { source: ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"] },
  },
  {
    name: "rebalance",
    description: "A Spot instance is at raised risk",
    queue: "ingress",
    pattern: { source: ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"] },
  },
  {
    // Needs a trail that logs management events; without one nothing matches, and drift is found by looking.
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    name: "traffic-change",
    description: "Somebody wrote the actions of a listener or a rule",
    queue: "ingress",
    pattern: {
      source: ["aws.elasticloadbalancing"],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: {
        eventSource: ["elasticloadbalancing.amazonaws.com"],
        eventName: ["ModifyRule", "ModifyListener"],
        errorCode: [{ exists: false }],
      },
    },
  },
];

/** All rules. `clusters`: names or ARNs; none means every cluster. */
export const eventRules = (clusters: readonly string[]): readonly EventRule[] => [
  ...ecsRules(clusters),
  ...accountRules,
];
