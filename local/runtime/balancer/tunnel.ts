// Upgraded connections (WebSocket): after the target's 101 the load balancer only passes bytes on.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#listener-configuration

import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Outcome } from "../../world/traffic.ts";
import { errorAnswer } from "./answers.ts";
import type { Forward, Surroundings } from "./exchange.ts";
import { targetHeaders } from "./exchange.ts";

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent ahead. */
  readonly head: Buffer;
  readonly route: Forward;
}

export function tunnel({ request, socket, head, route }: Upgrade, around: Surroundings): void {
  const sentAt = performance.now();
  const target = connect({ host: around.addressOf(route.target), port: route.target.port });
  let isTold = false;
  const tell = (outcome: Outcome) => {
    if (!isTold) around.enter(() => route.done(outcome));
    isTold = true;
  };
  let isConnected = false;
  target.once("connect", () => {
    isConnected = true;
    target.write(requestHead(request, around));
    target.write(head);
    target.pipe(socket);
    socket.pipe(target);
  });
  target.once("data", (first: Buffer) => {
    const statusCode = Number(first.toString("latin1", 9, 12)) || 502;
    tell({ kind: "answered", statusCode, targetMs: performance.now() - sentAt });
  });
  target.on("error", () => {
    if (!isTold) refuse(socket);
    tell(isConnected ? { kind: "target-error", connected: true } : { kind: "target-error" });
    socket.destroy();
  });
  socket.on("error", () => target.destroy());
  socket.once("close", () => {
    tell({ kind: "client-gone" });
    target.destroy();
  });
  target.once("close", () => socket.end());
}

function requestHead(request: IncomingMessage, around: Surroundings): string {
  const headers = [
    ...targetHeaders(request, around),
    "Connection",
    "Upgrade",
    "Upgrade",
    request.headers.upgrade ?? "",
  ];
  let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}\r\n`;
}

/** The socket has no ServerResponse any more: the answer is written by hand. */
export function refuse(socket: Duplex): void {
  const { headers, body } = errorAnswer(502);
  let text = "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n";
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  socket.end(`${text}\r\n${body}`);
}
