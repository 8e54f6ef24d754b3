// The HTTP load balancer over loopback, with a world that the test plays: what clients, targets and the world see.

import { once } from "node:events";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ListenerView, Outcome, RequestHead, Route, Traffic } from "../../world/traffic.ts";
import type { Balancer, BalancerOptions } from "./balancer.ts";
import { startBalancer } from "./balancer.ts";
import { createRealBackends } from "./probe.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const view = (name: string, port: number): ListenerView => ({
  arn: `arn:${name}:${port}`,
  loadBalancerArn: `arn:${name}`,
  loadBalancerName: name,
  dnsName: `${name}-1.us-east-1.elb.amazonaws.com`,
  port,
  protocol: "HTTP",
});

type Choose = (
  head: RequestHead,
) => Exclude<Route, { kind: "forward" }> | { readonly port: number; cookies?: string[] };

/** A world whose routes the test decides, and that remembers what it was told. */
function fakeTraffic(choose: Choose, idleMs: number) {
  const outcomes: Outcome[] = [];
  const heads: RequestHead[] = [];
  const on: Parameters<Traffic["onListener"]>[0][] = [];
  const traffic: Traffic = {
    listeners: () => [view("shop", 0)],
    onListener: (hears) => on.push(hears),
    idleTimeoutMs: () => idleMs,
    route: (_arn, head) => {
      heads.push(head);
      const chosen = choose(head);
      if ("kind" in chosen) return chosen;
      return {
        kind: "forward",
        targetGroupArn: "arn:group",
        target: { id: "127.0.0.1", port: chosen.port },
        cookies: chosen.cookies ?? [],
        done: (outcome) => outcomes.push(outcome),
      };
    },
  };
  return { traffic, outcomes, heads, on };
}

async function stage(choose: Choose, options: Partial<BalancerOptions> & { readonly idleMs?: number } = {}) {
  const world = fakeTraffic(choose, options.idleMs ?? 60_000);
  const balancer = startBalancer({ traffic: world.traffic, enter: (run) => run(), ...options });
  cleanUps.push(() => balancer.stop());
  await balancer.ready();
  return { ...world, balancer, url: urlOf(balancer) };
}

const urlOf = (balancer: Balancer): string => balancer.endpoints()[0]?.url ?? "";

async function target(
  listener: RequestListener,
  settings: object = {},
): Promise<{ port: number; server: Server }> {
  const server = createServer(settings, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("forwarding", () => {
  it("passes request and answer through, with the load balancer's headers and cookies", async () => {
    const seen: IncomingMessage[] = [];
    const { port } = await target((request, response) => {
      seen.push(request);
      response.writeHead(201, "Made", { "x-own": "1", "set-cookie": ["a=1", "b=2"] }).end("made");
    });
    const { url, outcomes, heads } = await stage(() => ({ port, cookies: ["AWSALB=x; Path=/"] }));
    const answer = await fetch(`${url}/a/b?c=d`, {
      headers: { "x-forwarded-for": "9.9.9.9", "x-client": "me" },
    });
    expect([answer.status, answer.statusText, await answer.text()]).toEqual([201, "Made", "made"]);
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2", "AWSALB=x; Path=/"]);
    expect(answer.headers.get("x-own")).toBe("1");
    expect(seen[0]?.url).toBe("/a/b?c=d");
    expect(seen[0]?.headers).toMatchObject({
      host: new URL(url).host,
      "x-client": "me",
      "x-forwarded-for": "9.9.9.9, 127.0.0.1",
      "x-forwarded-proto": "http",
      "x-amzn-trace-id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    });
    expect(heads[0]).toMatchObject({ method: "GET", path: "/a/b", query: "c=d", sourceIp: "127.0.0.1" });
    await vi.waitFor(() => expect(outcomes).toHaveLength(1));
    expect(outcomes[0]).toMatchObject({ kind: "answered", statusCode: 201 });
  });

  it("streams both ways: the first part arrives before the last is sent", async () => {
    const { port } = await target((request, response) => request.pipe(response));
    const { url } = await stage(() => ({ port }));
    const request = httpRequest(url, { method: "POST" });
    request.write("one");
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    let hasEnded = false;
    answer.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    answer.once("end", () => {
      hasEnded = true;
    });
    await vi.waitFor(() => expect(text).toBe("one"));
    request.end("two");
    await vi.waitFor(() => expect([text, hasEnded]).toEqual(["onetwo", true]));
  });

  it("uses connections to targets again", async () => {
    const ports = new Set<number | undefined>();
    const { port } = await target((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("ok");
    });
    const { url } = await stage(() => ({ port }));
    for (let index = 0; index < 5; index += 1) await (await fetch(url)).text();
    expect(ports.size).toBe(1);
  });

  it("passes bytes after an upgrade", async () => {
    const { port, server } = await target(() => undefined);
    server.on("upgrade", (_request, socket: Socket, head: Buffer) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.write(head);
      socket.pipe(socket);
    });
    const { url, outcomes } = await stage(() => ({ port }));
    const { port: balancerPort, hostname } = new URL(url);
    const socket = connect(Number(balancerPort), hostname);
    cleanUps.push(() => void socket.destroy());
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    await vi.waitFor(() => expect(text).toContain("101 Switching"));
    socket.write("hello");
    await vi.waitFor(() => expect(text).toContain("hello"));
    expect(outcomes[0]).toMatchObject({ kind: "answered", statusCode: 101 });
  });
});

describe("what the load balancer answers itself", () => {
  const bad = (title: string) => expect.stringContaining(`<center><h1>${title}</h1></center>`);

  it("502 when the target refuses or breaks the connection", async () => {
    const { port: broken } = await target((request) => request.socket.destroy());
    const refused = await closedPort();
    const { url, outcomes } = await stage(({ path }) => ({ port: path === "/refused" ? refused : broken }));
    for (const path of ["/refused", "/broken"]) {
      const answer = await fetch(url + path);
      expect([answer.status, answer.headers.get("server")]).toEqual([502, "awselb/2.0"]);
      expect(await answer.text()).toEqual(bad("502 Bad Gateway"));
    }
    expect(outcomes).toEqual([{ kind: "target-error" }, { kind: "target-error", connected: true }]);
  });

  it("504 when the target says nothing in time", async () => {
    const { port } = await target(() => undefined);
    const { url, outcomes } = await stage(() => ({ port }), { idleMs: 60 });
    const answer = await fetch(url);
    expect(answer.status).toBe(504);
    expect(await answer.text()).toEqual(bad("504 Gateway Time-out"));
    expect(outcomes).toEqual([{ kind: "target-timeout", connected: true }]);
  });

  it("fixed answers and redirects", async () => {
    const { url } = await stage(({ path }) =>
      path === "/old"
        ? { kind: "redirect", statusCode: 301, location: "https://new.example/" }
        : { kind: "fixed", statusCode: 503, contentType: "text/plain", body: "nobody" },
    );
    const moved = await fetch(`${url}/old`, { redirect: "manual" });
    expect([moved.status, moved.headers.get("location")]).toEqual([301, "https://new.example/"]);
    const fixed = await fetch(url);
    expect([fixed.status, fixed.headers.get("content-type"), await fixed.text()]).toEqual([
      503,
      "text/plain",
      "nobody",
    ]);
    expect(await (await fetch(url, { method: "HEAD" })).text()).toBe("");
  });

  it("does not pass half a body for a whole one", async () => {
    const { port } = await target((_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half", () => response.socket?.destroy());
    });
    const { url } = await stage(() => ({ port }));
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
  });
});

describe("connections that end", () => {
  it("tells the world when the client goes, and leaves the target", async () => {
    let left = false;
    const { port } = await target((request) => {
      request.socket.once("close", () => {
        left = true;
      });
    });
    const { url, outcomes, heads } = await stage(() => ({ port }));
    const request = httpRequest(url);
    request.on("error", () => undefined);
    request.end();
    await vi.waitFor(() => expect(heads).toHaveLength(1));
    request.destroy();
    await vi.waitFor(() => expect(outcomes).toEqual([{ kind: "client-gone" }]));
    await vi.waitFor(() => expect(left).toBe(true));
  });

  /** Answers the first request of a connection and breaks it at the second: what a race with a target's close looks like. */
  async function onceOnly(): Promise<{ port: number; methods: string[] }> {
    const served = new WeakSet<object>();
    const methods: string[] = [];
    const { port } = await target((request, response) => {
      if (served.has(request.socket)) {
        request.socket.destroy();
        return;
      }
      served.add(request.socket);
      methods.push(request.method ?? "");
      response.end("ok");
    });
    return { port, methods };
  }

  it("repeats a safe request whose kept connection broke before an answer, once and only then", async () => {
    const { port, methods } = await onceOnly();
    const { url, outcomes } = await stage(() => ({ port }));
    for (let index = 0; index < 4; index += 1) expect((await fetch(url)).status).toBe(200);
    expect(methods).toHaveLength(4);
    await vi.waitFor(() => expect(outcomes.map(({ kind }) => kind)).toEqual(Array(4).fill("answered")));
  });

  it("does not repeat what may have changed something", async () => {
    const { port } = await onceOnly();
    const { url } = await stage(() => ({ port }));
    const post = () => fetch(url, { method: "POST", body: "x" });
    expect((await post()).status).toBe(200);
    expect((await post()).status).toBe(502);
  });

  it("stops with open connections", async () => {
    const { port } = await target(() => undefined);
    const { url, balancer, heads } = await stage(() => ({ port }));
    const open = fetch(url).catch(() => "gone");
    await vi.waitFor(() => expect(heads).toHaveLength(1));
    await balancer.stop();
    expect(await open).toBe("gone");
  });
});

describe("listeners", () => {
  it("come and go with the world's, each load balancer with an address of its own where there is one", async () => {
    const { balancer, on, url } = await stage(() => ({
      kind: "fixed",
      statusCode: 200,
      contentType: "a/b",
      body: "",
    }));
    const [hears] = on;
    const { port } = new URL(url);
    hears?.added(view("other", Number(port)));
    await balancer.ready();
    // The port is taken on the shared address: any other one.
    const [first, second] = balancer.endpoints();
    expect(second?.port).not.toBe(first?.port);
    expect((await fetch(second?.url ?? "")).status).toBe(200);
    expect(balancer.addressOfName("OTHER-1.us-east-1.elb.amazonaws.com")).toBe("127.0.0.1");
    hears?.removed(second?.listener.arn ?? "");
    await balancer.ready();
    await expect(fetch(second?.url ?? "")).rejects.toThrow();
    expect(balancer.endpoints()).toHaveLength(1);
  });
});

describe("health checks", () => {
  const probe = { protocol: "HTTP", path: "/health", timeoutMs: 100 } as const;

  it("say what the target answers", async () => {
    const agents: (string | undefined)[] = [];
    const { port } = await target((request, response) => {
      agents.push(request.headers["user-agent"]);
      if (request.url === "/health") response.writeHead(503).end();
    });
    const backends = createRealBackends({ enter: (tell) => tell() });
    const ask = (at: number, extra: object = {}) =>
      new Promise((resolve) =>
        backends.probe({ id: "127.0.0.1", port: at }, { ...probe, port: at, ...extra }, resolve),
      );
    expect(await ask(port)).toEqual({ kind: "answered", statusCode: 503 });
    expect(await ask(port, { path: "/silent" })).toEqual({ kind: "timed-out" });
    expect(await ask(port, { protocol: "TCP" })).toEqual({ kind: "connected" });
    const closed = await closedPort();
    expect(await ask(closed)).toEqual({ kind: "refused" });
    expect(await ask(closed, { protocol: "TCP" })).toEqual({ kind: "refused" });
    expect(agents).toEqual(["ELB-HealthChecker/2.0", "ELB-HealthChecker/2.0"]);
  });
});

it("asks its own agent for nothing after the end", async () => {
  const { port } = await target((_request, response) => response.end("ok"));
  const { url, balancer } = await stage(() => ({ port }));
  const agent = new Agent({ keepAlive: true });
  cleanUps.push(() => agent.destroy());
  const request = httpRequest(url, { agent }).end();
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  await balancer.stop();
  expect(balancer.endpoints()).toEqual([]);
});
