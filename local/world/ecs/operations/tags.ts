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
import type { ClusterRecord } from "../model.ts";

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

const missing = () => invalid("The specified resource was not found.");

function holderOf(context: EcsContext, resourceArn: string | undefined): TagHolder {
  const arn = parseEcsArn(resourceArn);
  if (arn === undefined || resourceArn === undefined) throw invalid("Invalid resource ARN.");
  const known = arnOutsideClusters(context, arn.type, resourceArn);
  if (known !== undefined) return held(context, known);
  const [first = "", name = ""] = arn.path;
  const cluster = clusterOf(context, first);
  switch (arn.type) {
    case "cluster":
      return held(context, cluster.arn);
    case "service":
      return serviceOf(cluster, name);
    case "task-set": {
      const taskSet = serviceOf(cluster, name).taskSets.find((one) => one.arn === resourceArn);
      if (taskSet === undefined) throw missing();
      return held(context, taskSet.arn);
    }
    default:
      return placedHolder(context, arn.type, { cluster, name });
  }
}

/** Task definitions and capacity providers belong to no cluster by their ARN. */
function arnOutsideClusters(context: EcsContext, type: string, resourceArn: string): string | undefined {
  if (type === "task-definition") {
    const definition = findDefinition(context, resourceArn);
    if (definition === undefined) throw missing();
    return definition.arn;
  }
  if (type !== "capacity-provider") return undefined;
  const provider = [...context.capacityProviders.values()].find((one) => one.arn === resourceArn);
  if (provider === undefined) throw missing();
  return provider.arn;
}

function placedHolder(
  context: EcsContext,
  type: string,
  { cluster, name }: { readonly cluster: ClusterRecord; readonly name: string },
): TagHolder {
  const task = type === "task" ? findTask(cluster, name) : undefined;
  if (task !== undefined) return task;
  const instance = type === "container-instance" ? findInstance(cluster, name) : undefined;
  if (instance === undefined) throw missing();
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
