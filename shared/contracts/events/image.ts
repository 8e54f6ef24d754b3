// ECR image actions: an image was pushed, deleted or archived. Best effort, so only ever a hint.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html

import type { ImageFact } from "../facts.ts";
import type { Mutable } from "../guards.ts";
import { keep, maybeTextAt, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";
import type { Reading } from "./route.ts";
import { routed, scopeOf } from "./route.ts";

export function readImage(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const repository = textAt(detail, "repository-name", "detail");
  const fact: Mutable<ImageFact> = {
    kind: "image",
    repository,
    action: textAt(detail, "action-type", "detail"),
    result: textAt(detail, "result", "detail"),
    digest: textAt(detail, "image-digest", "detail"),
    at,
  };
  keep(fact, "tag", maybeTextAt(detail, "image-tag", "detail"));
  return routed({ kind: "source", name: `ecr/${repository}`, ...scopeOf(envelope) }, fact);
}
