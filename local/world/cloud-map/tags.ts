// Tags of namespaces and services, by ARN.

import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-servicediscovery";
import { AwsError } from "../kernel.ts";
import { MAX_TAGS } from "./limits.ts";
import type { CloudMapState } from "./model.ts";

export function setTags(state: CloudMapState, arn: string, tags: readonly Tag[]): void {
  const kept = new Map(state.tags.get(arn) ?? []);
  for (const tag of tags) kept.set(tag.Key ?? "", tag.Value ?? "");
  if (kept.size > MAX_TAGS) {
    throw new AwsError("TooManyTagsException", `At most ${MAX_TAGS} tags are allowed.`, {
      fields: { ResourceName: arn },
    });
  }
  state.tags.set(arn, kept);
}

function requireResource(state: CloudMapState, arn: string | undefined): string {
  const id = (arn ?? "").slice((arn ?? "").lastIndexOf("/") + 1);
  const record = state.services.get(id) ?? state.namespaces.get(id);
  if (record === undefined || record.arn !== arn) {
    throw new AwsError("ResourceNotFoundException", `Resource not found: ${arn}`);
  }
  return record.arn;
}

export function tagOperations(state: CloudMapState) {
  return {
    ListTagsForResource: (input: ListTagsForResourceRequest): ListTagsForResourceResponse => {
      const tags = state.tags.get(requireResource(state, input.ResourceARN)) ?? new Map<string, string>();
      return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
    },
    TagResource: (input: TagResourceRequest) => {
      setTags(state, requireResource(state, input.ResourceARN), input.Tags ?? []);
      return {};
    },
    UntagResource: (input: UntagResourceRequest) => {
      const tags = state.tags.get(requireResource(state, input.ResourceARN));
      for (const key of input.TagKeys ?? []) tags?.delete(key);
      return {};
    },
  };
}
