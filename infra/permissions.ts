// Everything each function may do, as data: one role per function, nothing granted elsewhere. A statement
// with a wildcard says why it cannot be narrower; a test compares that with AWS's own reference.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html

import type { Permission } from "./permission-scopes.ts";
import { arn, clusterArns, onlyClusters, withinClusters } from "./permission-scopes.ts";
import type { FunctionName, QueueName } from "./pipeline.ts";
import { QUEUE_NAMES, QUEUES } from "./pipeline.ts";
import { readPreflight, readRollouts, writeRollouts } from "./rollout-permissions.ts";
import type { Settings } from "./settings.ts";

/** The ARNs of what the installation owns. */
export interface Owned {
  readonly table: string;
  readonly index: string;
  readonly queues: Readonly<Record<QueueName, { readonly queue: string; readonly deadLetters: string }>>;
  readonly undelivered: string;
  readonly missedSweeps: string;
  /** The role in which ECS calls the function `hook`. */
  readonly hookRole: string;
  /** The log group of the function in question. */
  readonly logs: string;
}

export interface Grants {
  readonly settings: Settings;
  readonly owned: Owned;
}

/** What Lambda's poller does in the function's name. */
const consume = (sid: string, queues: readonly string[]): Permission => ({
  sid,
  actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  resources: queues,
});

const queuesFeeding = (name: FunctionName, { owned }: Grants): readonly string[] =>
  QUEUE_NAMES.filter((queue) => QUEUES[queue].feeds === name).map((queue) => owned.queues[queue].queue);

/** What every function needs of Lambda's own surroundings. */
function surroundings({ owned, settings }: Grants): Permission[] {
  const { kmsKeyArn } = settings;
  const key: Permission[] = kmsKeyArn
    ? [{ sid: "Decrypt", actions: ["kms:Decrypt", "kms:GenerateDataKey"], resources: [kmsKeyArn] }]
    : [];
  return [
    { sid: "WriteLogs", actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [owned.logs] },
    {
      sid: "SendTraces",
      actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
      resources: ["*"],
      because: "X-Ray has no resources to name for segments",
    },
    ...key,
  ];
}

const ingest = (grants: Grants): Permission[] => [
  consume("TakeEvents", queuesFeeding("ingest", grants)),
  // GetQueueAttributes is the cheap read that warms the connection while the function starts.
  {
    sid: "RingDoorbells",
    actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"],
    resources: [grants.owned.queues.work.queue],
  },
];

const readTasks = ({ settings }: Grants): Permission => ({
  sid: "ReadTasks",
  actions: ["ecs:DescribeTasks"],
  resources: withinClusters("task", settings),
  ...onlyClusters(settings),
  because: "tasks come and go; their ids are not known beforehand",
});

/**
 * The reference names container instances; refusals that users report name `*` where the call names none, so
 * only the condition narrows it: https://github.com/cdklabs/construct-hub/issues/1207
 */
const listTasks = ({ settings }: Grants): Permission => ({
  sid: "ListTasks",
  actions: ["ecs:ListTasks"],
  resources: ["*"],
  ...onlyClusters(settings),
  because: "a listing that names no container instance may be authorised on everything",
});

const readInstances = ({ settings }: Grants): Permission => ({
  sid: "ReadContainerInstances",
  actions: ["ecs:DescribeContainerInstances"],
  resources: withinClusters("container-instance", settings),
  ...onlyClusters(settings),
  because: "container instances come and go; their ids are not known beforehand",
});

function readHosts(grants: Grants): Permission[] {
  const { settings } = grants;
  return [
    readInstances(grants),
    {
      sid: "ListContainerInstances",
      actions: ["ecs:ListContainerInstances"],
      resources: clusterArns(settings),
      because: "without the setting clusters, every cluster is watched",
    },
    {
      sid: "ReadHostAddresses",
      actions: [
        "ecs:ListClusters",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ssm:DescribeInstanceInformation",
      ],
      resources: ["*"],
      because: "AWS authorises these reads for the whole account only",
    },
  ];
}

const registryArns = ({ registries }: Settings): readonly string[] =>
  registries.length === 0 ? [arn("servicediscovery", "service/*")] : registries;

/** The namespaces around the registries: reads name both. */
const namespaceArns = ({ registries }: Settings): readonly string[] => {
  const scopes = registries.map((registry) => registry.slice(0, registry.indexOf(":service/")));
  return registries.length === 0
    ? [arn("servicediscovery", "namespace/*")]
    : [...new Set(scopes)].map((scope) => `${scope}:namespace/*`);
};

const anyRegistry =
  "a registry's ARN does not tell its namespace; without the setting registries, all are read";

const readRevisions = ({ settings }: Grants): Permission => ({
  sid: "ReadRevisions",
  actions: ["servicediscovery:DiscoverInstancesRevision"],
  resources: [...registryArns(settings), ...namespaceArns(settings)],
  because: anyRegistry,
});

function readRegistries({ settings }: Grants): Permission[] {
  return [
    {
      sid: "ReadRegistries",
      actions: ["servicediscovery:GetService", "servicediscovery:ListInstances"],
      resources: registryArns(settings),
      because: anyRegistry,
    },
    {
      sid: "ReadNamespaces",
      actions: ["servicediscovery:GetNamespace"],
      resources: namespaceArns(settings),
      because: anyRegistry,
    },
    {
      sid: "FollowOperations",
      actions: ["servicediscovery:GetOperation"],
      resources: [...registryArns(settings), ...namespaceArns(settings)],
      because: anyRegistry,
    },
    {
      sid: "ReadRegistryTags",
      actions: ["servicediscovery:ListTagsForResource"],
      resources: ["*"],
      because: "AWS authorises this read for the whole account only",
    },
  ];
}

function writeRegistries({ settings }: Grants): Permission[] {
  return [
    {
      sid: "WriteRegistries",
      actions: [
        "servicediscovery:RegisterInstance",
        "servicediscovery:DeregisterInstance",
        "servicediscovery:UpdateInstanceCustomHealthStatus",
      ],
      resources: registryArns(settings),
      because: "without the setting registries, every registry that a policy names is written to",
    },
    ...writeNames(),
  ];
}

/**
 * Cloud Map writes DNS records and health checks in the caller's name:
 * https://docs.aws.amazon.com/cloud-map/latest/dg/security_iam_id-based-policy-examples.html
 */
function writeNames(): Permission[] {
  return [
    {
      sid: "WriteNames",
      actions: ["route53:ChangeResourceRecordSets"],
      resources: ["arn:<AWS::Partition>:route53:::hostedzone/*"],
      conditions: {
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsRecordTypes": ["A", "AAAA", "CNAME", "SRV"],
        },
      },
      because: "Cloud Map makes a hosted zone for each DNS namespace; its id is not known beforehand",
    },
    {
      sid: "WriteHealthChecks",
      actions: ["route53:GetHealthCheck", "route53:UpdateHealthCheck", "route53:DeleteHealthCheck"],
      resources: ["arn:<AWS::Partition>:route53:::healthcheck/*"],
      because: "Cloud Map makes a health check for each instance; its id is not known beforehand",
    },
    {
      sid: "CreateHealthChecks",
      actions: ["route53:CreateHealthCheck"],
      resources: ["*"],
      because: "a health check has no ARN before it exists",
    },
  ];
}

const stopTasks = ({ settings }: Grants): Permission => ({
  sid: "StopTasks",
  actions: ["ecs:StopTask"],
  resources: withinClusters("task", settings),
  ...onlyClusters(settings),
  because: "tasks come and go; their ids are not known beforehand",
});

const reconcile = (grants: Grants): Permission[] => [
  consume("TakeDoorbells", queuesFeeding("reconcile", grants)),
  // A failed doorbell comes back sooner than its whole visibility time.
  {
    sid: "RetrySoon",
    actions: ["sqs:ChangeMessageVisibility"],
    resources: [grants.owned.queues.work.queue],
  },
  {
    sid: "KeepState",
    actions: ["dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"],
    resources: [grants.owned.table],
  },
  {
    sid: "RingAndWake",
    actions: ["sqs:SendMessage"],
    resources: [grants.owned.queues.work.queue, grants.owned.queues.delay.queue],
  },
  readTasks(grants),
  listTasks(grants),
  ...readHosts(grants),
  ...readRegistries(grants),
  readRevisions(grants),
  ...readRollouts(grants.settings),
  ...(grants.settings.mode === "act" ? writes(grants) : []),
];

const writes = (grants: Grants): Permission[] => [
  stopTasks(grants),
  ...writeRegistries(grants),
  ...writeRollouts(grants.settings, grants.owned.hookRole),
];

/** No ECS, no load balancer: what it writes down is read by the next pass. */
const api = ({ owned }: Grants): Permission[] => [
  { sid: "ReadState", actions: ["dynamodb:Query"], resources: [owned.table, owned.index] },
  {
    sid: "ReadSwitchesAndCommand",
    actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"],
    resources: [owned.table],
  },
  { sid: "RingDoorbells", actions: ["sqs:SendMessage"], resources: [owned.queues.work.queue] },
];

/** Answers by what stands in the table and what the load balancer says, and rings. */
const hook = ({ owned, settings }: Grants): Permission[] => [
  { sid: "ReadState", actions: ["dynamodb:Query", "dynamodb:BatchGetItem"], resources: [owned.table] },
  ...readPreflight(settings),
  { sid: "RingDoorbells", actions: ["sqs:SendMessage"], resources: [owned.queues.work.queue] },
];

function sweep(grants: Grants): Permission[] {
  const { table, index, queues, undelivered, missedSweeps } = grants.owned;
  const deadLetters = QUEUE_NAMES.map((name) => queues[name].deadLetters);
  return [
    { sid: "FindDueWork", actions: ["dynamodb:Query"], resources: [table, index] },
    { sid: "KeepMemory", actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources: [table] },
    {
      sid: "TakeDeadLetters",
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
      resources: [...deadLetters, undelivered],
    },
    { sid: "WarmUp", actions: ["sqs:GetQueueAttributes"], resources: [queues.work.queue] },
    {
      sid: "SendBack",
      actions: ["sqs:SendMessage"],
      resources: QUEUE_NAMES.map((name) => queues[name].queue),
    },
    { sid: "ReportMissedSweep", actions: ["sqs:SendMessage"], resources: [missedSweeps] },
    readTasks(grants),
    listTasks(grants),
    // Whether a host that was to leave is back after all.
    readInstances(grants),
    readRevisions(grants),
  ];
}

const roles: Readonly<Record<FunctionName, (grants: Grants) => Permission[]>> = {
  ingest,
  reconcile,
  sweep,
  api,
  hook,
};

/** Everything the function may do. */
export const permissionsOf = (name: FunctionName, grants: Grants): readonly Permission[] => [
  ...surroundings(grants),
  ...roles[name](grants),
];
