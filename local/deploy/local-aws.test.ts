// A local AWS that cannot start leaves nothing behind: no clock, no queues, no processes.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setImmediate as nextRound } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { startLocalAws } from "./local-aws.ts";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Of what would keep this process alive: how many there are. */
const count = (kind: string): number =>
  process.getActiveResourcesInfo().filter((name) => name === kind).length;

const KINDS = ["TCPServerWrap", "UDPWrap", "ProcessWrap", "Timeout"];

/** Runs it, and says of what there is more afterwards. */
async function leftBy(run: () => Promise<void>): Promise<string[]> {
  const before = new Map(KINDS.map((kind) => [kind, count(kind)]));
  await run();
  const left = () => KINDS.filter((kind) => count(kind) > (before.get(kind) ?? 0));
  for (let round = 0; round < 200 && left().length > 0; round += 1) await nextRound();
  return left();
}

const source = { stacks: [] };

describe("a local AWS that cannot start", () => {
  it.each([
    ["its port is taken", async () => ({ source, seed: 1, port: await takenPort() }), "EADDRINUSE"],
    [
      "its port is taken, with processes",
      async () => ({ source, seed: 1, port: await takenPort(), real: {} }),
      "EADDRINUSE",
    ],
    [
      "the DNS port is taken",
      async () => ({ source, seed: 1, real: { dnsPort: await takenPort() } }),
      "EADDRINUSE",
    ],
    [
      "its template is missing",
      async () => ({ source: { cdkOut: "/nowhere" }, seed: 1, real: {} }),
      "cannot be read",
    ],
  ])("stops everything when %s", async (_why, optionsOf, text) => {
    const options = await optionsOf();
    const left = await leftBy(() => expect(startLocalAws(options)).rejects.toThrow(text));
    expect(left).toEqual([]);
  });

  it("ends with everything it started", async () => {
    const left = await leftBy(async () => {
      const aws = await startLocalAws({ source, seed: 1, real: {} });
      const host = aws.world.ecs.registerContainerInstance({});
      expect(host.privateIp.startsWith("127.1")).toBe(true);
      expect(count("UDPWrap")).toBe(1);
      await aws.stop();
    });
    expect(left).toEqual([]);
  });
});
