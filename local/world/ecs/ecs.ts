// The virtual Amazon ECS: its operations with AWS's own names and shapes, and a control surface for tests.

import type { DurationMs } from "../../../shared/base/time.ts";
import type { Balancing } from "../balancing.ts";
import { NO_BALANCING } from "../balancing.ts";
import type { AlarmState } from "../cloudwatch/alarm-rule.ts";
import type { FunctionInvoker } from "../functions.ts";
import { NO_FUNCTIONS } from "../functions.ts";
import type { Kernel, Operations } from "../kernel.ts";
import type { AddressBases, Subnet } from "./addresses.ts";
import { AddressPlan } from "./addresses.ts";
import type { ContainerRuntime } from "./container-runtime.ts";
import type { EcsContext } from "./context.ts";
import { addCluster } from "./context.ts";
import type { EcsControl } from "./control.ts";
import { createControl } from "./control.ts";
import { Endpoints } from "./endpoints.ts";
import { resumeTask } from "./lifecycle.ts";
import { capacityProviderOperations } from "./operations/capacity-providers.ts";
import { clusterOperations } from "./operations/clusters.ts";
import { containerInstanceOperations } from "./operations/container-instances.ts";
import { deploymentOperations } from "./operations/deployments.ts";
import { serviceOperations } from "./operations/services.ts";
import { tagOperations } from "./operations/tags.ts";
import { taskDefinitionOperations } from "./operations/task-definitions.ts";
import { taskProtectionOperations } from "./operations/task-protection.ts";
import { taskSetOperations } from "./operations/task-sets.ts";
import { taskOperations } from "./operations/tasks.ts";
import { scheduleLook } from "./scheduler.ts";
import { watchTargets } from "./target-registration.ts";
import type { Dwell, Span } from "./timing.ts";
import { FARGATE_DWELL, HOST_DWELL, SCHEDULER_LATENCY, SHIFT_MS } from "./timing.ts";

export interface EcsOptions {
  /** Exist from the start; default: `default`. */
  readonly clusters?: readonly string[];
  /** Default: the Region's a, b and c. */
  readonly availabilityZones?: readonly string[];
  readonly subnets?: readonly Subnet[];
  /** Where tasks and hosts get their addresses from; default: private networks. */
  readonly addresses?: AddressBases;
  readonly fargateDwell?: Partial<Dwell>;
  readonly hostDwell?: Partial<Dwell>;
  readonly schedulerLatency?: Span;
  /** How long ECS waits after it has written weights behind an Application Load Balancer. Default 30 s. */
  readonly shiftMs?: DurationMs;
  /** What runs the containers; default: nothing does, they are modelled. */
  readonly runtime?: ContainerRuntime;
}

/** The other services that ECS works with. */
export interface EcsNeighbours {
  readonly balancing: Balancing;
  readonly functions: FunctionInvoker;
  alarmState(name: string): AlarmState | undefined;
}

const ALONE: EcsNeighbours = {
  balancing: NO_BALANCING,
  functions: NO_FUNCTIONS,
  alarmState: () => undefined,
};

function createContext(kernel: Kernel, options: EcsOptions, neighbours: EcsNeighbours): EcsContext {
  const zones = options.availabilityZones ?? ["a", "b", "c"].map((letter) => `${kernel.region}${letter}`);
  let order = 0;
  const context: EcsContext = {
    kernel,
    zones,
    fargateDwell: { ...FARGATE_DWELL, ...options.fargateDwell },
    hostDwell: { ...HOST_DWELL, ...options.hostDwell },
    schedulerLatency: options.schedulerLatency ?? SCHEDULER_LATENCY,
    shiftMs: options.shiftMs ?? SHIFT_MS,
    addresses: new AddressPlan(kernel, zones, options.addresses),
    clusters: new Map(),
    definitions: new Map(),
    hosts: new Map(),
    capacityProviders: new Map(),
    tagsByArn: new Map(),
    runTokens: new Map(),
    exhaustedProviders: new Set(),
    lostZones: new Set(),
    balancing: neighbours.balancing,
    endpoints: new Endpoints(),
    tasksByTarget: new Map(),
    functions: neighbours.functions,
    alarmState: (name) => neighbours.alarmState(name),
    runtime: options.runtime,
    nextOrder: () => {
      order += 1;
      return order;
    },
    touch: (service, notBefore) => scheduleLook(context, service, notBefore),
  };
  return context;
}

const operationsOf = (context: EcsContext) => ({
  ...clusterOperations(context),
  ...taskDefinitionOperations(context),
  ...serviceOperations(context),
  ...deploymentOperations(context),
  ...taskOperations(context),
  ...containerInstanceOperations(context),
  ...tagOperations(context),
  ...capacityProviderOperations(context),
  ...taskSetOperations(context),
  ...taskProtectionOperations(context),
});

export type EcsOperations = ReturnType<typeof operationsOf>;

export interface Ecs extends EcsControl {
  readonly operations: EcsOperations & Operations;
}

export function createEcs(kernel: Kernel, options: EcsOptions = {}, neighbours: EcsNeighbours = ALONE): Ecs {
  const context = createContext(kernel, options, neighbours);
  watchTargets(context, (task) => resumeTask(context, task));
  for (const name of options.clusters ?? ["default"]) addCluster(context, name);
  for (const subnet of options.subnets ?? []) context.addresses.defineSubnet(subnet);
  return { operations: operationsOf(context), ...createControl(context) };
}
