// Hosts, container instances and single tasks ring the services that they concern.

import { describe, expect, it } from "vitest";
import { fact, hostArn, idOf, NOW } from "../../test/support/discovery-builders.ts";
import type { Bench } from "../../test/support/shell-bench.ts";
import { createBench } from "../../test/support/shell-bench.ts";
import type { KeyParts } from "../base/keys.ts";
import { keyOf } from "../base/keys.ts";
import type { Fact, InstanceFact } from "../contracts/facts.ts";
import { forward } from "./forward.ts";

const scope = { account: "111122223333", region: "eu-west-3" };
const cluster = "quay";
const keys = {
  instance: keyOf({ kind: "instance", cluster, id: "h1", ...scope }),
  host: keyOf({ kind: "host", id: "i-0abc", ...scope }),
  task: keyOf({ kind: "task", cluster, id: idOf(1), ...scope }),
};
const serviceKey = (name: string) => keyOf({ kind: "service", cluster, name, ...scope });

const send = (bench: Bench, kind: keyof typeof keys, ...facts: Fact[]) =>
  forward({ key: keys[kind], facts, hops: 3, cause: "event-1" }, bench.ports);
const says = (status: string, version: number): InstanceFact => ({
  kind: "instance",
  containerInstanceArn: hostArn("h1"),
  version,
  status,
  agentConnected: true,
  at: NOW,
});
const spot = (notice: "interruption" | "rebalance"): Fact => ({
  kind: "spot",
  notice,
  ec2InstanceId: "i-0abc",
  at: NOW,
});
const leavingOf = (bench: Bench) =>
  bench.rung.flatMap(({ key, facts }) =>
    facts.flatMap((one) => (one.kind === "host-leaving" ? [`${key.split("/").at(-1)} ${one.leaving}`] : [])),
  );

/** Two services and a standalone task on the host. */
function busyHost(): Bench {
  const bench = createBench();
  const on = { containerInstanceArn: hostArn("h1"), via: "describe" } as const;
  const tasks = [
    fact(1, on),
    fact(2, on),
    fact(3, { ...on, group: "service:barge" }),
    fact(4, { ...on, group: "family:report" }),
  ];
  for (const task of tasks) bench.tasks.set(task.taskId, task);
  return bench;
}

describe("a container instance", () => {
  it("that drains rings each service on it once, with the tasks as they are now", async () => {
    const bench = busyHost();
    expect(await send(bench, "instance", says("DRAINING", 5))).toBe("forwarded");
    expect(leavingOf(bench).sort()).toEqual(["barge true", "crane true", "group:family:report true"]);
    const crane = bench.rung.find(({ key }) => key === serviceKey("crane"));
    expect(crane).toMatchObject({
      hops: 4,
      facts: [{ taskId: idOf(1) }, { taskId: idOf(2) }, { kind: "host-leaving" }],
    });
    expect([bench.count("listTasks"), bench.count("describeTasks")]).toEqual([1, 1]);
    expect(new Set(bench.rung.map(({ id }) => id)).size).toBe(3);
  });

  it("tells the same ids again when the message is delivered twice: the queue swallows them", async () => {
    const ids = async () => {
      const bench = busyHost();
      await send(bench, "instance", says("DRAINING", 5));
      return bench.rung.map(({ id }) => id);
    };
    expect(await ids()).toEqual(await ids());
  });

  it("ACTIVE noise costs no call and no write", async () => {
    const bench = busyHost();
    expect(await send(bench, "instance", says("ACTIVE", 5))).toBe("unwatched");
    expect(bench.calls).toEqual([]);
  });

  it("rings for a change only: again DRAINING, older news and duplicates are silent, back to ACTIVE is not", async () => {
    const bench = busyHost();
    for (const news of [says("DRAINING", 5), says("DRAINING", 6), says("ACTIVE", 4), says("DRAINING", 5)]) {
      await send(bench, "instance", news);
    }
    expect(leavingOf(bench)).toHaveLength(3);
    await send(bench, "instance", says("ACTIVE", 7));
    expect(leavingOf(bench).filter((one) => one.endsWith("false"))).toHaveLength(3);
  });

  it("takes the newest of several at once", async () => {
    const bench = busyHost();
    expect(await send(bench, "instance", says("DRAINING", 5), says("ACTIVE", 6))).toBe("unwatched");
    expect(bench.rung).toEqual([]);
  });

  it.each(["DEREGISTERING", "INACTIVE"])("%s is leaving, too", async (status) => {
    const bench = busyHost();
    await send(bench, "instance", says(status, 5));
    expect(leavingOf(bench)).toHaveLength(3);
  });

  it("with more than a page of tasks rings for all of them", async () => {
    const bench = createBench();
    for (let number = 1; number <= 230; number += 1) {
      const group = `service:s${number}`;
      bench.tasks.set(idOf(number), fact(number, { containerInstanceArn: hostArn("h1"), group }));
    }
    await send(bench, "instance", says("DRAINING", 5));
    expect([bench.rung.length, bench.count("listTasks")]).toEqual([230, 3]);
  });

  it("fails where a ring was not taken, before it is remembered", async () => {
    const bench = busyHost();
    bench.world.unsent = true;
    await expect(send(bench, "instance", says("DRAINING", 5))).rejects.toMatchObject({ code: "transient" });
    bench.world.unsent = false;
    expect(await send(bench, "instance", says("DRAINING", 5))).toBe("forwarded");
  });
});

describe("an EC2 host", () => {
  it("that is to be interrupted rings its container instance, and that its services", async () => {
    const bench = busyHost();
    expect(await send(bench, "host", spot("rebalance"), spot("interruption"))).toBe("forwarded");
    expect(bench.rung.map(({ key, hops }) => [key, hops])).toEqual([[keys.instance, 4]]);
    const facts = bench.rung[0]?.facts ?? [];
    bench.rung.length = 0;
    await send(bench, "instance", ...facts);
    expect(leavingOf(bench)).toHaveLength(3);
  });

  it("with a raised risk only is left alone", async () => {
    const bench = busyHost();
    expect(await send(bench, "host", spot("rebalance"))).toBe("unwatched");
    expect(bench.calls).toEqual([]);
  });
});

describe("a single task", () => {
  const notice = (eventTypeCode: string): Fact => ({
    kind: "health-notice",
    eventTypeCode,
    category: "c",
    taskIds: [idOf(1)],
    at: NOW,
  });
  it("passes every notice on to the key it belongs to", async () => {
    const bench = busyHost();
    expect(await send(bench, "task", notice("one"), notice("two"))).toBe("forwarded");
    expect(bench.rung).toMatchObject([
      {
        key: serviceKey("crane"),
        facts: [{ kind: "task" }, { eventTypeCode: "one" }, { eventTypeCode: "two" }],
      },
    ]);
  });

  it("that ECS does not know concerns nobody", async () => {
    expect(await send(createBench(), "task", notice("one"))).toBe("unwatched");
  });
});

it.each<KeyParts>([
  { kind: "cluster", name: "quay", ...scope },
  { kind: "daemon", cluster, name: "logs", ...scope },
  { kind: "alarm", name: "a", ...scope },
  { kind: "source", name: "org/repo", ...scope },
])("$kind keys are nobody's yet", async (parts) => {
  const bench = createBench();
  expect(await forward({ key: keyOf(parts), facts: [], hops: 0, cause: "c" }, bench.ports)).toBe("unwatched");
  expect(bench.calls).toEqual([]);
});
