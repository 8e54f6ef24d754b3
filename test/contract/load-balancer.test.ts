// The byte-less plane of the simulation keeps the contract of a load balancer.

import type { Backends, ModelledAnswer, ProbeResult } from "../../local/world/backends.ts";
import type { Target } from "../../local/world/balancing.ts";
import type { PlaneResponse } from "../../local/world/elb/plane.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { addMs, epochMs, millis } from "../../shared/base/time.ts";
import type { Behaviour, Head, Reply, Rig, RigTarget } from "./load-balancer.suite.ts";
import { balancesLoad, RIG_OPTIONS } from "./load-balancer.suite.ts";

const SOURCE_IP = "198.51.100.7";

/** Programs by `id:port`, in memory. */
class Programs implements Backends {
  readonly #byName = new Map<string, Behaviour>();
  readonly #killed = new Set<string>();
  world: World | undefined;

  start(behaviour: Behaviour): RigTarget {
    const target = { id: `10.0.0.${this.#byName.size + 1}`, port: 8_080 };
    const name = `${target.id}:${target.port}`;
    this.#byName.set(name, behaviour);
    return {
      ...target,
      behave: (change) => this.#byName.set(name, { ...this.#byName.get(name), ...change }),
      kill: () => {
        this.#killed.add(name);
        this.#byName.set(name, { refuses: true });
      },
    };
  }

  #at(target: Target): Behaviour {
    return this.#byName.get(`${target.id}:${target.port}`) ?? { refuses: true };
  }

  probe(target: Target, probe: { readonly timeoutMs: number }, done: (result: ProbeResult) => void): void {
    const { refuses = false, latencyMs = 0, health = 200 } = this.#at(target);
    const result: ProbeResult = refuses
      ? { kind: "refused" }
      : latencyMs >= probe.timeoutMs
        ? { kind: "timed-out" }
        : { kind: "answered", statusCode: health };
    const wait = refuses ? 0 : Math.min(latencyMs, probe.timeoutMs);
    this.world?.kernel.after(millis(wait), () => done(result));
  }

  answer(target: Target): ModelledAnswer {
    const { refuses = false, latencyMs = 0, status = 200 } = this.#at(target);
    if (refuses) return { kind: "refused" };
    return { kind: "answered", statusCode: status, afterMs: latencyMs, program: "" };
  }

  finishes(target: Target): boolean {
    return !this.#killed.has(`${target.id}:${target.port}`);
  }
}

function replyOf(response: PlaneResponse): Reply {
  const { statusCode, target, cookies, location } = response;
  // A 502 or 504 is the load balancer's own, though it had chosen a target.
  const own = statusCode === 502 || statusCode === 504;
  return {
    status: statusCode,
    cookies: cookies.map((cookie) => cookie.split(";")[0] ?? ""),
    ...(target !== undefined && !own && { target: `${target.id}:${target.port}` }),
    ...(location !== undefined && { location }),
  };
}

async function createRig(): Promise<Rig> {
  const programs = new Programs();
  const startAt = epochMs(Date.UTC(2026, 0, 1));
  const world = createWorld({ seed: 7, startAt, elb: RIG_OPTIONS, backends: programs, throttling: false });
  programs.world = world;
  const wait = (ms: number): void => world.advanceTo(addMs(world.kernel.now(), millis(ms)));
  const send = (head: Head): Promise<Reply> => {
    const { listenerArn, method = "GET", host = "web.test", path = "/", query = "", headers = {} } = head;
    const request = { method, host, path, query, headers, sourceIp: SOURCE_IP };
    const reply = new Promise<Reply>((resolve) => {
      world.elb.offer(listenerArn, request, (response) => resolve(replyOf(response)));
    });
    wait(0);
    return reply;
  };
  return {
    sourceIp: SOURCE_IP,
    call: (service, operation, input) => world.call(service, operation, input),
    now: () => world.kernel.now(),
    startTarget: async (behaviour = {}) => programs.start(behaviour),
    send,
    wait: async (ms) => wait(ms),
    stop: async () => undefined,
  };
}

balancesLoad("byte-less plane", createRig);
