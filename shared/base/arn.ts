// The parts of ECS ARNs that keys need. Old ARNs (before 2018) lack the cluster name; callers pass the
// cluster's ARN for those: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html

export interface EcsArn {
  readonly account: string;
  readonly region: string;
  /** `task`, `service`, `container-instance`, `cluster`, `task-definition`, `daemon`, … */
  readonly type: string;
  /** Everything behind the type, split at `/`. */
  readonly path: readonly string[];
}

const arnPattern = /^arn:[^:]*:ecs:([^:]*):([^:]*):([a-z-]+)\/(.+)$/;

/** undefined when the text is not an ECS ARN. */
export function parseEcsArn(arn: unknown): EcsArn | undefined {
  if (typeof arn !== "string") return undefined;
  const match = arnPattern.exec(arn);
  if (match === null) return undefined;
  const [, region = "", account = "", type = "", path = ""] = match;
  return { account, region, type, path: path.split("/") };
}

/**
 * By the Region's first part, as AWS's own SDKs tell partitions apart; all others are `aws`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html names three of them, the SDK's
 * partition table (@aws-sdk/core, `partitions`) all.
 */
const partitionsByPrefix: readonly (readonly [prefix: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
  ["eusc-", "aws-eusc"],
];

/** The second part of every ARN in that Region. */
export const partitionOf = (region: string): string =>
  partitionsByPrefix.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";

export const clusterArn = (of: {
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
}): string => `arn:${partitionOf(of.region)}:ecs:${of.region}:${of.account}:cluster/${of.cluster}`;

/** The last segment: a task's id, a service's name, a cluster's name. */
export const arnName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

/** In the place of a task definition: what stood before the first deployment. */
export const NO_REVISION = "none";

/**
 * Who somebody is, for people: `ada` of a user, `Admin/ada` of a role's session, else as it stands.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
export const callerName = (by: string): string =>
  by.replace(/^arn:[^:]*:(iam|sts)::\d*:((user|assumed-role|federated-user)\/)?/, "");

/** `web:7` → family and revision; a sample of AWS's own lacks the revision. */
export function taskDefinitionParts(arn: string): { family: string; revision: string | undefined } {
  const [family = "", revision] = arnName(arn).split(":");
  return { family, revision };
}
