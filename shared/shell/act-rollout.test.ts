// Acts of rollouts: the operator's word before each of them, what leads back first, one writer for each rule, and
// what came of it.

import { describe, expect, it } from "vitest";
import {
  BLUE,
  DEPLOYMENT_ARN,
  GREEN,
  KEY,
  keyNamed,
  LISTENER,
  RULE,
} from "../../test/support/rollout-builders.ts";
import type { Bench } from "../../test/support/shell-bench.ts";
import { createBench, moved } from "../../test/support/shell-bench.ts";
import { AppError } from "../base/errors.ts";
import { feedKeyOf, parseKey } from "../base/keys.ts";
import { addMs, millis, minutes, seconds } from "../base/time.ts";
import type { Action, Proposal, Settled } from "../contracts/actions.ts";
import type { Command, RolloutVerb } from "../contracts/policy.ts";
import { act } from "./act.ts";
import type { PassPorts } from "./ports.ts";

const WEIGHTS = { [BLUE]: 95, [GREEN]: 5 };
const shift: Action = { type: "set-weights", rule: RULE, weights: WEIGHTS, stickiness: "keep" };
const stop: Action = { type: "stop-deployment", deploymentArn: DEPLOYMENT_ARN, how: "ROLLBACK" };
const notify: Action = { type: "notify", to: "events", event: "step", detail: {} };

function proposed(action: Action, changes: Partial<Proposal> = {}): Proposal {
  const id = `${action.type}-${changes.id ?? 1}`;
  const reason = { code: "test", text: "for the test" };
  return { capability: "rollout", field: id, action, reason, ...changes, id };
}

const command = (verb: RolloutVerb, id: string = verb): Command => ({
  type: "rollout",
  id,
  verb,
  by: "ann",
  at: 1,
});

interface Case {
  readonly accepted: readonly Proposal[];
  readonly known?: readonly Command[];
  readonly ports?: Partial<PassPorts["act"]>;
  readonly hops?: number;
}

function run(
  bench: Bench,
  { accepted, known = [], ports = {}, hops = 0 }: Case,
): Promise<readonly Settled[]> {
  const decision = { key: KEY, accepted, decidedAt: bench.world.now, commands: known, hops };
  return act(decision, { ...bench.ports, act: { ...bench.ports.act, ...ports } });
}

/** `what outcome`, in the order in which they were settled. */
const told = (settled: readonly Settled[]): readonly string[] =>
  settled.map(({ proposal: { action }, outcome }) => {
    const code = outcome.kind === "postponed" || outcome.kind === "failed" ? ` ${outcome.code}` : "";
    return `${action.type} ${outcome.kind}${code}`;
  });

describe("the operator's word", () => {
  it.each(["abort", "pause"] as const)(
    "an %s that came in the meantime stops the way forward",
    async (verb) => {
      const bench = createBench();
      await bench.stores.fleet.putCommand(KEY, command(verb));
      const back = proposed(stop, { rollback: true });
      const settled = await run(bench, { accepted: [proposed(shift), back, proposed(notify)] });
      expect(told(settled).toSorted()).toEqual([
        "notify postponed aborted",
        "set-weights postponed aborted",
        "stop-deployment done",
      ]);
      expect(bench.calls).toEqual(["stop"]);
    },
  );

  it.each(["abort", "pause"] as const)("an %s that the decision knew was decided on", async (verb) => {
    const bench = createBench();
    await bench.stores.fleet.putCommand(KEY, command(verb));
    const known = [command(verb)];
    expect(told(await run(bench, { accepted: [proposed(shift)], known }))).toEqual(["set-weights done"]);
    // Another one of the same verb is another word.
    await bench.stores.fleet.putCommand(KEY, command(verb, "second"));
    expect(told(await run(bench, { accepted: [proposed(shift)], known }))).toEqual([
      "set-weights postponed aborted",
    ]);
  });

  it.each(["promote", "approve", "resume", "analyze"] as const)(
    "a %s in the meantime stops nothing",
    async (verb) => {
      const bench = createBench();
      await bench.stores.fleet.putCommand(KEY, command(verb));
      expect(told(await run(bench, { accepted: [proposed(shift)] }))).toEqual(["set-weights done"]);
    },
  );

  it("is looked up before every single act: an abort after the first stops the second", async () => {
    const bench = createBench();
    bench.world.trip = (call, when) => {
      if (call === "setWeights" && when === "after")
        void bench.stores.fleet.putCommand(KEY, command("abort"));
    };
    const settled = await run(bench, { accepted: [proposed(shift), proposed(shift, { id: "2" })] });
    expect(told(settled)).toEqual(["set-weights done", "set-weights postponed aborted"]);
    expect(bench.count("setWeights")).toBe(1);
  });

  it("an abort concerns the rollout alone", async () => {
    const bench = createBench();
    await bench.stores.fleet.putCommand(KEY, command("abort"));
    const health: Action = {
      type: "set-instance-health",
      registry: "srv-1",
      instanceId: "i",
      health: "HEALTHY",
    };
    const other = proposed(health, { capability: "discovery" });
    expect(told(await run(bench, { accepted: [other] }))).toEqual(["set-instance-health done"]);
  });

  it("a pause of the key stops everything but the way back, the kill switch that, too", async () => {
    const bench = createBench();
    await bench.stores.fleet.putCommand(KEY, { type: "pause", by: "ann", at: 1 });
    const accepted = [proposed(shift, { ordered: true }), proposed(stop, { rollback: true })];
    expect(told(await run(bench, { accepted }))).toEqual([
      "set-weights postponed paused",
      "stop-deployment done",
    ]);
    await bench.stores.fleet.setKillSwitch(true);
    expect(new Set(told(await run(bench, { accepted })))).toEqual(
      new Set(["set-weights postponed kill-switch", "stop-deployment postponed kill-switch"]),
    );
    expect(bench.count("stop")).toBe(1);
  });
});

describe("the order of acts", () => {
  it("what leads back comes first, everything else as it was proposed", async () => {
    const bench = createBench();
    const accepted = [proposed(notify), proposed(shift), proposed(stop, { rollback: true })];
    await run(bench, { accepted });
    expect(bench.calls).toEqual(["stop", "notify", "setWeights"]);
  });

  it("one after another: the second begins when the first has ended", async () => {
    const bench = createBench();
    const log: string[] = [];
    const slow = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
    };
    const ports = {
      traffic: { ...bench.ports.act.traffic, setWeights: slow("weights") },
      deployments: { ...bench.ports.act.deployments, stop: slow("stop") },
    };
    await run(bench, { accepted: [proposed(shift), proposed(stop)], ports });
    expect(log).toEqual(["weights begins", "weights ends", "stop begins", "stop ends"]);
  });

  it("after a throttle nothing more is tried, and everybody slows down", async () => {
    const bench = createBench();
    bench.world.trip = (call) => {
      if (call === "setWeights") throw new AppError("throttled", "Throttling");
    };
    expect(told(await run(bench, { accepted: [proposed(shift), proposed(stop)] }))).toEqual([
      "set-weights failed throttled",
      "stop-deployment postponed throttled",
    ]);
    expect((await bench.stores.fleet.control()).slowUntil).toBeGreaterThan(bench.world.now);
  });

  it("while slow, the way back is among the few that go on", async () => {
    const bench = createBench();
    await bench.stores.state.slowDown(addMs(bench.world.now, seconds(5)));
    const many = Array.from({ length: 7 }, (_, index) => proposed(notify, { id: `n${index}` }));
    const settled = await run(bench, { accepted: [...many, proposed(stop, { rollback: true })] });
    expect(told(settled).slice(0, 5)).toEqual(["stop-deployment done", ...Array(4).fill("notify done")]);
    expect(told(settled).slice(5)).toEqual(Array(3).fill("notify postponed slowed-down"));
  });
});

describe("one writer for each rule", () => {
  const at = (bench: Bench) => ({ now: bench.world.now, forMs: seconds(30) });
  const theirs = { name: RULE, owner: keyNamed("pier") };

  it("waits its turn while another service's rollout writes", async () => {
    const bench = createBench();
    await bench.stores.leases.take(theirs, at(bench));
    const [settled] = await run(bench, { accepted: [proposed(shift)] });
    expect(settled?.outcome).toMatchObject({ kind: "failed", code: "busy", retry: true });
    expect(bench.calls).toEqual([]);
    moved(bench, seconds(30));
    expect(told(await run(bench, { accepted: [proposed(shift)] }))).toEqual(["set-weights done"]);
  });

  it("gives the lease back, also after a failure", async () => {
    const bench = createBench();
    bench.world.trip = (call) => {
      if (call === "setWeights") throw new AppError("conflict", "others' weights");
    };
    expect(told(await run(bench, { accepted: [proposed(shift)] }))).toEqual(["set-weights failed conflict"]);
    expect(await bench.stores.leases.take(theirs, at(bench))).toBe(true);
  });

  it("a lease that cannot be given back does not undo what was written", async () => {
    const bench = createBench();
    const release = () => Promise.reject(new AppError("transient", "no answer"));
    const ports = { leases: { ...bench.ports.act.leases, release } };
    expect(told(await run(bench, { accepted: [proposed(shift)], ports }))).toEqual(["set-weights done"]);
    expect(bench.lines.map(({ message }) => message)).toEqual(["lease not released"]);
  });

  it("header routes are written under the listener's", async () => {
    const bench = createBench();
    await bench.stores.leases.take({ ...theirs, name: LISTENER }, at(bench));
    const route: Action = {
      type: "set-header-route",
      listener: LISTENER,
      rule: RULE,
      header: "x-canary",
      values: ["always"],
      targetGroupArn: GREEN,
      rollout: "r-0",
    };
    const removal: Action = { type: "remove-header-routes", listener: LISTENER, rollout: "r-0" };
    expect(told(await run(bench, { accepted: [proposed(route), proposed(removal)] }))).toEqual([
      "set-header-route failed busy",
      "remove-header-routes failed busy",
    ]);
  });
});

describe("what came of it", () => {
  const outcomeOf = async (bench: Bench, action: Action, hops = 0) =>
    (await run(bench, { accepted: [proposed(action)], hops }))[0]?.outcome;

  it("answers the ARNs of what was made", async () => {
    const order = {
      clusterArn: "c",
      service: "s",
      taskDefinition: "t",
      pauseAt: [],
      pauseTimeoutMs: minutes(1),
    };
    expect(await outcomeOf(createBench(), { type: "start-deployment", order })).toEqual({
      kind: "done",
      answer: { deploymentArn: "deployment-1" },
    });
    const set = {
      clusterArn: "c",
      service: "s",
      modelArn: "m",
      taskDefinition: "t",
      externalId: "e",
      percent: 5,
    };
    expect(await outcomeOf(createBench(), { type: "create-task-set", order: set })).toEqual({
      kind: "done",
      answer: { taskSetArn: "task-set-1" },
    });
  });

  it("answers a webhook's verdict, and no verdict as something to try again", async () => {
    const bench = createBench();
    const asked: Action = { type: "call-webhook", url: "https://x.test", body: {}, timeoutMs: millis(5) };
    expect(await outcomeOf(bench, asked)).toMatchObject({ kind: "failed", code: "no-answer", retry: true });
    const webhooks = { call: async () => ({ verdict: "fail" as const, reason: "red" }) };
    const [settled] = await run(bench, { accepted: [proposed(asked)], ports: { webhooks } });
    expect(settled?.outcome).toEqual({ kind: "done", answer: { verdict: "fail", reason: "red" } });
  });

  it("rings the members with a hop more, and the same on every retry", async () => {
    const bench = createBench();
    const ring: Action = { type: "ring-keys", keys: [keyNamed("pier"), keyNamed("dock")] };
    expect(await outcomeOf(bench, ring, 7)).toEqual({ kind: "done" });
    expect(bench.rung).toMatchObject([
      { key: keyNamed("pier"), hops: 8, facts: [{ kind: "wake", cause: "peer" }] },
      { key: keyNamed("dock"), hops: 8 },
    ]);
    await outcomeOf(bench, ring, 7);
    expect(bench.rung.map(({ id }) => id).slice(2)).toEqual(bench.rung.map(({ id }) => id).slice(0, 2));
    bench.world.unsent = true;
    expect(await outcomeOf(bench, ring)).toEqual({ kind: "unknown" });
  });

  it("tells the feed who wants numbers, and who no longer does", async () => {
    const bench = createBench();
    const feed = feedKeyOf(parseKey(KEY));
    const subscription = {
      key: KEY,
      rollout: "r-0",
      queries: [],
      from: bench.world.now,
      settleMs: seconds(60),
      until: addMs(bench.world.now, minutes(30)),
    };
    await outcomeOf(bench, { type: "subscribe-metrics", subscription });
    await outcomeOf(bench, { type: "unsubscribe-metrics", key: KEY, rollout: "r-0" });
    expect(bench.rung).toMatchObject([
      { key: feed, hops: 0, facts: [{ kind: "subscription", subscription }] },
      { key: feed, hops: 0, facts: [{ kind: "subscription", ends: { key: KEY, rollout: "r-0" } }] },
    ]);
  });
});
