// Cloud Map's names over real DNS: asked with Node's own resolver.

import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect } from "node:net";
import packets from "dns-packet";
import { afterEach, describe, expect, it } from "vitest";
import { addMs, epochMs, seconds } from "../../../shared/base/time.ts";
import { createWorld } from "../../world/world.ts";
import type { DnsServer } from "./server.ts";
import { startDnsServer } from "./server.ts";
import { replyTo } from "./zone.ts";

const servers: DnsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function stage() {
  const world = createWorld({ seed: 5, startAt: epochMs(Date.UTC(2026, 10, 22)) });
  const { cloudMap } = world;
  const { id: namespaceId } = cloudMap.addNamespace({ name: "shop.local", type: "DNS_PRIVATE" });
  cloudMap.addNamespace({ name: "http-only", type: "HTTP" });
  const add = (
    name: string,
    RoutingPolicy: "MULTIVALUE" | "WEIGHTED",
    types: readonly ("A" | "AAAA" | "SRV")[],
  ) =>
    cloudMap.addService({
      namespaceId,
      name,
      customHealth: name === "checked",
      dns: { RoutingPolicy, DnsRecords: types.map((Type) => ({ Type, TTL: 15 })) },
    }).id;
  const balancers = new Map([["lb-1.us-east-1.elb.amazonaws.com", "127.64.0.1"]]);
  const server = await startDnsServer({
    reply: (question) =>
      replyTo(question, {
        zones: cloudMap.dnsZones(),
        addressOfName: (name) => balancers.get(name),
        chance: world.kernel.chance.next,
      }),
  });
  servers.push(server);
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  const put = (serviceId: string, count: number, attributes: (index: number) => Record<string, string>) => {
    for (let index = 0; index < count; index += 1)
      cloudMap.putInstance(serviceId, { instanceId: `t${index}`, attributes: attributes(index) });
  };
  return { world, resolver, server, add, put };
}

const ipv4 = (index: number) => ({ AWS_INSTANCE_IPV4: `127.1.0.${index + 1}`, AWS_INSTANCE_PORT: "8080" });

describe("names of Cloud Map", () => {
  it("answers A with the record's TTL, up to eight values", async () => {
    const { resolver, add, put } = await stage();
    put(add("web", "MULTIVALUE", ["A"]), 12, ipv4);
    const records = await resolver.resolve4("web.shop.local", { ttl: true });
    expect(records).toHaveLength(8);
    expect(new Set(records.map(({ address }) => address)).size).toBe(8);
    expect(records.every(({ ttl, address }) => ttl === 15 && address.startsWith("127.1.0."))).toBe(true);
    // Names have no case.
    expect(await resolver.resolve4("WEB.shop.LOCAL")).toHaveLength(8);
  });

  it("answers one of the instances when WEIGHTED, and all in turn", async () => {
    const { resolver, add, put } = await stage();
    put(add("web", "WEIGHTED", ["A"]), 3, ipv4);
    const seen = new Set<string>();
    for (let index = 0; index < 40; index += 1) {
      const found = await resolver.resolve4("web.shop.local");
      expect(found).toHaveLength(1);
      seen.add(found[0] ?? "");
    }
    expect(seen.size).toBe(3);
  });

  it("answers SRV with names that lead to addresses, and AAAA", async () => {
    const { resolver, add, put } = await stage();
    const both = (index: number) => ({ ...ipv4(index), AWS_INSTANCE_IPV6: `2001:db8::${index + 1}` });
    put(add("api", "MULTIVALUE", ["SRV", "AAAA"]), 2, both);
    const records = await resolver.resolveSrv("api.shop.local");
    expect(records).toHaveLength(2);
    expect(records).toContainEqual(
      expect.objectContaining({ priority: 1, weight: 1, port: 8080, name: "t0.api.shop.local" }),
    );
    expect(await resolver.resolve4("t0.api.shop.local")).toEqual(["127.1.0.1"]);
    expect((await resolver.resolve6("api.shop.local")).sort()).toEqual(["2001:db8::1", "2001:db8::2"]);
  });

  it("leaves unhealthy instances out, unless all are", async () => {
    const { world, resolver, add, put } = await stage();
    const id = add("checked", "MULTIVALUE", ["A"]);
    put(id, 2, ipv4);
    const sicken = (InstanceId: string) => {
      world.call("servicediscovery", "UpdateInstanceCustomHealthStatus", {
        ServiceId: id,
        InstanceId,
        Status: "UNHEALTHY",
      });
      world.advanceTo(addMs(world.kernel.now(), seconds(60)));
    };
    sicken("t0");
    expect(await resolver.resolve4("checked.shop.local")).toEqual(["127.1.0.2"]);
    sicken("t1");
    expect(await resolver.resolve4("checked.shop.local")).toHaveLength(2);
  });

  it("follows aliases to load balancers, and knows their own names", async () => {
    const { resolver, add, put } = await stage();
    put(add("front", "WEIGHTED", ["A"]), 1, () => ({
      AWS_ALIAS_DNS_NAME: "lb-1.us-east-1.elb.amazonaws.com",
    }));
    expect(await resolver.resolve4("front.shop.local")).toEqual(["127.64.0.1"]);
    expect(await resolver.resolve4("lb-1.us-east-1.elb.amazonaws.com")).toEqual(["127.64.0.1"]);
  });

  it.each([
    ["A", "nobody.shop.local", "ENOTFOUND"],
    ["A", "empty.shop.local", "ENOTFOUND"],
    ["AAAA", "web.shop.local", "ENODATA"],
    ["A", "shop.local", "ENODATA"],
    ["A", "web.http-only", "EREFUSED"],
    ["A", "example.org", "EREFUSED"],
  ])("has no %s of %s: %s", async (type, name, code) => {
    const { resolver, add, put } = await stage();
    put(add("web", "MULTIVALUE", ["A"]), 1, ipv4);
    add("empty", "MULTIVALUE", ["A"]);
    await expect(resolver.resolve(name, type)).rejects.toMatchObject({ code });
  });

  it("changes with the registry at once", async () => {
    const { world, resolver, add, put } = await stage();
    const id = add("web", "MULTIVALUE", ["A"]);
    put(id, 2, ipv4);
    world.cloudMap.removeInstance(id, "t0");
    expect(await resolver.resolve4("web.shop.local")).toEqual(["127.1.0.2"]);
  });
});

describe("the wire", () => {
  const query = (name: string, type: "A" | "SRV") =>
    packets.streamEncode({
      type: "query",
      id: 7,
      flags: packets.RECURSION_DESIRED,
      questions: [{ type, name }],
    });

  it("tells what does not fit into a datagram to come by TCP, where it is whole", async () => {
    const { resolver, server, add, put } = await stage();
    const long = "a-service-with-a-name-that-fills-the-datagram-soon-enough";
    put(add(long, "MULTIVALUE", ["SRV"]), 8, ipv4);
    expect(await resolver.resolveSrv(`${long}.shop.local`)).toHaveLength(8);
    const socket = connect(server.port, server.address);
    // Two questions in three pieces.
    const twice = Buffer.concat([query(`${long}.shop.local`, "SRV"), query("nobody.shop.local", "A")]);
    for (const piece of [twice.subarray(0, 1), twice.subarray(1, 40), twice.subarray(40)])
      socket.write(piece);
    let bytes = Buffer.alloc(0);
    while (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0) + 2) {
      const [chunk] = (await once(socket, "data")) as [Buffer];
      bytes = Buffer.concat([bytes, chunk]);
    }
    const answer = packets.streamDecode(bytes);
    expect([answer.id, answer.answers?.length, answer.additionals?.length]).toEqual([7, 8, 8]);
    socket.destroy();
  });

  it("survives what is no query", async () => {
    const { server, resolver, add, put } = await stage();
    put(add("web", "MULTIVALUE", ["A"]), 1, ipv4);
    const socket = connect(server.port, server.address);
    socket.write(Buffer.from([0, 3, 1, 2, 3]));
    await once(socket, "close");
    expect(await resolver.resolve4("web.shop.local")).toEqual(["127.1.0.1"]);
  });
});
