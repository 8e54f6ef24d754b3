// The HTTP plane of `npm start` keeps the contract of a load balancer: real sockets on loopback, the world's time.

import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextRound } from "node:timers/promises";
import { startBalancer } from "../../local/runtime/balancer/balancer.ts";
import type { After } from "../../local/runtime/balancer/exchange.ts";
import { createRealBackends } from "../../local/runtime/balancer/probe.ts";
import type { Backends } from "../../local/world/backends.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { addMs, epochMs, millis } from "../../shared/base/time.ts";
import type { Behaviour, Head, Reply, Rig, RigTarget } from "./load-balancer.suite.ts";
import { balancesLoad, RIG_OPTIONS } from "./load-balancer.suite.ts";

const LOOPBACK = "127.0.0.1";
const WHO = "x-target";

/** What is under way over sockets: the world's time must stand still until it has arrived somewhere. */
class Traffic {
  moving = 0;
  /** Held by a target until the world's time has passed. */
  held = 0;

  /** Until everything was answered, or is held, in several rounds of the event loop. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; ) {
      await nextRound();
      quiet = this.moving - this.held <= 0 ? quiet + 1 : 0;
    }
  }
}

class Program {
  readonly #after: After;
  readonly #traffic: Traffic;
  readonly #server: Server;
  #behaviour: Behaviour;

  constructor(behaviour: Behaviour, { after, traffic }: { after: After; traffic: Traffic }) {
    this.#behaviour = behaviour;
    this.#after = after;
    this.#traffic = traffic;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  async start(): Promise<RigTarget> {
    this.#server.listen(0, LOOPBACK);
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    return {
      id: LOOPBACK,
      port,
      behave: (change) => {
        this.#behaviour = { ...this.#behaviour, ...change };
        if (change.refuses === true) this.#refuse();
      },
      kill: () => {
        this.#refuse();
        this.#server.closeAllConnections();
      },
    };
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #refuse(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { status = 200, health = 200, latencyMs = 0 } = this.#behaviour;
    const { port } = this.#server.address() as AddressInfo;
    const statusCode = request.url === "/health" ? health : status;
    const reply = () => response.writeHead(statusCode, { [WHO]: `${LOOPBACK}:${port}` }).end();
    if (latencyMs === 0) {
      reply();
      return;
    }
    this.#traffic.held += 1;
    let isHeld = true;
    const release = () => {
      if (isHeld) this.#traffic.held -= 1;
      isHeld = false;
    };
    response.once("close", release);
    this.#after(latencyMs, () => {
      release();
      reply();
    });
  }
}

/** Probes count as traffic. */
const counted = (backends: Backends, traffic: Traffic): Backends => ({
  ...backends,
  probe: (target, probe, done) => {
    traffic.moving += 1;
    backends.probe(target, probe, (result) => {
      traffic.moving -= 1;
      done(result);
    });
  },
});

async function createRig(): Promise<Rig> {
  const traffic = new Traffic();
  const programs: Program[] = [];
  const parts: { world?: World } = {};
  const after: After = (delayMs, run) => parts.world?.kernel.after(millis(delayMs), run) ?? (() => undefined);
  const enter = (run: () => void) => run();
  const world = createWorld({
    seed: 7,
    startAt: epochMs(Date.UTC(2026, 0, 1)),
    elb: RIG_OPTIONS,
    backends: counted(createRealBackends({ enter, after }), traffic),
    throttling: false,
  });
  parts.world = world;
  const balancer = startBalancer({ traffic: world.elb.traffic, enter, after });
  const agent = new Agent({ keepAlive: true });
  const urls = () => new Map(balancer.endpoints().map(({ listener, url }) => [listener.arn, url]));
  return {
    sourceIp: LOOPBACK,
    call: (service, operation, input) => world.call(service, operation, input),
    now: () => world.kernel.now(),
    startTarget: (behaviour = {}) => {
      const program = new Program(behaviour, { after, traffic });
      programs.push(program);
      return program.start();
    },
    send: async (head) => {
      traffic.moving += 1;
      try {
        return await ask(urls().get(head.listenerArn) ?? "", head, agent);
      } finally {
        traffic.moving -= 1;
      }
    },
    wait: async (ms) => {
      await balancer.ready();
      await pass(world, traffic, addMs(world.kernel.now(), millis(ms)));
    },
    stop: async () => {
      agent.destroy();
      await balancer.stop();
      for (const program of programs) program.stop();
    },
  };
}

/** From one thing to come to the next, each with what it causes over sockets. */
async function pass(world: World, traffic: Traffic, until: EpochMs): Promise<void> {
  await traffic.settle();
  for (let next = world.nextAt(); next !== undefined && next <= until; next = world.nextAt()) {
    world.advanceTo(next);
    await traffic.settle();
  }
  world.advanceTo(until);
}

async function ask(url: string, head: Head, agent: Agent): Promise<Reply> {
  const { method = "GET", host = "web.test", path = "/", query = "", headers = {} } = head;
  const request = httpRequest(url + path + (query === "" ? "" : `?${query}`), {
    agent,
    method,
    headers: { ...headers, host },
  }).end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  const { [WHO]: target, location } = answer.headers;
  return {
    status: answer.statusCode ?? 0,
    cookies: (answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0] ?? ""),
    ...(typeof target === "string" && { target }),
    ...(location !== undefined && { location }),
  };
}

balancesLoad("HTTP plane", createRig);
