// How a data plane asks the virtual load balancer where a request goes, and tells it what became of it. The
// byte-less plane of the simulation and the HTTP proxy of `npm start` share this and hence its behaviour.

import type { Target } from "./balancing.ts";

export interface RequestHead {
  readonly method: string;
  readonly host: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceIp: string;
}

/** Told once for each forwarded request; the metrics and the drain count by it. */
export type Outcome =
  | { readonly kind: "answered"; readonly statusCode: number; readonly targetMs: number }
  /** The target refused the connection, or broke it (`connected`): the client gets 502. */
  | { readonly kind: "target-error"; readonly connected?: true }
  /** No connection within 10 s, or then (`connected`) no answer within the idle time-out: the client gets 504. */
  | { readonly kind: "target-timeout"; readonly connected?: true }
  | { readonly kind: "client-gone" };

export type Route =
  | {
      readonly kind: "forward";
      readonly targetGroupArn: string;
      readonly target: Target;
      /** `Set-Cookie` values for stickiness (AWSALB, AWSALBTG). */
      readonly cookies: readonly string[];
      done(outcome: Outcome): void;
    }
  | {
      readonly kind: "fixed";
      readonly statusCode: number;
      readonly contentType: string;
      readonly body: string;
    }
  | { readonly kind: "redirect"; readonly statusCode: 301 | 302; readonly location: string };

export interface ListenerView {
  readonly arn: string;
  readonly loadBalancerArn: string;
  readonly loadBalancerName: string;
  /** `name-1234567890.us-east-1.elb.amazonaws.com`. */
  readonly dnsName: string;
  readonly port: number;
  readonly protocol: string;
}

export interface Traffic {
  listeners(): Iterable<ListenerView>;
  onListener(on: { added(listener: ListenerView): void; removed(listenerArn: string): void }): void;
  /** How long a target may stay silent: the load balancer's attribute. */
  idleTimeoutMs(listenerArn: string): number;
  /** A client opened a connection, for however many requests: counted and nothing else. */
  connected?(listenerArn: string): void;
  /** Chooses now, by the rules as far as they have propagated. A group without targets gives a fixed 503. */
  route(listenerArn: string, request: RequestHead): Route;
}
