// Token buckets in front of the world's operations, by AWS's published numbers where there are any, refilled
// by virtual time; and the counts that the product's figures come from. A refused call has no effect.

import type { EpochMs } from "../../shared/base/time.ts";
import { AwsError } from "./kernel.ts";

export interface BucketRule {
  readonly name: string;
  readonly burst: number;
  readonly perSecond: number;
  /** `service.Operation`; one list shares one bucket. */
  readonly operations: readonly string[];
}

export interface BucketUse {
  readonly name: string;
  readonly calls: number;
  readonly throttled: number;
  /** The largest share of the bucket that was ever empty: 1 = the next call is refused. */
  readonly peakShare: number;
}

export interface Throttle {
  /** Takes a token and counts the call; throws the service's own throttling error when there is none. */
  take(service: string, operation: string): void;
  /** Every call by `service.Operation`, refused ones included. */
  callCounts(): Readonly<Record<string, number>>;
  bucketUse(): readonly BucketUse[];
  /** Counts and peaks start anew; the buckets keep their level. */
  resetCounts(): void;
}

const of = (service: string, operations: string): string[] =>
  operations.split(" ").map((operation) => `${service}.${operation}`);

/** Published: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html */
const ecsRules: readonly BucketRule[] = [
  {
    name: "ecs cluster modify",
    burst: 50,
    perSecond: 5,
    operations: of("ecs", "CreateCluster UpdateCluster UpdateClusterSettings DeleteCluster"),
  },
  {
    name: "ecs cluster read",
    burst: 50,
    perSecond: 20,
    operations: of("ecs", "DescribeClusters ListClusters"),
  },
  {
    name: "ecs service modify",
    burst: 50,
    perSecond: 5,
    operations: of(
      "ecs",
      "CreateService UpdateService DeleteService CreateTaskSet UpdateTaskSet DeleteTaskSet",
    ),
  },
  {
    name: "ecs service read",
    burst: 100,
    perSecond: 20,
    operations: of("ecs", "DescribeServices ListServices DescribeTaskSets"),
  },
  {
    name: "ecs resource modify",
    burst: 100,
    perSecond: 40,
    operations: of("ecs", "RunTask StartTask StopTask UpdateContainerInstancesState"),
  },
  {
    name: "ecs resource read",
    burst: 100,
    perSecond: 20,
    operations: of("ecs", "DescribeTasks ListTasks DescribeContainerInstances ListContainerInstances"),
  },
  {
    name: "ecs deployment read",
    burst: 50,
    perSecond: 20,
    operations: of("ecs", "DescribeServiceDeployments ListServiceDeployments"),
  },
  { name: "ecs revision read", burst: 50, perSecond: 20, operations: of("ecs", "DescribeServiceRevisions") },
  {
    name: "ecs task protection",
    burst: 200,
    perSecond: 80,
    operations: of("ecs", "GetTaskProtection UpdateTaskProtection"),
  },
  {
    name: "ecs task definition modify",
    burst: 20,
    perSecond: 1,
    operations: of("ecs", "RegisterTaskDefinition DeregisterTaskDefinition"),
  },
  {
    name: "ecs task definition read",
    burst: 50,
    perSecond: 20,
    operations: of("ecs", "DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies"),
  },
];

const each = (
  service: string,
  operations: string,
  rate: readonly [burst: number, perSecond: number],
): BucketRule[] =>
  operations.split(" ").map((operation) => ({
    name: `${service} ${operation}`,
    burst: rate[0],
    perSecond: rate[1],
    operations: [`${service}.${operation}`],
  }));

/**
 * Discover* is published (cloud-map-limits); AWS publishes no rate for the control plane, so what its own
 * controller holds itself to stands here (see local/ASSUMPTIONS.md).
 */
const cloudMapRules: readonly BucketRule[] = [
  ...each("servicediscovery", "DiscoverInstances", [2_000, 1_000]),
  ...each("servicediscovery", "DiscoverInstancesRevision", [3_000, 3_000]),
  ...each(
    "servicediscovery",
    "RegisterInstance DeregisterInstance UpdateInstanceCustomHealthStatus",
    [100, 50],
  ),
  ...each("servicediscovery", "GetOperation", [200, 100]),
  ...each("servicediscovery", "ListNamespaces", [5, 0.5]),
  ...each("servicediscovery", "ListServices", [10, 2]),
  ...each(
    "servicediscovery",
    "CreateHttpNamespace CreatePrivateDnsNamespace CreatePublicDnsNamespace",
    [5, 0.5],
  ),
  ...each("servicediscovery", "CreateService UpdateService DeleteService", [50, 5]),
  ...each("servicediscovery", "ListInstances GetInstance GetInstancesHealthStatus", [100, 20]),
  ...each("servicediscovery", "GetService GetNamespace ListTagsForResource ListOperations", [50, 10]),
];

/**
 * 40 and 10 per second for Describe* of a whole account: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html.
 * ECS has buckets of its own there. Rates of the other calls: see local/ASSUMPTIONS.md.
 */
const elbRules: readonly BucketRule[] = [
  {
    name: "elb read",
    burst: 40,
    perSecond: 10,
    operations: of(
      "elasticloadbalancing",
      "DescribeAccountLimits DescribeListenerAttributes DescribeListeners DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth",
    ),
  },
  {
    name: "elb targets",
    burst: 20,
    perSecond: 4,
    operations: of("elasticloadbalancing", "RegisterTargets DeregisterTargets"),
  },
  {
    name: "elb modify",
    burst: 20,
    perSecond: 3,
    operations: of(
      "elasticloadbalancing",
      "AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup ModifyListener ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup ModifyTargetGroupAttributes RemoveTags SetIpAddressType SetRulePriorities SetSecurityGroups SetSubnets",
    ),
  },
];

/** EC2 publishes 100 and 20 per second for each Describe call; CloudWatch its quotas; SSM nothing. */
const otherRules: readonly BucketRule[] = [
  ...each("ec2", "DescribeInstances DescribeNetworkInterfaces", [100, 20]),
  ...each("ssm", "DescribeInstanceInformation", [20, 10]),
  ...each("cloudwatch", "PutMetricData", [500, 500]),
  ...each("cloudwatch", "GetMetricData", [50, 50]),
  ...each("cloudwatch", "DescribeAlarms", [9, 9]),
  ...each("cloudwatch", "PutMetricAlarm PutCompositeAlarm DeleteAlarms SetAlarmState", [3, 3]),
];

export const bucketRules: readonly BucketRule[] = [...ecsRules, ...cloudMapRules, ...elbRules, ...otherRules];

interface Bucket {
  readonly rule: BucketRule;
  tokens: number;
  refilledAt: number;
  calls: number;
  throttled: number;
  peakShare: number;
}

export interface ThrottleOptions {
  readonly now: () => EpochMs;
  readonly rules?: readonly BucketRule[];
  /** Without enforcement calls are counted and peaks measured, and nothing is refused. */
  readonly enforce?: boolean;
}

export function createThrottle(options: ThrottleOptions): Throttle {
  const { now, rules = bucketRules, enforce = true } = options;
  const buckets = rules.map((rule) => fullBucket(rule, now()));
  const byOperation = new Map<string, Bucket>();
  for (const bucket of buckets) for (const name of bucket.rule.operations) byOperation.set(name, bucket);
  const counts = new Map<string, number>();
  return {
    take: (service, operation) => {
      const name = `${service}.${operation}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const bucket = byOperation.get(name);
      if (bucket === undefined || takeToken(bucket, now()) || !enforce) return;
      throw throttlingError(service, operation);
    },
    callCounts: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    bucketUse: () =>
      buckets
        .filter((bucket) => bucket.calls > 0)
        .map(({ rule, calls, throttled, peakShare }) => ({ name: rule.name, calls, throttled, peakShare })),
    resetCounts: () => {
      counts.clear();
      for (const bucket of buckets) Object.assign(bucket, { calls: 0, throttled: 0, peakShare: 0 });
    },
  };
}

const fullBucket = (rule: BucketRule, now: EpochMs): Bucket => ({
  rule,
  tokens: rule.burst,
  refilledAt: now,
  calls: 0,
  throttled: 0,
  peakShare: 0,
});

function takeToken(bucket: Bucket, now: EpochMs): boolean {
  const { burst, perSecond } = bucket.rule;
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.refilledAt) / 1_000) * perSecond);
  bucket.refilledAt = now;
  bucket.calls += 1;
  // Refills are fractions: a thousand times a thousandth may fall short of one by a rounding.
  const granted = bucket.tokens >= 1 - 1e-9;
  if (granted) bucket.tokens = Math.max(0, bucket.tokens - 1);
  else bucket.throttled += 1;
  bucket.peakShare = Math.max(bucket.peakShare, (burst - bucket.tokens) / burst);
  return granted;
}

/** Each service has its own name for the same refusal; also for those whose calls are not counted here. */
export function throttlingError(service: string, operation: string): AwsError {
  switch (service) {
    case "servicediscovery":
      return operation.startsWith("DiscoverInstances")
        ? new AwsError("RequestLimitExceeded", "The operation can't be completed: request quota reached.")
        : rateExceeded("ThrottlingException");
    case "ec2":
      return new AwsError("RequestLimitExceeded", "Request limit exceeded.", { status: 503 });
    case "elasticloadbalancing":
      // The wire says so (ansible-collections/community.aws#977, boto/boto3#3125); the guide has CloudTrail's name.
      return rateExceeded("Throttling");
    case "sqs":
      return new AwsError("RequestThrottled", "The request was denied due to request throttling.");
    case "s3":
      return new AwsError("SlowDown", "Please reduce your request rate.", { status: 503 });
    default:
      return rateExceeded("ThrottlingException");
  }
}

const rateExceeded = (name: string): AwsError => new AwsError(name, "Rate exceeded");
