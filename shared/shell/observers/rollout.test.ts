// What is read for a rollout: what was asked for, once in a pass, and no more.

import { describe, expect, it } from "vitest";
import * as built from "../../../test/support/rollout-builders.ts";
import { createBench } from "../../../test/support/shell-bench.ts";
import { AppError } from "../../base/errors.ts";
import type { Key } from "../../base/keys.ts";
import { keyOf } from "../../base/keys.ts";
import type { Json } from "../../contracts/aggregate.ts";
import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { RolloutObservation } from "../../core/rollout/observation.ts";
import type { RolloutState } from "../../core/rollout/state.ts";
import { initialRolloutState } from "../../core/rollout/state.ts";
import type { PassPorts } from "../ports.ts";
import { observeRollout } from "./rollout.ts";

const { KEY, NOW, BLUE, GREEN, RULE, OLD_DEPLOYMENT_ARN, DEPLOYMENT_ARN } = built;

type Reads = Partial<PassPorts["read"]["deployments"]> & Partial<PassPorts["read"]["traffic"]>;

function stand(answers: Reads = {}, mode: "observe" | "approve" | "act" = "act") {
  const bench = createBench(mode);
  const { read } = bench.ports;
  const asked: string[] = [];
  const told =
    <In extends readonly unknown[], Out>(name: string, answer: (...input: In) => Promise<Out>) =>
    (...input: In): Promise<Out> => {
      asked.push([name, ...input.flat()].filter((part) => typeof part === "string").join(" "));
      return answer(...input);
    };
  const deployments = {
    service: told("service", answers.service ?? (async () => built.serviceView())),
    deployment: told("deployment", answers.deployment ?? (async () => built.deploymentView())),
    revisions: told("revisions", answers.revisions ?? (async () => [])),
  };
  const traffic = {
    rule: told("rule", answers.rule ?? (async () => built.ruleView())),
    ruleOf: told("ruleOf", answers.ruleOf ?? (async () => built.ruleView())),
    health: told("health", answers.health ?? (async () => [])),
  };
  const metrics = { read: told("metrics", read.metrics.read) };
  const ports: PassPorts = { ...bench.ports, read: { ...read, deployments, traffic, metrics } };
  return { bench, ports, asked };
}

interface Case {
  readonly asks?: readonly string[];
  readonly seen?: RolloutObservation;
  readonly state?: RolloutState;
  readonly policy?: RolloutPolicy;
  readonly key?: Key;
}

async function observe(
  { bench, ports }: ReturnType<typeof stand>,
  { asks = [], seen, state = initialRolloutState, policy = built.rolloutPolicy(), key = KEY }: Case = {},
): Promise<RolloutObservation> {
  const aggregate = await bench.stores.state.load(key);
  const input = { aggregate, state, policy, facts: [], now: NOW, asks };
  return (await observeRollout(seen === undefined ? input : { ...input, seen }, ports)).observation;
}

describe("what was not asked for", () => {
  it("is not read, and a plain pause of the key is told", async () => {
    const scene = stand();
    expect(await observe(scene)).toEqual({
      facts: [],
      commands: [],
      isPaused: false,
      tasks: {},
      mayAct: true,
    });
    expect(scene.asked).toEqual([]);
    await scene.bench.stores.fleet.putCommand(KEY, { type: "pause", by: "ann", at: 1 });
    expect((await observe(scene)).isPaused).toBe(true);
  });

  it.each([
    ["observe", false],
    ["approve", true],
    ["act", true],
  ] as const)("an installation in mode %s may act: %s", async (mode, mayAct) => {
    expect((await observe(stand({}, mode))).mayAct).toBe(mayAct);
  });
});

describe("an installation that only watches rollouts", () => {
  it("may not act, whatever its mode", async () => {
    const scene = stand();
    const settings = { ...scene.ports.settings, watchesRollouts: true };
    expect((await observe({ ...scene, ports: { ...scene.ports, settings } })).mayAct).toBe(false);
  });
});

describe("an installation that may deploy and not write rules", () => {
  it("may act, and not weigh", async () => {
    const scene = stand();
    const settings = { ...scene.ports.settings, leavesWeights: true };
    const seen = await observe({ ...scene, ports: { ...scene.ports, settings } });
    expect([seen.mayAct, seen.mayWeigh]).toEqual([true, false]);
  });
});

describe("what is read", () => {
  it("the service's own deployment where the service is read, else the newest", async () => {
    const scene = stand();
    const seen = await observe(scene, { asks: ["service", "deployment"] });
    expect(scene.asked).toEqual([`service ${built.CLUSTER_ARN} crane`, `deployment ${OLD_DEPLOYMENT_ARN}`]);
    expect(seen.service).toMatchObject({ ok: true, value: { name: "crane" } });
    expect(seen.deployment).toMatchObject({ ok: true, value: { arn: DEPLOYMENT_ARN } });
    const other = stand();
    await observe(other, { asks: ["deployment"] });
    expect(other.asked).toEqual(["deployment"]);
  });

  it("once in a pass, whatever is asked again", async () => {
    const scene = stand();
    const seen = await observe(scene, { asks: ["service"] });
    const again = await observe(scene, { asks: ["service", "rule"], seen });
    expect(scene.asked).toEqual([`service ${built.CLUSTER_ARN} crane`, `rule ${RULE}`]);
    expect(again.service).toBe(seen.service);
    expect(again.rule).toMatchObject({ ok: true });
  });

  it("the rollout's own deployment, rule and groups, without looking at the service", async () => {
    const scene = stand();
    const state = built.active("stepping", { deploymentArn: DEPLOYMENT_ARN });
    await observe(scene, { asks: ["deployment", "rule", "health"], state });
    expect(scene.asked.toSorted()).toEqual(
      [`deployment ${DEPLOYMENT_ARN}`, `rule ${RULE}`, `health ${BLUE} ${GREEN}`].toSorted(),
    );
  });

  it("reads the service first where only that tells the places", async () => {
    const scene = stand();
    const seen = await observe(scene, { asks: ["rule", "health"] });
    expect(scene.asked).toEqual([
      `service ${built.CLUSTER_ARN} crane`,
      `rule ${RULE}`,
      `health ${BLUE} ${GREEN}`,
    ]);
    expect(seen.service).toMatchObject({ ok: true });
  });

  it("looks for the rule of the group where the service names none", async () => {
    const balancers = [{ targetGroupArn: BLUE, containerName: "web", containerPort: 80 }];
    const scene = stand({ service: async () => built.serviceView({ balancers }) });
    await observe(scene, { asks: ["rule"] });
    expect(scene.asked.at(-1)).toBe(`ruleOf ${BLUE}`);
    const none = stand({ service: async () => built.serviceView({ balancers: [] }) });
    expect((await observe(none, { asks: ["rule"] })).rule).toMatchObject({ ok: false, code: "missing" });
  });

  it("revisions of what is deployed and of what was before", async () => {
    const scene = stand();
    await observe(scene, { asks: ["service", "deployment", "revisions"] });
    expect(scene.asked.at(-1)).toBe(`revisions ${built.revisionArn(8)} ${built.revisionArn(7)}`);
  });
});

describe("what cannot be read", () => {
  const throttled = async () => {
    throw new AppError("throttled", "DescribeServices: slow down");
  };

  it("says why, and the rest stands", async () => {
    const scene = stand({ service: throttled });
    const seen = await observe(scene, { asks: ["service", "deployment"] });
    expect(seen.service).toEqual({ ok: false, code: "throttled", message: "DescribeServices: slow down" });
    expect(seen.deployment).toMatchObject({ ok: true });
  });

  it("takes what stands on it along", async () => {
    const seen = await observe(stand({ service: throttled }), { asks: ["rule", "health"] });
    expect(seen.rule).toMatchObject({ ok: false, code: "throttled" });
    expect(seen.health).toMatchObject({ ok: false, code: "throttled" });
  });

  it("is no service: nothing can be rolled out", async () => {
    const scope = { account: "111122223333", region: "eu-west-3", cluster: "quay" };
    const key = keyOf({ kind: "group", ...scope, name: "family:report" });
    const scene = stand();
    expect((await observe(scene, { asks: ["service"], key })).service).toMatchObject({
      ok: false,
      code: "input",
    });
    expect(scene.asked).toEqual([]);
  });

  it("a bug is no answer of AWS: it ends the pass", async () => {
    const scene = stand({ service: () => Promise.reject(new TypeError("undefined is not a function")) });
    await expect(observe(scene, { asks: ["service"] })).rejects.toThrow(TypeError);
  });
});

describe("peers", () => {
  it("are the group's other members and the dependencies, each once, as the table has them", async () => {
    const [pier, dock] = [built.keyNamed("pier"), built.keyNamed("dock")];
    const scene = stand();
    const store = (key: Key, rollout: unknown) =>
      scene.bench.stores.state.commit(key, 0, {
        version: 1,
        tasks: {},
        capabilities: { rollout: rollout as Json },
        intents: [],
        awaiting: [],
        reasons: {},
        decidedAt: NOW,
        failures: 0,
      });
    await store(pier, built.active("stepping", { id: "r-1", step: 2, weight: 25 }));
    const policy = built.rolloutPolicy({
      group: { name: "harbour", members: [KEY, pier, dock], lockstep: true },
      dependsOn: [pier],
    });
    const { peers } = await observe(scene, { asks: ["peers"], policy });
    expect(peers).toMatchObject({
      ok: true,
      value: [
        { key: pier, rollout: "r-1", step: 2, weight: 25 },
        { key: dock, phase: "idle", weight: 0 },
      ],
    });
    expect(scene.asked).toEqual([]);
  });
});
