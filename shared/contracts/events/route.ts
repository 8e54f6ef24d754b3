// From ARNs to keys. An ARN says more than the envelope about account and Region (cross-account buses
// keep the sender's ARN), so it wins; the envelope is the fallback.

import type { EcsArn } from "../../base/arn.ts";
import { parseEcsArn } from "../../base/arn.ts";
import type { Key, KeyParts, Scope } from "../../base/keys.ts";
import { keyOf } from "../../base/keys.ts";
import type { Reason } from "../../base/reasons.ts";
import type { Fact } from "../facts.ts";
import { malformed, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";

/** Facts for one key; a Health notice may concern several. */
export interface Routed {
  readonly key: Key;
  readonly facts: readonly Fact[];
}

/** What the parser of one event type returns: facts by key, or the reason why it needs none. */
export type Reading = readonly Routed[] | Reason;

export const routed = (parts: KeyParts, ...facts: readonly Fact[]): readonly Routed[] => [
  { key: checkedKey(parts), facts },
];

/** A key's separators may not stand in its account and Region, nor line breaks anywhere. */
const scopePattern = /^[^/:\s]+$/;
const lineBreaks = /[\n\r\u2028\u2029]/;

export function checkedKey(parts: KeyParts): Key {
  if (!scopePattern.test(parts.account)) throw malformed("account", parts.account, "an account id");
  if (!scopePattern.test(parts.region)) throw malformed("region", parts.region, "a Region");
  const key = keyOf(parts);
  if (lineBreaks.test(key)) throw malformed("(key)", key, "names without line breaks");
  return key;
}

export function scopeOf(
  envelope: Envelope,
  arn?: { readonly account: string; readonly region: string },
): Scope {
  return {
    account: arn?.account || (envelope.account ?? ""),
    region: arn?.region || (envelope.region ?? ""),
  };
}

export interface ClusterRef extends Scope {
  readonly cluster: string;
}

/** The cluster of a detail's `clusterArn`: the only place that names it when task ARNs are in the old form. */
export function clusterOf(envelope: Envelope): ClusterRef {
  const text = textAt(envelope.detail, "clusterArn", "detail");
  const arn = parseEcsArn(text);
  const [cluster = "", ...rest] = arn?.path ?? [];
  if (arn === undefined || arn.type !== "cluster" || cluster === "" || rest.length > 0) {
    throw malformed("detail.clusterArn", text, "an ECS cluster ARN");
  }
  return { ...scopeOf(envelope, arn), cluster };
}

/** ARN types whose path begins with cluster/service. */
const belowService: ReadonlySet<string> = new Set([
  "service",
  "service-deployment",
  "service-revision",
  "task-set",
]);

/** The service that the first fitting ARN names; `clusterArn` helps old ARNs (`service/name`) out. */
export function serviceOf(envelope: Envelope, ...more: readonly unknown[]): KeyParts | undefined {
  for (const text of [...more, ...envelope.resources]) {
    const arn = parseEcsArn(text);
    if (arn === undefined || !belowService.has(arn.type)) continue;
    const found = servicePath(envelope, arn);
    if (found !== undefined) return { kind: "service", ...scopeOf(envelope, arn), ...found };
  }
  return undefined;
}

function servicePath(envelope: Envelope, arn: EcsArn): { cluster: string; name: string } | undefined {
  const [cluster = "", name = ""] = arn.path;
  if (cluster !== "" && name !== "") return { cluster, name };
  if (arn.type !== "service" || cluster === "" || envelope.detail["clusterArn"] === undefined)
    return undefined;
  return { cluster: clusterOf(envelope).cluster, name: cluster };
}

/** A service event must name its service. */
export function requiredService(envelope: Envelope, ...more: readonly unknown[]): KeyParts {
  const service = serviceOf(envelope, ...more);
  if (service !== undefined) return service;
  throw malformed("resources[0]", envelope.resources[0], "a service ARN that names its cluster");
}
