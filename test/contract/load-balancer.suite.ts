// What every data plane of the local load balancer must do, written against a rig: the byte-less plane of the
// simulation and the HTTP plane of `npm start` run the same checks. To hold another plane to it: give
// `balancesLoad` a function that makes a Rig from a world created with RIG_OPTIONS. `wait` passes the world's
// time, whatever that means to the rig: a rig over real sockets keeps the world's clock virtual, too
// (`world.advanceTo` in small slices, and between them it lets pending sockets and probes settle), and its
// targets hold an answer until `latencyMs` of the world's time have passed. No test needs the wall clock.

import type { ElbOptions } from "../../local/world/elb/context.ts";
import { millis } from "../../shared/base/time.ts";
import { routesRequests } from "./load-balancer-routing.suite.ts";
import { looksAfterTargets } from "./load-balancer-targets.suite.ts";

/** The world's settings in every rig: fixed, so that tests can say what has happened by when. */
export const RIG_OPTIONS: ElbOptions = {
  propagation: { minMs: 2_000, maxMs: 2_000 },
  provisioning: { minMs: 0, maxMs: 0 },
  firstProbe: { minMs: 500, maxMs: 500 },
  metricLagMs: millis(1_000),
};

export interface Head {
  readonly listenerArn: string;
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  /** Without the question mark. */
  readonly query?: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  /** Who answered; undefined: the load balancer itself. The name is `id:port`. */
  readonly target?: string;
  /** `name=value` of each Set-Cookie. */
  readonly cookies: readonly string[];
  readonly location?: string;
}

/** How a program behaves from now on. */
export interface Behaviour {
  readonly status?: number;
  readonly latencyMs?: number;
  /** What its health path answers. */
  readonly health?: number;
  /** Nothing listens. */
  readonly refuses?: boolean;
}

export interface RigTarget {
  readonly id: string;
  readonly port: number;
  behave(behaviour: Behaviour): void;
  /** The program is killed: open requests break, new ones are refused. */
  kill(): void;
}

export interface Rig {
  /** The address that its requests come from. */
  readonly sourceIp: string;
  /** AWS's own operations on the world. */
  call(service: "elasticloadbalancing" | "cloudwatch", operation: string, input: object): object;
  now(): number;
  startTarget(behaviour?: Behaviour): Promise<RigTarget>;
  send(head: Head): Promise<Reply>;
  wait(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export function balancesLoad(name: string, createRig: () => Promise<Rig>): void {
  routesRequests(name, createRig);
  looksAfterTargets(name, createRig);
}
