// One request through the load balancer: to the target that the world chose, its answer back to the client, and
// what became of it to the world. Bodies stream both ways.

import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import type { Outcome, Route } from "../../world/traffic.ts";
import { errorAnswer, send } from "./answers.ts";
import { toClient, toTarget } from "./headers.ts";

export type Forward = Extract<Route, { kind: "forward" }>;

export type After = (delayMs: number, run: () => void) => () => void;

export interface Surroundings {
  readonly agent: Agent;
  /** How long a target may stay silent. */
  idleTimeoutMs(): number;
  /** Another clock than the machine's; returns the cancellation. */
  readonly after?: After | undefined;
  readonly scheme: "http" | "https";
  readonly port: number;
  /** Where a target is reached. */
  addressOf(target: Forward["target"]): string;
  /** Runs what tells the world something, at the world's present time. */
  enter(tell: () => void): void;
  nextTraceId(): string;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Forward;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

export const targetHeaders = (
  request: IncomingMessage,
  { scheme, port, nextTraceId }: Surroundings,
): string[] =>
  toTarget(request.rawHeaders, {
    clientIp: request.socket.remoteAddress ?? "",
    scheme,
    port,
    traceId: nextTraceId(),
  });

export function forward(exchange: Exchange, around: Surroundings): void {
  const { request, response, route } = exchange;
  const headers = targetHeaders(request, around);
  const canRepeat = SAFE_METHODS.has(request.method ?? "") && !hasBody(request);
  let current: ClientRequest | undefined;
  let isOver = false;
  const finish = (outcome: Outcome) => {
    if (isOver) return;
    isOver = true;
    around.enter(() => route.done(outcome));
  };
  const attempt = (isRepetition: boolean) => {
    const upstream = openRequest(exchange, around, { headers, isRepetition });
    current = upstream;
    let hasTimedOut = false;
    let hasAnswer = false;
    let isConnected = false;
    onConnection(upstream, () => {
      isConnected = true;
    });
    onSilence(upstream, around, () => {
      hasTimedOut = true;
      upstream.destroy();
    });
    const sentAt = performance.now();
    upstream.once("response", (answer) => {
      hasAnswer = true;
      const targetMs = performance.now() - sentAt;
      relay(exchange, answer, (statusCode) => finish({ kind: "answered", statusCode, targetMs }));
    });
    upstream.on("error", () => {
      if (isOver || hasAnswer) return;
      // The target closed an idle connection just when we used it: nobody has seen the request.
      if (upstream.reusedSocket && canRepeat && !isRepetition && !hasTimedOut) {
        attempt(true);
        return;
      }
      finish(failure(hasTimedOut, isConnected));
      send(response, errorAnswer(hasTimedOut ? 504 : 502), request.method === "HEAD");
      request.resume();
    });
    if (canRepeat) upstream.end();
    else request.pipe(upstream);
  };
  response.once("close", () => {
    if (response.writableFinished) return;
    finish({ kind: "client-gone" });
    current?.destroy();
  });
  attempt(false);
}

function failure(hasTimedOut: boolean, isConnected: boolean): Outcome {
  const kind = hasTimedOut ? "target-timeout" : "target-error";
  return isConnected ? { kind, connected: true } : { kind };
}

/** A kept connection is one from the beginning. */
function onConnection(upstream: ClientRequest, run: () => void): void {
  upstream.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", run);
    else run();
  });
}

function onSilence(upstream: ClientRequest, { idleTimeoutMs, after }: Surroundings, run: () => void): void {
  const delayMs = idleTimeoutMs();
  if (!Number.isFinite(delayMs)) return;
  if (after === undefined) {
    upstream.setTimeout(delayMs, run);
    return;
  }
  const cancel = after(delayMs, run);
  upstream.once("response", cancel);
  upstream.once("close", cancel);
}

interface Sending {
  readonly headers: string[];
  readonly isRepetition: boolean;
}

function openRequest(
  { request, route }: Exchange,
  { agent, addressOf }: Surroundings,
  { headers, isRepetition }: Sending,
): ClientRequest {
  return httpRequest({
    // A repetition takes a connection of its own, or it may find the next one that was closed.
    agent: isRepetition ? false : agent,
    host: addressOf(route.target),
    port: route.target.port,
    method: request.method,
    path: request.url,
    headers,
    setDefaultHeaders: false,
  });
}

function relay(
  { response, route }: Exchange,
  answer: IncomingMessage,
  answered: (statusCode: number) => void,
): void {
  const statusCode = answer.statusCode ?? 502;
  const done = () => answered(statusCode);
  response.writeHead(statusCode, answer.statusMessage, toClient(answer.rawHeaders, route.cookies));
  answer.once("end", done);
  // It broke in the middle of its body: the client must not take the part for the whole.
  answer.once("close", () => {
    if (answer.complete) return;
    done();
    response.destroy();
  });
  answer.pipe(response);
}
