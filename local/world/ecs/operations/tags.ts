// TagResource, UntagResource, ListTagsForResource.

import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
  TagResourceResponse,
  UntagResourceRequest,
  UntagResourceResponse,
} from "@aws-sdk/client-ecs";
import { parseEcsArn } from "../../../../shared/base/arn.ts";
import type { EcsContext } from "../context.ts";
import { clusterOf, findDefinition, findInstance, findTask, invalid, serviceOf } from "../lookup.ts";

/** Where a resource's tags are kept. */
interface TagHolder {
  tags: readonly Tag[];
}

const held = (context: EcsContext, arn: string): TagHolder => ({
  get tags() {
    return context.tagsByArn.get(arn) ?? [];
  },
  set tags(tags) {
    context.tagsByArn.set(arn, tags);
  },
});

function holderOf(context: EcsContext, resourceArn: string | undefined): TagHolder {
  const arn = parseEcsArn(resourceArn);
  if (arn === undefined || resourceArn === undefined) throw invalid("Invalid resource ARN.");
  const [first = "", name = ""] = arn.path;
  const missing = invalid("The specified resource was not found.");
  if (arn.type === "task-definition") {
    const definition = findDefinition(context, resourceArn);
    if (definition === undefined) throw missing;
    return held(context, definition.arn);
  }
  const cluster = clusterOf(context, first);
  if (arn.type === "cluster") return held(context, cluster.arn);
  if (arn.type === "service") return serviceOf(cluster, name);
  const found = arn.type === "task" ? findTask(cluster, name) : undefined;
  if (found !== undefined) return found;
  const instance = arn.type === "container-instance" ? findInstance(cluster, name) : undefined;
  if (instance === undefined) throw missing;
  return held(context, instance.arn);
}

export const tagOperations = (context: EcsContext) => ({
  TagResource(input: TagResourceRequest): TagResourceResponse {
    const holder = holderOf(context, input.resourceArn);
    const given = input.tags ?? [];
    const kept = holder.tags.filter(({ key }) => !given.some((tag) => tag.key === key));
    // At most 50 tags: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html
    if (kept.length + given.length > 50) throw invalid("A resource can have at most 50 tags.");
    holder.tags = [...kept, ...given];
    return {};
  },

  UntagResource(input: UntagResourceRequest): UntagResourceResponse {
    const holder = holderOf(context, input.resourceArn);
    holder.tags = holder.tags.filter(({ key }) => key === undefined || !input.tagKeys?.includes(key));
    return {};
  },

  ListTagsForResource(input: ListTagsForResourceRequest): ListTagsForResourceResponse {
    return { tags: [...holderOf(context, input.resourceArn).tags] };
  },
});
