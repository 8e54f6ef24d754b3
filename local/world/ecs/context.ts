// What every part of the virtual ECS shares: the kernel, the indexes of what exists, and the way back to
// the service scheduler.

import type { Tag } from "@aws-sdk/client-ecs";
import type { DurationMs, EpochMs } from "../../../shared/base/time.ts";
import type { Balancing } from "../balancing.ts";
import type { AlarmState } from "../cloudwatch/alarm-rule.ts";
import type { FunctionInvoker } from "../functions.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressPlan } from "./addresses.ts";
import type { ContainerRuntime } from "./container-runtime.ts";
import type { Endpoints } from "./endpoints.ts";
import type {
  CapacityProviderRecord,
  ClusterRecord,
  InstanceRecord,
  ServiceRecord,
  TaskDefinitionRecord,
  TaskRecord,
} from "./model.ts";
import { Roster } from "./roster.ts";
import type { Dwell, Span } from "./timing.ts";

export interface EcsContext {
  readonly kernel: Kernel;
  readonly zones: readonly string[];
  readonly fargateDwell: Dwell;
  readonly hostDwell: Dwell;
  readonly schedulerLatency: Span;
  readonly shiftMs: DurationMs;
  readonly addresses: AddressPlan;
  readonly clusters: Map<string, ClusterRecord>;
  /** By family, oldest revision first. */
  readonly definitions: Map<string, TaskDefinitionRecord[]>;
  /** Container instances by `i-…` or `mi-…`. */
  readonly hosts: Map<string, InstanceRecord>;
  /** By name; those of Managed Instances by `cluster/name`. */
  readonly capacityProviders: Map<string, CapacityProviderRecord>;
  /** Tags of everything but tasks and services, which carry theirs. */
  readonly tagsByArn: Map<string, readonly Tag[]>;
  /** Answers of RunTask by clientToken. */
  readonly runTokens: Map<string, { readonly input: string; readonly taskArns: readonly string[] }>;
  /** Cleared by tests: Fargate then has no capacity in the named provider. */
  readonly exhaustedProviders: Set<string>;
  /** Availability Zones that are out: nothing is placed there. */
  readonly lostZones: Set<string>;
  readonly balancing: Balancing;
  /** Which task answers at an address. */
  readonly endpoints: Endpoints;
  /** Who is registered at a target group, host and port; for target-registration.ts alone. */
  readonly tasksByTarget: Map<string, TaskRecord>;
  readonly functions: FunctionInvoker;
  /** As DescribeAlarms would answer; undefined: there is no such alarm. */
  alarmState(name: string): AlarmState | undefined;
  /** Without one the containers are modelled: they start and stop in times drawn from the seed. */
  readonly runtime: ContainerRuntime | undefined;
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
    capacityProviders: [],
    defaultStrategy: [],
    managedProviders: new Map(),
    hostsAwaited: new Set(),
    placementCursor: -1,
  };
  context.clusters.set(name, cluster);
  return cluster;
}
