// Ports and addresses that were given back: used again, but never while somebody holds them.

import { expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { createKernel } from "../kernel.ts";
import { AddressPlan } from "./addresses.ts";
import { bindPorts, DYNAMIC_PORTS } from "./host-ports.ts";
import type { InstanceRecord, TaskDefinitionRecord } from "./model.ts";

// Only what port allocation reads of an instance and a definition -- reason: whole records would hide it.
const host = (nextPort: number, ports: readonly number[]): InstanceRecord =>
  ({ nextPort, ports: new Set(ports) }) as unknown as InstanceRecord;
const bridge = { networkMode: "bridge" } as unknown as TaskDefinitionRecord;

it("dynamic ports begin again at the end and step over those in use", () => {
  const instance = host(DYNAMIC_PORTS.last, [
    DYNAMIC_PORTS.last,
    DYNAMIC_PORTS.first,
    DYNAMIC_PORTS.first + 1,
  ]);
  const mappings = [{ containerPort: 80 }, { containerPort: 81 }];
  const bound = bindPorts(instance, bridge, mappings).map(({ hostPort }) => hostPort);
  expect(bound).toEqual([DYNAMIC_PORTS.first + 2, DYNAMIC_PORTS.first + 3]);
});

it("a fixed host port is kept in bridge mode", () => {
  const bound = bindPorts(host(DYNAMIC_PORTS.first, []), bridge, [{ containerPort: 80, hostPort: 8_080 }]);
  expect(bound).toEqual([{ bindIP: "0.0.0.0", containerPort: 80, hostPort: 8_080, protocol: "tcp" }]);
});

it("addresses come back after a rest, and only those that nobody holds", () => {
  const plan = new AddressPlan(createKernel({ seed: 1, startAt: epochMs(0) }), ["us-east-1a"]);
  const kept = plan.createInterface(plan.subnet("subnet-1"), true);
  const seen = new Set<string | undefined>();
  for (let round = 0; round < 1_000; round += 1) {
    const eni = plan.createInterface(plan.subnet("subnet-1"), true);
    expect([eni.ipv4, eni.publicIp]).not.toContain(kept.ipv4);
    expect(eni.publicIp).not.toBe(kept.publicIp);
    seen.add(eni.ipv4);
    plan.release(eni);
    plan.release(eni);
  }
  expect(seen.size).toBeLessThan(300);
  expect(seen.size).toBeGreaterThan(256);
});
