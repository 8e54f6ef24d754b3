// From what callers write (names, ids, ARNs) to records, with AWS's errors; and pages of listings.

import { arnName } from "../../../shared/base/arn.ts";
import { AwsError } from "../kernel.ts";
import type { EcsContext } from "./context.ts";
import type {
  ClusterRecord,
  InstanceRecord,
  ServiceRecord,
  TaskDefinitionRecord,
  TaskRecord,
} from "./model.ts";
import type { Ordered, Roster } from "./roster.ts";

export const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/** An omitted cluster means `default`: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html */
export function clusterOf(context: EcsContext, reference: string | undefined): ClusterRecord {
  const cluster = context.clusters.get(arnName(reference ?? "default"));
  if (cluster === undefined || cluster.status !== "ACTIVE") {
    throw new AwsError("ClusterNotFoundException", "Cluster not found.");
  }
  return cluster;
}

export const serviceNotFound = (): AwsError => new AwsError("ServiceNotFoundException", "Service not found.");

export function serviceOf(cluster: ClusterRecord, reference: string | undefined): ServiceRecord {
  if (reference === undefined) throw invalid("Service cannot be empty.");
  const service = cluster.services.get(arnName(reference));
  if (service === undefined) throw serviceNotFound();
  return service;
}

export function activeServiceOf(cluster: ClusterRecord, reference: string | undefined): ServiceRecord {
  const service = serviceOf(cluster, reference);
  if (service.status !== "ACTIVE") throw new AwsError("ServiceNotActiveException", "Service was not ACTIVE.");
  return service;
}

export const findTask = (cluster: ClusterRecord, reference: string): TaskRecord | undefined =>
  cluster.taskById.get(arnName(reference));

export const findInstance = (cluster: ClusterRecord, reference: string): InstanceRecord | undefined =>
  cluster.instanceById.get(arnName(reference));

/** `family` (its newest active revision), `family:revision`, or an ARN. */
export function findDefinition(context: EcsContext, reference: string): TaskDefinitionRecord | undefined {
  const [family = "", revision] = arnName(reference).split(":");
  const revisions = context.definitions.get(family);
  if (revision === undefined) return revisions?.findLast(({ status }) => status === "ACTIVE");
  return revisions?.find((one) => String(one.revision) === revision);
}

export function definitionOf(context: EcsContext, reference: string | undefined): TaskDefinitionRecord {
  if (reference === undefined) throw invalid("TaskDefinition cannot be empty.");
  const definition = findDefinition(context, reference);
  if (definition === undefined) throw new AwsError("ClientException", "TaskDefinition not found.");
  if (definition.status !== "ACTIVE") throw new AwsError("ClientException", "TaskDefinition is inactive");
  return definition;
}

/** Listings and descriptions of more than their limit are refused, not cut. */
export function atMost(list: readonly unknown[] | undefined, limit: number, what: string): void {
  if ((list?.length ?? 0) > limit) throw invalid(`${what} can have at most ${limit} items.`);
}

export interface PageRequest<T> {
  readonly nextToken: string | undefined;
  readonly limit: number;
  accepts(item: T): boolean;
}

/** One page in the order of creation. The token names the last element shown, so pages never repeat one. */
export function pageOf<T extends Ordered>(
  roster: Roster<T>,
  request: PageRequest<T>,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const items: T[] = [];
  for (const item of roster.after(orderOfToken(request.nextToken))) {
    if (!request.accepts(item)) continue;
    if (items.length === request.limit) return { items, nextToken: tokenOf(items.at(-1) as T) };
    items.push(item);
  }
  return { items };
}

const tokenOf = (item: Ordered): string => btoa(`after:${item.order}`);

function orderOfToken(token: string | undefined): number {
  if (token === undefined) return -1;
  try {
    const match = /^after:(\d+)$/.exec(atob(token));
    if (match !== null) return Number(match[1]);
  } catch {
    // Not base64: refused like every other foreign token.
  }
  throw invalid("Invalid token.");
}

/** `maxResults` of a listing: 1-100; the default is given by the operation. */
export function limitOf(maxResults: number | undefined, fallback: number): number {
  if (maxResults === undefined) return fallback;
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > 100) {
    throw invalid("maxResults must be between 1 and 100.");
  }
  return maxResults;
}
