// The machine's own addresses for tasks, hosts and load balancers. Linux answers on all of 127.0.0.0/8; macOS
// on 127.0.0.1 only, until others are added to its loopback interface.

import { once } from "node:events";
import type { Server } from "node:net";
import { createServer } from "node:net";
import type { AddressBases } from "../../world/ecs/addresses.ts";

export interface Loopback extends AddressBases {
  /** The first load balancer's; the others follow. */
  readonly balancers: string;
  /** Another run may have them. */
  release(): void;
}

/** Several local AWSs may run on one machine, each with networks of its own. */
const NETWORKS = 32;
/** Listened on for as long as a network is taken: the system itself ends that when the process is gone. */
const CLAIM_PORT = 42_690;

const networkOf = (number: number) => ({
  claim: `127.${1 + number}.0.1`,
  tasks: `127.${1 + number}.0.16`,
  balancers: `127.${64 + number}.0.1`,
  hosts: `127.${128 + number}.0.16`,
});

async function open(address: string, port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, address);
  await once(server, "listening");
  return server.unref();
}

/** undefined: every task can have an address of its own. Else the reason why not, as one line for people. */
export async function loopbackObstacle(): Promise<string | undefined> {
  for (const address of Object.values(networkOf(0))) {
    try {
      (await open(address, 0)).close();
    } catch {
      return `this system does not answer on ${address}: tasks are modelled here, not run as processes`;
    }
  }
  return undefined;
}

/** Text: why there are none. */
export async function claimLoopback(): Promise<Loopback | string> {
  const obstacle = await loopbackObstacle();
  if (obstacle !== undefined) return obstacle;
  for (let number = 0; number < NETWORKS; number += 1) {
    const { claim, ...addresses } = networkOf(number);
    const server = await open(claim, CLAIM_PORT).catch(() => undefined);
    if (server !== undefined) return { ...addresses, release: () => void server.close() };
  }
  return `${NETWORKS} local AWSs run on this machine: the tasks of this one are modelled, not run as processes`;
}
