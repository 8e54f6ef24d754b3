// The virtual Elastic Load Balancing, version 2: AWS's operations, what ECS uses of them, and the way of a
// request through a listener.

import type { Balancing } from "../balancing.ts";
import type { Kernel, Operations } from "../kernel.ts";
import type { RequestHead, Traffic } from "../traffic.ts";
import type { ElbContext, ElbOptions, ElbSurroundings } from "./context.ts";
import { createContext } from "./context.ts";
import { createBalancing } from "./ecs-face.ts";
import { accountLimits } from "./limits.ts";
import { listenerOperations, listenerView } from "./listeners.ts";
import { loadBalancerOperations } from "./load-balancers.ts";
import type { Answered } from "./plane.ts";
import { idleTimeoutMs, offer } from "./plane.ts";
import { connected, route } from "./routing.ts";
import { ruleOperations } from "./rules.ts";
import { tagOperations } from "./tags.ts";
import { targetGroupOperations } from "./target-groups.ts";
import { targetOperations } from "./targets.ts";

const operationsOf = (context: ElbContext) => ({
  ...loadBalancerOperations(context),
  ...listenerOperations(context),
  ...ruleOperations(context),
  ...targetGroupOperations(context),
  ...targetOperations(context),
  ...tagOperations(context),
  DescribeAccountLimits: accountLimits,
});

export type ElbOperations = ReturnType<typeof operationsOf>;

export interface Elb {
  readonly operations: ElbOperations & Operations;
  readonly balancing: Balancing;
  readonly traffic: Traffic;
  /** A request of the byte-less plane; the answer comes in the world's own time. */
  offer(listenerArn: string, request: RequestHead, answered?: Answered): void;
}

export function createElb(kernel: Kernel, surroundings: ElbSurroundings, options: ElbOptions = {}): Elb {
  const context = createContext(kernel, surroundings, options);
  return {
    operations: operationsOf(context),
    balancing: createBalancing(context),
    traffic: createTraffic(context),
    offer: (listenerArn, request, answered) => offer(context, { listenerArn, request }, answered),
  };
}

const createTraffic = (context: ElbContext): Traffic => ({
  listeners: () => [...context.listeners.values()].map(listenerView),
  onListener: (on) => context.planeListeners.push(on),
  idleTimeoutMs: (listenerArn) => idleTimeoutMs(context, listenerArn),
  connected: (listenerArn) => connected(context, listenerArn),
  route: (listenerArn, request) => route(context, listenerArn, request),
});
