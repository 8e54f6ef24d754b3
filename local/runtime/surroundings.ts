// What is real around the virtual AWS: tasks as processes, load balancers that forward HTTP, names that DNS
// answers. The world stays the only one that decides; these do and report.

import type { LocalImages } from "../images/images.ts";
import { LOCAL_IMAGES } from "../images/images.ts";
import type { Target } from "../world/balancing.ts";
import type { World, WorldOptions } from "../world/world.ts";
import type { Balancer } from "./balancer/balancer.ts";
import { startBalancer } from "./balancer/balancer.ts";
import { createRealBackends } from "./balancer/probe.ts";
import type { DnsServer } from "./dns/server.ts";
import { startDnsServer } from "./dns/server.ts";
import { replyTo } from "./dns/zone.ts";
import { claimLoopback } from "./processes/loopback.ts";
import type { ProcessRuntime } from "./processes/process-runtime.ts";
import { createProcessRuntime } from "./processes/process-runtime.ts";
import type { WallClock } from "./wall-clock.ts";

export interface SurroundingsOptions {
  readonly images?: LocalImages;
  /** Of Secrets Manager and SSM, by what task definitions name in `valueFrom`. */
  readonly secrets?: ReadonlyMap<string, string>;
  readonly dnsPort?: number;
  /** Of the tasks' processes, 0 to 19. */
  readonly niceness?: number;
  readonly onError?: (error: unknown) => void;
}

export interface Surroundings {
  /** To make the world with. */
  readonly worldOptions: {
    readonly backends: NonNullable<WorldOptions["backends"]>;
    readonly ecs: Required<Pick<NonNullable<WorldOptions["ecs"]>, "runtime" | "addresses">>;
  };
  readonly processes: ProcessRuntime;
  /** Opens listeners and the DNS port; once, after the world was made. */
  open(world: World, clock: WallClock): Promise<OpenSurroundings>;
  /** Ends everything, whether it was opened or not. */
  stop(): Promise<void>;
}

export interface OpenSurroundings {
  readonly balancer: Balancer;
  readonly dns: DnsServer;
  readonly processes: ProcessRuntime;
}

/** Text: why this system cannot have them. The world is modelled then. */
export async function createSurroundings(options: SurroundingsOptions = {}): Promise<Surroundings | string> {
  const loopback = await claimLoopback();
  if (typeof loopback === "string") return loopback;
  const parts: { world?: World; clock?: WallClock; balancer?: Balancer; dns?: DnsServer } = {};
  let isOver = false;
  // What ends because all ends is no news for the world.
  const enter = (run: () => void) => {
    if (!isOver) parts.clock?.enter(run);
  };
  const addressOf = ({ id }: Target): string => parts.world?.ecs.host(id)?.privateIp ?? id;
  const { images = LOCAL_IMAGES, secrets, dnsPort, niceness = 0, onError } = options;
  const report = onError === undefined ? {} : { onError };
  const processes = createProcessRuntime({
    niceness,
    images,
    enter,
    ...report,
    ...(secrets !== undefined && { secrets }),
  });
  return {
    processes,
    worldOptions: {
      backends: createRealBackends({ enter, addressOf }),
      ecs: { runtime: processes, addresses: { tasks: loopback.tasks, hosts: loopback.hosts } },
    },
    open: async (world, clock) => {
      Object.assign(parts, { world, clock });
      const { traffic } = world.elb;
      const balancer = startBalancer({
        traffic,
        enter,
        addressOf,
        firstAddress: loopback.balancers,
        ...report,
      });
      parts.balancer = balancer;
      parts.dns = await startDnsServer({
        ...(dnsPort !== undefined && { port: dnsPort }),
        reply: (question) => {
          clock.catchUp();
          const { addressOfName } = balancer;
          return replyTo(question, { zones: world.cloudMap.dnsZones(), addressOfName, chance: Math.random });
        },
      });
      return { balancer, dns: parts.dns, processes };
    },
    // Traffic ends before the programs that answer it.
    stop: async () => {
      isOver = true;
      await Promise.all([parts.balancer?.stop(), parts.dns?.stop()]);
      await processes.end();
      loopback.release();
    },
  };
}
