// The data plane of the local load balancers: a real HTTP listener for each listener of the world, which decides
// where every request goes.

import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Target } from "../../world/balancing.ts";
import type { ListenerView, RequestHead, Route, Traffic } from "../../world/traffic.ts";
import { fixedAnswer, redirectAnswer, send } from "./answers.ts";
import type { After, Surroundings } from "./exchange.ts";
import { forward } from "./exchange.ts";
import { traceIdOf } from "./headers.ts";
import { refuse, tunnel } from "./tunnel.ts";

export interface BalancerOptions {
  readonly traffic: Traffic;
  /** Runs what asks or tells the world something, at the world's present time. */
  readonly enter: (run: () => void) => void;
  /** Where a target is reached: its id is an address, or an instance's id. */
  readonly addressOf?: (target: Target) => string;
  /** The first load balancer's own address, the others follow; undefined: all share 127.0.0.1. */
  readonly firstAddress?: string;
  /** Another clock than the machine's. */
  readonly after?: After;
  readonly onError?: (error: unknown) => void;
}

export interface Endpoint {
  readonly listener: ListenerView;
  readonly address: string;
  readonly port: number;
  /** `http://127.64.0.1:80`. */
  readonly url: string;
}

export interface Balancer {
  /** Those that answer. */
  endpoints(): readonly Endpoint[];
  /** Where a load balancer's DNS name leads. */
  addressOfName(dnsName: string): string | undefined;
  /** Every listener that the world has answers, or has failed to. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** Connections of clients and to targets: the default of idle_timeout.timeout_seconds in edit-load-balancer-attributes.html */
const IDLE_TIMEOUT_MS = 60_000;
/** Idle connections to targets are kept for less than the targets keep theirs (75 s in the sample application). */
const MAX_FREE_SOCKETS = 512;

interface Plane {
  readonly options: BalancerOptions;
  readonly agent: Agent;
  readonly addresses: Map<string, string>;
  readonly endpoints: Map<string, Endpoint>;
  readonly servers: Map<string, Server>;
  readonly tunnels: Set<Duplex>;
  opening: Promise<unknown>;
  isStopped: boolean;
}

export function startBalancer(options: BalancerOptions): Balancer {
  const plane: Plane = {
    options,
    agent: new Agent({
      keepAlive: true,
      maxFreeSockets: MAX_FREE_SOCKETS,
      timeout: IDLE_TIMEOUT_MS,
    }),
    addresses: new Map(),
    endpoints: new Map(),
    servers: new Map(),
    tunnels: new Set(),
    opening: Promise.resolve(),
    isStopped: false,
  };
  const add = (listener: ListenerView) => {
    plane.opening = plane.opening
      .then(() => open(plane, listener))
      .catch(options.onError ?? (() => undefined));
  };
  for (const listener of options.traffic.listeners()) add(listener);
  options.traffic.onListener({
    added: add,
    removed: (arn) => {
      plane.opening = plane.opening.then(() => close(plane, arn));
    },
  });
  return {
    endpoints: () => [...plane.endpoints.values()],
    addressOfName: (dnsName) =>
      [...plane.endpoints.values()].find(
        ({ listener }) => listener.dnsName.toLowerCase() === dnsName.toLowerCase(),
      )?.address,
    ready: async () => {
      await plane.opening;
    },
    stop: async () => {
      plane.isStopped = true;
      await plane.opening;
      await Promise.all([...plane.servers.keys()].map((arn) => close(plane, arn)));
      plane.agent.destroy();
    },
  };
}

async function open(plane: Plane, listener: ListenerView): Promise<void> {
  if (plane.isStopped) return;
  const address = addressFor(plane, listener.loadBalancerArn);
  const server = createServer({
    requestTimeout: 0,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
  });
  // Load balancers take the port of the listener where the system allows it, else any.
  const port = await listen(server, address, listener.port).catch(() => listen(server, address, 0));
  serve(plane, server, listener);
  plane.servers.set(listener.arn, server);
  plane.endpoints.set(listener.arn, { listener, address, port, url: `http://${address}:${port}` });
}

function addressFor({ addresses, options: { firstAddress } }: Plane, loadBalancerArn: string): string {
  const known = addresses.get(loadBalancerArn);
  if (known !== undefined) return known;
  const address = firstAddress === undefined ? "127.0.0.1" : plus(firstAddress, addresses.size);
  addresses.set(loadBalancerArn, address);
  return address;
}

function plus(address: string, by: number): string {
  const parts = address.split(".").map(Number);
  const last = (parts[2] ?? 0) * 256 + (parts[3] ?? 0) + by;
  return `${parts[0]}.${parts[1]}.${last >> 8}.${last & 255}`;
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** A deleted listener refuses connections; what is open may end. */
async function close(plane: Plane, arn: string): Promise<void> {
  const server = plane.servers.get(arn);
  plane.servers.delete(arn);
  plane.endpoints.delete(arn);
  if (server === undefined) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  if (!plane.isStopped) return;
  server.closeAllConnections();
  for (const socket of plane.tunnels) socket.destroy();
  await closed;
}

function serve(plane: Plane, server: Server, listener: ListenerView): void {
  const { options, agent } = plane;
  let requests = 0;
  const run = randomUUID();
  const around: Surroundings = {
    agent,
    idleTimeoutMs: () => options.traffic.idleTimeoutMs(listener.arn),
    after: options.after,
    scheme: listener.protocol === "HTTPS" ? "https" : "http",
    port: listener.port,
    addressOf: options.addressOf ?? (({ id }) => id),
    enter: options.enter,
    nextTraceId: () => {
      requests += 1;
      return traceIdOf(Date.now(), `${run}-${requests}`);
    },
  };
  const choose = (request: IncomingMessage): Route | undefined => {
    let route: Route | undefined;
    options.enter(() => {
      route = options.traffic.route(listener.arn, headOf(request));
    });
    return route;
  };
  server.on("connection", () => options.enter(() => options.traffic.connected?.(listener.arn)));
  server.on("request", (request, response) => handle({ request, response }, choose(request), around));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const route = choose(request);
    plane.tunnels.add(socket);
    socket.once("close", () => plane.tunnels.delete(socket));
    if (route?.kind === "forward") tunnel({ request, socket, head, route }, around);
    else refuse(socket);
  });
}

interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function handle({ request, response }: Incoming, route: Route | undefined, around: Surroundings): void {
  if (route?.kind === "forward") {
    forward({ request, response, route }, around);
    return;
  }
  request.resume();
  const isHead = request.method === "HEAD";
  if (route?.kind === "redirect") send(response, redirectAnswer(route.statusCode, route.location), isHead);
  else if (route !== undefined) send(response, fixedAnswer(route), isHead);
  else response.destroy();
}

function headOf(request: IncomingMessage): RequestHead {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: request.method ?? "GET",
    host: request.headers.host ?? "",
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
    // Only Set-Cookie is ever a list, and a request has none.
    headers: request.headers as Readonly<Record<string, string>>,
    sourceIp: request.socket.remoteAddress ?? "",
  };
}
