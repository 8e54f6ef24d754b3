// The byte-less data plane: requests without sockets, answered by models in the world's own time.

import { millis, seconds } from "../../../shared/base/time.ts";
import type { Target } from "../balancing.ts";
import type { Outcome, RequestHead, Route } from "../traffic.ts";
import type { ElbContext } from "./context.ts";
import { listenerOf } from "./context.ts";
import { numeric } from "./model.ts";
import { connected, route } from "./routing.ts";

/** What the client gets. */
export interface PlaneResponse {
  readonly statusCode: number;
  /** Left out where the load balancer answered without asking a target. */
  readonly targetGroupArn?: string;
  readonly target?: Target;
  readonly cookies: readonly string[];
  readonly location?: string;
  /** From the offer to the answer. */
  readonly afterMs: number;
}

export type Answered = (response: PlaneResponse) => void;

type Forward = Extract<Route, { kind: "forward" }>;

export function offer(
  context: ElbContext,
  to: { readonly listenerArn: string; readonly request: RequestHead },
  answered: Answered | undefined,
): void {
  // No connections here: each request counts as one of its own.
  connected(context, to.listenerArn);
  const chosen = route(context, to.listenerArn, to.request);
  if (chosen.kind === "forward") {
    forward(context, { ...to, chosen, answered });
    return;
  }
  const location = chosen.kind === "redirect" ? { location: chosen.location } : {};
  answered?.({ statusCode: chosen.statusCode, cookies: [], afterMs: 0, ...location });
}

interface Exchange {
  readonly listenerArn: string;
  readonly request: RequestHead;
  readonly chosen: Forward;
  readonly answered: Answered | undefined;
}

function forward(context: ElbContext, exchange: Exchange): void {
  const { chosen, request } = exchange;
  const answer = context.backends.answer(chosen.target, request);
  if (answer.kind === "refused") {
    finish(exchange, REFUSED, 0);
    return;
  }
  if (answer.kind === "silent") {
    context.kernel.after(CONNECT_TIMEOUT_MS, () => finish(exchange, UNREACHED, CONNECT_TIMEOUT_MS));
    return;
  }
  const { afterMs } = answer;
  const idleMs = idleTimeoutMs(context, exchange.listenerArn);
  if (afterMs > idleMs) {
    context.kernel.after(millis(idleMs), () => finish(exchange, LATE, idleMs));
    return;
  }
  const { backends } = context;
  context.kernel.after(millis(afterMs), () => {
    const whole =
      answer.kind === "answered" &&
      (answer.program === undefined || backends.finishes?.(chosen.target, answer.program) !== false);
    const outcome: Outcome = whole
      ? { kind: "answered", statusCode: answer.statusCode, targetMs: afterMs }
      : BROKEN;
    finish(exchange, outcome, afterMs);
  });
}

/** "The connection timeout (10 seconds)" of HTTP 504: load-balancer-troubleshooting. */
const CONNECT_TIMEOUT_MS = seconds(10);

const REFUSED: Outcome = { kind: "target-error" };
const BROKEN: Outcome = { kind: "target-error", connected: true };
const UNREACHED: Outcome = { kind: "target-timeout" };
const LATE: Outcome = { kind: "target-timeout", connected: true };

export const idleTimeoutMs = (context: ElbContext, listenerArn: string): number =>
  numeric(listenerOf(context, listenerArn).balancer.attributes, "idle_timeout.timeout_seconds") * 1_000 ||
  Number.POSITIVE_INFINITY;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html */
function codeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "answered":
      return outcome.statusCode;
    case "target-error":
      return 502;
    case "target-timeout":
      return 504;
    case "client-gone":
      return 460;
  }
}

function finish(exchange: Exchange, outcome: Outcome, afterMs: number): void {
  const { chosen, answered } = exchange;
  chosen.done(outcome);
  answered?.({
    statusCode: codeOf(outcome),
    targetGroupArn: chosen.targetGroupArn,
    target: chosen.target,
    cookies: chosen.cookies,
    afterMs,
  });
}
