// What every part of the virtual ECS shares: the kernel, the indexes of what exists, and the way back to
// the service scheduler.

import type { Tag } from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressPlan } from "./addresses.ts";
import type { ClusterRecord, InstanceRecord, ServiceRecord, TaskDefinitionRecord } from "./model.ts";
import { Roster } from "./roster.ts";
import type { Dwell, Span } from "./timing.ts";

export interface EcsContext {
  readonly kernel: Kernel;
  readonly zones: readonly string[];
  readonly fargateDwell: Dwell;
  readonly hostDwell: Dwell;
  readonly schedulerLatency: Span;
  readonly addresses: AddressPlan;
  readonly clusters: Map<string, ClusterRecord>;
  /** By family, oldest revision first. */
  readonly definitions: Map<string, TaskDefinitionRecord[]>;
  /** Container instances by `i-…` or `mi-…`. */
  readonly hosts: Map<string, InstanceRecord>;
  /** Tags of everything but tasks and services, which carry theirs. */
  readonly tagsByArn: Map<string, readonly Tag[]>;
  /** Answers of RunTask by clientToken. */
  readonly runTokens: Map<string, { readonly input: string; readonly taskArns: readonly string[] }>;
  /** Cleared by tests: Fargate then has no capacity in the named provider. */
  readonly exhaustedProviders: Set<string>;
  nextOrder(): number;
  /** The scheduler looks at the service soon, or at the given later instant; an earlier look wins. */
  touch(service: ServiceRecord, notBefore?: EpochMs): void;
}

export function addCluster(context: EcsContext, name: string): ClusterRecord {
  const cluster: ClusterRecord = {
    order: context.nextOrder(),
    name,
    arn: context.kernel.arn("ecs", `cluster/${name}`),
    status: "ACTIVE",
    tasks: new Roster(),
    taskById: new Map(),
    services: new Map(),
    serviceList: new Roster(),
    daemons: new Set(),
    instances: new Roster(),
    instanceById: new Map(),
    placementCursor: -1,
  };
  context.clusters.set(name, cluster);
  return cluster;
}
