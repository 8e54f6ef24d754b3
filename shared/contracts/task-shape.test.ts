// One task, from an event and from DescribeTasks, becomes the same fact.

import { describe, expect, it } from "vitest";
import { epochMs } from "../base/time.ts";
import { taskFactOf } from "./task-shape.ts";

const at = epochMs(1_800_000_000_000);
const task = (change: object = {}) => ({
  taskArn: "arn:aws:ecs:eu-west-3:123123123123:task/quay/t1",
  clusterArn: "arn:aws:ecs:eu-west-3:123123123123:cluster/quay",
  lastStatus: "RUNNING",
  ...change,
});
const described = (change: object) => taskFactOf(task(change), { at, via: "describe" });

describe("taskFactOf", () => {
  it("takes times as Date or text", () => {
    const startedAt = "2026-10-01T08:00:00.5Z";
    expect(described({ startedAt: new Date(startedAt) }).startedAt).toBe(described({ startedAt }).startedAt);
  });

  it("joins an interface's attachment (either name of its type) with the container's IPv6 address", () => {
    for (const type of ["eni", "ElasticNetworkInterface"]) {
      const fact = described({
        attachments: [
          {
            id: "a1",
            type,
            details: [
              { name: "networkInterfaceId", value: "eni-1" },
              { name: "privateIPv4Address", value: "10.1.1.1" },
            ],
          },
          { id: "a2", type: "AmazonElasticBlockStorage", details: [{ name: "volumeId", value: "vol-1" }] },
        ],
        containers: [
          {
            name: "app",
            networkInterfaces: [
              { attachmentId: "a1", privateIpv4Address: "10.1.1.1", ipv6Address: "fd00::1" },
            ],
          },
        ],
      });
      expect(fact.interfaces).toEqual([{ eniId: "eni-1", ipv4: "10.1.1.1", ipv6: "fd00::1" }]);
    }
  });

  it("spreads port ranges and folds the IPv6 twin of a binding", () => {
    const networkBindings = [
      { bindIP: "0.0.0.0", containerPort: 80, hostPort: 32768, protocol: "tcp" },
      { bindIP: "::", containerPort: 80, hostPort: 32768, protocol: "tcp" },
      { containerPortRange: "90-91", hostPortRange: "40000-40001", protocol: "udp" },
      { containerPortRange: "1-65535", hostPortRange: "1-65535", protocol: "sctp" },
    ];
    const bindings =
      described({ containers: [{ name: "app", networkBindings }] }).containers[0]?.bindings ?? [];
    expect(bindings.slice(0, 3)).toEqual([
      { containerPort: 80, hostPort: 32768, protocol: "tcp" },
      { containerPort: 90, hostPort: 40000, protocol: "udp" },
      { containerPort: 91, hostPort: 40001, protocol: "udp" },
    ]);
    expect(bindings).toHaveLength(3 + 100);
  });

  it("keeps tags when there are some, and an empty answer only when they were asked for", () => {
    expect(described({ tags: [{ key: "team", value: "red" }, { key: "bare" }] }).tags).toEqual({
      team: "red",
      bare: "",
    });
    expect(described({ tags: [] })).not.toHaveProperty("tags");
    expect(taskFactOf(task({ tags: [] }), { at, via: "describe", tags: true }).tags).toEqual({});
  });

  it.each([
    [undefined, "UNKNOWN"],
    ["HEALTHY", "HEALTHY"],
    ["UNHEALTHY", "UNHEALTHY"],
    ["SPLENDID", "UNKNOWN"],
  ])("health %s is %s: never more than what was said", (healthStatus, health) => {
    expect(described({ healthStatus }).health).toBe(health);
  });

  it("ignores cpu and memory, whatever AWS puts there", () => {
    expect(
      described({ cpu: "null", memory: 7, containers: [{ name: "app", cpu: null, memory: "null" }] })
        .containers,
    ).toHaveLength(1);
  });
});
