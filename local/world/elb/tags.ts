// Tags of load balancers, listeners, rules and target groups.

import type {
  AddTagsInput,
  DescribeTagsInput,
  DescribeTagsOutput,
  RemoveTagsInput,
  Tag,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import type { ElbContext } from "./context.ts";
import { invalid, notFound } from "./context.ts";
import { checkDescribed } from "./limits.ts";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html */
const MAX_TAGS = 50;

export const tagOperations = (context: ElbContext) => ({
  AddTags: (input: AddTagsInput) => {
    for (const arn of input.ResourceArns ?? []) checkResource(context, arn);
    for (const arn of input.ResourceArns ?? []) setTags(context, arn, input.Tags);
    return {};
  },
  RemoveTags: (input: RemoveTagsInput) => {
    for (const arn of input.ResourceArns ?? []) checkResource(context, arn);
    for (const arn of input.ResourceArns ?? []) {
      const left = (context.tags.get(arn) ?? []).filter(({ Key = "" }) => !input.TagKeys?.includes(Key));
      context.tags.set(arn, left);
    }
    return {};
  },
  DescribeTags: (input: DescribeTagsInput): DescribeTagsOutput => {
    const arns = input.ResourceArns ?? [];
    checkDescribed("resources", arns);
    for (const arn of arns) checkResource(context, arn);
    return {
      TagDescriptions: arns.map((arn) => {
        const tags = context.tags.get(arn) ?? [];
        // The model's TagList holds one tag at least: a resource without any has no list.
        return { ResourceArn: arn, ...(tags.length > 0 && { Tags: [...tags] }) };
      }),
    };
  },
});

/** Before anything is created. The model gives creations but that of load balancers no error of their own for doubles. */
export function checkTags(given: readonly Tag[] | undefined, doubles = "ValidationError"): void {
  const tags = given ?? [];
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    throw new AwsError(doubles, "A tag key was specified more than once");
  if (tags.length > MAX_TAGS) throw tooManyTags();
}

const tooManyTags = (): AwsError => new AwsError("TooManyTags", `At most ${MAX_TAGS} tags per resource`);

export function setTags(context: ElbContext, arn: string, given: readonly Tag[] | undefined): void {
  checkTags(given, "DuplicateTagKeys");
  const tags = new Map((context.tags.get(arn) ?? []).map((tag) => [tag.Key, tag]));
  for (const tag of given ?? []) tags.set(tag.Key, { Value: "", ...tag });
  if (tags.size > MAX_TAGS) throw tooManyTags();
  context.tags.set(arn, [...tags.values()]);
}

function checkResource(context: ElbContext, arn: string): void {
  const { balancers, listeners, rules, groups } = context;
  if (balancers.has(arn) || listeners.has(arn) || rules.has(arn) || groups.has(arn)) return;
  if (arn.includes(":loadbalancer/")) throw notFound("LoadBalancer");
  if (arn.includes(":listener/")) throw notFound("Listener");
  if (arn.includes(":listener-rule/")) throw notFound("Rule");
  if (arn.includes(":targetgroup/")) throw notFound("TargetGroup");
  throw invalid(`'${arn}' is not a valid ARN`);
}
