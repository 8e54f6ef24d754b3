// The virtual Amazon ECS: its operations with AWS's own names and shapes, and a control surface for tests.

import type { Kernel, Operations } from "../kernel.ts";
import type { Subnet } from "./addresses.ts";
import { AddressPlan } from "./addresses.ts";
import type { EcsContext } from "./context.ts";
import { addCluster } from "./context.ts";
import type { EcsControl } from "./control.ts";
import { createControl } from "./control.ts";
import { clusterOperations } from "./operations/clusters.ts";
import { containerInstanceOperations } from "./operations/container-instances.ts";
import { serviceOperations } from "./operations/services.ts";
import { tagOperations } from "./operations/tags.ts";
import { taskDefinitionOperations } from "./operations/task-definitions.ts";
import { taskOperations } from "./operations/tasks.ts";
import { scheduleLook } from "./scheduler.ts";
import type { Dwell, Span } from "./timing.ts";
import { FARGATE_DWELL, HOST_DWELL, SCHEDULER_LATENCY } from "./timing.ts";

export interface EcsOptions {
  /** Exist from the start; default: `default`. */
  readonly clusters?: readonly string[];
  /** Default: the Region's a, b and c. */
  readonly availabilityZones?: readonly string[];
  readonly subnets?: readonly Subnet[];
  readonly fargateDwell?: Partial<Dwell>;
  readonly hostDwell?: Partial<Dwell>;
  readonly schedulerLatency?: Span;
}

function createContext(kernel: Kernel, options: EcsOptions): EcsContext {
  const zones = options.availabilityZones ?? ["a", "b", "c"].map((letter) => `${kernel.region}${letter}`);
  let order = 0;
  const context: EcsContext = {
    kernel,
    zones,
    fargateDwell: { ...FARGATE_DWELL, ...options.fargateDwell },
    hostDwell: { ...HOST_DWELL, ...options.hostDwell },
    schedulerLatency: options.schedulerLatency ?? SCHEDULER_LATENCY,
    addresses: new AddressPlan(kernel, zones),
    clusters: new Map(),
    definitions: new Map(),
    hosts: new Map(),
    tagsByArn: new Map(),
    runTokens: new Map(),
    exhaustedProviders: new Set(),
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
  ...taskOperations(context),
  ...containerInstanceOperations(context),
  ...tagOperations(context),
});

export type EcsOperations = ReturnType<typeof operationsOf>;

export interface Ecs extends EcsControl {
  readonly operations: EcsOperations & Operations;
}

export function createEcs(kernel: Kernel, options: EcsOptions = {}): Ecs {
  const context = createContext(kernel, options);
  for (const name of options.clusters ?? ["default"]) addCluster(context, name);
  for (const subnet of options.subnets ?? []) context.addresses.defineSubnet(subnet);
  return { operations: operationsOf(context), ...createControl(context) };
}
